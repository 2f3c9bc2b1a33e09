//! Which deployments and tasks an event names.

use super::Event;
use crate::names::DeploymentId;
use crate::release::DeploymentStatus;

impl Event {
    /// The deployments that the event names for the first time, so that what AWS reports about
    /// them is known to be about this release.
    pub fn new_deployments(&self) -> impl Iterator<Item = &DeploymentId> {
        let (named, also) = match self {
            Self::DeploymentStarted {
                deployment, also, ..
            } => (Some(deployment), also.as_ref()),
            Self::RollbackStarted {
                deployment, also, ..
            } => (deployment.as_ref(), also.as_ref()),
            Self::TaskStarted { task, .. } => (Some(task), None),
            Self::DeploymentObserved {
                status: DeploymentStatus::RollingBack { by, .. },
                ..
            } => (by.as_ref(), None),
            Self::DeploymentObserved { .. }
            | Self::Opened { .. }
            | Self::DeploymentReported { .. }
            | Self::Voted { .. }
            | Self::ReplyRefused { .. }
            | Self::Checked { .. }
            | Self::Superseded { .. }
            | Self::Overtook { .. }
            | Self::ToldEarlier { .. }
            | Self::Replaced { .. }
            | Self::BroughtBack { .. }
            | Self::Woke { .. }
            | Self::Planned { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalVoided { .. }
            | Self::Blocked { .. }
            | Self::RolloutStarted { .. }
            | Self::Intended { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ScalingLeft { .. }
            | Self::ActionRefused { .. }
            | Self::ScalingRestored { .. }
            | Self::RolloutEnded { .. }
            | Self::Ended { .. }
            | Self::CardShown { .. }
            | Self::Notified { .. }
            | Self::RollbackRequested { .. }
            | Self::Vetoed { .. }
            | Self::HookCalled { .. }
            | Self::HookAnswered { .. }
            | Self::Watched { .. }
            | Self::BaselineChanged { .. }
            | Self::RunsAlready { .. }
            | Self::GroupTaken { .. }
            | Self::GroupFreed { .. }
            | Self::TrafficAllowed { .. }
            | Self::Held { .. } => (None, None),
        };
        named.into_iter().chain(also)
    }

    /// Whether the event says that this deployment or task was started for the release, so that it
    /// is no other one's. What takes a rollout back may be there before it: ECS goes back to the last
    /// deployment that completed.
    #[must_use]
    pub fn starts(&self, id: &DeploymentId) -> bool {
        match self {
            Self::DeploymentStarted { deployment, .. } => deployment == id,
            Self::TaskStarted { task, .. } => task == id,
            Self::RollbackStarted { .. }
            | Self::DeploymentObserved { .. }
            | Self::Opened { .. }
            | Self::DeploymentReported { .. }
            | Self::Voted { .. }
            | Self::ReplyRefused { .. }
            | Self::Checked { .. }
            | Self::Superseded { .. }
            | Self::Overtook { .. }
            | Self::ToldEarlier { .. }
            | Self::Replaced { .. }
            | Self::BroughtBack { .. }
            | Self::Woke { .. }
            | Self::Planned { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalVoided { .. }
            | Self::Blocked { .. }
            | Self::RolloutStarted { .. }
            | Self::Intended { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ScalingLeft { .. }
            | Self::ActionRefused { .. }
            | Self::ScalingRestored { .. }
            | Self::RolloutEnded { .. }
            | Self::Ended { .. }
            | Self::CardShown { .. }
            | Self::Notified { .. }
            | Self::RollbackRequested { .. }
            | Self::Vetoed { .. }
            | Self::HookCalled { .. }
            | Self::HookAnswered { .. }
            | Self::Watched { .. }
            | Self::BaselineChanged { .. }
            | Self::RunsAlready { .. }
            | Self::GroupTaken { .. }
            | Self::GroupFreed { .. }
            | Self::TrafficAllowed { .. }
            | Self::Held { .. } => false,
        }
    }
}
