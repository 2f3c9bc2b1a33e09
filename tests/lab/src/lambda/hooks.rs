//! Functions that CodeDeploy and ECS invoke while they deploy.

use std::sync::Arc;

use serde_json::Value;

use super::{async_queue, host};
use crate::lab::Lab;
use crate::world;

/// Invokes a hook function of the account that deploys; one of another account is as good as none.
/// With a token somebody waits for its answer; without one the invocation is asynchronous.
pub(crate) fn invoke(
    lab: &Arc<Lab>,
    account: &str,
    region: &str,
    name: &str,
    payload: Value,
    token: Option<u64>,
) {
    let function = lab
        .lambda
        .find(account, region, name)
        .filter(|function| function.config.account == account);
    let request_id = lab.ids.uuid();
    let payload = payload.to_string();
    let Some(token) = token else {
        match function {
            Some(function) => async_queue::accept(lab, &function, payload.into(), request_id),
            // As on AWS, where the hook then runs into its deadline.
            None => tracing::warn!(
                function = name,
                account,
                "a hook names a function that does not exist"
            ),
        }
        return;
    };
    let busy = lab.activity.begin(format!("hook {name}"));
    let name = name.to_owned();
    let lab = Arc::clone(lab);
    tokio::spawn(async move {
        let answer = match function {
            None => Err(format!("Function not found: {name}")),
            Some(function) => {
                match host::invoke(&lab, &function, payload.into(), &request_id).await {
                    Err(throttled) => Err(throttled.to_string()),
                    Ok(answer) if answer.function_error.is_some() => Err(answer.json().to_string()),
                    Ok(answer) => Ok(answer.json()),
                }
            }
        };
        world::with(&lab, |world, now| {
            world.function_answered(token, answer, now)
        });
        drop(busy);
    });
}
