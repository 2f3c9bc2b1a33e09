//! ListTasks and DescribeTasks.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Task, TaskStatus, invalid, service};
use crate::{
    World,
    call::{Answer, Call, array, epoch, put},
    effect::iso_millis,
};

/// How times are written: the API has numbers, events have text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Times {
    Epoch,
    Iso,
}

impl Times {
    fn write(self, at: Timestamp) -> Value {
        match self {
            Self::Epoch => epoch(at),
            Self::Iso => Value::from(iso_millis(at)),
        }
    }
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let cluster = super::cluster::find(world, call)?;
    let service = match call.str("serviceName") {
        Some(reference) => Some(service::find(world, call, reference)?),
        None => None,
    };
    let desired = call.str("desiredStatus").unwrap_or("RUNNING");
    if !["RUNNING", "PENDING", "STOPPED"].contains(&desired) {
        return Err(invalid(format!("desiredStatus {desired} is not valid.")));
    }
    let family = call.str("family");
    let started_by = call.str("startedBy");
    let mut found: Vec<&Task> = world
        .ecs
        .tasks
        .values()
        .filter(|task| task.cluster_arn == cluster)
        .filter(|task| service.is_none() || task.service == service)
        .filter(|task| desired_status(task) == desired)
        .filter(|task| started_by.is_none_or(|by| task.started_by.as_deref() == Some(by)))
        .filter(|task| family.is_none_or(|family| family_of(task) == family))
        .collect();
    found.sort_by_key(|task| task.created_at);
    let arns = found
        .into_iter()
        .map(|task| Value::from(task.arn.clone()))
        .collect();
    super::paged(call, "taskArns", arns, 100)
}

fn family_of(task: &Task) -> &str {
    let name = task
        .definition
        .rsplit_once('/')
        .map_or("", |(_, name)| name);
    name.split_once(':').map_or(name, |(family, _)| family)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let cluster = super::cluster::find(world, call)?;
    let wanted = call.strings("tasks");
    if wanted.is_empty() {
        return Err(invalid("Tasks cannot be empty."));
    }
    if wanted.len() > 100 {
        return Err(invalid("Tasks can have at most 100 items."));
    }
    let with_tags = array(call.input, "include")
        .iter()
        .any(|what| what == "TAGS");
    let mut tasks = Vec::new();
    let mut failures = Vec::new();
    for reference in wanted {
        let arn = arn_of(call, &cluster, &reference);
        match world.ecs.tasks.get(&arn) {
            Some(task) if task.cluster_arn == cluster => {
                let mut described = describe_task(task, Times::Epoch);
                put(
                    &mut described,
                    "tags",
                    with_tags.then(|| super::tags::of(world, &arn)),
                );
                tasks.push(described);
            }
            Some(_) | None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"tasks": tasks, "failures": failures}))
}

/// The ARN of a task that a call names by ARN or by id.
pub(super) fn arn_of(call: &Call, cluster: &str, reference: &str) -> String {
    if reference.starts_with("arn:") {
        return reference.to_owned();
    }
    let cluster = super::cluster::name_of(cluster);
    call.place()
        .arn("ecs", &format!("task/{cluster}/{reference}"))
}

fn desired_status(task: &Task) -> &'static str {
    match task.status {
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Running => "RUNNING",
        TaskStatus::Deactivating | TaskStatus::Stopped => "STOPPED",
    }
}

/// A task as Describe and its events show it.
pub(super) fn describe_task(task: &Task, times: Times) -> Value {
    let attachment = format!("eni-attachment-{}", task.id());
    let status = container_status(task.status);
    let containers: Vec<Value> = task
        .containers
        .iter()
        .map(|container| {
            let mut described = json!({
                "containerArn": container.arn,
                "taskArn": task.arn,
                "name": container.name,
                "image": container.image,
                "runtimeId": container.runtime,
                "lastStatus": status,
                "networkBindings": [],
                "networkInterfaces": [{"attachmentId": attachment, "privateIpv4Address": task.address}],
                "healthStatus": "UNKNOWN",
                "cpu": container.cpu,
            });
            put(&mut described, "imageDigest", container.digest.clone());
            put(&mut described, "exitCode", container.exit_code);
            put(&mut described, "reason", container.reason.clone());
            described
        })
        .collect();
    let mut described = json!({
        "attachments": [{
            "id": attachment,
            "type": if times == Times::Iso { "eni" } else { "ElasticNetworkInterface" },
            "status": if task.is_stopped() { "DELETED" } else { "ATTACHED" },
            "details": [{"name": "privateIPv4Address", "value": task.address}],
        }],
        "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
        "availabilityZone": format!("{}a", task.place.region),
        "clusterArn": task.cluster_arn,
        "connectivity": "CONNECTED",
        "containers": containers,
        "createdAt": times.write(task.created_at),
        "desiredStatus": desired_status(task),
        "enableExecuteCommand": false,
        "group": task.group,
        "healthStatus": "UNKNOWN",
        "lastStatus": task.status.name(),
        "overrides": task.overrides,
        "taskArn": task.arn,
        "taskDefinitionArn": task.definition,
        "version": task.version,
    });
    for name in [
        "cpu",
        "memory",
        "launchType",
        "platformVersion",
        "platformFamily",
    ] {
        put(&mut described, name, task.details.get(name).cloned());
    }
    put(&mut described, "startedBy", task.started_by.clone());
    put(
        &mut described,
        "startedAt",
        task.started_at.map(|at| times.write(at)),
    );
    put(
        &mut described,
        "stoppingAt",
        task.stopping_at.map(|at| times.write(at)),
    );
    put(
        &mut described,
        "stoppedAt",
        task.stopped_at.map(|at| times.write(at)),
    );
    if let Some(stop) = &task.stop {
        put(&mut described, "stopCode", Some(stop.code));
        put(&mut described, "stoppedReason", Some(stop.reason.clone()));
    }
    described
}

fn container_status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Provisioning | TaskStatus::Pending => "PENDING",
        TaskStatus::Running | TaskStatus::Deactivating => "RUNNING",
        TaskStatus::Stopped => "STOPPED",
    }
}
