//! The repository: there, with tags that stay what they are, and cleaned up.

use serde_json::json;
use towpath_core::names::Region;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::Home;
use towpath_taskdef::image::Registry;

use super::finding::{Check, Finding};
use crate::deployer::reads::{Reads, Spot, items, text};

/// Looks at the pipeline's repository.
pub(crate) async fn check<R: Reads>(reads: &R, pipeline: &Pipeline, home: &Home) -> Vec<Finding> {
    let check = Check {
        name: "repository",
        about: pipeline.pipeline.as_str(),
    };
    let registry = home.registry_of(pipeline);
    let Some((account, region)) = whose(&registry) else {
        return vec![check.error(
            format!("{registry} is no private ECR registry, so no push is heard of"),
            "name a registry of the form <account>.dkr.ecr.<region>.amazonaws.com",
        )];
    };
    let spot = Spot::Region(region);
    let name = &pipeline.repository;
    let input = json!({ "registryId": account, "repositoryNames": [name] });
    let read = reads.read(&spot, "ecr:DescribeRepositories", input);
    let repository = match read.await {
        Ok(found) => items(&found, "repositories")
            .first()
            .cloned()
            .unwrap_or_default(),
        Err(error) if error.code() == Some("RepositoryNotFoundException") => {
            return vec![check.error(
                format!("there is no repository {name} in {registry}"),
                "correct `repository` or `registry` of the pipeline, or create the repository",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let mut findings = vec![mutability(&check, &repository)];
    let input = json!({ "registryId": account, "repositoryName": name });
    let read = reads.read(&spot, "ecr:GetLifecyclePolicy", input);
    findings.push(match read.await {
        Ok(_) => check.ok("has a lifecycle policy"),
        Err(error) if error.code() == Some("LifecyclePolicyNotFoundException") => check.warning(
            "the repository has no lifecycle policy, so every image is kept and paid for",
            "give it one that keeps what may be rolled back to: infra/service/pipeline",
        ),
        Err(error) => check.unknown(&error),
    });
    findings
}

/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
fn mutability(check: &Check<'_>, repository: &serde_json::Value) -> Finding {
    match text(repository, "imageTagMutability") {
        "IMMUTABLE" => check.ok("tags are immutable"),
        "IMMUTABLE_WITH_EXCLUSION" => {
            let filters = items(repository, "imageTagMutabilityExclusionFilters").iter();
            let filters: Vec<_> = filters.map(|one| text(one, "filter")).collect();
            check.ok(format!("tags are immutable but {}", filters.join(", ")))
        }
        mutable => check.warning(
            format!("tags can be overwritten ({mutable}): what a tag names may change after it was approved"),
            "aws ecr put-image-tag-mutability --image-tag-mutability IMMUTABLE",
        ),
    }
}

/// The account and region of an ECR registry.
pub(crate) fn whose(registry: &Registry) -> Option<(String, Region)> {
    let ecr = registry.as_ecr()?;
    Some((ecr.account.to_owned(), ecr.region.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::report::report;
    use crate::doctor::samples::pipeline;

    #[tokio::test]
    async fn tags_are_to_stay_and_images_to_go() {
        let kept = |mutability: &str| {
            Replies::default().say(
                "ecr:DescribeRepositories",
                json!({ "repositories": [{ "imageTagMutability": mutability,
                    "imageTagMutabilityExclusionFilters": [{ "filter": "latest" }] }] }),
            )
        };
        let policy = |answers: Replies| answers.say("ecr:GetLifecyclePolicy", json!({}));
        let none = "LifecyclePolicyNotFoundException";
        for (answers, expected) in [
            (
                policy(kept("IMMUTABLE")),
                vec!["ok: tags are immutable", "ok: has a lifecycle policy"],
            ),
            (
                policy(kept("IMMUTABLE_WITH_EXCLUSION")),
                vec![
                    "ok: tags are immutable but latest",
                    "ok: has a lifecycle policy",
                ],
            ),
            (
                kept("MUTABLE").refuse("ecr:GetLifecyclePolicy", none),
                vec![
                    "warning: tags can be overwritten (MUTABLE): what a tag names may change after it was approved",
                    "warning: the repository has no lifecycle policy, so every image is kept and paid for",
                ],
            ),
            (
                Replies::default()
                    .refuse("ecr:DescribeRepositories", "RepositoryNotFoundException"),
                vec![
                    "error: there is no repository shop/api in 111111111111.dkr.ecr.eu-west-1.amazonaws.com",
                ],
            ),
        ] {
            let found = check(&answers, &pipeline(), &home()).await;
            assert_eq!(report(&found), expected);
        }
    }
}
