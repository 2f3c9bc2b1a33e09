//! Whether the task definition has the containers that the stage names, and the port that the load
//! balancer sends traffic to.

use std::num::NonZeroU16;

use serde_json::Value;
use towpath_core::appspec;
use towpath_core::names::ContainerName;
use towpath_core::pipeline::NamedContainers;

use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{items, text};

/// Compares the task definition with the stage and with the service's load balancers.
pub(crate) fn check(seen: &StageState<'_>) -> Vec<Finding> {
    let mut findings = named(seen);
    findings.extend(ports(seen));
    findings
}

fn named(seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("containers");
    let known: Vec<_> = seen
        .containers()
        .iter()
        .map(|one| text(one, "name"))
        .collect();
    let definition = seen.definition_name();
    vec![
        match NamedContainers::of(seen.at.stage).missing(&definition, &known) {
            None => check.ok(format!("{definition} has them")),
            Some(missing) => check.error(
                missing.to_string(),
                "correct the pipeline's file, or the task definition",
            ),
        },
    ]
}

/// Where the load balancers send traffic.
fn ports(seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("port");
    let sets = items(&seen.service, "taskSets").iter();
    let of_sets = sets.flat_map(|set| items(set, "loadBalancers"));
    let mut balancers: Vec<&Value> = items(&seen.service, "loadBalancers").iter().collect();
    if balancers.is_empty() {
        balancers.extend(of_sets);
    }
    let mut targets: Vec<_> = balancers
        .iter()
        .map(|one| (text(one, "containerName"), one["containerPort"].as_u64()))
        .collect();
    targets.dedup();
    let mut findings = Vec::new();
    if let Some(settings) = seen.at.stage.engine.codedeploy() {
        let container = settings.container.as_ref().map(ContainerName::as_str);
        let port = settings.port.map(NonZeroU16::get);
        if let Err(error) = appspec::target(&seen.service, container, port) {
            findings.push(check.error(
                error.to_string(),
                "correct the pipeline's file, or the service's load balancer settings",
            ));
        }
    }
    for (name, port) in targets {
        let Some(port) = port else {
            continue;
        };
        let definition = seen.definition_name();
        findings.push(match seen.container(name) {
            None => check.error(
                format!("the load balancer sends traffic to the container {name}, which {definition} does not have"),
                "correct the service's load balancer settings or the task definition",
            ),
            Some(container) if maps(container, port) => {
                check.ok(format!("{name} takes traffic at {port}"))
            }
            Some(container) => check.error(
                format!(
                    "the load balancer sends traffic to port {port} of {name}, which {definition} maps {}",
                    mapped(container)
                ),
                format!("map containerPort {port} of {name}, or correct the service's load balancer settings"),
            ),
        });
    }
    findings
}

fn maps(container: &Value, port: u64) -> bool {
    let mut mappings = items(container, "portMappings").iter();
    mappings.any(|mapping| {
        let in_range = text(mapping, "containerPortRange")
            .split_once('-')
            .and_then(|(from, to)| Some(from.parse::<u64>().ok()?..=to.parse().ok()?));
        mapping["containerPort"].as_u64() == Some(port)
            || in_range.is_some_and(|range| range.contains(&port))
    })
}

fn mapped(container: &Value) -> String {
    let mappings = items(container, "portMappings").iter();
    let ports: Vec<_> = mappings
        .filter_map(|mapping| mapping["containerPort"].as_u64())
        .map(|port| port.to_string())
        .collect();
    if ports.is_empty() {
        "no port of".to_owned()
    } else {
        format!("to {} only", ports.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;
    use serde_json::json;

    #[test]
    fn containers_and_ports_have_to_be_in_the_task_definition() {
        let mut seen = stage_state();
        assert_eq!(
            report(&check(&seen)),
            ["ok: api:7 has them", "ok: app takes traffic at 8080"]
        );
        let container = &mut seen.definition["containerDefinitions"][0];
        container["portMappings"] = json!([{ "containerPort": 9090 }]);
        assert_eq!(
            report(&check(&seen))[1],
            "error: the load balancer sends traffic to port 8080 of app, which api:7 maps to 9090 only"
        );
        let container = &mut seen.definition["containerDefinitions"][0];
        container["portMappings"] = json!([{ "containerPortRange": "8000-8100" }]);
        assert_eq!(report(&check(&seen))[1], "ok: app takes traffic at 8080");
        let balancers = seen.service["loadBalancers"].as_array_mut().unwrap();
        balancers.push(json!({ "containerName": "app", "containerPort": 8081 }));
        assert_eq!(
            report(&check(&seen))[1],
            "error: service `` has several load balancer targets, app:8080, app:8081; say which by \
             `port`, such as `port: 8080`, in the stage's `codedeploy`"
        );
        seen.service["loadBalancers"].as_array_mut().unwrap().pop();
        seen.definition["containerDefinitions"][0]["name"] = json!("web");
        assert_eq!(
            report(&check(&seen)),
            [
                "error: `containers` names the container app, which api:7 does not have, but web",
                "error: the load balancer sends traffic to the container app, which api:7 does not have"
            ]
        );
    }
}
