//! Slack's Web API, through the HTTP client that the AWS clients use:
//! <https://docs.slack.dev/apis/web-api>.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};
use towpath_core::message::{Message, MessageKey, slack_text};
use towpath_core::names::{SlackChannel, SlackUser};
use towpath_core::release::SentMessage;
use towpath_deployer::ports::CallError;
use towpath_taskdef::json;

use crate::aws::Aws;
use crate::cache::Secret;
use crate::call::{causes, never_connected, one_line, present, refused, unreadable};
use crate::secrets::SecretKind;

const POST: &str = "slack:chat.postMessage";
const UPDATE: &str = "slack:chat.update";
const WHISPER: &str = "slack:chat.postEphemeral";

/// How long Slack may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of an answer, in bytes.
const MAX_ANSWER_LEN: usize = 8 * 1024 * 1024;

/// The error codes by which Slack says that the token is no longer the right one.
const TOKEN_REFUSED: &[&str] = &[
    "invalid_auth",
    "token_revoked",
    "token_expired",
    "not_authed",
];

impl Aws {
    /// Posts a message, in the thread of another one where one is named.
    pub(crate) async fn post_to_slack(
        &self,
        channel: &SlackChannel,
        message: &Message,
        below: Option<&SentMessage>,
        key: &MessageKey,
    ) -> Result<SentMessage, CallError> {
        let mut body = json!({
            "channel": below.map_or(channel.as_str(), |below| below.to.as_str()),
            "text": message.text,
            "metadata": self.metadata(key)?,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        if let Some(blocks) = &message.blocks {
            body["blocks"] = blocks.clone();
        }
        if let Some(below) = below {
            body["thread_ts"] = below.id.clone().into();
        }
        let answer = self.slack(POST, &body).await?;
        let member = |name: &'static str| {
            let value = answer.get(name).and_then(Value::as_str);
            present(POST, name, value.map(str::to_owned))
        };
        Ok(SentMessage {
            to: member("channel")?,
            id: member("ts")?,
        })
    }

    /// Its metadata stays: <https://docs.slack.dev/reference/methods/chat.update>.
    pub(crate) async fn edit_in_slack(
        &self,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), CallError> {
        let body = json!({
            "channel": sent.to,
            "ts": sent.id,
            "text": message.text,
            "blocks": message.blocks,
        });
        self.slack(UPDATE, &body).await.map(drop)
    }

    pub(crate) async fn whisper_in_slack(
        &self,
        channel: &str,
        user: &SlackUser,
        text: &str,
    ) -> Result<(), CallError> {
        let body = json!({ "channel": channel, "user": user, "text": slack_text(text) });
        self.slack(WHISPER, &body).await.map(drop)
    }

    async fn slack(&self, operation: &'static str, body: &Value) -> Result<Value, CallError> {
        let arguments = Arguments::Json(body.to_string());
        Ok(self.slack_answer(operation, &arguments).await?.body)
    }

    /// Calls a method, once more with a freshly read token if Slack does not take the one in use.
    pub(crate) async fn slack_answer(
        &self,
        operation: &'static str,
        arguments: &Arguments,
    ) -> Result<Answered, CallError> {
        let token = self.secret(SecretKind::SlackBotToken).await?;
        let first = self.slack_with(&token, operation, arguments).await;
        match first {
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| TOKEN_REFUSED.contains(&code)) =>
            {
                let fresh = self.refreshed_secret(SecretKind::SlackBotToken).await?;
                if fresh.expose() == token.expose() {
                    return Err(error);
                }
                self.slack_with(&fresh, operation, arguments).await
            }
            other => other,
        }
    }

    async fn slack_with(
        &self,
        token: &Secret,
        operation: &'static str,
        arguments: &Arguments,
    ) -> Result<Answered, CallError> {
        self.clients().http().in_time(operation)?;
        let method = operation.trim_start_matches("slack:");
        let url = format!("{}/{method}", self.settings().slack_api_url());
        let request = request(&url, token, arguments)
            .map_err(|error| refused(operation, "InvalidRequest", error))?;
        let exchange = async {
            let answer = self.clients().http().once().call(request).await;
            let mut answer = answer.map_err(|error| {
                let message = causes(&error);
                if never_connected(&error) {
                    CallError::NotDone { operation, message }
                } else {
                    CallError::Unknown { operation, message }
                }
            })?;
            let bytes = read(operation, answer.take_body()).await?;
            let scopes = answer.headers().get("x-oauth-scopes").unwrap_or_default();
            let scopes = scopes.split(',').map(|scope| scope.trim().to_owned());
            let scopes = scopes.filter(|scope| !scope.is_empty()).collect();
            Ok(Answered {
                body: judge(operation, &answer, &bytes)?,
                scopes,
            })
        };
        match tokio::time::timeout(self.clients().http().cap(TIMEOUT), exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CallError::Unknown {
                operation,
                message: "no answer in time".into(),
            }),
        }
    }
}

/// A method's arguments, in the form that it takes: those that only read take no JSON.
#[derive(Debug)]
pub(crate) enum Arguments {
    Json(String),
    /// A form, encoded.
    Form(String),
}

/// What a method answered.
#[derive(Debug)]
pub(crate) struct Answered {
    /// The answer, which is `"ok": true`.
    pub(crate) body: Value,
    /// The scopes of the token that was used: <https://docs.slack.dev/authentication/installing-with-oauth>.
    pub(crate) scopes: Vec<String>,
}

fn request(
    url: &str,
    token: &Secret,
    arguments: &Arguments,
) -> Result<HttpRequest, aws_smithy_runtime_api::http::HttpError> {
    let (kind, body) = match arguments {
        Arguments::Json(body) => ("application/json; charset=utf-8", body),
        Arguments::Form(body) => ("application/x-www-form-urlencoded", body),
    };
    let length = body.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(body.as_str()));
    request.set_method("POST")?;
    request.set_uri(url)?;
    let headers = request.headers_mut();
    headers.insert("content-type", kind);
    headers.insert("content-length", length);
    headers.try_insert("authorization", format!("Bearer {}", token.expose()))?;
    Ok(request)
}

/// Reads a body, within bounds.
pub(crate) async fn read(operation: &'static str, body: SdkBody) -> Result<Vec<u8>, CallError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| unreadable(operation, causes(&error)))?;
        if bytes.len() + chunk.len() > MAX_ANSWER_LEN {
            return Err(unreadable(operation, "it is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What an answer means. Slack says most errors with status 200 and `"ok": false`.
fn judge(operation: &'static str, answer: &HttpResponse, bytes: &[u8]) -> Result<Value, CallError> {
    let status = answer.status();
    if status.as_u16() == 429 {
        let after = answer.headers().get("retry-after").unwrap_or("some");
        return Err(CallError::NotDone {
            operation,
            message: one_line(&format!("rate limited: try again after {after} seconds")),
        });
    }
    if status.is_server_error() {
        return Err(CallError::Unknown {
            operation,
            message: format!("Slack answered with status {}", status.as_u16()),
        });
    }
    let body = json::parse(bytes)
        .map_err(|_| unreadable(operation, format_args!("status {}", status.as_u16())))?;
    if body["ok"] == true {
        return Ok(body);
    }
    match body["error"].as_str() {
        Some("ratelimited" | "rate_limited") => Err(CallError::NotDone {
            operation,
            message: "rate limited".into(),
        }),
        Some("internal_error" | "fatal_error" | "service_unavailable" | "request_timeout") => {
            Err(CallError::Unknown {
                operation,
                message: one_line(&body["error"].to_string()),
            })
        }
        Some(code) => Err(refused(operation, code, details(&body))),
        None => Err(unreadable(operation, "it says neither ok nor an error")),
    }
}

/// What Slack says about an error beside its code: which block is wrong, which scope is missing.
fn details(body: &Value) -> String {
    let messages = body["response_metadata"]["messages"].as_array();
    let mut said: Vec<String> = messages
        .into_iter()
        .flatten()
        .filter_map(|message| message.as_str().map(str::to_owned))
        .collect();
    if let Some(needed) = body["needed"].as_str() {
        said.push(format!("the app needs the scope {needed}"));
    }
    if said.is_empty() {
        "see https://docs.slack.dev/reference/methods for what this means".into()
    } else {
        said.join("; ")
    }
}
