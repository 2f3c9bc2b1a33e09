//! DescribeImages and ListImages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Image, Repository, invalid, repositories::paged};
use crate::{
    World,
    call::{Answer, ApiError, Call, epoch, put, text},
};

pub(super) fn images(world: &mut World, call: &Call) -> Answer {
    let now = world.now;
    let repository = world.ecr.find(call)?;
    let wanted = call.list("imageIds");
    if !wanted.is_empty() && call.str("nextToken").is_some() {
        return Err(invalid("imageIds and nextToken cannot both be given"));
    }
    let mut found: Vec<&Image> = Vec::new();
    if wanted.is_empty() {
        let status = tag_status(call)?;
        found.extend(
            repository
                .images
                .iter()
                .filter(|image| status.admits(image)),
        );
    } else {
        for id in wanted {
            let image = repository.find(id)?;
            if !found.iter().any(|held| held.digest == image.digest) {
                found.push(image);
            }
        }
    }
    let described = found
        .into_iter()
        .map(|image| image.describe(repository, now))
        .collect();
    paged(call, "imageDetails", described)
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let status = tag_status(call)?;
    let mut ids = Vec::new();
    for image in repository
        .images
        .iter()
        .filter(|image| status.admits(image))
    {
        if image.tags.is_empty() {
            ids.push(json!({"imageDigest": image.digest}));
        }
        for tag in &image.tags {
            ids.push(json!({"imageDigest": image.digest, "imageTag": tag}));
        }
    }
    paged(call, "imageIds", ids)
}

#[derive(Clone, Copy)]
enum TagStatus {
    Tagged,
    Untagged,
    Any,
}

fn tag_status(call: &Call) -> Result<TagStatus, ApiError> {
    match call
        .input
        .pointer("/filter/tagStatus")
        .and_then(Value::as_str)
    {
        None | Some("ANY") => Ok(TagStatus::Any),
        Some("TAGGED") => Ok(TagStatus::Tagged),
        Some("UNTAGGED") => Ok(TagStatus::Untagged),
        Some(other) => Err(invalid(format!(
            "Invalid parameter at 'filter.tagStatus' failed to satisfy constraint: 'must be one of TAGGED, UNTAGGED, ANY': {other}"
        ))),
    }
}

impl TagStatus {
    fn admits(self, image: &Image) -> bool {
        match self {
            Self::Tagged => !image.tags.is_empty(),
            Self::Untagged => image.tags.is_empty(),
            Self::Any => true,
        }
    }
}

impl Repository {
    /// The image that an image id names; when it names both, both must agree.
    pub(super) fn find(&self, id: &Value) -> Result<&Image, ApiError> {
        let digest = text(id, "imageDigest");
        let tag = text(id, "imageTag");
        if digest.is_none() && tag.is_none() {
            return Err(invalid(
                "imageIds: either imageDigest or imageTag must be given",
            ));
        }
        self.images
            .iter()
            .find(|image| {
                digest.is_none_or(|digest| image.digest == digest)
                    && tag.is_none_or(|tag| image.tags.iter().any(|held| held == tag))
            })
            .ok_or_else(|| {
                ApiError::new(
                    "ImageNotFoundException",
                    format!(
                        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the registry with id '{}'",
                        digest.unwrap_or("null"),
                        tag.unwrap_or("null"),
                        self.name,
                        self.place.account
                    ),
                )
            })
    }
}

impl Image {
    fn describe(&self, repository: &Repository, now: Timestamp) -> Value {
        let mut described = json!({
            "registryId": repository.place.account,
            "repositoryName": repository.name,
            "imageDigest": self.digest,
            "imageSizeInBytes": self.size,
            "imagePushedAt": epoch(self.pushed_at),
            "imageManifestMediaType": self.media_type,
            "imageStatus": self.storage.status(now),
        });
        put(
            &mut described,
            "artifactMediaType",
            self.artifact_media_type.clone(),
        );
        put(
            &mut described,
            "imageTags",
            (!self.tags.is_empty()).then(|| self.tags.clone()),
        );
        if let Some(scan) = &self.scan {
            put(&mut described, "imageScanStatus", scan.status());
            put(&mut described, "imageScanFindingsSummary", scan.summary());
        }
        described
    }
}
