//! How a release's summary looks in the table.
//!
//! Attributes: those of [`Summary`], and
//! - `open`: `"open"` while anything is left to do. It is the partition key of the index `open`, so
//!   that only open releases are in it; the sort key is `due`;
//! - `due`: when the sweeper looks at the release if nothing happens before;
//! - `wake`: there only when the write is to wake `advance`, whose event source mapping takes from
//!   the table's stream what has it. Its text differs each time, because DynamoDB streams no write
//!   that changes nothing. It ends in how often the sweeper has woken the release in a row, if it was
//!   the sweeper;
//! - `moving_since` and `blocked_by`: what tells a release that is stuck from one that waits;
//! - `distrust` and `trusted`: of a release that is not trusted, why not, and how many of its entries
//!   are. Nobody adds entries to it.
//!
//! The index `by_pipeline` has the partition key `pipeline` and the sort key `arrived_at`.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use jiff::Timestamp;
use serde_json::json;
use towpath_core::release::{BlockedBy, Outcome, Summary, Untrusted};
use towpath_deployer::ports::{OpenRelease, WAKE_GRACE};

use super::item::{
    BadItem, Item, SUMMARY, number, optional, parsed, parsed_json, parsed_number, release_key,
    release_of, sortable, string, text,
};

/// The index of open releases, by when they are due.
pub(super) const OPEN_INDEX: &str = "open";
/// The index of a pipeline's releases, by when their images were pushed.
pub(super) const PIPELINE_INDEX: &str = "by_pipeline";
/// The only value of the attribute `open`.
pub(super) const OPEN: &str = "open";

/// When a release is due that waits for nothing but being woken. An open release without `due`
/// would not be in the index at all.
const NEVER: &str = "9999-12-31T23:59:59.999999999Z";

/// What comes before how often the sweeper has woken a release, in `wake`.
const TIMES: char = '#';

/// A release's summary with when the sweeper looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub summary: Summary,
    /// When the sweeper looks at the release if nothing happens before.
    pub due: Option<Timestamp>,
}

/// What a write says about when the release is looked at next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attention {
    /// Whether `advance` is woken.
    pub(super) wake: bool,
    /// When the sweeper looks.
    pub(super) due: Option<Timestamp>,
    /// When this is written.
    pub(super) at: Timestamp,
}

impl Attention {
    /// `advance` is woken, and the sweeper looks soon whether it was.
    pub(super) fn woken(at: Timestamp) -> Self {
        Self {
            wake: true,
            due: None,
            at,
        }
    }

    /// The value of `wake`, for a write whose last entry is `head`.
    pub(super) fn wake_text(self, head: u64) -> Option<String> {
        self.wake.then(|| format!("{head}@{}", self.at))
    }

    /// The value of `due`. Whoever wakes `advance` does not know until when the release would wait,
    /// so the sweeper checks soon that it was woken.
    pub(super) fn due_text(self) -> String {
        let checked = self
            .wake
            .then(|| self.at.saturating_add(WAKE_GRACE).unwrap_or(self.at));
        match self.due.or(checked) {
            Some(due) => sortable(due),
            None => NEVER.into(),
        }
    }
}

/// The value of `wake` when the sweeper wakes a release for that many times in a row.
pub(super) fn woken_text(at: Timestamp, times: u32) -> String {
    format!("0@{at}{TIMES}{times}")
}

pub(super) fn summary_item(summary: &Summary, attention: Attention) -> Item {
    let mut item = HashMap::from([
        ("pk".into(), release_key(&summary.release)),
        ("sk".into(), text(SUMMARY)),
        ("pipeline".into(), text(&summary.pipeline)),
        ("repository".into(), text(&summary.repository)),
        ("tag".into(), text(&summary.tag)),
        ("digest".into(), text(summary.digest)),
        ("arrived_at".into(), text(sortable(summary.arrived_at))),
        ("version".into(), number(summary.version)),
        ("state".into(), text(json!(summary.state))),
        ("head".into(), number(summary.head)),
        ("head_fingerprint".into(), text(&summary.head_fingerprint)),
        ("opened_at".into(), text(sortable(summary.opened_at))),
        ("updated_at".into(), text(sortable(summary.updated_at))),
    ]);
    if let Some(outcome) = summary.outcome {
        item.insert("outcome".into(), text(outcome_word(outcome)));
    }
    if summary.open {
        item.insert("open".into(), text(OPEN));
        item.insert("due".into(), text(attention.due_text()));
    }
    if let Some(since) = summary.moving_since {
        item.insert("moving_since".into(), text(sortable(since)));
    }
    if let Some(back_to) = &summary.back_to {
        item.insert("back_to".into(), text(back_to));
    }
    if let Some(blocked_by) = &summary.blocked_by {
        item.insert("blocked_by".into(), text(json!(blocked_by).to_string()));
    }
    if let Some(wake) = attention.wake_text(summary.head) {
        item.insert("wake".into(), text(wake));
    }
    item
}

/// The attribute that says why a release is not trusted.
pub(super) const DISTRUST: &str = "distrust";

/// The update that closes the summary of a release that is not trusted. With `wake` still there it
/// would wake `advance` once more.
pub(super) fn closed(
    update: UpdateItemFluentBuilder,
    summary: &Summary,
    untrusted: &Untrusted,
) -> UpdateItemFluentBuilder {
    let mut set = String::from("SET #distrust = :distrust, #trusted = :trusted, #state = :state");
    let mut update = update;
    if let Some(outcome) = summary.outcome {
        set.push_str(", #outcome = :outcome");
        update = update
            .expression_attribute_names("#outcome", "outcome")
            .expression_attribute_values(":outcome", text(outcome_word(outcome)));
    }
    update
        .update_expression(format!(
            "{set} REMOVE #open, #due, #wake, #moving_since, #blocked_by"
        ))
        .expression_attribute_names("#distrust", DISTRUST)
        .expression_attribute_names("#trusted", "trusted")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#open", "open")
        .expression_attribute_names("#due", "due")
        .expression_attribute_names("#wake", "wake")
        .expression_attribute_names("#moving_since", "moving_since")
        .expression_attribute_names("#blocked_by", "blocked_by")
        .expression_attribute_values(":distrust", text(&untrusted.reason))
        .expression_attribute_values(":trusted", number(untrusted.trusted))
        .expression_attribute_values(":state", text(json!(summary.state)))
}

/// Why a release is not trusted, as its summary says.
pub(super) fn untrusted_of(item: &Item) -> Result<Option<Untrusted>, BadItem> {
    let Some(_) = item.get(DISTRUST) else {
        return Ok(None);
    };
    Ok(Some(Untrusted {
        trusted: parsed_number(item, "trusted")?,
        reason: string(item, DISTRUST)?.to_owned(),
    }))
}

/// The summary in an item.
pub(super) fn summary_of(item: &Item) -> Result<Listed, BadItem> {
    Ok(Listed {
        summary: Summary {
            release: release_of(item)?,
            pipeline: parsed(item, "pipeline")?,
            repository: parsed(item, "repository")?,
            tag: parsed(item, "tag")?,
            digest: parsed(item, "digest")?,
            back_to: optional(item, "back_to")?,
            arrived_at: parsed(item, "arrived_at")?,
            version: parsed_number(item, "version")?,
            state: parsed_json(item, "state")?,
            outcome: match item.get("outcome") {
                None => None,
                Some(_) => Some(outcome_of(item)?),
            },
            open: item.contains_key("open"),
            head: parsed_number(item, "head")?,
            head_fingerprint: parsed(item, "head_fingerprint")?,
            opened_at: parsed(item, "opened_at")?,
            updated_at: parsed(item, "updated_at")?,
            moving_since: optional(item, "moving_since")?,
            blocked_by: blocked_by_of(item)?,
        },
        due: due_of(item)?,
    })
}

/// What the index of open releases says of one.
pub(super) fn open_of(item: &Item) -> Result<OpenRelease, BadItem> {
    Ok(OpenRelease {
        release: release_of(item)?,
        due: due_of(item)?,
        woken: woken_of(item)?,
        moving_since: optional(item, "moving_since")?,
        blocked_by: blocked_by_of(item)?,
    })
}

fn woken_of(item: &Item) -> Result<u32, BadItem> {
    let Some(_) = item.get("wake") else {
        return Ok(0);
    };
    let times = string(item, "wake")?.split_once(TIMES);
    let times = times.map_or(Ok(0), |(_, times)| times.parse());
    times.map_err(|error: std::num::ParseIntError| BadItem::Wrong {
        item: SUMMARY.into(),
        attribute: "wake",
        problem: error.to_string(),
    })
}

fn blocked_by_of(item: &Item) -> Result<Option<BlockedBy>, BadItem> {
    match item.get("blocked_by") {
        None => Ok(None),
        Some(_) => parsed_json(item, "blocked_by").map(Some),
    }
}

fn due_of(item: &Item) -> Result<Option<Timestamp>, BadItem> {
    match item.get("due") {
        Some(_) if string(item, "due")? != NEVER => optional(item, "due"),
        Some(_) | None => Ok(None),
    }
}

fn outcome_word(outcome: Outcome) -> String {
    let word = serde_json::to_value(outcome).ok();
    word.as_ref()
        .and_then(|word| word.as_str())
        .unwrap_or_default()
        .to_owned()
}

fn outcome_of(item: &Item) -> Result<Outcome, BadItem> {
    let word = string(item, "outcome")?;
    serde_json::from_value(word.into()).map_err(|error| BadItem::Wrong {
        item: SUMMARY.into(),
        attribute: "outcome",
        problem: error.to_string(),
    })
}
