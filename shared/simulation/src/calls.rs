//! Whose turn it is: the calls of all runs wait for theirs, and one is made at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use crate::fate::{Fate, Site};

/// The calls that wait for their turn, and which one has it.
#[derive(Default)]
pub(crate) struct Calls {
    waiting: BTreeMap<u64, (u64, Waker)>,
    turn: Option<u64>,
    count: u64,
    /// Runs that have died at a call.
    dead: BTreeSet<u64>,
    /// Whether a run was ended for its time, wherever it was.
    pub(crate) is_late: bool,
    /// How many calls go well before the next one that does not, and how many may at most.
    pub(crate) until_fault: Option<usize>,
    pub(crate) most_well: Option<usize>,
    /// How often which call met which fate.
    pub(crate) fates: BTreeMap<(&'static str, Fate), usize>,
    /// Every call that was made.
    pub(crate) sites: Vec<Site>,
}

impl Calls {
    /// A call waits for its turn.
    pub(crate) fn wait(&mut self, run: u64, waker: Waker) -> u64 {
        self.count += 1;
        self.waiting.insert(self.count, (run, waker));
        self.count
    }

    /// Takes the turn, if it is this call's.
    pub(crate) fn take_turn(&mut self, ticket: u64, waker: &Waker) -> bool {
        if self.turn == Some(ticket) {
            self.turn = None;
            self.waiting.remove(&ticket);
            return true;
        }
        if let Some((_, known)) = self.waiting.get_mut(&ticket) {
            known.clone_from(waker);
        }
        false
    }

    /// A call is not made any more.
    pub(crate) fn leave(&mut self, ticket: u64) {
        self.waiting.remove(&ticket);
    }

    /// The calls of a run that wait for their turn.
    pub(crate) fn of(&self, run: u64) -> Vec<u64> {
        let of = self.waiting.iter().filter(|(_, (by, _))| *by == run);
        of.map(|(ticket, _)| *ticket).collect()
    }

    /// Gives a call the turn.
    pub(crate) fn give_turn(&mut self, ticket: u64) {
        self.turn = Some(ticket);
        if let Some((_, waker)) = self.waiting.get(&ticket) {
            waker.wake_by_ref();
        }
    }

    /// Whether the turn that was given was taken.
    pub(crate) fn was_taken(&self) -> bool {
        self.turn.is_none()
    }

    pub(crate) fn die(&mut self, run: u64) {
        self.dead.insert(run);
    }

    pub(crate) fn is_dead(&mut self, run: u64) -> bool {
        self.dead.remove(&run)
    }
}
