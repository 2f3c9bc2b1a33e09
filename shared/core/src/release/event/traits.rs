//! What holds of an event of each kind, said once: who may write it, who brings it, who is notified of
//! it, and whether it gets a line of the ledger.

use crate::pipeline::Detail;
use crate::release::{DeploymentStatus, Event, Outcome, Writer};

/// What holds of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTraits {
    /// The kinds of writers that may write it.
    pub writers: &'static [Writer],
    /// Whether it is a fact that somebody outside has brought, rather than something that the
    /// deployer did, read or decided.
    pub from_outside: bool,
    /// Whether people are notified of it in a channel that is told every step.
    step: bool,
    /// Whether they are in one that is told headlines alone.
    headline: bool,
    /// Whether it ever gets a line of the ledger.
    pub written: bool,
}

/// What `advance` does, reads and decides, of which nobody is notified.
const ADVANCE: EventTraits = EventTraits {
    writers: &[Writer::Advance],
    from_outside: false,
    step: false,
    headline: false,
    written: true,
};

impl EventTraits {
    const fn brought_by(writers: &'static [Writer]) -> Self {
        Self {
            writers,
            from_outside: true,
            ..ADVANCE
        }
    }

    /// People who are told every step are notified of it, if it is so.
    const fn step(self, step: bool) -> Self {
        Self { step, ..self }
    }

    /// So are those who are told headlines, if it is so.
    const fn headline(self, headline: bool) -> Self {
        Self { headline, ..self }
    }
}

impl Event {
    /// What holds of it.
    #[must_use]
    pub const fn traits(&self) -> EventTraits {
        match self {
            Self::Opened { rollback: None, .. } => EventTraits {
                writers: &[Writer::ImagePush, Writer::Sweeper, Writer::Operator],
                ..ADVANCE
            },
            Self::Opened {
                rollback: Some(_), ..
            } => EventTraits {
                writers: &[Writer::Approval, Writer::Operator],
                ..ADVANCE
            }
            .step(true),
            Self::DeploymentReported { .. } => EventTraits::brought_by(&[Writer::DeploymentEvent]),
            Self::Voted { .. } => EventTraits::brought_by(&[Writer::Approval]).step(true),
            Self::ReplyRefused { .. } => EventTraits::brought_by(&[Writer::Approval])
                .step(true)
                .headline(true),
            Self::RollbackRequested { .. } => {
                EventTraits::brought_by(&[Writer::Approval, Writer::Operator]).step(true)
            }
            Self::Vetoed { .. } => EventTraits::brought_by(&[Writer::Operator]).step(true),
            // `advance` brings to a release what another one has done to it.
            Self::Superseded { .. } | Self::Replaced { .. } | Self::BroughtBack { .. } => {
                EventTraits::brought_by(&[Writer::Advance])
            }
            // It only says when.
            Self::Watched { .. } => EventTraits {
                written: false,
                ..ADVANCE
            },
            Self::ApprovalRequested { .. } | Self::ApprovalVoided { .. } | Self::Held { .. } => {
                ADVANCE.step(true).headline(true)
            }
            // Of a success the end of its last rollout tells.
            Self::Ended { outcome, .. } => ADVANCE
                .step(!matches!(outcome, Outcome::Succeeded))
                .headline(true),
            // The end of a release does not tell what a success has left for people to do.
            Self::RolloutEnded {
                outcome, reason, ..
            } => {
                let succeeded = matches!(outcome, Outcome::Succeeded);
                ADVANCE
                    .step(succeeded)
                    .headline(succeeded && reason.leaves_something_to_do())
            }
            Self::Checked { results, .. } => ADVANCE.step(!results.is_empty()),
            Self::DeploymentObserved { status, .. } => ADVANCE.step(is_step(status)),
            Self::Blocked { .. }
            | Self::RolloutStarted { .. }
            | Self::TaskStarted { .. }
            | Self::ScalingLeft { .. }
            | Self::BaselineChanged { .. }
            | Self::GroupTaken { .. }
            | Self::TrafficAllowed { .. }
            | Self::RollbackStarted { .. }
            | Self::ActionRefused { .. } => ADVANCE.step(true),
            Self::HookCalled { .. }
            | Self::HookAnswered { .. }
            | Self::Overtook { .. }
            | Self::NextNotified { .. }
            | Self::Planned { .. }
            | Self::Intended { .. }
            | Self::OutcomeUnknown { .. }
            | Self::NotPerformed { .. }
            | Self::NotSeen { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ScalingRestored { .. }
            | Self::DeploymentStarted { .. }
            | Self::RunsAlready { .. }
            | Self::GroupFreed { .. }
            | Self::PredecessorNotified { .. }
            | Self::NotificationIntended { .. }
            | Self::CardShown { .. }
            | Self::Notified { .. } => ADVANCE,
        }
    }

    /// Whether people of a channel that is told so much are notified of it. What was said in the same
    /// words before is not said again.
    #[must_use]
    pub const fn is_notified(&self, detail: Detail) -> bool {
        let EventTraits { step, headline, .. } = self.traits();
        match detail {
            Detail::EveryStep => step,
            Detail::Headlines => headline,
        }
    }
}

impl Writer {
    /// Whether writers of this kind may write that event.
    #[must_use]
    pub fn may_write(self, event: &Event) -> bool {
        event.traits().writers.contains(&self)
    }
}

/// Whether it is a step that a deployment is seen to stand so: that AWS rolls it back, or may.
const fn is_step(status: &DeploymentStatus) -> bool {
    match status {
        DeploymentStatus::RollingBack { .. } | DeploymentStatus::Halted { .. } => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    }
}
