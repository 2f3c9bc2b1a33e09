//! What every step of a rollout is decided by.

use jiff::Timestamp;

use crate::pipeline::Stage;
use crate::release::rollout::ActiveRollout;
pub(super) use crate::release::rollout::MAX_POLL_INTERVAL;
use crate::release::{Place, Release};

/// A rollout that owns its service, where it is, and when.
#[derive(Clone, Copy)]
pub(super) struct RolloutContext<'a> {
    pub(super) release: &'a Release,
    pub(super) stage: &'a Stage,
    pub(super) live: &'a ActiveRollout,
    /// How often people were asked here.
    pub(super) approvals: u32,
    pub(super) place: &'a Place,
    pub(super) now: Timestamp,
}
