//! Rules for fields of containers that Fargate or a network mode does not have.
//!
//! From [what Fargate does otherwise](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html)
//! and [the API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).
//! `tmpfs` is not among them
//! [since 2026](https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/).

use serde_json::Value;

use super::place::{Placed, containers, is_set, quoted};
use super::task::is_fargate;
use super::{Finding, Rule, Rules};
use crate::document::TaskDefinition;
use crate::repeated;

const NOT_ON_FARGATE: [&str; 11] = [
    "disableNetworking",
    "dnsSearchDomains",
    "dnsServers",
    "dockerSecurityOptions",
    "extraHosts",
    "linuxParameters/devices",
    "linuxParameters/maxSwap",
    "linuxParameters/sharedMemorySize",
    "linuxParameters/swappiness",
    "links",
    "privileged",
];

/// ECS [refuses](https://github.com/labd/ecs-deplojo/issues/26) these.
const NOT_IN_AWSVPC: [&str; 2] = ["extraHosts", "hostname"];

/// The documentation
/// [used to say](https://github.com/awsdocs/aws-cloudformation-user-guide/blob/main/doc_source/aws-properties-ecs-taskdefinition-containerdefinition.md)
/// that these are not supported, and does no more.
const DOUBTFUL_IN_AWSVPC: [&str; 3] = ["disableNetworking", "dnsSearchDomains", "dnsServers"];

/// The one capability that can be added on Fargate.
const CAPABILITY: &str = "SYS_PTRACE";

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    let is_fargate = is_fargate(definition, rules);
    let is_awsvpc = definition.network_mode() == Some("awsvpc");
    for container in containers(definition) {
        let is_set = |field: &str| container.get(field).is_some_and(is_set);
        if is_fargate {
            for field in NOT_ON_FARGATE.into_iter().filter(|field| is_set(field)) {
                findings.push(container.error(
                    Rule::FargateField,
                    field,
                    format!("{} is not supported on Fargate", field.replace('/', ".")),
                    "remove it",
                ));
            }
            check_capabilities(&container, findings);
            check_devices(&container, findings);
            check_timeouts(&container, findings);
        }
        if is_awsvpc {
            let told = |field: &&str| is_fargate && NOT_ON_FARGATE.contains(field);
            let message = |field| format!("{field} is not supported in network mode awsvpc");
            for field in NOT_IN_AWSVPC.into_iter().filter(|field| !told(field)) {
                if is_set(field) {
                    let message = message(field);
                    findings.push(container.error(Rule::AwsvpcField, field, message, "remove it"));
                }
            }
            for field in DOUBTFUL_IN_AWSVPC.into_iter().filter(|field| !told(field)) {
                if is_set(field) {
                    let message = message(field);
                    let finding = container.warning(Rule::AwsvpcField, field, message, "remove it");
                    findings.push(finding);
                }
            }
        }
        if !is_fargate {
            findings.extend(check_links(definition, &container));
        }
    }
}

/// ECS [refuses](https://github.com/aws-observability/aws-otel-collector/issues/1359) links outside
/// bridge mode, which is the default.
fn check_links(definition: &TaskDefinition, container: &Placed<'_>) -> Option<Finding> {
    let mode = definition.network_mode()?;
    let is_linked = container.get("links").is_some_and(is_set);
    (mode != "bridge" && is_linked).then(|| {
        container.error(
            Rule::LinkMode,
            "links",
            format!("links are not supported in network mode {}", repeated(mode)),
            match mode {
                "awsvpc" | "host" => "remove links; containers reach each other at localhost",
                _ => "remove links, or set networkMode to \"bridge\"",
            },
        )
    })
}

fn check_capabilities(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    let field = "linuxParameters/capabilities/add";
    for (index, capability) in container.list(field).iter().enumerate() {
        let name = capability.as_str().unwrap_or(CAPABILITY);
        if name.trim_start_matches("CAP_") != CAPABILITY {
            findings.push(container.error(
                Rule::FargateField,
                &format!("{field}/{index}"),
                format!("capability {} cannot be added on Fargate", quoted(name)),
                format!("remove it; {CAPABILITY} is the only one that can be"),
            ));
        }
    }
}

fn check_devices(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    let field = "resourceRequirements";
    for (index, requirement) in container.list(field).iter().enumerate() {
        let kind = requirement.get("type").and_then(Value::as_str);
        if let Some(kind @ ("GPU" | "NeuronDevice")) = kind {
            findings.push(container.error(
                Rule::FargateField,
                &format!("{field}/{index}"),
                format!("a {kind} is not supported on Fargate"),
                "remove it, or run the task on instances",
            ));
        }
    }
}

fn check_timeouts(container: &Placed<'_>, findings: &mut Vec<Finding>) {
    for field in ["startTimeout", "stopTimeout"] {
        // A negative one is told already.
        let seconds = container.get(field).and_then(Value::as_u64);
        if let Some(seconds) = seconds.filter(|seconds| !(2..=120).contains(seconds)) {
            findings.push(container.error(
                Rule::FargateField,
                field,
                format!("{field} is {seconds} s, which is not from 2 to 120 as on Fargate"),
                "write such a number, or leave it out",
            ));
        }
    }
}
