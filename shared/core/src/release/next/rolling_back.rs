//! Rolling back: Towpath brings back what ran before, or AWS does so by itself.
//!
//! | and | then |
//! |---|---|
//! | it still serves, and AWS refuses to roll it back, or that takes too long | close, as failed |
//! | it serves, and it was rolled back for lack of time | close, as succeeded, once its bake time is over |
//! | AWS refuses to show it or to roll it back, or that takes too long | close, as failed |
//! | the rollback has come to nothing: it was over before it could be stopped | roll back once more |
//! | it asks | run checks that take their time; answer no |
//! | something was reported, or it is time | look at it |
//! | | wait |

use super::closing::succeeded;
use super::context::{MAX_POLL_INTERVAL, RolloutContext};
use super::follow::follow;
use super::rollback::{is_begun_too_often, roll_back, still_serves};
use super::{Step, baking, calls, finish, later};
use crate::release::rollout::{Deployment, DeploymentStatus, OngoingRollback};
use crate::release::{Conclusion, Outcome, Reason, Unfinished};

pub(super) fn next(own: RolloutContext<'_>, deployment: &Deployment) -> Step {
    if let Some(conclusion) = ends(own, deployment) {
        return finish::finish(own, conclusion);
    }
    let rollback = own.live.progress.rollback();
    if let Some(rollback) = rollback.filter(|it| came_to_nothing(own, deployment, it)) {
        return roll_back(own, deployment, rollback.clone());
    }
    calls::next_call(own, deployment).unwrap_or_else(|| follow(own, deployment, None))
}

fn ends(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Conclusion> {
    match own.live.progress.rollback() {
        // Whoever wants it rolled back gets that, however far it has come.
        Some(rollback) if deployment.serves() => {
            if rollback.even_if_succeeded() || own.live.rollback_requested.is_some() {
                still_serves(own, deployment)
            } else {
                baking::is_over(own, deployment).then(|| succeeded(own.release))
            }
        }
        Some(_) | None => gives_up(own, deployment),
    }
}

/// How a rollout ends that is not followed any further: AWS refuses it, or it comes to no end.
pub(super) fn gives_up(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Conclusion> {
    if let Some(refused) = &deployment.refused {
        return Some(Conclusion::new(Outcome::Failed, refused.clone()));
    }
    let given_up = own.live.given_up_at(own.stage);
    // It is looked at once more before it is given up; if that is not possible, it is given up all
    // the same, a little later.
    let looked =
        deployment.observed_at >= given_up || own.now >= later(given_up, MAX_POLL_INTERVAL);
    (own.now >= given_up && looked).then(|| {
        Conclusion::new(
            Outcome::Failed,
            Reason::Unfinished {
                deployment: deployment.id.clone(),
                at: at_what(&deployment.status),
                until: given_up,
                rolling_back: own.live.progress.rollback().map(|it| it.reason.clone()),
            },
        )
    })
}

/// What a deployment is at that does not come to an end.
fn at_what(status: &DeploymentStatus) -> Unfinished {
    match status {
        DeploymentStatus::RollingBack { .. } => Unfinished::RollingBack,
        DeploymentStatus::Halted { .. } | DeploymentStatus::FailedInPlace { .. } => {
            Unfinished::NotRolledBack
        }
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => Unfinished::UnderWay {
            status: status.clone(),
        },
    }
}

/// Whether the rollback that was begun has led nowhere: the deployment was over before it could be
/// stopped, and it has been looked at since.
fn came_to_nothing(
    own: RolloutContext<'_>,
    deployment: &Deployment,
    rollback: &OngoingRollback,
) -> bool {
    let stands = match &deployment.status {
        DeploymentStatus::Succeeded => rollback.even_if_succeeded(),
        DeploymentStatus::FailedInPlace { .. } => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    };
    let looked = deployment.observed_at > rollback.at;
    stands && looked && deployment.rollback.is_none() && !is_begun_too_often(own)
}
