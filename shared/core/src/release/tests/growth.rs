//! What alternates without an end adds no entries without an end, and what is acted upon is written
//! all the same.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

use super::given::{deployment, in_progress, other};
use crate::names::ReleaseId;
use crate::release::{
    Accepted, Action, ActionKind, Actor, Block, DeploymentStatus, Entry, Event, Incoming, Outcome,
    Phase, Plan, Principal, Release, ShiftedStep, Step, Tick, Unwritten, accept, next, release_id,
    reporter,
};
use crate::sample;

/// More entries than any one stage of any release has, as `docs/decisions/0017-bounded-growth.md` says.
const BOUND: usize = 1_000;

/// What is seen in turn, each again and again.
#[derive(Debug, Clone)]
struct Odd {
    plans: Vec<Plan>,
    statuses: Vec<DeploymentStatus>,
    /// Whether a change comes about, or nobody knows.
    deeds: Vec<bool>,
    /// Whether what may have come about is looked for, and not seen.
    looks: bool,
    /// Whether somebody else has the deployment group.
    taken: Vec<bool>,
    /// Whether the rollback has a deployment of its own.
    backs: Vec<bool>,
    /// How many minutes pass.
    pauses: Vec<u8>,
}

/// A release in an odd world.
struct Life {
    odd: Odd,
    release: Release,
    now: Timestamp,
    turn: usize,
}

fn in_turn<T: Clone>(all: &[T], turn: usize) -> T {
    all[turn % all.len()].clone()
}

/// A stage that may take as long as any.
fn opened(stage: usize) -> Release {
    let mut json = sample::shop_json();
    let mut stage = json["stages"][stage].take();
    stage["timeout"] = "30d".into();
    stage["bake"] = "30d".into();
    stage["checks"] =
        json!([{ "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } }]);
    if let Some(stage) = stage.as_object_mut() {
        stage.remove("approval");
    }
    json["stages"] = json!([stage]);
    let pipeline = sample::silent(sample::pipeline(json));
    let image = sample::image("3f2c1ab", sample::dawn());
    let id = release_id(&pipeline.pipeline, &image.digest, &image.tag);
    let opened = Event::Opened {
        pipeline: Box::new(pipeline),
        version: 3,
        home: sample::home(),
        image,
        rollback: None,
    };
    let entry = Entry::after(None, &id, sample::dawn(), actor(), opened);
    Release::fold(id, vec![entry]).expect("an opened release")
}

fn actor() -> Actor {
    Actor::Function("advance".into())
}

impl Life {
    fn of(stage: usize, odd: Odd) -> Self {
        Self {
            odd,
            release: opened(stage),
            now: sample::dawn(),
            turn: 0,
        }
    }

    fn write(&mut self, events: Vec<Event>) {
        for event in events {
            let last = self.release.entries().last();
            let last = last.map(|entry| (entry.sequence, &entry.fingerprint));
            let entry = Entry::after(last, self.release.id(), self.now, actor(), event);
            self.release.push(entry);
        }
    }

    /// One run of the loop, and what is reported before it.
    fn run(&mut self) {
        self.turn += 1;
        let minutes = in_turn(&self.odd.pauses, self.turn);
        self.now += SignedDuration::from_mins(i64::from(minutes));
        self.report();
        let since = self.now;
        let mut view = self.release.clone();
        let mut unwritten = Unwritten::default();
        for _ in 0..200 {
            let moment = Tick {
                now: self.now,
                run_started: since,
                notifications_failed: true,
            };
            match next(&view, moment) {
                Step::Record(events) => unwritten.decide(&mut view, events, self.now),
                Step::Perform(tasks) => {
                    let until = self.now + SignedDuration::from_mins(1);
                    if unwritten.intend(&view, &tasks, until) {
                        self.write(unwritten.events());
                        unwritten.written();
                    }
                    let mut fails = false;
                    for task in tasks {
                        match self.came_of(&task.action) {
                            Some(event) => unwritten.learn(&mut view, event, self.now),
                            None => fails = true,
                        }
                    }
                    if fails {
                        let said = "no answer in time";
                        unwritten.leave_open(&mut view, until, said, Vec::new(), self.now);
                        break;
                    }
                    self.write_facts(&mut view, &mut unwritten);
                }
                Step::Wait(_) | Step::Done => break,
            }
        }
        self.write(unwritten.events());
    }

    /// Writes what has happened. What was read and is not worth a line is kept in mind.
    fn write_facts(&mut self, view: &mut Release, unwritten: &mut Unwritten) {
        if unwritten.is_empty() {
            return;
        }
        let known = std::mem::replace(view, self.release.clone());
        self.write(unwritten.events());
        unwritten.written();
        view.clone_from(&self.release);
        if let Some(look) = known.active_rollout().and_then(|live| live.deployment()) {
            let seen = Event::DeploymentObserved {
                deployment: look.id.clone(),
                status: look.status.clone(),
            };
            view.apply(&seen, look.observed_at);
        }
        if let Some((stage, rollout)) = known.current()
            && let Phase::Planned { plan, read_at, .. } = &rollout.phase
        {
            let planned = Event::Planned {
                stage: stage.name.clone(),
                plan: plan.clone(),
            };
            view.apply(&planned, *read_at);
        }
    }

    fn report(&mut self) {
        let state = format!("report {}", self.turn);
        let Some(from) = reporter(&self.release) else {
            return;
        };
        let incoming = Incoming::DeploymentReported {
            deployment: deployment("d-1"),
            state,
            from,
        };
        if let Ok(Accepted::Add(events)) = accept(&self.release, incoming, self.now) {
            self.write(events);
        }
    }

    /// What comes of an action, if anything does.
    fn came_of(&mut self, action: &Action) -> Option<Event> {
        self.turn += 1;
        let turn = self.turn;
        let (stage, _) = self.release.current()?;
        let stage = stage.name.clone();
        if action.needs_intent() && !in_turn(&self.odd.deeds, turn) {
            let kind = action.kind();
            let is_looked_for = matches!(kind, ActionKind::Register | ActionKind::Start);
            return (self.odd.looks && is_looked_for).then_some(Event::NotSeen { action: kind });
        }
        let taken = in_turn(&self.odd.taken, turn);
        Some(match action.kind() {
            ActionKind::Plan => Event::Planned {
                stage,
                plan: Box::new(in_turn(&self.odd.plans, turn)),
            },
            ActionKind::Register => Event::Registered {
                revision: sample::revision(8),
                found: false,
            },
            ActionKind::SuspendScaling => Event::ScalingSuspended {
                state: crate::release::ScalingState::SUSPENDED,
            },
            ActionKind::RestoreScaling => return None,
            ActionKind::Start if taken => Event::GroupTaken {
                stage,
                by: Some(deployment(&format!("d-other-{}", turn % 2))),
            },
            ActionKind::Start => Event::DeploymentStarted {
                deployment: deployment("d-1"),
                alias: None,
                found: false,
            },
            // Looking whether another deployment is over.
            ActionKind::Observe if self.release.active_rollout()?.deployment().is_none() => {
                Event::GroupFreed { stage }
            }
            ActionKind::Observe => Event::DeploymentObserved {
                deployment: deployment("d-1"),
                status: in_turn(&self.odd.statuses, turn),
            },
            ActionKind::Continue => Event::TrafficAllowed {
                deployment: deployment("d-1"),
                pause: None,
            },
            ActionKind::RollBack => Event::RollbackStarted {
                deployment: in_turn(&self.odd.backs, turn).then(|| deployment("d-back")),
                alias: None,
                reason: sample::failed("it is odd"),
                outcome: Outcome::RolledBack,
                hold: false,
            },
            ActionKind::RunChecks => Event::Watched { stage },
            ActionKind::Supersede => Event::Overtook {
                older: older(turn % 3),
            },
            ActionKind::RunTask
            | ActionKind::AnswerHook
            | ActionKind::NotifyNext
            | ActionKind::Notify => return None,
        })
    }
}

fn older(number: usize) -> ReleaseId {
    other(&format!("aaaaaa{number}"), sample::dawn()).release
}

fn status() -> impl Strategy<Value = DeploymentStatus> {
    let text = || prop::sample::select(vec!["1 of 4 tasks run", "2 of 4 tasks run", "odd"]);
    prop_oneof![
        4 => text().prop_map(in_progress),
        1 => prop::option::of(Just("a/b/pause".to_owned())).prop_map(|pause| DeploymentStatus::Ready {
            pause: pause.and_then(|pause| pause.parse().ok()),
        }),
        1 => any::<bool>().prop_map(|kept| DeploymentStatus::Shifted {
            at: if kept { ShiftedStep::KeepingOldTasks } else { ShiftedStep::StoppingOldTasks },
        }),
        1 => Just(DeploymentStatus::Succeeded),
        1 => text().prop_map(|reason| DeploymentStatus::RollingBack {
            reason: sample::fault(reason),
            by: None,
        }),
        1 => text().prop_map(|reason| DeploymentStatus::FailedInPlace {
            reason: sample::fault(reason),
        }),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    (0..3_u32, 0..4_usize, 0..3_u64, any::<bool>()).prop_map(
        |(count, behind, epoch, older_waits)| {
            let mut plan = sample::plan();
            plan.desired_count = count;
            plan.service.epoch = epoch;
            match behind {
                0 => {
                    plan.service.hold =
                        Some(Block::hold(Principal::Deployer, format!("hold {count}")))
                }
                1 => plan.service.owner = Some(older(0)),
                2 => plan.service.owner = Some(older(1)),
                _ => {}
            }
            if older_waits {
                let dawn = sample::dawn() - SignedDuration::from_mins(5);
                plan.service.candidate = Some(other("aaaaaa2", dawn));
            }
            plan
        },
    )
}

fn odd() -> impl Strategy<Value = Odd> {
    let flags = || prop::collection::vec(any::<bool>(), 1..4);
    (
        prop::collection::vec(plan(), 1..5),
        prop::collection::vec(status(), 1..6),
        flags(),
        any::<bool>(),
        flags(),
        flags(),
        prop::collection::vec(0..12_u8, 1..4),
    )
        .prop_map(
            |(plans, statuses, deeds, looks, taken, backs, pauses)| Odd {
                plans,
                statuses,
                deeds,
                looks,
                taken,
                backs,
                pauses,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_alternates_the_ledger_stays_small(odd in odd(), stage in 0..2_usize) {
        let mut life = Life::of(stage, odd);
        for _ in 0..1_500 {
            life.run();
        }
        let entries = life.release.entries();
        prop_assert!(entries.len() < BOUND, "{} entries, at last {:#?}", entries.len(), &entries[entries.len() - 12..]);
    }
}

#[test]
fn what_is_never_seen_is_not_written_for_ever() {
    let odd = Odd {
        plans: vec![sample::plan()],
        statuses: vec![in_progress("1 of 4 tasks run")],
        deeds: vec![false],
        looks: true,
        taken: vec![false],
        backs: vec![false],
        pauses: vec![11],
    };
    for stage in 0..2 {
        let mut life = Life::of(stage, odd.clone());
        for _ in 0..1_500 {
            life.run();
        }
        let entries = life.release.entries();
        assert!(entries.len() < BOUND, "{} entries", entries.len());
    }
}

/// A rollout that has flickered for long.
fn flickering() -> Life {
    let mut life = Life::of(
        1,
        Odd {
            plans: vec![sample::plan()],
            statuses: vec![
                in_progress("1 of 4 tasks run"),
                in_progress("2 of 4 tasks run"),
            ],
            deeds: vec![true],
            looks: false,
            taken: vec![false],
            backs: vec![true],
            pauses: vec![11],
        },
    );
    for _ in 0..400 {
        life.run();
    }
    life
}

#[test]
fn what_is_acted_upon_is_written_however_much_was_seen_before() {
    let written = flickering().release.entries().len();
    let ready = DeploymentStatus::Ready { pause: None };
    let failed = DeploymentStatus::FailedInPlace {
        reason: sample::fault("its tasks stop"),
    };
    let stopped = DeploymentStatus::Stopped {
        reason: sample::fault("somebody did"),
    };
    for status in [ready, failed, stopped, DeploymentStatus::Succeeded] {
        let mut life = flickering();
        life.odd.statuses = vec![status.clone()];
        life.run();
        life.run();
        let new = &life.release.entries()[written..];
        let look = new.iter().position(|entry| {
            matches!(&entry.event, Event::DeploymentObserved { status: seen, .. } if *seen == status)
        });
        assert!(look.is_some(), "{status}: {new:#?}");
        assert!(new.len() > 1, "something is done about it: {new:#?}");
    }
}

#[test]
fn at_which_event_a_deployment_stands_is_written_however_much_was_seen_before() {
    let mut life = flickering();
    let asks = in_progress("AfterAllowTraffic");
    life.odd.statuses = vec![asks.clone()];
    life.run();
    let live = life.release.active_rollout().expect("it goes on");
    assert_eq!(live.deployment().expect("a deployment").status, asks);
}

#[test]
fn a_plan_is_written_when_something_is_decided_on_it() {
    let held = |count: u32| {
        let mut plan = sample::plan();
        plan.desired_count = count;
        plan.service.hold = Some(Block::hold(Principal::Deployer, "look at it first"));
        plan
    };
    let mut life = flickering();
    life.release = opened(1);
    life.odd.plans = vec![held(2), held(3)];
    for _ in 0..100 {
        life.run();
    }
    assert_eq!(life.release.entries().len(), 3, "opened, planned, queued");
    // What differs only in the service's row is what the service is taken by.
    let mut free = held(2);
    free.service.hold = None;
    free.service.epoch = 4;
    life.odd.plans = vec![free.clone()];
    life.run();
    let live = life.release.active_rollout().expect("it takes the service");
    assert_eq!((live.epoch, &live.plan), (5, &free));
}
