//! The ledger in memory, under the conditions that the table's transactions have: entries follow those
//! that were seen, a service's row allows what is written about it, an image that is taken is not
//! vetoed, and a deployment never passes to another release. All of an append is written, or nothing.

mod bulletins;
mod orders;
mod reports;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_core::names::{DeploymentId, PipelineName, ReleaseId};
use towpath_core::release::{
    Actor, Entry, Event, Release, ServiceChange, ServiceId, ServiceRow, ServiceWrite, Summary,
    service_change,
};
use towpath_deployer::ports::{Append, AppendError, CallError, OpenRelease, WAKE_GRACE};

pub(crate) use self::bulletins::{Open, Stored as StoredBulletin};
pub(crate) use self::orders::LetGo;
use self::orders::Orders;
use self::reports::Reports;

#[derive(Default)]
pub(crate) struct Ledger {
    releases: BTreeMap<ReleaseId, Stored>,
    rows: BTreeMap<ServiceId, ServiceRow>,
    deployments: BTreeMap<DeploymentId, ReleaseId>,
    pub(crate) orders: Orders,
    pub(crate) reports: Reports,
    pub(crate) bulletins: BTreeMap<towpath_core::names::BulletinId, StoredBulletin>,
    /// Whether it writes without the conditions on services, which is a flaw.
    careless: bool,
}

/// A release with what its summary says beside it.
struct Stored {
    release: Release,
    /// When the sweeper looks at it; never, if nothing says when.
    due: Option<Timestamp>,
    /// How often the sweeper has woken it since.
    woken: u32,
    summary: OnceCell<Option<Summary>>,
}

impl Stored {
    fn new(release: Release, due: Option<Timestamp>) -> Self {
        Self {
            release,
            due,
            woken: 0,
            summary: OnceCell::new(),
        }
    }

    fn summary(&self) -> Option<&Summary> {
        self.summary
            .get_or_init(|| Summary::of(&self.release))
            .as_ref()
    }
}

/// What an append did.
pub(crate) struct Appended {
    /// The release as it is then.
    pub(crate) release: Release,
    /// What was changed in a service's row.
    pub(crate) change: Option<ServiceChange>,
}

impl Ledger {
    pub(crate) fn new(careless: bool) -> Self {
        Self {
            careless,
            ..Self::default()
        }
    }

    /// The releases, in the order of their ids.
    pub(crate) fn ids(&self) -> Vec<ReleaseId> {
        self.releases.keys().cloned().collect()
    }

    pub(crate) fn release(&self, id: &ReleaseId) -> Option<&Release> {
        self.releases.get(id).map(|stored| &stored.release)
    }

    pub(crate) fn releases(&self) -> impl Iterator<Item = &Release> {
        self.releases.values().map(|stored| &stored.release)
    }

    pub(crate) fn row(&self, id: &ServiceId) -> ServiceRow {
        self.rows.get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&ServiceId, &ServiceRow)> {
        self.rows.iter()
    }

    pub(crate) fn release_of(&self, deployment: &DeploymentId) -> Option<ReleaseId> {
        self.deployments.get(deployment).cloned()
    }

    /// The newest releases of a pipeline first.
    pub(crate) fn newest(&self, pipeline: &PipelineName) -> Option<(ReleaseId, Timestamp)> {
        let of = self
            .releases()
            .filter(|it| it.pipeline().pipeline == *pipeline);
        of.map(|it| (it.id().clone(), it.image().arrived_at))
            .max_by_key(|(id, at)| (*at, id.clone()))
    }

    /// Opens a release, unless it is there.
    pub(crate) fn open(
        &mut self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        if self.releases.contains_key(id) {
            return Err(AppendError::Conflict);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for event in events {
            let entry = following(id, entries.last(), at, actor, event);
            entries.push(entry);
        }
        let release = Release::fold(id.clone(), entries).map_err(|error| CallError::Refused {
            operation: "dynamodb:TransactWriteItems",
            code: "NotARelease".into(),
            message: error.to_string(),
        })?;
        let due = Some(at + WAKE_GRACE);
        self.releases.insert(id.clone(), Stored::new(release, due));
        Ok(())
    }

    /// Adds entries after those that the writer has seen.
    pub(crate) fn append(&mut self, append: &Append<'_>) -> Result<Appended, AppendError> {
        let id = append.release.id();
        let head = |release: &Release| release.entries().last().map(|entry| entry.sequence);
        let stored = self.release(id).and_then(head);
        if stored != head(append.release) {
            return Err(AppendError::Conflict);
        }
        let named: Vec<_> = append
            .events
            .iter()
            .flat_map(Event::new_deployments)
            .filter(|deployment| {
                let owner = self.deployments.get(deployment);
                owner.is_none_or(|owner| owner == id)
                    || append.events.iter().any(|it| it.starts(deployment))
            })
            .cloned()
            .collect();
        if let Some(taken) = named
            .iter()
            .find(|it| self.deployments.get(*it).is_some_and(|owner| owner != id))
        {
            return Err(AppendError::Deployment(taken.clone()));
        }
        let change = service_change(append.release, append.events, append.at);
        if let Some(change) = &change {
            let row = self.changed(change).ok_or(AppendError::ServiceCondition)?;
            self.rows.insert(change.service.clone(), row);
        }
        for deployment in named {
            self.deployments.insert(deployment, id.clone());
        }
        let mut release = append.release.clone();
        for event in append.events {
            let entry = following(id, release.entries().last(), append.at, append.actor, event);
            release.push(entry);
        }
        let checked = append.wake.then(|| append.at + WAKE_GRACE);
        let due = append.due.or(checked);
        self.releases
            .insert(id.clone(), Stored::new(release.clone(), due));
        Ok(Appended { release, change })
    }

    /// The service's row after a change, if it allows it.
    fn changed(&self, change: &ServiceChange) -> Option<ServiceRow> {
        let row = self.row(&change.service);
        if self.careless {
            return Some(carelessly(row, change));
        }
        let takes = matches!(change.write, ServiceWrite::Take { .. });
        if takes && self.orders.veto(&change.digest).is_some() {
            return None;
        }
        row.changed(change).ok()
    }

    /// Removes a release from those that wait for a service.
    pub(crate) fn dequeue(&mut self, service: &ServiceId, waiting: &ReleaseId) {
        if let Some(row) = self.rows.get_mut(service) {
            row.waiting.retain(|one| one.release != *waiting);
        }
    }

    /// Has the sweeper look soon whether `advance` was woken. Whether there is such a release.
    pub(crate) fn woken(&mut self, id: &ReleaseId, at: Timestamp) -> bool {
        let Some(stored) = self.releases.get_mut(id) else {
            return false;
        };
        stored.due = Some(at + WAKE_GRACE);
        stored.woken = 0;
        true
    }

    /// Has the sweeper look again at `again` at what it saw to be due. Whether it still is.
    pub(crate) fn woken_as_due(&mut self, seen: &OpenRelease, again: Timestamp) -> bool {
        let Some(stored) = self.releases.get_mut(&seen.release) else {
            return false;
        };
        let is_open = stored.summary().is_some_and(|summary| summary.open);
        if !is_open || stored.due != seen.due {
            return false;
        }
        stored.due = Some(again);
        stored.woken = seen.woken + 1;
        true
    }

    /// Sets when the sweeper looks at a release, unless somebody has written to it since.
    pub(crate) fn set_due(&mut self, release: &Release, due: Option<Timestamp>) {
        if let Some(stored) = self.releases.get_mut(release.id())
            && stored.release.entries().len() == release.entries().len()
        {
            stored.due = due;
            stored.woken = 0;
        }
    }

    /// The open releases, the most overdue first.
    pub(crate) fn watched(&self) -> Vec<OpenRelease> {
        let mut open: Vec<_> = self
            .releases
            .values()
            .filter_map(|stored| {
                let summary = stored.summary()?;
                summary.open.then(|| OpenRelease {
                    release: summary.release.clone(),
                    due: stored.due,
                    woken: stored.woken,
                    moving_since: summary.moving_since,
                    blocked_by: summary.blocked_by.clone(),
                })
            })
            .collect();
        open.sort_by_key(|it| (it.due.unwrap_or(Timestamp::MAX), it.release.clone()));
        open
    }
}

/// The row after a change that it may not allow: as if whoever writes owned it.
fn carelessly(mut row: ServiceRow, change: &ServiceChange) -> ServiceRow {
    let as_it_is = row.clone();
    match &change.write {
        ServiceWrite::Arrive => row.candidate = None,
        ServiceWrite::Enqueue | ServiceWrite::Leave => {}
        ServiceWrite::Take { epoch } | ServiceWrite::TakeForRollback { epoch } => {
            row.owner = None;
            row.hold = None;
            row.candidate = None;
            row.epoch = epoch.saturating_sub(1);
        }
        ServiceWrite::Hold { epoch, .. } => {
            row.owner = None;
            row.hold = None;
            row.epoch = *epoch;
        }
        ServiceWrite::Fence { .. } => return as_it_is,
        ServiceWrite::LetGo { epoch, .. } => {
            row.owner = Some(change.release.clone());
            row.epoch = *epoch;
        }
    }
    row.changed(change).unwrap_or(as_it_is)
}

fn following(
    id: &ReleaseId,
    last: Option<&Entry>,
    at: Timestamp,
    actor: &Actor,
    event: &Event,
) -> Entry {
    let previous = last.map(|last| (last.sequence, &last.fingerprint));
    Entry::after(previous, id, at, actor.clone(), event.clone())
}
