//! What one run of the loop knows of a release and has not written yet, and what of it is worth a
//! line of the ledger at all.
//!
//! | what was read or has happened | is written |
//! |---|---|
//! | a plan that says what the last one said, the service's row included | not at all |
//! | another plan | with the first thing that is decided or done on it |
//! | a deployment that stands as it stood | once after each report |
//! | a deployment that stands otherwise | while few looks are written, or it stands as it never did; then only if something else is decided or done |
//! | that checks or a deployment group were looked at | not at all |
//! | anything else | always |
//!
//! So the ledger has everything that was acted upon, and what alternates without an end adds no
//! entries without an end ([why](../../../../docs/decisions/0017-bounded-growth.md)).

use std::mem::discriminant;

use jiff::Timestamp;

use super::next::{Step, Task, Tick, next};
use super::notification::notification_intents;
use super::outstanding::Outstanding;
use super::rollout::{DeploymentStatus, DeploymentStep};
use super::{Action, ActionKind, Event, Release};
use crate::names::DeploymentId;

/// How many looks at one deployment are written whatever they show.
pub(crate) const MAX_POLLS: usize = 60;

/// How many looks at one deployment are written that show what no look did before.
pub(crate) const MAX_NEW_POLLS: usize = 2 * MAX_POLLS;

/// What is not written yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unwritten {
    /// A plan that nothing was decided on yet.
    reading: Option<Event>,
    /// What has happened: it stays true whatever others write.
    facts: Vec<Event>,
    /// What was decided: it is decided anew when others write first.
    decisions: Vec<Event>,
}

/// What becomes of something that was read or has happened.
enum News {
    /// It is written.
    Line(Event),
    /// It is written if something is decided on it.
    Reading(Event),
    /// It is not written, and is kept in mind as this.
    Nothing(Event),
}

impl Unwritten {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.decisions.is_empty()
    }

    /// Whether facts are to be written.
    #[must_use]
    pub fn has_facts(&self) -> bool {
        !self.facts.is_empty()
    }

    /// Whether decisions are to be written.
    #[must_use]
    pub fn has_decisions(&self) -> bool {
        !self.decisions.is_empty()
    }

    /// What is to be written, in its order.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.facts.iter().chain(&self.decisions).cloned().collect()
    }

    /// Something was read or has happened. `view` is the release with everything that is not
    /// written.
    pub fn learn(&mut self, view: &mut Release, event: Event, now: Timestamp) {
        match self.news(view, event, now) {
            News::Line(event) => {
                view.apply(&event, now);
                self.stands_on_the_reading();
                self.facts.push(event);
            }
            News::Reading(event) => {
                view.apply(&event, now);
                self.reading = Some(event);
            }
            News::Nothing(event) => {
                view.apply(&event, now);
                if matches!(event, Event::Planned { .. }) {
                    self.reading = None;
                }
            }
        }
    }

    /// Something was decided.
    pub fn decide(&mut self, view: &mut Release, events: Vec<Event>, now: Timestamp) {
        self.stands_on_the_reading();
        for event in &events {
            view.apply(event, now);
        }
        self.decisions.extend(events);
    }

    /// These tasks are about to be performed, and whether one of them changes anything. That is
    /// written, but of what may be done twice: where it was written often that just this is about to
    /// be done, and nobody knows what came of it. It is not applied to the view: in this run the
    /// outcomes follow at once.
    pub fn intend(&mut self, view: &Release, tasks: &[Task], until: Timestamp) -> bool {
        let intended = tasks.iter().filter(|task| task.action.needs_intent());
        let mut changes = intended
            .clone()
            .filter(|task| !task.only_looks())
            .peekable();
        if changes.peek().is_none() {
            return false;
        }
        self.stands_on_the_reading();
        let makes_anew = changes.any(|task| task.action.kind().makes_anew());
        let actions: Vec<_> = intended.map(|task| task.action.clone()).collect();
        if makes_anew || !view.has_often_intended(&actions) {
            self.decisions.push(Event::Intended { actions, until });
        }
        true
    }

    /// The run is done with what it has intended until then, of which AWS has not done some, and of
    /// the rest it does not know what came of it. Whoever comes next need not wait for it. Over what
    /// others have written since this is not written.
    pub fn leave_open(
        &mut self,
        view: &mut Release,
        until: Timestamp,
        said: &str,
        not_done: Vec<(ActionKind, String)>,
        now: Timestamp,
    ) {
        let outstanding = view.outstanding();
        let Some(outstanding) = outstanding.filter(|it| it.until == until && now < until) else {
            return;
        };
        let open = outstanding.actions.iter().map(Action::kind);
        let is_done = |kind: &ActionKind| !not_done.iter().any(|(other, _)| other == kind);
        let open: Vec<_> = open.filter(is_done).collect();
        let mut events = Vec::new();
        if !open.is_empty() {
            let said = said.to_owned();
            events.push(Event::OutcomeUnknown {
                actions: open,
                said,
            });
        }
        let not_done = not_done.into_iter();
        events.extend(not_done.map(|(action, said)| Event::NotPerformed { action, said }));
        self.decide(view, events, now);
    }

    /// It was looked whether the deployment has been started, in vain: AWS did not let us. That is
    /// written once the time is up after which it is not looked any more, and once.
    pub fn look_failed(&mut self, view: &mut Release, said: &str, now: Timestamp) {
        let action = ActionKind::Start;
        let (Some((stage, _)), Some(live)) = (view.current(), view.active_rollout()) else {
            return;
        };
        let given_up_at = live.given_up_at(stage);
        let failed_at = view.outstanding().and_then(Outstanding::unknown_at);
        let is_known = failed_at.is_some_and(|at| at >= given_up_at);
        if now < given_up_at || is_known || !view.intends(action) {
            return;
        }
        let said = said.to_owned();
        let actions = vec![action];
        self.decide(view, vec![Event::OutcomeUnknown { actions, said }], now);
    }

    /// People are about to be notified in this way. It is not applied to the view either.
    pub fn intend_to_notify(&mut self, view: &Release, tasks: &[Task], until: Timestamp) {
        let notifications: Vec<_> = tasks.iter().map(|task| &task.action).collect();
        let intents = notification_intents(view, &notifications, until);
        self.decisions.extend(intents);
    }

    /// Everything is written, but for a plan that nothing was decided on.
    pub fn written(&mut self) {
        self.facts.clear();
        self.decisions.clear();
    }

    /// Others have written first: facts stay, but for those that are not so any more, and are
    /// applied to the release as it is now. What was read is read again, and what was decided is
    /// decided anew.
    pub fn others_wrote(
        &mut self,
        view: &mut Release,
        now: Timestamp,
        still_so: impl Fn(&Event) -> bool,
    ) {
        self.reading = None;
        self.decisions.clear();
        // Others may have done since what was not seen then.
        self.facts
            .retain(|fact| still_so(fact) && !matches!(fact, Event::NotSeen { .. }));
        for fact in &self.facts {
            view.apply(fact, now);
        }
    }

    /// What follows stands on the plan that was read last, which is written before it.
    fn stands_on_the_reading(&mut self) {
        self.facts.extend(self.reading.take());
    }

    fn news(&self, view: &Release, event: Event, now: Timestamp) -> News {
        if let Event::Planned { .. } = &event {
            return match self.last_plan(view, &event) == Some(&event) {
                true => News::Nothing(event),
                false => News::Reading(event),
            };
        }
        if let Event::DeploymentObserved { deployment, status } = &event {
            return match same_to_whoever_acts(view, deployment, status, now) {
                None => News::Line(event),
                Some(known) => News::Nothing(Event::DeploymentObserved {
                    deployment: deployment.clone(),
                    status: known,
                }),
            };
        }
        // That it is not there is known.
        let is_known = matches!(&event, Event::NotSeen { action } if view.is_absent(*action));
        match event.traits().written && !is_known {
            true => News::Line(event),
            false => News::Nothing(event),
        }
    }

    /// The last plan of the same stage that is written, or is to be.
    fn last_plan<'a>(&'a self, view: &'a Release, of: &Event) -> Option<&'a Event> {
        let written = view.entries().iter().map(|entry| &entry.event);
        let mut all = written.chain(&self.facts).rev();
        all.find(|event| match (event, of) {
            (Event::Planned { stage, .. }, Event::Planned { stage: at, .. }) => stage == at,
            (_, _) => false,
        })
    }
}

/// The status under which a look is kept in mind without being written; `None` when it is to be
/// written.
fn same_to_whoever_acts(
    view: &Release,
    deployment: &DeploymentId,
    status: &DeploymentStatus,
    now: Timestamp,
) -> Option<DeploymentStatus> {
    let known = view.active_rollout()?.deployment()?;
    if known.id != *deployment {
        return None;
    }
    let same = known.status == *status;
    if same && !known.reported {
        return Some(status.clone());
    }
    let looks: Vec<_> = looks_at(view, deployment).collect();
    if looks.len() < MAX_POLLS {
        return None;
    }
    if same {
        return Some(status.clone());
    }
    let is_new = looks.len() < MAX_NEW_POLLS && !looks.iter().any(|seen| is_alike(seen, status));
    if is_new || is_decisive(view, deployment, status, &known.status, now) {
        return None;
    }
    Some(known.status.clone())
}

/// What the looks at a deployment have shown that are written.
fn looks_at<'a>(
    view: &'a Release,
    at: &'a DeploymentId,
) -> impl Iterator<Item = &'a DeploymentStatus> {
    view.entries().iter().filter_map(move |entry| {
        if let Event::DeploymentObserved { deployment, status } = &entry.event
            && deployment == at
        {
            Some(status)
        } else {
            None
        }
    })
}

/// Whether two differ only in what is said of them.
fn is_alike(one: &DeploymentStatus, other: &DeploymentStatus) -> bool {
    match (one, other) {
        (DeploymentStatus::Ready { pause: one }, DeploymentStatus::Ready { pause: other }) => {
            one == other
        }
        // At which of its events a deployment stands decides who answers its hooks.
        (
            DeploymentStatus::InProgress {
                at: DeploymentStep::Named { name: one, .. },
                ..
            },
            DeploymentStatus::InProgress {
                at: DeploymentStep::Named { name: other, .. },
                ..
            },
        ) => one == other,
        (
            DeploymentStatus::RollingBack { by: one, .. },
            DeploymentStatus::RollingBack { by: other, .. },
        ) => one == other,
        (one, other) => discriminant(one) == discriminant(other),
    }
}

/// Whether something else is decided or done now when the deployment stands so.
fn is_decisive(
    view: &Release,
    deployment: &DeploymentId,
    status: &DeploymentStatus,
    known: &DeploymentStatus,
    now: Timestamp,
) -> bool {
    let deed = |status: &DeploymentStatus| {
        let mut seen = view.clone();
        let look = Event::DeploymentObserved {
            deployment: deployment.clone(),
            status: status.clone(),
        };
        seen.apply(&look, now);
        let moment = Tick {
            now,
            run_started: now,
            notifications_failed: true,
        };
        match next(&seen, moment) {
            Step::Record(events) => Some(Step::Record(events)),
            Step::Perform(tasks) => tasks
                .iter()
                .any(|task| task.action.needs_intent())
                .then_some(Step::Perform(tasks)),
            Step::Wait(_) | Step::Done => None,
        }
    };
    let deed_now = deed(status);
    deed_now.is_some() && deed_now != deed(known)
}
