//! A service's row as the entries of releases and people's orders say that it is, for whoever does
//! not take the row at its word.
//!
//! Whoever takes a service gets the next epoch, so that the rollouts to it have one order whatever
//! the clocks said. A hold lies between two of them, by the epoch that it was written at, and so
//! does an order.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::{
    Arrival, Candidate, ServiceChange, ServiceId, ServiceRow, ServiceWrite, service_change,
};
use crate::names::ReleaseId;
use crate::release::rollout::Phase;
use crate::release::{Block, Directive, Order, Release};

/// What a derived row says otherwise than the entries and orders do.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The attribute.
    pub field: &'static str,
    pub stored: String,
    /// What entries and orders say.
    pub recomputed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            stored,
            recomputed,
        } = self;
        write!(f, "`{field}` is {stored}, and by the entries {recomputed}")
    }
}

impl Difference {
    /// That a field is not what it should be, if it is not.
    pub fn between<T: PartialEq + serde::Serialize>(
        field: &'static str,
        stored: &T,
        recomputed: &T,
    ) -> Option<Self> {
        let said = |value: &T| serde_json::to_string(value).unwrap_or_default();
        (stored != recomputed).then(|| Self {
            field,
            stored: said(stored),
            recomputed: said(recomputed),
        })
    }
}

/// What releases and orders make of a service's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recomputed {
    pub row: ServiceRow,
    /// The epoch of the first rollout that was looked at; what was before it is taken from the row
    /// that its plan had. 0 and 1: nothing was before.
    pub since: u64,
    /// The release that took the service before that one, by the row that its plan had.
    pub before: Option<ReleaseId>,
    /// What entries say against each other: releases were removed, or a row was edited once that
    /// somebody has acted on.
    pub contradictions: Vec<String>,
    /// Whether every release is known that may have touched the service.
    whole: bool,
    /// The newest epoch at which somebody has ordered something: the row cannot be older.
    ordered_at: u64,
    /// Whether something was ordered since the service was taken last that this version does not
    /// understand: who has it, its hold and its baseline are what the row says.
    unread: bool,
    arrivals: Vec<Candidate>,
}

/// What one rollout did to the row.
struct Tenure<'a> {
    release: &'a Release,
    /// The row that its plan was made on.
    saw: ServiceRow,
    take: ServiceChange,
    free: Option<ServiceChange>,
}

impl Recomputed {
    /// The row of `service` by the entries of these releases and the orders about it. `whole` says
    /// that no other release may have touched it; without that, who arrived there, who waits, and
    /// who held it is not known.
    #[must_use]
    pub fn of<'a>(
        service: &ServiceId,
        releases: impl IntoIterator<Item = &'a Release>,
        orders: &[Directive],
        whole: bool,
    ) -> Self {
        let mut told = Claims::default();
        for release in releases {
            told.read_release(service, release);
        }
        told.fold(orders, whole)
    }

    /// What is stored otherwise.
    #[must_use]
    pub fn differences(&self, stored: &ServiceRow) -> Vec<Difference> {
        let row = &self.row;
        let is_rewound = stored.epoch < self.ordered_at;
        let epoch = if is_rewound {
            row.epoch.max(self.ordered_at)
        } else {
            row.epoch
        };
        let mut found = vec![
            Difference::between("epoch", &stored.epoch, &epoch),
            Difference::between("taken_by", &stored.taken_by, &row.taken_by),
            Difference::between("last_good", &stored.last_good, &row.last_good),
            Difference::between("history", &stored.history, &row.history),
        ];
        if !self.unread {
            found.push(Difference::between("owner", &stored.owner, &row.owner));
            found.push(Difference::between(
                "baseline",
                &stored.baseline,
                &row.baseline,
            ));
        }
        // A hold may be another release's.
        let is_known = self.whole || (row.hold.is_some() && stored.hold.is_none());
        if is_known && !self.unread {
            found.push(Difference::between("hold", &stored.hold, &row.hold));
        }
        let overtaken = self.arrivals.iter().rfind(|one| {
            let stored = stored.candidate.as_ref();
            stored.is_none_or(|stored| one.is_newer_than(stored.arrived_at))
        });
        if let Some(newer) = overtaken.filter(|_| !self.whole) {
            let newer = Some(newer);
            found.push(Difference::between(
                "candidate",
                &stored.candidate.as_ref(),
                &newer,
            ));
        }
        if self.whole {
            let newer = |candidate: &Candidate| {
                let all = self.arrivals.iter();
                all.filter(|other| other.is_newer_than(candidate.arrived_at))
                    .count()
            };
            let newest = self.arrivals.iter().min_by_key(|one| newer(one));
            // Of several that are of one age any may have been last.
            let is_one = stored
                .candidate
                .as_ref()
                .is_some_and(|stored| self.arrivals.contains(stored) && newer(stored) == 0);
            if !is_one {
                found.push(Difference::between(
                    "candidate",
                    &stored.candidate.as_ref(),
                    &newest,
                ));
            }
            found.push(Difference::between(
                "waiting",
                &stored.waiting,
                &row.waiting,
            ));
        }
        found.into_iter().flatten().collect()
    }
}

/// What releases tell of a service.
#[derive(Default)]
struct Claims<'a> {
    takes: BTreeMap<u64, Vec<Tenure<'a>>>,
    /// By the epoch at which they were written.
    holds: BTreeMap<u64, Vec<(Timestamp, Block)>>,
    arrivals: Vec<Candidate>,
    waiting: ServiceRow,
}

impl<'a> Claims<'a> {
    fn read_release(&mut self, service: &ServiceId, release: &'a Release) {
        // What somebody else has written in its name did nothing to the row.
        let Some((first, rest)) = release.trusted_entries().split_first() else {
            return;
        };
        let Ok(mut before) = Release::fold(release.id().clone(), vec![first.clone()]) else {
            return;
        };
        for entry in rest {
            let event = std::slice::from_ref(&entry.event);
            let change = service_change(&before, event, entry.at);
            if let Some(change) = change.filter(|change| change.service == *service) {
                self.read_change(release, &before, change, entry.at);
            }
            before.push(entry.clone());
        }
    }

    fn read_change(
        &mut self,
        release: &'a Release,
        before: &Release,
        change: ServiceChange,
        at: Timestamp,
    ) {
        let arrival = || change.candidate();
        match &change.write {
            ServiceWrite::Arrive => self.arrivals.push(arrival()),
            ServiceWrite::Enqueue | ServiceWrite::Leave => self.waiting.write(&change),
            ServiceWrite::Hold {
                epoch,
                reason,
                arrival: arrives,
            } => {
                let holds = self.holds.entry(*epoch).or_default();
                holds.push((at, Block::Release(reason.clone())));
                match arrives {
                    Some(Arrival::Candidate) => self.arrivals.push(arrival()),
                    Some(Arrival::InOrder) | None => {}
                }
            }
            ServiceWrite::Take { epoch } | ServiceWrite::TakeForRollback { epoch } => {
                if let ServiceWrite::Take { .. } = &change.write {
                    self.arrivals.push(arrival());
                }
                self.waiting.write(&ServiceChange {
                    write: ServiceWrite::Leave,
                    ..change.clone()
                });
                self.takes.entry(*epoch).or_default().push(Tenure {
                    release,
                    saw: seen_by(before),
                    take: change,
                    free: None,
                });
            }
            ServiceWrite::Fence { .. } => {}
            ServiceWrite::LetGo { epoch, .. } => {
                let taken = self.takes.entry(*epoch).or_default().iter_mut();
                for taken in taken.filter(|taken| taken.release.id() == release.id()) {
                    taken.free = Some(change.clone());
                }
            }
        }
    }

    fn fold(self, orders: &[Directive], whole: bool) -> Recomputed {
        let last = self.takes.keys().next_back().copied().unwrap_or(0);
        let since = (1..=last)
            .rev()
            .take_while(|epoch| self.takes.contains_key(epoch))
            .last()
            .unwrap_or(0);
        let mut contradictions = Vec::new();
        if whole && since > 1 {
            contradictions.push(format!(
                "no release says that it took the service at epoch {}",
                since - 1
            ));
        }
        let first = self.takes.get(&since).and_then(|taken| taken.first());
        let before = first.and_then(|first| first.saw.taken_by.clone());
        let mut row = match first {
            Some(first) if since > 1 => ServiceRow {
                owner: None,
                candidate: None,
                waiting: Vec::new(),
                ..first.saw.clone()
            },
            Some(_) | None => {
                let mut row = ServiceRow::default();
                between(&mut row, 0, &self.holds, orders);
                row
            }
        };
        for (epoch, taken) in self.takes.range(since..) {
            let ids: Vec<_> = taken
                .iter()
                .map(|taken| taken.release.id().as_str())
                .collect();
            if ids.len() > 1 {
                let ids = ids.join(" and ");
                contradictions.push(format!("epoch {epoch} was taken by {ids}"));
            }
            let Some(taken) = taken.last() else {
                continue;
            };
            contradictions.extend(taken.contradicts(*epoch, &row, orders));
            row.write(&taken.take);
            for order in orders.iter().filter(|one| one.epoch == *epoch && one.owned) {
                apply_order(&mut row, order);
            }
            // Who was made to let it go has written nothing to the row since, whatever it says.
            let has_it = row.owner.as_ref() == Some(taken.release.id());
            if let Some(free) = taken.free.as_ref().filter(|_| has_it) {
                row.write(free);
            }
            if row.owner.is_none() {
                between(&mut row, *epoch, &self.holds, orders);
            }
        }
        row.candidate = None;
        row.waiting = self.waiting.waiting;
        let mut since_last = orders.iter().filter(|one| one.epoch >= last);
        Recomputed {
            row,
            since,
            before,
            contradictions,
            whole,
            ordered_at: orders.iter().map(|one| one.epoch).max().unwrap_or(0),
            unread: since_last.any(|one| one.order().is_none()),
            arrivals: self.arrivals,
        }
    }
}

impl Tenure<'_> {
    /// What the row that the release took the service on said otherwise than the entries before it.
    fn contradicts(&self, epoch: u64, row: &ServiceRow, orders: &[Directive]) -> Option<String> {
        let mut found = vec![
            Difference::between("taken_by", &self.saw.taken_by, &row.taken_by),
            Difference::between("last_good", &self.saw.last_good, &row.last_good),
            Difference::between("history", &self.saw.history, &row.history),
        ];
        let mut before = orders.iter().filter(|one| one.epoch + 1 == epoch);
        let unread = before.clone().any(|one| one.order().is_none());
        if !unread && !before.any(|one| one.order() == Some(Order::LiftHold)) {
            found.push(Difference::between(
                "baseline",
                &self.saw.baseline,
                &row.baseline,
            ));
        }
        if let ServiceWrite::Take { .. } = self.take.write
            && !unread
        {
            found.push(Difference::between("hold", &None, &row.hold));
        }
        let found: Vec<_> = found.into_iter().flatten().collect();
        if found.is_empty() {
            return None;
        }
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        Some(format!(
            "{} took the service at epoch {epoch} on a row in which {}",
            self.release.id(),
            found.join("; ")
        ))
    }
}

/// What happens to the row after the rollout of an epoch and before the next one.
fn between(
    row: &mut ServiceRow,
    epoch: u64,
    holds: &BTreeMap<u64, Vec<(Timestamp, Block)>>,
    orders: &[Directive],
) {
    let mut standing: Vec<(Timestamp, Block)> = row
        .hold
        .take()
        .map(|hold| (Timestamp::MIN, hold))
        .into_iter()
        .collect();
    standing.extend(holds.get(&epoch).into_iter().flatten().cloned());
    for order in orders.iter().filter(|one| one.epoch == epoch && !one.owned) {
        if order.order().is_some_and(Order::sets) {
            standing.push((order.at, order.block()));
        }
    }
    for order in orders.iter().filter(|one| one.epoch == epoch && !one.owned) {
        if order.order() == Some(Order::LiftHold) {
            let lifted = order.lifted.as_deref().map(Block::read);
            let is_lifted = |(_, hold): &(Timestamp, Block)| lifted.as_ref() == Some(hold);
            if let Some(place) = standing.iter().position(is_lifted) {
                standing.remove(place);
            }
            row.baseline = None;
        }
    }
    // No more than one stands at a time.
    let last = standing.into_iter().max_by_key(|(at, _)| *at);
    row.hold = last.map(|(_, hold)| hold);
}

fn apply_order(row: &mut ServiceRow, order: &Directive) {
    match order.order() {
        Some(Order::Hold) => row.hold = Some(order.block()),
        Some(Order::LiftHold) => (row.hold, row.baseline) = (None, None),
        Some(Order::LetGo) => {
            row.hold = Some(order.block());
            (row.owner, row.baseline) = (None, None);
        }
        Some(Order::Veto | Order::LiftVeto) | None => {}
    }
}

/// The row that a release's plan was made on.
fn seen_by(release: &Release) -> ServiceRow {
    match release.current().map(|(_, rollout)| &rollout.phase) {
        Some(Phase::Planned { plan, .. } | Phase::Asking { plan, .. }) => plan.service.clone(),
        Some(Phase::Live(live)) => live.plan.service.clone(),
        Some(Phase::Pending | Phase::Ended { .. }) | None => ServiceRow::default(),
    }
}

/// Compares a service's row with the orders about it and with the entries of the release that, by
/// the row, took the service last: what is to be known before something is done on its word. Without
/// the orders, a hold and a baseline that is gone are not looked at: a lifted hold takes either with
/// it.
///
/// # Errors
/// What the row says otherwise.
pub fn verify_row(
    service: &ServiceId,
    row: &ServiceRow,
    orders: Option<&[Directive]>,
    last: Option<&Release>,
) -> Result<(), Vec<Difference>> {
    let told = Recomputed::of(service, last, orders.unwrap_or_default(), false);
    let mut found = told.differences(row);
    found.retain(|one| match one.field {
        "hold" => orders.is_some(),
        "baseline" => orders.is_some() || row.baseline.is_some(),
        _ => true,
    });
    if found.is_empty() { Ok(()) } else { Err(found) }
}
