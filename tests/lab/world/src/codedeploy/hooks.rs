//! Lifecycle hooks: functions that have an hour to report.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html>

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{deployment, deployment::Stage, event::Event, finish, lifecycle};
use crate::{
    World,
    call::{Answer, ApiError, Call, text},
    effect::Effect,
    timers::minutes,
};

const DEADLINE_MINUTES: u64 = 60;

/// Invokes the function of an event; an event without one passes.
pub(super) fn invoke_or_pass(world: &mut World, id: &str, event: Event) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let Some(function) = held.hook(event).map(str::to_owned) else {
        lifecycle::pass(world, id);
        return;
    };
    let place = held.place.clone();
    if let Some(held) = world.codedeploy.deployments.get_mut(id) {
        held.looked.clear();
    }
    // Opaque to functions, and long, as AWS's are.
    let blob = json!({
        "encryptedData": STANDARD.encode(world.ids.hex(64)),
        "ivParameterSpec": world.ids.mixed(16),
        "materialSetSerial": 1,
    });
    let execution = STANDARD.encode(blob.to_string());
    world
        .codedeploy
        .executions
        .insert(execution.clone(), (id.to_owned(), event));
    world.effects.push(Effect::Invoke {
        account: place.account,
        region: place.region,
        function,
        payload: json!({"DeploymentId": id, "LifecycleEventHookExecutionId": execution}),
        token: None,
    });
    lifecycle::set_timer(
        world,
        id,
        lifecycle::Wake::HookDeadline,
        minutes(DEADLINE_MINUTES),
    );
}

/// The function's report. It need not come from the function itself.
pub(super) fn put_status(world: &mut World, call: &Call) -> Answer {
    let id = deployment::find(world, call)?.id.clone();
    let succeeded = match call.str("status") {
        Some("Succeeded") => true,
        Some("Failed") => false,
        Some(_) | None => {
            return Err(ApiError::new(
                "InvalidLifecycleEventHookExecutionStatusException",
                "The status of a lifecycle event hook execution must be Succeeded or Failed",
            ));
        }
    };
    let execution = call
        .str("lifecycleEventHookExecutionId")
        .unwrap_or_default();
    let known = world
        .codedeploy
        .executions
        .get(execution)
        .filter(|(of, _)| *of == id);
    let Some((_, event)) = known else {
        return Err(ApiError::new(
            "InvalidLifecycleEventHookExecutionIdException",
            "The lifecycle event hook execution ID is not valid",
        ));
    };
    let event = *event;
    let stage = world.codedeploy.deployments.get(&id).map(|held| held.stage);
    if stage != Some(Stage::At(event)) {
        return Err(ApiError::new(
            "LifecycleEventAlreadyCompletedException",
            format!(
                "The lifecycle event {} of deployment {id} has already completed",
                event.name()
            ),
        ));
    }
    if succeeded {
        lifecycle::event_done(world, &id);
    } else {
        finish::fail(
            world,
            &id,
            "HOOK_EXECUTION_FAILURE",
            "The deployment failed because one or more of the lifecycle event validation functions failed.",
        );
    }
    Ok(json!({"lifecycleEventHookExecutionId": execution}))
}

/// The function of a hook could not be invoked at all.
pub(crate) fn invocation_refused(world: &mut World, function: &str, payload: &Value) {
    let execution = text(payload, "LifecycleEventHookExecutionId").unwrap_or_default();
    let Some((id, event)) = world.codedeploy.executions.get(execution).cloned() else {
        return;
    };
    let stage = world.codedeploy.deployments.get(&id).map(|held| held.stage);
    if stage == Some(Stage::At(event)) {
        let message = format!(
            "The deployment failed because the Lambda function {function} specified in the AppSpec file does not exist or cannot be invoked."
        );
        finish::fail(world, &id, "INVALID_LAMBDA_FUNCTION", &message);
    }
}

/// Nobody reported within the hour.
pub(super) fn deadline(world: &mut World, id: &str) {
    finish::fail(
        world,
        id,
        "HOOK_EXECUTION_FAILURE",
        "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback within one hour after a deployment hook is invoked.",
    );
}
