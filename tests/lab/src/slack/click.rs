//! A person's click on a button, sent the way Slack sends it.
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::api;
use super::workspace::{APP, Message, ResponseUrl, TEAM};
use crate::gateway::dispatch::Http;
use crate::lab::Lab;
use crate::lambda::url;

/// The parameter of the description that holds the signing secret.
pub(crate) const SECRET_PARAMETER: &str = "slack-signing-secret";

/// Slack waits three seconds for an answer.
const SLACK_LIMIT: Duration = Duration::from_secs(3);

/// What is clicked, by whom; and for tests of what must be refused, how it is tampered with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Click {
    /// Channel of the message.
    pub(crate) channel: String,
    /// The message; the newest one with such a button where none is named.
    pub(crate) ts: Option<String>,
    /// The button.
    pub(crate) action_id: String,
    /// Who clicks.
    pub(crate) user: String,
    /// Tells buttons of the same `action_id` in several blocks apart.
    pub(crate) block_id: Option<String>,
    /// Claims another value than the button has.
    pub(crate) value: Option<String>,
    /// Claims another team.
    pub(crate) team: Option<String>,
    /// Claims another app.
    pub(crate) app: Option<String>,
    /// Signs with another secret, or sends this as the signature when it starts with `v0=`.
    pub(crate) signature: Option<String>,
    /// Moves the signed time, in seconds.
    #[serde(default)]
    pub(crate) timestamp_offset_seconds: i64,
    /// The function whose URL it is sent to, when several have one.
    pub(crate) function: Option<String>,
    /// Path of the request.
    pub(crate) path: Option<String>,
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClickError {
    /// No such message.
    #[error("there is no message {ts} in channel {channel}")]
    Message {
        channel: String,
        /// The message.
        ts: String,
    },
    /// No message has such a button.
    #[error("no message in channel {channel} has a button '{action_id}' yet")]
    Nowhere {
        channel: String,
        /// The button.
        action_id: String,
    },
    /// No such button: it may have been edited away.
    #[error("the message has no button '{action_id}'; it has: {}", .present.join(", "))]
    Button {
        /// The button.
        action_id: String,
        /// Those that are there.
        present: Vec<String>,
    },
    /// Nobody listens.
    #[error("no function has a URL that clicks could be sent to")]
    Function,
}

/// Sends a click and tells what the function answered.
///
/// # Errors
/// When there is nothing to click or nobody to send it to.
pub(crate) async fn send(lab: &Arc<Lab>, click: &Click) -> Result<Value, ClickError> {
    let message = clicked(lab, click)?;
    let action = find(&message, click)?;
    let function = listener(lab, click).ok_or(ClickError::Function)?;
    let payload = payload(lab, click, &message, action);
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish();
    let timestamp = lab
        .clock
        .now()
        .as_second()
        .saturating_add(click.timestamp_offset_seconds);
    let signature = match &click.signature {
        Some(whole) if whole.starts_with("v0=") => whole.clone(),
        Some(secret) => sign(secret, timestamp, &body),
        None => sign(&lab.secret(SECRET_PARAMETER).await, timestamp, &body),
    };
    let path = click.path.as_deref().unwrap_or("/slack/interactive");
    let http = Http {
        method: Method::POST,
        uri: path.parse().unwrap_or(Uri::from_static("/")),
        headers: headers(timestamp, &signature),
        body: body.into(),
    };
    let started = Instant::now();
    let response = url::answer(lab, &function, path, &http).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    let bytes = match response.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(_broken) => bytes::Bytes::new(),
    };
    Ok(json!({
        "status": status,
        "body": String::from_utf8_lossy(&bytes),
        "duration_ms": elapsed.as_secs_f64() * 1000.0,
        // What the person would see as a warning sign next to the button.
        "in_time": elapsed <= SLACK_LIMIT,
    }))
}

/// The message that is clicked in.
fn clicked(lab: &Lab, click: &Click) -> Result<Message, ClickError> {
    let channel = click.channel.clone();
    match &click.ts {
        Some(ts) => lab
            .slack
            .message(&channel, ts)
            .ok_or_else(|| ClickError::Message {
                channel,
                ts: ts.clone(),
            }),
        None => {
            let messages = lab.slack.messages().into_iter().rev();
            let mut here = messages.filter(|message| message.channel == channel);
            here.find(|message| find(message, click).is_ok())
                .ok_or_else(|| ClickError::Nowhere {
                    channel,
                    action_id: click.action_id.clone(),
                })
        }
    }
}

fn find(message: &Message, click: &Click) -> Result<(String, Value), ClickError> {
    let mut present = Vec::new();
    for (n, block) in message.blocks.as_array().into_iter().flatten().enumerate() {
        let id = block["block_id"]
            .as_str()
            .map_or_else(|| format!("b{n}"), str::to_owned);
        let elements = block["elements"].as_array().into_iter().flatten();
        for element in elements.chain(block.get("accessory")) {
            let Some(action_id) = element["action_id"].as_str() else {
                continue;
            };
            if action_id == click.action_id
                && click.block_id.as_ref().is_none_or(|block| *block == id)
            {
                return Ok((id, element.clone()));
            }
            present.push(action_id.to_owned());
        }
    }
    Err(ClickError::Button {
        action_id: click.action_id.clone(),
        present,
    })
}

/// The function named, or the one called `approval`, or the first that has a URL.
fn listener(lab: &Lab, click: &Click) -> Option<String> {
    if let Some(function) = &click.function {
        return Some(function.clone());
    }
    let functions = &lab.description.functions;
    let has_url = |name: &&String| functions[*name].triggers.url.is_some();
    let approval = functions
        .keys()
        .find(|name| *name == "approval")
        .filter(has_url);
    approval.or_else(|| functions.keys().find(has_url)).cloned()
}

fn payload(
    lab: &Lab,
    click: &Click,
    message: &Message,
    (block_id, element): (String, Value),
) -> Value {
    let team = click.team.as_deref().unwrap_or(TEAM);
    let user = lab.slack.user(&click.user);
    let name = user
        .as_ref()
        .map_or(click.user.as_str(), |user| user.name.as_str());
    let user_team = user.as_ref().map_or(team, |user| user.team_id.as_str());
    let channel = lab
        .slack
        .channel(&click.channel)
        .map(|channel| channel.name);
    let now = lab.clock.now();
    let code = lab.ids.token();
    lab.slack.put_response(
        &code,
        ResponseUrl {
            channel: click.channel.clone(),
            ts: message.ts.clone(),
            given: now,
            used: 0,
        },
    );
    let mut action = json!({
        "action_id": click.action_id,
        "block_id": block_id,
        "text": element["text"],
        "value": click.value.as_ref().map_or(element["value"].clone(), |value| json!(value)),
        "type": element["type"],
        "action_ts": format!("{}.{:06}", now.as_second(), now.subsec_microsecond()),
    });
    if let Some(style) = element.get("style") {
        action["style"] = style.clone();
    }
    json!({
        "type": "block_actions",
        "user": { "id": click.user, "username": name, "name": name, "team_id": click.team.as_deref().unwrap_or(user_team) },
        "api_app_id": click.app.as_deref().unwrap_or(APP),
        "token": "lab-verification-token",
        "container": { "type": "message", "message_ts": message.ts, "channel_id": click.channel, "is_ephemeral": false },
        "trigger_id": format!("{}.{}", now.as_millisecond(), &code[..16]),
        "team": { "id": team, "domain": "lab" },
        "enterprise": null,
        "is_enterprise_install": false,
        "channel": { "id": click.channel, "name": channel },
        "message": api::shown(message),
        "state": { "values": {} },
        "response_url": format!("{}/slack/response/{code}", lab.settings.base_url),
        "actions": [action],
    })
}

fn headers(timestamp: i64, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert("accept", HeaderValue::from_static("application/json,*/*"));
    headers.insert(
        "user-agent",
        HeaderValue::from_static("Slackbot 1.0 (+https://api.slack.com/robots)"),
    );
    headers.insert("x-slack-request-timestamp", HeaderValue::from(timestamp));
    if let Ok(signature) = HeaderValue::from_str(signature) {
        headers.insert("x-slack-signature", signature);
    }
    headers
}

/// <https://docs.slack.dev/authentication/verifying-requests-from-slack>
fn sign(secret: &str, timestamp: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // HMAC takes keys of every length.
        return String::new();
    };
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed_as_in_slacks_own_example() {
        let vector = include_str!("../../../fixtures/events/slack-signature-vector.json");
        let vector: Value = serde_json::from_str(vector).expect("JSON");
        let text = |member: &str| vector[member].as_str().expect("a text");
        let timestamp = text("timestamp").parse().expect("a number");
        assert_eq!(
            sign(text("signing_secret"), timestamp, text("body")),
            text("signature")
        );
    }
}
