//! One line of the ledger: an event with its time and actor, chained to the line before it.
//!
//! Each entry carries the fingerprint of the one before it, and its own is taken over everything
//! in it. Whoever edits or removes an entry breaks the chain at that place; whoever cuts entries
//! off the end no longer matches the summary's head.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Event, Principal};
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
        let fingerprint = fingerprint(
            release,
            sequence,
            at,
            &actor,
            &to_value(&event),
            previous.as_ref(),
        );
        Self {
            sequence,
            at,
            actor,
            event,
            previous,
            fingerprint,
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

/// Checks a ledger as it is stored: `(sequence, at, actor, event, previous, fingerprint)` of each
/// entry, with the event as the JSON that is stored rather than as this version understands it.
///
/// # Errors
/// The first place where the ledger is not what was written.
pub fn verify_chain(
    release: &ReleaseId,
    entries: &[(Entry, Value)],
    head: Option<(u64, &Fingerprint)>,
) -> Result<(), BrokenChain> {
    let mut previous: Option<&Entry> = None;
    for (entry, stored) in entries {
        let expected = previous.map_or(1, |p| p.sequence + 1);
        if entry.sequence != expected {
            return Err(BrokenChain::Missing(expected));
        }
        if entry.previous.as_ref() != previous.map(|p| &p.fingerprint) {
            return Err(BrokenChain::Replaced(expected.saturating_sub(1)));
        }
        let found = fingerprint(
            release,
            entry.sequence,
            entry.at,
            &entry.actor,
            stored,
            entry.previous.as_ref(),
        );
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

fn to_value(event: &Event) -> Value {
    serde_json::to_value(event).expect("an event holds only what JSON can say")
}

fn fingerprint(
    release: &ReleaseId,
    sequence: u64,
    at: Timestamp,
    actor: &Actor,
    event: &Value,
    previous: Option<&Fingerprint>,
) -> Fingerprint {
    let actor = serde_json::to_value(actor).expect("an actor holds only what JSON can say");
    let content = serde_json::json!([release, sequence, at, actor, sorted(event), previous]);
    Fingerprint::of(content.to_string())
}

/// The value with the keys of every object in order, so that the fingerprint does not depend on
/// the order in which a store gives them back.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort_unstable();
            keys.into_iter()
                .map(|key| (key.clone(), sorted(&map[key])))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
