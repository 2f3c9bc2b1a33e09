//! Why a release has ended.

use serde::{Deserialize, Serialize};

use super::Reason;
use crate::names::StageName;

/// Why a release has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EndReason {
    /// It serves in the last stage.
    Serves {
        /// What people call it.
        name: String,
        stage: StageName,
    },
    /// It is deployed to the last stage, where no tasks are wanted.
    NoTasksWanted {
        /// What people call it.
        name: String,
        stage: StageName,
    },
    /// A rollout has ended.
    Stage {
        stage: StageName,
        /// Why its rollout has ended.
        because: Reason,
    },
    /// Its pipeline has no stages.
    NoStages,
    /// The stage at which it stands has no service.
    NoService,
    /// An entry of its ledger is not trusted.
    NotTrusted { problem: String },
}

impl EndReason {
    /// That the rollout to a stage has ended.
    #[must_use]
    pub fn at(stage: &StageName, because: impl Into<Reason>) -> Self {
        Self::Stage {
            stage: stage.clone(),
            because: because.into(),
        }
    }
}
