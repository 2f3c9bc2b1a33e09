//! `ECS Hook State Change`.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html>

use serde_json::json;

use super::hooks::{HookRun, HookStatus};
use crate::{
    World,
    call::Place,
    effect::{iso, iso_millis},
};

pub(super) fn changed(world: &mut World, deployment: &str, run: &HookRun) {
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return;
    };
    let Some(place) = Place::of_arn(&held.service) else {
        return;
    };
    let (kind, name) = match run.status {
        HookStatus::AwaitingAction => ("INFO", "HOOK_AWAITING_ACTION"),
        HookStatus::InProgress => ("INFO", "HOOK_IN_PROGRESS"),
        HookStatus::Succeeded => ("INFO", "HOOK_SUCCEEDED"),
        HookStatus::Failed => ("ERROR", "HOOK_FAILED"),
        HookStatus::TimedOut => ("ERROR", "HOOK_TIMED_OUT"),
    };
    let detail = json!({
        "eventType": kind,
        "eventName": name,
        "hookId": run.id,
        "hookType": run.kind.name(),
        "expiresAt": iso(run.expires_at),
        "lifecycleStage": run.stage.name(),
        "clusterArn": held.cluster,
        "serviceArn": held.service,
        "serviceDeploymentArn": held.arn,
        "updatedAt": iso_millis(world.now),
    });
    world.emit(
        &place,
        "aws.ecs",
        "ECS Hook State Change",
        &[deployment.to_owned()],
        detail,
    );
}
