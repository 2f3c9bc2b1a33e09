//! `lifecycle-hook`: CodeDeploy or ECS asks at a point of a deployment whether to go on.
//!
//! The same question gets the same answer, however often it is asked. What is not known for certain
//! is answered with no, so that no traffic moves.

mod codedeploy;
mod ecs;
mod verify;

use std::time::Duration;

use serde_json::Value;
use towpath_core::incoming::{ReadError, hook};

use super::HandlerError;
use crate::ports::{Checker, Clock, CodeDeploy, Ecs, Ledger};

/// Runs the checks of the hook point. CodeDeploy is answered by a call, ECS by what is returned.
///
/// # Errors
/// When the event is no call of a hook; when the result cannot be written down or CodeDeploy cannot
/// be answered: Lambda asks again. ECS gets an answer whatever fails, since it takes a failed
/// function for a no.
pub async fn handle<P>(
    ports: &P,
    event: &Value,
    time_left: impl Fn() -> Duration,
) -> Result<Value, HandlerError>
where
    P: Ledger + CodeDeploy + Ecs + Checker + Clock,
{
    match hook::read(event) {
        Ok(hook::Hook::CodeDeploy {
            deployment,
            execution,
        }) => {
            codedeploy::answer(ports, &deployment, &execution, &time_left).await?;
            Ok(Value::Null)
        }
        Ok(hook::Hook::Ecs(hook)) => Ok(ecs::answer(ports, &hook, &time_left).await),
        Err(ReadError::Ignored(reason) | ReadError::Malformed(reason)) => {
            Err(HandlerError::Malformed(reason))
        }
    }
}
