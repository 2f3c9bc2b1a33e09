//! Whether the image that runs, or would run next, is there for the service's CPU architecture.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use towpath_aws::ports::CallError;
use towpath_aws::signed::ECR;
use towpath_core::image::{Digest, Tag};
use towpath_core::pipeline::TagVerdict;

use super::finding::Finding;
use super::reads::{Reads, Spot, items, text};
use super::repository::whose;
use super::stage::Seen;

/// Reads the image's manifest, and what it says about architectures.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &Seen<'_>) -> Vec<Finding> {
    let check = seen.at.check("image");
    let registry = seen.at.registry();
    let Some((account, region)) = whose(&registry) else {
        return Vec::new();
    };
    let spot = Spot::Region(region);
    let id = match wanted(reads, seen, &spot, &account).await {
        Ok(Some(id)) => id,
        Ok(None) => {
            return vec![check.unseen(
                "no image was pushed yet that the pipeline takes",
                "push one: docker push …:<commit>",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let shown = id.as_object().and_then(|id| id.values().next());
    let shown = shown.and_then(Value::as_str).unwrap_or_default().to_owned();
    let manifest = match manifest(reads, seen, &spot, &account, &id).await {
        Ok(Some(manifest)) => manifest,
        Ok(None) => {
            return vec![check.error(
                format!("the image {shown}, which the service runs, is gone from the registry"),
                "push it again, or keep more images in the repository's lifecycle policy: tasks \
                 that start anew would find nothing",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let has = match architectures(reads, seen, &manifest).await {
        Ok(has) => has,
        Err(error) => return vec![check.unknown(&error)],
    };
    let needs = architecture_of(&seen.definition);
    let listed: Vec<&str> = has.iter().map(String::as_str).collect();
    vec![if has.contains(needs) {
        check.ok(format!("{shown} is there for {needs}"))
    } else {
        check.error(
            format!(
                "{shown} is for {}, the service runs on {needs}, so no task would start",
                listed.join(", ")
            ),
            format!("build the image for linux/{needs}, or correct runtimePlatform of the task definition"),
        )
    }]
}

/// The image of the last good release, or else the one that was pushed last of those that the
/// pipeline takes.
async fn wanted<R: Reads>(
    reads: &R,
    seen: &Seen<'_>,
    spot: &Spot,
    account: &str,
) -> Result<Option<Value>, CallError> {
    if let Some(digest) = seen.row.good.as_ref().and_then(|good| good.digest) {
        return Ok(Some(json!({ "imageDigest": digest })));
    }
    let mut token = Value::Null;
    let mut newest: Option<(f64, String)> = None;
    loop {
        let mut input = json!({
            "registryId": account,
            "repositoryName": seen.at.pipeline.repository,
            "filter": { "tagStatus": "TAGGED" },
        });
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let page = reads.read(spot, &ECR, "ecr:DescribeImages", input).await?;
        for image in items(&page, "imageDetails") {
            let at = image["imagePushedAt"].as_f64().unwrap_or_default();
            let tags = items(image, "imageTags").iter().filter_map(Value::as_str);
            let taken = tags
                .filter_map(|tag| tag.parse().ok())
                .any(|tag| takes(seen, &tag));
            if taken && newest.as_ref().is_none_or(|(newest, _)| at > *newest) {
                newest = Some((at, text(image, "imageDigest").to_owned()));
            }
        }
        token = page["nextToken"].clone();
        if token.as_str().is_none_or(str::is_empty) {
            return Ok(newest.map(|(_, digest)| json!({ "imageDigest": digest })));
        }
    }
}

fn takes(seen: &Seen<'_>, tag: &Tag) -> bool {
    match seen.at.pipeline.tags.judge(tag) {
        TagVerdict::Taken(_) => true,
        TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
    }
}

async fn manifest<R: Reads>(
    reads: &R,
    seen: &Seen<'_>,
    spot: &Spot,
    account: &str,
    id: &Value,
) -> Result<Option<Value>, CallError> {
    let input = json!({
        "registryId": account,
        "repositoryName": seen.at.pipeline.repository,
        "imageIds": [id],
        "acceptedMediaTypes": [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        ],
    });
    let found = reads.read(spot, &ECR, "ecr:BatchGetImage", input).await?;
    let image = items(&found, "images").first();
    let manifest = image.map(|image| text(image, "imageManifest"));
    Ok(manifest.and_then(|manifest| serde_json::from_str(manifest).ok()))
}

/// The architectures that an index lists, or that of an image's configuration:
/// <https://github.com/opencontainers/image-spec/blob/main/image-index.md>.
async fn architectures<R: Reads>(
    reads: &R,
    seen: &Seen<'_>,
    manifest: &Value,
) -> Result<BTreeSet<String>, CallError> {
    let children = items(manifest, "manifests");
    if !children.is_empty() {
        let platforms = children.iter().map(|child| &child["platform"]);
        // Attestations are listed as images of an unknown architecture.
        let of_linux = platforms.filter(|platform| text(platform, "os") == "linux");
        return Ok(of_linux
            .map(|platform| text(platform, "architecture").to_owned())
            .collect());
    }
    let config = text(&manifest["config"], "digest").parse::<Digest>();
    let config = config.map_err(|error| CallError::Unknown {
        operation: "ecr:BatchGetImage",
        message: format!("the manifest names no configuration: {error}"),
    })?;
    let registry = seen.at.registry();
    let repository = &seen.at.pipeline.repository;
    let config = reads.image_config(&registry, repository, &config).await?;
    Ok(BTreeSet::from([text(&config, "architecture").to_owned()]))
}

/// The architecture that tasks run on, as images name it; X86_64 where nothing is said.
fn architecture_of(definition: &Value) -> &'static str {
    match text(&definition["runtimePlatform"], "cpuArchitecture") {
        "ARM64" => "arm64",
        _ => "amd64",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::memory::{Answers, told};
    use crate::doctor::samples::seen;

    fn kept(manifest: &Value) -> Answers {
        let image = json!({ "imageManifest": manifest.to_string() });
        Answers::default()
            .say(
                "ecr:DescribeImages",
                json!({ "imageDetails": [
                    { "imageDigest": "sha256:old", "imageTags": ["1111111"], "imagePushedAt": 1.0 },
                    { "imageDigest": "sha256:new", "imageTags": ["2222222"], "imagePushedAt": 2.0 },
                    { "imageDigest": "sha256:other", "imageTags": ["latest"], "imagePushedAt": 3.0 },
                ] }),
            )
            .say_about("ecr:BatchGetImage", "sha256:new", json!({ "images": [image] }))
    }

    #[tokio::test]
    async fn an_index_has_to_list_the_architecture() {
        let mut seen = seen();
        let index = json!({ "manifests": [
            { "platform": { "os": "linux", "architecture": "amd64" } },
            { "platform": { "os": "unknown", "architecture": "unknown" } },
        ] });
        assert_eq!(
            told(&check(&kept(&index), &seen).await),
            ["ok: sha256:new is there for amd64"]
        );
        seen.definition["runtimePlatform"] = json!({ "cpuArchitecture": "ARM64" });
        assert_eq!(
            told(&check(&kept(&index), &seen).await),
            ["error: sha256:new is for amd64, the service runs on arm64, so no task would start"]
        );
    }

    #[tokio::test]
    async fn a_single_images_configuration_tells_its_architecture() {
        let config = Digest::of(b"config");
        let manifest = json!({ "config": { "digest": config } });
        let answers = kept(&manifest).say(
            "ecr:GetDownloadUrlForLayer",
            json!({ "architecture": "arm64", "os": "linux" }),
        );
        assert_eq!(
            told(&check(&answers, &seen()).await),
            ["error: sha256:new is for arm64, the service runs on amd64, so no task would start"]
        );
        let denied = kept(&manifest).refuse("ecr:GetDownloadUrlForLayer", "AccessDeniedException");
        assert!(told(&check(&denied, &seen()).await)[0].starts_with("unknown: "));
    }
}
