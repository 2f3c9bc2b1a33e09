//! Letting go of a service: auto scaling first, and a hold where the next push must not undo what
//! was done.

use super::context::RolloutContext;
use super::rollback::not_finished;
use super::{Step, give_up, perform, succeed};
use crate::release::rollout::{Closing, DeploymentStatus, NotStarted, Progress, Scaling};
use crate::release::{Action, Conclusion, Event, External, HoldReason, Outcome, Reason, reason};

pub(super) fn finish(own: RolloutContext<'_>, conclusion: Conclusion) -> Step {
    let RolloutContext {
        release,
        stage,
        live,
        place,
        ..
    } = own;
    if let Some(state) = live.scaling.to_restore() {
        let place = place.clone();
        return perform(release, vec![Action::RestoreScaling { place, state }]);
    }
    let Conclusion {
        outcome,
        mut reason,
    } = conclusion;
    let held = hold(own, outcome, &reason);
    if let Scaling::NotRestored(scaling) = &live.scaling {
        reason = Reason::ScalingNotRestored {
            because: Box::new(reason),
            service: place.service.clone(),
            scaling: scaling.clone(),
        };
    }
    let held = held.map(|reason| Event::Held {
        stage: stage.name.clone(),
        reason,
    });
    let ended = match outcome {
        Outcome::Succeeded => succeed(release, stage, reason, live.revision.clone()),
        Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Superseded
        | Outcome::Stopped
        | Outcome::Refused
        | Outcome::Expired
        | Outcome::NotTrusted => give_up(stage, outcome, reason),
    };
    Step::Record(held.into_iter().chain(ended).collect())
}

/// Why the stage takes no new release after this, if so.
fn hold(own: RolloutContext<'_>, outcome: Outcome, reason: &Reason) -> Option<HoldReason> {
    let live = own.live;
    if live.held.is_some() || crate::planted!(NotHeldAfterRollback) {
        return None;
    }
    if let Some(rollback) = own.release.rollback() {
        let failed = (outcome != Outcome::Succeeded).then(|| reason.clone());
        return Some(rollback.hold_reason(failed));
    }
    let tag = own.release.image().tag.clone();
    if let Progress::Closing(Closing::NotStarted(NotStarted::ExternalRevision(found))) =
        &live.progress
    {
        return Some(HoldReason::StartedElsewhere {
            found: External::Revision {
                revision: found.clone(),
            },
            tag,
            was_deploying: false,
        });
    }
    let deployment = live.deployment()?;
    let refused = deployment.refused.as_ref();
    if let DeploymentStatus::Replaced { by } = &deployment.status {
        return Some(HoldReason::StartedElsewhere {
            found: by.clone(),
            tag,
            was_deploying: true,
        });
    }
    if let (DeploymentStatus::FailedInPlace { reason }, None) = (&deployment.status, refused) {
        let fault = reason.clone();
        return Some(HoldReason::LeftInPlace { tag, fault });
    }
    let wanted = match (live.progress.rollback(), &live.rollback_requested) {
        (Some(back), _) if back.hold || !came_back(&deployment.status) => Some(back.reason.clone()),
        (_, Some((by, reason))) => Some(reason::rolled_back(by, reason.as_deref())),
        (_, None) => None,
    };
    match (wanted, refused, outcome) {
        (Some(because), None, Outcome::RolledBack) => Some(HoldReason::RolledBack { tag, because }),
        (Some(because), _, _) => Some(HoldReason::NotRolledBack { tag, because }),
        (None, Some(refused), _) => Some(HoldReason::Refused {
            tag,
            refused: refused.clone(),
        }),
        (None, None, Outcome::Succeeded) => None,
        (None, None, _) => (!deployment.status.is_over()).then(|| HoldReason::NotRolledBack {
            tag,
            because: not_finished(own, deployment),
        }),
    }
}

/// Whether a rollback that was begun has come to an end that leaves nothing open. A success is one
/// where nobody insisted.
fn came_back(status: &DeploymentStatus) -> bool {
    match status {
        DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded => true,
        DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. } => false,
    }
}
