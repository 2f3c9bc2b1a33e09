//! Whether the deployer was told of the registry that a pipeline names: it hears of no other's pushes,
//! and may look at no other's images.

use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::Home;
use towpath_taskdef::json;

use super::finding::{Check, Finding};
use super::places::Pattern;
use crate::deployer::reads::{Reads, Spot, text};

/// Looks at the rule that hears of pushes, if the pipeline names another registry than the deployer's
/// own; nothing where there is nothing to say.
pub(crate) async fn check<R: Reads>(
    reads: &R,
    prefix: &str,
    pipeline: &Pipeline,
    home: &Home,
) -> Option<Finding> {
    let check = Check {
        name: "registry",
        about: pipeline.pipeline.as_str(),
    };
    let registry = pipeline.registry.as_ref()?;
    let ecr = registry.as_ecr()?;
    if registry.same_as(&home.registry()) {
        return None;
    }
    let input = json!({ "Name": format!("{prefix}-image-push-ecr-push") });
    let read = reads.read(&Spot::Home, "events:DescribeRule", input);
    let found = match read.await {
        Ok(found) => found,
        Err(error) => return Some(check.unknown(&error)),
    };
    let pattern = json::parse(text(&found, "EventPattern").as_bytes()).unwrap_or_default();
    Some(if Pattern::of(&pattern).takes(ecr) {
        check.ok(format!("the deployer knows {registry}"))
    } else {
        check.error(
            format!("the deployer was not told of {registry}: it hears of no push there"),
            format!(
                "add \"{}/{}\" to `registries` of infra/deployer and apply it; docs/install.md says what \
                 the registry's account needs",
                ecr.account, ecr.region
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::samples::pipeline;

    async fn said(named: Option<&str>, answers: Replies) -> Option<String> {
        let pipeline = Pipeline {
            registry: named.map(|host| host.parse().unwrap()),
            ..pipeline()
        };
        let found = check(&answers, "ship", &pipeline, &home()).await?;
        Some(format!("{:?}: {}", found.severity, found.cause))
    }

    #[tokio::test]
    async fn a_registry_elsewhere_has_to_be_told_of() {
        let theirs = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
        let rule = |places: serde_json::Value| {
            let pattern = json!({ "source": ["aws.ecr"], "$or": places }).to_string();
            Replies::default().say_about(
                "events:DescribeRule",
                "\"ship-image-push-ecr-push\"",
                json!({ "EventPattern": pattern }),
            )
        };
        let own = json!({ "account": ["111111111111"], "region": ["eu-west-1"] });
        let told = json!({ "account": ["222222222222"], "region": ["us-east-1"] });
        for (named, places, expected) in [
            (None, json!([]), None),
            (
                Some("111111111111.dkr-ecr.eu-west-1.on.aws"),
                json!([]),
                None,
            ),
            (
                Some(theirs),
                json!([own, told]),
                Some("Ok: the deployer knows 222222222222.dkr.ecr.us-east-1.amazonaws.com"),
            ),
            (
                Some(theirs),
                json!([own]),
                Some(
                    "Error: the deployer was not told of 222222222222.dkr.ecr.us-east-1.amazonaws.com: it hears of no push there",
                ),
            ),
        ] {
            let said = said(named, rule(places)).await;
            assert_eq!(said.as_deref(), expected, "{named:?}");
        }
        let refused = Replies::refuse_all("AccessDeniedException");
        let said = said(Some(theirs), refused).await.unwrap();
        assert!(said.starts_with("Unknown: events:DescribeRule"), "{said}");
    }
}
