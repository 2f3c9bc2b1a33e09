//! One line of the ledger: an event with its time and actor, chained to the line before it.
//!
//! Each entry carries the fingerprint of the one before it, and its own is taken over the very texts
//! that are stored of it, not over what a reader makes of them. Whoever edits or removes an entry
//! breaks the chain at that place; whoever cuts entries off the end no longer matches the summary's
//! head. Who wrote it is proven by its [`Seal`].

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, Principal, Seal};
use crate::names::{Fingerprint, ReleaseId};

/// Who or what added an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// One of the deployer's functions.
    Function(String),
    /// A person, through an intake that authenticated them.
    Person(Principal),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "towpath {name}"),
            Self::Person(principal) => principal.fmt(f),
        }
    }
}

/// One entry of a release's ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1.
    pub sequence: u64,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    /// Who wrote it.
    pub actor: Actor,
    /// What happened.
    pub event: Event,
    /// The fingerprint of the entry before it; `None` for the first.
    pub previous: Option<Fingerprint>,
    /// The fingerprint of this entry, with the one before it in it.
    pub fingerprint: Fingerprint,
}

/// What is stored of an entry besides its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryText {
    /// When it was written.
    pub at: String,
    /// Who wrote it, as JSON.
    pub actor: String,
    /// What happened, as JSON.
    pub event: String,
}

/// An entry as it is stored: what its fingerprint was taken over, and what that says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// What it says.
    pub entry: Entry,
    pub text: EntryText,
    /// Who says to have written it, with the proof; `None` if nobody does, or in another form.
    pub seal: Option<Seal>,
}

impl Entry {
    /// The entry that follows `previous` (the sequence and fingerprint of the last one).
    #[must_use]
    pub fn after(
        previous: Option<(u64, &Fingerprint)>,
        release: &ReleaseId,
        at: Timestamp,
        actor: Actor,
        event: Event,
    ) -> Self {
        let sequence = previous.map_or(1, |(sequence, _)| sequence + 1);
        let previous = previous.map(|(_, fingerprint)| fingerprint.clone());
        let text = EntryText::of(at, &actor, &event);
        let fingerprint = fingerprint(release, sequence, &text, previous.as_ref());
        Self {
            sequence,
            at,
            actor,
            event,
            previous,
            fingerprint,
        }
    }

    /// What is to be stored of it: the texts that its fingerprint was taken over.
    #[must_use]
    pub fn text(&self) -> EntryText {
        EntryText::of(self.at, &self.actor, &self.event)
    }

    /// The entry with what is to be stored of it, not sealed yet.
    #[must_use]
    pub fn into_stored(self) -> StoredEntry {
        let text = self.text();
        StoredEntry {
            entry: self,
            text,
            seal: None,
        }
    }
}

impl EntryText {
    fn of(at: Timestamp, actor: &Actor, event: &Event) -> Self {
        let json = "an entry holds only what JSON can say";
        Self {
            at: at.to_string(),
            actor: serde_json::to_string(actor).expect(json),
            event: serde_json::to_string(event).expect(json),
        }
    }
}

/// Where a ledger is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry is missing.
    #[error("entry {0} is missing")]
    Missing(u64),
    /// An entry's content is not what its fingerprint was taken of.
    #[error("entry {0} was edited: its content does not match its fingerprint")]
    Edited(u64),
    /// An entry was replaced: the one after it was chained to another.
    #[error("entry {0} was replaced: entry {next} was chained to another", next = .0 + 1)]
    Replaced(u64),
    /// The last entries were removed, or the summary was edited.
    #[error("the summary's head is entry {expected}, but the last entry is {found}")]
    Head {
        /// The head that the summary names.
        expected: u64,
        /// The last entry that is there.
        found: u64,
    },
}

/// Checks a ledger as it is stored.
///
/// # Errors
/// The first place where the ledger is not what was written.
pub fn verify_chain(
    release: &ReleaseId,
    entries: &[StoredEntry],
    head: Option<(u64, &Fingerprint)>,
) -> Result<(), BrokenChain> {
    let mut previous: Option<&Entry> = None;
    for StoredEntry { entry, text, .. } in entries {
        let expected = previous.map_or(1, |p| p.sequence + 1);
        if entry.sequence != expected {
            return Err(BrokenChain::Missing(expected));
        }
        if entry.previous.as_ref() != previous.map(|p| &p.fingerprint) {
            return Err(BrokenChain::Replaced(expected.saturating_sub(1)));
        }
        let found = fingerprint(release, entry.sequence, text, entry.previous.as_ref());
        if found != entry.fingerprint {
            return Err(BrokenChain::Edited(entry.sequence));
        }
        previous = Some(entry);
    }
    let found = previous.map_or(0, |p| p.sequence);
    match head {
        Some((sequence, fingerprint))
            if sequence != found || previous.is_some_and(|p| p.fingerprint != *fingerprint) =>
        {
            Err(BrokenChain::Head {
                expected: sequence,
                found,
            })
        }
        Some(_) | None => Ok(()),
    }
}

fn fingerprint(
    release: &ReleaseId,
    sequence: u64,
    text: &EntryText,
    previous: Option<&Fingerprint>,
) -> Fingerprint {
    let EntryText { at, actor, event } = text;
    // As texts in an array they stay apart, whatever is in them.
    let content = serde_json::json!([release, sequence, at, actor, event, previous]);
    Fingerprint::of(content.to_string())
}
