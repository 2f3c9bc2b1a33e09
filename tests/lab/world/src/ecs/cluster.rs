//! Clusters.

use serde_json::{Value, json};

use super::invalid;
use crate::{
    World,
    call::{Answer, ApiError, Call, Place},
};

/// Members that Describe gives back as they were given.
const SETTINGS: [&str; 5] = [
    "settings",
    "configuration",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "serviceConnectDefaults",
];

#[derive(Debug)]
pub(super) struct Cluster {
    arn: String,
    name: String,
    place: Place,
    active: bool,
    /// Members of CreateCluster that Describe gives back as they were.
    settings: Value,
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = call.str("clusterName").unwrap_or("default");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 255 || !name.bytes().all(allowed) {
        return Err(invalid(
            "Identifier is not valid: cluster names are up to 255 letters, numbers, hyphens and underscores.",
        ));
    }
    let arn = call.place().arn("ecs", &format!("cluster/{name}"));
    super::tags::put(world, &arn, call.list("tags"));
    let cluster = world
        .ecs
        .clusters
        .entry(arn.clone())
        .or_insert_with(|| Cluster {
            arn: arn.clone(),
            name: name.to_owned(),
            place: call.place(),
            active: true,
            settings: call.input.clone(),
        });
    cluster.active = true;
    Ok(json!({"cluster": describe_one(world, &arn)}))
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let mut wanted = call.strings("clusters");
    if wanted.is_empty() {
        wanted.push("default".to_owned());
    }
    let mut clusters = Vec::new();
    let mut failures = Vec::new();
    for reference in &wanted {
        let arn = arn_of(&call.place(), reference);
        if world.ecs.clusters.contains_key(&arn) {
            clusters.push(describe_one(world, &arn));
        } else {
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"clusters": clusters, "failures": failures}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let place = call.place();
    let arns = world
        .ecs
        .clusters
        .values()
        .filter(|cluster| cluster.place == place && cluster.active)
        .map(|cluster| Value::from(cluster.arn.clone()))
        .collect();
    super::paged(call, "clusterArns", arns, 100)
}

/// UpdateCluster, UpdateClusterSettings and PutClusterCapacityProviders: what is given replaces
/// what was there.
pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    let arn = find(world, call)?;
    if let Some(cluster) = world.ecs.clusters.get_mut(&arn) {
        for name in SETTINGS {
            crate::call::put(&mut cluster.settings, name, call.member(name).cloned());
        }
    }
    Ok(json!({"cluster": describe_one(world, &arn)}))
}

/// The two providers that every account has.
pub(super) fn capacity_providers(call: &Call) -> Answer {
    let wanted = call.strings("capacityProviders");
    let place = call.place();
    let name_of = |reference: &String| reference.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = wanted.iter().map(name_of).collect();
    let known = ["FARGATE", "FARGATE_SPOT"];
    let found: Vec<Value> = known
        .into_iter()
        .filter(|name| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .map(|name| {
            json!({
                "capacityProviderArn": place.arn("ecs", &format!("capacity-provider/{name}")),
                "name": name,
                "status": "ACTIVE",
                "tags": [],
            })
        })
        .collect();
    let failures: Vec<Value> = names
        .iter()
        .filter(|name| !known.contains(&name.as_str()))
        .map(|name| json!({"arn": place.arn("ecs", &format!("capacity-provider/{name}")), "reason": "MISSING"}))
        .collect();
    Ok(json!({"capacityProviders": found, "failures": failures}))
}

/// All tasks run on Fargate: there are no container instances.
pub(super) fn container_instances(world: &mut World, call: &Call) -> Answer {
    find(world, call)?;
    super::paged(call, "containerInstanceArns", Vec::new(), 100)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let arn = find(world, call)?;
    let has_services = world
        .ecs
        .services
        .values()
        .any(|service| service.cluster_arn == arn && service.is_active());
    if has_services {
        return Err(ApiError::new(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        ));
    }
    if let Some(cluster) = world.ecs.clusters.get_mut(&arn) {
        cluster.active = false;
    }
    Ok(json!({"cluster": describe_one(world, &arn)}))
}

/// The ARN of the active cluster that a call names; none named is `default`.
pub(super) fn find(world: &World, call: &Call) -> Result<String, ApiError> {
    let arn = arn_of(&call.place(), call.str("cluster").unwrap_or("default"));
    match world.ecs.clusters.get(&arn) {
        Some(cluster) if cluster.active => Ok(arn),
        Some(_) | None => Err(ApiError::new(
            "ClusterNotFoundException",
            "Cluster not found.",
        )),
    }
}

/// The short name at the end of a cluster's ARN.
pub(super) fn name_of(arn: &str) -> &str {
    arn.split_once('/').map_or(arn, |(_, name)| name)
}

fn arn_of(place: &Place, reference: &str) -> String {
    if reference.starts_with("arn:") {
        return reference.to_owned();
    }
    place.arn("ecs", &format!("cluster/{reference}"))
}

fn describe_one(world: &World, arn: &str) -> Value {
    let Some(cluster) = world.ecs.clusters.get(arn) else {
        return Value::Null;
    };
    let services = world
        .ecs
        .services
        .values()
        .filter(|service| service.cluster_arn == arn);
    let tasks = || {
        world
            .ecs
            .tasks
            .values()
            .filter(|task| task.cluster_arn == arn)
    };
    let mut described = json!({
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": tasks().filter(|task| task.is_running()).count(),
        "pendingTasksCount": tasks().filter(|task| task.is_pending()).count(),
        "activeServicesCount": services.filter(|service| service.is_active()).count(),
        "statistics": [],
        "tags": super::tags::of(world, arn),
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    });
    for name in SETTINGS {
        crate::call::put(&mut described, name, cluster.settings.get(name).cloned());
    }
    described
}
