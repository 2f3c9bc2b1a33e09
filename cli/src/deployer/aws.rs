//! The deployer in AWS, reached with the credentials of whoever runs the command.

mod orders;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use towpath_aws::config::{
    PIPELINES_PATH, REGION, SEAL_WRITER, SEALS_PATH, SLACK_BOT_TOKEN_PARAMETER, Settings, TABLE,
};
use towpath_aws::{At, Aws, Caller, Reached, reach};
use towpath_core::names::{AccountId, DeploymentId, ParameterName, PipelineName, ReleaseId};
use towpath_core::pipeline::Role;
use towpath_core::release::{
    Home, PlanRequest, Release, ServiceId, ServiceRow, StoredEntry, Summary, Writer,
};
use towpath_core::target::CheckUrl;
use towpath_deployer::ports::{
    CallError, Clock as _, Ecr as _, ImageDetail, Ledger as _, LoadError, Parameters as _,
};
use towpath_deployer::{Preview, preview};
use towpath_taskdef::image::{Digest, Registry, RepositoryName, Tag};

use super::find::find;
use super::{Deployer, MaybeRead, Parameter, Prefix, Sealed, StoredEntries, Where};
use crate::deployer::reads::{Reads, Spot};
use crate::output::Failure;

/// How long doctor waits for a listener. Security groups drop what they do not admit, so that nothing
/// comes back.
const MAX_REACH_TIME: Duration = Duration::from_secs(4);

/// The deployer in AWS.
pub(crate) struct Installed {
    /// The prefix that it was installed with.
    prefix: Prefix,
    aws: Aws,
    /// Whose credentials are used.
    caller: Caller,
    home: Home,
    pipelines_path: ParameterName,
    /// Other accounts, each with the credentials that were named for it.
    elsewhere: BTreeMap<AccountId, Aws>,
}

impl Where {
    /// The deployer there.
    ///
    /// # Errors
    /// When it is not there, or a profile gives no credentials.
    pub(crate) async fn connect(&self) -> Result<Installed, Failure> {
        self.connect_with(&[]).await
    }

    /// The deployer there, and other accounts with the profiles that are named for them.
    ///
    /// # Errors
    /// When it is not there, or a profile gives no credentials.
    pub(crate) async fn connect_with(
        &self,
        elsewhere: &[(AccountId, String)],
    ) -> Result<Installed, Failure> {
        let mut settings = Settings::from_env();
        if settings.get(TABLE).is_none() {
            settings = settings.with(TABLE, format!("{}-ledger", self.prefix));
        }
        if settings.get(PIPELINES_PATH).is_none() {
            settings = settings.with(PIPELINES_PATH, format!("/{}/pipelines", self.prefix));
        }
        if settings.get(SLACK_BOT_TOKEN_PARAMETER).is_none() {
            let name = format!("/{}/slack/bot-token", self.prefix);
            settings = settings.with(SLACK_BOT_TOKEN_PARAMETER, name);
        }
        if settings.get(SEALS_PATH).is_none() {
            settings = settings.with(SEALS_PATH, format!("/{}/seals", self.prefix));
        }
        settings = settings.with(SEAL_WRITER, Writer::Operator.name());
        if let Some(region) = &self.region {
            settings = settings.with(REGION, region.as_str());
        }
        let pipelines_path = settings.pipelines_path()?;
        let aws = Aws::from_profile(settings.clone(), self.profile.as_deref()).await?;
        let (caller, region) = find(&aws, &self.prefix).await?;
        let mut accounts = BTreeMap::new();
        for (account, profile) in elsewhere {
            let aws = Aws::from_profile(settings.clone(), Some(profile)).await;
            let aws = aws.map_err(|error| format!("--in {account}={profile}: {error}"))?;
            accounts.insert(account.clone(), aws);
        }
        Ok(Installed {
            prefix: self.prefix.clone(),
            home: Home {
                account: caller.account.clone(),
                region,
            },
            caller,
            aws,
            pipelines_path,
            elsewhere: accounts,
        })
    }
}

impl Deployer for Installed {
    fn prefix(&self) -> &str {
        self.prefix.as_str()
    }

    fn pipelines_path(&self) -> &ParameterName {
        &self.pipelines_path
    }

    fn now(&self) -> Timestamp {
        self.aws.now()
    }

    async fn home(&self) -> Result<Home, Failure> {
        Ok(self.home.clone())
    }

    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, Failure> {
        let found = self.aws.parameters_below(path).await?;
        Ok(found
            .into_iter()
            .map(|parameter| Parameter {
                name: parameter.name,
                version: parameter.version,
                value: parameter.value,
            })
            .collect())
    }

    async fn put(
        &self,
        name: &ParameterName,
        value: &str,
        description: &str,
    ) -> Result<i64, Failure> {
        Ok(self.aws.put_parameter(name, value, description).await?)
    }

    async fn releases_of(
        &self,
        pipeline: &PipelineName,
        limit: usize,
    ) -> Result<Vec<Summary>, Failure> {
        let listed = self.aws.releases_of(pipeline, limit).await?;
        Ok(listed.into_iter().map(|one| one.summary).collect())
    }

    async fn release(&self, id: &ReleaseId) -> Result<Option<Release>, Failure> {
        Ok(self.aws.load(id).await?)
    }

    async fn release_if_readable(&self, id: &ReleaseId) -> Result<MaybeRead, Failure> {
        match self.aws.load(id).await {
            Ok(release) => Ok(MaybeRead::Read(release.map(Box::new))),
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
                Ok(MaybeRead::Unreadable(error.to_string()))
            }
            Err(LoadError::Call(error)) => Err(error.into()),
        }
    }

    async fn summary(&self, id: &ReleaseId) -> Result<Option<Summary>, Failure> {
        Ok(self.aws.summary(id).await?.map(|one| one.summary))
    }

    async fn stored_entries(&self, id: &ReleaseId) -> Result<StoredEntries, Failure> {
        match self.aws.stored_entries(id).await {
            Ok(stored) => Ok(StoredEntries::Readable {
                closed: stored.untrusted.is_some(),
                entries: stored.entries,
            }),
            Err(LoadError::Unreadable { problem, .. }) => Ok(StoredEntries::Unreadable(problem)),
            Err(error @ (LoadError::Distrusted(_) | LoadError::Call(_))) => Err(error.into()),
        }
    }

    async fn seals(&self, id: &ReleaseId, entries: &[StoredEntry]) -> Sealed {
        match self.aws.audit_seals(id, entries).await {
            Ok(Ok(())) => Sealed::Verified,
            Ok(Err(broken)) => Sealed::Broken(broken),
            Err(error) => Sealed::Unknown(error.to_string()),
        }
    }

    async fn image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, Failure> {
        Ok(self.aws.image_by_tag(registry, repository, tag).await?)
    }

    async fn images(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
    ) -> Result<Vec<ImageDetail>, Failure> {
        let ever = Timestamp::MIN;
        Ok(self.aws.pushed_since(registry, repository, ever).await?)
    }

    async fn has_image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<bool>, Failure> {
        let asked = [*digest];
        let states = self.aws.image_states(registry, repository, &asked).await?;
        Ok(states.map(|states| states.contains_key(digest)))
    }

    async fn preview(&self, planning: &PlanRequest) -> Result<Preview, Failure> {
        Ok(preview(&self.aws, planning).await?)
    }

    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, Failure> {
        Ok(self.aws.release_of(deployment).await?)
    }

    async fn services(&self, ids: &[ServiceId]) -> Result<Vec<ServiceRow>, Failure> {
        Ok(self.aws.services(ids).await?)
    }
}

impl Reads for Installed {
    async fn read(
        &self,
        spot: &Spot,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, CallError> {
        let (aws, at) = match spot {
            Spot::Home => (&self.aws, At::Home),
            Spot::Region(region) => (&self.aws, At::Region(region)),
            Spot::Place(place) => match self.elsewhere.get(&place.service.account) {
                Some(aws) => (aws, At::Region(&place.service.region)),
                None => (&self.aws, At::Place(place)),
            },
        };
        aws.read(at, operation, &input).await
    }

    async fn caller_arn(&self) -> Result<String, CallError> {
        Ok(self.caller.arn.clone())
    }

    async fn assume(&self, role: &Role) -> Result<(), CallError> {
        self.aws.assume(role).await
    }

    async fn slack_scopes(&self) -> Result<Vec<String>, CallError> {
        self.aws.slack_scopes().await
    }

    async fn slack_channel(&self, id: &str) -> Result<Value, CallError> {
        self.aws.slack_channel(id).await
    }

    async fn image_config(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        config: &Digest,
    ) -> Result<Value, CallError> {
        self.aws.image_config(registry, repository, config).await
    }

    async fn reach(&self, url: &CheckUrl) -> Reached {
        reach(url, MAX_REACH_TIME).await
    }
}
