//! Where people are notified, and answer: by channel.

pub(crate) mod slack;
mod sns;

use towpath_core::message::Message;
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
    ) -> Result<SentMessage, CallError> {
        match to {
            Destination::Slack(channel) => self.post_to_slack(channel, message, below).await,
            Destination::Sns => self.publish_request(message).await,
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
