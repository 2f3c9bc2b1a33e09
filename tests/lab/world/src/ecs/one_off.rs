//! What the commands of one-off tasks do, and what they write to CloudWatch Logs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Task, task_definitions};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, array, strings, text},
};

/// What the tasks do that run a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The command: what a container's override says.
    pub command: Vec<String>,
    /// What the command exits with; it never ends without one.
    pub exit_code: Option<i64>,
    /// How long it works, in seconds.
    pub seconds: u64,
    /// What it writes before it works.
    pub log: Vec<String>,
}

/// The scripts of commands and the logs of containers.
#[derive(Debug, Default)]
pub(crate) struct OneOff {
    scripts: Vec<Script>,
    logs: BTreeMap<(Place, String, String), Vec<(Timestamp, String)>>,
}

impl OneOff {
    /// The last that was said of a command counts.
    pub(crate) fn set(&mut self, script: Script) {
        self.scripts.retain(|known| known.command != script.command);
        self.scripts.push(script);
    }

    /// What a task does, if one of its containers runs a command that something was said of.
    pub(super) fn script_of(&self, overrides: &Value) -> Option<(String, Script)> {
        array(overrides, "containerOverrides")
            .iter()
            .find_map(|container| {
                let command = strings(container, "command");
                let script = self
                    .scripts
                    .iter()
                    .find(|script| script.command == command)?;
                Some((text(container, "name")?.to_owned(), script.clone()))
            })
    }
}

/// A container writes to the log that its definition names, if the `awslogs` driver keeps it.
pub(super) fn write(world: &mut World, task: &Task, container: &str, lines: &[String]) {
    let Some(definition) = task_definitions::lookup(world, &task.place, &task.definition) else {
        return;
    };
    let described = definition.describe();
    let found = array(&described, "containerDefinitions")
        .iter()
        .find(|found| text(found, "name") == Some(container));
    let Some(log) = found.and_then(|found| found.get("logConfiguration")) else {
        return;
    };
    let option = |name: &str| log["options"][name].as_str();
    let (Some("awslogs"), Some(group), Some(region), Some(prefix)) = (
        text(log, "logDriver"),
        option("awslogs-group"),
        option("awslogs-region"),
        option("awslogs-stream-prefix"),
    ) else {
        return;
    };
    let place = Place::new(&task.place.account, region);
    let stream = format!("{prefix}/{container}/{}", task.id());
    let now = world.now;
    let key = (place, group.to_owned(), stream);
    let written = world.ecs.one_off.logs.entry(key).or_default();
    written.extend(lines.iter().map(|line| (now, line.clone())));
}

/// `GetLogEvents`: the first or the last lines of a stream.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html>
pub(crate) fn log_events(world: &World, call: &Call) -> Option<Answer> {
    let (group, stream) = (call.str("logGroupName")?, call.str("logStreamName")?);
    let key = (call.place(), group.to_owned(), stream.to_owned());
    let lines = world.ecs.one_off.logs.get(&key)?;
    let limit = match call.number("limit").unwrap_or(10_000) {
        limit @ 1..=10_000 => usize::try_from(limit).unwrap_or(usize::MAX),
        _ => {
            let message = "limit must be from 1 to 10000";
            return Some(Err(ApiError::new("InvalidParameterException", message)));
        }
    };
    let skipped = match call.flag("startFromHead") {
        Some(true) => 0,
        Some(false) | None => lines.len().saturating_sub(limit),
    };
    let events: Vec<_> = lines
        .iter()
        .skip(skipped)
        .take(limit)
        .map(|(at, line)| {
            let at = at.as_millisecond();
            json!({"timestamp": at, "message": line, "ingestionTime": at})
        })
        .collect();
    Some(Ok(
        json!({"events": events, "nextForwardToken": "f/0", "nextBackwardToken": "b/0"}),
    ))
}
