//! Rules for the containers' CPU units and memory: there is some, and the task's is enough for all.
//!
//! From [the API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html).

use serde_json::Value;

use super::place::{Placed, containers};
use super::task::{is_fargate, is_windows};
use super::{Finding, Rule, Rules};
use crate::document::TaskDefinition;
use crate::size;

pub(super) fn check(definition: &TaskDefinition, rules: &Rules, findings: &mut Vec<Finding>) {
    let containers = containers(definition);
    let is_fargate = is_fargate(definition, rules);
    for container in &containers {
        if !is_fargate {
            findings.extend(check_memory(definition, container));
        }
        findings.extend(check_reservation(container));
    }
    // For Windows on instances the task's size is ignored.
    if is_fargate || !is_windows(definition) {
        check_task(definition, &containers, findings);
    }
}

/// Outside Fargate a container needs memory of its own where the task has none; on Windows the
/// task's is ignored.
fn check_memory(definition: &TaskDefinition, container: &Placed<'_>) -> Option<Finding> {
    let has_memory = ["memory", "memoryReservation"]
        .iter()
        .any(|field| container.get(field).is_some());
    let has_tasks = definition.document().get("memory").is_some() && !is_windows(definition);
    (!has_memory && !has_tasks).then(|| {
        container.error(
            Rule::MemoryMissing,
            "memory",
            "neither it nor the task has memory",
            "set memory or memoryReservation, in MiB",
        )
    })
}

/// Equal ones are taken
/// ([correction](https://github.com/awsdocs/amazon-ecs-developer-guide/pull/242)).
fn check_reservation(container: &Placed<'_>) -> Option<Finding> {
    let (hard, soft) = (
        mib(container, "memory")?,
        mib(container, "memoryReservation")?,
    );
    (hard < soft).then(|| {
        container.error(
            Rule::MemoryReservation,
            "memoryReservation",
            format!("memoryReservation of {soft} MiB is more than memory of {hard} MiB"),
            "raise memory, lower memoryReservation, or leave one of them out",
        )
    })
}

/// The task's size is for all of its containers
/// ([CPU](https://github.com/aws/aws-cdk/issues/24629),
/// [memory](https://github.com/pulumi/pulumi-awsx/issues/1220)). Of memory, what is reserved counts:
/// `memoryReservation`, or else `memory`.
fn check_task(definition: &TaskDefinition, containers: &[Placed<'_>], findings: &mut Vec<Finding>) {
    let task = |field: &str, read: fn(&str) -> Option<u64>| {
        let text = definition.document().get(field).and_then(Value::as_str);
        text.and_then(read)
    };
    if let Some(most) = task("cpu", size::cpu_units) {
        let cpu: Vec<_> = containers.iter().map(|one| mib(one, "cpu")).collect();
        findings.extend(check_sum(containers, &cpu, most, "cpu", "CPU units"));
    }
    if let Some(most) = task("memory", size::mebibytes) {
        let mut is_single = false;
        for container in containers {
            if let Some(memory) = mib(container, "memory").filter(|memory| *memory > most) {
                is_single = true;
                findings.push(container.error(
                    Rule::ContainerSize,
                    "memory",
                    format!("memory of {memory} MiB is more than the task's {most} MiB"),
                    "lower it, leave it out, or raise the task's memory",
                ));
            }
        }
        let reserved = containers
            .iter()
            .map(|one| mib(one, "memoryReservation").or_else(|| mib(one, "memory")));
        if !is_single {
            let reserved: Vec<_> = reserved.collect();
            findings.extend(check_sum(containers, &reserved, most, "memory", "MiB"));
        }
    }
}

/// The finding is at the container that has the most.
fn check_sum(
    containers: &[Placed<'_>],
    values: &[Option<u64>],
    most: u64,
    field: &str,
    unit: &str,
) -> Option<Finding> {
    let sum = values
        .iter()
        .flatten()
        .fold(0_u64, |sum, value| sum.saturating_add(*value));
    if sum <= most {
        return None;
    }
    let with = containers.iter().zip(values);
    let (largest, _) = with.max_by_key(|(_, value)| **value)?;
    let place = match (field, largest.get("memoryReservation")) {
        ("memory", Some(_)) => "memoryReservation",
        _ => field,
    };
    let message = if containers.len() == 1 {
        format!("{place} of {sum} {unit} is more than the task's {most}")
    } else {
        format!(
            "the containers have {sum} {unit} together, which is more than the task's {most}; this one has the most"
        )
    };
    Some(largest.error(
        Rule::ContainerSize,
        place,
        message,
        format!("lower them, leave them out, or raise the task's {field}"),
    ))
}

/// A size of a container: a whole number of MiB, or of CPU units.
fn mib(container: &Placed<'_>, field: &str) -> Option<u64> {
    container.get(field).and_then(Value::as_u64)
}
