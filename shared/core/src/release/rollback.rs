//! Bringing an earlier release back to a stage: a release of its own, which no gate keeps.
//!
//! What is brought back is what the good release's own entries say that it ran with. The service's
//! row only tells which release that is: whoever edits the row must not choose what is deployed.

mod decide;
mod known;
mod named;
mod open;
mod ran;
mod refused;
mod request;
mod served_before;
mod verify;

use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

pub(super) use decide::rollout_to;
pub use decide::{RollbackDecision, decide_rollback};
pub use known::{Found, Lookup, RollbackFacts, not_driven};
pub(super) use open::without_gates;
pub use open::{ALL_AT_ONCE, MAX_ATTEMPTS, NewRollback, WantedRollback};
pub use ran::ran;
pub use refused::RollbackRefused;
pub use request::{RollbackOf, RollbackRequest, RollbackTarget, StageNow};
pub use served_before::{Serving, served_before};
pub use verify::{Unfounded, verify_rollback};

use super::{HoldReason, Principal, Reason, Revision};
use crate::names::{ReleaseId, StageName};

/// What a rollback brings back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    pub stage: StageName,
    /// The revision that is brought back, exactly as it was.
    pub revision: Revision,
    /// The release that ran with it.
    pub good_release: ReleaseId,
    /// Whether it is not what that release ran with, but what ran before it: something that no
    /// release had brought. Then the rollback's image is that release's too, for want of a known one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_from_before: bool,
    /// The release that is rolled back, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ReleaseId>,
    /// Who asked for it.
    pub by: Principal,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Rollback {
    /// Why the stage is held after it, which has failed for that, if it has.
    #[must_use]
    pub fn hold_reason(&self, failed: Option<Reason>) -> HoldReason {
        HoldReason::Rollback {
            by: self.by.clone(),
            reason: self.reason.clone(),
            good_release: self.good_release.clone(),
            before: self.is_from_before.then(|| self.revision.clone()),
            failed: failed.map(Box::new),
        }
    }

    /// What people call what is brought back, in one word: the tag of its image, which is `tag`, or
    /// its revision where no release had brought it.
    #[must_use]
    pub fn name(&self, tag: &Tag) -> String {
        match self.is_from_before {
            false => tag.to_string(),
            true => self.revision.short().to_string(),
        }
    }

    /// What people call what is brought back; `tag` is that of its image.
    #[must_use]
    pub fn called(&self, tag: &Tag) -> String {
        let name = self.name(tag);
        match self.is_from_before {
            false => name,
            true => format!("{name}, which ran before {tag}"),
        }
    }
}
