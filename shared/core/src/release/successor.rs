//! What becomes of a release where it has served: another one takes its place, or a rollback brings
//! it back. Whoever succeeds there tells the one before, so that its card says so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::ServiceId;
use crate::names::ReleaseId;

/// A release that serves in a service from now on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Successor {
    pub service: ServiceId,
    /// The release that was rolled out.
    pub by: ReleaseId,
    /// The release whose image serves, where one has brought it: not what ran before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_release: Option<ReleaseId>,
    /// That image's tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// Whether a rollback has brought it back.
    pub is_rollback: bool,
    /// The owner's epoch, by which it is known what was later.
    pub epoch: u64,
}

/// What has become of a release in a stage in which it had succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aftermath {
    /// What serves instead; nothing if the release serves again.
    pub instead: Option<Instead>,
    /// Since when.
    pub at: Timestamp,
    /// The epoch of whoever has told it.
    pub(super) epoch: u64,
}

/// What serves instead of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// Its tag; none for what ran before the first release.
    pub tag: Option<Tag>,
    /// Whether a rollback has brought it back.
    pub is_rollback: bool,
}
