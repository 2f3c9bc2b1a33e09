//! A rollout that owns its service: what is done until it lets go of it.

use jiff::{SignedDuration, Timestamp};

use super::changes::{changes, mark, place};
use super::{Moment, Step, Wait, end, give_up, is_outstanding, later, perform, rejection, succeed};
use crate::pipeline::{AutoScaling, Rollout as Engine, Stage};
use crate::release::rollout::{Deployment, DeploymentStatus, Live};
use crate::release::vote::{Approval, Standing};
use crate::release::{Action, ActionKind, Conclusion, Outcome, Place, Release, ScalingState};

/// The first pause before a deployment is looked at without having reported anything; it doubles
/// up to [`SLOWEST_POLL`] while nothing changes.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(60);
const SLOWEST_POLL: SignedDuration = SignedDuration::from_secs(600);

pub(super) fn next_live(release: &Release, stage: &Stage, live: &Live, moment: Moment) -> Step {
    if let Some(outstanding) = release.outstanding()
        && moment.now < outstanding.until
    {
        return Step::Wait(Wait {
            what: "another run of the deployer".into(),
            due: Some(outstanding.until),
        });
    }
    let Some(place) = place(release, stage) else {
        return end(Outcome::Refused, "its stage has no service");
    };
    let deadline = later(live.started_at, stage.timeout.into());
    if let Some(conclusion) = conclude(release, stage, live, moment.now, deadline) {
        return finish(release, stage, live, place, conclusion);
    }
    match &live.deployment {
        None => start(release, stage, live, place),
        Some(deployment) => follow(
            release, stage, live, deployment, place, moment.now, deadline,
        ),
    }
}

/// How the rollout ends, if that is decided.
fn conclude(
    release: &Release,
    stage: &Stage,
    live: &Live,
    now: Timestamp,
    deadline: Timestamp,
) -> Option<Conclusion> {
    let Some(deployment) = &live.deployment else {
        if let Some(refused) = &live.refused {
            return Some(Conclusion::new(Outcome::Failed, refused.clone()));
        }
        // A deployment whose start is outstanding may exist; only looking for it can tell.
        let may_exist = is_outstanding(release, ActionKind::Start);
        if let Some(Standing::Rejected(vote)) = live.granted.as_ref().map(Approval::standing)
            && !may_exist
        {
            return Some(Conclusion::new(Outcome::Refused, rejection(vote)));
        }
        return (now >= deadline && !may_exist).then(|| {
            Conclusion::new(
                Outcome::Failed,
                format!("it could not be started within {}", stage.timeout),
            )
        });
    };
    let why = |reason: &str| explain_failure(live, reason);
    match &deployment.status {
        DeploymentStatus::Succeeded => Some(Conclusion::new(
            Outcome::Succeeded,
            format!("{} serves", release.image().tag),
        )),
        DeploymentStatus::RolledBack { reason } => {
            Some(Conclusion::new(Outcome::RolledBack, why(reason)))
        }
        DeploymentStatus::Failed { reason } => Some(Conclusion::new(Outcome::Failed, why(reason))),
        DeploymentStatus::Stopped { reason } => {
            Some(Conclusion::new(Outcome::Stopped, why(reason)))
        }
        DeploymentStatus::Replaced { by } => Some(Conclusion::new(
            Outcome::Superseded,
            format!("another deployment, {by}, was started outside of Towpath"),
        )),
        DeploymentStatus::InProgress { .. } | DeploymentStatus::RollingBack { .. } => {
            if let Some(refused) = &live.refused {
                return Some(Conclusion::new(Outcome::Failed, refused.clone()));
            }
            let given_up = given_up(stage, deadline);
            // It is looked at once more before it is given up; if that is not possible, it is given
            // up all the same, a little later.
            let looked = deployment.observed_at >= given_up || now >= later(given_up, SLOWEST_POLL);
            (now >= given_up && looked).then(|| {
                Conclusion::new(
                    Outcome::Failed,
                    format!(
                        "it was still {} at {given_up}; look at {}",
                        deployment.status, deployment.id
                    ),
                )
            })
        }
    }
}

/// When a rollout that is being taken back is left as it is: that may take as long as the rollout.
fn given_up(stage: &Stage, deadline: Timestamp) -> Timestamp {
    later(deadline, stage.timeout.into())
}

/// The reason for a failure: the checks that failed say more than AWS, which only knows that a hook
/// answered no.
fn explain_failure(live: &Live, reason: &str) -> String {
    let checks: Vec<_> = live
        .failed_checks()
        .map(|(at, result)| format!("check `{}` failed at {at}: {}", result.check, result.detail))
        .collect();
    if !checks.is_empty() {
        return checks.join("; ");
    }
    live.rolling_back
        .clone()
        .unwrap_or_else(|| reason.to_owned())
}

fn finish(
    release: &Release,
    stage: &Stage,
    live: &Live,
    place: Place,
    conclusion: Conclusion,
) -> Step {
    if let Some(state) = live.to_restore {
        return perform(release, vec![Action::RestoreScaling { place, state }]);
    }
    let Conclusion {
        outcome,
        mut reason,
    } = conclusion;
    if let Some(not_restored) = &live.not_restored {
        reason = format!("{reason}; {not_restored}: resume it by hand");
    }
    match outcome {
        Outcome::Succeeded => succeed(release, stage, reason, live.revision.clone()),
        Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Superseded
        | Outcome::Stopped
        | Outcome::Refused
        | Outcome::Expired => give_up(stage, outcome, reason),
    }
}

fn start(release: &Release, stage: &Stage, live: &Live, place: Place) -> Step {
    let shift = match (&stage.rollout, &live.plan.target) {
        (Engine::Rolling(_), _) => None,
        (Engine::CodeDeploy(settings), Some(target)) => Some((settings, target)),
        (Engine::CodeDeploy(_), None) => {
            let reason = "the service has no load balancer that CodeDeploy could shift";
            let conclusion = Conclusion::new(Outcome::Failed, reason);
            return finish(release, stage, live, place, conclusion);
        }
    };
    let found = live
        .plan
        .scaling
        .filter(|found| *found != ScalingState::SUSPENDED);
    let suspend = (found.is_some()
        && !live.suspended
        && stage.auto_scaling == AutoScaling::Suspend)
        .then(|| Action::SuspendScaling {
            place: place.clone(),
            state: ScalingState::SUSPENDED,
        });
    let Some(revision) = live.revision.clone() else {
        let register = Action::Register {
            place,
            base: live.plan.base.clone(),
            changes: changes(release, stage),
            spec: live.plan.spec.clone(),
            release: release.id().clone(),
            image: Box::new(release.image().clone()),
        };
        return perform(release, std::iter::once(register).chain(suspend).collect());
    };
    if let Some(suspend) = suspend {
        return perform(release, vec![suspend]);
    }
    let action = match shift {
        None => Action::StartRolling { place, revision },
        Some((settings, target)) => Action::StartCodeDeploy {
            place,
            settings: settings.clone(),
            revision,
            target: target.clone(),
            mark: mark(release, stage),
        },
    };
    perform(release, vec![action])
}

fn follow(
    release: &Release,
    stage: &Stage,
    live: &Live,
    deployment: &Deployment,
    place: Place,
    now: Timestamp,
    deadline: Timestamp,
) -> Step {
    let before = live.plan.current.clone();
    if now >= deadline && live.rolling_back.is_none() {
        return perform(
            release,
            vec![Action::RollBack {
                place,
                rollout: stage.rollout.clone(),
                deployment: deployment.id.clone(),
                to: before,
                reason: format!("it had not finished within {}", stage.timeout),
            }],
        );
    }
    let pause =
        (0..deployment.unchanged.min(8)).fold(FIRST_POLL, |pause, _| (pause * 2).min(SLOWEST_POLL));
    let due = later(deployment.observed_at, pause);
    let last_look = given_up(stage, deadline);
    let due = if deployment.observed_at < last_look {
        due.min(last_look)
    } else {
        due
    };
    if deployment.reported || now >= due {
        let revision = live.revision.clone().unwrap_or_else(|| before.clone());
        return perform(
            release,
            vec![Action::Observe {
                place,
                rollout: stage.rollout.clone(),
                deployment: deployment.id.clone(),
                revision,
                before,
            }],
        );
    }
    let due = if live.rolling_back.is_none() {
        due.min(deadline)
    } else {
        due
    };
    Step::Wait(Wait {
        what: format!("{} to finish in {}", deployment.id, stage.name),
        due: Some(due),
    })
}
