//! `CodeDeploy Deployment State-change Notification`.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/monitoring-cloudwatch-events.html>

use serde_json::json;

use crate::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Start,
    Ready,
    Success,
    Failure,
    Stop,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Ready => "READY",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Stop => "STOP",
        }
    }
}

pub(super) fn emit(world: &mut World, id: &str, state: State) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let place = held.place.clone();
    let resources = [
        place.arn("codedeploy", &format!("application:{}", held.application)),
        place.arn(
            "codedeploy",
            &format!("deploymentgroup:{}/{}", held.application, held.group),
        ),
    ];
    let detail = json!({
        "instanceGroupId": held.group_id,
        "region": place.region,
        "application": held.application,
        "deploymentId": held.id,
        "state": state.name(),
        "deploymentGroup": held.group,
    });
    world.emit(
        &place,
        "aws.codedeploy",
        "CodeDeploy Deployment State-change Notification",
        &resources,
        detail,
    );
}
