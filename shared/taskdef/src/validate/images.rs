//! Rules for images: named, pinned, and from where they may come.

use serde_json::Value;

use super::fields::has_placeholder;
use super::place::{is_set, quoted};
use super::{Finding, MutableTags, Rule, Rules, Severity};
use crate::document::{Container, TaskDefinition};
use crate::image::{ImageError, ImageRef};
use crate::repeated;
use crate::secrets::is_secret_value;

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
            Some(Value::String(text)) if is_placeholder(text) => {
                let name = repeated(name);
                vec![Finding::error(
                    Rule::ImageName,
                    path,
                    format!("image \"{}\" is a placeholder", repeated(text)),
                    format!(
                        "Towpath puts the image into the containers that a stage names: add \"{name}\" to its `containers`, and write `${{image}}` here if it is a template of a pipeline; `towpath render --image {name}=IMAGE` does it by hand"
                    ),
                )]
            }
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

/// Whether other tools put the image in there: `${IMAGE}`, `$IMAGE`, `%IMAGE%`, `@IMAGE@`, `__IMAGE__`,
/// `<IMAGE>`, `{{ image }}`, or `IMAGE_URI`, which cannot be read, since repositories have no capitals.
fn is_placeholder(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_variable = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let between = |mark: &str| {
        let mut parts = text.split(mark).skip(1);
        parts.next().is_some_and(is_name) && parts.next().is_some()
    };
    let parts = || text.split(['/', ':']);
    let is_wrapped = |part: &str| {
        let inner = part
            .strip_prefix("__")
            .and_then(|rest| rest.strip_suffix("__"));
        inner.is_some_and(is_name)
    };
    let is_capitals = |part: &str| {
        let is_word = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        part.bytes().all(is_word)
            && part.bytes().any(|byte| byte.is_ascii_uppercase())
            && (part.contains('_') || part.contains("IMAGE"))
    };
    has_placeholder(text)
        || text.split('$').skip(1).any(is_variable)
        || between("%")
        || between("@")
        || parts().any(is_wrapped)
        || parts().next().is_some_and(is_capitals)
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
                "take it from {}, or add {} to the allowed registries",
                allowed.join(" or "),
                repeated(&format!("{}/{}", image.registry(), image.repository()))
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
                format!(
                    "image {shown} is named by the tag {}, which can be moved",
                    quoted(tag)
                ),
                "name it by its digest, @sha256:…",
            )
        });
    }
    findings
}
