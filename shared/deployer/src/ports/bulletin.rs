//! Bulletins, as they are kept until they are told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::bulletin::Bulletin;
use towpath_core::names::BulletinId;
use towpath_core::pipeline::Channel;

use super::CallError;

/// A bulletin that is not told in every channel yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBulletin {
    pub bulletin: Bulletin,
    /// The channels in which people were notified.
    pub notified: BTreeSet<Channel>,
    /// Whether it may have been told where that is not known.
    pub sending: Option<Sending>,
}

/// When a bulletin is told, where it can be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// When it was about to be told first.
    pub since: Timestamp,
    /// Until when whoever is about to tell it may still do so.
    pub until: Timestamp,
}

pub trait Bulletins {
    /// Writes a bulletin down, unless there is one of its id, and has `advance` tell it. Whether
    /// there was none.
    async fn announce(&self, id: &BulletinId, bulletin: &Bulletin) -> Result<bool, CallError>;
    /// Writes down that a pipeline is stuck, and has `advance` tell it, unless the same is written
    /// down already. Whether it was not.
    async fn announce_problem(
        &self,
        id: &BulletinId,
        bulletin: &Bulletin,
    ) -> Result<bool, CallError>;
    /// What pipelines are stuck at, as far as it is told.
    async fn open_problems(&self) -> Result<Vec<BulletinId>, CallError>;
    /// Writes down that a pipeline is stuck no more, so that the next time is told again.
    async fn withdraw(&self, id: &BulletinId) -> Result<(), CallError>;
    /// A bulletin, if there is one and it is not told everywhere. What is not of the kind that its
    /// id says is none.
    async fn bulletin(&self, id: &BulletinId) -> Result<Option<OpenBulletin>, CallError>;
    /// Writes down that a bulletin is about to be told, unless it is closed, another one is in its
    /// place, or somebody else has done so since it was read. Whether it was written.
    async fn set_sending(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        sending: Sending,
    ) -> Result<bool, CallError>;
    /// Writes down in which channels a bulletin is told, and when the sweeper is to look at it
    /// again; never, if it is closed. Of another one that is in its place by now nothing is written.
    async fn set_notified(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        notified: &BTreeSet<Channel>,
        due: Option<Timestamp>,
    ) -> Result<(), CallError>;
    /// The bulletins that are due, the most overdue first, at most `limit`.
    async fn due_bulletins(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<BulletinId>, CallError>;
    /// Has `advance` look at a bulletin.
    async fn wake_bulletin(&self, id: &BulletinId, at: Timestamp) -> Result<(), CallError>;
}
