//! The loop: load a release, do what the core says is next, write down what came of it, until
//! there is something to wait for.
//!
//! An action that changes AWS is performed only after its intent is in the ledger. What came of it
//! is written together with the next decision, in one transaction. Whoever loads the release after
//! a crash, at any point, knows what to do.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use towpath_core::message::waiting;
use towpath_core::names::ReleaseId;
use towpath_core::release::{
    ActionKind, Actor, DeploymentStatus, Event, Phase, Release, Step, Task, Tick, Unwritten, leave,
    next, reporting_account,
};
use tracing::Instrument as _;
use tracing::field::Empty;

use crate::perform::perform;
use crate::ports::{Append, AppendError, LoadError, Ports};

/// How a run of the loop ended. All of these are fine: the ledger says how to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driven {
    /// There is no such release.
    Unknown,
    /// Nothing is to be done ever again.
    Done,
    /// It waits: for what, in words.
    Waiting(String),
    /// A call failed in a way that trying again later may mend.
    TryLater(String),
    /// The run's time was used up. The sweeper drives it on.
    OutOfTime,
}

/// Why a run of the loop failed: the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The release could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Entries could not be written.
    #[error("the ledger of {release} could not be written: {problem}")]
    Write {
        release: ReleaseId,
        /// What failed.
        problem: String,
    },
}

/// What is left of a run's time when it stops to begin new things: what is begun then has half of it
/// before the adapters cut its calls.
const RESERVE: Duration = Duration::from_secs(10);

/// When a call that failed is tried again by the sweeper.
const TRY_LATER: SignedDuration = SignedDuration::from_secs(30);

/// How far apart the clocks of two runs may be: for so much longer than its own time a run's intents
/// are left alone.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// How often one run meets another writer before it leaves the release to them.
const MAX_CONFLICTS: u32 = 8;

/// More steps than any release needs in one run; reaching it means that two rules contradict each
/// other, and the release is left as it is rather than driven round in circles.
const MAX_STEPS: u32 = 200;

/// Drives a release as far as it goes now. `time_left` is the time until the function is killed.
///
/// # Errors
/// When the ledger cannot be read or written. Everything else is in the ledger or in [`Driven`].
pub async fn drive<P: Ports>(
    ports: &P,
    id: &ReleaseId,
    actor: &Actor,
    time_left: impl Fn() -> Duration,
) -> Result<Driven, DriveError> {
    // Whatever is logged on the way says of which release it is, and where that stands.
    let span = tracing::info_span!("release", release.id = %id, stage.name = Empty);
    drive_it(ports, id, actor, time_left).instrument(span).await
}

async fn drive_it<P: Ports>(
    ports: &P,
    id: &ReleaseId,
    actor: &Actor,
    time_left: impl Fn() -> Duration,
) -> Result<Driven, DriveError> {
    let Some(release) = ports.load(id).await? else {
        return Ok(Driven::Unknown);
    };
    let run = Run {
        ports,
        actor,
        since: ports.now(),
        view: release.clone(),
        release,
        unwritten: Unwritten::default(),
        muted: false,
        problem: None,
        conflicts: 0,
    };
    run.go(time_left).await
}

struct Run<'a, P> {
    ports: &'a P,
    actor: &'a Actor,
    since: Timestamp,
    /// The release as it is written.
    release: Release,
    /// The release with everything that is not written yet.
    view: Release,
    /// What is not written yet.
    unwritten: Unwritten,
    muted: bool,
    /// The call that failed, after which nothing more is tried, and when it is tried again.
    problem: Option<(String, Timestamp)>,
    conflicts: u32,
}

/// What a write came to.
enum Flushed {
    Written,
    /// Others wrote first: the release was loaded again.
    Reloaded,
}

impl<P: Ports> Run<'_, P> {
    async fn go(mut self, time_left: impl Fn() -> Duration) -> Result<Driven, DriveError> {
        self.accept_reports().await?;
        for _ in 0..MAX_STEPS {
            let now = self.ports.now();
            let moment = Tick {
                now,
                run_started: self.since,
                notifications_failed: self.muted,
            };
            match self.step(moment) {
                Step::Record(events) => self.unwritten.decide(&mut self.view, events, now),
                Step::Perform(_) if time_left() < RESERVE => {
                    // The entries wake nobody, so the sweeper is told to look at once.
                    if matches!(self.flush_and_rest(Some(now)).await?, Flushed::Written) {
                        return Ok(Driven::OutOfTime);
                    }
                }
                Step::Perform(tasks) => self.perform(tasks, now, time_left()).await?,
                Step::Wait(due) => {
                    if self.rest(due, moment).await? {
                        return Ok(match self.problem {
                            Some((problem, _)) => Driven::TryLater(problem),
                            None => Driven::Waiting(
                                waiting(&self.view)
                                    .unwrap_or_else(|| "people to be notified".to_owned()),
                            ),
                        });
                    }
                }
                Step::Done => {
                    if self.rest(None, moment).await? {
                        return Ok(Driven::Done);
                    }
                }
            }
        }
        Err(self.failed("it took more steps than any release needs"))
    }

    fn step(&self, moment: Tick) -> Step {
        if let Some((stage, _)) = self.view.current() {
            tracing::Span::current().record("stage.name", stage.name.as_str());
        }
        match &self.problem {
            None => next(&self.view, moment),
            Some((_, again)) => leave(&self.view, moment, *again),
        }
    }

    /// Writes what is not written yet and leaves the release until `due`. False when it cannot be
    /// left: others have written, or people are to be told of what was just written.
    async fn rest(&mut self, due: Option<Timestamp>, moment: Tick) -> Result<bool, DriveError> {
        let writes = !self.unwritten.is_empty();
        if matches!(self.flush_and_rest(due).await?, Flushed::Reloaded) {
            return Ok(false);
        }
        Ok(!writes
            || match self.step(moment) {
                Step::Wait(again) => again == due,
                Step::Done => due.is_none(),
                Step::Record(_) | Step::Perform(_) => false,
            })
    }

    /// Performs tasks that do not depend on each other.
    async fn perform(
        &mut self,
        tasks: Vec<Task>,
        now: Timestamp,
        time_left: Duration,
    ) -> Result<(), DriveError> {
        let telling = tasks
            .iter()
            .all(|task| task.action.kind() == ActionKind::Notify);
        let until = later(
            now,
            SKEW + SignedDuration::try_from(time_left).unwrap_or_default(),
        );
        let changes = self.unwritten.intend(&self.view, &tasks, until);
        if telling {
            self.unwritten.intend_to_notify(&self.view, &tasks, until);
        }
        // What is acted upon is written first, and what people are told of.
        let unwritten =
            self.unwritten.has_decisions() || ((telling || changes) && self.unwritten.has_facts());
        // If this run dies before its next write, the sweeper looks when it must be dead.
        let due = later(
            now,
            TRY_LATER + SignedDuration::try_from(time_left).unwrap_or_default(),
        );
        if unwritten && matches!(self.flush(Some(due)).await?, Flushed::Reloaded) {
            return Ok(());
        }
        let looks = tasks.iter().any(Task::only_looks);
        let performed = perform(self.ports, &self.view, tasks).await;
        if performed.iter().flat_map(|it| &it.events).any(fails) {
            // What a hook function has reported meanwhile says why, and comes before it.
            if let Err(error) = self.accept_reports().await {
                // A report is the better reason. What was learned must not get lost for it.
                tracing::warn!(release.id = %self.release.id(), %error, "what hook functions have reported meanwhile cannot be read");
            }
            if self.unwritten.has_decisions() {
                // Whether others wrote first or not, what was learned is applied to what is there.
                self.flush(Some(due)).await?;
            }
        }
        let now = self.ports.now();
        let (mut unknown, mut not_done) = (Vec::new(), Vec::new());
        for outcome in performed {
            for event in outcome.events {
                self.unwritten.learn(&mut self.view, event, now);
            }
            let Some(error) = outcome.error else {
                continue;
            };
            if telling {
                tracing::warn!(release.id = %self.release.id(), %error, "people could not be told; trying again later");
                self.muted = true;
                continue;
            }
            tracing::warn!(release.id = %self.release.id(), %error, "a call failed; trying again later");
            match outcome.not_done {
                Some(kind) => not_done.push((kind, error.to_string())),
                None => unknown.push(error.to_string()),
            }
        }
        let said = unknown.iter().chain(not_done.iter().map(|(_, said)| said));
        if let Some(said) = said.cloned().reduce(|all, said| format!("{all}; {said}")) {
            self.problem = Some((said, later(now, TRY_LATER)));
            let (unwritten, view) = (&mut self.unwritten, &mut self.view);
            let said = unknown.join("; ");
            if looks {
                unwritten.look_failed(view, &said, now);
            }
            unwritten.leave_open(view, until, &said, not_done, now);
        }
        Ok(())
    }

    /// Writes what is not written yet; without anything to write, only when to look again.
    async fn flush_and_rest(&mut self, due: Option<Timestamp>) -> Result<Flushed, DriveError> {
        if self.unwritten.is_empty() {
            self.ports
                .set_due(&self.release, due)
                .await
                .map_err(|error| self.failed(error))?;
            return Ok(Flushed::Written);
        }
        self.flush(due).await
    }

    /// Writes what is not written yet. When others have written first, the release is loaded
    /// again: facts stay, decisions are dropped to be made anew.
    async fn flush(&mut self, due: Option<Timestamp>) -> Result<Flushed, DriveError> {
        if self.unwritten.is_empty() {
            return Ok(Flushed::Written);
        }
        let events = self.unwritten.events();
        let append = Append {
            release: &self.release,
            events: &events,
            actor: self.actor,
            at: self.ports.now(),
            wake: false,
            due,
        };
        match self.ports.append(append).await {
            Ok(release) => {
                self.release = release;
                self.unwritten.written();
                self.renew_view();
                Ok(Flushed::Written)
            }
            Err(AppendError::Conflict) => self.reload(|_| true).await,
            Err(AppendError::ServiceCondition) => {
                // What was planned on is no longer so; it is read again.
                let still_so = |event: &Event| !matches!(event, Event::Planned { .. });
                self.reload(still_so).await
            }
            Err(AppendError::Deployment(id)) => {
                // The start's outcome is as unknown as it was: it is looked for again.
                tracing::error!(release.id = %self.release.id(), deployment = %id, "a deployment was taken for this release's, and is another one's");
                self.reload(|event| !event.starts(&id)).await
            }
            Err(AppendError::Call(error)) => Err(self.failed(error)),
        }
    }

    async fn reload(&mut self, still_so: impl Fn(&Event) -> bool) -> Result<Flushed, DriveError> {
        self.conflicts += 1;
        if self.conflicts > MAX_CONFLICTS {
            return Err(self.failed("others wrote first again and again"));
        }
        let id = self.release.id().clone();
        let Some(release) = self.ports.load(&id).await? else {
            return Err(self.failed("it has vanished"));
        };
        self.release = release;
        self.view = self.release.clone();
        let now = self.ports.now();
        // What was read before others wrote is read again before it is acted on.
        self.since = now;
        self.unwritten.others_wrote(&mut self.view, now, still_so);
        self.accept_reports().await?;
        Ok(Flushed::Reloaded)
    }

    /// Takes over what the hook function of the stage's account has reported. It is decided anew
    /// when others write first: they may have taken it over.
    async fn accept_reports(&mut self) -> Result<(), DriveError> {
        let Some(account) = reporting_account(&self.release) else {
            return Ok(());
        };
        let id = self.release.id().clone();
        let reports = self.ports.hook_reports(&account, &id).await;
        for report in reports.map_err(LoadError::from)? {
            let now = self.ports.now();
            let point = (report.deployment.clone(), report.at);
            match report.accept_into(&self.view, &account, now) {
                Ok(events) if events.is_empty() => {}
                Ok(events) => self.unwritten.decide(&mut self.view, events, now),
                Err(error) => {
                    let (deployment, at) = point;
                    tracing::error!(release.id = %id, %account, %deployment, ?at, %error, "a hook function's report is not taken over");
                }
            }
        }
        Ok(())
    }

    /// Brings the view up to the entries that were written, keeping what was learned that is not
    /// worth a line: when things were read.
    fn renew_view(&mut self) {
        let read = fresh_plan(&self.view);
        let observed = observed(&self.view);
        let watched = watched(&self.view);
        self.view = self.release.clone();
        for (event, at) in read.into_iter().chain(observed).chain(watched) {
            self.view.apply(&event, at);
        }
    }

    fn failed(&self, problem: impl ToString) -> DriveError {
        DriveError::Write {
            release: self.release.id().clone(),
            problem: problem.to_string(),
        }
    }
}

/// Whether a deployment is seen to go back or to have gone wrong.
fn fails(event: &Event) -> bool {
    let Event::DeploymentObserved { status, .. } = event else {
        return false;
    };
    match status {
        DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. } => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Replaced { .. } => false,
    }
}

/// The plan that the release stands on, as an event, and when it was read.
fn fresh_plan(release: &Release) -> Option<(Event, Timestamp)> {
    let (stage, rollout) = release.current()?;
    match &rollout.phase {
        Phase::Planned { plan, read_at, .. } => {
            let planned = Event::Planned {
                stage: stage.name.clone(),
                plan: plan.clone(),
            };
            Some((planned, *read_at))
        }
        Phase::Pending | Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. } => None,
    }
}

/// The last look at the deployment, as an event, and when that was.
fn observed(release: &Release) -> Option<(Event, Timestamp)> {
    let deployment = release.active_rollout()?.deployment()?;
    let observed = || Event::DeploymentObserved {
        deployment: deployment.id.clone(),
        status: deployment.status.clone(),
    };
    (deployment.unchanged > 0).then(|| (observed(), deployment.observed_at))
}

/// The last look at the checks, as an event, and when that was.
fn watched(release: &Release) -> Option<(Event, Timestamp)> {
    let at = release.active_rollout()?.watched_at()?;
    let (stage, _) = release.current()?;
    let watched = Event::Watched {
        stage: stage.name.clone(),
    };
    Some((watched, at))
}

fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}
