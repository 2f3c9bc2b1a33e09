//! Faults have stopped: AWS does what it is asked, people approve, the sweeper sweeps, and everything
//! has to come to rest.

use jiff::{SignedDuration, Timestamp};
use towpath_core::message::APPROVE;
use towpath_core::names::{ApprovalId, ReleaseId};
use towpath_core::release::{Decision, Order, Phase, Subject};

use crate::deliver::{Delivery, What};
use crate::ledger::Open;
use crate::runs::Origin;
use crate::simulation::Simulation;
use crate::story::Story;

/// More than any story needs once faults have stopped.
const PATIENCE: usize = 6_000;

/// When the sweeper's next tick comes at the latest.
pub(crate) const TICK: SignedDuration = SignedDuration::from_secs(60);

/// When the sweeper looks for lost pushes again.
pub(crate) const NEXT_SEARCH: SignedDuration = SignedDuration::from_mins(15);

/// More calls than any run makes.
const MAX_CALLS: usize = 4_000;

impl Story {
    pub(crate) async fn come_to_rest(&mut self) {
        {
            let mut simulation = self.simulation.borrow_mut();
            simulation.dice.calm();
            simulation.judge_calm();
        }
        self.run_all().await;
        self.begin(Origin::Delivery(Delivery::of(What::Sweep("pushes"))));
        for _ in 0..PATIENCE {
            self.run_all().await;
            if self.deliver_all() {
                continue;
            }
            if self.simulation.borrow_mut().ask_people() {
                continue;
            }
            let (is_open, due) = self.simulation.borrow().due();
            let failed = std::mem::take(&mut self.simulation.borrow_mut().sweep_failed);
            if !is_open && failed {
                self.pass(NEXT_SEARCH).await;
                self.begin(Origin::Delivery(Delivery::of(What::Sweep("pushes"))));
                continue;
            }
            if failed {
                self.pass(TICK).await;
            }
            let later = self.simulation.borrow().next_delivery();
            if let Some(due) = later.filter(|_| !is_open) {
                let now = self.simulation.borrow().now;
                self.pass(due.duration_since(now)).await;
                continue;
            }
            if !is_open {
                let mut simulation = self.simulation.borrow_mut();
                simulation.judge_rest();
                return simulation.check_rest();
            }
            let (now, next) = {
                let simulation = self.simulation.borrow();
                let aws = simulation.aws.next_due();
                let next = [aws, simulation.next_delivery()];
                (simulation.now, next.into_iter().flatten().min())
            };
            if due.is_some_and(|due| due <= now) {
                self.begin(Origin::Delivery(Delivery::of(What::Sweep("releases"))));
                continue;
            }
            self.simulation.borrow_mut().judge_pause();
            let next = [next, due].into_iter().flatten().min();
            match next {
                Some(next) => {
                    let time = next.duration_since(now);
                    self.pass(time.max(SignedDuration::from_millis(1))).await;
                }
                None => break,
            }
        }
        let mut simulation = self.simulation.borrow_mut();
        let open = simulation.ledger.watched();
        simulation.violated(format!("I6: it never ends: {open:?}"));
    }

    /// Lets every run come to its end.
    async fn run_all(&mut self) {
        for _ in 0..MAX_CALLS {
            if self.runs.is_empty() {
                return;
            }
            self.step(0).await;
        }
        self.simulation
            .borrow_mut()
            .violated("I6: a run does not end".into());
        self.runs.clear();
    }

    /// Delivers what is to be delivered. Whether anything was.
    pub(crate) fn deliver_all(&mut self) -> bool {
        let keys = self.keys();
        let deliveries = self.simulation.borrow_mut().take_due();
        let any = !keys.is_empty() || !deliveries.is_empty();
        for key in keys {
            self.begin(Origin::Stream(key));
        }
        for delivery in deliveries {
            self.begin(Origin::Delivery(delivery));
        }
        any
    }
}

impl Simulation {
    /// Whether anything is open, and when the sweeper finds it due.
    pub(crate) fn due(&self) -> (bool, Option<Timestamp>) {
        let mut open = self.ledger.watched();
        // Of what is old news nobody is told any more.
        open.retain(|it| it.due.is_some());
        let bulletins = self.ledger.bulletins.values();
        let bulletins: Vec<_> = bulletins.filter(|it| it.open == Open::ToTell).collect();
        let due = open.iter().filter_map(|it| it.due);
        let due = due.chain(bulletins.iter().filter_map(|it| it.due)).min();
        (!open.is_empty() || !bulletins.is_empty(), due)
    }

    /// People lift holds, and approve what they are asked. Whether they had anything to do.
    fn ask_people(&mut self) -> bool {
        let mut any = false;
        let held: Vec<_> = self
            .ledger
            .rows()
            .filter(|(_, row)| row.hold.is_some())
            .map(|(service, _)| service.clone())
            .collect();
        for service in held {
            self.order(Subject::Service(service), Order::LiftHold);
            any = true;
        }
        for (id, approval) in self.asking() {
            if self
                .seen
                .approved_at_rest
                .insert((id.clone(), approval.clone()))
            {
                any |= self.approve(&id, &approval);
            }
        }
        any
    }

    fn asking(&self) -> Vec<(ReleaseId, ApprovalId)> {
        let asks = self.ledger.releases().filter_map(|release| {
            if release.conclusion().is_some() {
                return None;
            }
            let (_, rollout) = release.current()?;
            let approval = match &rollout.phase {
                Phase::Asking { approval, .. } => approval.id.clone(),
                Phase::Live(live) => live.asked.as_ref()?.id.clone(),
                Phase::Pending | Phase::Planned { .. } | Phase::Ended { .. } => return None,
            };
            Some((release.id().clone(), approval))
        });
        asks.collect()
    }

    /// Somebody approves, by the button or by the message.
    fn approve(&mut self, id: &ReleaseId, approval: &ApprovalId) -> bool {
        let named = |text: &str| text.contains(id.as_str()) && text.contains(approval.as_str());
        let mut buttons = self.messages.buttons.iter();
        let button = buttons.find(|it| it.action == APPROVE && named(&it.value));
        if let Some(button) = button.cloned() {
            self.click(&button, "U1");
            return true;
        }
        let wanted = format!("\"decision\":\"{}\"", Decision::Approve);
        let mut answers = self.messages.answers.iter();
        let answer = answers.find(|it| named(it) && it.contains(&wanted));
        if let Some(answer) = answer.cloned() {
            self.answer(&answer);
            return true;
        }
        false
    }
}
