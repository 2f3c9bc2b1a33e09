//! A story: what happens while faults go on, until the tape has run out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::SignedDuration;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    Directive, Outcome, Release, ScalingState, ServiceId, ServiceRow, Subject,
};
use towpath_lab_world::Behaviour;

use crate::deliver::{Delivery, What};
use crate::dice::Dice;
use crate::fate::{Fate, Site};
use crate::planted::Flaw;
use crate::runs::{Origin, Run};
use crate::scenario::Scenario;
use crate::script::Fault;
use crate::set_up::SetUp;
use crate::simulation::Simulation;

/// A story that is being told.
pub struct Story {
    pub(crate) simulation: Rc<RefCell<Simulation>>,
    pub(crate) runs: Vec<Run>,
    /// How many runs were begun.
    pub(crate) begun: u64,
    /// The runs that were polled.
    pub(crate) looked: BTreeSet<u64>,
    /// What decides, within one incident, which of several calls is next.
    mix: usize,
}

/// How a release ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The release's tag.
    pub tag: String,
    /// Its outcome; none where it has not ended.
    pub outcome: Option<Outcome>,
    pub reason: String,
    /// Whether it is a rollback.
    pub is_rollback: bool,
}

/// Tells a story from its beginning to its end, with auto scaling suspended in that way at first.
///
/// # Panics
/// When there can be no runtime on this thread, or AWS refuses to be set up.
#[must_use]
pub fn simulate(
    pipeline: Pipeline,
    dice: Dice,
    scaling: ScalingState,
    flaw: Option<Flaw>,
) -> Story {
    let set_up = SetUp {
        pipelines: vec![pipeline],
        scaling,
        ..SetUp::default()
    };
    finish(Simulation::new(&set_up, dice, flaw))
}

/// Tells a story in which nothing is left to chance: an image that behaves in this way is pushed, and
/// these calls meet these fates.
///
/// # Panics
/// When there can be no runtime on this thread, or AWS refuses to be set up.
#[must_use]
pub fn simulate_with(pipeline: Pipeline, image: Behaviour, faults: &[Fault]) -> Story {
    let set_up = SetUp {
        pipelines: vec![pipeline],
        image: Some(image),
        faults: faults.to_vec(),
        ..SetUp::default()
    };
    finish(Simulation::new(&set_up, Dice::new(Vec::new()), None))
}

/// The same, where the clock of a function is off by so much.
///
/// # Panics
/// When there can be no runtime on this thread, or AWS refuses to be set up.
#[must_use]
pub fn simulate_with_clock(
    pipeline: Pipeline,
    image: Behaviour,
    faults: &[Fault],
    (function, off): (&'static str, SignedDuration),
) -> Story {
    let set_up = SetUp {
        pipelines: vec![pipeline],
        image: Some(image),
        faults: faults.to_vec(),
        skew: BTreeMap::from([(function, off)]),
        ..SetUp::default()
    };
    finish(Simulation::new(&set_up, Dice::new(Vec::new()), None))
}

/// Tells a scenario, in which these calls meet these fates.
///
/// # Panics
/// When there can be no runtime on this thread, or AWS refuses to be set up.
#[must_use]
pub fn tell(scenario: &Scenario, faults: &[Fault]) -> Story {
    let set_up = SetUp {
        pipelines: scenario.pipelines.clone(),
        scaling: scenario.scaling,
        faults: faults.to_vec(),
        cues: scenario.cues.clone(),
        ..SetUp::default()
    };
    finish(Simulation::new(&set_up, Dice::new(Vec::new()), None))
}

fn finish(simulation: Simulation) -> Story {
    // Pauses differ by chance, and each time in the same way.
    fastrand::seed(7);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let mut story = Story {
        simulation: Rc::new(RefCell::new(simulation)),
        runs: Vec::new(),
        begun: 0,
        looked: BTreeSet::new(),
        mix: 0,
    };
    runtime.block_on(tokio::task::unconstrained(story.live_through()));
    story
}

impl Story {
    /// What did not hold.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.simulation.borrow().violations.clone()
    }

    /// What people were to do by their cues, and did not.
    pub(crate) fn undone(&self) -> Vec<String> {
        let simulation = self.simulation.borrow();
        let cues = simulation.cues.iter();
        cues.map(|cue| format!("{:?}: {:?}", cue.sign, cue.act))
            .collect()
    }

    /// All that happened, a line each.
    #[must_use]
    pub fn protocol(&self) -> String {
        let releases = self.releases();
        let simulation = self.simulation.borrow();
        simulation.protocol.text(simulation.began, &releases)
    }

    /// How often CodeDeploy has called a rollback a success, where that is planted.
    #[must_use]
    pub fn lies(&self) -> usize {
        self.simulation.borrow().lies
    }

    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.begun
    }

    /// How often which call met which fate.
    #[must_use]
    pub fn fates(&self) -> BTreeMap<(&'static str, Fate), usize> {
        self.simulation.borrow().calls.fates.clone()
    }

    /// Every call that was made, and what may befall it.
    pub(crate) fn sites(&self) -> Vec<Site> {
        self.simulation.borrow().calls.sites.clone()
    }

    /// The releases, in the order of their ids.
    #[must_use]
    pub fn releases(&self) -> Vec<Release> {
        self.simulation
            .borrow()
            .ledger
            .releases()
            .cloned()
            .collect()
    }

    /// A service's row in the ledger.
    #[must_use]
    pub fn row(&self, service: &ServiceId) -> ServiceRow {
        self.simulation.borrow().ledger.row(service)
    }

    /// The orders about a service.
    #[must_use]
    pub fn orders(&self, service: &ServiceId) -> Vec<Directive> {
        let subject = Subject::Service(service.clone());
        self.simulation
            .borrow()
            .ledger
            .orders
            .about(&subject)
            .to_vec()
    }

    /// How the releases ended, in the order of their ids.
    #[must_use]
    pub fn ended(&self) -> Vec<Ended> {
        let simulation = self.simulation.borrow();
        let ended = simulation.ledger.releases().map(|release| {
            let conclusion = release.conclusion();
            Ended {
                tag: release.image().tag.to_string(),
                outcome: conclusion.map(|it| it.outcome),
                reason: conclusion.map_or_else(String::new, |it| it.reason.to_string()),
                is_rollback: release.rollback().is_some(),
            }
        });
        ended.collect()
    }

    /// Two acts: in the second there is something that serves.
    async fn live_through(&mut self) {
        if !self.simulation.borrow().cues.is_empty() {
            let rounds = self.simulation.borrow().cues.len();
            for _ in 0..=rounds {
                self.follow().await;
                self.come_to_rest().await;
                // What was found at rest only may be the sign of what people do next.
                if self.simulation.borrow().cues.is_empty() {
                    break;
                }
            }
            return;
        }
        for (act, until) in [5, 8].into_iter().enumerate() {
            if act > 0 && self.simulation.borrow().dice.is_empty() {
                return;
            }
            self.simulation.borrow_mut().dice.stop_after(until);
            let roll = self.simulation.borrow_mut().dice.roll(3);
            if act == 0 || roll < 2 {
                self.simulation.borrow_mut().push();
            }
            if act > 0 && roll > 0 {
                self.simulation.borrow_mut().click_some(true);
            }
            while !self.simulation.borrow().dice.is_calm() {
                self.incident().await;
            }
            self.come_to_rest().await;
            if !self.simulation.borrow().violations.is_empty() {
                return;
            }
        }
    }

    async fn incident(&mut self) {
        let roll = self.simulation.borrow_mut().dice.roll(32);
        match roll {
            0..=11 => self.go_on().await,
            12..=16 => self.deliver_some(),
            17 | 18 => {
                let times = [1, 20, 61, 61, 300, 300, 600, 600, 1_200, 4_000, 100_000];
                let which = self.simulation.borrow_mut().dice.roll(times.len());
                let seconds = times[which];
                self.pass(SignedDuration::from_secs(seconds)).await;
            }
            19..=22 => self.jump().await,
            23 => self.begin(Origin::Delivery(Delivery::of(What::Sweep("releases")))),
            24 => self.simulation.borrow_mut().reply_some(),
            25 | 26 => self.simulation.borrow_mut().click_some(false),
            27 => self.simulation.borrow_mut().push(),
            28 => self.simulation.borrow_mut().click_some(true),
            29 => self.simulation.borrow_mut().order_some(),
            _ => {
                let roll = self.simulation.borrow_mut().dice.roll(6);
                match roll {
                    0 => self.simulation.borrow_mut().turn_alarm(),
                    1 => self.simulation.borrow_mut().edit_by_hand(),
                    2 => self.begin(Origin::Delivery(Delivery::of(What::Sweep("pushes")))),
                    _ => self.go_on().await,
                }
            }
        }
        if self.simulation.borrow().seen.folds_due() {
            self.simulation.borrow_mut().check_folds();
        }
    }

    /// Some runs go on by some calls.
    async fn go_on(&mut self) {
        if self.runs.is_empty() {
            return self.deliver_some();
        }
        let calls = 1 + self.simulation.borrow_mut().dice.roll(120);
        self.mix = self.simulation.borrow_mut().dice.roll(256);
        // In every other one of these, several runs take turns.
        let (taken, changes) = (self.mix / 2, self.mix % 2 == 1);
        for call in 0..calls {
            if self.runs.is_empty() {
                break;
            }
            let turn = if changes { call } else { 0 };
            let which = (taken + turn) % self.runs.len();
            self.step(which).await;
        }
    }

    /// Which of several calls is next.
    pub(crate) fn mixed(&mut self, of: usize) -> usize {
        // As the congruential generators do: <https://www.ams.org/mcom/1999-68-225/S0025-5718-99-00996-5/>.
        self.mix = self
            .mix
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.mix >> 33) % of
    }

    /// Time goes on to where AWS does something.
    async fn jump(&mut self) {
        let (now, due) = {
            let simulation = self.simulation.borrow();
            (simulation.now, simulation.aws.next_due())
        };
        if let Some(due) = due.filter(|due| *due > now) {
            self.pass(due.duration_since(now)).await;
        }
    }

    /// Something that waits to be delivered is, in any order; some of it twice, some never.
    fn deliver_some(&mut self) {
        if self.runs.len() >= 5 {
            return;
        }
        let mut keys = self.keys();
        let mut simulation = self.simulation.borrow_mut();
        // The stream has one run at a time deal with a key. The loop bears more.
        if simulation.dice.roll(16) == 15 {
            keys = simulation.stream.keys().cloned().collect();
        }
        let all = keys.len() + simulation.deliveries.len();
        if all == 0 {
            return;
        }
        let which = simulation.dice.roll(all);
        let origin = match keys.get(which) {
            Some(key) => Origin::Stream(key.clone()),
            None => {
                let which = which - keys.len();
                let unreliable = simulation.deliveries[which].is_unreliable();
                let fate = if unreliable {
                    simulation.dice.roll(8)
                } else {
                    0
                };
                let delivery = match fate {
                    6 => simulation.deliveries[which].clone(),
                    7 => {
                        simulation.deliveries.remove(which);
                        return;
                    }
                    _ => simulation.deliveries.remove(which),
                };
                Origin::Delivery(delivery)
            }
        };
        drop(simulation);
        self.begin(origin);
    }

    /// The keys of which a record can be delivered now.
    pub(crate) fn keys(&self) -> Vec<crate::deliver::Key> {
        let simulation = self.simulation.borrow();
        let keys = simulation.stream.keys().filter(|key| !self.is_busy(key));
        keys.cloned().collect()
    }
}
