//! Downloads from ECR: addresses that are good by themselves, as those that AWS signs; and uploads, which
//! the lab refuses.
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html>

use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use serde_json::json;

use crate::gateway::dispatch::{Answer, Incoming, reply};
use crate::gateway::errors::{self, Failure};
use crate::lab::Lab;
use crate::lock::lock;
use crate::world::{self, Call};

/// Says where a configuration can be fetched. Layers have no content in the lab.
///
/// # Errors
/// When no image has such a configuration.
pub(crate) fn url(lab: &Lab, incoming: &Incoming) -> Answer {
    let input = &incoming.request.input;
    let digest = input["layerDigest"].as_str().unwrap_or_default();
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    if lock(&lab.world).blob(digest).is_none() {
        let message = format!(
            "The layer with digest '{digest}' does not exist in the repository with name '{repository}'"
        );
        return Err(Failure::new(400, "LayersNotFoundException", message));
    }
    let url = format!("{}/_blob/{digest}", lab.settings.base_url);
    Ok(reply(
        incoming,
        &json!({ "downloadUrl": url, "layerDigest": digest }),
    ))
}

/// Whether a call is about layers that a client brings.
pub(crate) fn is_upload(operation: &str) -> bool {
    matches!(
        operation,
        "BatchCheckLayerAvailability"
            | "InitiateLayerUpload"
            | "UploadLayerPart"
            | "CompleteLayerUpload"
    )
}

/// Refuses layers, which have no content in the lab, and says how images get here.
///
/// # Errors
/// Always; where the repository is not there, as ECR does.
pub(crate) fn upload(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let input = json!({ "repositoryNames": [request.input["repositoryName"]] });
    let describe = Call {
        account: &request.account,
        region: &request.region,
        principal: "root",
        service: "ecr",
        operation: "DescribeRepositories",
        input: &input,
    };
    let failure = match world::with(lab, |world, now| world.call(&describe, now)) {
        Ok(_) => Failure::new(
            400,
            "InvalidParameterException",
            "the lab's registry takes no layers: describe the image with POST /_lab/push, or put its manifest with PutImage",
        ),
        Err(error) => Failure::new(error.status, &error.code, error.message),
    };
    Err(failure)
}

/// What is at such an address.
pub(crate) fn download(lab: &Lab, digest: &str) -> Response<Body> {
    match lock(&lab.world).blob(digest) {
        Some(blob) => errors::build(
            200,
            "application/octet-stream",
            blob.as_bytes().to_vec(),
            "",
        ),
        None => errors::build(404, "text/plain", Vec::new(), ""),
    }
}
