//! Rules for the containers as such: how many there are, and their names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{Placed, containers};
use super::task::is_name;
use super::{Finding, Rule};
use crate::document::TaskDefinition;

/// Most containers in a definition
/// ([quota](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html)).
const MAX_CONTAINERS: usize = 10;

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let containers = containers(definition);
    check_number(&containers, findings);
    let mut seen = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        check_name(container, findings);
        let name = container.name();
        if let Some(first) = seen.insert(name, index)
            && !name.is_empty()
        {
            findings.push(container.error(
                Rule::ContainerNameTwice,
                "name",
                format!("the container at /containerDefinitions/{first} has the same name"),
                "give each container a name of its own",
            ));
        }
    }
}

fn check_number(containers: &[Placed<'_>], findings: &mut Vec<Finding>) {
    let path = "/containerDefinitions";
    if containers.is_empty() {
        findings.push(Finding::error(
            Rule::ContainersNone,
            path,
            "the definition has no containers".to_owned(),
            "add one",
        ));
        return;
    }
    if let Some(beyond) = containers.get(MAX_CONTAINERS) {
        findings.push(
            Finding::error(
                Rule::ContainersTooMany,
                path,
                format!(
                    "the definition has {} containers, of which ECS takes {MAX_CONTAINERS}",
                    containers.len()
                ),
                "move some to a task of their own",
            )
            .of_container(beyond.name()),
        );
    }
    if !containers.iter().any(Placed::is_essential) {
        findings.push(Finding::error(
            Rule::EssentialNone,
            path,
            "no container is essential".to_owned(),
            "leave essential out, or set it to true, in one of them",
        ));
    }
}

fn check_name(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    let (message, help) = match container.get("name") {
        None => ("the container has no name", "name it"),
        Some(Value::String(name)) if !is_name(name) => (
            "its name is not 1 to 255 letters, digits, `_` and `-`",
            "rename it",
        ),
        Some(_) => return,
    };
    findings.push(container.error(Rule::ContainerName, "name", message, help));
}
