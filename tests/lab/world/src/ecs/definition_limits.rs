//! What RegisterTaskDefinition refuses.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html> and
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>.

use serde_json::Value;

use super::{client, definition_parts};
use crate::call::{ApiError, array, text};

/// A task definition may have this many bytes.
const MAX_BYTES: usize = 64 * 1024;
const MAX_CONTAINERS: usize = 10;

pub(super) fn check(input: &Value) -> Result<(), ApiError> {
    let family = text(input, "family").unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if family.len() > 255 || !family.bytes().all(allowed) {
        return Err(client("Family contains invalid characters."));
    }
    if input.to_string().len() > MAX_BYTES {
        return Err(client(format!(
            "Actual size of the task definition exceeds the maximum size of {MAX_BYTES} bytes."
        )));
    }
    let containers = array(input, "containerDefinitions");
    if containers.is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    if containers.len() > MAX_CONTAINERS {
        return Err(client(format!(
            "Too many containers in the task definition: the maximum is {MAX_CONTAINERS}."
        )));
    }
    let mut names = Vec::new();
    for container in containers {
        let name = text(container, "name").unwrap_or_default();
        if name.is_empty() {
            return Err(client("Container.name should not be null or empty."));
        }
        if text(container, "image").unwrap_or_default().is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
        if names.contains(&name) {
            return Err(client(format!("Container names must be unique: {name}")));
        }
        names.push(name);
    }
    if containers
        .iter()
        .all(|container| container.get("essential") == Some(&Value::Bool(false)))
    {
        return Err(client(
            "At least one container in the task definition must be marked essential.",
        ));
    }
    for container in containers {
        for dependency in array(container, "dependsOn") {
            let other = text(dependency, "containerName").unwrap_or_default();
            if !names.contains(&other) {
                return Err(client(format!(
                    "Container '{}' depends on a container that does not exist: '{other}'",
                    text(container, "name").unwrap_or_default()
                )));
            }
        }
    }
    let fargate = array(input, "requiresCompatibilities")
        .iter()
        .any(|what| what == "FARGATE");
    definition_parts::check(input, fargate)?;
    let cpu = units(input, "cpu", 1024)?;
    let memory = units(input, "memory", 1024)?;
    if fargate {
        check_fargate(input, cpu, memory)?;
    } else {
        check_memory(input)?;
    }
    // For Windows on instances the task's size is ignored.
    let system = input.pointer("/runtimePlatform/operatingSystemFamily");
    let is_windows = system
        .and_then(Value::as_str)
        .is_some_and(|system| system.starts_with("WINDOWS"));
    if is_windows && !fargate {
        return Ok(());
    }
    definition_parts::check_sizes(input, cpu, memory)
}

/// Without a task-level limit every container needs its own.
fn check_memory(input: &Value) -> Result<(), ApiError> {
    let lacks = |value: &Value, name: &str| value.get(name).is_none_or(Value::is_null);
    let bare = array(input, "containerDefinitions")
        .iter()
        .any(|container| lacks(container, "memory") && lacks(container, "memoryReservation"));
    if lacks(input, "memory") && bare {
        return Err(client(
            "Invalid setting for container: At least one of 'memory' or 'memoryReservation' must be specified.",
        ));
    }
    Ok(())
}

fn check_fargate(input: &Value, cpu: Option<u64>, memory: Option<u64>) -> Result<(), ApiError> {
    if text(input, "networkMode") != Some("awsvpc") {
        return Err(client("Fargate only supports network mode 'awsvpc'."));
    }
    let cpu =
        cpu.ok_or_else(|| client("Fargate requires that 'cpu' be defined at the task level."))?;
    let memory = memory
        .ok_or_else(|| client("Fargate requires that 'memory' be defined at the task level."))?;
    let steps = |from: u64, to: u64, step: u64| {
        memory >= from && memory <= to && memory.saturating_sub(from) % step == 0
    };
    let possible = match cpu {
        256 => [512, 1024, 2048].contains(&memory),
        512 => steps(1024, 4096, 1024),
        1024 => steps(2048, 8192, 1024),
        2048 => steps(4096, 16384, 1024),
        4096 => steps(8192, 30720, 1024),
        8192 => steps(16384, 61440, 4096),
        16384 => steps(32768, 122_880, 8192),
        _unknown => false,
    };
    if possible {
        return Ok(());
    }
    Err(client(format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
    )))
}

/// CPU units or MiB, from `"256"`, `"1 vCPU"`, `"2 GB"` or a number.
fn units(input: &Value, name: &str, per_unit: u64) -> Result<Option<u64>, ApiError> {
    let invalid = || client(format!("Invalid '{name}' setting for task."));
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    if let Some(number) = value.as_u64() {
        return Ok(Some(number));
    }
    let given = value
        .as_str()
        .ok_or_else(invalid)?
        .trim()
        .to_ascii_lowercase();
    let scaled = given
        .strip_suffix("vcpu")
        .or_else(|| given.strip_suffix("gb"));
    match scaled {
        None => given.parse().map(Some).map_err(|_| invalid()),
        Some(number) => {
            // ".25 vCPU" and "0.5 GB" are legal: count in thousandths to stay with integers.
            let (whole, part) = number
                .trim()
                .split_once('.')
                .unwrap_or((number.trim(), "0"));
            let whole: u64 = if whole.is_empty() {
                0
            } else {
                whole.parse().map_err(|_| invalid())?
            };
            let part: u64 = format!("{part:0<3}")
                .get(..3)
                .unwrap_or("0")
                .parse()
                .map_err(|_| invalid())?;
            let thousandths = whole.saturating_mul(1000).saturating_add(part);
            Ok(Some(thousandths.saturating_mul(per_unit) / 1000))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check;

    #[test]
    fn fargate_sizes_are_checked_in_every_spelling() {
        let sized = |cpu: &str, memory: &str| {
            check(&json!({
                "family": "f", "networkMode": "awsvpc", "cpu": cpu, "memory": memory,
                "requiresCompatibilities": ["FARGATE"],
                "containerDefinitions": [{"name": "a", "image": "b"}],
            }))
        };
        assert_eq!(sized("256", "512"), Ok(()));
        assert_eq!(sized(".25 vCPU", "0.5 GB"), Ok(()));
        assert_eq!(sized("1 vCPU", "2 GB"), Ok(()));
        let refused = sized("300", "512").expect_err("300 is no Fargate size");
        assert_eq!(
            refused.message,
            "No Fargate configuration exists for given values: 300 CPU, 512 memory. See the Amazon ECS documentation for the valid values."
        );
        assert_eq!(
            sized("1é", "2 GB").map_err(|error| error.code),
            Err("ClientException".to_owned())
        );
    }
}
