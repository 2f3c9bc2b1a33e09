//! The world: releases, AWS, people and time, and the incidents that befall them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::aws::Aws;
use super::dice::Dice;
use super::ledger::{Ledger, NotWritten};
use super::run::{Goes, LIFE, Run, SKEW};
use super::sample::{self, slack};
use super::telling::Channels;
use crate::names::ReleaseId;
use crate::pipeline::Pipeline;
use crate::release::{
    Accepted, Decision, Event, Incoming, MOST_ATTEMPTS, Principal, Release, ServiceId, StoredNow,
    WantedRollback, accept, open, open_rollback, release_id, reporter,
};

/// A defect that is planted to see that the checks find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// What may have happened before a crash is not looked for before it is done again.
    NoLookForEvidence,
    /// Entries are written without the conditions on the service.
    NoFence,
    /// What runs is not looked at again before it is replaced.
    NoBaseline,
}

/// Everything there is.
#[derive(Debug, Clone)]
pub struct World {
    /// The true time.
    pub now: Timestamp,
    /// The ledger.
    pub ledger: Ledger,
    /// AWS.
    pub aws: Aws,
    /// What is left to chance.
    pub dice: Dice,
    /// What did not hold.
    pub violations: Vec<String>,
    pub(super) flaw: Option<Flaw>,
    pub(super) due: BTreeMap<ReleaseId, Timestamp>,
    pub(super) heard: Vec<(ReleaseId, Incoming)>,
    pub(super) started: BTreeSet<(ReleaseId, usize)>,
    pub(super) takes: Vec<(ServiceId, ReleaseId, Timestamp)>,
    pub(super) channels: Channels,
    pub(super) words: usize,
    pipeline: Pipeline,
    runs: Vec<Run>,
    mail: Vec<(ReleaseId, Incoming)>,
    pushes: usize,
}

/// The tags of what is pushed, each an image of its own or the one of another tag.
const TAGS: [&str; 4] = ["aaaaaaa", "bbbbbbb", "ccccccc", "ddddddd"];

/// More than any story needs once faults have stopped.
const PATIENCE: usize = 2_000;

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(pipeline: Pipeline, dice: Dice, flaw: Option<Flaw>) -> Self {
        Self {
            now: sample::dawn(),
            ledger: Ledger::new(flaw == Some(Flaw::NoFence)),
            aws: Aws::default(),
            dice,
            violations: Vec::new(),
            flaw,
            due: BTreeMap::new(),
            heard: Vec::new(),
            started: BTreeSet::new(),
            takes: Vec::new(),
            channels: Channels::new(),
            words: 0,
            pipeline,
            runs: Vec::new(),
            mail: Vec::new(),
            pushes: 0,
        }
    }

    /// Pushes an image and lets incidents happen until the tape has run out; then lets everything
    /// come to its end, and delivers every fact once more.
    pub fn live_through(&mut self) {
        self.push();
        while !self.dice.is_calm() {
            self.incident();
        }
        self.come_to_rest();
        self.check_folds();
        self.deliver_everything_again();
    }

    /// Lets the next image be pushed, at most four; it may have been pushed before another one
    /// whose event came sooner.
    fn push(&mut self) {
        let Some(tag) = TAGS.get(self.pushes) else {
            return;
        };
        self.pushes += 1;
        let delay = SignedDuration::from_mins(self.dice.roll(3) as i64 * 45);
        let mut image = sample::image(tag, self.now - delay);
        // An image that was pushed before gets a second tag.
        let again = self.dice.roll(8).checked_sub(5);
        if let Some(first) = again.and_then(|index| TAGS.get(index)) {
            image.digest = sample::image(first, self.now).digest;
        }
        let id = release_id(&self.pipeline.pipeline, &image.digest, &image.tag);
        let opened = open(self.pipeline.clone(), 1, sample::home(), image);
        if let Ok(events) = opened {
            self.ledger.open(&id, events, self.now);
            self.due.insert(id, self.now);
        }
    }

    fn incident(&mut self) {
        match self.dice.roll(24) {
            0..=6 => {
                for _ in 0..=self.dice.roll(8) {
                    self.step_a_run();
                }
            }
            7 | 8 => {
                self.begin_a_run();
                self.check_folds();
            }
            9 => self.pass_time(),
            10 => {
                let fate = self.dice.roll(8);
                self.move_aws(fate);
            }
            11..=13 => self.vote(),
            14 => self.deliver_mail(),
            15 => self.deliver_again(),
            16 => self.push(),
            17 => self.roll_back_live(),
            18 => self.roll_back_what_serves(),
            19 => self.veto(),
            20 => self.lift_holds(),
            21 => {
                let taken = self.dice.roll(3);
                if let Some(service) = self.aws.services().nth(taken) {
                    service.take_by_hand();
                }
            }
            _ => {
                let edited = self.dice.roll(3);
                if let Some(service) = self.aws.services().nth(edited) {
                    service.edits += 1;
                }
            }
        }
    }

    fn a_release(&mut self) -> ReleaseId {
        let ids = self.ledger.ids();
        ids[self.dice.roll(ids.len())].clone()
    }

    fn begin_a_run(&mut self) {
        let id = self.a_release();
        let skew = SKEW * [0, 1, -1][self.dice.roll(3)] / 2;
        if self.runs.len() < 4 {
            self.runs.push(Run::of(self, &id, skew));
        }
    }

    fn step_a_run(&mut self) {
        if self.runs.is_empty() {
            return self.begin_a_run();
        }
        let which = self.dice.roll(self.runs.len());
        let mut run = self.runs.swap_remove(which);
        let goes = run.step(self);
        if let Goes::Rests(_) = goes {
            self.check_told(&run);
        }
        match goes {
            Goes::On => self.runs.push(run),
            // What others have written since is looked at first.
            Goes::Rests(_) if run.is_behind(self) => {}
            Goes::Rests(Some(due)) => {
                self.due.insert(run.id, due);
            }
            Goes::Rests(None) => {
                self.due.remove(&run.id);
            }
            Goes::Dead => {}
        }
    }

    fn pass_time(&mut self) {
        let seconds = [1, 20, 61, 600, 4_000, 100_000][self.dice.roll(6)];
        self.now += SignedDuration::from_secs(seconds);
    }

    fn move_aws(&mut self, fate: usize) {
        let reports: Vec<_> = self
            .aws
            .services()
            .flat_map(|service| service.move_on(fate))
            .collect();
        for (id, deployment, state) in reports {
            if let Some(from) = reporter(&self.ledger.load(&id)) {
                let report = Incoming::DeploymentReported {
                    deployment,
                    state,
                    from,
                };
                self.mail.push((id, report));
            }
        }
    }

    fn vote(&mut self) {
        let id = self.a_release();
        let Some(approval) = self.asks(&id) else {
            return;
        };
        let people = [
            slack("U1"),
            slack("U2"),
            Principal::TokenHolder,
            slack("U2"),
            slack("U9"),
            aws_user(),
        ];
        let by = people[self.dice.roll(people.len())].clone();
        let decision = match self.dice.roll(5) {
            0..=3 => Decision::Approve,
            _ => Decision::Reject,
        };
        let fact = Incoming::Vote {
            approval,
            by,
            decision,
            reason: None,
            message: None,
            stored: self.stored(&id),
        };
        self.deliver(&id, fact);
    }

    /// Somebody wants what is being rolled out taken back.
    fn roll_back_live(&mut self) {
        let id = self.a_release();
        let release = self.ledger.load(&id);
        let Some((stage, _)) = release.current() else {
            return;
        };
        let by = [slack("U1"), slack("U9"), aws_user()][self.dice.roll(3)].clone();
        let fact = Incoming::RollBack {
            stage: stage.name.clone(),
            by,
            reason: None,
            stored: self.stored(&id),
        };
        self.deliver(&id, fact);
    }

    /// The release's pipeline, which nobody changes.
    fn stored(&self, id: &ReleaseId) -> StoredNow {
        StoredNow::Kept(Box::new(self.ledger.load(id).pipeline().clone()))
    }

    /// Somebody wants back what served before.
    fn roll_back_what_serves(&mut self) {
        let id = self.a_release();
        let rules = self.ledger.load(&id);
        if rules.rollback().is_some() {
            return;
        }
        let index = self.dice.roll(rules.pipeline().stages.len());
        let Some(service) = rules.service_id(index) else {
            return;
        };
        let row = self.ledger.row(&service);
        let Some(to) = row.way_back().cloned() else {
            return;
        };
        let wanted = WantedRollback {
            stage: rules.pipeline().stages[index].name.clone(),
            from: row
                .good
                .filter(|good| !good.before)
                .map(|good| good.release),
            before: to.before,
            by: aws_user(),
            reason: None,
        };
        let good = self.ledger.load(&to.release);
        for attempt in 0..MOST_ATTEMPTS {
            match open_rollback(&rules, &good, wanted.clone(), row.epoch, attempt) {
                Ok((id, _)) if self.has_ended(&id) => {}
                Ok((id, events)) => {
                    self.ledger.open(&id, events, self.now);
                    self.due.insert(id, self.now);
                    return;
                }
                Err(problem) => return self.violated(problem.to_string()),
            }
        }
    }

    fn has_ended(&self, id: &ReleaseId) -> bool {
        let known = self.ledger.ids().contains(id);
        known && self.ledger.load(id).conclusion().is_some()
    }

    fn veto(&mut self) {
        let id = self.a_release();
        let digest = self.ledger.load(&id).image().digest;
        self.ledger.veto(digest);
        for id in self.ledger.ids() {
            if self.ledger.load(&id).image().digest == digest {
                let fact = Incoming::Veto {
                    by: aws_user(),
                    reason: "it is bad".into(),
                };
                self.deliver(&id, fact);
            }
        }
    }

    fn lift_holds(&mut self) {
        for (service, next) in self.ledger.lift_holds(self.now) {
            self.aws.service(&service).foreign = None;
            if let Some(next) = next {
                self.due.insert(next, self.now);
            }
        }
    }

    /// Reports come in any order, some twice, some never.
    fn deliver_mail(&mut self) {
        if self.mail.is_empty() {
            return;
        }
        let which = self.dice.roll(self.mail.len());
        let (id, fact) = self.mail[which].clone();
        match self.dice.roll(4) {
            0 | 1 => {
                self.mail.swap_remove(which);
                self.deliver(&id, fact);
            }
            2 => {
                self.deliver(&id, fact);
            }
            _ => {
                self.mail.swap_remove(which);
            }
        }
    }

    fn deliver_again(&mut self) {
        if self.heard.is_empty() {
            return;
        }
        let (id, fact) = self.heard[self.dice.roll(self.heard.len())].clone();
        self.must_add_nothing(&id, &fact);
    }

    fn deliver_everything_again(&mut self) {
        for (id, fact) in self.heard.clone().into_iter().rev() {
            self.must_add_nothing(&id, &fact);
        }
    }

    fn must_add_nothing(&mut self, id: &ReleaseId, fact: &Incoming) {
        let release = self.ledger.load(id);
        if let Ok(Accepted::Add(events)) = accept(&release, fact.clone(), self.now) {
            self.violated(format!("{fact:?}, delivered late, added {events:?}"));
        }
    }

    /// Faults have stopped: AWS does what it is asked, people approve, the sweeper sweeps.
    fn come_to_rest(&mut self) {
        self.dice.calm();
        self.now += LIFE + LIFE;
        self.runs.clear();
        for _ in 0..PATIENCE {
            self.move_aws(0);
            self.lift_holds();
            for id in self.ledger.ids() {
                if let Some(approval) = self.asks(&id) {
                    let fact = Incoming::Vote {
                        approval,
                        by: slack("U1"),
                        decision: Decision::Approve,
                        reason: None,
                        message: None,
                        stored: self.stored(&id),
                    };
                    self.deliver(&id, fact);
                }
            }
            let Some((id, due)) = self
                .due
                .iter()
                .min_by_key(|(_, due)| **due)
                .map(|(id, due)| (id.clone(), *due))
            else {
                return self.check_rest();
            };
            self.now = self.now.max(due);
            self.runs.push(Run::of(self, &id, SignedDuration::ZERO));
            for _ in 0..PATIENCE {
                if self.runs.is_empty() {
                    break;
                }
                self.step_a_run();
            }
            if !self.runs.is_empty() {
                return self.violated(format!("I6: a run of {id} does not end"));
            }
        }
        let open = self.due.clone();
        self.violated(format!("I6: it never ends: {open:?}"));
    }

    /// I6: whoever rests has told people what is written, unless that has failed.
    fn check_told(&mut self, run: &Run) {
        let old_news = |ended| self.now > ended + SignedDuration::from_hours(7 * 24);
        let untold = run.untold();
        let ended = self.ledger.load(&run.id).ended_at();
        if !untold.is_empty() && !ended.is_some_and(old_news) {
            self.violated(format!("I6: {} rests and has not told {untold:?}", run.id));
        }
    }

    fn check_rest(&mut self) {
        if self.flaw != Some(Flaw::NoFence) {
            let edited = self.ledger.edited();
            self.violations.extend(edited);
        }
        for id in self.ledger.ids() {
            let release = self.ledger.load(&id);
            if release.conclusion().is_none() {
                self.violated(format!("I6: {id} rests without an outcome"));
            }
            let untold = crate::release::announcements(&release);
            if !untold.is_empty() {
                self.violated(format!("I6: {id} has not told {untold:?}"));
            }
            self.check_channels(&release);
            self.check_card(&release);
        }
    }

    pub(super) fn append(
        &mut self,
        release: &Release,
        events: &[Event],
        at: Timestamp,
    ) -> Result<Release, NotWritten> {
        let (after, change) = self.ledger.append(release, events, at)?;
        self.check_written(release, &after, events, change.as_ref());
        Ok(after)
    }

    /// Words that nobody has said before.
    pub(super) fn words(&mut self) -> String {
        self.words += 1;
        format!("words {} of this world", self.words)
    }

    pub(super) fn violated(&mut self, what: String) {
        self.violations.push(what);
    }
}

fn aws_user() -> Principal {
    Principal::Aws("arn:aws:iam::111111111111:user/U1".into())
}
