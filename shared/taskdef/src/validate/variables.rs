//! Rules for variables: each has a name, plain ones have a value and secret ones a place to read it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::fields::is_spelling;
use super::place::{Placed, containers};
use super::{Finding, Rule};
use crate::document::TaskDefinition;
use crate::repeated_key;

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    for container in containers(definition) {
        check_once(&container, findings);
        for (index, entry) in container.list("environment").iter().enumerate() {
            if let Some(entry) = entry.as_object() {
                let field = format!("environment/{index}");
                check_name(&container, entry, &field, findings);
                check_source(&container, entry, &field, "valueFrom", findings);
            }
        }
        for (index, entry) in container.list("secrets").iter().enumerate() {
            if let Some(entry) = entry.as_object() {
                let field = format!("secrets/{index}");
                check_source(&container, entry, &field, "value", findings);
            }
        }
    }
}

/// A name may be set once, be it plain or secret
/// ([documentation](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html)).
fn check_once(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for list in ["environment", "secrets"] {
        for (index, entry) in container.list(list).iter().enumerate() {
            let Some(name) = entry.get("name").and_then(Value::as_str) else {
                continue;
            };
            if !seen.insert(name) {
                findings.push(container.error(
                    Rule::VariableTwice,
                    &format!("{list}/{index}"),
                    format!("variable \"{}\" is set twice", repeated_key(name)),
                    "remove one of the two",
                ));
            }
        }
    }
}

/// ECS's model requires a name of secrets alone, but a variable without one sets nothing
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_KeyValuePair.html)).
fn check_name(
    container: &Placed<'_>,
    entry: &Map<String, Value>,
    field: &str,
    findings: &mut Vec<Finding>,
) {
    // Another spelling is told already.
    if entry.keys().any(|name| is_spelling(name, "name")) {
        return;
    }
    let (field, message, help) = match entry.keys().find(|name| is_spelling(name, "key")) {
        Some(key) => (
            format!("{field}/{key}"),
            format!("a variable's name is not its {key:?}, which ECS would drop"),
            "write \"name\"",
        ),
        None => (
            field.to_owned(),
            "the variable has no name".to_owned(),
            "add \"name\", or remove the entry",
        ),
    };
    findings.push(container.error(Rule::VariableName, &field, message, help));
}

/// `environment` has values and `secrets` says where they are; ECS does not know the other's field
/// and drops it.
fn check_source(
    container: &Placed<'_>,
    entry: &Map<String, Value>,
    field: &str,
    foreign: &str,
    findings: &mut Vec<Finding>,
) {
    let Some(member) = entry.keys().find(|name| is_spelling(name, foreign)) else {
        return;
    };
    let (message, help) = if foreign == "valueFrom" {
        (
            format!("{member:?} is for secrets: in environment ECS would drop it"),
            "move the entry to secrets, or set \"value\"",
        )
    } else {
        (
            format!("{member:?} is for environment: in secrets ECS would drop it"),
            "move the entry to environment, or set \"valueFrom\" to the secret's ARN",
        )
    };
    let field = format!("{field}/{member}");
    findings.push(container.error(Rule::VariableSource, &field, message, help));
}
