//! The ledger of one pipeline, read as its administrator reads it.

use serde_json::{Value, json};
use towpath_core::message::reason_of;
use towpath_core::release::Event;

use crate::lab::{Error, Lab};

/// A release as the ledger's summary shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub tag: String,
    pub digest: String,
    /// How it ended, if it has.
    pub outcome: Option<String>,
}

/// What the ledger says about a pipeline's releases.
#[derive(Debug, Clone, Copy)]
pub struct Ledger<'a> {
    lab: &'a Lab,
    pipeline: &'a str,
}

impl<'a> Ledger<'a> {
    /// The ledger in a lab, as far as it is about that pipeline.
    #[must_use]
    pub fn new(lab: &'a Lab, pipeline: &'a str) -> Self {
        Self { lab, pipeline }
    }

    /// The pipeline's releases, the oldest push first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn releases(&self) -> Result<Vec<Listed>, Error> {
        let query = json!({ "TableName": "towpath-ledger", "IndexName": "by_pipeline",
            "KeyConditionExpression": "pipeline = :p",
            "ExpressionAttributeValues": { ":p": { "S": self.pipeline } } });
        let found = self.lab.aws("dynamodb", "Query", &query).await?;
        let items = found["Items"].as_array().cloned().unwrap_or_default();
        let listed = |item: Value| Listed {
            id: text(&item["pk"]["S"]).replace("RELEASE#", ""),
            tag: text(&item["tag"]["S"]),
            digest: text(&item["digest"]["S"]),
            outcome: item["outcome"]["S"].as_str().map(str::to_owned),
        };
        Ok(items.into_iter().map(listed).collect())
    }

    /// The release of a tag.
    ///
    /// # Errors
    /// When there is none or the ledger cannot be read.
    pub async fn release(&self, tag: &str) -> Result<Listed, Error> {
        let mut releases = self.releases().await?.into_iter();
        releases
            .find(|release| release.tag == tag)
            .ok_or_else(|| Error::Story(format!("there is no release of {tag}")))
    }

    /// How the release of a tag ended; `None` while it has not, or is not there.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn outcome(&self, tag: &str) -> Result<Option<String>, Error> {
        let mut releases = self.releases().await?.into_iter();
        Ok(releases
            .find(|release| release.tag == tag)
            .and_then(|release| release.outcome))
    }

    /// The events of the release of a tag, in order; none when there is no release.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn events_of(&self, tag: &str) -> Result<Vec<Value>, Error> {
        let releases = self.releases().await?;
        let Some(release) = releases.into_iter().find(|release| release.tag == tag) else {
            return Ok(Vec::new());
        };
        let query = json!({ "TableName": "towpath-ledger", "ConsistentRead": true,
            "KeyConditionExpression": "pk = :p AND begins_with(sk, :e)",
            "ExpressionAttributeValues": { ":p": { "S": format!("RELEASE#{}", release.id) }, ":e": { "S": "E#" } } });
        let found = self.lab.aws("dynamodb", "Query", &query).await?;
        let items = found["Items"].as_array().cloned().unwrap_or_default();
        let event = |item: Value| serde_json::from_str(&text(&item["event"]["S"]));
        let events: Result<_, _> = items.into_iter().map(event).collect();
        events.map_err(|error| Error::Story(format!("an entry of {tag}: {error}")))
    }

    /// The events of one type of the release of a tag.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn events_named(&self, tag: &str, kind: &str) -> Result<Vec<Value>, Error> {
        let mut events = self.events_of(tag).await?;
        events.retain(|event| event["type"] == kind);
        Ok(events)
    }

    /// Why the release of a tag ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn reason(&self, tag: &str) -> Result<String, Error> {
        let ended = self.events_named(tag, "ended").await?;
        Ok(ended.last().map_or(String::new(), why))
    }
}

/// The reason that an event of the ledger gives, in the sentence that people read.
///
/// # Panics
/// When it is no event.
#[must_use]
pub fn why(event: &Value) -> String {
    let event = serde_json::from_value(event.clone()).expect("an event");
    reason_of(&event).unwrap_or_default()
}

/// What people should know of the plan that an event of the ledger has, in the sentences that they read.
///
/// # Panics
/// When it is no event with a plan.
#[must_use]
pub fn remarks(event: &Value) -> String {
    let event: Event = serde_json::from_value(event.clone()).expect("an event");
    let Event::Planned { plan, .. } = event else {
        panic!("it has no plan: {event:?}");
    };
    let remarks: Vec<_> = plan.remarks.iter().map(ToString::to_string).collect();
    remarks.join("; ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
