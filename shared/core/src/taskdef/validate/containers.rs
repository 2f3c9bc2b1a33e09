//! Rules for containers: their names, how they depend on each other, ports, variables, memory.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::task::{is_fargate, is_name, is_windows};
use super::{Finding, Rule, Rules};
use crate::taskdef::document::{Container, TaskDefinition};
use crate::{repeated, repeated_key};

/// Most containers in a definition
/// ([quota](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html)).
const MOST_CONTAINERS: usize = 10;

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    let containers: Vec<Container<'_>> = definition.containers().collect();
    check_number(&containers, findings);
    check_named(&containers, rules, findings);
    let mut seen = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        let path = format!("/containerDefinitions/{index}");
        let name = container.name().unwrap_or_default();
        let mut own = Vec::new();
        check_name(container, &path, &mut own);
        if let Some(first) = seen.insert(name, index)
            && !name.is_empty()
        {
            own.push(Finding::error(
                Rule::ContainerNameTwice,
                format!("{path}/name"),
                format!("the container at /containerDefinitions/{first} has the same name"),
                "give each container a name of its own",
            ));
        }
        check_dependencies(container, &containers, &path, &mut own);
        check_ports(definition, container, &path, &mut own);
        check_variables(container, &path, &mut own);
        if !is_fargate(definition, rules) {
            check_memory(definition, container, &path, &mut own);
        }
        findings.extend(own.into_iter().map(|finding| finding.of_container(name)));
    }
}

fn check_number(containers: &[Container<'_>], findings: &mut Vec<Finding>) {
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
    if let Some(beyond) = containers.get(MOST_CONTAINERS) {
        let name = beyond.name().unwrap_or_default();
        findings.push(
            Finding::error(
                Rule::ContainersTooMany,
                path,
                format!(
                    "the definition has {} containers, of which ECS takes {MOST_CONTAINERS}",
                    containers.len()
                ),
                "move some to a task of their own",
            )
            .of_container(name),
        );
    }
    let is_essential = |container: &Container<'_>| {
        container.definition().get("essential") != Some(&Value::Bool(false))
    };
    if !containers.iter().any(is_essential) {
        findings.push(Finding::error(
            Rule::EssentialNone,
            path,
            "no container is essential".to_owned(),
            "leave essential out, or set it to true, in one of them",
        ));
    }
}

fn check_named(containers: &[Container<'_>], rules: &Rules, findings: &mut Vec<Finding>) {
    let known: Vec<&str> = containers.iter().filter_map(Container::name).collect();
    for name in &rules.containers {
        if !known.contains(&name.as_str()) {
            findings.push(
                Finding::error(
                    Rule::ContainerMissing,
                    "/containerDefinitions",
                    "it is named in the pipeline but is not in the definition".to_owned(),
                    match known.as_slice() {
                        [] => "add it".to_owned(),
                        known => format!("name one of {}", known.join(", ")),
                    },
                )
                .of_container(name),
            );
        }
    }
}

fn check_name(container: &Container<'_>, path: &str, findings: &mut Vec<Finding>) {
    let (message, remedy) = match container.definition().get("name") {
        None => ("the container has no name", "name it"),
        Some(Value::String(name)) if !is_name(name) => (
            "its name is not 1 to 255 letters, digits, `_` and `-`",
            "rename it",
        ),
        Some(_) => return,
    };
    let path = format!("{path}/name");
    findings.push(Finding::error(
        Rule::ContainerName,
        path,
        message.to_owned(),
        remedy,
    ));
}

fn check_dependencies(
    container: &Container<'_>,
    containers: &[Container<'_>],
    path: &str,
    findings: &mut Vec<Finding>,
) {
    for (index, dependency) in entries(container, "dependsOn").enumerate() {
        let needed = dependency.get("containerName").and_then(Value::as_str);
        if let Some(needed) = needed
            && !containers.iter().any(|other| other.name() == Some(needed))
        {
            findings.push(Finding::error(
                Rule::DependencyMissing,
                format!("{path}/dependsOn/{index}"),
                format!(
                    "it depends on container \"{}\", which is not there",
                    repeated(needed)
                ),
                "correct the name or remove the dependency",
            ));
        }
    }
}

/// In awsvpc (and host) mode a port is the host's as it is the container's
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html)).
fn check_ports(
    definition: &TaskDefinition,
    container: &Container<'_>,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let mode = definition.network_mode().unwrap_or("bridge");
    for (index, mapping) in entries(container, "portMappings").enumerate() {
        let port = |field| mapping.get(field).and_then(Value::as_u64);
        let (host, inside) = (port("hostPort").unwrap_or(0), port("containerPort"));
        let path = format!("{path}/portMappings/{index}");
        if mode == "none" {
            findings.push(Finding::error(
                Rule::PortsWithoutNetwork,
                path,
                "it maps a port although the network mode is none".to_owned(),
                "remove portMappings or set another networkMode",
            ));
        } else if matches!(mode, "awsvpc" | "host") && host != 0 && inside != Some(host) {
            let inside = inside.map_or_else(|| "no port".to_owned(), |port| format!("port {port}"));
            findings.push(Finding::error(
                Rule::AwsvpcHostPort,
                format!("{path}/hostPort"),
                format!("hostPort {host} is not its containerPort ({inside}), as network mode {mode} needs"),
                "leave hostPort out",
            ));
        }
    }
}

/// A name may be set once, be it plain or secret
/// ([documentation](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html)).
fn check_variables(container: &Container<'_>, path: &str, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for list in ["environment", "secrets"] {
        for (index, entry) in entries(container, list).enumerate() {
            let Some(name) = entry.get("name").and_then(Value::as_str) else {
                continue;
            };
            if !seen.insert(name) {
                findings.push(Finding::error(
                    Rule::VariableTwice,
                    format!("{path}/{list}/{index}"),
                    format!("variable \"{}\" is set twice", repeated_key(name)),
                    "remove one of the two",
                ));
            }
        }
    }
}

/// Outside Fargate a container needs memory of its own where the task has none; on Windows the
/// task's is ignored
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html)).
fn check_memory(
    definition: &TaskDefinition,
    container: &Container<'_>,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let has_memory = ["memory", "memoryReservation"]
        .iter()
        .any(|field| container.definition().contains_key(*field));
    let has_tasks = definition.document().get("memory").is_some() && !is_windows(definition);
    if !has_memory && !has_tasks {
        findings.push(Finding::error(
            Rule::MemoryMissing,
            format!("{path}/memory"),
            "neither it nor the task has memory".to_owned(),
            "set memory or memoryReservation, in MiB",
        ));
    }
}

fn entries<'a>(container: &Container<'a>, list: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    container
        .definition()
        .get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
