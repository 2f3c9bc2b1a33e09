//! What makes no difference to ECS: the order of some lists, and the values it fills in itself.
//!
//! Each default is documented in the
//! [API reference](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html)
//! of its structure. A list is unordered here only if no order of it can have an effect:
//! `environmentFiles`, `dnsServers`, `extraHosts`, `command` and the like stay as they are written.

use serde_json::{Map, Value};

use crate::taskdef::model::Structure;

/// How the elements of a list are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// The order means something, or nobody knows.
    AsWritten,
    /// Elements are told apart by this field.
    By(&'static str),
    /// Elements are told apart by all they are.
    Whole,
}

/// What a rule may need to know of the rest of the document.
pub(super) struct Surroundings<'a> {
    network_mode: Option<&'a str>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(document: &'a Map<String, Value>) -> Self {
        Self {
            network_mode: document.get("networkMode").and_then(Value::as_str),
        }
    }
}

/// Whether, and by what, a list is unordered.
pub(crate) fn order(structure: &Structure, member: &str) -> Order {
    match (structure.name, member) {
        ("RegisterTaskDefinitionRequest", "containerDefinitions" | "volumes")
        | ("ContainerDefinition", "environment" | "secrets" | "ulimits")
        | ("LogConfiguration", "secretOptions")
        | ("ProxyConfiguration", "properties") => Order::By("name"),
        ("RegisterTaskDefinitionRequest", "tags") => Order::By("key"),
        ("RegisterTaskDefinitionRequest", "inferenceAccelerators") => Order::By("deviceName"),
        ("ContainerDefinition", "mountPoints") | ("LinuxParameters", "tmpfs") => {
            Order::By("containerPath")
        }
        ("ContainerDefinition", "systemControls") => Order::By("namespace"),
        ("ContainerDefinition", "dependsOn") => Order::By("containerName"),
        ("RegisterTaskDefinitionRequest", "placementConstraints" | "requiresCompatibilities")
        | ("ContainerDefinition", "portMappings" | "resourceRequirements")
        | ("ContainerRestartPolicy", "ignoredExitCodes")
        | ("KernelCapabilities", "add" | "drop")
        | ("LinuxParameters", "devices")
        | ("Device", "permissions") => Order::Whole,
        _ => Order::AsWritten,
    }
}

/// Whether a member says only what ECS assumes, or fills in, when it is left out.
pub(super) fn is_filled_in(
    structure: &Structure,
    member: &str,
    value: &Value,
    siblings: &Map<String, Value>,
    surroundings: &Surroundings<'_>,
) -> bool {
    match (structure.name, member) {
        ("ContainerDefinition", "cpu") => is_number(value, 0),
        ("ContainerDefinition", "essential") => value.as_bool() == Some(true),
        ("ContainerDefinition", "versionConsistency") => value.as_str() == Some("enabled"),
        ("ContainerRestartPolicy", "restartAttemptPeriod") => is_number(value, 300),
        ("PortMapping", "protocol") => value.as_str() == Some("tcp"),
        ("PortMapping", "hostPort") => match surroundings.network_mode {
            Some("awsvpc" | "host") => {
                is_number(value, 0) || siblings.get("containerPort") == Some(value)
            }
            // In bridge mode 0, like nothing, is a port that Docker picks.
            Some(_) | None => is_number(value, 0),
        },
        ("HealthCheck", "interval") => is_number(value, 30),
        ("HealthCheck", "timeout") => is_number(value, 5),
        ("HealthCheck", "retries") => is_number(value, 3),
        ("MountPoint" | "VolumeFrom", "readOnly")
        | ("RegisterTaskDefinitionRequest", "enableFaultInjection") => {
            value.as_bool() == Some(false)
        }
        ("RegisterTaskDefinitionRequest", "networkMode") => value.as_str() == Some("bridge"),
        ("EFSVolumeConfiguration" | "S3FilesVolumeConfiguration", "rootDirectory") => {
            value.as_str() == Some("/")
        }
        ("EFSVolumeConfiguration", "transitEncryption") | ("EFSAuthorizationConfig", "iam") => {
            value.as_str() == Some("DISABLED")
        }
        ("LinuxParameters", "swappiness") => is_number(value, 60),
        _ => false,
    }
}

/// The number that ECS makes of the task's `cpu` and `memory` when they are written with units:
/// CPU units and MiB
/// ([documentation](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html)).
pub(super) fn normalised(structure: &Structure, member: &str, value: &Value) -> Option<String> {
    let text = value.as_str()?;
    match (structure.name, member) {
        ("RegisterTaskDefinitionRequest", "cpu") => super::super::size::cpu_units(text),
        ("RegisterTaskDefinitionRequest", "memory") => super::super::size::mebibytes(text),
        _ => None,
    }
    .map(|number| number.to_string())
}

fn is_number(value: &Value, number: u64) -> bool {
    value.as_u64() == Some(number)
}
