//! Looking at what the deployer depends on, for whoever examines an installation: the Slack app,
//! and what an image is for.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::{Digest, Registry, RepositoryName};
use towpath_taskdef::json;

use crate::aws::Aws;
use crate::call::{causes, failed, present, unreadable};
use crate::ecr::whose;
use crate::messenger::slack::{Arguments, read};

const BLOB: &str = "ecr:GetDownloadUrlForLayer";

/// How long a download may take.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Aws {
    /// The scopes of the Slack app's token: <https://docs.slack.dev/reference/methods/auth.test>.
    ///
    /// # Errors
    /// When the token cannot be read, or Slack refuses it.
    pub async fn slack_scopes(&self) -> Result<Vec<String>, CallError> {
        let nothing = Arguments::Form(String::new());
        let answer = self.slack_answer("slack:auth.test", &nothing).await?;
        Ok(answer.scopes)
    }

    /// A channel as the Slack app sees it:
    /// <https://docs.slack.dev/reference/methods/conversations.info>.
    ///
    /// # Errors
    /// When the token cannot be read, or Slack refuses.
    pub async fn slack_channel(&self, id: &str) -> Result<Value, CallError> {
        const OPERATION: &str = "slack:conversations.info";
        // An id has no character that a form would escape.
        let form = Arguments::Form(format!("channel={id}"));
        let mut answer = self.slack_answer(OPERATION, &form).await?;
        Ok(answer.body["channel"].take())
    }

    /// The configuration of an image, which names its architecture, by the digest that the image's
    /// manifest gives for it: <https://github.com/opencontainers/image-spec/blob/main/config.md>.
    ///
    /// # Errors
    /// When a call fails or the configuration is no JSON.
    pub async fn image_config(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        config: &Digest,
    ) -> Result<Value, CallError> {
        let (account, region) = whose(BLOB, registry)?;
        let set = self.clients().in_region(&region).await?;
        let answer = set
            .ecr()
            .get_download_url_for_layer()
            .registry_id(account)
            .repository_name(repository.as_str())
            .layer_digest(config.to_string())
            .send()
            .await
            .map_err(failed(BLOB))?;
        let url = present(BLOB, "downloadUrl", answer.download_url)?;
        let bytes = self.download(&url).await?;
        if Digest::of(&bytes) != *config {
            return Err(unreadable(BLOB, "it is not what its digest says"));
        }
        json::parse(&bytes).map_err(|error| unreadable(BLOB, error))
    }

    /// Fetches from an address that AWS has signed. The address is as good as a credential, and is
    /// named nowhere. What fails is not worth another try: nobody waits for it.
    async fn download(&self, url: &str) -> Result<Vec<u8>, CallError> {
        let mut request = HttpRequest::empty();
        request
            .set_uri(url)
            .map_err(|_| unreadable(BLOB, "ECR returned an invalid download URL"))?;
        let exchange = async {
            let answer = self.clients().http().once().call(request).await;
            let mut answer = answer.map_err(|error| CallError::Unknown {
                operation: BLOB,
                message: causes(&error),
            })?;
            if !answer.status().is_success() {
                let status = answer.status().as_u16();
                return Err(unreadable(BLOB, format_args!("status {status}")));
            }
            read(BLOB, answer.take_body()).await
        };
        match tokio::time::timeout(self.clients().http().cap(TIMEOUT), exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CallError::Unknown {
                operation: BLOB,
                message: "no answer in time".into(),
            }),
        }
    }
}
