//! ECR's events as documented.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html>

use serde_json::{Value, json};

use super::{Image, Registries};
use crate::{
    World,
    call::{Place, put},
};

/// `ECR Image Action` PUSH. A push by digest has an empty `image-tag`.
pub(super) fn pushed(world: &mut World, key: &(Place, String), digest: &str, tag: Option<&str>) {
    let Some(image) = find(&world.ecr, key, digest) else {
        return;
    };
    let mut detail = json!({
        "result": "SUCCESS",
        "repository-name": key.1,
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": tag.unwrap_or_default(),
        "manifest-media-type": image.media_type,
    });
    put(
        &mut detail,
        "artifact-media-type",
        image.artifact_media_type.clone(),
    );
    world.emit(&key.0, "aws.ecr", "ECR Image Action", &[], detail);
}

/// `ECR Image Action` DELETE.
pub(super) fn deleted(world: &mut World, key: &(Place, String), digest: &str, tag: Option<&str>) {
    let mut detail = json!({
        "result": "SUCCESS",
        "repository-name": key.1,
        "image-digest": digest,
        "action-type": "DELETE",
    });
    put(&mut detail, "image-tag", tag);
    world.emit(&key.0, "aws.ecr", "ECR Image Action", &[], detail);
}

/// `ECR Image Scan` of basic scanning.
pub(super) fn scanned(world: &mut World, key: &(Place, String), digest: &str, counts: &Value) {
    let Some(image) = find(&world.ecr, key, digest) else {
        return;
    };
    let detail = json!({
        "scan-status": "COMPLETE",
        "repository-name": key.1,
        "finding-severity-counts": counts,
        "image-digest": digest,
        "image-tags": image.tags,
    });
    let resource = key.0.arn("ecr", &format!("repository/{}", key.1));
    world.emit(&key.0, "aws.ecr", "ECR Image Scan", &[resource], detail);
}

fn find<'a>(ecr: &'a Registries, key: &(Place, String), digest: &str) -> Option<&'a Image> {
    ecr.repositories
        .get(key)?
        .images
        .iter()
        .find(|image| image.digest == digest)
}
