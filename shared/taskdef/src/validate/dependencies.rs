//! Rules for what containers need of each other: by `dependsOn`, `volumesFrom` and `links`.
//!
//! ECS makes dependencies to start after of the latter two, too
//! ([`START`](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html)),
//! so a circle of any of them never starts
//! ([example](https://github.com/aws/amazon-ecs-agent/issues/756)).

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{Placed, containers, quoted};
use super::{Finding, Rule};
use crate::document::TaskDefinition;

/// That a container waits for another one.
struct Edge {
    to: usize,
    /// Where it says so, within the container.
    field: String,
}

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let containers = containers(definition);
    let mut known = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        known.entry(container.name()).or_insert(index);
    }
    known.remove("");
    let mut edges = Vec::with_capacity(containers.len());
    for container in &containers {
        let mut own = Vec::new();
        depends_on(container, &containers, &known, &mut own, findings);
        volumes_from(container, &known, &mut own, findings);
        links(definition, container, &known, &mut own, findings);
        edges.push(own);
    }
    check_cycles(&containers, edges, findings);
    check_proxy(definition, &known, findings);
}

fn depends_on(
    container: &Placed<'_>,
    containers: &[Placed<'_>],
    known: &BTreeMap<&str, usize>,
    edges: &mut Vec<Edge>,
    findings: &mut Vec<Finding>,
) {
    for (index, dependency) in container.list("dependsOn").iter().enumerate() {
        let field = format!("dependsOn/{index}");
        let Some(needed) = dependency.get("containerName").and_then(Value::as_str) else {
            continue;
        };
        let Some(&to) = known.get(needed) else {
            findings.push(missing(container, &field, "depends on", needed));
            continue;
        };
        let condition = dependency.get("condition").and_then(Value::as_str);
        if let Some(other) = containers.get(to) {
            findings.extend(check_condition(
                container,
                other,
                condition.unwrap_or_default(),
                &field,
            ));
        }
        edges.push(Edge { to, field });
    }
}

/// [Documentation](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html)
/// of the conditions. A health check of the image does not count: ECS does not look at it.
fn check_condition(
    container: &Placed<'_>,
    other: &Placed<'_>,
    condition: &str,
    field: &str,
) -> Option<Finding> {
    let field = format!("{field}/condition");
    let name = quoted(other.name());
    match condition {
        "COMPLETE" | "SUCCESS" if other.is_essential() => Some(container.error(
            Rule::DependencyEssential,
            &field,
            format!(
                "it waits for container {name} to end, which is essential: the task ends with it"
            ),
            format!("set essential to false in {name}, or wait for START or HEALTHY"),
        )),
        "HEALTHY" if !has_health_check(other) => Some(container.error(
            Rule::DependencyWithoutHealthCheck,
            &field,
            format!(
                "it waits for container {name} to be healthy, whose definition has no healthCheck"
            ),
            format!("give {name} a healthCheck, or wait for START"),
        )),
        _ => None,
    }
}

fn has_health_check(container: &Placed<'_>) -> bool {
    let first = container
        .list("healthCheck/command")
        .first()
        .and_then(Value::as_str);
    container.get("healthCheck").is_some() && first != Some("NONE")
}

fn volumes_from(
    container: &Placed<'_>,
    known: &BTreeMap<&str, usize>,
    edges: &mut Vec<Edge>,
    findings: &mut Vec<Finding>,
) {
    for (index, source) in container.list("volumesFrom").iter().enumerate() {
        let field = format!("volumesFrom/{index}");
        match source.get("sourceContainer") {
            Some(Value::String(name)) => match known.get(name.as_str()) {
                Some(&to) => edges.push(Edge { to, field }),
                None => findings.push(missing(container, &field, "takes volumes of", name)),
            },
            // Its kind is told already.
            Some(_) => {}
            None if source.is_object() => findings.push(container.error(
                Rule::DependencyMissing,
                &field,
                "it takes volumes of a container that is not named",
                "set sourceContainer to the other container's name",
            )),
            None => {}
        }
    }
}

/// `NAME` or `NAME:ALIAS`. They are for bridge mode only, which is another rule's.
fn links(
    definition: &TaskDefinition,
    container: &Placed<'_>,
    known: &BTreeMap<&str, usize>,
    edges: &mut Vec<Edge>,
    findings: &mut Vec<Finding>,
) {
    if !matches!(definition.network_mode(), None | Some("bridge")) {
        return;
    }
    for (index, link) in container.list("links").iter().enumerate() {
        let Some(link) = link.as_str() else {
            continue;
        };
        let field = format!("links/{index}");
        let name = link.split(':').next().unwrap_or_default();
        match known.get(name) {
            Some(&to) => edges.push(Edge { to, field }),
            None => findings.push(missing(container, &field, "is linked to", name)),
        }
    }
}

fn missing(container: &Placed<'_>, field: &str, needs: &str, name: &str) -> Finding {
    container.error(
        Rule::DependencyMissing,
        field,
        format!("it {needs} container {}, which is not there", quoted(name)),
        "correct the name or remove it",
    )
}

/// The proxy of App Mesh is one of the containers
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ProxyConfiguration.html)).
fn check_proxy(
    definition: &TaskDefinition,
    known: &BTreeMap<&str, usize>,
    findings: &mut Vec<Finding>,
) {
    let proxy = definition.document().get("proxyConfiguration");
    let name = proxy.and_then(|proxy| proxy.get("containerName")?.as_str());
    if let Some(name) = name.filter(|name| !known.contains_key(name)) {
        findings.push(Finding::error(
            Rule::DependencyMissing,
            "/proxyConfiguration/containerName",
            format!(
                "the proxy is container {}, which is not there",
                quoted(name)
            ),
            "correct the name or remove proxyConfiguration",
        ));
    }
}

/// One finding for each circle, at the first of its containers.
fn check_cycles(containers: &[Placed<'_>], mut edges: Vec<Vec<Edge>>, findings: &mut Vec<Finding>) {
    loop {
        leave_circles(&mut edges);
        let Some(start) = edges.iter().position(|own| !own.is_empty()) else {
            return;
        };
        // Whoever is left waits for one who is left, so the way comes back to itself.
        let mut way = vec![start];
        let circle = loop {
            let next = way
                .last()
                .and_then(|&last| edges.get(last))
                .and_then(|own| own.first())
                .map(|edge| edge.to);
            let Some(next) = next else {
                return;
            };
            if let Some(at) = way.iter().position(|&seen| seen == next) {
                break way.split_off(at);
            }
            way.push(next);
        };
        let first = circle.iter().min().copied().unwrap_or(start);
        if let (Some(container), Some(edge)) = (
            containers.get(first),
            edges.get(first).and_then(|own| own.first()),
        ) {
            let names = circle.iter().filter_map(|&index| containers.get(index));
            let mut names: Vec<_> = names.map(|one| quoted(one.name())).collect();
            let message = if let [_] = names.as_slice() {
                "it waits for itself, so it never starts".to_owned()
            } else {
                let from = circle.iter().position(|&index| index == first);
                names.rotate_left(from.unwrap_or_default());
                format!(
                    "it waits for itself, so it never starts: {} → {}",
                    names.join(" → "),
                    names.first().map_or("", String::as_str)
                )
            };
            findings.push(container.error(
                Rule::DependencyCycle,
                &edge.field,
                message,
                "remove one of the dependencies",
            ));
        }
        for index in circle {
            if let Some(own) = edges.get_mut(index) {
                own.clear();
            }
        }
    }
}

/// Takes away every wait for a container that itself waits for none, until only circles, and those
/// who wait for one, are left.
fn leave_circles(edges: &mut [Vec<Edge>]) {
    loop {
        let waits: Vec<bool> = edges.iter().map(|own| !own.is_empty()).collect();
        let mut is_changed = false;
        for own in edges.iter_mut() {
            let before = own.len();
            own.retain(|edge| waits.get(edge.to) == Some(&true));
            is_changed |= own.len() != before;
        }
        if !is_changed {
            return;
        }
    }
}
