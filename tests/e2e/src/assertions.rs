//! What a story is judged by besides what runs: the ledger, dead letters, whispers, e-mails, the
//! journal and the functions' logs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lab::Error;
use crate::ledger::{Ledger, Listed};
use crate::shop::Shop;
use crate::world::World;

/// Something that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The function that it was for, without the prefix.
    pub function: String,
    /// Why it was given up: the function's own words.
    pub reason: String,
    /// The queue that keeps it; none where it is kept nowhere.
    pub queue: Option<String>,
}

impl World {
    /// The ledger of the example's pipeline.
    #[must_use]
    pub fn ledger(&self) -> Ledger<'_> {
        Ledger::new(&self.lab, Shop::NAME)
    }

    /// What was given up so far, in order.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, Error> {
        let shown = self.lab.get("dead-letters").await?;
        let letters = shown["dead_letters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let letter = |letter: Value| DeadLetter {
            function: text(&letter["function"]).replace("towpath-", ""),
            reason: text(&letter["body"]["responsePayload"]["errorMessage"]),
            queue: letter["queue"].as_str().map(str::to_owned),
        };
        Ok(letters.into_iter().map(letter).collect())
    }

    /// Why messages to the reply topic were refused so far, in order: what the function's log says,
    /// of which CloudWatch makes the metric.
    ///
    /// # Errors
    /// When the logs cannot be read.
    pub async fn refused_replies(&self) -> Result<Vec<String>, Error> {
        let logs = self.function_logs()?;
        let lines = logs.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            (line["RefusedReplies"] == 1).then(|| text(&line["reason"]))
        });
        Ok(lines.collect())
    }

    /// The releases of the example's pipeline, the oldest push first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn releases(&self) -> Result<Vec<Listed>, Error> {
        self.ledger().releases().await
    }

    /// The release of a tag.
    ///
    /// # Errors
    /// When there is none or the ledger cannot be read.
    pub async fn release(&self, tag: &str) -> Result<Listed, Error> {
        self.ledger().release(tag).await
    }

    /// The events in the ledger of the release of a tag, in order; none when there is no release.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn events_of(&self, tag: &str) -> Result<Vec<Value>, Error> {
        self.ledger().events_of(tag).await
    }

    /// The events of one type in the ledger of the release of a tag.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn events_named(&self, tag: &str, kind: &str) -> Result<Vec<Value>, Error> {
        self.ledger().events_named(tag, kind).await
    }

    /// Why the release of a tag ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn reason(&self, tag: &str) -> Result<String, Error> {
        self.ledger().reason(tag).await
    }

    /// What single people were told: who, and what.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn whispers(&self) -> Result<Vec<(String, String)>, Error> {
        let shown = self.lab.get("slack/messages").await?;
        let whispers = shown["ephemeral"].as_array().cloned().unwrap_or_default();
        let whisper = |w: Value| (text(&w["user"]), text(&w["text"]));
        Ok(whispers.into_iter().map(whisper).collect())
    }

    /// The messages that were published to the request topic: what subscribers get by e-mail.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn emails(&self) -> Result<Vec<String>, Error> {
        let shown = self.lab.get("sns/messages").await?;
        let messages = shown["messages"].as_array().cloned().unwrap_or_default();
        Ok(messages
            .into_iter()
            .filter(|message| text(&message["topic"]).ends_with("towpath-requests"))
            .map(|message| {
                format!(
                    "{}\n{}",
                    text(&message["subject"]),
                    text(&message["message"])
                )
            })
            .collect())
    }

    /// The message that decides so about the release of a tag, as the last e-mail about it gives
    /// it.
    ///
    /// # Errors
    /// When no e-mail has one.
    pub async fn answer_by_email(&self, tag: &str, decision: &str) -> Result<Value, Error> {
        let emails = self.emails().await?;
        let about = emails.iter().rev().filter(|email| email.contains(tag));
        let messages = about.flat_map(|email| email.lines());
        messages
            .filter_map(|line| line.strip_prefix("aws sns publish ")?.split('\'').nth(1))
            .filter_map(|message| serde_json::from_str::<Value>(message).ok())
            .find(|message| message["decision"] == decision)
            .ok_or_else(|| Error::Story(format!("no e-mail lets its reader {decision} {tag}")))
    }

    /// Everything that the functions have written to their logs.
    ///
    /// # Errors
    /// When the logs cannot be read.
    pub fn function_logs(&self) -> Result<String, Error> {
        Ok(self.logs_by_name()?.into_values().collect())
    }

    /// The functions' logs by the names of their files.
    pub(crate) fn logs_by_name(&self) -> Result<BTreeMap<String, String>, Error> {
        let failed = |error: std::io::Error| Error::Story(format!("the functions' logs: {error}"));
        let mut logs = BTreeMap::new();
        for file in std::fs::read_dir(self.lab.logs()).map_err(failed)? {
            let path = file.map_err(failed)?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.starts_with("towpath-") && name.ends_with(".log") {
                logs.insert(name, std::fs::read_to_string(&path).map_err(failed)?);
            }
        }
        Ok(logs)
    }

    /// Calls of an operation that AWS carried out so far.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn carried_out(&self, service: &str, operation: &str) -> Result<Vec<Value>, Error> {
        let mut calls = self.calls(service, operation).await?;
        calls.retain(|call| call["outcome"] == "ok");
        Ok(calls)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
