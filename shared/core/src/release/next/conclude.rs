//! How a rollout that owns its service ends, once that is decided.

use super::back::{self, given_up};
use super::live::{Own, SLOWEST_POLL};
use super::{bake, later, rejection, veto, wants_no_tasks};
use crate::release::rollout::{Deployment, DeploymentStatus, Live, TakenGroup};
use crate::release::vote::{Approval, Standing};
use crate::release::{
    ActionKind, Conclusion, Event, Outcome, Reason, Release, RollbackReason, Unfinished, reason,
};

/// How often a deployment is refused because its group is taken before the rollout ends.
pub(crate) const MOST_REFUSALS: usize = 60;

/// How the rollout ends, if that is decided.
pub(super) fn conclude(own: Own<'_>) -> Option<Conclusion> {
    match &own.live.deployment {
        None => before_it_started(own),
        Some(deployment) => by_deployment(own, deployment),
    }
}

fn before_it_started(own: Own<'_>) -> Option<Conclusion> {
    let Own {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    if let Some(found) = &live.foreign {
        return Some(Conclusion::new(
            Outcome::Superseded,
            reason::started_elsewhere(found),
        ));
    }
    if let Some(refused) = &live.refused {
        return Some(Conclusion::new(Outcome::Failed, refused.clone()));
    }
    if live.runs_already {
        return Some(succeeded(release));
    }
    // A deployment whose start is outstanding may exist; only looking for it can tell.
    if release.intends(ActionKind::Start) {
        return None;
    }
    if let Some(Standing::Rejected(vote)) = live.granted.as_ref().map(Approval::standing) {
        return Some(Conclusion::new(Outcome::Refused, rejection(vote)));
    }
    if let Some((by, reason)) = &live.unwanted {
        return Some(Conclusion::new(
            Outcome::Stopped,
            reason::rolled_back(by, reason.as_deref()),
        ));
    }
    if let Some(reason) = veto(release) {
        return Some(Conclusion::new(Outcome::Refused, reason));
    }
    if let Some(checks) = reason::failed_checks(live) {
        return Some(Conclusion::new(Outcome::Failed, checks));
    }
    let taken = |event: &Event| matches!(event, Event::GroupTaken { .. });
    let times = release.count_here(taken);
    if times >= MOST_REFUSALS {
        let reason = Reason::GroupTaken { times };
        return Some(Conclusion::new(Outcome::Failed, reason));
    }
    (now >= live.deadline(stage)).then(|| {
        Conclusion::new(
            Outcome::Failed,
            Reason::NotStarted {
                within: stage.timeout,
                group_taken_by: match live.group.as_ref().filter(|group| !group.freed) {
                    Some(TakenGroup { by, .. }) => by.clone(),
                    None => None,
                },
            },
        )
    })
}

fn succeeded(release: &Release) -> Conclusion {
    let name = release.name();
    let reason = if wants_no_tasks(release) {
        Reason::NoTasksWanted { name }
    } else {
        Reason::Serves { name }
    };
    Conclusion::new(Outcome::Succeeded, reason)
}

fn by_deployment(own: Own<'_>, deployment: &Deployment) -> Option<Conclusion> {
    let Own {
        release, live, now, ..
    } = own;
    let back = live.rolling_back.as_ref();
    let why = |said: &str| match known_cause(live) {
        Some(cause) => cause.into(),
        None => Reason::of_deployment(said),
    };
    match &deployment.status {
        DeploymentStatus::Succeeded | DeploymentStatus::Shifted { .. } => {
            // Whoever wants it back gets it back, however far it has come.
            let insisted = match back {
                Some(back) => back.insists() || live.unwanted.is_some(),
                None => back::wanted(own, deployment).is_some(),
            };
            if insisted {
                return not_taken_back(own, deployment);
            }
            bake::is_over(own, deployment).then(|| succeeded(release))
        }
        DeploymentStatus::RolledBack { reason } => Some(Conclusion::new(
            back.map_or(Outcome::RolledBack, |back| back.outcome),
            why(reason),
        )),
        DeploymentStatus::Failed { reason } => Some(Conclusion::new(Outcome::Failed, why(reason))),
        DeploymentStatus::Stopped { reason } => Some(Conclusion::new(
            back.map_or(Outcome::Stopped, |back| back.outcome),
            why(reason),
        )),
        DeploymentStatus::Replaced { by } => Some(Conclusion::new(
            Outcome::Superseded,
            reason::started_elsewhere(by),
        )),
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. } => {
            if let Some(refused) = &live.refused {
                return Some(Conclusion::new(Outcome::Failed, refused.clone()));
            }
            let given_up = given_up(own);
            // It is looked at once more before it is given up; if that is not possible, it is given
            // up all the same, a little later.
            let looked = deployment.observed_at >= given_up || now >= later(given_up, SLOWEST_POLL);
            (now >= given_up && looked).then(|| {
                Conclusion::new(
                    Outcome::Failed,
                    Reason::Unfinished {
                        deployment: deployment.id.clone(),
                        at: at_what(&deployment.status),
                        until: given_up,
                        rolling_back: back.map(|back| back.reason.clone()),
                    },
                )
            })
        }
    }
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
            at: status.to_string(),
        },
    }
}

/// How a rollout ends that is to be taken back, and serves: it has not been, once AWS has refused
/// it or the way back has led nowhere for too long.
fn not_taken_back(own: Own<'_>, deployment: &Deployment) -> Option<Conclusion> {
    let Own { live, now, .. } = own;
    let late = live.rolling_back.is_some() && now >= given_up(own);
    let because = match &live.refused {
        Some(refused) => refused.clone().into(),
        None if late => known_cause(live)?.into(),
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

/// The cause of a failure that Towpath knows itself: the checks that failed say more than AWS, which
/// only knows that a hook answered no.
pub(super) fn known_cause(live: &Live) -> Option<RollbackReason> {
    let going_back = || Some(live.rolling_back.as_ref()?.reason.clone());
    reason::failed_checks(live).or_else(going_back)
}
