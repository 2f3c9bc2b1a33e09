//! Where people are notified, and answer: by channel.

mod sent;
pub(crate) mod slack;
mod sns;

use jiff::Timestamp;
use towpath_core::message::{Message, MessageKey};
use towpath_core::names::{ApprovalId, ReleaseId, SlackUser};
use towpath_core::pipeline::{Channel, Destination};
use towpath_core::release::SentMessage;
use towpath_deployer::ports::{CallError, Messenger};

use crate::aws::Aws;
use crate::call::refused;

impl Messenger for Aws {
    async fn send(
        &self,
        to: &Destination,
        message: &Message,
        below: Option<&SentMessage>,
        key: &MessageKey,
    ) -> Result<SentMessage, CallError> {
        match to {
            Destination::Slack(channel) => self.post_to_slack(channel, message, below, key).await,
            Destination::Sns => self.publish_request(message).await,
        }
    }

    async fn sent(
        &self,
        to: &Destination,
        below: Option<&SentMessage>,
        since: Timestamp,
    ) -> Result<Vec<(MessageKey, SentMessage)>, CallError> {
        match to {
            Destination::Slack(channel) => self.sent_in_slack(channel, below, since).await,
            Destination::Sns => Ok(Vec::new()),
        }
    }

    async fn edit(
        &self,
        channel: Channel,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), CallError> {
        match channel {
            Channel::Slack => self.edit_in_slack(sent, message).await,
            Channel::Sns => Err(refused(
                "sns:Publish",
                "InvalidRequest",
                "what was published to a topic cannot be edited",
            )),
        }
    }

    async fn whisper(&self, channel: &str, user: &SlackUser, text: &str) -> Result<(), CallError> {
        self.whisper_in_slack(channel, user, text).await
    }

    async fn how_to_answer(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError> {
        self.answers_by_topic(release, approval).await
    }
}
