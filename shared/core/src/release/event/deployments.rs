//! Which deployments and tasks an event names.

use super::Event;
use crate::names::DeploymentId;
use crate::release::DeploymentStatus;

/// What an event says for the first time of deployments and tasks.
#[derive(Default)]
struct Named<'a> {
    /// What was started for the release, so that it is no other one's.
    started: Option<&'a DeploymentId>,
    /// What rolls it back. That may be there before it: ECS goes back to the last deployment that
    /// completed.
    rollback: Option<&'a DeploymentId>,
    /// Another id under which AWS reports about either.
    alias: Option<&'a DeploymentId>,
}

impl Event {
    /// The deployments that the event names for the first time, so that what AWS reports about
    /// them is known to be about this release.
    pub fn new_deployments(&self) -> impl Iterator<Item = &DeploymentId> {
        let named = self.named();
        [named.started, named.rollback, named.alias]
            .into_iter()
            .flatten()
    }

    /// Whether the event says that this deployment or task was started for the release, so that it
    /// is no other one's.
    #[must_use]
    pub fn starts(&self, id: &DeploymentId) -> bool {
        self.named().started == Some(id)
    }

    fn named(&self) -> Named<'_> {
        match self {
            Self::DeploymentStarted {
                deployment, alias, ..
            } => Named {
                started: Some(deployment),
                alias: alias.as_ref(),
                ..Named::default()
            },
            Self::TaskStarted { task, .. } => Named {
                started: Some(task),
                ..Named::default()
            },
            Self::RollbackStarted {
                deployment, alias, ..
            } => Named {
                rollback: deployment.as_ref(),
                alias: alias.as_ref(),
                ..Named::default()
            },
            Self::DeploymentObserved {
                status: DeploymentStatus::RollingBack { by, .. },
                ..
            } => Named {
                rollback: by.as_ref(),
                ..Named::default()
            },
            Self::DeploymentObserved { .. }
            | Self::Opened { .. }
            | Self::DeploymentReported { .. }
            | Self::Voted { .. }
            | Self::ReplyRefused { .. }
            | Self::Checked { .. }
            | Self::Superseded { .. }
            | Self::Overtook { .. }
            | Self::PredecessorNotified { .. }
            | Self::Replaced { .. }
            | Self::BroughtBack { .. }
            | Self::NextNotified { .. }
            | Self::Planned { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalVoided { .. }
            | Self::Blocked { .. }
            | Self::RolloutStarted { .. }
            | Self::Intended { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NotPerformed { .. }
            | Self::NotSeen { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ScalingLeft { .. }
            | Self::ActionRefused { .. }
            | Self::ScalingRestored { .. }
            | Self::RolloutEnded { .. }
            | Self::Ended { .. }
            | Self::NotificationIntended { .. }
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
            | Self::Held { .. } => Named::default(),
        }
    }
}
