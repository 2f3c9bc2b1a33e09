//! Rules for the task on Fargate: its size, its network and what it may ask of its host.

use serde_json::Value;

use super::place::quoted;
use super::task::{is_fargate, is_windows};
use super::{Finding, Rule, Rules};
use crate::document::TaskDefinition;
use crate::{fargate, size};

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    if is_fargate(definition, rules) {
        check_network(definition, findings);
        check_size(definition, findings);
        check_namespaces(definition, findings);
        check_placement(definition, findings);
        check_volumes(definition, findings);
    }
}

fn check_network(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    if definition.network_mode() != Some("awsvpc") {
        findings.push(Finding::error(
            Rule::FargateNetworkMode,
            "/networkMode",
            match definition.network_mode() {
                Some(mode) => format!("network mode {} is not supported on Fargate", quoted(mode)),
                None => "Fargate needs a network mode".to_owned(),
            },
            "set networkMode to \"awsvpc\"",
        ));
    }
}

fn check_size(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let is_windows = is_windows(definition);
    let size = |field, read: fn(&str) -> Option<u64>| {
        let value = definition.document().get(field);
        value.map(|value| value.as_str().and_then(read))
    };
    let cpu = match size("cpu", size::cpu_units) {
        Some(Some(cpu)) => cpu,
        // What is no size is told already.
        Some(None) => return,
        None => {
            findings.push(Finding::error(
                Rule::FargateSize,
                "/cpu",
                "Fargate needs the task's cpu".to_owned(),
                format!(
                    "set cpu to one of {}, in quotes",
                    fargate::offered(is_windows)
                ),
            ));
            return;
        }
    };
    let Some(offered) = fargate::of(cpu, is_windows) else {
        findings.push(Finding::error(
            Rule::FargateSize,
            "/cpu",
            format!("Fargate has no tasks with {cpu} CPU units"),
            format!("set cpu to one of {}", fargate::offered(is_windows)),
        ));
        return;
    };
    let message = match size("memory", size::mebibytes) {
        Some(None) => return,
        Some(Some(memory)) if offered.takes(memory) => return,
        Some(Some(memory)) => {
            format!("memory of {memory} MiB does not go with {cpu} CPU units on Fargate")
        }
        None => "Fargate needs the task's memory".to_owned(),
    };
    findings.push(Finding::error(
        Rule::FargateSize,
        "/memory",
        message,
        format!("set memory, in MiB and in quotes, to {offered}"),
    ));
}

/// A task on Fargate has no host to share with others
/// ([IPC](https://github.com/cn-terraform/terraform-aws-ecs-fargate/issues/2),
/// [PID](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html)).
fn check_namespaces(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let text = |field| definition.document().get(field).and_then(Value::as_str);
    if let Some(mode) = text("ipcMode") {
        findings.push(Finding::error(
            Rule::FargateField,
            "/ipcMode",
            format!(
                "ipcMode {} is not supported on Fargate, nor is any other",
                quoted(mode)
            ),
            "remove ipcMode",
        ));
    }
    let is_windows = is_windows(definition);
    match text("pidMode") {
        Some(mode) if is_windows => findings.push(Finding::error(
            Rule::FargateField,
            "/pidMode",
            format!(
                "pidMode {} is not supported on Fargate with Windows",
                quoted(mode)
            ),
            "remove pidMode",
        )),
        Some("host") => findings.push(Finding::error(
            Rule::FargateField,
            "/pidMode",
            "pidMode \"host\" is not supported on Fargate".to_owned(),
            "remove pidMode, or set it to \"task\"",
        )),
        // Another value than ECS's is told already.
        Some(_) | None => {}
    }
}

/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>
fn check_placement(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let constraints = definition.document().get("placementConstraints");
    if constraints
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty())
    {
        findings.push(Finding::error(
            Rule::FargateField,
            "/placementConstraints",
            "placementConstraints are not supported on Fargate".to_owned(),
            "remove them",
        ));
    }
}

/// Volumes of the host
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HostVolumeProperties.html)) and
/// of Docker
/// ([API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DockerVolumeConfiguration.html)).
fn check_volumes(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let volumes = definition
        .document()
        .get("volumes")
        .and_then(Value::as_array);
    for (index, volume) in volumes.into_iter().flatten().enumerate() {
        for (field, is_used, help) in [
            (
                "host/sourcePath",
                volume
                    .pointer("/host/sourcePath")
                    .and_then(Value::as_str)
                    .is_some_and(|path| !path.is_empty()),
                "leave sourcePath out for an empty volume, or use efsVolumeConfiguration",
            ),
            (
                "dockerVolumeConfiguration",
                volume
                    .get("dockerVolumeConfiguration")
                    .is_some_and(Value::is_object),
                "leave it out for an empty volume, or use efsVolumeConfiguration",
            ),
        ] {
            if is_used {
                findings.push(Finding::error(
                    Rule::FargateField,
                    format!("/volumes/{index}/{field}"),
                    format!("{} is not supported on Fargate", field.replace('/', ".")),
                    help,
                ));
            }
        }
    }
}
