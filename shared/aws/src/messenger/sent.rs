//! Finding the deployer's own messages again in Slack, by the metadata that they carry:
//! <https://docs.slack.dev/messaging/message-metadata>. An app reads the channels that it is in with the
//! scopes `channels:history` and `groups:history`.
//!
//! Slack limits how often it may to once a minute, for apps that are distributed outside its marketplace,
//! and not for one that a team makes for itself, as here:
//! <https://docs.slack.dev/apis/web-api/rate-limits>.

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use towpath_core::message::MessageKey;
use towpath_core::names::SlackChannel;
use towpath_core::release::SentMessage;
use towpath_deployer::ports::CallError;

use super::slack::Arguments;
use crate::aws::Aws;
use crate::call::{present, refused};

const WHO: &str = "slack:auth.test";
const HISTORY: &str = "slack:conversations.history";
const REPLIES: &str = "slack:conversations.replies";

/// Slack takes letters, digits, `_` and `-`.
const EVENT_TYPE: &str = "towpath_message";
/// How many messages are read at once.
const PAGE: &str = "100";
/// How many times: so many messages are not written while a message is in doubt.
const MAX_PAGES: usize = 20;

impl Aws {
    /// What a message carries so that it is found again.
    pub(super) fn metadata(&self, key: &MessageKey) -> Result<Value, CallError> {
        let payload = serde_json::to_value(key);
        let mut payload = payload.map_err(|error| refused(HISTORY, "InvalidRequest", error))?;
        payload["deployer"] = self.deployer()?.into();
        Ok(json!({ "event_type": EVENT_TYPE, "event_payload": payload }))
    }

    /// Several deployers may share an app and a channel.
    fn deployer(&self) -> Result<String, CallError> {
        let home = self.settings().home()?;
        let table = self.settings().table()?;
        Ok(format!("{}/{}/{table}", home.account, home.region))
    }

    /// What was sent to a channel since then, or below a message of it.
    pub(crate) async fn sent_in_slack(
        &self,
        channel: &SlackChannel,
        below: Option<&SentMessage>,
        since: Timestamp,
    ) -> Result<Vec<(MessageKey, SentMessage)>, CallError> {
        let to = below.map_or(channel.as_str(), |below| below.to.as_str());
        let own = Own {
            bot: self.bot().await?,
            deployer: self.deployer()?,
        };
        let operation = if below.is_some() { REPLIES } else { HISTORY };
        let oldest = format!("{}.000000", since.as_second());
        let mut sent = Vec::new();
        let mut cursor = String::new();
        for _ in 0..MAX_PAGES {
            let mut form = vec![
                ("channel", to),
                ("oldest", &oldest),
                ("include_all_metadata", "true"),
                ("limit", PAGE),
            ];
            form.extend(below.map(|below| ("ts", below.id.as_str())));
            form.extend((!cursor.is_empty()).then_some(("cursor", cursor.as_str())));
            let arguments = Arguments::Form(encoded(&form));
            let answer = self.slack_answer(operation, &arguments).await?.body;
            let messages = answer["messages"].as_array().into_iter().flatten();
            sent.extend(messages.filter_map(|message| own.read(to, message)));
            let next = answer["response_metadata"]["next_cursor"].as_str();
            match next.filter(|next| !next.is_empty()) {
                Some(next) => next.clone_into(&mut cursor),
                None => {
                    // Their ids are times of the same length.
                    sent.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
                    return Ok(sent);
                }
            }
        }
        let problem = "more messages were written there than are read";
        Err(refused(operation, "TooManyMessages", problem))
    }

    /// The bot as which the app writes.
    async fn bot(&self) -> Result<String, CallError> {
        let arguments = Arguments::Form(String::new());
        let answer = self.slack_answer(WHO, &arguments).await?.body;
        present(WHO, "bot_id", answer["bot_id"].as_str().map(str::to_owned))
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let pairs = form.iter().map(|(name, value)| {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        format!("{name}={value}")
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// What tells our messages from those of others.
struct Own {
    /// Slack's id of the bot, which nobody else can write as.
    bot: String,
    deployer: String,
}

impl Own {
    /// What a message is about, if it is ours. Anybody may write such metadata.
    fn read(&self, to: &str, message: &Value) -> Option<(MessageKey, SentMessage)> {
        let metadata = &message["metadata"];
        if message["bot_id"] != self.bot.as_str() || metadata["event_type"] != EVENT_TYPE {
            return None;
        }
        let mut payload = metadata["event_payload"].as_object()?.clone();
        if payload.remove("deployer")? != self.deployer.as_str() {
            return None;
        }
        let key = serde_json::from_value(Value::Object(payload)).ok()?;
        let message = SentMessage {
            to: to.to_owned(),
            id: message["ts"].as_str()?.to_owned(),
        };
        Some((key, message))
    }
}
