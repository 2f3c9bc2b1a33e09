//! Reading, writing and deleting images by manifest.

use serde_json::{Value, json};

use super::{Image, events, image_id, invalid, scan};
use crate::{
    World,
    call::{Answer, ApiError, Call, text},
};

pub(super) fn batch_get(world: &mut World, call: &Call) -> Answer {
    let now = world.now;
    let repository = world.ecr.find(call)?;
    let mut images = Vec::new();
    let mut failures = Vec::new();
    for id in call.list("imageIds") {
        match repository.find(id) {
            Ok(image) if image.storage.can_be_pulled(now) => images.push(json!({
                "registryId": repository.place.account,
                "repositoryName": repository.name,
                "imageId": image_id(Some(&image.digest), text(id, "imageTag")),
                "imageManifest": image.manifest,
                "imageManifestMediaType": image.media_type,
            })),
            Ok(_) | Err(_) => failures.push(failure(id)),
        }
    }
    Ok(json!({"images": images, "failures": failures}))
}

pub(super) fn put(world: &mut World, call: &Call) -> Answer {
    let manifest = call.required(
        "imageManifest",
        "InvalidParameterException",
        "Invalid parameter at 'imageManifest' failed to satisfy constraint: 'must not be null'",
    )?;
    let parsed: Value = serde_json::from_str(manifest)
        .map_err(|_| invalid("Invalid parameter at 'imageManifest' failed to satisfy constraint: 'must be a JSON document'"))?;
    let tag = call.str("imageTag");
    let size = referenced_size(&parsed).saturating_add(manifest.len() as u64);
    let mut image = Image::new(manifest.to_owned(), size, world.now);
    if let Some(media_type) = call.str("imageManifestMediaType") {
        media_type.clone_into(&mut image.media_type);
    }
    if call
        .str("imageDigest")
        .is_some_and(|digest| digest != image.digest)
    {
        return Err(ApiError::new(
            "ImageDigestDoesNotMatchException",
            "The specified image digest does not match the digest that Amazon ECR calculated for the image.",
        ));
    }
    let digest = image.digest.clone();
    let media_type = image.media_type.clone();
    let repository = world.ecr.find(call)?;
    let already = repository.images.iter().any(|held| {
        held.digest == digest && tag.is_none_or(|tag| held.tags.iter().any(|name| name == tag))
    });
    if already {
        return Err(ApiError::new(
            "ImageAlreadyExistsException",
            format!(
                "Image with digest '{digest}' and tag '{}' already exists in the repository with name '{}' in registry with id '{}'",
                tag.unwrap_or("null"),
                repository.name,
                repository.place.account
            ),
        ));
    }
    repository.store(image, tag)?;
    let key = (repository.place.clone(), repository.name.clone());
    events::pushed(world, &key, &digest, tag);
    scan::on_push(world, &key, &digest);
    Ok(json!({"image": {
        "registryId": key.0.account,
        "repositoryName": key.1,
        "imageId": image_id(Some(&digest), tag),
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    }}))
}

pub(super) fn batch_delete(world: &mut World, call: &Call) -> Answer {
    let mut deleted = Vec::new();
    let mut failures = Vec::new();
    let repository = world.ecr.find(call)?;
    let key = (repository.place.clone(), repository.name.clone());
    for id in call.list("imageIds") {
        let repository = world.ecr.find(call)?;
        let Ok(image) = repository.find(id) else {
            failures.push(failure(id));
            continue;
        };
        let digest = image.digest.clone();
        // By tag only the tag goes, unless it was the last one; by digest everything goes.
        let tags = match text(id, "imageTag") {
            Some(tag) if text(id, "imageDigest").is_none() => vec![tag.to_owned()],
            Some(_) | None => image.tags.clone(),
        };
        for held in &mut repository.images {
            if held.digest == digest {
                held.tags.retain(|tag| !tags.contains(tag));
            }
        }
        repository
            .images
            .retain(|held| held.digest != digest || !held.tags.is_empty());
        if tags.is_empty() {
            deleted.push(image_id(Some(&digest), None));
            events::deleted(world, &key, &digest, None);
        }
        for tag in &tags {
            deleted.push(image_id(Some(&digest), Some(tag)));
            events::deleted(world, &key, &digest, Some(tag));
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

fn failure(id: &Value) -> Value {
    json!({
        "imageId": image_id(text(id, "imageDigest"), text(id, "imageTag")),
        "failureCode": "ImageNotFound",
        "failureReason": "Requested image not found",
    })
}

/// Sizes of the config and layers, or of an index's manifests.
fn referenced_size(manifest: &Value) -> u64 {
    let listed = ["layers", "manifests"]
        .into_iter()
        .flat_map(|name| crate::call::array(manifest, name));
    listed
        .chain(manifest.get("config"))
        .filter_map(|entry| entry.get("size").and_then(Value::as_u64))
        .fold(0, u64::saturating_add)
}
