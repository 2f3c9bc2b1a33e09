//! The credentials of a profile that is named, whatever else the environment has.

use std::error::Error;

use aws_config::SdkConfig;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use towpath_core::message::one_line;

use crate::http::Http;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the profile `{profile}` gives no credentials ({problem}): `aws configure list-profiles` shows \
     those there are"
)]
pub struct UnusableProfile {
    profile: String,
    problem: String,
}

/// The profile's credentials, fetched once to see that it has any. The chain of sources would take
/// the environment's instead, and those of another account with them.
///
/// # Errors
/// When it has none.
pub(crate) async fn credentials(
    profile: &str,
    config: &SdkConfig,
    http: Http,
) -> Result<SharedCredentialsProvider, UnusableProfile> {
    let surroundings = ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_http_client(http);
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&surroundings)
        .profile_name(profile)
        .build();
    match provider.provide_credentials().await {
        Ok(_) => Ok(SharedCredentialsProvider::new(provider)),
        Err(error) => Err(UnusableProfile {
            profile: profile.to_owned(),
            problem: one_line(&root(&error).to_string(), 300),
        }),
    }
}

/// What is at the bottom of an error: those above it say in general what failed.
fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root
}
