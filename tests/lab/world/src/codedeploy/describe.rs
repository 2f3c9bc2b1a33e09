//! GetDeployment and BatchGetDeployments.

use serde_json::{Value, json};

use super::{
    deployment,
    deployment::{Deployment, RollbackInfo},
};
use crate::{
    World,
    call::{Answer, ApiError, Call, epoch, put},
};

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"deploymentInfo": describe(deployment::find(world, call)?)}))
}

pub(super) fn batch_get(world: &mut World, call: &Call) -> Answer {
    let ids = call.strings("deploymentIds");
    if ids.is_empty() {
        return Err(ApiError::new(
            "DeploymentIdRequiredException",
            "Deployment ids must be specified",
        ));
    }
    if ids.len() > 25 {
        return Err(ApiError::new(
            "BatchLimitExceededException",
            "At most 25 deployments can be described at once",
        ));
    }
    let place = call.place();
    let found: Vec<Value> = ids
        .iter()
        .filter_map(|id| world.codedeploy.deployments.get(id))
        .filter(|held| held.place == place)
        .map(describe)
        .collect();
    Ok(json!({"deploymentsInfo": found}))
}

/// `deploymentInfo`. The content of the AppSpec is never in it, nor is there an overview: both
/// are so for ECS.
fn describe(held: &Deployment) -> Value {
    let mut info = json!({
        "applicationName": held.application,
        "deploymentGroupName": held.group,
        "deploymentConfigName": held.config,
        "deploymentId": held.id,
        "revision": revision(&held.sha256),
        "status": held.status.name(),
        "createTime": epoch(held.created_at),
        "creator": held.creator.name(),
        "ignoreApplicationStopFailures": false,
        "updateOutdatedInstancesOnly": false,
        "deploymentStyle": held.style,
        "instanceTerminationWaitTimeStarted": held.termination_started,
        "blueGreenDeploymentConfiguration": held.blue_green,
        "loadBalancerInfo": held.balancers,
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
    });
    put(
        &mut info,
        "previousRevision",
        held.previous_sha256.as_deref().map(revision),
    );
    put(&mut info, "startTime", held.started_at.map(epoch));
    put(&mut info, "completeTime", held.completed_at.map(epoch));
    put(&mut info, "description", held.description.clone());
    let rollback = &held.rollback.configured;
    put(
        &mut info,
        "autoRollbackConfiguration",
        (!rollback.is_null()).then(|| rollback.clone()),
    );
    put(
        &mut info,
        "overrideAlarmConfiguration",
        held.override_alarms.clone(),
    );
    put(
        &mut info,
        "errorInformation",
        held.error
            .as_ref()
            .map(|(code, message)| json!({"code": code, "message": message})),
    );
    put(
        &mut info,
        "rollbackInfo",
        held.rollback_info
            .as_ref()
            .map(|about| rollback_info(&held.id, about)),
    );
    info
}

fn rollback_info(id: &str, about: &RollbackInfo) -> Value {
    match about {
        RollbackInfo::RolledBackBy(other) => json!({
            "rollbackDeploymentId": other,
            "rollbackMessage": format!(
                "Deployment {id} terminated. Automatic rollback is triggered with a DeploymentId {other}."
            ),
        }),
        RollbackInfo::RollsBack(other) => json!({
            "rollbackTriggeringDeploymentId": other,
            "rollbackMessage": format!("Deployment {id} is triggered to roll back deployment {other}."),
        }),
    }
}

pub(super) fn revision(sha256: &str) -> Value {
    json!({"revisionType": "AppSpecContent", "appSpecContent": {"sha256": sha256}})
}
