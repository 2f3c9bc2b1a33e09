//! What the checks ask of AWS and Slack. Nothing here changes anything.

use serde_json::Value;
use towpath_aws::Reached;
use towpath_core::names::Region;
use towpath_core::pipeline::Role;
use towpath_core::release::Place;
use towpath_core::target::CheckUrl;
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::{Digest, Registry, RepositoryName};

/// Where something is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spot {
    /// In the deployer's own account and region.
    Home,
    /// In the deployer's own account, in this region.
    Region(Region),
    /// In a stage's account and region: with the profile that was given for that account, or in
    /// the stage's role.
    Place(Box<Place>),
}

/// Reading AWS and Slack.
pub(crate) trait Reads {
    /// One call of AWS that reads: `operation` has its service before it, as in `iam:GetRole`.
    async fn read(
        &self,
        spot: &Spot,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, CallError>;
    /// The ARN of whose credentials are used.
    async fn caller_arn(&self) -> Result<String, CallError>;
    /// Assumes a role with the deployer's own credentials, and throws the session away.
    async fn assume(&self, role: &Role) -> Result<(), CallError>;
    /// The scopes of the Slack app's token: `auth.test`.
    async fn slack_scopes(&self) -> Result<Vec<String>, CallError>;
    /// A Slack channel as the app sees it: `conversations.info`.
    async fn slack_channel(&self, id: &str) -> Result<Value, CallError>;
    /// The configuration of an image that is no index, which names its architecture.
    async fn image_config(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        config: &Digest,
    ) -> Result<Value, CallError>;
    /// Whether anybody answers there, asked from this machine.
    async fn reach(&self, url: &CheckUrl) -> Reached;
}

/// The items of a list; none where it is `null` or missing, as empty lists are in XML.
pub(crate) fn items<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

/// A member's text; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}
