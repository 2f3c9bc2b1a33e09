//! The registry behind ECR, as `docker push` and `skopeo` speak to it, of the functions' account and
//! region: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.
//!
//! | request | answer |
//! |---|---|
//! | without the password that ECR gives | 401: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html> |
//! | a blob, as a whole or in pieces | kept under its digest |
//! | a manifest | `PutImage`, if all that it names is there |
//! | the list of tags | `ListImages` |
//!
//! No role is asked for its rights, since the password does not say whose it is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response};
use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::gateway::dispatch::Http;
use crate::gateway::errors;
use crate::lab::Lab;
use crate::lock::lock;
use crate::world::{self, ApiError, Call};

/// What is uploaded, and what has been.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    blobs: Mutex<BTreeMap<String, Bytes>>,
    uploads: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// Whether a request is for the registry: its path is, and it has no signature of AWS's.
pub(crate) fn is_meant(http: &Http) -> bool {
    let is_signed = header(&http.headers, "authorization").starts_with("AWS4-");
    http.uri.path().starts_with("/v2/") && !is_signed
}

/// What a path of the registry names.
#[derive(Debug, PartialEq)]
enum Named<'a> {
    Root,
    Uploads(&'a str),
    Upload(&'a str, &'a str),
    Blob(&'a str, &'a str),
    Manifest(&'a str, &'a str),
    Tags(&'a str),
}

fn named(path: &str) -> Option<Named<'_>> {
    let rest = path.strip_prefix("/v2/")?;
    if rest.is_empty() {
        return Some(Named::Root);
    }
    let (front, last) = rest.rsplit_once('/')?;
    if let Some(repository) = front.strip_suffix("/blobs/uploads") {
        return Some(match last {
            "" => Named::Uploads(repository),
            upload => Named::Upload(repository, upload),
        });
    }
    if let Some(repository) = front.strip_suffix("/blobs") {
        return Some(Named::Blob(repository, last));
    }
    if last == "list"
        && let Some(repository) = front.strip_suffix("/tags")
    {
        return Some(Named::Tags(repository));
    }
    let repository = front.strip_suffix("/manifests")?;
    Some(Named::Manifest(repository, last))
}

/// Answers a request.
pub(crate) fn answer(lab: &Arc<Lab>, http: &Http) -> Response<Body> {
    if !has_password(&http.headers) {
        let realm = format!(
            "Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"",
            lab.settings.base_url
        );
        let refusal = failed(401, "UNAUTHORIZED", "Not Authorized");
        return with(refusal, &[("www-authenticate", &realm)]);
    }
    let reads = http.method == Method::GET || http.method == Method::HEAD;
    match (named(http.uri.path()), http.method.as_str()) {
        (Some(Named::Root), _) if reads => errors::control(200, &json!({})),
        (Some(Named::Uploads(repository)), "POST") => begin(lab, repository),
        (Some(Named::Upload(repository, upload)), "PATCH" | "PUT") => {
            go_on(lab, repository, upload, http)
        }
        (Some(Named::Blob(_, digest)), _) if reads => blob(lab, digest),
        (Some(Named::Manifest(repository, reference)), "PUT") => {
            put_manifest(lab, repository, reference, http)
        }
        (Some(Named::Manifest(repository, reference)), _) if reads => {
            manifest(lab, repository, reference)
        }
        (Some(Named::Tags(repository)), _) if reads => tags(lab, repository),
        (Some(_) | None, _) => failed(405, "UNSUPPORTED", "the lab does not do this"),
    }
}

fn begin(lab: &Arc<Lab>, repository: &str) -> Response<Body> {
    let input = json!({ "repositoryNames": [repository] });
    if let Err(error) = ecr(lab, "DescribeRepositories", &input) {
        return failed(404, "NAME_UNKNOWN", &error.message);
    }
    let upload = lab.ids.uuid();
    lock(&lab.registry.uploads).insert(upload.clone(), Vec::new());
    uploading(repository, &upload, 0)
}

/// More of a blob, and the last of it if its digest is named.
fn go_on(lab: &Arc<Lab>, repository: &str, upload: &str, http: &Http) -> Response<Body> {
    let mut uploads = lock(&lab.registry.uploads);
    let Some(bytes) = uploads.get_mut(upload) else {
        return failed(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload");
    };
    bytes.extend_from_slice(&http.body);
    if http.method == Method::PATCH {
        return uploading(repository, upload, bytes.len());
    }
    let query = http.uri.query().unwrap_or_default().as_bytes();
    let wanted = form_urlencoded::parse(query).find(|(name, _)| name == "digest");
    let digest = digest_of(bytes);
    if wanted.is_none_or(|(_, wanted)| *wanted != *digest) {
        return failed(400, "DIGEST_INVALID", "the digest is not that of the bytes");
    }
    let bytes = std::mem::take(bytes);
    uploads.remove(upload);
    lock(&lab.registry.blobs).insert(digest.clone(), bytes.into());
    created(&format!("/v2/{repository}/blobs/{digest}"), &digest)
}

fn blob(lab: &Arc<Lab>, digest: &str) -> Response<Body> {
    let uploaded = lock(&lab.registry.blobs).get(digest).cloned();
    let known = || {
        lock(&lab.world)
            .blob(digest)
            .map(|blob| Bytes::from(blob.to_owned()))
    };
    match uploaded.or_else(known) {
        Some(bytes) => with(
            errors::build(200, "application/octet-stream", bytes.to_vec(), ""),
            &[("docker-content-digest", digest)],
        ),
        None => failed(404, "BLOB_UNKNOWN", "there is no such blob"),
    }
}

fn manifest(lab: &Arc<Lab>, repository: &str, reference: &str) -> Response<Body> {
    let found = match stored(lab, repository, reference) {
        Ok(found) => found,
        Err(error) => return failed(404, "NAME_UNKNOWN", &error.message),
    };
    let Some(image) = found else {
        return failed(404, "MANIFEST_UNKNOWN", "Requested image not found");
    };
    let text = |name: &str| image[name].as_str().unwrap_or_default();
    let bytes = text("imageManifest").as_bytes().to_vec();
    let digest = image["imageId"]["imageDigest"].as_str().unwrap_or_default();
    with(
        errors::build(200, text("imageManifestMediaType"), bytes, ""),
        &[("docker-content-digest", digest)],
    )
}

fn tags(lab: &Arc<Lab>, repository: &str) -> Response<Body> {
    let input = json!({ "repositoryName": repository });
    match ecr(lab, "ListImages", &input) {
        Ok(images) => {
            let images = images["imageIds"].as_array().cloned().unwrap_or_default();
            let tags: Vec<_> = images
                .iter()
                .filter_map(|image| image["imageTag"].as_str())
                .collect();
            errors::control(200, &json!({ "name": repository, "tags": tags }))
        }
        Err(error) => failed(404, "NAME_UNKNOWN", &error.message),
    }
}

fn put_manifest(lab: &Arc<Lab>, repository: &str, reference: &str, http: &Http) -> Response<Body> {
    let Ok(manifest) = std::str::from_utf8(&http.body) else {
        return failed(400, "MANIFEST_INVALID", "the manifest is no text");
    };
    let parsed: Value = serde_json::from_str(manifest).unwrap_or_default();
    if let Some(missing) = missing(lab, repository, &parsed) {
        let message = format!("{missing} was not pushed");
        return failed(400, "MANIFEST_BLOB_UNKNOWN", &message);
    }
    let config = parsed["config"]["digest"].as_str().unwrap_or_default();
    let config = lock(&lab.registry.blobs).get(config).cloned();
    if let Some(config) = config.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
        lock(&lab.world).keep_blob(config);
    }
    let mut input = json!({ "repositoryName": repository, "imageManifest": manifest });
    let media_type = header(&http.headers, "content-type");
    if !media_type.is_empty() {
        input["imageManifestMediaType"] = json!(media_type);
    }
    let digest = digest_of(&http.body);
    let named = if is_digest(reference) {
        "imageDigest"
    } else {
        "imageTag"
    };
    input[named] = json!(reference);
    match ecr(lab, "PutImage", &input) {
        Ok(_) => {}
        // To push what is there already is no mistake here.
        Err(error) if error.code == "ImageAlreadyExistsException" => {}
        Err(error) if error.code == "RepositoryNotFoundException" => {
            return failed(404, "NAME_UNKNOWN", &error.message);
        }
        Err(error) if error.code == "ImageTagAlreadyExistsException" => {
            return failed(400, "TAG_INVALID", &error.message);
        }
        Err(error) => return failed(400, "MANIFEST_INVALID", &error.message),
    }
    created(&format!("/v2/{repository}/manifests/{digest}"), &digest)
}

/// What a manifest names and the registry has not: a configuration, a layer, or another manifest.
fn missing(lab: &Arc<Lab>, repository: &str, manifest: &Value) -> Option<String> {
    let list = |name: &str| manifest[name].as_array().cloned().unwrap_or_default();
    let digest = |of: &Value| of["digest"].as_str().map(str::to_owned);
    let mut blobs = list("layers");
    blobs.extend(manifest.get("config").cloned());
    let uploaded = |digest: &String| lock(&lab.registry.blobs).contains_key(digest);
    let missing = blobs.iter().filter_map(digest).find(|one| !uploaded(one));
    missing.or_else(|| {
        let there = |digest: &String| matches!(stored(lab, repository, digest), Ok(Some(_)));
        let manifests = list("manifests");
        manifests.iter().filter_map(digest).find(|one| !there(one))
    })
}

/// An image as `BatchGetImage` shows it.
fn stored(lab: &Arc<Lab>, repository: &str, reference: &str) -> Result<Option<Value>, ApiError> {
    let named = if is_digest(reference) {
        "imageDigest"
    } else {
        "imageTag"
    };
    let input = json!({ "repositoryName": repository, "imageIds": [{ named: reference }] });
    let found = ecr(lab, "BatchGetImage", &input)?;
    Ok(found["images"].get(0).cloned())
}

fn ecr(lab: &Arc<Lab>, operation: &str, input: &Value) -> Result<Value, ApiError> {
    let call = Call {
        account: &lab.settings.account,
        region: &lab.settings.region,
        principal: "root",
        service: "ecr",
        operation,
        input,
    };
    world::with(lab, |world, now| world.call(&call, now))
}

/// Whether `AWS` and a password come along, which is not looked at.
fn has_password(headers: &HeaderMap) -> bool {
    let basic = header(headers, "authorization").strip_prefix("Basic ");
    let decoded = basic.and_then(|it| base64::engine::general_purpose::STANDARD.decode(it).ok());
    decoded.is_some_and(|decoded| decoded.starts_with(b"AWS:") && decoded.len() > 4)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

fn is_digest(reference: &str) -> bool {
    reference.starts_with("sha256:")
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn uploading(repository: &str, upload: &str, length: usize) -> Response<Body> {
    let location = format!("/v2/{repository}/blobs/uploads/{upload}");
    let range = format!("0-{}", length.saturating_sub(1));
    with(
        errors::build(202, "text/plain", Vec::new(), ""),
        &[
            ("location", &location),
            ("range", &range),
            ("docker-upload-uuid", upload),
        ],
    )
}

fn created(location: &str, digest: &str) -> Response<Body> {
    with(
        errors::build(201, "text/plain", Vec::new(), ""),
        &[("location", location), ("docker-content-digest", digest)],
    )
}

fn failed(status: u16, code: &str, message: &str) -> Response<Body> {
    let error = json!({ "code": code, "message": message });
    errors::control(status, &json!({ "errors": [error] }))
}

/// A response with the headers that every answer of a registry has, and these.
fn with(mut response: Response<Body>, headers: &[(&'static str, &str)]) -> Response<Body> {
    let version = ("docker-distribution-api-version", "registry/2.0");
    for (name, value) in headers.iter().copied().chain([version]) {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories_may_have_slashes() {
        for (path, expected) in [
            ("/v2/", Some(Named::Root)),
            ("/v2/a/b/blobs/uploads/", Some(Named::Uploads("a/b"))),
            ("/v2/a/blobs/uploads/7", Some(Named::Upload("a", "7"))),
            (
                "/v2/a/b/blobs/sha256:0",
                Some(Named::Blob("a/b", "sha256:0")),
            ),
            ("/v2/a/manifests/v1", Some(Named::Manifest("a", "v1"))),
            ("/v2/a/b/tags/list", Some(Named::Tags("a/b"))),
            ("/v2/a", None),
        ] {
            assert_eq!(named(path), expected, "{path}");
        }
    }
}
