//! One run of the loop: load, decide, write the intent, perform, write what came of it. It goes on
//! one call at a time, so that runs can be interleaved at their calls, and it may die at any.

use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::names::ReleaseId;
use crate::release::{
    Action, ActionKind, Event, Moment, Phase, Release, Step, Task, Unwritten, Wait, announcements,
    leave, next,
};

/// How long a run lives at most.
pub const LIFE: SignedDuration = SignedDuration::from_secs(60);

/// How far two clocks may be apart. An intent is left alone that much longer than its run lives.
pub const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// A run of the loop, between two calls.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The release that it drives.
    pub id: ReleaseId,
    /// When it began, truly.
    pub born: Timestamp,
    skew: SignedDuration,
    since: Timestamp,
    written: Release,
    view: Release,
    unwritten: Unwritten,
    muted: bool,
    /// When what has failed is tried again; until then nothing more is tried.
    again: Option<Timestamp>,
    at: At,
}

#[derive(Debug, Clone)]
enum At {
    Deciding,
    Performing(Vec<Task>),
}

/// Whether a run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goes {
    /// It goes on.
    On,
    /// It has ended, and the release is to be looked at then, or never again.
    Rests(Option<Timestamp>),
    /// It has died.
    Dead,
}

/// What came of performing one task.
pub(super) enum Came {
    /// This happened.
    To(Vec<Event>),
    /// It was not carried out, or nobody knows.
    Nothing,
    /// The run died over it.
    Death,
}

impl Run {
    /// A run that begins now, by a clock that is off by `skew`.
    #[must_use]
    pub(super) fn of(world: &World, id: &ReleaseId, skew: SignedDuration) -> Self {
        let release = world.ledger.load(id);
        Self {
            id: id.clone(),
            born: world.now,
            skew,
            since: world.now + skew,
            view: release.clone(),
            written: release,
            unwritten: Unwritten::default(),
            muted: false,
            again: None,
            at: At::Deciding,
        }
    }

    /// Goes on to the next call, and makes it.
    pub(super) fn step(&mut self, world: &mut World) -> Goes {
        if world.now > self.born + LIFE {
            return Goes::Dead;
        }
        match std::mem::replace(&mut self.at, At::Deciding) {
            At::Deciding => self.decide(world),
            At::Performing(tasks) => self.perform(world, tasks),
        }
    }

    /// Whether others have written since the run has read or written last.
    pub(super) fn is_behind(&self, world: &World) -> bool {
        world.ledger.load(&self.id).entries().len() > self.written.entries().len()
    }

    fn now(&self, world: &World) -> Timestamp {
        world.now + self.skew
    }

    fn decide(&mut self, world: &mut World) -> Goes {
        let moment = Moment {
            now: self.now(world),
            since: self.since,
            muted: self.muted,
        };
        let step = match self.again {
            None => next(&self.view, moment),
            Some(again) => {
                let until = Wait {
                    what: "what failed to be tried again".into(),
                    due: Some(again),
                };
                leave(&self.view, moment, until)
            }
        };
        match step {
            Step::Record(events) => {
                self.unwritten.decide(&mut self.view, events, moment.now);
                Goes::On
            }
            Step::Perform(tasks) => {
                let intended: Vec<_> = tasks
                    .iter()
                    .map(|task| &task.action)
                    .filter(|action| action.needs_intent())
                    .cloned()
                    .collect();
                let intends = !intended.is_empty();
                if intends {
                    let until = moment.now + LIFE + SKEW + SKEW;
                    self.unwritten.intend(&self.view, intended, until);
                }
                let telling = tasks
                    .iter()
                    .any(|task| task.action.kind() == ActionKind::Tell);
                // What is acted upon is written first, and what people are told of.
                let unwritten = self.unwritten.has_decisions()
                    || ((telling || intends) && self.unwritten.has_facts());
                if !unwritten || self.flush(world) {
                    self.at = At::Performing(tasks);
                }
                Goes::On
            }
            Step::Wait(wait) => self.rest(world, wait.due),
            Step::Done => self.rest(world, None),
        }
    }

    fn rest(&mut self, world: &mut World, due: Option<Timestamp>) -> Goes {
        // What is written now may be something to tell people of.
        let writes = !self.unwritten.is_empty();
        if writes {
            self.flush(world);
            return Goes::On;
        }
        Goes::Rests(due)
    }

    /// What is written, people could be told of, and were not told of, though telling them has not
    /// failed.
    pub(super) fn untold(&self) -> Vec<Action> {
        match self.muted {
            true => Vec::new(),
            false => announcements(&self.written),
        }
    }

    fn perform(&mut self, world: &mut World, tasks: Vec<Task>) -> Goes {
        let telling = tasks
            .iter()
            .all(|task| task.action.kind() == ActionKind::Tell);
        let mut later = false;
        for task in tasks {
            match world.perform(&self.view, &task) {
                Came::To(events) => {
                    for event in events {
                        let now = self.now(world);
                        self.unwritten.learn(&mut self.view, event, now);
                    }
                }
                Came::Nothing => later = true,
                Came::Death => return Goes::Dead,
            }
        }
        if later && telling {
            self.muted = true;
        } else if later {
            self.again = Some(self.now(world) + SignedDuration::from_secs(30));
        }
        Goes::On
    }

    /// Writes what is not written. When others were first, the release is loaded again: what has
    /// happened stays, what was decided is decided anew.
    fn flush(&mut self, world: &mut World) -> bool {
        if self.unwritten.is_empty() {
            return true;
        }
        let events = self.unwritten.events();
        let now = self.now(world);
        match world.append(&self.written, &events, now) {
            Ok(after) => {
                // If this run dies before its next write, it is looked at when it must be dead.
                world.due.insert(self.id.clone(), world.now + LIFE + SKEW);
                let read = self.plan_that_was_read();
                self.written = after;
                self.view = self.written.clone();
                self.unwritten.written();
                if let Some(read) = read {
                    self.view.apply(&read, now);
                }
                true
            }
            Err(_) => {
                self.written = world.ledger.load(&self.id);
                self.view = self.written.clone();
                self.since = now;
                // What was planned on is no longer so.
                let still_so = |event: &Event| !matches!(event, Event::Planned { .. });
                self.unwritten.others_wrote(&mut self.view, now, still_so);
                false
            }
        }
    }

    fn plan_that_was_read(&self) -> Option<Event> {
        let (stage, rollout) = self.view.current()?;
        match &rollout.phase {
            Phase::Planned { plan, .. } => Some(Event::Planned {
                stage: stage.name.clone(),
                plan: plan.clone(),
            }),
            Phase::Pending | Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. } => None,
        }
    }
}
