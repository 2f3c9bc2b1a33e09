//! AWS clients, each built when it is first needed and kept for the life of the process: one set
//! per role and region.
//!
//! The configuration comes straight from the environment variables that Lambda sets rather than
//! through `aws_config`'s chain of sources, which would be most of a cold start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::SystemTimeSource;
use towpath_core::names::Region;
use towpath_core::pipeline::Role;
use towpath_core::release::Place;
use towpath_deployer::ports::CallError;

use crate::config::{ENDPOINT_URL, SettingError, Settings};
use crate::deadline::{Bound, Deadline};
use crate::http::{CONNECT_TIMEOUT, Http};
#[cfg(feature = "cli")]
use crate::profile::{self, UnusableProfile};

/// How long one attempt of a call may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call may take with all its attempts.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);
/// How AWS's logs name our sessions in other accounts.
const SESSION_NAME: &str = "towpath";

/// Who calls, and where: a role to assume, or none for the deployer's own credentials, and a region.
type Caller = (Option<Role>, Region);

#[derive(Debug)]
pub(crate) struct Clients {
    settings: Settings,
    deadline: Deadline,
    http: Http,
    base: OnceLock<SdkConfig>,
    sets: Mutex<BTreeMap<Caller, Arc<ClientSet>>>,
}

impl Clients {
    /// Clients with the credentials of the environment.
    pub(crate) fn new(settings: Settings) -> Self {
        let deadline = Deadline::default();
        Self {
            settings,
            http: Http::default().within(deadline.of_calls()),
            deadline,
            base: OnceLock::new(),
            sets: Mutex::default(),
        }
    }

    /// Clients with the credentials of `config`.
    #[cfg(feature = "cli")]
    pub(crate) fn with_config(settings: Settings, http: Http, config: SdkConfig) -> Self {
        Self {
            settings,
            deadline: Deadline::default(),
            http,
            base: OnceLock::from(config),
            sets: Mutex::default(),
        }
    }

    /// What ends their calls.
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// The HTTP client that they share.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// The clients of the deployer's own account and region.
    pub(crate) async fn home(&self) -> Result<Arc<ClientSet>, CallError> {
        let region = self.home_region()?;
        self.set(None, region, &self.deadline.of_calls()).await
    }

    /// The clients of the region that the ledger's table is in, with the function's own credentials:
    /// a table in another account admits them by its policy.
    pub(crate) async fn ledger(&self) -> Result<Arc<ClientSet>, CallError> {
        let region = match self.settings.table_region()? {
            Some(region) => region,
            None => self.home_region()?,
        };
        self.set(None, region, &self.deadline.of_the_ledger()).await
    }

    /// The clients of a stage's account and region, in its role if it has one.
    pub(crate) async fn at(&self, place: &Place) -> Result<Arc<ClientSet>, CallError> {
        let (role, region) = (place.role.clone(), place.service.region.clone());
        self.set(role, region, &self.deadline.of_calls()).await
    }

    /// The clients of another region, with the deployer's own credentials.
    pub(crate) async fn in_region(&self, region: &Region) -> Result<Arc<ClientSet>, CallError> {
        let bound = self.deadline.of_calls();
        self.set(None, region.clone(), &bound).await
    }

    pub(crate) fn home_region(&self) -> Result<Region, CallError> {
        let configured = self.base.get().and_then(SdkConfig::region);
        match configured.and_then(|region| region.as_ref().parse().ok()) {
            Some(region) => Ok(region),
            None => Ok(self.settings.region()?),
        }
    }

    fn base(&self) -> Result<&SdkConfig, SettingError> {
        match self.base.get() {
            Some(config) => Ok(config),
            None => {
                let bound = self.deadline.of_calls();
                let config = from_environment(&self.settings, self.http.clone(), bound)?;
                Ok(self.base.get_or_init(|| config))
            }
        }
    }

    async fn set(
        &self,
        role: Option<Role>,
        region: Region,
        bound: &Bound,
    ) -> Result<Arc<ClientSet>, CallError> {
        bound.in_time("a call")?;
        let key = (role, region);
        // A poisoned lock guards a map that is complete at every moment.
        let known = {
            let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
            sets.get(&key).cloned()
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let (role, region) = &key;
        let config = self
            .base()?
            .to_builder()
            .region(aws_config::Region::new(region.to_string()))
            .build();
        let config = match role {
            None => config,
            Some(role) => assume(role, config).await,
        };
        let bound = self.deadline.of_the_ledger();
        let ledger = config
            .to_builder()
            .sleep_impl(bound.clone())
            .http_client(self.http.within(bound))
            .build();
        let set = Arc::new(ClientSet::new(config, ledger, self.http.clone()));
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(sets.entry(key).or_insert(set).clone())
    }
}

/// The settings of every client, wherever its credentials come from.
fn common(config: SdkConfig, http: Http, bound: Bound) -> SdkConfig {
    config
        .into_builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .sleep_impl(bound)
        .time_source(SystemTimeSource::new())
        .retry_config(RetryConfig::standard())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(OPERATION_TIMEOUT)
                .build(),
        )
        .build()
}

fn from_environment(
    settings: &Settings,
    http: Http,
    bound: Bound,
) -> Result<SdkConfig, SettingError> {
    let credentials = Credentials::new(
        settings.require("AWS_ACCESS_KEY_ID")?,
        settings.require("AWS_SECRET_ACCESS_KEY")?,
        settings.get("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let mut builder = SdkConfig::builder()
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .identity_cache(IdentityCache::lazy().build());
    builder.set_endpoint_url(settings.get(ENDPOINT_URL));
    Ok(common(builder.build(), http, bound))
}

/// The configuration of the command line: profiles and whatever else the machine's owner has set up.
/// A profile that is named goes before the environment's credentials, as with AWS's own command line;
/// a region that is given goes before the profile's.
///
/// # Errors
/// When the profile gives no credentials.
#[cfg(feature = "cli")]
pub(crate) async fn from_profile(
    http: Http,
    profile: Option<&str>,
    region: Option<Region>,
) -> Result<SdkConfig, UnusableProfile> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = region {
        loader = loader.region(aws_config::Region::new(region.to_string()));
    }
    let mut config = loader.load().await;
    if let Some(profile) = profile {
        let credentials = profile::credentials(profile, &config, http.clone()).await?;
        config = config
            .into_builder()
            .credentials_provider(credentials)
            .build();
    }
    Ok(common(config, http, Bound::default()))
}

async fn assume(role: &Role, config: SdkConfig) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(role.arn.as_str())
        .session_name(SESSION_NAME)
        .configure(&config);
    if let Some(external_id) = &role.external_id {
        provider = provider.external_id(external_id);
    }
    let provider = provider.build().await;
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        // Shared by the set's clients, so that the role is assumed once for all of them.
        .identity_cache(IdentityCache::lazy().build())
        .build()
}

macro_rules! client_set {
    ($($name:ident from $config:ident: $sdk:ident),* $(,)?) => {
        /// The clients of one role in one region.
        #[derive(Debug)]
        pub(crate) struct ClientSet {
            config: SdkConfig,
            /// The same with the ledger's time, which goes on when that of the others is used up.
            ledger: SdkConfig,
            http: Http,
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl ClientSet {
            fn new(config: SdkConfig, ledger: SdkConfig, http: Http) -> Self {
                Self { config, ledger, http, $($name: OnceLock::new(),)* }
            }

            /// What the clients are made from.
            pub(crate) fn config(&self) -> &SdkConfig {
                &self.config
            }

            /// The HTTP client that they share.
            pub(crate) fn http(&self) -> &Http {
                &self.http
            }

            $(
                pub(crate) fn $name(&self) -> &$sdk::Client {
                    self.$name.get_or_init(|| $sdk::Client::new(&self.$config))
                }
            )*
        }
    };
}

client_set! {
    autoscaling from config: aws_sdk_applicationautoscaling,
    codedeploy from config: aws_sdk_codedeploy,
    dynamodb from ledger: aws_sdk_dynamodb,
    ecr from config: aws_sdk_ecr,
    ecs from config: aws_sdk_ecs,
    sns from config: aws_sdk_sns,
    ssm from config: aws_sdk_ssm,
    sts from config: aws_sdk_sts,
}
