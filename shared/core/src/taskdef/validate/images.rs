//! Rules for images: named, pinned, and from where they may come.

use serde_json::Value;

use super::fields::has_placeholder;
use super::place::is_set;
use super::{Finding, MutableTags, Rule, Rules, Severity};
use crate::image::{ImageError, ImageRef};
use crate::repeated;
use crate::secrets::is_secret_value;
use crate::taskdef::document::{Container, TaskDefinition};

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    for (index, container) in definition.containers().enumerate() {
        let name = container.name().unwrap_or_default();
        let path = format!("/containerDefinitions/{index}/image");
        let found = match container.definition().get("image") {
            None => vec![Finding::error(
                Rule::ImageMissing,
                path,
                "the container has no image".to_owned(),
                "set image to a repository and digest",
            )],
            Some(Value::String(text)) if has_placeholder(text) => vec![Finding::error(
                Rule::ImageName,
                path,
                format!("image \"{}\" is a placeholder", repeated(text)),
                format!("set the image, as `towpath render --image {name}=IMAGE` does"),
            )],
            Some(Value::String(text)) => match text.parse::<ImageRef>() {
                Ok(image) => {
                    let mut found = check_image(&image, name, &path, rules);
                    found.extend(check_credentials(&image, container, index));
                    found
                }
                Err(error) => vec![Finding::error(
                    Rule::ImageName,
                    path,
                    unreadable(text, &error),
                    "write it as [REGISTRY/]REPOSITORY@sha256:DIGEST",
                )],
            },
            // Its kind is told already.
            Some(_) => Vec::new(),
        };
        findings.extend(found.into_iter().map(|finding| finding.of_container(name)));
    }
}

/// ECR takes no credentials but AWS's
/// ([refused](https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/48)).
fn check_credentials(image: &ImageRef, container: Container<'_>, index: usize) -> Option<Finding> {
    let credentials = container.definition().get("repositoryCredentials")?;
    (image.registry().as_ecr().is_some() && is_set(credentials)).then(|| {
        Finding::error(
            Rule::ImageCredentials,
            format!("/containerDefinitions/{index}/repositoryCredentials"),
            format!(
                "image {} is in ECR, which takes no repositoryCredentials",
                repeated(&image.to_string())
            ),
            "remove repositoryCredentials; the execution role is what may pull it",
        )
    })
}

/// What is wrong is said of a part of the text, which is not shown where the whole is not.
fn unreadable(text: &str, error: &ImageError) -> String {
    let shown = repeated(text);
    if is_secret_value(text) {
        return format!("image \"{shown}\" cannot be read");
    }
    format!("image \"{shown}\" cannot be read: {error}")
}

fn check_image(image: &ImageRef, container: &str, path: &str, rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    let shown = repeated(&image.to_string());
    if !rules.registries.is_empty() && !rules.registries.iter().any(|rule| rule.allows(image)) {
        let allowed: Vec<_> = rules.registries.iter().map(ToString::to_string).collect();
        findings.push(Finding::error(
            Rule::ImageRegistry,
            path,
            format!("image {shown} comes from a registry that is not allowed"),
            format!(
                "take it from {}, or add {}/{} to the allowed registries",
                allowed.join(" or "),
                image.registry(),
                image.repository()
            ),
        ));
    }
    if image.digest().is_none() {
        let is_named = rules.containers.iter().any(|name| name == container);
        let severity = match rules.mutable_tags {
            MutableTags::RefuseNamed if !is_named => Severity::Warning,
            MutableTags::RefuseNamed | MutableTags::Refuse => Severity::Error,
        };
        let tag = image.tag().map_or("latest", |tag| tag.as_str());
        findings.push(Finding {
            severity,
            ..Finding::error(
                Rule::ImageMutableTag,
                path,
                format!("image {shown} is named by the tag {tag:?}, which can be moved"),
                "name it by its digest, @sha256:…",
            )
        });
    }
    findings
}
