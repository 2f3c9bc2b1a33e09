//! The installed deployer, as far as the commands ask anything of it.

mod aws;
pub(crate) mod description;
mod find;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod orders;
pub(crate) mod reads;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use towpath_core::names::{DeploymentId, ParameterName, PipelineName, Region, ReleaseId};
use towpath_core::pipeline::{Pipeline, ReadError, Stage};
use towpath_core::release::{
    BrokenSeal, Home, PlanRequest, Release, ServiceId, ServiceRow, StoredEntry, Summary,
};
use towpath_deployer::Preview;
use towpath_deployer::ports::ImageDetail;
use towpath_taskdef::image::{Digest, Registry, RepositoryName, Tag};

use crate::output::Failure;
use crate::typo;

/// Where the deployer is.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Where the deployer is")]
pub(crate) struct Where {
    /// The prefix that the deployer was installed with.
    #[arg(
        long,
        global = true,
        env = "TOWPATH_PREFIX",
        default_value = "towpath",
        value_name = "NAME"
    )]
    prefix: Prefix,
    /// The profile of the AWS configuration to use.
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The deployer's region; by default that of the environment or profile.
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<Region>,
}

/// What the names of everything of a deployer begin with, as its Terraform module takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if begins && text.len() <= 24 && text.chars().all(known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(
                "a prefix is 1 to 24 characters of a-z, 0-9 and -, beginning with a letter, such as towpath",
            )
        }
    }
}

/// A parameter of SSM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: ParameterName,
    pub(crate) version: i64,
    pub(crate) value: String,
}

/// What the commands ask. Each method is one call of AWS, or the pages of one.
pub(crate) trait Deployer {
    /// The prefix that it was installed with.
    fn prefix(&self) -> &str;
    /// The path below which the pipelines are kept.
    fn pipelines_path(&self) -> &ParameterName;
    /// The time, by the deployer's clock: the lab has one of its own.
    fn now(&self) -> Timestamp;
    /// The deployer's account and region.
    async fn home(&self) -> Result<Home, Failure>;
    /// Every parameter below a path.
    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, Failure>;
    /// Writes a parameter, over what it held, and returns its new version.
    async fn put(
        &self,
        name: &ParameterName,
        value: &str,
        description: &str,
    ) -> Result<i64, Failure>;
    /// The releases of a pipeline, the newest first, at most `limit`.
    async fn releases_of(
        &self,
        pipeline: &PipelineName,
        limit: usize,
    ) -> Result<Vec<Summary>, Failure>;
    /// A release.
    async fn release(&self, id: &ReleaseId) -> Result<Option<Release>, Failure>;
    /// A release that must not keep anybody where it cannot be read.
    async fn release_if_readable(&self, id: &ReleaseId) -> Result<MaybeRead, Failure>;
    /// A release's summary.
    async fn summary(&self, id: &ReleaseId) -> Result<Option<Summary>, Failure>;
    /// A release's entries as they are stored.
    async fn stored_entries(&self, id: &ReleaseId) -> Result<StoredEntries, Failure>;
    /// Whether entries were written by who may write them.
    async fn seals(&self, id: &ReleaseId, entries: &[StoredEntry]) -> Sealed;
    /// The image of a tag.
    async fn image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, Failure>;
    /// The images of a repository that have tags.
    async fn images(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
    ) -> Result<Vec<ImageDetail>, Failure>;
    /// Whether a repository has an image; none when that may not be asked.
    async fn has_image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<bool>, Failure>;
    /// What a rollout would do: nothing is changed.
    async fn preview(&self, planning: &PlanRequest) -> Result<Preview, Failure>;
    /// Whose a deployment is.
    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, Failure>;
    /// The rows of services, in their order.
    async fn services(&self, ids: &[ServiceId]) -> Result<Vec<ServiceRow>, Failure>;
}

/// A release, if its ledger can be read.
pub(crate) enum MaybeRead {
    /// It can; there may be no such release.
    Read(Option<Box<Release>>),
    /// It cannot: why.
    Unreadable(String),
}

/// The entries of a release as they are stored.
pub(crate) enum StoredEntries {
    /// All of them can be read.
    Readable {
        /// They.
        entries: Vec<StoredEntry>,
        /// Whether the summary says that one of them is not trusted.
        closed: bool,
    },
    /// One cannot: why.
    Unreadable(String),
}

/// Whether entries were written by who may write them.
#[derive(Debug, Clone)]
pub(crate) enum Sealed {
    /// They were.
    Verified,
    /// One was not.
    Broken(BrokenSeal),
    /// It is not known: the keys cannot be read.
    Unknown(String),
}

/// A parameter below the pipelines' path, and what it holds.
#[derive(Debug)]
pub(crate) struct StoredPipeline {
    pub(crate) parameter: Parameter,
    pub(crate) pipeline: Result<Pipeline, ReadError>,
}

impl StoredPipeline {
    /// The pipeline's name: what cannot be read has none but its parameter's.
    pub(crate) fn called(&self) -> &str {
        let name = self.parameter.name.as_str();
        name.rsplit('/').next().unwrap_or(name)
    }
}

/// A pipeline that the deployer does not keep.
#[derive(Debug, thiserror::Error)]
#[error("there is no pipeline `{name}` below {path}: {help}")]
pub(crate) struct NoSuchPipeline {
    name: PipelineName,
    path: ParameterName,
    help: String,
}

impl NoSuchPipeline {
    /// The error, if none of those that are kept has the name.
    pub(crate) fn unless_kept<'a, D: Deployer>(
        deployer: &D,
        name: &PipelineName,
        kept: &'a [StoredPipeline],
    ) -> Result<&'a StoredPipeline, Self> {
        if let Some(found) = kept.iter().find(|one| one.called() == name.as_str()) {
            return Ok(found);
        }
        let known: Vec<_> = kept.iter().map(StoredPipeline::called).collect();
        let help = match typo::hint(name.as_str(), &known) {
            Some(hint) => hint,
            None => "`towpath apply FILE` stores one".to_owned(),
        };
        Err(Self {
            name: name.clone(),
            path: deployer.pipelines_path().clone(),
            help,
        })
    }
}

/// Every pipeline that the deployer keeps, by the names of the parameters.
pub(crate) async fn all_pipelines<D: Deployer>(
    deployer: &D,
) -> Result<Vec<StoredPipeline>, Failure> {
    kept_below(deployer, deployer.pipelines_path()).await
}

/// The pipelines of one repository.
pub(crate) async fn pipelines_of<D: Deployer>(
    deployer: &D,
    repository: &RepositoryName,
) -> Result<Vec<StoredPipeline>, Failure> {
    let path = Pipeline::parameter_path(deployer.pipelines_path(), repository)?;
    let mut kept = kept_below(deployer, &path).await?;
    // The repository `team/shop` lies below the repository `team`; its pipelines are not `team`'s.
    kept.retain(|one| {
        let below = one.parameter.name.as_str().strip_prefix(path.as_str());
        below.is_some_and(|rest| !rest.trim_start_matches('/').contains('/'))
    });
    Ok(kept)
}

async fn kept_below<D: Deployer>(
    deployer: &D,
    path: &ParameterName,
) -> Result<Vec<StoredPipeline>, Failure> {
    let mut parameters = deployer.parameters_below(path).await?;
    parameters.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(parameters
        .into_iter()
        .map(|parameter| StoredPipeline {
            pipeline: Pipeline::from_parameter(
                deployer.pipelines_path(),
                &parameter.name,
                &parameter.value,
            ),
            parameter,
        })
        .collect())
}

/// The service of a stage.
pub(crate) fn service_of(stage: &Stage, home: &Home) -> ServiceId {
    home.service_of(stage)
}
