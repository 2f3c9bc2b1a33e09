//! Who may change a service: its row in the ledger, and the changes that entries make to it.
//!
//! A service has one owner at a time. The row's `epoch` grows each time it is taken, and every
//! entry that an owner writes is conditional on its epoch, so that an owner that was thought dead
//! cannot write any more.

mod change;
mod drift;
mod recomputed;
mod written;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Digest, Tag};

pub use change::service_change;
pub use drift::{Drift, SHOWN};
pub use recomputed::{Difference, Recomputed, verify_row};
pub use written::NotAllowed;

use super::{Block, Event, HoldReason, Release, Revision};
use crate::names::{AccountId, ClusterName, Region, ReleaseId, ServiceName};

/// A service, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceId {
    /// The account that holds it.
    pub account: AccountId,
    /// The region that holds it.
    pub region: Region,
    pub cluster: ClusterName,
    pub service: ServiceName,
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            self.account, self.region, self.cluster, self.service
        )
    }
}

/// A service's row in the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRow {
    /// How often the service has been taken.
    #[serde(default)]
    pub epoch: u64,
    /// The release that is being rolled out to it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ReleaseId>,
    /// The release that has taken it last: the owner, or whoever let it go last. Its entries say what
    /// it left here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<ReleaseId>,
    /// The newest release that has arrived at this service's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// The releases that wait here in the order of their arrivals, where the pipeline wants that: the
    /// oldest first, and before all of them the rollbacks that wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Candidate>,
    /// The last release that succeeded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<GoodRelease>,
    /// Those that succeeded before it and were not rolled back, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<GoodRelease>,
    /// The revision that the last rollout left, if that is known: what is found to run instead was
    /// not deployed by Towpath.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Revision>,
    /// Why the service takes no new release, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Block>,
}

/// The newest release that has arrived at a service's stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub release: ReleaseId,
    pub tag: Tag,
    /// When its image arrived under that tag.
    pub arrived_at: Timestamp,
}

impl Candidate {
    /// Whether its image arrived later under its tag. Of two that arrived at the same instant
    /// neither overtakes the other.
    #[must_use]
    pub fn is_newer_than(&self, arrived_at: Timestamp) -> bool {
        self.arrived_at > arrived_at && !crate::planted!(OlderOvertakes)
    }

    /// A release as it stands at its stages.
    #[must_use]
    pub fn of(release: &Release) -> Self {
        let image = release.image();
        Self {
            release: release.id().clone(),
            tag: image.tag.clone(),
            arrived_at: image.arrived_at,
        }
    }

    /// What it makes of an older release.
    pub(in crate::release) fn superseded(self) -> Event {
        Event::Superseded {
            by: self.release,
            tag: self.tag,
        }
    }
}

/// How many earlier good releases are kept.
const MAX_HISTORY: usize = 10;

impl ServiceRow {
    /// What a rollback brings back: the last release that succeeded before the one that runs now.
    #[must_use]
    pub fn previous_good(&self) -> Option<&GoodRelease> {
        self.history.first()
    }

    /// The earlier good releases once `good` has succeeded. Bringing one of them back undoes
    /// everything that came after it. A release whose image got another tag may run with the very
    /// revision of an earlier one, and undoes nothing.
    #[must_use]
    pub fn history_after(&self, good: &GoodRelease) -> Vec<GoodRelease> {
        let known = |earlier: &GoodRelease| {
            (&earlier.release, earlier.is_from_before) == (&good.release, good.is_from_before)
        };
        if let Some(index) = self.history.iter().position(known) {
            return self.history[index + 1..].to_vec();
        }
        let last = self.last_good.iter();
        let last = last.filter(|last| last.revision != good.revision && !known(last));
        let all = last.chain(&self.history).cloned();
        all.take(MAX_HISTORY).collect()
    }
}

/// What ran well on a service: where a rollback goes. The row only names it; with what it ran is
/// taken from the release's own entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodRelease {
    pub release: ReleaseId,
    /// Its image. What ran before the first release has one that nobody has looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The revision that runs it.
    pub revision: Revision,
    /// The revision as which it was registered anew, where that had to be done to bring it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<Revision>,
    /// When it succeeded.
    pub at: Timestamp,
    /// Whether it is not what the release brought but what ran before that, when it was the first
    /// one to come to the service.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_from_before: bool,
}

impl GoodRelease {
    /// The revision with which it was left running.
    #[must_use]
    pub fn left_running(&self) -> &Revision {
        self.anew.as_ref().unwrap_or(&self.revision)
    }
}

/// What an append changes in a service's row, in the same transaction and under the row's own
/// conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceChange {
    pub service: ServiceId,
    /// The release that writes.
    pub release: ReleaseId,
    /// The tag of its image.
    pub tag: Tag,
    /// When the release's image arrived under its tag. A rollback goes before everybody, so that it
    /// counts as arrived before anything did.
    pub arrived_at: Timestamp,
    /// The release's image.
    pub digest: Digest,
    /// What is written.
    pub write: ServiceWrite,
}

/// The ways in which a service's row is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceWrite {
    /// The release arrived at the stage: it becomes the candidate, unless a newer one is.
    Arrive,
    /// The release waits for its turn.
    Enqueue,
    /// The release does not wait any more.
    Leave,
    /// The release takes the service: nobody owns it, nothing newer arrived, no hold, its image is
    /// not vetoed, and the epoch is the one before this.
    Take {
        /// The epoch that the owner gets.
        epoch: u64,
    },
    /// A rollback takes the service: nobody owns it, and the epoch is the one before this. Nothing
    /// else keeps it.
    TakeForRollback {
        /// The epoch that the owner gets.
        epoch: u64,
    },
    /// The service takes no new release, if nobody owns it now and nobody has taken it since it was
    /// looked at.
    Hold {
        /// The epoch that was seen.
        epoch: u64,
        reason: HoldReason,
        /// How the release arrives at the stage with the same entries, if it does.
        arrival: Option<Arrival>,
    },
    /// The release must still own the service.
    Fence {
        /// The owner's epoch.
        epoch: u64,
    },
    /// The owner lets the service go.
    LetGo {
        /// The owner's epoch.
        epoch: u64,
        /// What runs there now, after a success, and what is good of what ran before.
        good: Option<(GoodRelease, Vec<GoodRelease>)>,
        /// The revision that runs now, if that is known.
        baseline: Option<Revision>,
        /// Why the service takes no new release from now on, if so.
        hold: Option<HoldReason>,
    },
}

/// How a release arrives at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It becomes the candidate, unless a newer one is.
    Candidate,
    /// It waits for its turn.
    InOrder,
}
