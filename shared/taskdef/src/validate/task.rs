//! Rules for the task as a whole: its size, its family, its tags.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fields::is_spelling;
use super::{Capacity, Finding, Rule, Rules};
use crate::document::TaskDefinition;
use crate::resource_tag::{CHARACTERS, MAX_KEY, MAX_TAGS, MAX_VALUE, is_permitted, is_reserved};
use crate::size;
use crate::{repeated, repeated_key};

/// Longest definition, in bytes
/// ([quota](https://docs.aws.amazon.com/general/latest/gr/ecs-service.html) "Task definition size").
/// What is counted is the JSON as it is sent, without white space.
const LARGEST: usize = 64 * 1024;

/// Longest family or container name
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html)).
const MAX_NAME_LEN: usize = 255;

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    check_family(definition, findings);
    check_length(definition, findings);
    check_sizes(definition, findings);
    check_tags(definition, findings);
}

/// Letters, digits, `_` and `-`, at most 255.
pub(super) fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_LEN).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Fargate's rules hold for a definition that names it, even beside EC2.
pub(super) fn is_fargate(definition: &TaskDefinition, rules: &Rules) -> bool {
    rules.capacity == Some(Capacity::Fargate) || requires(definition, "FARGATE")
}

/// Whether the definition itself says that it is for this capacity.
pub(super) fn requires(definition: &TaskDefinition, capacity: &str) -> bool {
    definition
        .document()
        .get("requiresCompatibilities")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|name| name == capacity))
}

pub(super) fn is_windows(definition: &TaskDefinition) -> bool {
    definition
        .document()
        .get("runtimePlatform")
        .and_then(|platform| platform.get("operatingSystemFamily"))
        .and_then(Value::as_str)
        .is_some_and(|family| family.starts_with("WINDOWS"))
}

fn check_family(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let family = definition.family();
    if !is_name(family) {
        findings.push(Finding::error(
            Rule::FamilyName,
            "/family",
            format!(
                "family \"{}\" is not 1 to 255 letters, digits, `_` and `-`",
                repeated(family)
            ),
            "rename it",
        ));
    }
}

fn check_length(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    // The document is a value of its own here, whose writing cannot fail.
    let bytes = serde_json::to_vec(definition.document()).map_or(0, |text| text.len());
    if bytes > LARGEST {
        let largest = definition
            .containers()
            .max_by_key(|container| {
                serde_json::to_vec(container.definition()).map_or(0, |text| text.len())
            })
            .and_then(|container| container.name())
            .unwrap_or_default();
        findings.push(Finding::error(
            Rule::SizeTooLarge,
            "",
            format!("the definition has {bytes} bytes, of which ECS takes {LARGEST}"),
            format!(
                "move variables into environmentFiles or parameters; container \"{}\" is the largest",
                repeated(largest)
            ),
        ));
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html>
fn check_sizes(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let text = |field| definition.document().get(field).and_then(Value::as_str);
    for (field, is_size, help) in [
        (
            "cpu",
            text("cpu").is_none_or(|text| size::cpu_units(text).is_some()),
            "write CPU units such as \"256\", or \".25 vCPU\"",
        ),
        (
            "memory",
            text("memory").is_none_or(|text| size::mebibytes(text).is_some()),
            "write MiB such as \"512\", or \"0.5 GB\"",
        ),
    ] {
        if !is_size {
            findings.push(Finding::error(
                Rule::TaskSize,
                format!("/{field}"),
                format!(
                    "{field} \"{}\" is no size",
                    repeated(text(field).unwrap_or_default())
                ),
                help,
            ));
        }
    }
}

fn check_tags(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let Some(Value::Array(tags)) = definition.document().get("tags") else {
        return;
    };
    if tags.len() > MAX_TAGS {
        findings.push(Finding::error(
            Rule::Tag,
            "/tags",
            format!("{} tags are more than {MAX_TAGS}", tags.len()),
            "remove some",
        ));
    }
    let mut keys = BTreeSet::new();
    for (index, tag) in tags.iter().enumerate() {
        let text = |field| tag.get(field).map_or(Some(""), Value::as_str);
        let (Some(key), Some(value)) = (text("key"), text("value")) else {
            // What is of another kind is told already.
            continue;
        };
        let is_spelled = tag.as_object().is_some_and(|tag| {
            !tag.contains_key("key") && tag.keys().any(|name| is_spelling(name, "key"))
        });
        if is_spelled {
            continue;
        }
        let fault = if !keys.insert(key) {
            "is there twice".to_owned()
        } else if key.is_empty() || key.chars().count() > MAX_KEY {
            format!("has a key that is not 1 to {MAX_KEY} characters long")
        } else if value.chars().count() > MAX_VALUE {
            format!("has a value of more than {MAX_VALUE} characters")
        } else if !key.chars().chain(value.chars()).all(is_permitted) {
            format!("has characters other than {CHARACTERS}")
        } else if [key, value].into_iter().any(is_reserved) {
            "begins with aws:, which is AWS's own".to_owned()
        } else {
            continue;
        };
        findings.push(Finding::error(
            Rule::Tag,
            format!("/tags/{index}"),
            format!("tag \"{}\" {fault}", repeated_key(key)),
            "rename, shorten or remove it",
        ));
    }
}
