//! AWS as the loop sees it: one type that implements every port.

use jiff::Timestamp;
use towpath_core::names::Region;
use towpath_deployer::ports::{CallError, Clock};

use crate::cache::{Definitions, Seals, Secrets};
use crate::clients::Clients;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::deadline::Deadline;

/// AWS, Slack and the clock, reached with the credentials of the environment. Nothing is built or
/// read before it is needed.
#[derive(Debug)]
pub struct Aws {
    settings: Settings,
    clients: Clients,
    clock: SystemClock,
    secrets: Secrets,
    seals: Seals,
    definitions: Definitions,
}

impl Aws {
    /// AWS as the environment variables describe it.
    #[must_use]
    pub fn from_env() -> Self {
        Self::new(Settings::from_env())
    }

    /// AWS as these settings describe it.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            clients: Clients::new(settings.clone()),
            clock: SystemClock::new(&settings),
            secrets: Secrets::default(),
            seals: Seals::default(),
            definitions: Definitions::default(),
            settings,
        }
    }

    /// AWS with the profile that is named, or else with whatever credentials the owner of this
    /// machine has set up.
    ///
    /// # Errors
    /// When the profile gives no credentials.
    #[cfg(feature = "cli")]
    pub async fn from_profile(
        settings: Settings,
        profile: Option<&str>,
    ) -> Result<Self, crate::UnusableProfile> {
        let http = crate::http::Http::default();
        let region = settings.region().ok();
        let config = crate::clients::from_profile(http.clone(), profile, region).await?;
        Ok(Self {
            clients: Clients::with_config(settings.clone(), http, config),
            clock: SystemClock::new(&settings),
            secrets: Secrets::default(),
            seals: Seals::default(),
            definitions: Definitions::default(),
            settings,
        })
    }

    /// The deployer's own region: the profile's, or that of the settings.
    ///
    /// # Errors
    /// When none is set.
    pub fn region(&self) -> Result<Region, CallError> {
        self.clients.home_region()
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What ends the calls that are made.
    #[must_use]
    pub fn deadline(&self) -> &Deadline {
        self.clients.deadline()
    }

    pub(crate) fn clients(&self) -> &Clients {
        &self.clients
    }

    pub(crate) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn seals(&self) -> &Seals {
        &self.seals
    }
}

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
