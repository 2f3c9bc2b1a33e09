//! Deploying: AWS carries the deployment out, and not all of the traffic is on green.
//!
//! | and | then |
//! |---|---|
//! | AWS does not let Towpath look at it or roll it back, or it was left as it is for too long | close, as failed |
//! | somebody wants it rolled back | roll back, and hold the stage |
//! | people rejected its traffic or did not decide in time, its image was vetoed before Towpath has let traffic through, AWS refused to let traffic through | roll back |
//! | it failed and was left in place, its time is up, or it stands at a hook of which nothing is heard | roll back |
//! | it asks, and checks take their time | run them, then answer |
//! | it asks, and still stands there when its hook function should have answered | answer |
//! | green waits for its traffic | ask for approval, if the stage does; else let it through |
//! | something was reported, or it is time | look at it |
//! | | wait |

use super::closing::known_cause;
use super::context::RolloutContext;
use super::follow::follow;
use super::rollback::{
    failed_while_baking, is_begun_too_often, is_stuck, not_finished, ongoing, requested, roll_back,
    unanswered,
};
use super::{Step, calls, finish, nobody_decided, rejection, rolling_back, traffic, veto};
use crate::pipeline::ApprovalPoint;
use crate::release::rollout::{Deployment, DeploymentStatus, OngoingRollback, Traffic};
use crate::release::vote::Standing;
use crate::release::{ActionKind, Event, Outcome, RollbackReason};

pub(super) fn next(own: RolloutContext<'_>, deployment: &Deployment) -> Step {
    if !is_untold(own, deployment)
        && let Some(conclusion) = rolling_back::gives_up(own, deployment)
    {
        return finish::finish(own, conclusion);
    }
    if let Some(rollback) = wanted(own, deployment) {
        return roll_back(own, deployment, rollback);
    }
    if let Some(step) = calls::next_call(own, deployment) {
        return step;
    }
    if let DeploymentStatus::Ready { pause } = &deployment.status {
        return traffic::next_ready(own, deployment, pause.as_ref());
    }
    follow(own, deployment, None)
}

/// Whether nobody has told it to go back although its time is up: it was started late, or nobody has
/// looked at it for long. It is under way, and is not left to whoever comes next.
fn is_untold(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    let told = deployment.refused.is_some()
        || own.live.progress.rollback().is_some()
        || own.live.rollback_intended_at.is_some();
    is_stuck(own, deployment) && !told
}

/// Why the rollout is to be rolled back, if it is.
fn wanted(own: RolloutContext<'_>, deployment: &Deployment) -> Option<OngoingRollback> {
    match &deployment.status {
        // AWS may roll it back by itself: the next look tells.
        DeploymentStatus::Halted { .. } => None,
        DeploymentStatus::FailedInPlace { reason: fault } => requested(own)
            .or_else(|| failed_while_baking(own))
            .or_else(|| {
                let fault = fault.clone();
                let reason = known_cause(own.live).unwrap_or(RollbackReason::LeftInPlace { fault });
                (!is_begun_too_often(own)).then(|| ongoing(own, Outcome::RolledBack, false, reason))
            }),
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => requested(own)
            .or_else(|| not_let_through(own, deployment))
            .or_else(|| {
                let (at, within) = calls::silent(own, deployment)?;
                let hook = unanswered(own, at)?;
                let reason = RollbackReason::HookSilent { hook, within };
                (!is_begun_too_often(own)).then(|| ongoing(own, Outcome::RolledBack, false, reason))
            })
            .or_else(|| {
                let late = is_stuck(own, deployment) && !is_begun_too_often(own);
                late.then(|| {
                    let reason = not_finished(own, deployment);
                    ongoing(own, Outcome::RolledBack, false, reason)
                })
            }),
    }
}

/// How and why production traffic is not let through to green, if that is so.
fn not_let_through(own: RolloutContext<'_>, deployment: &Deployment) -> Option<OngoingRollback> {
    let RolloutContext {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    let rollback = |outcome, reason| Some(ongoing(own, outcome, false, reason));
    match &deployment.traffic {
        Traffic::Refused(why) => {
            let why = why.clone();
            return rollback(Outcome::Failed, RollbackReason::NotLetThrough { why });
        }
        Traffic::LetThrough | Traffic::Held => {}
    }
    if release.intends(ActionKind::Continue) {
        return None;
    }
    let is_held = deployment.traffic == Traffic::Held;
    let gate = stage.approval.as_ref();
    let is_gated = gate.is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic);
    // Whose traffic AWS moves by itself is finished, vetoed or not: it may be on green already.
    if (is_held && is_gated || waits_for_us(own, deployment))
        && !crate::planted!(VetoAfterStartIgnored)
        && let Some(reason) = veto(release)
    {
        return rollback(Outcome::Refused, reason);
    }
    if !is_held {
        return None;
    }
    let asked = live.asked.as_ref()?;
    match asked.standing() {
        Standing::Rejected(vote) => rollback(Outcome::Refused, rejection(vote)),
        Standing::Open if now >= asked.expires_at => {
            rollback(Outcome::Expired, nobody_decided(&stage.name, asked))
        }
        Standing::Open | Standing::Granted => None,
    }
}

/// Whether the deployment waits until Towpath lets its traffic through, and has not been let through
/// there: each of its pauses is one more at which nothing has moved yet.
fn waits_for_us(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    let DeploymentStatus::Ready { pause: waits_at } = &deployment.status else {
        return false;
    };
    let was_let_through = |event: &Event| {
        matches!(event, Event::TrafficAllowed { deployment: of, pause }
            if *of == deployment.id && pause == waits_at)
    };
    own.release.count_here(was_let_through) == 0
}
