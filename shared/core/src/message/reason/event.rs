//! The reasons that events give.

use crate::release::Event;

/// The reason that an event gives, in a sentence.
#[must_use]
pub fn reason_of(event: &Event) -> Option<String> {
    match event {
        Event::RollbackStarted { reason, .. } => Some(reason.to_string()),
        Event::RolloutEnded { reason, .. } => Some(reason.to_string()),
        Event::Ended { reason, .. } => Some(reason.to_string()),
        Event::Held { reason, .. } => Some(reason.to_string()),
        Event::ApprovalVoided { reason, .. } => Some(reason.to_string()),
        Event::ReplyRefused { reason, .. } => Some(reason.to_string()),
        Event::Vetoed { reason, .. } => Some(reason.clone()),
        Event::ActionRefused { why, .. } => Some(why.to_string()),
        Event::Voted { reason, .. } | Event::RollbackRequested { reason, .. } => reason.clone(),
        Event::Blocked { by, .. } => by.hold().map(ToString::to_string),
        Event::Opened { rollback, .. } => rollback.as_ref().and_then(|it| it.reason.clone()),
        Event::DeploymentReported { .. }
        | Event::HookCalled { .. }
        | Event::HookAnswered { .. }
        | Event::TaskStarted { .. }
        | Event::Watched { .. }
        | Event::Checked { .. }
        | Event::Superseded { .. }
        | Event::Overtook { .. }
        | Event::NextNotified { .. }
        | Event::Planned { .. }
        | Event::ApprovalRequested { .. }
        | Event::RolloutStarted { .. }
        | Event::Intended { .. }
        | Event::OutcomeUnknown { .. }
        | Event::NotPerformed { .. }
        | Event::NotSeen { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
        | Event::ScalingLeft { .. }
        | Event::DeploymentStarted { .. }
        | Event::RunsAlready { .. }
        | Event::DeploymentObserved { .. }
        | Event::BaselineChanged { .. }
        | Event::GroupTaken { .. }
        | Event::GroupFreed { .. }
        | Event::TrafficAllowed { .. }
        | Event::ScalingRestored { .. }
        | Event::Replaced { .. }
        | Event::BroughtBack { .. }
        | Event::PredecessorNotified { .. }
        | Event::NotificationIntended { .. }
        | Event::CardShown { .. }
        | Event::Notified { .. } => None,
    }
}
