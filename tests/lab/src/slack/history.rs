//! Reading a channel or a thread again, page by page:
//! <https://docs.slack.dev/reference/methods/conversations.history>,
//! <https://docs.slack.dev/reference/methods/conversations.replies>.

use serde_json::{Value, json};

use super::api::{Refusal, shown};
use super::workspace::Message;
use crate::lab::Lab;

/// How many messages are shown at once where nobody says how many, and at most.
const USUAL_PAGE: usize = 100;
const MAX_PAGE: usize = 999;

/// The messages of a channel that are in no thread, the newest first.
pub(super) fn channel(lab: &Lab, input: &Value) -> Result<Value, Refusal> {
    let channel = member_of(lab, input)?;
    let mut messages = lab.slack.messages();
    messages.retain(|it| it.channel == channel && it.thread_ts.is_none());
    messages.reverse();
    page(&within(messages, input, None), input)
}

/// A message and those below it, in their order.
pub(super) fn thread(lab: &Lab, input: &Value) -> Result<Value, Refusal> {
    let channel = member_of(lab, input)?;
    let ts = input["ts"].as_str().ok_or("invalid_arguments")?;
    let named = lab.slack.message(&channel, ts).ok_or("thread_not_found")?;
    let parent = named.thread_ts.unwrap_or(named.ts);
    let mut messages = lab.slack.messages();
    messages.retain(|it| {
        it.channel == channel && (it.ts == parent || it.thread_ts.as_ref() == Some(&parent))
    });
    page(&within(messages, input, Some(&parent)), input)
}

/// The channel, which only its members read.
fn member_of(lab: &Lab, input: &Value) -> Result<String, Refusal> {
    let id = input["channel"].as_str().ok_or("invalid_arguments")?;
    match lab.slack.channel(id).filter(|_| !id.starts_with('#')) {
        None => Err("channel_not_found"),
        Some(channel) if !channel.is_member => Err("not_in_channel"),
        Some(channel) => Ok(channel.id),
    }
}

/// Those of the time that is asked for. The message that a thread is below is always shown.
fn within(mut messages: Vec<Message>, input: &Value, parent: Option<&str>) -> Vec<Message> {
    let bound = |name: &str| input[name].as_str().filter(|text| !text.is_empty());
    let (oldest, latest) = (bound("oldest"), bound("latest"));
    let inclusive = is_set(&input["inclusive"]);
    messages.retain(|message| {
        let ts = message.ts.as_str();
        let is_bound = oldest == Some(ts) || latest == Some(ts);
        let is_between =
            oldest.is_none_or(|oldest| ts > oldest) && latest.is_none_or(|latest| ts < latest);
        parent == Some(ts) || is_between || (inclusive && is_bound)
    });
    messages
}

fn page(messages: &[Message], input: &Value) -> Result<Value, Refusal> {
    let given = &input["limit"];
    let limit = given.as_str().map_or_else(
        || given.as_u64().and_then(|given| usize::try_from(given).ok()),
        |text| text.parse().ok(),
    );
    let limit = match limit {
        None if given.is_null() => USUAL_PAGE,
        given => given.ok_or("invalid_limit")?,
    };
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err("invalid_limit");
    }
    let from = match input["cursor"].as_str().filter(|cursor| !cursor.is_empty()) {
        None => 0,
        Some(cursor) => cursor
            .strip_prefix("next:")
            .and_then(|cursor| cursor.strip_suffix('='))
            .and_then(|from| from.parse().ok())
            .ok_or("invalid_cursor")?,
    };
    let with_metadata = is_set(&input["include_all_metadata"]);
    let here = messages.iter().skip(from).take(limit);
    let here = here.map(|message| {
        let mut shown = shown(message);
        if with_metadata && !message.metadata.is_null() {
            shown["metadata"] = message.metadata.clone();
        }
        shown
    });
    let until = from + limit;
    let more = until < messages.len();
    let cursor = if more {
        format!("next:{until}=")
    } else {
        String::new()
    };
    Ok(json!({
        "ok": true, "messages": here.collect::<Vec<_>>(), "has_more": more,
        "response_metadata": { "next_cursor": cursor },
    }))
}

/// Whether an argument is true; in a form it is text.
fn is_set(argument: &Value) -> bool {
    *argument == true || matches!(argument.as_str(), Some("true" | "1"))
}
