//! What people are told of a release: its card, the replies in its thread, and its mails.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{ApprovalId, Fingerprint};

/// A release's card in Slack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The text of notifications and of clients that show no blocks.
    pub text: String,
    /// The blocks: <https://docs.slack.dev/reference/block-kit/blocks>.
    pub blocks: Value,
}

impl Card {
    /// The fingerprint of what the card says.
    #[must_use]
    pub fn face(&self) -> Fingerprint {
        Fingerprint::of(format!("{}\n{}", self.text, self.blocks))
    }
}

/// A reply in a release's thread, in Slack's mrkdwn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The entry that it tells.
    pub sequence: u64,
    /// What it says.
    pub text: String,
}

/// A message for e-mail, published to SNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The entry that it tells.
    pub sequence: u64,
    /// The subject: at most 100 characters of ASCII.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The request that the reader can answer, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<ApprovalId>,
}
