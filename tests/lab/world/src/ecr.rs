//! Amazon ECR: repositories, images under true digests, tag immutability, scans and their events.
//!
//! API: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/>.

mod describe;
mod events;
mod images;
mod manifest;
mod platforms;
mod policies;
mod push;
mod repositories;
mod scan;
mod storage;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use platforms::Platform;
pub use push::Push;
pub(crate) use scan::ScanTimer;
pub(crate) use scan::finish as finish_scan;

use crate::{
    World,
    behaviour::Behaviour,
    call::{Answer, ApiError, Call, Place},
};

/// Every registry of every account and region.
#[derive(Debug, Default)]
pub(crate) struct Registries {
    repositories: BTreeMap<(Place, String), Repository>,
    behaviours: BTreeMap<String, Behaviour>,
    /// The configurations of images, by their digests.
    configs: BTreeMap<String, String>,
    pushes: u64,
}

#[derive(Debug)]
struct Repository {
    place: Place,
    name: String,
    created_at: Timestamp,
    mutability: String,
    exclusions: Value,
    scan_on_push: bool,
    encryption: Value,
    tags: Value,
    lifecycle_policy: Option<String>,
    policy: Option<String>,
    images: Vec<Image>,
}

#[derive(Debug)]
struct Image {
    digest: String,
    tags: Vec<String>,
    manifest: String,
    media_type: String,
    artifact_media_type: Option<String>,
    size: u64,
    pushed_at: Timestamp,
    scan: Option<scan::Scan>,
    storage: storage::Storage,
}

/// Why a task cannot pull an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unpulled {
    /// The registry has no such image.
    Missing,
    /// The repository is in another account, and its policy does not let that of the task pull.
    Forbidden,
    /// It is an index that lists nothing for the task's platform.
    NotForPlatform,
}

/// What a task finds when it pulls: the digest and how it will behave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pulled {
    pub(crate) digest: String,
    pub(crate) tag: Option<String>,
    pub(crate) behaviour: Behaviour,
    /// Whether it is one image for another platform: it is pulled, and cannot be run.
    pub(crate) foreign: bool,
}

/// Operations that this module answers.
pub(crate) const OPERATIONS: &[&str] = &[
    "CreateRepository",
    "DescribeRepositories",
    "DeleteRepository",
    "PutImageTagMutability",
    "PutImageScanningConfiguration",
    "DescribeImages",
    "ListImages",
    "BatchGetImage",
    "PutImage",
    "BatchDeleteImage",
    "UpdateImageStorageClass",
    "PutLifecyclePolicy",
    "GetLifecyclePolicy",
    "DeleteLifecyclePolicy",
    "SetRepositoryPolicy",
    "GetRepositoryPolicy",
    "DeleteRepositoryPolicy",
    "StartImageScan",
    "DescribeImageScanFindings",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

pub(crate) fn call(world: &mut World, call: &Call) -> Answer {
    match call.operation {
        "CreateRepository" => repositories::create(world, call),
        "DescribeRepositories" => repositories::describe(world, call),
        "DeleteRepository" => repositories::delete(world, call),
        "PutImageTagMutability" => repositories::put_mutability(world, call),
        "PutImageScanningConfiguration" => repositories::put_scanning(world, call),
        "DescribeImages" => describe::images(world, call),
        "ListImages" => describe::list(world, call),
        "BatchGetImage" => images::batch_get(world, call),
        "PutImage" => images::put(world, call),
        "BatchDeleteImage" => images::batch_delete(world, call),
        "UpdateImageStorageClass" => storage::update(world, call),
        "PutLifecyclePolicy" => policies::put_lifecycle(world, call),
        "GetLifecyclePolicy" => policies::get_lifecycle(world, call),
        "DeleteLifecyclePolicy" => policies::delete_lifecycle(world, call),
        "SetRepositoryPolicy" => policies::set(world, call),
        "GetRepositoryPolicy" => policies::get(world, call),
        "DeleteRepositoryPolicy" => policies::delete(world, call),
        "StartImageScan" => scan::start(world, call),
        "DescribeImageScanFindings" => scan::findings(world, call),
        "ListTagsForResource" => repositories::list_tags(world, call),
        "TagResource" => repositories::tag(world, call),
        "UntagResource" => repositories::untag(world, call),
        other => Err(ApiError::new(
            "UnknownOperationException",
            format!("operation {other} is not simulated"),
        )),
    }
}

impl World {
    /// An image's configuration, by its digest.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<&str> {
        self.ecr.configs.get(digest).map(String::as_str)
    }

    /// Keeps an image's configuration.
    pub fn keep_blob(&mut self, config: String) {
        self.ecr.keep(config);
    }
}

impl Registries {
    /// The repository a call names, in the registry it names or the caller's own.
    fn find(&mut self, call: &Call) -> Result<&mut Repository, ApiError> {
        let name = call.required(
            "repositoryName",
            "InvalidParameterException",
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must not be null'",
        )?;
        let registry = call.str("registryId").unwrap_or(call.account);
        let key = (Place::new(registry, call.region), name.to_owned());
        self.repositories
            .get_mut(&key)
            .ok_or_else(|| missing_repository(name, registry))
    }

    /// Resolves an image reference of a task definition, for a task of `account` that runs on
    /// `platform`, if that is known. References to registries other than ECR are taken to exist and
    /// to be healthy.
    pub(crate) fn pull(
        &self,
        account: &str,
        reference: &str,
        platform: Option<&Platform>,
        now: Timestamp,
    ) -> Result<Pulled, Unpulled> {
        let Some((place, name, wanted)) = parse_reference(reference) else {
            return Ok(Pulled {
                digest: manifest::digest(reference.as_bytes()),
                tag: None,
                behaviour: Behaviour::Healthy,
                foreign: false,
            });
        };
        let elsewhere = place.account != account;
        let repository = self.repositories.get(&(place, name.to_owned()));
        if elsewhere && !repository.is_some_and(|held| policies::lets_pull(held, account)) {
            return Err(Unpulled::Forbidden);
        }
        let image = repository
            .into_iter()
            .flat_map(|repository| &repository.images)
            .find(|image| match wanted {
                Wanted::Digest(digest) => image.digest == digest,
                Wanted::Tag(tag) => image.tags.iter().any(|held| held == tag),
            })
            .filter(|image| image.storage.can_be_pulled(now))
            .ok_or(Unpulled::Missing)?;
        let fits = platform.is_none_or(|platform| self.fits(image, platform));
        if !fits && image.is_index() {
            return Err(Unpulled::NotForPlatform);
        }
        Ok(Pulled {
            foreign: !fits,
            digest: image.digest.clone(),
            tag: image.tags.last().cloned(),
            behaviour: self
                .behaviours
                .get(&image.digest)
                .copied()
                .unwrap_or_default(),
        })
    }
}

#[derive(Clone, Copy)]
enum Wanted<'a> {
    Digest(&'a str),
    Tag(&'a str),
}

/// `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:tag|@digest]`.
fn parse_reference(reference: &str) -> Option<(Place, &str, Wanted<'_>)> {
    let (host, path) = reference.split_once('/')?;
    let mut labels = host.split('.');
    let account = labels.next()?;
    if labels.next() != Some("dkr") || labels.next() != Some("ecr") {
        return None;
    }
    let place = Place::new(account, labels.next()?);
    let (name, wanted) = match path.split_once('@') {
        Some((name, digest)) => {
            let name = name.split_once(':').map_or(name, |(name, _)| name);
            (name, Wanted::Digest(digest))
        }
        None => match path.split_once(':') {
            Some((name, tag)) => (name, Wanted::Tag(tag)),
            None => (path, Wanted::Tag("latest")),
        },
    };
    Some((place, name, wanted))
}

fn missing_repository(name: &str, registry: &str) -> ApiError {
    ApiError::new(
        "RepositoryNotFoundException",
        format!(
            "The repository with name '{name}' does not exist in the registry with id '{registry}'"
        ),
    )
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// `{imageDigest?, imageTag?}` of an image id in a request.
fn image_id(digest: Option<&str>, tag: Option<&str>) -> Value {
    let mut id = json!({});
    crate::call::put(&mut id, "imageDigest", digest);
    crate::call::put(&mut id, "imageTag", tag);
    id
}
