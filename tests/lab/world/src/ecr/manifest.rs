//! OCI manifests as `docker push` writes them, and their digests.
//!
//! <https://github.com/opencontainers/image-spec/blob/main/manifest.md>

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// `sha256:` and the hash of the bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// The configuration of an image of the given content.
pub(super) fn config(content: &str, (os, architecture): (&str, &str)) -> String {
    json!({
        "architecture": architecture,
        "os": os,
        "config": {"Labels": {"content": content}},
        "rootfs": {"type": "layers", "diff_ids": [digest(content.as_bytes())]},
    })
    .to_string()
}

/// A manifest with a config and one layer for the given content, and the size of all three.
pub(super) fn image(content: &str, config: &str) -> (String, u64) {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor(LAYER, content)],
    })
    .to_string();
    let size = manifest.len() + config.len() + content.len();
    (manifest, size as u64)
}

/// An index over manifests for several platforms.
pub(super) fn index(children: &[((&str, &str), String)]) -> String {
    let manifests: Vec<Value> = children
        .iter()
        .map(|((os, architecture), manifest)| {
            let mut entry = descriptor(MANIFEST, manifest);
            crate::call::put(
                &mut entry,
                "platform",
                Some(json!({"architecture": architecture, "os": os})),
            );
            entry
        })
        .collect();
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).to_string()
}

fn descriptor(media_type: &str, content: &str) -> Value {
    json!({
        "mediaType": media_type,
        "digest": digest(content.as_bytes()),
        "size": content.len(),
    })
}
