//! The CodeDeploy engine: traffic moves from blue to green.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html>

mod back;
mod balancer;
mod observe;
mod room;
mod start;

pub(super) use back::roll_back;
pub use balancer::only_all_at_once;
pub(super) use observe::observe;
pub(super) use room::look_at_group;
pub(super) use start::{New, start};

use crate::ports::DeploymentProgress;

/// Whether all of the traffic has moved, and only the old tasks are still to be stopped.
fn waits_to_terminate(progress: &DeploymentProgress) -> bool {
    progress.green_traffic == Some(100)
        && progress
            .lifecycle
            .iter()
            .any(|(event, status)| event == "AfterAllowTraffic" && status == "Succeeded")
}
