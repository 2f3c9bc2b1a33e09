//! What RegisterTaskDefinition refuses in the parts of a definition, in the words in which ECS was
//! seen to refuse it; each has a report of it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::client;
use crate::call::{ApiError, array, text};

type Checked = Result<(), ApiError>;

pub(super) fn check(input: &Value, is_fargate: bool) -> Checked {
    let containers = array(input, "containerDefinitions");
    for container in containers {
        check_roles(input, container, is_fargate)?;
        check_logs(container, is_fargate)?;
        check_network(input, container)?;
        check_variables(container)?;
    }
    check_firelens(containers)?;
    check_volumes(input, containers)?;
    check_dependencies(containers)?;
    check_ports(input, containers)?;
    if is_fargate && text(input, "ipcMode").is_some() {
        // https://github.com/cn-terraform/terraform-aws-ecs-fargate/issues/2
        return Err(client(
            "Tasks using the Fargate launch type do not support ipcMode.",
        ));
    }
    Ok(())
}

/// What the containers have together is held against the task's, in CPU units and MiB.
pub(super) fn check_sizes(input: &Value, cpu: Option<u64>, memory: Option<u64>) -> Checked {
    let containers = array(input, "containerDefinitions");
    let number = |container: &Value, field: &str| container.get(field).and_then(Value::as_u64);
    let sum: u64 = containers
        .iter()
        .filter_map(|container| number(container, "cpu"))
        .fold(0, u64::saturating_add);
    if cpu.is_some_and(|cpu| sum > cpu) {
        // https://github.com/aws/aws-cdk/issues/24629
        return Err(client(
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ));
    }
    for container in containers {
        let own = number(container, "memory");
        if let (Some(own), Some(memory)) = (own, memory)
            && own > memory
        {
            // https://github.com/pulumi/pulumi-awsx/issues/1220
            return Err(client(format!(
                "The 'memory' setting for container '{}' is greater than for the task.",
                name(container)
            )));
        }
    }
    Ok(())
}

fn name(container: &Value) -> &str {
    text(container, "name").unwrap_or_default()
}

/// <https://github.com/hashicorp/terraform-provider-aws/issues/6503>,
/// <https://github.com/sil-org/ecs-deploy/issues/188>,
/// <https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/48>,
/// <https://github.com/virtual-kubelet/virtual-kubelet/issues/193>
fn check_roles(input: &Value, container: &Value, is_fargate: bool) -> Checked {
    let has_credentials = container
        .get("repositoryCredentials")
        .is_some_and(Value::is_object);
    if has_credentials && text(container, "image").is_some_and(|image| image.contains(".dkr.ecr."))
    {
        return Err(client(
            "Private repository credentials are not a supported authentication method for ECR repositories.",
        ));
    }
    if text(input, "executionRoleArn").is_some() {
        return Ok(());
    }
    if !array(container, "secrets").is_empty() {
        return Err(client(
            "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ));
    }
    if has_credentials {
        return Err(client(
            "Private repository authentication requires that the task definition specify a value for executionRoleArn.",
        ));
    }
    if is_fargate && driver(container) == Some("awslogs") {
        return Err(client(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        ));
    }
    Ok(())
}

fn driver(container: &Value) -> Option<&str> {
    container.pointer("/logConfiguration/logDriver")?.as_str()
}

/// <https://github.com/klothoplatform/klotho/issues/892>,
/// <https://github.com/terraform-aws-modules/terraform-aws-ecs/issues/206>,
/// <https://github.com/aws/aws-cdk/issues/1422>,
/// <https://github.com/terraform-linters/tflint-ruleset-aws/issues/348>
fn check_logs(container: &Value, is_fargate: bool) -> Checked {
    if driver(container) != Some("awslogs") {
        return Ok(());
    }
    let option = |name: &str| {
        let options = container.pointer("/logConfiguration/options")?;
        text(options, name)
    };
    let needed = ["awslogs-region", "awslogs-group"];
    let missing: Vec<_> = needed
        .into_iter()
        .filter(|name| option(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(client(format!(
            "Log driver awslogs requires options: {}",
            missing.join(", ")
        )));
    }
    if let Some(empty) = needed.into_iter().find(|name| option(name) == Some("")) {
        return Err(client(format!(
            "Log driver awslogs option '{empty}' should not be null or empty."
        )));
    }
    if is_fargate && option("awslogs-stream-prefix").is_none() {
        return Err(client(
            "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.",
        ));
    }
    if option("awslogs-create-group").is_some_and(|value| !value.eq_ignore_ascii_case("true")) {
        return Err(client(
            "Log driver awslogs option 'awslogs-create-group' should only be set to 'true', else omit option.",
        ));
    }
    Ok(())
}

/// <https://github.com/fabfuel/ecs-deploy/issues/164>,
/// <https://github.com/aws/amazon-cloudwatch-logs-for-fluent-bit/issues/20>
fn check_firelens(containers: &[Value]) -> Checked {
    let has_router = containers.iter().any(|container| {
        container
            .get("firelensConfiguration")
            .is_some_and(Value::is_object)
    });
    let has_sender = containers
        .iter()
        .any(|container| driver(container) == Some("awsfirelens"));
    match (has_router, has_sender) {
        (false, true) => Err(client(
            "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be configured in one of the containers.",
        )),
        (true, false) => Err(client(
            "When a firelensConfiguration object is specified, at least one container has to be configured with the awsfirelens log driver.",
        )),
        (true, true) | (false, false) => Ok(()),
    }
}

/// <https://github.com/labd/ecs-deplojo/issues/26>,
/// <https://github.com/aws-observability/aws-otel-collector/issues/1359>
fn check_network(input: &Value, container: &Value) -> Checked {
    if text(input, "networkMode") != Some("awsvpc") {
        return Ok(());
    }
    if text(container, "hostname").is_some_and(|name| !name.is_empty()) {
        return Err(client(
            "hostname is not supported on container when networkMode=awsvpc.",
        ));
    }
    if !array(container, "links").is_empty() {
        return Err(client("Links are not supported when networkMode=awsvpc."));
    }
    Ok(())
}

/// <https://github.com/dagster-io/dagster/issues/11622>
fn check_variables(container: &Value) -> Checked {
    let names = |list: &str| {
        let names = array(container, list).iter();
        names
            .filter_map(|entry| text(entry, "name"))
            .collect::<Vec<_>>()
    };
    let mut seen: BTreeSet<&str> = names("environment").into_iter().collect();
    match names("secrets").into_iter().find(|name| !seen.insert(name)) {
        Some(name) => Err(client(format!(
            "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{name}'."
        ))),
        None => Ok(()),
    }
}

/// <https://github.com/aws/amazon-ecs-cli/issues/277>, <https://github.com/aws/amazon-ecs-cli/issues/11>,
/// <https://github.com/ansible/ansible/issues/35751>
fn check_volumes(input: &Value, containers: &[Value]) -> Checked {
    let mut known = BTreeSet::new();
    for volume in array(input, "volumes") {
        let name = text(volume, "name").unwrap_or_default();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !name.bytes().all(is_allowed) {
            return Err(client("volume.name contains invalid characters."));
        }
        if volume.pointer("/host/sourcePath").and_then(Value::as_str) == Some("") {
            return Err(client("host.sourcePath should not be blank."));
        }
        known.insert(name);
    }
    let mounts = containers
        .iter()
        .flat_map(|container| array(container, "mountPoints"));
    for source in mounts.filter_map(|mount| text(mount, "sourceVolume")) {
        if !known.contains(source) {
            return Err(client(format!("Unknown volume '{source}'.")));
        }
    }
    Ok(())
}

/// <https://github.com/boto/boto3/issues/2436>
fn check_dependencies(containers: &[Value]) -> Checked {
    let is_essential = |wanted: &str| {
        containers.iter().any(|container| {
            name(container) == wanted && container.get("essential") != Some(&Value::Bool(false))
        })
    };
    let dependencies = containers
        .iter()
        .flat_map(|container| array(container, "dependsOn"));
    for dependency in dependencies {
        let ends = matches!(text(dependency, "condition"), Some("SUCCESS" | "COMPLETE"));
        if ends && is_essential(text(dependency, "containerName").unwrap_or_default()) {
            return Err(client(
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
            ));
        }
    }
    Ok(())
}

/// <https://github.com/aws/aws-cli/issues/7288>, <https://github.com/aws/amazon-ecs-cli/issues/1014>,
/// <https://github.com/aws/amazon-ecs-agent/issues/1220>
fn check_ports(input: &Value, containers: &[Value]) -> Checked {
    let is_awsvpc = text(input, "networkMode") == Some("awsvpc");
    let mut taken = BTreeSet::new();
    for container in containers {
        for mapping in array(container, "portMappings") {
            let port = |field: &str| {
                let port = mapping.get(field).and_then(Value::as_u64);
                port.filter(|port| *port != 0)
            };
            let inside = port("containerPort");
            if inside.is_none() && text(mapping, "containerPortRange").is_none() {
                return Err(client(format!(
                    "Invalid 'containerPort' setting for container '{}'.",
                    name(container)
                )));
            }
            let host = port("hostPort");
            if is_awsvpc && host.is_some() && host != inside {
                return Err(client(
                    "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
                ));
            }
            let host = if is_awsvpc { inside } else { host };
            let protocol = text(mapping, "protocol")
                .unwrap_or("tcp")
                .to_ascii_uppercase();
            if let Some(host) = host
                && !taken.insert((protocol.clone(), host))
            {
                return Err(client(format!(
                    "{protocol} host port '{host}' is mapped multiple times in task."
                )));
            }
        }
    }
    Ok(())
}
