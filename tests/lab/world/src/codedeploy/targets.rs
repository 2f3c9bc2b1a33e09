//! Deployment targets: of an ECS deployment there is one, with its lifecycle events and task sets.
//!
//! AWS does not say that an event is shown as in progress when its function starts: a role's first
//! look after the call shows it as pending.

use serde_json::{Value, json};

use super::{
    deployment,
    deployment::{Deployment, Stage, Status},
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
    let id = held.id.clone();
    let mut described = one(world, held, wanted)?;
    if is_first_look(world, &id, call) {
        show_pending(&mut described["ecsTarget"]["lifecycleEvents"]);
    }
    Ok(json!({"deploymentTarget": described}))
}

/// Whether a role looks for the first time since the function of the present event was called.
fn is_first_look(world: &mut World, id: &str, call: &Call) -> bool {
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return false;
    };
    let asks = matches!(held.stage, Stage::At(event) if held.hook(event).is_some());
    asks && call.principal != "root" && held.looked.insert(call.principal.to_owned())
}

fn show_pending(events: &mut Value) {
    for event in events.as_array_mut().into_iter().flatten() {
        if event["status"] == "InProgress" {
            event["status"] = json!("Pending");
            if let Some(members) = event.as_object_mut() {
                members.remove("startTime");
            }
        }
    }
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
