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
use towpath_core::names::StageName;
use towpath_core::release::Release;
use tracing::Instrument as _;
use tracing::field::Empty;

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
    // Whatever is logged on the way says of which release it is, once that is known. Each answer is a
    // type of its own in a box: within one another they are deeper than the compiler looks.
    let span = tracing::info_span!("hook", release.id = Empty, stage.name = Empty);
    match hook::read(event) {
        Ok(hook::Hook::CodeDeploy {
            deployment,
            execution,
        }) => {
            let answer = codedeploy::answer(ports, &deployment, &execution, &time_left);
            Box::pin(answer).instrument(span).await?;
            Ok(Value::Null)
        }
        Ok(hook::Hook::Ecs(hook)) => {
            let answer = ecs::answer(ports, &hook, &time_left);
            Ok(Box::pin(answer).instrument(span).await)
        }
        Err(ReadError::Ignored(reason) | ReadError::Malformed(reason)) => {
            Err(HandlerError::Malformed(reason))
        }
    }
}

/// Has whatever is logged from here on say that it is about that release.
fn is_about(release: &Release) {
    tracing::Span::current().record("release.id", release.id().as_str());
}

/// Has whatever is logged from here on say at which stage that release stands.
fn is_at(stage: &StageName) {
    tracing::Span::current().record("stage.name", stage.as_str());
}
