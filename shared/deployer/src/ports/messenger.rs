//! Where people are told.

use towpath_core::names::{ApprovalId, ReleaseId, SlackUser};
use towpath_core::release::Card;

use super::CallError;

/// Where people are told.
pub trait Messenger {
    /// Posts a card and returns its channel and id.
    async fn post_card(&self, channel: &str, card: &Card) -> Result<(String, String), CallError>;
    /// Edits a card.
    async fn update_card(&self, channel: &str, ts: &str, card: &Card) -> Result<(), CallError>;
    /// Replies in a card's thread.
    async fn reply(&self, channel: &str, thread: &str, text: &str) -> Result<(), CallError>;
    /// Tells one person something in a channel that only they see.
    async fn whisper(&self, channel: &str, user: &SlackUser, text: &str) -> Result<(), CallError>;
    /// How the reader of an e-mail answers a request: the messages to publish, with their tokens.
    async fn how_to_answer(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError>;
    /// Publishes to the request topic.
    async fn publish(&self, subject: &str, text: &str) -> Result<(), CallError>;
}
