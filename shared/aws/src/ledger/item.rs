//! How an entry and a service's row look in the table.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | entry | `RELEASE#<id>` | `E#<sequence, 12 digits>` | `at`, `actor`, `type`, `event`, `previous`, `fingerprint`, `seal`, `writer` |
//! | summary | `RELEASE#<id>` | `SUMMARY` | see [`super::summary`] |
//! | service | `SERVICE#<account>/<region>/<cluster>/<service>` | `SERVICE` | `epoch`, `owner`, `taken_by`, `candidate`, `candidate_tag`, `candidate_arrived_at`, `waiting`, `good`, `earlier`, `baseline`, `hold` |
//! | veto | `VETO#<digest>` | `VETO` | `active`: why, while it counts |
//! | deployment | `DEPLOYMENT#<id>` | `DEPLOYMENT` | `release`: whose it is, for good |
//!
//! What people order about a service or an image lies beside its row: see [`super::directive`].
//! Bulletins have rows of their own: see [`super::bulletin`]; so have the reports of hook functions:
//! see [`super::hook`].
//!
//! Events and actors are kept as JSON text: what a fingerprint was taken of must come back exactly. A
//! text with a key that is there twice is not read: it would say one thing to one reader and another
//! to the next.
//! `writer` names the append that wrote the entry, so that an append whose answer was lost
//! recognises its own work, even beside another that wanted to write the very same.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use towpath_core::names::{DeploymentId, ReleaseId};
use towpath_core::release::{
    Block, Candidate, Entry, EntryText, Event, ServiceId, ServiceRow, StoredEntry,
};
use towpath_taskdef::image::Digest;
use towpath_taskdef::json;

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The sort key of a release's summary.
pub(super) const SUMMARY: &str = "SUMMARY";
/// The sort key of a service's row.
pub(super) const SERVICE: &str = "SERVICE";
/// What the sort keys of entries begin with.
pub(super) const ENTRY: &str = "E#";
const RELEASE: &str = "RELEASE#";

/// An item that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadItem {
    /// An attribute is missing, or is not of its type.
    #[error("{item} has no {attribute}")]
    Missing {
        /// The item's sort key.
        item: String,
        attribute: &'static str,
    },
    /// An attribute makes no sense.
    #[error("{attribute} of {item} is wrong: {problem}")]
    Wrong {
        /// The item's sort key.
        item: String,
        attribute: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// The partition key of a release.
pub(super) fn release_key(id: &ReleaseId) -> AttributeValue {
    text(format!("{RELEASE}{id}"))
}

/// The sort key of an entry.
pub(super) fn entry_key(sequence: u64) -> AttributeValue {
    text(format!("{ENTRY}{sequence:012}"))
}

/// The partition key of a service's row.
pub(super) fn service_key(id: &ServiceId) -> AttributeValue {
    text(format!("{SERVICE}#{id}"))
}

/// The sort key of a deployment's row.
pub(super) const DEPLOYMENT: &str = "DEPLOYMENT";

/// The partition key of a deployment's row.
pub(super) fn deployment_key(id: &DeploymentId) -> AttributeValue {
    text(format!("{DEPLOYMENT}#{id}"))
}

pub(super) fn text(text: impl fmt::Display) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn number(number: impl fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A time as text that sorts as the times do: always of the same width, down to the nanosecond, so
/// that nothing is lost and no two times fall together.
pub(super) fn sortable(at: Timestamp) -> String {
    format!("{at:.9}")
}

pub(super) fn entry_item(
    release: &ReleaseId,
    stored: StoredEntry,
    writer: &str,
) -> Result<Item, serde_json::Error> {
    let StoredEntry {
        entry,
        text: said,
        seal,
    } = stored;
    let EntryText { at, actor, event } = said;
    let kind = serde_json::to_value(&entry.event)?;
    let mut item = HashMap::from([
        ("pk".into(), release_key(release)),
        ("sk".into(), entry_key(entry.sequence)),
        ("at".into(), text(at)),
        ("actor".into(), text(actor)),
        ("type".into(), text(kind_of(&kind))),
        ("event".into(), text(event)),
        ("fingerprint".into(), text(&entry.fingerprint)),
        ("writer".into(), text(writer)),
    ]);
    if let Some(previous) = &entry.previous {
        item.insert("previous".into(), text(previous));
    }
    if let Some(seal) = seal {
        item.insert("seal".into(), text(seal));
    }
    Ok(item)
}

/// The kind of event that an event's JSON names.
fn kind_of(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

/// The entry in an item, with the texts that are stored.
pub(super) fn entry_of(item: &Item) -> Result<StoredEntry, BadItem> {
    let key = string(item, "sk")?;
    let sequence: u64 = key
        .strip_prefix(ENTRY)
        .unwrap_or(key)
        .parse()
        .map_err(|error| wrong(item, "sk", &error))?;
    let event: Value = parsed_json(item, "event")?;
    if string(item, "type")? != kind_of(&event) {
        return Err(wrong(item, "type", &"it is not what the event says"));
    }
    let event: Event =
        serde_json::from_value(event).map_err(|error| wrong(item, "event", &error))?;
    let entry = Entry {
        sequence,
        at: parsed(item, "at")?,
        actor: parsed_json(item, "actor")?,
        event,
        previous: optional(item, "previous")?,
        fingerprint: parsed(item, "fingerprint")?,
    };
    let own = |text: &AttributeValue| text.as_s().is_ok_and(|text| text == key);
    if !own(&entry_key(sequence)) {
        return Err(wrong(item, "sk", &"not the place of an entry"));
    }
    Ok(StoredEntry {
        entry,
        text: EntryText {
            at: string(item, "at")?.to_owned(),
            actor: string(item, "actor")?.to_owned(),
            event: string(item, "event")?.to_owned(),
        },
        // What is no seal is none, and is found where seals count.
        seal: string(item, "seal").ok().and_then(|seal| seal.parse().ok()),
    })
}

/// A service's row in an item.
pub(super) fn row_of(item: &Item) -> Result<ServiceRow, BadItem> {
    let candidate = match optional(item, "candidate")? {
        None => None,
        Some(release) => Some(Candidate {
            release,
            tag: parsed(item, "candidate_tag")?,
            arrived_at: parsed(item, "candidate_arrived_at")?,
        }),
    };
    Ok(ServiceRow {
        epoch: match item.get("epoch") {
            None => 0,
            Some(_) => parsed_number(item, "epoch")?,
        },
        owner: optional(item, "owner")?,
        taken_by: optional(item, "taken_by")?,
        candidate,
        last_good: optional_json(item, "last_good")?,
        waiting: waiting_of(item)?,
        history: optional_json(item, "history")?.unwrap_or_default(),
        baseline: optional(item, "baseline")?,
        hold: optional_block(item, "hold")?,
    })
}

/// A release that waits for its turn, as a member of the set of those that do: the time first, so
/// that sorting them sorts the releases.
pub(super) fn waiting_item(waiting: &Candidate) -> String {
    let Candidate {
        release,
        tag,
        arrived_at,
    } = waiting;
    format!("{} {release} {tag}", sortable(*arrived_at))
}

fn waiting_of(item: &Item) -> Result<Vec<Candidate>, BadItem> {
    let Some(set) = item.get("waiting") else {
        return Ok(Vec::new());
    };
    let set = set.as_ss().map_err(|_| missing(item, "waiting"))?;
    let mut texts: Vec<_> = set.iter().collect();
    texts.sort();
    let candidate = |text: &String| {
        let (at, rest) = text.split_once(' ')?;
        let (release, tag) = rest.split_once(' ')?;
        Some(Candidate {
            release: release.parse().ok()?,
            tag: tag.parse().ok()?,
            arrived_at: at.parse().ok()?,
        })
    };
    texts
        .into_iter()
        .map(|text| candidate(text).ok_or_else(|| wrong(item, "waiting", text)))
        .collect()
}

/// The sort key of a veto.
pub(super) const VETO: &str = "VETO";

/// The partition key of an image's veto.
pub(super) fn veto_key(digest: &Digest) -> AttributeValue {
    text(format!("{VETO}#{digest}"))
}

/// The release whose partition an item is in.
pub(super) fn release_of(item: &Item) -> Result<ReleaseId, BadItem> {
    let key = string(item, "pk")?;
    key.strip_prefix(RELEASE)
        .unwrap_or(key)
        .parse()
        .map_err(|error| wrong(item, "pk", &error))
}

/// The text of an attribute.
pub(super) fn string<'a>(item: &'a Item, attribute: &'static str) -> Result<&'a str, BadItem> {
    match item.get(attribute).map(AttributeValue::as_s) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) | None => Err(missing(item, attribute)),
    }
}

/// What an attribute's text says.
pub(super) fn parsed<T>(item: &Item, attribute: &'static str) -> Result<T, BadItem>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    let text = string(item, attribute)?;
    text.parse()
        .map_err(|error: T::Err| wrong(item, attribute, &error))
}

/// What an attribute's text says, if there is the attribute.
pub(super) fn optional<T>(item: &Item, attribute: &'static str) -> Result<Option<T>, BadItem>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    match item.get(attribute) {
        None => Ok(None),
        Some(_) => parsed(item, attribute).map(Some),
    }
}

pub(super) fn parsed_number<T>(item: &Item, attribute: &'static str) -> Result<T, BadItem>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    match item.get(attribute).map(AttributeValue::as_n) {
        Some(Ok(number)) => number
            .parse()
            .map_err(|error: T::Err| wrong(item, attribute, &error)),
        Some(Err(_)) | None => Err(missing(item, attribute)),
    }
}

/// What an attribute's JSON says.
pub(super) fn parsed_json<T: DeserializeOwned>(
    item: &Item,
    attribute: &'static str,
) -> Result<T, BadItem> {
    json::read_as(string(item, attribute)?.as_bytes())
        .map_err(|error| wrong(item, attribute, &error))
}

/// What an attribute's JSON says, if it is there.
pub(super) fn optional_json<T: DeserializeOwned>(
    item: &Item,
    attribute: &'static str,
) -> Result<Option<T>, BadItem> {
    match item.get(attribute) {
        None => Ok(None),
        Some(_) => parsed_json(item, attribute).map(Some),
    }
}

/// Why a subject is held or vetoed, if it is.
pub(super) fn optional_block(
    item: &Item,
    attribute: &'static str,
) -> Result<Option<Block>, BadItem> {
    match item.get(attribute) {
        None => Ok(None),
        Some(_) => Ok(Some(Block::read(string(item, attribute)?))),
    }
}

/// A value as an attribute's JSON.
pub(super) fn json_text<T: Serialize>(value: &T) -> Result<AttributeValue, BuildError> {
    serde_json::to_string(value)
        .map(text)
        .map_err(|error| BuildError::other(error.to_string()))
}

fn missing(item: &Item, attribute: &'static str) -> BadItem {
    BadItem::Missing {
        item: name(item),
        attribute,
    }
}

fn wrong(item: &Item, attribute: &'static str, problem: &dyn fmt::Display) -> BadItem {
    BadItem::Wrong {
        item: name(item),
        attribute,
        problem: problem.to_string(),
    }
}

fn name(item: &Item) -> String {
    match item.get("sk").map(AttributeValue::as_s) {
        Some(Ok(key)) => key.clone(),
        Some(Err(_)) | None => "an item without a key".into(),
    }
}
