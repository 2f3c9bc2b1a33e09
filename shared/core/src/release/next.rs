//! What to do now: a pure function of a release and the moment.
//!
//! | the release is | and | then |
//! |---|---|---|
//! | ended | a service it let go has not been offered on | wake whoever waits for it |
//! | ended | people do not know yet | tell them |
//! | ended | | it is done |
//! | anything but live | a newer release overtook it | it ends as superseded |
//! | pending or planned earlier | | read the plan |
//! | planned | planning was refused | it ends as failed |
//! | planned | a newer release is the stage's candidate | it is superseded |
//! | planned | an older release waits at the stage | supersede that one |
//! | planned | the service runs it already | the rollout succeeds; or queue, if it has another owner |
//! | planned | the stage asks for approval | ask; or, given for something else, void it |
//! | planned | the service has another owner, or a hold | queue |
//! | planned | | take the service |
//! | asking | time is up, or somebody rejected | it ends as expired or refused |
//! | asking | | wait for votes |
//! | live | intents of another run are outstanding | wait until that run is over |
//! | live | it is decided how it ends | restore auto scaling, then let the service go |
//! | live | the revision is missing, auto scaling is on | register it, suspend it, at once |
//! | live | | start the deployment |
//! | live, deploying | its time is up | roll back |
//! | live, deploying | something was reported, or it is time | look at the deployment |
//! | live, deploying | | wait |
//!
//! Telling people comes last, just before waiting, so that it never delays a deployment.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::rollout::{Deployment, DeploymentStatus, Live, Phase, Rollout};
use super::vote::{Approval, Standing};
use super::{
    Action, ActionKind, Conclusion, Event, Outcome, Place, Plan, Release, ScalingState,
    action::Changes, tell::announcements,
};
use crate::names::ApprovalId;
use crate::pipeline::{AutoScaling, HookPoint, Rollout as Engine, Stage};

/// When the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub now: Timestamp,
    /// When this run of the loop began: what was read before it is read again before it is acted
    /// on.
    pub since: Timestamp,
    /// Whether telling people has failed in this run, so that it waits for the next one.
    pub muted: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Write these events.
    Record(Vec<Event>),
    /// Perform these actions, which do not depend on each other.
    Perform(Vec<Task>),
    /// Nothing until something is reported, or the time has come.
    Wait(Wait),
    /// Nothing ever again.
    Done,
}

/// An action, and whether it may have been performed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What to do.
    pub action: Action,
    /// Whether an earlier run meant to do it and its outcome is unknown, so that evidence of it is
    /// looked for first.
    pub again: bool,
}

/// What a release waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What, for people.
    pub what: String,
    /// When to look again even if nothing is reported.
    pub due: Option<Timestamp>,
}

/// How long a release that waits for a service sleeps at most; it is woken when the service is let
/// go.
const QUEUE_POLL: SignedDuration = SignedDuration::from_secs(60);

/// The first pause before a deployment is looked at without having reported anything; it doubles
/// up to [`SLOWEST_POLL`] while nothing changes.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(60);
const SLOWEST_POLL: SignedDuration = SignedDuration::from_secs(600);

/// For how long people are told of a release that has ended.
const OLD_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When to try again to tell people what could not be told.
const TELL_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// What to do now.
#[must_use]
pub fn next(release: &Release, moment: Moment) -> Step {
    let step = work(release, moment);
    match step {
        Step::Record(_) | Step::Perform(_) => step,
        Step::Wait(_) | Step::Done => tell_first(release, moment, step),
    }
}

fn tell_first(release: &Release, moment: Moment, step: Step) -> Step {
    let untold = announcements(release);
    if untold.is_empty() || is_old_news(release, moment.now) {
        return step;
    }
    if !moment.muted {
        return Step::Perform(
            untold
                .into_iter()
                .map(|action| Task {
                    action,
                    again: false,
                })
                .collect(),
        );
    }
    let again = later(moment.now, TELL_AGAIN);
    match step {
        Step::Wait(Wait { what, due }) => Step::Wait(Wait {
            what,
            due: Some(due.map_or(again, |due| due.min(again))),
        }),
        Step::Done | Step::Record(_) | Step::Perform(_) => Step::Wait(Wait {
            what: "people to be reachable".into(),
            due: Some(again),
        }),
    }
}

/// Whether the release ended so long ago that nobody waits for word of it: a channel that refuses
/// every message must not keep releases due for ever.
fn is_old_news(release: &Release, now: Timestamp) -> bool {
    release
        .ended_at()
        .is_some_and(|ended| now >= later(ended, OLD_NEWS))
}

fn work(release: &Release, moment: Moment) -> Step {
    if let Some(service) = release.let_go() {
        return perform(
            release,
            vec![Action::WakeCandidate {
                service: service.clone(),
            }],
        );
    }
    if release.conclusion().is_some() {
        return Step::Done;
    }
    let Some((stage, rollout)) = release.current() else {
        return end(Outcome::Refused, "its pipeline has no stages");
    };
    if let Phase::Live(live) = &rollout.phase {
        return next_live(release, stage, live, moment);
    }
    if let Some(reason) = &rollout.unplannable {
        return give_up(stage, Outcome::Failed, reason.clone());
    }
    if let Some(newer) = release.superseded_by() {
        return give_up(
            stage,
            Outcome::Superseded,
            format!("{newer} is newer and has arrived here too"),
        );
    }
    match &rollout.phase {
        Phase::Pending => plan(release, stage),
        Phase::Planned { read_at, .. } if *read_at < moment.since => plan(release, stage),
        Phase::Planned {
            plan,
            granted,
            queued,
            ..
        } => next_planned(
            release,
            stage,
            rollout,
            plan,
            granted.as_ref(),
            queued.as_deref(),
            moment,
        ),
        Phase::Asking { approval, .. } => next_asking(stage, approval, moment),
        // Stages are passed in order, so the current one has ended only when all have.
        Phase::Ended { conclusion, .. } => end(conclusion.outcome, conclusion.reason.clone()),
        Phase::Live(live) => next_live(release, stage, live, moment),
    }
}

fn plan(release: &Release, stage: &Stage) -> Step {
    let Some(place) = place(release, stage) else {
        return end(Outcome::Refused, "its stage has no service");
    };
    let action = Action::Plan {
        stage: stage.name.clone(),
        place,
        rollout: stage.rollout.clone(),
        base: stage.base.clone(),
        changes: changes(release, stage),
        hooks: hooks(stage),
        scaling: stage.auto_scaling == AutoScaling::Suspend,
    };
    perform(release, vec![action])
}

fn next_planned(
    release: &Release,
    stage: &Stage,
    rollout: &Rollout,
    plan: &Plan,
    granted: Option<&Approval>,
    queued: Option<&str>,
    moment: Moment,
) -> Step {
    let image = release.image();
    if let Some(candidate) = &plan.service.candidate {
        if candidate.is_newer_than(release.id(), image.pushed_at) {
            return Step::Record(vec![Event::Superseded {
                by: candidate.release.clone(),
            }]);
        }
        let older = &candidate.release;
        if older != release.id()
            && !release.overtaken(older)
            && let Some(Place { service, .. }) = place(release, stage)
        {
            let older = older.clone();
            return perform(release, vec![Action::Supersede { older, service }]);
        }
    }
    let owner = plan.service.owner.as_ref();
    let another = owner.filter(|owner| *owner != release.id());
    if plan.runs_already() {
        // What runs while another release replaces it will not run for long.
        if let Some(another) = another {
            return queue(stage, another.to_string(), queued, moment);
        }
        return succeed(
            release,
            stage,
            format!("{} runs already", image.tag),
            plan.reuse.clone(),
        );
    }
    if let Some(gate) = &stage.approval {
        match granted {
            None => {
                let attempt = rollout.approvals + 1;
                let approval: ApprovalId = format!("{}-{attempt}", stage.name)
                    .parse()
                    .expect("a stage name and a number are an approval id");
                return Step::Record(vec![Event::ApprovalRequested {
                    stage: stage.name.clone(),
                    approval,
                    digest: image.digest,
                    spec: plan.spec.clone(),
                    expires_at: later(moment.now, gate.expires.into()),
                }]);
            }
            Some(approval) => {
                if let Standing::Rejected(vote) = approval.standing() {
                    return give_up(stage, Outcome::Refused, rejection(vote));
                }
                if approval.spec != plan.spec || approval.digest != image.digest {
                    return Step::Record(vec![Event::ApprovalVoided {
                        approval: approval.id.clone(),
                        reason: "the task definition that would be deployed has changed since"
                            .into(),
                    }]);
                }
            }
        }
    }
    if let Some(hold) = &plan.service.hold {
        return queue(stage, format!("a hold: {hold}"), queued, moment);
    }
    if let Some(another) = another {
        return queue(stage, another.to_string(), queued, moment);
    }
    Step::Record(vec![Event::RolloutStarted {
        stage: stage.name.clone(),
        epoch: plan.service.epoch.saturating_add(1),
    }])
}

fn queue(stage: &Stage, behind: String, queued: Option<&str>, moment: Moment) -> Step {
    if queued == Some(behind.as_str()) {
        return Step::Wait(Wait {
            what: format!("{behind} at {}", stage.name),
            due: Some(later(moment.now, QUEUE_POLL)),
        });
    }
    Step::Record(vec![Event::Queued {
        stage: stage.name.clone(),
        behind,
    }])
}

fn next_asking(stage: &Stage, approval: &Approval, moment: Moment) -> Step {
    match approval.standing() {
        Standing::Rejected(vote) => give_up(stage, Outcome::Refused, rejection(vote)),
        Standing::Open | Standing::Granted if moment.now >= approval.expires_at => give_up(
            stage,
            Outcome::Expired,
            format!(
                "nobody decided about {} before {}",
                stage.name, approval.expires_at
            ),
        ),
        Standing::Open | Standing::Granted => Step::Wait(Wait {
            what: format!("approval of {}", stage.name),
            due: Some(approval.expires_at),
        }),
    }
}

fn next_live(release: &Release, stage: &Stage, live: &Live, moment: Moment) -> Step {
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
            let given_up = later(deadline, stage.timeout.into());
            (now >= given_up).then(|| {
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

fn perform(release: &Release, actions: Vec<Action>) -> Step {
    let task = |action: Action| Task {
        again: is_outstanding(release, action.kind()),
        action,
    };
    Step::Perform(actions.into_iter().map(task).collect())
}

fn is_outstanding(release: &Release, kind: ActionKind) -> bool {
    release
        .outstanding()
        .is_some_and(|o| o.actions.iter().any(|action| action.kind() == kind))
}

fn succeed(
    release: &Release,
    stage: &Stage,
    reason: String,
    revision: Option<super::Revision>,
) -> Step {
    let outcome = Outcome::Succeeded;
    let mut events = vec![Event::RolloutEnded {
        stage: stage.name.clone(),
        outcome,
        reason,
        revision,
    }];
    if release
        .pipeline()
        .stages
        .last()
        .is_some_and(|last| last.name == stage.name)
    {
        let reason = format!("{} serves in {}", release.image().tag, stage.name);
        events.push(Event::Ended { outcome, reason });
    }
    Step::Record(events)
}

/// Ends the stage's rollout and with it the release.
fn give_up(stage: &Stage, outcome: Outcome, reason: impl Into<String>) -> Step {
    let reason = reason.into();
    let at_stage = format!("{}: {reason}", stage.name);
    Step::Record(vec![
        Event::RolloutEnded {
            stage: stage.name.clone(),
            outcome,
            reason,
            revision: None,
        },
        Event::Ended {
            outcome,
            reason: at_stage,
        },
    ])
}

fn end(outcome: Outcome, reason: impl Into<String>) -> Step {
    Step::Record(vec![Event::Ended {
        outcome,
        reason: reason.into(),
    }])
}

fn rejection(vote: &super::Vote) -> String {
    match &vote.reason {
        Some(reason) => format!("{} rejected it: {reason}", vote.by),
        None => format!("{} rejected it", vote.by),
    }
}

fn place(release: &Release, stage: &Stage) -> Option<Place> {
    let service = release.service_id(release.stage_position(&stage.name)?)?;
    Some(Place {
        service,
        role: stage.role.clone(),
    })
}

/// What the stage's rollout changes in the task definition.
fn changes(release: &Release, stage: &Stage) -> Changes {
    let image = release.image();
    let reference = format!("{}/{}@{}", image.registry, image.repository, image.digest);
    let values: BTreeMap<_, _> = [
        ("release", release.id().to_string()),
        ("tag", image.tag.to_string()),
        ("digest", image.digest.to_string()),
        ("stage", stage.name.to_string()),
        ("image", reference.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let filled = |text: &String| {
        values.iter().fold(text.clone(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
        })
    };
    Changes {
        images: stage
            .containers
            .iter()
            .map(|name| (name.clone(), reference.clone()))
            .collect(),
        environment: stage
            .environment
            .iter()
            .map(|(container, set)| {
                (
                    container.clone(),
                    set.iter()
                        .map(|(name, value)| (name.clone(), filled(value)))
                        .collect(),
                )
            })
            .collect(),
        values,
    }
}

/// The hook points at which the stage has checks, in the order of a deployment.
fn hooks(stage: &Stage) -> Vec<HookPoint> {
    HookPoint::ALL
        .into_iter()
        .filter(|point| stage.checks.iter().any(|check| check.at == *point))
        .collect()
}

/// The text by which a deployment is found again: CodeDeploy keeps 256 characters of description.
fn mark(release: &Release, stage: &Stage) -> String {
    super::Mark {
        release: release.id().clone(),
        stage: stage.name.clone(),
    }
    .to_string()
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
