//! Beginning to roll back: who wants it and why, and how often it is tried.

use super::changes::correlation_tag;
use super::closing::known_cause;
use super::context::RolloutContext;
use super::{Step, calls, later, perform};
use crate::pipeline::HookPoint;
use crate::release::rollout::{Deployment, DeploymentStatus, OngoingRollback};
use crate::release::{
    Action, Conclusion, Event, LateCause, Outcome, Reason, RollBack, RollbackReason, SHOWN,
    UnansweredHook, reason,
};

/// How often it is begun to roll a rollout back: that it is begun again and again leads nowhere.
pub(crate) const MAX_ROLLBACKS: usize = 12;

/// How a rollout ends that is to be rolled back, and serves: once AWS has refused to roll it back, or
/// the rollback has led nowhere for too long.
pub(super) fn still_serves(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Conclusion> {
    let late = own.live.progress.rollback().is_some() && own.now >= own.live.given_up_at(own.stage);
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

/// Whether an answer of AWS's in which the deployment is missing, or the one by which it is being
/// rolled back, may be from before its start.
pub(super) fn is_young(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    let rollback = own.live.progress.rollback();
    let since = rollback.map_or(deployment.since, |rollback| rollback.at);
    own.now < later(since, SHOWN)
}

/// Whether AWS may not show yet what is looked at: the deployment, as long as it was not seen to
/// come to anything, or the one by which it is being rolled back.
pub(super) fn is_fresh(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    let is_new = matches!(deployment.status, DeploymentStatus::InProgress { .. });
    (is_new || own.live.progress.rollback().is_some()) && is_young(own, deployment)
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

/// Why a rollout is rolled back whose time is up: what has kept it, where that is a hook.
pub(super) fn not_finished(own: RolloutContext<'_>, deployment: &Deployment) -> RollbackReason {
    RollbackReason::NotFinished {
        within: own.stage.timeout,
        causes: calls::stands_at(own, deployment)
            .and_then(|point| unanswered(own, point))
            .map(LateCause::Hook)
            .into_iter()
            .collect(),
    }
}

/// The function that CodeDeploy asks at a hook point.
pub(super) fn unanswered(own: RolloutContext<'_>, point: HookPoint) -> Option<UnansweredHook> {
    let settings = own.stage.engine.codedeploy()?;
    Some(UnansweredHook {
        function: settings.hook.clone()?,
        at: point.lifecycle_event()?.to_owned(),
    })
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
    let action = Action::RollBack(Box::new(RollBack {
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
    }));
    perform(own.release, vec![action])
}
