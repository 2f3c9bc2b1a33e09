//! A message as a channel takes it, and what it is made of.

use serde::Serialize;
use serde_json::{Value, json};

use super::escape::{cut, one_line};

/// The longest text of a section: <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
pub(in crate::message) const MAX_SECTION_LEN: usize = 3_000;

/// A message, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The subject, of an e-mail: at most 100 characters of ASCII.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it says; of a message with blocks what notifications say, and clients that show none.
    pub text: String,
    /// Slack's blocks: <https://docs.slack.dev/reference/block-kit/blocks>.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<Value>,
}

impl Message {
    /// One that is nothing but text.
    pub(in crate::message) fn plain(text: String) -> Self {
        Self {
            subject: None,
            text,
            blocks: None,
        }
    }
}

/// A subject as SNS takes it: printable ASCII, fewer than 100 characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
pub(in crate::message) fn subject(text: &str) -> String {
    one_line(text, 99)
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

pub(in crate::message) fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": true })
}

/// Text that is already escaped, cut to what a section holds. `verbatim` keeps Slack from making
/// links and mentions of its own out of what it finds in it:
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
pub(in crate::message) fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": cut(text, MAX_SECTION_LEN), "verbatim": true })
}
