//! Amazon SNS: requests and outcomes for whoever reads e-mail.

use aws_config::retry::RetryConfig;

use crate::aws::Aws;
use crate::call::failed;
use crate::config::REQUESTS_TOPIC_ARN;
use crate::ports::CallError;

const PUBLISH: &str = "sns:Publish";

impl Aws {
    /// Publishes to the request topic, tried once: SNS would send a repeated message twice.
    pub(crate) async fn publish_request(&self, subject: &str, text: &str) -> Result<(), CallError> {
        let topic = self.settings().require(REQUESTS_TOPIC_ARN)?;
        let set = self.clients().home().await?;
        set.sns()
            .publish()
            .topic_arn(topic)
            .subject(subject)
            .message(text)
            .customize()
            .config_override(
                aws_sdk_sns::config::Builder::new().retry_config(RetryConfig::disabled()),
            )
            .send()
            .await
            .map_err(failed(PUBLISH))?;
        Ok(())
    }
}
