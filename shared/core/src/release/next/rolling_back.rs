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

use jiff::{SignedDuration, Timestamp};

use super::changes::correlation_tag;
use super::closing::{known_cause, succeeded};
use super::context::{MAX_POLL_INTERVAL, RolloutContext};
use super::follow::follow;
use super::{Step, baking, calls, finish, later, perform};
use crate::pipeline::HookPoint;
use crate::release::rollout::{Deployment, DeploymentStatus, OngoingRollback};
use crate::release::{
    Action, Conclusion, Event, Outcome, Reason, RollbackReason, Unfinished, reason,
};

/// How often it is begun to roll a rollout back: that it is begun again and again leads nowhere.
pub(crate) const MAX_ROLLBACKS: usize = 12;

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

/// How a rollout ends that is to be rolled back, and serves: once AWS has refused to roll it back, or
/// the rollback has led nowhere for too long.
pub(super) fn still_serves(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Conclusion> {
    let late = own.live.progress.rollback().is_some() && own.now >= given_up_at(own);
    let because = match &deployment.refused {
        Some(refused) => refused.clone().into(),
        None if late => known_cause(own.live)?.into(),
        None => return None,
    };
    Some(Conclusion::new(
        Outcome::Failed,
        Reason::StillServes {
            deployment: deployment.id.clone(),
            because: Box::new(because),
        },
    ))
}

/// How a rollout ends that is not followed any further: AWS refuses it, or it comes to no end.
pub(super) fn gives_up(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Conclusion> {
    if let Some(refused) = &deployment.refused {
        return Some(Conclusion::new(Outcome::Failed, refused.clone()));
    }
    let given_up = given_up_at(own);
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

/// When a rollout that is being rolled back is left as it is: that may take as long as the rollout.
pub(super) fn given_up_at(own: RolloutContext<'_>) -> Timestamp {
    let began = own.live.progress.rollback().map(|rollback| rollback.at);
    let from = began
        .unwrap_or(Timestamp::MIN)
        .max(own.live.deadline(own.stage));
    later(later(from, own.stage.timeout.into()), own.live.pace())
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

/// Whether it was begun so often to roll the rollout back that it is not begun again.
pub(super) fn is_begun_too_often(own: RolloutContext<'_>) -> bool {
    let begun = |event: &Event| matches!(event, Event::RollbackStarted { .. });
    own.release.count_here(begun) >= MAX_ROLLBACKS
}

/// The rollback that somebody has asked for, if somebody has.
pub(super) fn requested(own: RolloutContext<'_>) -> Option<OngoingRollback> {
    let (by, why) = own.live.rollback_requested.as_ref()?;
    let reason = reason::rolled_back(by, why.as_deref());
    Some(ongoing(own, Outcome::RolledBack, true, reason))
}

/// The rollback of what has failed a check in its bake time, if it has.
pub(super) fn failed_while_baking(own: RolloutContext<'_>) -> Option<OngoingRollback> {
    let mut failed = own.live.checks.failed();
    failed.find(|(at, _)| *at == HookPoint::Bake)?;
    let reason = known_cause(own.live)?;
    Some(ongoing(own, Outcome::RolledBack, true, reason))
}

/// A rollback that begins now.
pub(super) fn ongoing(
    own: RolloutContext<'_>,
    outcome: Outcome,
    hold: bool,
    reason: RollbackReason,
) -> OngoingRollback {
    OngoingRollback {
        reason,
        outcome,
        hold,
        at: own.now,
    }
}

/// For how long after its start a deployment may not be shown by AWS, which says that whoever has
/// changed something should wait "up to about five minutes" for its answers to show that:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
const APPEARS: SignedDuration = SignedDuration::from_mins(5);

/// Whether AWS may not show yet what is looked at: the deployment, as long as it was not seen to
/// come to anything, or the one by which it is being rolled back.
pub(super) fn is_fresh(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    let since = match (own.live.progress.rollback(), &deployment.status) {
        (Some(rollback), _) => rollback.at,
        (None, DeploymentStatus::InProgress { .. }) => deployment.since,
        (
            None,
            DeploymentStatus::Ready { .. }
            | DeploymentStatus::Shifted { .. }
            | DeploymentStatus::Succeeded
            | DeploymentStatus::RollingBack { .. }
            | DeploymentStatus::Halted { .. }
            | DeploymentStatus::RolledBack { .. }
            | DeploymentStatus::Failed { .. }
            | DeploymentStatus::FailedInPlace { .. }
            | DeploymentStatus::Stopped { .. }
            | DeploymentStatus::Replaced { .. },
        ) => return false,
    };
    own.now < later(since, APPEARS)
}

/// Whether its time is up and it has not come through.
pub(super) fn is_stuck(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    match &deployment.status {
        DeploymentStatus::InProgress { .. } | DeploymentStatus::Ready { .. } => {
            own.now >= own.live.deadline(own.stage)
        }
        DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    }
}

pub(super) fn roll_back(
    own: RolloutContext<'_>,
    deployment: &Deployment,
    rollback: OngoingRollback,
) -> Step {
    let insists = rollback.even_if_succeeded();
    let over = matches!(deployment.status, DeploymentStatus::FailedInPlace { .. });
    let OngoingRollback {
        reason,
        outcome,
        hold,
        at: _,
    } = rollback;
    let action = Action::RollBack {
        place: own.place.clone(),
        engine: own.stage.engine.clone(),
        deployment: deployment.id.clone(),
        tasks: deployment.alias.clone(),
        timed_out: is_stuck(own, deployment),
        over,
        fresh: is_fresh(own, deployment),
        revision: own.live.revision.clone(),
        previous: own.live.plan.previous.clone(),
        target: own.live.plan.target.clone().filter(|_| insists || over),
        correlation_tag: correlation_tag(own.release, own.stage),
        reason,
        outcome,
        hold,
    };
    perform(own.release, vec![action])
}
