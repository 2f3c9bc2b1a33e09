//! Deployment targets: of an ECS deployment there is one, with its lifecycle events and task sets.

use serde_json::{Value, json};

use super::{
    deployment,
    deployment::{Deployment, Status},
};
use crate::{
    World,
    call::{Answer, ApiError, Call, epoch, put},
    ecs,
};

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let held = deployment::find(world, call)?;
    refuse_not_started(held)?;
    let ids = vec![Value::from(held.target_id())];
    super::paged(call, "targetIds", ids)
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let held = deployment::find(world, call)?;
    refuse_not_started(held)?;
    let wanted = call.required(
        "targetId",
        "DeploymentTargetIdRequiredException",
        "A target id must be specified",
    )?;
    Ok(json!({"deploymentTarget": one(world, held, wanted)?}))
}

pub(super) fn batch_get(world: &mut World, call: &Call) -> Answer {
    let held = deployment::find(world, call)?;
    refuse_not_started(held)?;
    let wanted = call.strings("targetIds");
    if wanted.is_empty() {
        return Err(ApiError::new(
            "DeploymentTargetIdRequiredException",
            "A target id must be specified",
        ));
    }
    if wanted.len() > 25 {
        return Err(ApiError::new(
            "DeploymentTargetListSizeExceededException",
            "At most 25 targets can be described at once",
        ));
    }
    let found: Result<Vec<Value>, ApiError> =
        wanted.iter().map(|id| one(world, held, id)).collect();
    Ok(json!({"deploymentTargets": found?}))
}

fn refuse_not_started(held: &Deployment) -> Result<(), ApiError> {
    if held.status == Status::Created {
        return Err(ApiError::new(
            "DeploymentNotStartedException",
            format!("The deployment {} has not started", held.id),
        ));
    }
    Ok(())
}

fn one(world: &World, held: &Deployment, wanted: &str) -> Result<Value, ApiError> {
    if !wanted.contains(':') {
        return Err(ApiError::new(
            "InvalidDeploymentTargetIdException",
            format!("The target id {wanted} is not valid"),
        ));
    }
    if wanted != held.target_id() {
        return Err(ApiError::new(
            "DeploymentTargetDoesNotExistException",
            format!(
                "The deployment {} does not have the target {wanted}",
                held.id
            ),
        ));
    }
    Ok(json!({
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": held.id,
            "targetId": wanted,
            "targetArn": held.service,
            "lastUpdatedAt": epoch(held.updated_at),
            "lifecycleEvents": events(held),
            "status": status(held.status),
            "taskSetsInfo": task_sets(world, held),
        },
    }))
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Created => "Pending",
        Status::InProgress => "InProgress",
        Status::Ready => "Ready",
        Status::Succeeded => "Succeeded",
        Status::Failed | Status::Stopped => "Failed",
    }
}

fn events(held: &Deployment) -> Vec<Value> {
    held.lifecycle
        .iter()
        .map(|entry| {
            let mut described = json!({
                "lifecycleEventName": entry.event.name(),
                "status": entry.status.name(),
            });
            put(&mut described, "startTime", entry.started_at.map(epoch));
            put(&mut described, "endTime", entry.ended_at.map(epoch));
            put(
                &mut described,
                "diagnostics",
                entry.diagnostics.as_ref().map(|message| {
                    json!({"errorCode": "UnknownError", "scriptName": "", "message": message, "logTail": ""})
                }),
            );
            described
        })
        .collect()
}

fn task_sets(world: &World, held: &Deployment) -> Vec<Value> {
    let Some(service) = world.ecs.services.get(&held.service) else {
        return Vec::new();
    };
    let listener = held
        .production
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    let labelled = [(&held.original, "Blue"), (&held.replacement, "Green")];
    labelled
        .into_iter()
        .filter_map(|(id, label)| Some((service.fleet(id.as_deref()?)?, label)))
        .map(|(fleet, label)| {
            let counts = ecs::counts(world, &held.service, &fleet.id);
            let group = fleet.target_group.as_ref();
            json!({
                // AWS spells it so.
                "identifer": fleet.id,
                "desiredCount": fleet.goal,
                "pendingCount": counts.pending,
                "runningCount": counts.running,
                "status": fleet.status.name(),
                "trafficWeight": group.map_or(0.0, |group| world.elb.weight_behind(listener, group)),
                "targetGroup": {"name": group.map(|group| group.name.clone())},
                "taskSetLabel": label,
            })
        })
        .collect()
}
