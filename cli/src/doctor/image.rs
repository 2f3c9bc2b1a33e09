//! Whether the image that runs, or would run next, can be pulled, and is for what the service runs on.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use towpath_aws::MANIFESTS;
use towpath_core::pipeline::TagVerdict;
use towpath_deployer::is_on_fargate;
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::{Manifest, Needs, Platform, Tag, listed};
use towpath_taskdef::json;

use super::finding::{Check, Finding};
use super::repository::whose;
use super::stage::StageState;
use crate::deployer::reads::{Reads, Spot, items, text};

/// Reads the image's status and manifest, and what that says about platforms.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
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
    match status(reads, seen, &spot, &account, &id).await {
        Ok(status) => {
            if let Some(problem) = unusable(&check, &shown, status.as_deref()) {
                return vec![problem];
            }
        }
        Err(error) => return vec![check.unknown(&error)],
    }
    let has = match manifest(reads, seen, &spot, &account, &id).await {
        Ok(Some(manifest)) => platforms(reads, seen, &manifest).await,
        Ok(None) => return vec![gone(&check, &shown)],
        Err(error) => Err(error),
    };
    let has = match has {
        Ok(has) => has,
        Err(error) => return vec![check.unknown(&error)],
    };
    let runtime = seen.definition.get("runtimePlatform");
    let needs = Needs::of(runtime, is_on_fargate(&seen.service));
    let is_for = listed(&has);
    vec![if needs.are_unmet_by(&has) {
        check.error(
            format!("{shown} is for {is_for}, the service runs on {needs}, so no task would start"),
            format!(
                "build the image for {needs}, or correct runtimePlatform of the task definition"
            ),
        )
    } else if needs.is_unknown() || has.is_empty() {
        check.ok(format!(
            "{shown} is there, for {is_for}; the service runs on {needs}"
        ))
    } else {
        check.ok(format!("{shown} is there for {needs}"))
    }]
}

/// The image's status; none where there is no such image.
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>
async fn status<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    spot: &Spot,
    account: &str,
    id: &Value,
) -> Result<Option<String>, CallError> {
    let input = json!({
        "registryId": account,
        "repositoryName": seen.at.pipeline.repository,
        "imageIds": [id],
    });
    match reads.read(spot, "ecr:DescribeImages", input).await {
        Ok(found) => {
            let image = items(&found, "imageDetails").first();
            Ok(image.map(|image| text(image, "imageStatus").to_owned()))
        }
        Err(error) if error.code() == Some("ImageNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// What keeps tasks from pulling an image of that status, if anything does: `None` is gone.
fn unusable(check: &Check<'_>, shown: &str, status: Option<&str>) -> Option<Finding> {
    match status {
        None => Some(gone(check, shown)),
        Some("ARCHIVED") => Some(check.error(
            format!("the image {shown} is archived, and cannot be pulled: tasks that start anew would find nothing"),
            "restore it: aws ecr update-image-storage-class --target-storage-class STANDARD; and have the repository's lifecycle policy archive what is older",
        )),
        Some("ACTIVATING") => Some(check.warning(
            format!("the image {shown} is being restored from the archive, and cannot be pulled yet"),
            "run doctor again when it is ACTIVE; nothing is rolled out over it until then",
        )),
        // Regions without archives leave the status out.
        Some(_) => None,
    }
}

fn gone(check: &Check<'_>, shown: &str) -> Finding {
    check.error(
        format!("the image {shown}, which the service runs, is gone from the registry"),
        "push it again, or keep more images in the repository's lifecycle policy, and those that \
         are replicated here also where they come from: tasks that start anew would find nothing",
    )
}

/// The image of the last good release, or else the one that was pushed last of those that the
/// pipeline takes.
async fn wanted<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    spot: &Spot,
    account: &str,
) -> Result<Option<Value>, CallError> {
    if let Some(digest) = seen.row.last_good.as_ref().and_then(|good| good.digest) {
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
        let page = reads.read(spot, "ecr:DescribeImages", input).await?;
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

fn takes(seen: &StageState<'_>, tag: &Tag) -> bool {
    match seen.at.pipeline.tags.judge(tag) {
        TagVerdict::Taken(_) => true,
        TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
    }
}

async fn manifest<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    spot: &Spot,
    account: &str,
    id: &Value,
) -> Result<Option<Value>, CallError> {
    let input = json!({
        "registryId": account,
        "repositoryName": seen.at.pipeline.repository,
        "imageIds": [id],
        "acceptedMediaTypes": MANIFESTS,
    });
    let found = reads.read(spot, "ecr:BatchGetImage", input).await?;
    let image = items(&found, "images").first();
    let manifest = image.map(|image| text(image, "imageManifest"));
    Ok(manifest.and_then(|manifest| json::parse(manifest.as_bytes()).ok()))
}

/// The platforms that an index lists, or that of an image's configuration.
async fn platforms<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    manifest: &Value,
) -> Result<BTreeSet<Platform>, CallError> {
    match Manifest::of(manifest) {
        Manifest::Index(platforms) => Ok(platforms),
        Manifest::Image(config) => {
            let registry = seen.at.registry();
            let repository = &seen.at.pipeline.repository;
            let config = reads.image_config(&registry, repository, &config).await?;
            Ok(Platform::of_config(&config).into_iter().collect())
        }
        Manifest::Silent => Ok(BTreeSet::new()),
    }
}

#[cfg(test)]
mod tests {
    use towpath_taskdef::image::Digest;

    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    fn stored_manifest(manifest: &Value) -> Replies {
        kept_as(manifest, json!({ "imageStatus": "ACTIVE" }))
    }

    fn kept_as(manifest: &Value, status: Value) -> Replies {
        let image = json!({ "imageManifest": manifest.to_string() });
        Replies::default()
            .say_about("ecr:DescribeImages", "imageIds", json!({ "imageDetails": [status] }))
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

    /// A service on Fargate.
    fn on_fargate() -> StageState<'static> {
        let mut seen = stage_state();
        seen.service["launchType"] = json!("FARGATE");
        seen
    }

    #[tokio::test]
    async fn an_index_has_to_list_the_platform() {
        let mut seen = on_fargate();
        let index = json!({ "manifests": [
            { "platform": { "os": "linux", "architecture": "amd64" } },
            { "platform": { "os": "unknown", "architecture": "unknown" } },
        ] });
        assert_eq!(
            report(&check(&stored_manifest(&index), &seen).await),
            ["ok: sha256:new is there for linux/amd64"]
        );
        seen.definition["runtimePlatform"] = json!({ "cpuArchitecture": "ARM64" });
        assert_eq!(
            report(&check(&stored_manifest(&index), &seen).await),
            [
                "error: sha256:new is for linux/amd64, the service runs on linux/arm64, so no task would start"
            ]
        );
        // What instances are is not known, unless the task definition says so.
        seen.service["launchType"] = json!("EC2");
        seen.definition["runtimePlatform"] = Value::Null;
        assert_eq!(
            report(&check(&stored_manifest(&index), &seen).await),
            ["ok: sha256:new is there, for linux/amd64; the service runs on an unknown platform"]
        );
    }

    #[tokio::test]
    async fn a_single_images_configuration_tells_its_platform() {
        let config = Digest::of(b"config");
        let manifest = json!({ "config": { "digest": config } });
        let answers = stored_manifest(&manifest).say(
            "ecr:GetDownloadUrlForLayer",
            json!({ "architecture": "arm64", "os": "linux" }),
        );
        assert_eq!(
            report(&check(&answers, &on_fargate()).await),
            [
                "error: sha256:new is for linux/arm64, the service runs on linux/amd64, so no task would start"
            ]
        );
        let denied = stored_manifest(&manifest)
            .refuse("ecr:GetDownloadUrlForLayer", "AccessDeniedException");
        assert!(report(&check(&denied, &on_fargate()).await)[0].starts_with("unknown: "));
    }

    #[tokio::test]
    async fn what_is_there_is_not_always_to_be_had() {
        let index = json!({ "manifests": [
            { "platform": { "os": "linux", "architecture": "amd64" } }] });
        let archived = kept_as(&index, json!({ "imageStatus": "ARCHIVED" }));
        assert_eq!(
            report(&check(&archived, &on_fargate()).await),
            [
                "error: the image sha256:new is archived, and cannot be pulled: tasks that start anew would find nothing"
            ]
        );
        let restoring = kept_as(&index, json!({ "imageStatus": "ACTIVATING" }));
        assert_eq!(
            report(&check(&restoring, &on_fargate()).await),
            [
                "warning: the image sha256:new is being restored from the archive, and cannot be pulled yet"
            ]
        );
        // Regions without archives leave the status out.
        let silent = kept_as(&index, json!({}));
        assert!(report(&check(&silent, &on_fargate()).await)[0].starts_with("ok: "));
        let mut good = on_fargate();
        good.row.last_good = Some(crate::doctor::samples::good_release(7));
        let gone = Replies::default().refuse("ecr:DescribeImages", "ImageNotFoundException");
        let said = report(&check(&gone, &good).await);
        assert!(said[0].contains("is gone from the registry"), "{said:?}");
    }
}
