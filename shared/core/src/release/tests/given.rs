//! Given, when, then: a release is told event by event, and then asked.

use jiff::Timestamp;

use crate::names::{DeploymentId, ReleaseId, StageName};
use crate::pipeline::{HookPoint, Pipeline};
use crate::release::{
    Accepted, Action, ActionKind, Actor, Candidate, CheckResult, Decision, DeploymentStatus,
    DeploymentStep, Entry, Event, Incoming, Observe, Outcome, Plan, PlanRequest, Principal,
    Refusal, Release, RollBack, ScalingState, ServiceId, Step, StoredNow, Task, Tick, accept, next,
    pending_notifications, release_id,
};
use crate::sample;

/// A pipeline to which something is pushed.
pub(crate) struct Given(Pipeline);

/// A release so far, and the time.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) release: Release,
    pub(crate) now: Timestamp,
    since: Timestamp,
    muted: bool,
}

pub(crate) fn given(pipeline: Pipeline) -> Given {
    Given(pipeline)
}

pub(crate) fn stage(name: &str) -> StageName {
    name.parse().expect("a stage name")
}

pub(crate) fn deployment(id: &str) -> DeploymentId {
    id.parse().expect("a deployment id")
}

/// Another release, older or newer by when its image arrived.
pub(crate) fn other(tag: &str, arrived_at: Timestamp) -> Candidate {
    let image = sample::image(tag, arrived_at);
    Candidate {
        release: release_id(&sample::shop().pipeline, &image.digest, &image.tag),
        tag: image.tag,
        arrived_at,
    }
}

impl Given {
    /// The push that opens the release, in the story's first minute.
    pub(crate) fn pushed(self, tag: &str) -> Story {
        let image = sample::image(tag, sample::dawn());
        let id = release_id(&self.0.pipeline, &image.digest, &image.tag);
        let opened = Event::Opened {
            pipeline: Box::new(self.0),
            version: 3,
            home: sample::home(),
            image,
            rollback: None,
        };
        let actor = Actor::Function("image-push".into());
        let entry = Entry::after(None, &id, sample::dawn(), actor, opened);
        Story {
            release: Release::fold(id, vec![entry]).expect("an opened release"),
            now: sample::dawn(),
            since: sample::dawn(),
            muted: false,
        }
    }
}

impl Story {
    /// The time is so many minutes after the story's first moment. What was read before is read
    /// again, as by a run of the loop that begins now.
    pub(crate) fn at(mut self, minutes: i64) -> Self {
        self.now = sample::minute(minutes);
        self.since = self.now;
        self
    }

    /// Telling people has failed in this run.
    pub(crate) fn muted(mut self) -> Self {
        self.muted = true;
        self
    }

    pub(crate) fn happened(mut self, event: Event) -> Self {
        let last = self.release.entries().last();
        let previous = last.map(|entry| (entry.sequence, &entry.fingerprint));
        let actor = Actor::Function("advance".into());
        let entry = Entry::after(previous, self.release.id(), self.now, actor, event);
        self.release.push(entry);
        self
    }

    pub(crate) fn planned(self, at: &str, plan: Plan) -> Self {
        self.happened(Event::Planned {
            stage: stage(at),
            plan: Box::new(plan),
        })
    }

    /// Planned with nothing in the way, but for what `change` changes.
    pub(crate) fn planned_but(self, at: &str, change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = sample::plan();
        change(&mut plan);
        self.planned(at, plan)
    }

    /// People are asked about what the last plan says, for a day.
    pub(crate) fn asked(self, at: &str, attempt: u32) -> Self {
        let asked = Event::ApprovalRequested {
            stage: stage(at),
            approval: format!("{at}-{attempt}").parse().expect("an approval id"),
            digest: self.release.image().digest,
            spec: sample::plan().spec,
            expires_at: self.now + jiff::SignedDuration::from_hours(24),
            previous: Some(sample::plan().previous),
        };
        self.happened(asked)
    }

    pub(crate) fn voted(self, approval: &str, by: Principal, decision: Decision) -> Self {
        self.happened(Event::Voted {
            approval: approval.parse().expect("an approval id"),
            by,
            decision,
            reason: None,
            message: None,
        })
    }

    /// The release takes the service of the stage.
    pub(crate) fn took(self, at: &str, epoch: u64) -> Self {
        self.happened(Event::RolloutStarted {
            stage: stage(at),
            epoch,
        })
    }

    /// What `next` asks for is meant to be done within a minute.
    pub(crate) fn intended(self) -> Self {
        let actions = self.asks_for();
        let until = self.now + jiff::SignedDuration::from_mins(1);
        self.happened(Event::Intended { actions, until })
    }

    pub(crate) fn registered(self, number: u64) -> Self {
        self.happened(Event::Registered {
            revision: sample::revision(number),
            found: false,
        })
    }

    pub(crate) fn suspended(self) -> Self {
        self.happened(Event::ScalingSuspended {
            state: ScalingState::SUSPENDED,
        })
    }

    pub(crate) fn restored(self) -> Self {
        self.happened(Event::ScalingRestored {
            state: ScalingState::default(),
        })
    }

    pub(crate) fn started(self, id: &str) -> Self {
        self.happened(Event::DeploymentStarted {
            deployment: deployment(id),
            alias: None,
            found: false,
        })
    }

    pub(crate) fn observed(self, id: &str, status: DeploymentStatus) -> Self {
        self.happened(Event::DeploymentObserved {
            deployment: deployment(id),
            status,
        })
    }

    pub(crate) fn refused(self, action: ActionKind, said: &str) -> Self {
        self.happened(Event::ActionRefused {
            action,
            why: sample::refused(said),
        })
    }

    pub(crate) fn ended(self, at: &str, outcome: Outcome, revision: Option<u64>) -> Self {
        self.happened(Event::RolloutEnded {
            stage: stage(at),
            outcome,
            reason: sample::reason(&format!("{outcome} at {at}")),
            revision: revision.map(sample::revision),
        })
    }

    pub(crate) fn woke(self) -> Self {
        let service = self.service(self.release.stage_index().saturating_sub(1));
        self.happened(Event::NextNotified {
            service,
            next: None,
        })
    }

    /// `test` and `staging` are behind the release.
    pub(crate) fn stands_at_production(self) -> Self {
        self.planned("test", sample::plan())
            .took("test", 1)
            .ended("test", Outcome::Succeeded, Some(8))
            .woke()
            .planned("staging", sample::plan())
            .took("staging", 1)
            .ended("staging", Outcome::Succeeded, Some(8))
            .woke()
    }

    /// The release owns `test`'s service and is ready to start its deployment.
    pub(crate) fn ready_at_test(self) -> Self {
        self.planned("test", sample::plan())
            .took("test", 1)
            .intended()
            .registered(8)
            .suspended()
    }

    /// A deployment of the release runs in `test`.
    pub(crate) fn deploying_at_test(self) -> Self {
        self.ready_at_test().intended().started("ecs-svc/1")
    }

    pub(crate) fn service(&self, index: usize) -> ServiceId {
        self.release.service_id(index).expect("a stage")
    }

    pub(crate) fn id(&self) -> &ReleaseId {
        self.release.id()
    }

    pub(crate) fn next(&self) -> Step {
        next(
            &self.release,
            Tick {
                now: self.now,
                run_started: self.since,
                notifications_failed: self.muted,
            },
        )
    }

    /// What to do now, which must be to do something.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        match self.next() {
            Step::Perform(tasks) => tasks,
            step @ (Step::Record(_) | Step::Wait(_) | Step::Done) => {
                panic!("it does not act: {step:?}")
            }
        }
    }

    pub(crate) fn asks_for(&self) -> Vec<Action> {
        self.tasks().into_iter().map(|task| task.action).collect()
    }

    /// The one rollback that it asks for.
    pub(crate) fn rolls_back(&self) -> RollBack {
        let [Action::RollBack(back)] = &self.asks_for()[..] else {
            panic!("it rolls back: {:?}", self.asks_for());
        };
        (**back).clone()
    }

    /// The one plan that it asks for.
    pub(crate) fn plans(&self) -> PlanRequest {
        let [Action::Plan(request)] = &self.asks_for()[..] else {
            panic!("it plans: {:?}", self.asks_for());
        };
        (**request).clone()
    }

    /// The one look that it asks for.
    pub(crate) fn looks(&self) -> Observe {
        let [Action::Observe(observe)] = &self.asks_for()[..] else {
            panic!("it looks at the deployment: {:?}", self.asks_for());
        };
        (**observe).clone()
    }

    pub(crate) fn kinds(&self) -> Vec<ActionKind> {
        self.asks_for().iter().map(Action::kind).collect()
    }

    /// What to write now, which must be something.
    pub(crate) fn records(&self) -> Vec<Event> {
        match self.next() {
            Step::Record(events) => events,
            step @ (Step::Perform(_) | Step::Wait(_) | Step::Done) => {
                panic!("it does not write: {step:?}")
            }
        }
    }

    /// What it waits for, and until when.
    pub(crate) fn waits(&self) -> (String, Option<Timestamp>) {
        match self.next() {
            Step::Wait(due) => (
                crate::message::waiting(&self.release).unwrap_or_default(),
                due,
            ),
            step @ (Step::Record(_) | Step::Perform(_) | Step::Done) => {
                panic!("it does not wait: {step:?}")
            }
        }
    }

    /// How and why the rollout and with it the release are to end now.
    pub(crate) fn gives_up(&self) -> (Outcome, String) {
        let mut events = self.records();
        events.retain(|event| !matches!(event, Event::Held { .. }));
        match events.as_slice() {
            [
                Event::RolloutEnded {
                    outcome,
                    reason,
                    revision: None,
                    ..
                },
                Event::Ended { outcome: whole, .. },
            ] if outcome == whole => (*outcome, reason.to_string()),
            events => panic!("it does not give up: {events:?}"),
        }
    }

    pub(crate) fn accepts(&self, incoming: Incoming) -> Result<Accepted, Refusal> {
        accept(&self.release, incoming, self.now)
    }

    pub(crate) fn pending_notifications(&self) -> Vec<Action> {
        pending_notifications(&self.release)
    }
}

/// A vote while the example's pipeline is stored as it was.
pub(crate) fn vote(approval: &str, by: Principal, decision: Decision) -> Incoming {
    vote_while(kept(), approval, by, decision)
}

pub(crate) fn vote_while(
    stored: StoredNow,
    approval: &str,
    by: Principal,
    decision: Decision,
) -> Incoming {
    Incoming::Vote {
        approval: approval.parse().expect("an approval id"),
        by,
        decision,
        reason: None,
        message: None,
        stored,
    }
}

/// The example's pipeline, stored as it was.
pub(crate) fn kept() -> StoredNow {
    StoredNow::Kept(Box::new(sample::shop()))
}

pub(crate) fn checked(at: &str, by: &str, passed: bool) -> Incoming {
    Incoming::Checked {
        stage: stage(at),
        deployment: deployment(by),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: "answers".parse().expect("a check name"),
            passed,
            detail: "answered 500 in 3 of 3 attempts, expected 200".into(),
        }],
        execution: None,
    }
}

pub(crate) fn rolled_back() -> DeploymentStatus {
    DeploymentStatus::RolledBack {
        reason: sample::fault("the circuit breaker tripped"),
    }
}

pub(crate) fn in_progress(at: &str) -> DeploymentStatus {
    DeploymentStatus::InProgress {
        at: DeploymentStep::named(at),
        traffic: None,
    }
}
