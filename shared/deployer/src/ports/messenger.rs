//! Where people are notified, and answer.

use jiff::Timestamp;
use towpath_core::message::{Message, MessageKey};
use towpath_core::names::{ApprovalId, ReleaseId, SlackUser};
use towpath_core::pipeline::{Channel, Destination};
use towpath_core::release::SentMessage;

use super::CallError;

/// Where people are notified, and answer.
pub trait Messenger {
    /// Sends a message, below another one where one is named, and says which message it is.
    async fn send(
        &self,
        to: &Destination,
        message: &Message,
        below: Option<&SentMessage>,
        key: &MessageKey,
    ) -> Result<SentMessage, CallError>;
    /// What this deployer has sent there since then, and nobody else, the oldest first: below a message
    /// where one is named. Nothing where messages cannot be found again.
    async fn sent(
        &self,
        to: &Destination,
        below: Option<&SentMessage>,
        since: Timestamp,
    ) -> Result<Vec<(MessageKey, SentMessage)>, CallError>;
    /// Edits a message.
    async fn edit(
        &self,
        channel: Channel,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), CallError>;
    /// Tells one person something in a Slack channel that only they see.
    async fn whisper(&self, channel: &str, user: &SlackUser, text: &str) -> Result<(), CallError>;
    /// How the reader of an e-mail answers a request: the messages to publish, with their tokens.
    async fn how_to_answer(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError>;
}
