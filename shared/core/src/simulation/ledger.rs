//! The ledger in memory: conditional on what was read, with the service's row under its own
//! conditions, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_taskdef::image::Digest;

use crate::names::ReleaseId;
use crate::release::{
    Actor, Directive, Entry, Event, Order, Principal, Recomputed, Release, ServiceChange,
    ServiceId, ServiceRow, ServiceWrite, Subject, Upon, service_change, verify_row,
};

/// Every release's entries and every service's row.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    releases: BTreeMap<ReleaseId, Release>,
    rows: BTreeMap<ServiceId, ServiceRow>,
    vetoes: BTreeSet<Digest>,
    orders: BTreeMap<ServiceId, Vec<Directive>>,
    careless: bool,
}

/// Why nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWritten {
    /// Somebody else wrote first.
    Behind,
    /// The service's row does not allow it.
    Service,
}

impl Ledger {
    /// An empty ledger. A careless one writes without the conditions on services, which is a flaw
    /// for trying out the checks.
    #[must_use]
    pub fn new(careless: bool) -> Self {
        Self {
            careless,
            ..Self::default()
        }
    }

    /// The releases, in the order of their ids.
    #[must_use]
    pub fn ids(&self) -> Vec<ReleaseId> {
        self.releases.keys().cloned().collect()
    }

    /// The release.
    ///
    /// # Panics
    /// When there is none of that id.
    #[must_use]
    pub fn load(&self, id: &ReleaseId) -> Release {
        self.releases[id].clone()
    }

    /// The service's row.
    #[must_use]
    pub fn row(&self, id: &ServiceId) -> ServiceRow {
        self.rows.get(id).cloned().unwrap_or_default()
    }

    /// The orders about the service.
    #[must_use]
    pub fn orders(&self, service: &ServiceId) -> &[Directive] {
        self.orders.get(service).map_or(&[], Vec::as_slice)
    }

    /// What rows say otherwise than the entries and orders.
    #[must_use]
    pub fn edited(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (service, row) in &self.rows {
            let orders = self.orders(service);
            let told = Recomputed::of(service, self.releases.values(), orders, true);
            let differences = told.differences(row);
            found.extend(differences.iter().map(|one| format!("{service}: {one}")));
            found.extend(told.contradictions);
            let last = row.taken_by.as_ref().map(|last| &self.releases[last]);
            let verified = verify_row(service, row, Some(orders), last);
            found.extend(
                verified
                    .err()
                    .map(|edited| format!("{service}: {edited:?}")),
            );
        }
        found
    }

    /// Whether the image is vetoed.
    #[must_use]
    pub fn is_vetoed(&self, digest: &Digest) -> bool {
        self.vetoes.contains(digest)
    }

    /// Vetoes the image.
    pub fn veto(&mut self, digest: Digest) {
        self.vetoes.insert(digest);
    }

    /// Lifts the holds of all services, and accepts what runs there. Returns who waits there.
    pub fn lift_holds(&mut self, now: Timestamp) -> Vec<(ServiceId, Option<ReleaseId>)> {
        let held = self.rows.iter_mut().filter(|(_, row)| row.hold.is_some());
        held.map(|(service, row)| {
            let orders = self.orders.entry(service.clone()).or_default();
            let last = orders.last();
            let last = last.map(|last| (last.sequence, last.fingerprint.clone()));
            let upon = Upon {
                last,
                last_of_all: None,
                active: row.hold.clone(),
                epoch: row.epoch,
                owned: row.owner.is_some(),
            };
            let subject = Subject::Service(service.clone());
            let (by, why) = (Principal::TokenHolder, "it is over".to_owned());
            let lift = Directive::next(&upon, &subject, now, by, Order::LiftHold, why);
            orders.push(lift);
            row.hold = None;
            row.baseline = None;
            let waiting = row.waiting.iter().chain(&row.candidate);
            let next = waiting.map(|candidate| candidate.release.clone()).next();
            (service.clone(), next)
        })
        .collect()
    }

    /// Opens a release, unless it is there.
    ///
    /// # Panics
    /// When the events open none.
    pub fn open(&mut self, id: &ReleaseId, events: Vec<Event>, at: Timestamp) {
        if self.releases.contains_key(id) {
            return;
        }
        let mut entries: Vec<Entry> = Vec::new();
        for event in events {
            entries.push(following(id, entries.last(), at, event));
        }
        let release = Release::fold(id.clone(), entries).expect("events that open a release");
        self.releases.insert(id.clone(), release);
    }

    /// Adds events after those that `release` was made of, and returns it as it is then, with the
    /// change that was made to the service's row.
    ///
    /// # Errors
    /// When nothing was written.
    pub fn append(
        &mut self,
        release: &Release,
        events: &[Event],
        at: Timestamp,
    ) -> Result<(Release, Option<ServiceChange>), NotWritten> {
        let stored = self.releases.get(release.id());
        if stored.map(|stored| stored.entries().len()) != Some(release.entries().len()) {
            return Err(NotWritten::Behind);
        }
        let change = service_change(release, events, at);
        if let Some(change) = &change {
            let mut row = self.row(&change.service);
            let vetoed =
                matches!(change.write, ServiceWrite::Take { .. }) && self.is_vetoed(&change.digest);
            if !self.careless && (vetoed || !row.allows(change)) {
                return Err(NotWritten::Service);
            }
            row.write(change);
            self.rows.insert(change.service.clone(), row);
        }
        let mut after = release.clone();
        for event in events {
            let entry = following(release.id(), after.entries().last(), at, event.clone());
            after.push(entry);
        }
        self.releases.insert(release.id().clone(), after.clone());
        Ok((after, change))
    }
}

fn following(id: &ReleaseId, last: Option<&Entry>, at: Timestamp, event: Event) -> Entry {
    let previous = last.map(|last| (last.sequence, &last.fingerprint));
    Entry::after(
        previous,
        id,
        at,
        Actor::Function("simulation".into()),
        event,
    )
}
