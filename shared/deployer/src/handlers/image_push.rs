//! `image-push`: an image was pushed, or replicated to this registry.
//!
//! The event is only a hint where to look, since ECR sends its events as best effort: which image
//! the tag names is asked of ECR. Since when it does, only the event knows: an image that gets a second
//! tag was pushed long ago, and arrives now.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>
//!
//! A tag that no pipeline takes opens nothing. CI that pushes `latest` with every build would
//! otherwise have people told of each, so they are told once a day, and not at all if the image has
//! another tag by which it is taken.

use futures_util::future::join_all;
use serde_json::Value;
use towpath_core::bulletin::Bulletin;
use towpath_core::incoming::{ReadError, ecr};
use towpath_core::names::ParameterName;
use towpath_core::pipeline::{Pipeline, TagVerdict};
use towpath_core::release::{Actor, Home, Image, NotTaken, open, release_id};
use towpath_taskdef::image::{Registry, RepositoryName, Tag};

use super::HandlerError;
use crate::ports::{
    AppendError, Bulletins, Clock, Ecr, ImageDetail, Ledger, Parameter, Parameters,
};

/// Opens a release in every pipeline that takes the image.
///
/// # Errors
/// When the event cannot be read, AWS cannot be asked, or a pipeline's configuration cannot be
/// used; the pipelines beside it are served all the same.
pub async fn handle<P>(
    ports: &P,
    pipelines_path: &ParameterName,
    home: &Home,
    event: &Value,
) -> Result<(), HandlerError>
where
    P: Ledger + Bulletins + Ecr + Parameters + Clock,
{
    let pushed = match ecr::read(event) {
        Ok(pushed) => pushed,
        Err(ReadError::Ignored(reason)) => {
            tracing::info!(reason, "event ignored");
            return Ok(());
        }
        Err(ReadError::Malformed(problem)) => return Err(HandlerError::Malformed(problem)),
    };
    let tag = &pushed.tag;
    let registry = Registry::ecr(&pushed.account, &pushed.region);
    let mut stored = pipelines_of(ports, pipelines_path, &pushed.repository).await?;
    stored.retain(|parameter| may_concern(pipelines_path, parameter, home, &registry));
    // A registry that no pipeline names is not even asked: anybody could have us ask theirs.
    if stored.is_empty() {
        tracing::info!(repository = %pushed.repository, %registry, %tag, "push ignored: no pipeline takes images of the repository in this registry");
        return Ok(());
    }
    let image = ports.image_by_tag(&registry, &pushed.repository, tag);
    let Some(ImageDetail {
        digest,
        tags,
        pushed_at,
    }) = image.await?
    else {
        tracing::warn!(repository = %pushed.repository, %tag, "push ignored: the registry has no such image any more");
        return Ok(());
    };
    let Some(arrived_at) = pushed.arrived_at(&digest, pushed_at) else {
        tracing::info!(repository = %pushed.repository, %tag, %digest, "push ignored: the tag has moved to another image since, whose own event opens its release");
        return Ok(());
    };
    let image = Image {
        registry,
        repository: pushed.repository.clone(),
        digest,
        tag: tag.clone(),
        arrived_at,
    };
    let actor = Actor::Function("image-push".into());
    let offers = offer_to_all(ports, pipelines_path, &stored, home, &image, &actor).await;
    let told = notify_of_ignored_tag(ports, &offers, &image, &tags).await;
    let taken = offers.into_iter().map(|offer| offer.map(drop)).collect();
    HandlerError::of_pipelines(taken).or_else(|error| {
        if towpath_core::planted!(PushLost) {
            Ok(())
        } else {
            Err(error)
        }
    })?;
    told
}

/// What became of an image that a pipeline was offered.
#[derive(Debug)]
pub(super) enum Offered {
    /// It has a release.
    Taken,
    /// The pipeline does not take it.
    NotTaken {
        pipeline: Box<Pipeline>,
        why: NotTaken,
    },
}

/// Announces a tag that no pipeline takes to the people of each pipeline that might have.
async fn notify_of_ignored_tag<P: Bulletins + Clock>(
    ports: &P,
    offers: &[Result<Offered, HandlerError>],
    image: &Image,
    tags: &[Tag],
) -> Result<(), HandlerError> {
    let mut left = Vec::new();
    for offered in offers.iter().flatten() {
        match offered {
            Offered::Taken => return Ok(()),
            Offered::NotTaken { pipeline, why } => {
                let taken = |tag| match pipeline.tags.judge(tag) {
                    TagVerdict::Taken(_) => true,
                    TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
                };
                if tags.iter().any(taken) {
                    return Ok(());
                }
                left.push((pipeline, why));
            }
        }
    }
    for (pipeline, why) in left.into_iter().filter(|(_, why)| why.is_surprising) {
        if pipeline.notify.is_empty() {
            continue;
        }
        let (id, bulletin) = Bulletin::of_tag(
            pipeline.notify.clone(),
            pipeline.pipeline.clone(),
            image.repository.clone(),
            image.tag.clone(),
            why.reason.clone(),
            ports.now(),
        );
        if ports.announce(&id, &bulletin).await? {
            tracing::info!(bulletin.id = %id, tag = %image.tag, "people are told that the tag is not taken");
        }
    }
    Ok(())
}

/// Whether a push to the registry is the pipeline's business. One that cannot be used may be
/// missed only by those who push to the deployer's own registry.
fn may_concern(
    root: &ParameterName,
    parameter: &Parameter,
    home: &Home,
    registry: &Registry,
) -> bool {
    let taken = match read_pipeline(root, parameter) {
        Ok(pipeline) => home.registry_of(&pipeline),
        Err(_unusable) => home.registry(),
    };
    taken.same_as(registry)
}

/// The pipelines of one repository: one call, however many pipelines there are in the account.
pub(super) async fn pipelines_of<P: Parameters>(
    ports: &P,
    pipelines_path: &ParameterName,
    repository: &RepositoryName,
) -> Result<Vec<Parameter>, HandlerError> {
    let path: ParameterName = format!("{pipelines_path}/{repository}")
        .parse()
        .map_err(|error| HandlerError::Pipeline(format!("{error}")))?;
    let mut stored = ports.parameters_below(&path).await?;
    // The repository `team/shop` lies below the repository `team`; its pipelines are not `team`'s.
    stored.retain(|parameter| {
        let below = parameter
            .name
            .as_str()
            .strip_prefix(path.as_str())
            .and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|name| !name.contains('/'))
    });
    Ok(stored)
}

/// Offers an image to every pipeline at once. One that cannot be used does not keep the others
/// from it.
async fn offer_to_all<P: Ledger + Clock>(
    ports: &P,
    root: &ParameterName,
    stored: &[Parameter],
    home: &Home,
    image: &Image,
    actor: &Actor,
) -> Vec<Result<Offered, HandlerError>> {
    join_all(
        stored
            .iter()
            .map(|parameter| offer(ports, root, parameter, home, image, actor)),
    )
    .await
}

pub(super) async fn offer<P: Ledger + Clock>(
    ports: &P,
    root: &ParameterName,
    parameter: &Parameter,
    home: &Home,
    image: &Image,
    actor: &Actor,
) -> Result<Offered, HandlerError> {
    let pipeline = read_pipeline(root, parameter)?;
    let id = release_id(&pipeline.pipeline, &image.digest, &image.tag);
    let opened = open(
        pipeline.clone(),
        parameter.version,
        home.clone(),
        image.clone(),
    );
    let events = match opened {
        Ok(events) => events,
        Err(why) => {
            tracing::info!(parameter = %parameter.name, tag = %image.tag, reason = why.reason, "image not taken");
            let pipeline = Box::new(pipeline);
            return Ok(Offered::NotTaken { pipeline, why });
        }
    };
    match ports.open(&id, &events, actor, ports.now()).await {
        Ok(()) => {
            tracing::info!(release.id = %id, "release opened");
            Ok(Offered::Taken)
        }
        Err(AppendError::Conflict) => {
            tracing::info!(release.id = %id, "push seen before");
            Ok(Offered::Taken)
        }
        Err(
            error @ (AppendError::ServiceCondition
            | AppendError::Deployment(_)
            | AppendError::Call(_)),
        ) => Err(error.into()),
    }
}

pub(super) fn read_pipeline(
    root: &ParameterName,
    parameter: &Parameter,
) -> Result<Pipeline, HandlerError> {
    Pipeline::from_parameter(root, &parameter.name, &parameter.value).map_err(|error| {
        HandlerError::Pipeline(format!(
            "the pipeline in {} cannot be used: {error}; correct it with `towpath apply`",
            parameter.name
        ))
    })
}
