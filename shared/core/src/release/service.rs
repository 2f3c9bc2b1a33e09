//! Who may change a service: its row in the ledger, and the changes that entries make to it.
//!
//! A service has one owner at a time. The row's `epoch` grows each time it is taken, and every
//! entry that an owner writes is conditional on its epoch, so that an owner that was thought dead
//! cannot write any more.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, Image, Outcome, Release, Revision};
use crate::image::Digest;
use crate::names::{AccountId, ClusterName, Region, ReleaseId, ServiceName};

/// A service, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceId {
    /// The account that holds it.
    pub account: AccountId,
    /// The region that holds it.
    pub region: Region,
    /// Its cluster.
    pub cluster: ClusterName,
    /// Its name.
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
    /// The newest release that has arrived at this service's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Candidate>,
    /// The last release that succeeded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<Good>,
    /// Why the service takes no new release, if it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
}

/// The newest release that has arrived at a service's stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The release.
    pub release: ReleaseId,
    /// When its image was pushed.
    pub pushed_at: Timestamp,
}

impl Candidate {
    /// The order of releases: by push time, and by id where two were pushed at the same instant.
    #[must_use]
    pub fn is_newer_than(&self, release: &ReleaseId, pushed_at: Timestamp) -> bool {
        (self.pushed_at, &self.release) > (pushed_at, release)
    }
}

/// The last release that succeeded on a service: where a rollback goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Good {
    /// The release.
    pub release: ReleaseId,
    /// Its image.
    pub digest: Digest,
    /// The revision that runs it.
    pub revision: Revision,
    /// When it succeeded.
    pub at: Timestamp,
}

/// What an append changes in a service's row, in the same transaction and under the row's own
/// conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceChange {
    /// The service.
    pub service: ServiceId,
    /// The release that writes.
    pub release: ReleaseId,
    /// When the release's image was pushed.
    pub pushed_at: Timestamp,
    /// What is written.
    pub write: ServiceWrite,
}

/// The ways in which a service's row is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceWrite {
    /// The release arrived at the stage: it becomes the candidate, unless a newer one is.
    Arrive,
    /// The release takes the service: nobody owns it, nothing newer arrived, no hold, and the
    /// epoch is the one before this.
    Take {
        /// The epoch that the owner gets.
        epoch: u64,
    },
    /// The release must still own the service.
    Fence {
        /// The owner's epoch.
        epoch: u64,
    },
    /// The owner lets the service go.
    Free {
        /// The owner's epoch.
        epoch: u64,
        /// What runs there now, after a success.
        good: Option<Good>,
    },
}

/// What appending `events` to `release` does to the row of the service at which it stands.
#[must_use]
pub fn service_change(
    release: &Release,
    events: &[Event],
    now: Timestamp,
) -> Option<ServiceChange> {
    let mut write = release
        .live()
        .map(|live| ServiceWrite::Fence { epoch: live.epoch });
    let mut stage = release.stage_index();
    for event in events {
        match event {
            Event::Planned { stage: name, plan } => {
                // Who knows of a newer release does not arrive: the row would refuse it, and the
                // plan by which it learns that it is superseded with it.
                let newer = plan.service.candidate.as_ref().is_some_and(|candidate| {
                    candidate.is_newer_than(release.id(), release.image().pushed_at)
                });
                if let Some(index) = release.stage_position(name)
                    && !newer
                {
                    stage = index;
                    write = Some(ServiceWrite::Arrive);
                }
            }
            Event::RolloutStarted { epoch, .. } => {
                write = Some(ServiceWrite::Take { epoch: *epoch })
            }
            Event::RolloutEnded {
                outcome, revision, ..
            } => {
                if let Some(live) = release.live() {
                    let good = match (outcome, revision) {
                        (Outcome::Succeeded, Some(revision)) => {
                            Some(good(release.id(), release.image(), revision, now))
                        }
                        (_, _) => None,
                    };
                    write = Some(ServiceWrite::Free {
                        epoch: live.epoch,
                        good,
                    });
                }
            }
            Event::Opened { .. }
            | Event::DeploymentReported { .. }
            | Event::Voted { .. }
            | Event::Checked { .. }
            | Event::Superseded { .. }
            | Event::Overtook { .. }
            | Event::Woke { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalVoided { .. }
            | Event::Queued { .. }
            | Event::Intended { .. }
            | Event::Registered { .. }
            | Event::ScalingSuspended { .. }
            | Event::DeploymentStarted { .. }
            | Event::DeploymentObserved { .. }
            | Event::RollbackStarted { .. }
            | Event::ActionRefused { .. }
            | Event::ScalingRestored { .. }
            | Event::Ended { .. }
            | Event::CardPosted { .. }
            | Event::CardUpdated { .. }
            | Event::Replied { .. }
            | Event::Published { .. } => {}
        }
    }
    Some(ServiceChange {
        service: release.service_id(stage)?,
        release: release.id().clone(),
        pushed_at: release.image().pushed_at,
        write: write?,
    })
}

fn good(release: &ReleaseId, image: &Image, revision: &Revision, at: Timestamp) -> Good {
    Good {
        release: release.clone(),
        digest: image.digest,
        revision: revision.clone(),
        at,
    }
}
