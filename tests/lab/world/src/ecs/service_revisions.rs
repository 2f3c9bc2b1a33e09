//! Service revisions: a service as it was when a deployment began.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{invalid, service_history::summary, task_definitions};
use crate::{
    World,
    call::{Answer, ApiError, Call, array, epoch, put, text},
};

/// A service as it was when a deployment began.
#[derive(Debug)]
pub(super) struct ServiceRevision {
    arn: String,
    service: String,
    cluster: String,
    definition: String,
    settings: Map<String, Value>,
    images: Vec<Value>,
    created_at: Timestamp,
}

/// Records the service as it is now; answers with the revision's ARN.
pub(super) fn new_revision(world: &mut World, service: &str) -> String {
    let Some(held) = world.ecs.services.get(service) else {
        return String::new();
    };
    let name = format!(
        "service-revision/{}/{}/{}",
        held.cluster_name(),
        held.name,
        world.ids.digits()
    );
    let arn = held.place.arn("ecs", &name);
    let mut images = Vec::new();
    let definition = task_definitions::lookup(world, &held.place, &held.task_definition);
    for container in definition
        .map(|found| found.containers())
        .unwrap_or_default()
    {
        let image = text(container, "image").unwrap_or_default();
        let mut entry = json!({"containerName": text(container, "name"), "image": image});
        put(
            &mut entry,
            "imageDigest",
            world
                .ecr
                .pull(&held.place.account, image, None, world.now)
                .ok()
                .map(|pulled| pulled.digest),
        );
        images.push(entry);
    }
    let revision = ServiceRevision {
        arn: arn.clone(),
        service: service.to_owned(),
        cluster: held.cluster_arn.clone(),
        definition: held.task_definition.clone(),
        settings: held.settings.clone(),
        images,
        created_at: world.now,
    };
    world.ecs.revisions.insert(arn.clone(), revision);
    arn
}

/// `currentServiceRevisions` of a service.
pub(super) fn current_revisions(world: &World, service: &str) -> Vec<Value> {
    let fleets = world
        .ecs
        .services
        .get(service)
        .map(|held| held.fleets.as_slice())
        .unwrap_or_default();
    fleets
        .iter()
        .filter(|of| !of.revision.is_empty())
        .map(|of| summary(world, service, &of.revision))
        .collect()
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let arns = call.strings("serviceRevisionArns");
    limit(&arns, "serviceRevisionArns")?;
    let mut described = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match world.ecs.revisions.get(&arn) {
            Some(held) => described.push(describe_revision(held)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": described, "failures": failures}))
}

fn describe_revision(held: &ServiceRevision) -> Value {
    let mut described = json!({
        "serviceRevisionArn": held.arn,
        "serviceArn": held.service,
        "clusterArn": held.cluster,
        "taskDefinition": held.definition,
        "containerImages": held.images,
        "guardDutyEnabled": false,
        "createdAt": epoch(held.created_at),
    });
    for (name, value) in &held.settings {
        put(&mut described, name, Some(value.clone()));
    }
    let balancers = Value::Object(held.settings.clone());
    let resolved: Vec<Value> = array(&balancers, "loadBalancers")
        .iter()
        .map(|balancer| json!({"targetGroupArn": text(balancer, "targetGroupArn")}))
        .collect();
    put(
        &mut described,
        "resolvedConfiguration",
        (!resolved.is_empty()).then(|| json!({"loadBalancers": resolved})),
    );
    described
}

/// Describe operations take 1 to 20 ARNs.
pub(super) fn limit(arns: &[String], name: &str) -> Result<(), ApiError> {
    if arns.is_empty() {
        return Err(invalid(format!("{name} cannot be empty.")));
    }
    if arns.len() > 20 {
        return Err(invalid(format!("{name} can have at most 20 items.")));
    }
    Ok(())
}
