//! Why a release puts its stage on hold.

use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::{DeploymentFault, DifferentPlaces, External, Reason, RefusedAction, RollbackReason};
use crate::names::ReleaseId;
use crate::release::{Principal, Revision};

/// Why a release puts its stage on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum HoldReason {
    /// What runs was not deployed by Towpath.
    ManualChange {
        runs: Revision,
        /// What Towpath left.
        left: Revision,
        /// Where they differ, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        difference: Option<DifferentPlaces>,
    },
    /// Something runs that Towpath did not start.
    StartedElsewhere {
        /// What that is.
        found: External,
        /// The tag of the release.
        tag: Tag,
        /// Whether its deployment had been started.
        was_deploying: bool,
    },
    /// Its deployment failed, AWS left it in place, and it was not rolled back.
    LeftInPlace {
        /// The tag of the release.
        tag: Tag,
        /// Why it failed.
        fault: DeploymentFault,
    },
    RolledBack {
        /// The tag of the release.
        tag: Tag,
        because: RollbackReason,
    },
    /// It was to be rolled back, and may not have been.
    NotRolledBack {
        /// The tag of the release.
        tag: Tag,
        because: RollbackReason,
    },
    /// AWS refused to roll it back.
    Refused {
        /// The tag of the release.
        tag: Tag,
        refused: RefusedAction,
    },
    /// Its deployment may have been started, and could not be looked for.
    StartUnknown {
        /// The tag of the release.
        tag: Tag,
        /// What AWS said instead of showing it, as far as that was written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
    /// Somebody rolled the stage back to an earlier release.
    Rollback {
        by: Principal,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The release that is brought back, or that came after what is.
        good_release: ReleaseId,
        /// What ran before that release, where that is what is brought back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Revision>,
        /// Why the rollback did not come through, if it did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failed: Option<Box<Reason>>,
    },
}
