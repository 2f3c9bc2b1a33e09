//! Telling a story while it happens: one line for each thing that a person would want to see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::{Error, Lab};
use crate::shop::CHANNEL;

/// Prints what happens in a lab, line by line, with the lab's time.
#[derive(Debug)]
pub struct Narrator<'a> {
    lab: &'a Lab,
    colour: bool,
    journal: u64,
    told: BTreeSet<String>,
    weights: BTreeMap<String, String>,
}

/// How often the lab is looked at: more often than a person reads.
const LOOK: Duration = Duration::from_millis(150);

impl<'a> Narrator<'a> {
    /// A narrator that tells what happens from now on.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn new(lab: &'a Lab, colour: bool) -> Result<Self, Error> {
        let journal = lab.get("journal").await?["last"].as_u64().unwrap_or(0);
        Ok(Self {
            lab,
            colour,
            journal,
            told: BTreeSet::new(),
            weights: BTreeMap::new(),
        })
    }

    /// Begins a chapter.
    pub fn chapter(&self, title: &str) {
        println!("\n{}", self.paint("1", title));
    }

    /// Says something that a person does in the story.
    ///
    /// # Errors
    /// When the lab does not answer.
    pub async fn person(&self, text: &str) -> Result<(), Error> {
        let now = self.lab.get("clock").await?;
        self.line(now["now"].as_str().unwrap_or_default(), "you", "36", text);
        Ok(())
    }

    /// Tells what happens until something is so.
    ///
    /// # Errors
    /// When it is not so after `limit` of real time.
    pub async fn until(
        &mut self,
        limit: Duration,
        what: &str,
        so: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let started = Instant::now();
        while started.elapsed() < limit {
            self.tell().await?;
            if so().await? {
                return self.tell().await;
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Error::Story(format!(
            "{what}: not within {} s",
            limit.as_secs()
        )))
    }

    async fn tell(&mut self) -> Result<(), Error> {
        let journal = self
            .lab
            .get(&format!("journal?since={}", self.journal))
            .await?;
        let slack = self.lab.get("slack/messages").await?;
        let overview = self.lab.get("overview").await?;
        self.journal = journal["last"].as_u64().unwrap_or(self.journal);
        let mut lines = Vec::new();
        for entry in journal["entries"].as_array().into_iter().flatten() {
            lines.extend(call(entry));
        }
        for message in slack["messages"].as_array().into_iter().flatten() {
            if message["channel"] == CHANNEL && self.told.insert(message["ts"].to_string()) {
                let at = message["posted"].as_str().unwrap_or_default().to_owned();
                lines.push((at, "slack", "35", said(message)));
            }
        }
        let now = self.lab.get("clock").await?["now"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        for (service, split) in splits(&overview) {
            let before = self.weights.insert(service.clone(), split.clone());
            if before.is_some_and(|before| before != split) {
                lines.push((now.clone(), "traffic", "33", format!("{service}: {split}")));
            }
        }
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        for (at, who, colour, text) in lines {
            self.line(&at, who, colour, &text);
        }
        Ok(())
    }

    fn line(&self, at: &str, who: &str, colour: &str, text: &str) {
        let clock = at.get(11..19).unwrap_or(at);
        let mut rows = text.lines();
        println!(
            "  {clock}  {}  {}",
            self.paint(colour, &format!("{who:<8}")),
            rows.next().unwrap_or_default()
        );
        for row in rows {
            println!("  {:8}  {:8}  {row}", "", "");
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A line about a call that changes something, if it is one.
fn call(entry: &Value) -> Option<(String, &'static str, &'static str, String)> {
    let caller = entry["caller"].as_str()?;
    let operation = entry["operation"].as_str()?;
    let parameters = &entry["parameters"];
    let parameter = |name: &str| {
        let value = &parameters[name];
        value.as_str().map_or_else(
            || {
                if value.is_null() {
                    String::new()
                } else {
                    value.to_string()
                }
            },
            short,
        )
    };
    let what = match operation {
        "RegisterTaskDefinition" => {
            format!("registers a task definition of {}", parameter("family"))
        }
        "UpdateService" => format!(
            "updates {}/{} to {}",
            parameter("cluster"),
            parameter("service"),
            parameter("taskDefinition")
        ),
        "CreateDeployment" => format!(
            "creates a CodeDeploy deployment in {}/{}",
            parameter("applicationName"),
            parameter("deploymentGroupName")
        ),
        "PutLifecycleEventHookExecutionStatus" => {
            format!("answers CodeDeploy's hook: {}", parameter("status"))
        }
        "RegisterScalableTarget" => {
            let suspended = parameters["SuspendedState"]["DynamicScalingOutSuspended"].as_bool();
            let did = if suspended == Some(true) {
                "suspends"
            } else {
                "resumes"
            };
            format!("{did} auto scaling of {}", parameter("ResourceId"))
        }
        _ => return None,
    };
    let function = caller.rsplit(['/', ':']).next().unwrap_or(caller);
    if !function.starts_with("towpath") {
        return None;
    }
    let outcome = match entry["outcome"].as_str() {
        Some("ok") | None => String::new(),
        Some(code) => format!(" → {code}"),
    };
    let at = entry["time"].as_str().unwrap_or_default().to_owned();
    Some((
        at,
        "towpath",
        "32",
        format!(
            "{} {what}{outcome}",
            function.trim_start_matches("towpath-")
        ),
    ))
}

/// The last part of an ARN.
fn short(text: &str) -> String {
    if text.starts_with("arn:") {
        text.rsplit('/').next().unwrap_or(text).to_owned()
    } else {
        text.to_owned()
    }
}

fn said(message: &Value) -> String {
    let text = as_read(message["text"].as_str().unwrap_or_default());
    let is_card = message["blocks"][0]["type"] == "header";
    match (message["thread_ts"].is_null(), is_card) {
        (true, true) => format!("a card: {text}"),
        (true, false) => format!("a message: {text}"),
        (false, _) => format!("  ↳ {text}"),
    }
}

/// A text as people read it in Slack: of a date, a link or a mention its label, or its name where it
/// has none; and no escapes.
/// <https://docs.slack.dev/messaging/formatting-message-text>
fn as_read(text: &str) -> String {
    let mut read = String::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once('<') {
        let Some((inside, after)) = marked.split_once('>') else {
            break;
        };
        read.push_str(before);
        let shown = inside.rsplit_once('|').map_or(inside, |(_, label)| label);
        read.push_str(shown);
        rest = after;
    }
    read.push_str(rest);
    read.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// How production traffic is split, by service.
fn splits(overview: &Value) -> Vec<(String, String)> {
    let services = overview["services"].as_array().into_iter().flatten();
    services
        .filter_map(|service| {
            let name = format!(
                "{}/{}",
                service["cluster"].as_str()?,
                service["name"].as_str()?
            );
            let fleets: Vec<_> = service["fleets"]
                .as_array()?
                .iter()
                .filter_map(|fleet| {
                    let weight = fleet["traffic_weight"]
                        .as_f64()
                        .filter(|weight| *weight > 0.0)?;
                    Some(format!(
                        "{} {weight:.0}%",
                        short(fleet["task_definition"].as_str()?)
                    ))
                })
                .collect();
            (!fleets.is_empty()).then(|| (name, fleets.join(", ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_as_people_read_it_in_slack() {
        for (text, read) in [
            (
                "by <@U0APPROVER1>, until <!date^1796096020^{date_short_pretty} {time}|2026-12-01T03:33:40Z> (request `production-1`)",
                "by @U0APPROVER1, until 2026-12-01T03:33:40Z (request `production-1`)",
            ),
            ("see <https://example.com/a|the log>", "see the log"),
            ("<https://example.com/a>", "https://example.com/a"),
            ("3 &lt; 4 &amp;&amp; 5 &gt; 4", "3 < 4 && 5 > 4"),
            ("an open < stays", "an open < stays"),
            ("", ""),
        ] {
            assert_eq!(as_read(text), read);
        }
    }
}
