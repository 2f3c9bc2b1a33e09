//! The methods of Slack's Web API that a deployer's bot calls.
//! <https://docs.slack.dev/reference/methods>

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::history;
use super::limits;
use super::workspace::{APP, BOT, BOT_USER, Message, Post, TEAM, Whisper};
use crate::clock;
use crate::gateway::dispatch::{Http, LoseAnswer};
use crate::gateway::errors;
use crate::gateway::faults::Outcome;
use crate::gateway::journal::Entry;
use crate::lab::Lab;

/// The parameter of the description that holds the bot's token.
pub(crate) const TOKEN_PARAMETER: &str = "slack-bot-token";

/// Answers a call of a method, which an execution environment makes or somebody else.
pub(crate) async fn answer(
    lab: &Arc<Lab>,
    method: &str,
    http: &Http,
    environment: Option<u64>,
) -> Response<Body> {
    let started = Instant::now();
    let input = input(http);
    let fault = lab.faults.meet("slack", method, "bot", &input);
    if let Some(Outcome::LatencyMs(ms)) = fault {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let (status, body) = match fault {
        Some(Outcome::Throttled) => (429, error("ratelimited")),
        Some(Outcome::Refused) => (200, error("invalid_arguments")),
        Some(Outcome::FailedBefore | Outcome::CrashBefore) => (500, error("internal_error")),
        Some(
            Outcome::AnswerLost | Outcome::Stale | Outcome::LatencyMs(_) | Outcome::CrashAfter,
        )
        | None => (
            200,
            perform(lab, method, &http.headers, &input)
                .await
                .unwrap_or_else(error),
        ),
    };
    let crashes = matches!(fault, Some(Outcome::CrashBefore | Outcome::CrashAfter));
    let lost = crashes || matches!(fault, Some(Outcome::AnswerLost));
    let outcome = body["error"].as_str().unwrap_or("ok").to_owned();
    lab.journal.add(Entry {
        n: 0,
        time: lab.clock.now().to_string(),
        real_ms: clock::real_ms(),
        caller: "bot".to_owned(),
        account: String::new(),
        region: String::new(),
        service: "slack".to_owned(),
        operation: method.to_owned(),
        parameters: json!({ "channel": input["channel"], "ts": input["ts"], "thread_ts": input["thread_ts"] }),
        outcome,
        answer: Vec::new(),
        status: if lost { 0 } else { status },
        duration_ms: started.elapsed().as_secs_f64() * 1000.0,
        fault: fault.map(|fault| fault.name().to_owned()),
    });
    // After the journal: the caller's connection ends with it, and so does this call.
    if let Some(id) = environment.filter(|_| crashes) {
        lab.lambda.kill(id).await;
    }
    let mut response = errors::control(status, &body);
    let headers = response.headers_mut();
    headers.insert(
        "x-oauth-scopes",
        HeaderValue::from_static(
            "chat:write,channels:history,channels:read,groups:history,groups:read,users:read",
        ),
    );
    if status == 429 {
        headers.insert("retry-after", HeaderValue::from_static("1"));
    }
    if lost {
        response.extensions_mut().insert(LoseAnswer);
    }
    response
}

/// An answer with `ok: false`, which comes with HTTP status 200 all the same.
fn error(code: &'static str) -> Value {
    json!({ "ok": false, "error": code })
}

pub(super) type Refusal = &'static str;

async fn perform(
    lab: &Lab,
    method: &str,
    headers: &HeaderMap,
    input: &Value,
) -> Result<Value, Refusal> {
    authenticate(lab, headers, input).await?;
    match method {
        "auth.test" => Ok(json!({
            "ok": true, "url": "https://lab.slack.com/", "team": "Lab", "user": "towpath",
            "team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT, "is_enterprise_install": false,
        })),
        "chat.postMessage" => Ok(post(lab, input)),
        "conversations.history" => history::channel(lab, input),
        "conversations.replies" => history::thread(lab, input),
        "chat.update" => Ok(update(lab, input)),
        "chat.postEphemeral" => whisper(lab, input),
        "conversations.info" => {
            let id = input["channel"].as_str().ok_or("invalid_arguments")?;
            let channel = lab
                .slack
                .channel(id)
                .filter(|_| !id.starts_with('#'))
                .ok_or("channel_not_found")?;
            Ok(json!({ "ok": true, "channel": {
                "id": channel.id, "name": channel.name, "is_channel": true, "is_private": false,
                "is_archived": channel.is_archived, "is_member": channel.is_member,
                "is_ext_shared": channel.is_ext_shared, "context_team_id": TEAM,
            }}))
        }
        "users.info" => {
            let id = input["user"].as_str().ok_or("invalid_arguments")?;
            let user = lab.slack.user(id).ok_or("user_not_found")?;
            let mut shown = serde_json::to_value(&user).unwrap_or_default();
            shown["real_name"] = json!(user.name);
            Ok(json!({ "ok": true, "user": shown }))
        }
        _ => Err("unknown_method"),
    }
}

/// The token is that of the SSM parameter that functions read.
async fn authenticate(lab: &Lab, headers: &HeaderMap, input: &Value) -> Result<(), Refusal> {
    let header = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|header| header.strip_prefix("Bearer "));
    let given = bearer.or(input["token"].as_str()).ok_or("not_authed")?;
    if lab.secret(TOKEN_PARAMETER).await == given {
        Ok(())
    } else {
        Err("invalid_auth")
    }
}

fn post(lab: &Lab, input: &Value) -> Value {
    let channel = match input["channel"]
        .as_str()
        .and_then(|id| lab.slack.channel(id))
    {
        None => return error("channel_not_found"),
        Some(channel) if channel.is_archived => return error("is_archived"),
        Some(channel) if !channel.is_member => return error("not_in_channel"),
        Some(channel) => channel.id,
    };
    let (text, blocks) = match content(input) {
        Ok(content) => content,
        Err(refusal) => return refusal,
    };
    let thread = input["thread_ts"].as_str().map(str::to_owned);
    if let Some(thread) = &thread
        && lab.slack.message(&channel, thread).is_none()
    {
        return error("thread_not_found");
    }
    let post = Post {
        thread_ts: thread,
        text,
        blocks,
        metadata: metadata(input),
    };
    let message = lab.slack.post(&channel, post, lab.clock.now());
    json!({ "ok": true, "channel": channel, "ts": message.ts, "message": shown(&message) })
}

/// A message that one person sees, and that cannot be edited.
fn whisper(lab: &Lab, input: &Value) -> Result<Value, Refusal> {
    let channel = input["channel"]
        .as_str()
        .and_then(|id| lab.slack.channel(id))
        .ok_or("channel_not_found")?;
    if !channel.is_member {
        return Err("not_in_channel");
    }
    let user = input["user"]
        .as_str()
        .and_then(|id| lab.slack.user(id))
        .ok_or("user_not_found")?;
    let (text, blocks) = match content(input) {
        Ok(content) => content,
        Err(refusal) => return Ok(refusal),
    };
    let now = lab.clock.now();
    lab.slack.whisper(Whisper {
        channel: channel.id,
        user: user.id,
        text,
        blocks,
        posted: now.to_string(),
    });
    Ok(json!({ "ok": true, "message_ts": format!("{}.000000", now.as_second()) }))
}

fn update(lab: &Lab, input: &Value) -> Value {
    let (Some(channel), Some(ts)) = (input["channel"].as_str(), input["ts"].as_str()) else {
        return error("invalid_arguments");
    };
    let (text, blocks) = match content(input) {
        Ok(content) => content,
        Err(refusal) => return refusal,
    };
    match lab.slack.edit(channel, ts, text, blocks, lab.clock.now()) {
        Some(message) => {
            json!({ "ok": true, "channel": channel, "ts": ts, "text": message.text, "message": shown(&message) })
        }
        None => error("message_not_found"),
    }
}

/// What an app says to apps; Slack ignores what is not of its form, and warns:
/// <https://docs.slack.dev/messaging/message-metadata>.
fn metadata(input: &Value) -> Value {
    let given = &input["metadata"];
    // In forms it comes as JSON in a string.
    let given = given.as_str().map_or_else(
        || given.clone(),
        |text| serde_json::from_str(text).unwrap_or_default(),
    );
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let named = given["event_type"].as_str().filter(|it| !it.is_empty());
    let is_fine =
        named.is_some_and(|it| it.bytes().all(is_plain)) && given["event_payload"].is_object();
    if is_fine { given } else { Value::Null }
}

/// Text and blocks of a message, within Slack's limits.
///
/// # Errors
/// Slack's refusal.
pub(crate) fn content(input: &Value) -> Result<(String, Value), Value> {
    let text = input["text"].as_str().unwrap_or_default().to_owned();
    let blocks = match &input["blocks"] {
        // In forms they come as JSON in a string.
        Value::String(text) => {
            serde_json::from_str(text).map_err(|_not_json| error("invalid_blocks_format"))?
        }
        Value::Null => json!([]),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            input["blocks"].clone()
        }
    };
    if text.is_empty() && blocks.as_array().is_none_or(Vec::is_empty) {
        return Err(error("no_text"));
    }
    if text.chars().count() > 40_000 {
        return Err(error("msg_too_long"));
    }
    let wrong = limits::check(&blocks);
    if !wrong.is_empty() {
        let mut refusal = error("invalid_blocks");
        refusal["response_metadata"] = json!({ "messages": wrong });
        return Err(refusal);
    }
    Ok((text, blocks))
}

/// A message as Slack's answers and interactions show it.
pub(crate) fn shown(message: &Message) -> Value {
    let mut shown = json!({
        "type": "message", "subtype": "bot_message", "user": BOT_USER, "bot_id": BOT, "app_id": APP,
        "team": TEAM, "ts": message.ts, "text": message.text, "blocks": message.blocks,
    });
    if let Some(thread) = &message.thread_ts {
        shown["thread_ts"] = json!(thread);
    }
    shown
}

/// The arguments of a call: JSON, a form, or the query.
fn input(http: &Http) -> Value {
    let kind = http
        .headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return serde_json::from_slice(&http.body).unwrap_or_default();
    }
    let query = http.uri.query().unwrap_or_default();
    let pairs = |bytes: &[u8]| -> Map<String, Value> {
        form_urlencoded::parse(bytes)
            .map(|(name, value)| (name.into_owned(), json!(value)))
            .collect()
    };
    let body: &Bytes = &http.body;
    let mut all = pairs(query.as_bytes());
    all.extend(pairs(body));
    Value::Object(all)
}
