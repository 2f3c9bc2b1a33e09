//! Bulletins, until they are told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::bulletin::{Bulletin, News};
use towpath_core::names::BulletinId;
use towpath_core::pipeline::Channel;
use towpath_deployer::ports::{OpenBulletin, Sending, WAKE_GRACE};

use super::Ledger;

/// A bulletin as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) bulletin: Bulletin,
    pub(crate) notified: BTreeSet<Channel>,
    pub(crate) sending: Option<Sending>,
    pub(crate) open: Open,
    pub(crate) due: Option<Timestamp>,
    problem: Option<String>,
}

impl Stored {
    /// Whether it is the bulletin that was read, and not another one in its place.
    pub(crate) fn is(&self, read: &OpenBulletin) -> bool {
        self.bulletin.at == read.bulletin.at
    }
}

/// What is left to do about a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// It is to be told.
    ToTell,
    /// It is told, and what it says is not mended.
    Stuck,
    /// Nothing.
    Closed,
}

impl Ledger {
    /// Writes a bulletin, whatever is there.
    pub(crate) fn put_bulletin(&mut self, id: &BulletinId, bulletin: &Bulletin) {
        let problem = match &bulletin.news {
            News::PipelineStuck { problem, .. } => Some(problem.clone()),
            News::TagNotTaken { .. }
            | News::Hold { .. }
            | News::Veto { .. }
            | News::NotTrusted { .. } => None,
        };
        let stored = Stored {
            bulletin: bulletin.clone(),
            notified: BTreeSet::new(),
            sending: None,
            open: Open::ToTell,
            due: Some(bulletin.at + WAKE_GRACE),
            problem,
        };
        self.bulletins.insert(id.clone(), stored);
    }

    /// Whether what a pipeline is stuck at is written down already.
    pub(crate) fn knows_problem(&self, id: &BulletinId, bulletin: &Bulletin) -> bool {
        let News::PipelineStuck { problem, .. } = &bulletin.news else {
            return false;
        };
        let known = self.bulletins.get(id);
        known.is_some_and(|known| known.problem.as_ref() == Some(problem))
    }

    /// A bulletin that is open in this way.
    pub(crate) fn open_bulletin(&mut self, id: &BulletinId, open: Open) -> Option<&mut Stored> {
        self.bulletins.get_mut(id).filter(|it| it.open == open)
    }

    /// A pipeline is stuck no more.
    pub(crate) fn withdraw(&mut self, id: &BulletinId) {
        if let Some(stored) = self.open_bulletin(id, Open::Stuck) {
            stored.open = Open::Closed;
            stored.due = None;
            stored.problem = None;
        }
    }
}
