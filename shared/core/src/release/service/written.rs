//! What each change makes of a service's row, and which rows allow it: the meaning of what the ledger's
//! store does, for whoever has the row in memory.

use super::{Arrival, Candidate, ServiceChange, ServiceRow, ServiceWrite};
use crate::release::Block;

/// The row does not allow the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service's row does not allow it")]
pub struct NotAllowed;

impl ServiceChange {
    /// The release that writes, as it stands at the service.
    #[must_use]
    pub fn candidate(&self) -> Candidate {
        Candidate {
            release: self.release.clone(),
            tag: self.tag.clone(),
            arrived_at: self.arrived_at,
        }
    }
}

impl ServiceRow {
    /// The row after a change. That the image is not vetoed, which taking a service asks for as well,
    /// is not written here.
    ///
    /// # Errors
    /// When the row does not allow the change.
    pub fn changed(&self, change: &ServiceChange) -> Result<Self, NotAllowed> {
        if !self.allows(change) {
            return Err(NotAllowed);
        }
        let mut row = self.clone();
        row.write(change);
        Ok(row)
    }

    /// Whether the row allows a change.
    #[must_use]
    pub fn allows(&self, change: &ServiceChange) -> bool {
        let overtaken = self
            .candidate
            .as_ref()
            .is_some_and(|candidate| candidate.is_newer_than(change.arrived_at));
        let owns = |epoch: u64| self.owner.as_ref() == Some(&change.release) && self.epoch == epoch;
        match &change.write {
            ServiceWrite::Arrive => !overtaken,
            ServiceWrite::Enqueue | ServiceWrite::Leave => true,
            ServiceWrite::TakeForRollback { epoch } => {
                self.owner.is_none() && self.epoch.checked_add(1) == Some(*epoch)
            }
            ServiceWrite::Hold { epoch, arrival, .. } => {
                let arrives = *arrival == Some(Arrival::Candidate);
                self.owner.is_none()
                    && self.hold.is_none()
                    && self.epoch == *epoch
                    && !(arrives && overtaken)
            }
            ServiceWrite::Take { epoch } => {
                self.owner.is_none()
                    && self.hold.is_none()
                    && !overtaken
                    && self.epoch.checked_add(1) == Some(*epoch)
            }
            ServiceWrite::Fence { epoch } | ServiceWrite::LetGo { epoch, .. } => owns(*epoch),
        }
    }

    /// Writes a change, whether or not the row allows it.
    pub(crate) fn write(&mut self, change: &ServiceChange) {
        let candidate = || Some(change.candidate());
        match &change.write {
            ServiceWrite::Arrive => self.candidate = candidate(),
            ServiceWrite::Enqueue => self.enqueue(change),
            ServiceWrite::Leave => self.leave(change),
            ServiceWrite::Take { epoch } => {
                self.candidate = candidate();
                self.take(change, *epoch);
            }
            ServiceWrite::TakeForRollback { epoch } => self.take(change, *epoch),
            ServiceWrite::Hold {
                reason, arrival, ..
            } => {
                self.hold = Some(Block::Release(reason.clone()));
                match arrival {
                    None => {}
                    Some(Arrival::Candidate) => self.candidate = candidate(),
                    Some(Arrival::InOrder) => self.enqueue(change),
                }
            }
            ServiceWrite::Fence { .. } => {}
            ServiceWrite::LetGo {
                good,
                baseline,
                hold,
                ..
            } => {
                self.owner = None;
                self.baseline.clone_from(baseline);
                if let Some((good, earlier)) = good {
                    self.last_good = Some(good.clone());
                    self.history.clone_from(earlier);
                }
                if let Some(reason) = hold {
                    self.hold = Some(Block::Release(reason.clone()));
                }
            }
        }
    }

    fn take(&mut self, change: &ServiceChange, epoch: u64) {
        self.leave(change);
        self.owner = Some(change.release.clone());
        self.taken_by = Some(change.release.clone());
        self.epoch = epoch;
    }

    fn enqueue(&mut self, change: &ServiceChange) {
        self.leave(change);
        self.waiting.push(change.candidate());
        self.waiting
            .sort_by_key(|it| (it.arrived_at, it.release.clone()));
    }

    fn leave(&mut self, change: &ServiceChange) {
        self.waiting.retain(|other| other.release != change.release);
    }
}
