//! What keeps a release from being rolled out to a stage although its plan was read.

use serde::{Deserialize, Serialize};

use super::Block;
use crate::names::ReleaseId;

/// What a release waits for before it takes a service. The release is woken once it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum BlockedBy {
    /// The stage is on hold: a person lifts that.
    Hold {
        /// Why it is on hold.
        hold: Block,
    },
    /// Another release is being rolled out to the service.
    Owner { release: ReleaseId },
    /// Releases are rolled out in the order in which they came, and another one came before.
    Turn {
        /// The release whose turn it is.
        release: ReleaseId,
    },
}

impl BlockedBy {
    /// The release that has to go on first, if it is one.
    #[must_use]
    pub fn release(&self) -> Option<&ReleaseId> {
        match self {
            Self::Hold { .. } => None,
            Self::Owner { release } | Self::Turn { release } => Some(release),
        }
    }

    /// The hold that it is, if it is one.
    #[must_use]
    pub fn hold(&self) -> Option<&Block> {
        match self {
            Self::Hold { hold } => Some(hold),
            Self::Owner { .. } | Self::Turn { .. } => None,
        }
    }
}
