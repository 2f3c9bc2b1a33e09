//! Amazon SNS: requests and outcomes for whoever reads e-mail.

use towpath_core::message::{Message, how_to_answer};
use towpath_core::names::{ApprovalId, ReleaseId};
use towpath_core::release::{Decision, SentMessage};
use towpath_core::token;
use towpath_deployer::ports::CallError;

use crate::aws::Aws;
use crate::call::{failed, present, refused};
use crate::config::{REPLIES_TOPIC_ARN, REQUESTS_TOPIC_ARN};
use crate::http::sent_once;
use crate::secrets::SecretKind;

const PUBLISH: &str = "sns:Publish";

impl Aws {
    /// The messages to publish to the reply topic, one for each decision, with their tokens.
    pub(crate) async fn answers_by_topic(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError> {
        let topic = self.settings().require(REPLIES_TOPIC_ARN)?;
        let key = self.secret(SecretKind::LinkKey).await?;
        let mut answers = Vec::new();
        for decision in [Decision::Approve, Decision::Reject] {
            let token = token::mint(key.expose().as_bytes(), release, approval, decision)
                .map_err(|error| refused("towpath:mint", "UnusableLinkKey", error))?;
            answers.push((decision, token));
        }
        Ok(how_to_answer(&topic, &answers))
    }

    /// Publishes to the request topic, tried once: SNS would send a repeated message twice.
    pub(crate) async fn publish_request(
        &self,
        message: &Message,
    ) -> Result<SentMessage, CallError> {
        let topic = self.settings().require(REQUESTS_TOPIC_ARN)?;
        let set = self.clients().home().await?;
        let sent = set
            .sns()
            .publish()
            .topic_arn(&topic)
            .set_subject(message.subject.clone())
            .message(&message.text)
            .customize()
            .config_override(sent_once!(aws_sdk_sns, set))
            .send()
            .await
            .map_err(failed(PUBLISH))?;
        Ok(SentMessage {
            to: topic,
            id: present(PUBLISH, "MessageId", sent.message_id)?,
        })
    }
}
