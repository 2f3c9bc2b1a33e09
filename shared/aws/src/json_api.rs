//! Calls of the AWS services of which a few reads are needed, too few to be worth the build time and
//! the size of an SDK crate. Which those are is listed in [`api`], and why in
//! `docs/decisions/0024-one-way-to-call-a-service.md`.
//!
//! JSON goes in and JSON comes out, with AWS's own names for the members, whatever the protocol is
//! on the wire. The call runs on the same runtime as the SDK's clients and with the configuration
//! of one of our [`ClientSet`]s, so that credentials, assumed roles, signatures, timeouts, retries
//! and what a failure means are no different. For reads only: a failed call is tried again.

mod api;
mod endpoint;
mod protocol;
mod xml;

use std::fmt;

use aws_config::SdkConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{
    HttpStatusCodeClassifier, TransientErrorClassifier,
};
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::auth::{AuthSchemeOptionResolverParams, SharedAuthScheme};
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::{ProvideErrorKind, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde_json::Value;
use towpath_deployer::ports::CallError;

use crate::call::{classify, refused};
use crate::clients::ClientSet;

#[cfg(test)]
pub(crate) use self::api::SERVICES;
pub(crate) use self::api::{Api, CLOUDWATCH, LOGS};

impl ClientSet {
    /// Reads something: `operation` is an operation of `api` with its service's prefix, such as
    /// `iam:GetRole`, and `input` its members.
    ///
    /// # Errors
    /// When the call fails.
    pub(crate) async fn read(
        &self,
        api: &Api,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let action = operation.split_once(':').map_or(operation, |(_, it)| it);
        let region = self.config().region().map_or("", AsRef::as_ref);
        let signed_for = endpoint::signing_region(api, region);
        let url = match self.config().endpoint_url() {
            Some(url) => url.to_owned(),
            None => endpoint::url(api, region),
        };
        let request = protocol::request(api, action, input)
            .map_err(|error| refused(operation, "InvalidRequest", error))?;
        let answer_of = api.protocol;
        let wanted = action.to_owned();
        let call = Operation::builder()
            .service_name(api.name)
            .operation_name(action.to_owned())
            .endpoint_url(&url)
            .runtime_plugin(signing(self.config(), api, &signed_for)?)
            .standard_retry(
                &self
                    .config()
                    .retry_config()
                    .cloned()
                    .unwrap_or_else(RetryConfig::standard),
            )
            .timeout_config(timeouts(self.config()))
            .retry_classifier(TransientErrorClassifier::<Said>::new())
            .retry_classifier(AwsErrorCodeClassifier::<Said>::new())
            .retry_classifier(HttpStatusCodeClassifier::default())
            .with_connection_poisoning()
            .serializer(protocol::Request::into_http)
            .deserializer(move |answer: &HttpResponse| read_answer(answer_of, &wanted, answer))
            .build();
        call.invoke(request)
            .await
            .map_err(|error: SdkError<Said, HttpResponse>| classify(operation, &error))
    }
}

/// What an SDK's client takes out of its configuration: whose credentials, which signature, which
/// clock and which HTTP client.
fn signing(config: &SdkConfig, api: &Api, region: &str) -> Result<StaticRuntimePlugin, CallError> {
    let missing = |what: &str| {
        refused(
            "configuration",
            "Configuration",
            format_args!("there is no {what}"),
        )
    };
    let credentials = config
        .credentials_provider()
        .ok_or_else(|| missing("credentials provider"))?;
    let mut components = RuntimeComponentsBuilder::new("towpath-signed")
        .with_http_client(config.http_client())
        .with_time_source(config.time_source())
        .with_sleep_impl(config.sleep_impl())
        .with_auth_scheme(SharedAuthScheme::new(SigV4AuthScheme::new()))
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
            sigv4::SCHEME_ID,
        ])))
        .with_identity_resolver(sigv4::SCHEME_ID, SharedIdentityResolver::new(credentials));
    components.set_identity_cache(config.identity_cache());

    let region = aws_types::region::Region::new(region.to_owned());
    let mut layer = Layer::new("towpath-signed");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(region)),
        name: Some(SigningName::from(api.name)),
        ..SigV4OperationSigningConfig::default()
    });
    Ok(StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components))
}

fn timeouts(config: &SdkConfig) -> TimeoutConfig {
    config
        .timeout_config()
        .cloned()
        .unwrap_or_else(TimeoutConfig::disabled)
}

fn read_answer(
    protocol: api::Protocol,
    action: &str,
    answer: &HttpResponse,
) -> Result<Value, OrchestratorError<Said>> {
    let body = answer.body().bytes().unwrap_or_default();
    if answer.status().is_success() {
        return protocol::output(protocol, action, body).map_err(OrchestratorError::other);
    }
    let header = answer.headers().get("x-amzn-errortype");
    Err(OrchestratorError::operation(Said(protocol::error(
        protocol, header, body,
    ))))
}

/// An error that AWS answered with.
#[derive(Debug)]
struct Said(ErrorMetadata);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Said {}

impl ProvideErrorMetadata for Said {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl ProvideErrorKind for Said {
    fn retryable_error_kind(&self) -> Option<aws_smithy_types::retry::ErrorKind> {
        None
    }

    fn code(&self) -> Option<&str> {
        self.0.code()
    }
}
