//! What somebody wants to roll back.

use super::Rollback;
use crate::names::{PipelineName, ReleaseId, StageName};
use crate::release::{Principal, Revision, ServiceId, StoredNow};

/// That somebody wants to roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackRequest {
    pub of: RollbackOf,
    pub by: Principal,
    /// Why, in their words.
    pub reason: Option<String>,
    /// The pipeline as it is stored now.
    pub stored: StoredNow,
}

impl RollbackRequest {
    /// The stage, as whoever asks calls it.
    #[must_use]
    pub fn stage(&self) -> &StageName {
        match &self.of {
            RollbackOf::Stage(at) | RollbackOf::To(at, _) => &at.stage,
            RollbackOf::Release { stage, .. } => stage,
        }
    }
}

/// What somebody wants to roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackOf {
    /// What is being rolled out to a stage, or else what serves there.
    Stage(StageNow),
    /// A release in a stage, as its own pipeline calls it.
    Release {
        release: ReleaseId,
        stage: StageName,
    },
    /// A stage, to what is named.
    To(StageNow, RollbackTarget),
}

/// A stage as its pipeline is stored now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageNow {
    pub pipeline: PipelineName,
    /// What the stage is called.
    pub stage: StageName,
    pub service: ServiceId,
}

/// What somebody names to be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTarget {
    /// What a release ran with there; of a rollback, what that brought back.
    Release(ReleaseId),
    /// A revision that ran there, by its family and number or by its ARN.
    Revision(String),
}

impl RollbackTarget {
    /// Whether that is what a rollback brings back.
    pub(super) fn is_of(&self, rollback: &Rollback) -> bool {
        match self {
            Self::Release(id) => *id == rollback.good_release && !rollback.is_from_before,
            Self::Revision(name) => names(name, &rollback.revision),
        }
    }
}

/// Whether somebody means that revision.
pub(super) fn names(name: &str, revision: &Revision) -> bool {
    name == revision.as_str() || name == revision.short()
}
