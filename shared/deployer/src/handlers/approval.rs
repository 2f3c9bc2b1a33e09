//! `approval`: somebody decided, by a button in Slack or a message to the reply topic, or wants to
//! roll back.
//!
//! It faces the internet, so it can do nothing but write down what an authenticated person wants:
//! whether that person may, and what it does, is the core's to say.

mod roll_back;
mod slack;
mod sns;

use serde_json::Value;
use towpath_core::names::ParameterName;
use towpath_taskdef::json::JsonError;

use super::HandlerError;
use crate::ports::{Clock, Ledger, Messenger, Parameters, Secrets};

/// Who is allowed to send: what must match besides the signature.
#[derive(Debug, Clone, Default)]
pub struct Senders {
    /// The Slack app's id; any that knows the signing secret when `None`.
    pub slack_app: Option<String>,
    /// The Slack workspace's id; any when `None`.
    pub slack_team: Option<String>,
    /// The ARN of the topic that replies are published to.
    pub reply_topic: String,
}

/// What the function is set up with.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// Who is allowed to send.
    pub senders: Senders,
    /// The path below which the pipelines are kept.
    pub pipelines_path: ParameterName,
    /// The function's own name, under which it measures.
    pub function: String,
}

/// Takes a request to the function URL, or a batch of SNS messages.
///
/// # Errors
/// When the ledger or the secrets cannot be used. What is refused is answered and told, and is no
/// failure: what a function fails on is kept, and a message to the reply topic holds a token.
pub async fn handle<P>(
    ports: &P,
    set_up: &SetUp,
    event: Result<&Value, &JsonError>,
) -> Result<Value, HandlerError>
where
    P: Ledger + Parameters + Secrets + Messenger + Clock,
{
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(
                place = error.place(),
                "event refused: it is no JSON that can be read"
            );
            return Ok(slack::answer(400, "the request cannot be read"));
        }
    };
    match ApprovalChannel::of(event) {
        ApprovalChannel::Slack => slack::handle(ports, set_up, event).await,
        ApprovalChannel::Sns => sns::handle(ports, set_up, event)
            .await
            .map(|()| Value::Null),
    }
}

/// The approval channels: where a decision may come from.
enum ApprovalChannel {
    /// A button in Slack: a request to the function URL.
    Slack,
    /// A reply that was published to the reply topic.
    Sns,
}

impl ApprovalChannel {
    fn of(event: &Value) -> Self {
        if event.get("Records").is_some() {
            Self::Sns
        } else {
            Self::Slack
        }
    }
}
