//! What is newest in a pipeline's repository. A pipeline takes what is pushed after it was applied or
//! changed, so that applying deploys nothing; what is there already is deployed on purpose.

use jiff::Timestamp;
use serde::Serialize;
use towpath_core::message::state;
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::{Pipeline, TagVerdict};
use towpath_core::release::{Home, Image, Outcome, open, release_id};
use towpath_taskdef::image::{Digest, Tag};

use crate::deployer::Deployer;
use crate::deployer::orders::Orders;
use crate::output::Failure;

/// The image that was pushed last of those that a pipeline takes.
#[derive(Debug, Serialize)]
pub(super) struct Newest {
    pub(super) tag: Tag,
    digest: Digest,
    pub(super) pushed_at: Timestamp,
    /// Its release in the pipeline, which there is or would be.
    pub(super) release: ReleaseId,
    /// How that release stands; none where there is none yet.
    pub(super) state: Option<String>,
    /// How it is deployed after all, where that release has ended without having brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) way_on: Option<String>,
}

/// What is newest of what the pipeline takes, if there is anything.
pub(super) async fn find<D: Deployer>(
    deployer: &D,
    pipeline: &Pipeline,
    home: &Home,
) -> Result<Option<Newest>, Failure> {
    let registry = home.registry_of(pipeline);
    let images = deployer.images(&registry, &pipeline.repository).await?;
    let is_taken = |tag: &&Tag| match pipeline.tags.judge(tag) {
        TagVerdict::Taken(_) => true,
        TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
    };
    let taken = images
        .iter()
        .filter(|image| image.tags.iter().any(|tag| is_taken(&tag)));
    let Some(image) = taken.max_by_key(|image| image.pushed_at) else {
        return Ok(None);
    };
    let mut newest = None;
    for tag in image.tags.iter().filter(is_taken) {
        let release = release_id(&pipeline.pipeline, &image.digest, tag);
        let summary = deployer.summary(&release).await?;
        let is_known = summary.is_some();
        newest = Some(Newest {
            tag: tag.clone(),
            digest: image.digest,
            pushed_at: image.pushed_at,
            release,
            way_on: summary.as_ref().and_then(|it| way_on(pipeline, it.outcome)),
            state: summary.as_ref().map(state),
        });
        // What it was released as says more than another tag of it.
        if is_known {
            break;
        }
    }
    Ok(newest)
}

/// What to do for an image whose release has ended so, where it did not bring the image. What a newer
/// one has overtaken is not to be brought.
fn way_on(pipeline: &Pipeline, outcome: Option<Outcome>) -> Option<String> {
    match outcome? {
        Outcome::Succeeded | Outcome::Superseded => None,
        Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Stopped
        | Outcome::Refused
        | Outcome::Expired
        | Outcome::NotTrusted => Some(format!(
            "an image is released once under one tag: push it under a new tag; {}",
            pipeline.tags.another()
        )),
    }
}

/// Opens the release of what is newest. It counts as arrived when the last release did, if that is
/// later than its push, since nothing that is there already may take its place.
pub(super) async fn deploy<D: Orders>(
    deployer: &D,
    pipeline: &Pipeline,
    version: i64,
    home: &Home,
    newest: &Newest,
) -> Result<(), Failure> {
    let last = deployer.releases_of(&pipeline.pipeline, 1).await?;
    let last = last.iter().map(|summary| summary.arrived_at).max();
    let image = Image {
        registry: home.registry_of(pipeline),
        repository: pipeline.repository.clone(),
        digest: newest.digest,
        tag: newest.tag.clone(),
        arrived_at: last.unwrap_or(newest.pushed_at).max(newest.pushed_at),
    };
    let opened = open(pipeline.clone(), version, home.clone(), image);
    let events = opened.map_err(|why| why.reason)?;
    let by = deployer.caller().await?;
    deployer.open(&newest.release, &by, &events).await?;
    Ok(())
}
