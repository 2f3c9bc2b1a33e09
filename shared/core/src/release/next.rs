//! What to do now: a pure function of a release and the moment.
//!
//! | the release is | and | then |
//! |---|---|---|
//! | ended | a service it let go has not been offered on | wake whoever waits for it |
//! | ended | people do not know yet | tell them |
//! | ended | | it is done |
//! | anything but live | its image was vetoed | it ends as refused |
//! | anything but live | a newer release overtook it | it ends as superseded |
//! | pending or planned earlier | | read the plan |
//! | planned | planning was refused | it ends as failed |
//! | planned | a gate is not open | what the first such one says, in the order of `GATES` in `gate.rs` |
//! | planned | | take the service |
//! | asking | time is up, or somebody rejected | it ends as expired or refused |
//! | asking | | wait for votes |
//! | live | intents of another run are outstanding | wait until that run is over |
//! | live | | what its step asks for: see the tables of `preparing`, `turn`, `deploying`, `baking`, `rolling_back` and `closing` |
//! | live | its step says to close | restore auto scaling, then let the service go, on hold if need be |
//!
//! Telling people comes last, just before waiting, so that it never delays a deployment. They are
//! told of what is written: who has written something asks again before resting.

mod active;
mod baking;
mod calls;
mod changes;
mod checks;
mod closing;
mod context;
mod deploying;
mod finish;
mod follow;
mod gate;
mod planned;
mod preparing;
mod rollback;
mod rolling_back;
mod traffic;
mod turn;

use crate::release::PlanRequest;
use jiff::{SignedDuration, Timestamp};

use self::changes::{changes, place};
use super::rollout::{Phase, later};
use super::vote::{Approval, Standing};
use super::{
    Action, Checkpoints, EndReason, Event, Outcome, Reason, Release, Revision, RollbackReason,
    Tried, Vote, pending_notifications, reason,
};
use crate::names::{ApprovalId, StageName};
use crate::pipeline::{NamedContainers, Stage};
use crate::release::notification::telling_before;

/// When the question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// The time.
    pub now: Timestamp,
    /// When this run of the loop began: what was read before it is read again before it is acted
    /// on.
    pub run_started: Timestamp,
    /// Whether telling people has failed in this run, so that it waits for the next one.
    pub notifications_failed: bool,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Write these events.
    Record(Vec<Event>),
    /// Perform these actions, which do not depend on each other.
    Perform(Vec<Task>),
    /// Nothing until something is reported, or until then. What it waits for is
    /// [`Release::waiting`].
    Wait(Option<Timestamp>),
    /// Nothing ever again.
    Done,
}

/// An action, and whether it may have been performed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What to do.
    pub action: Action,
    /// What is known of whether an earlier run has done it.
    pub tried: Tried,
}

impl Task {
    /// Whether it is only looked for what an earlier run may have made: two looks that are some time
    /// apart have to see nothing before it is made again.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        self.action.kind().makes_anew() && self.tried == Tried::Perhaps
    }
}

/// For how long people are told of a release that has ended.
const OLD_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When to try again to tell people what could not be told.
const NOTIFY_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// What to do now.
#[must_use]
pub fn next(release: &Release, moment: Tick) -> Step {
    let step = work(release, moment);
    match step {
        Step::Record(_) | Step::Perform(_) => step,
        Step::Wait(_) | Step::Done => notify_first(release, moment, step),
    }
}

/// What is done by a run that can do no more now and is to leave the release until then: people
/// are told first.
#[must_use]
pub fn leave(release: &Release, moment: Tick, until: Timestamp) -> Step {
    notify_first(release, moment, Step::Wait(Some(until)))
}

fn notify_first(release: &Release, moment: Tick, step: Step) -> Step {
    let pending = pending_notifications(release);
    if pending.is_empty() || is_old_news(release, moment.now) {
        return step;
    }
    // Whoever may still be telling them is waited for: what is being sent is not to be found yet.
    let mut free = None;
    let mut tasks = Vec::new();
    for action in pending {
        let before = telling_before(release, &action);
        let until = before.as_ref().map(|before| before.until);
        if let Some(until) = until.filter(|until| moment.now < *until) {
            free = free.max(Some(until));
            continue;
        }
        let tried = before.map_or(Tried::Never, |_| Tried::Perhaps);
        tasks.push(Task { action, tried });
    }
    if !moment.notifications_failed && !tasks.is_empty() {
        return Step::Perform(tasks);
    }
    let retry = later(moment.now, NOTIFY_AGAIN);
    let again = match free {
        Some(free) if moment.notifications_failed => free.max(retry),
        Some(free) => free,
        None => retry,
    };
    match step {
        Step::Wait(due) => Step::Wait(Some(due.map_or(again, |due| due.min(again)))),
        Step::Done | Step::Record(_) | Step::Perform(_) => Step::Wait(Some(again)),
    }
}

/// Whether the release ended, and learned what became of it, so long ago that nobody waits for word
/// of it: a channel that refuses every message must not keep releases due for ever.
fn is_old_news(release: &Release, now: Timestamp) -> bool {
    if crate::planted!(NothingToldOnceEnded) {
        return release.conclusion().is_some();
    }
    let is_old = |at| now >= later(at, OLD_NEWS);
    release.conclusion().is_some() && release.last_changed_at().is_some_and(is_old)
}

fn work(release: &Release, moment: Tick) -> Step {
    if let Some(service) = release.let_go() {
        return perform(
            release,
            vec![Action::NotifyNext {
                service: service.clone(),
            }],
        );
    }
    if release.conclusion().is_some() {
        return Step::Done;
    }
    let Some((stage, rollout)) = release.current() else {
        return end(Outcome::Refused, EndReason::NoStages);
    };
    if let Phase::Live(live) = &rollout.phase {
        return active::next_live(release, stage, live, rollout.approvals, moment);
    }
    if let Some(why) = &rollout.unplannable {
        let why = why.clone();
        return give_up_here(stage, Outcome::Failed, Reason::NotPlanned { why });
    }
    if let Some(reason) = veto(release) {
        return give_up_here(stage, Outcome::Refused, reason);
    }
    if let Some(newer) = release.superseded_by() {
        let by = newer.clone();
        return give_up_here(stage, Outcome::Superseded, Reason::Superseded { by });
    }
    match &rollout.phase {
        Phase::Pending => plan(release, stage),
        Phase::Planned { read_at, .. }
            if *read_at < moment.run_started && !crate::planted!(OldPlanKept) =>
        {
            plan(release, stage)
        }
        Phase::Planned {
            plan,
            granted,
            blocked_by,
            ..
        } => {
            let context = gate::Context {
                release,
                stage,
                rollout,
                plan,
                granted: granted.as_ref(),
                moment,
            };
            planned::next_planned(&context, blocked_by.as_ref())
        }
        Phase::Asking { approval, .. } => next_asking(stage, approval, moment),
        // Stages are passed in order, so the current one has ended only when all have.
        Phase::Ended { conclusion, .. } => end(
            conclusion.outcome,
            EndReason::at(&stage.name, conclusion.reason.clone()),
        ),
        Phase::Live(live) => active::next_live(release, stage, live, rollout.approvals, moment),
    }
}

fn plan(release: &Release, stage: &Stage) -> Step {
    match planning(release, stage) {
        Some(request) => perform(release, vec![Action::Plan(Box::new(request))]),
        None => end(Outcome::Refused, EndReason::NoService),
    }
}

/// What is to be read before a release's rollout to a stage; `None` for a stage that is not one of its
/// pipeline's. It can be read for a release that nobody has opened.
#[must_use]
pub fn planning(release: &Release, stage: &Stage) -> Option<PlanRequest> {
    Some(PlanRequest {
        stage: stage.name.clone(),
        place: place(release, stage)?,
        engine: stage.engine.clone(),
        base: stage.base.clone(),
        changes: changes(release, stage),
        containers: NamedContainers::of(stage),
        checkpoints: Checkpoints::of(stage),
        scaling: stage.suspends_auto_scaling(),
        back_to: release.rollback().map(|rollback| rollback.revision.clone()),
        image: release.image().clone(),
        platforms: release.platforms(),
    })
}

fn next_asking(stage: &Stage, approval: &Approval, moment: Tick) -> Step {
    match approval.standing() {
        Standing::Rejected(vote) => give_up_here(stage, Outcome::Refused, rejection(vote)),
        Standing::Open | Standing::Granted if moment.now >= approval.expires_at => give_up_here(
            stage,
            Outcome::Expired,
            nobody_decided(&stage.name, approval),
        ),
        Standing::Open | Standing::Granted => Step::Wait(Some(approval.expires_at)),
    }
}

fn perform(release: &Release, actions: Vec<Action>) -> Step {
    Step::Perform(tasks(release, actions))
}

fn tasks(release: &Release, actions: Vec<Action>) -> Vec<Task> {
    let task = |action: Action| Task {
        tried: release.tried(action.kind()),
        action,
    };
    actions.into_iter().map(task).collect()
}

fn succeed(
    release: &Release,
    stage: &Stage,
    reason: Reason,
    revision: Option<Revision>,
) -> Vec<Event> {
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
        let (name, stage) = (release.name(), stage.name.clone());
        let reason = if wants_no_tasks(release) {
            EndReason::NoTasksWanted { name, stage }
        } else {
            EndReason::Serves { name, stage }
        };
        events.push(Event::Ended { outcome, reason });
    }
    events
}

/// Whether the service that is rolled out to is scaled to zero: what is deployed to it does not
/// serve anybody.
fn wants_no_tasks(release: &Release) -> bool {
    let plan = release
        .current()
        .and_then(|(_, rollout)| match &rollout.phase {
            Phase::Planned { plan, .. } => Some(&**plan),
            Phase::Live(live) => Some(&live.plan),
            Phase::Pending | Phase::Asking { .. } | Phase::Ended { .. } => None,
        });
    plan.is_some_and(|plan| plan.desired_count == 0)
}

/// What ends the stage's rollout and with it the release.
fn give_up(stage: &Stage, outcome: Outcome, reason: impl Into<Reason>) -> Vec<Event> {
    let reason = reason.into();
    let at_stage = EndReason::at(&stage.name, reason.clone());
    vec![
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
    ]
}

/// Ends a rollout that has changed nothing, and with it the release.
fn give_up_here(stage: &Stage, outcome: Outcome, reason: impl Into<Reason>) -> Step {
    Step::Record(give_up(stage, outcome, reason))
}

fn end(outcome: Outcome, reason: EndReason) -> Step {
    Step::Record(vec![Event::Ended { outcome, reason }])
}

/// The id of the next request to decide about the stage.
fn approval_id(stage: &Stage, approvals: u32) -> ApprovalId {
    format!("{}-{}", stage.name, approvals + 1)
        .parse()
        .expect("a stage name and a number are an approval id")
}

/// Why a request has expired.
fn nobody_decided(stage: &StageName, asked: &Approval) -> RollbackReason {
    RollbackReason::NobodyDecided {
        stage: stage.clone(),
        until: asked.expires_at,
    }
}

/// Why the image may not be rolled out, if it was vetoed while the release was on its way.
fn veto(release: &Release) -> Option<RollbackReason> {
    let (by, reason) = release.vetoed()?;
    Some(reason::vetoed(by, reason))
}

fn rejection(vote: &Vote) -> RollbackReason {
    reason::rejected(&vote.by, vote.reason.as_deref())
}
