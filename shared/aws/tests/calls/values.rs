//! What each value means of the enumerations that are read: a newer model with a value that is not
//! decided here breaks the build. Decide it where its enumeration is read, then here.
//! `scripts/update-calls` takes the models anew.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The shapes that the calls reach.
#[derive(Deserialize)]
struct Model {
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default, rename = "enum")]
    values: BTreeSet<String>,
}

/// The enumerations that decide something, where they are read, and the values that are decided about:
/// those that mean something, and after them those that deliberately mean nothing of their own.
const DECIDED: &[(&str, &str, &[&str], &[&str])] = &[
    (
        "ecs:ServiceDeploymentStatus",
        "engine/service_deployment.rs: whatever else there is, is under way",
        &[
            "ROLLBACK_FAILED",
            "ROLLBACK_IN_PROGRESS",
            "ROLLBACK_REQUESTED",
            "ROLLBACK_SUCCESSFUL",
            "STOPPED",
            "SUCCESSFUL",
        ],
        &["IN_PROGRESS", "PENDING", "STOP_REQUESTED"],
    ),
    (
        "ecs:DeploymentStrategy",
        "service.rs, engine/ecs/check.rs: another one is refused",
        &["BLUE_GREEN", "CANARY", "LINEAR", "ROLLING"],
        &[],
    ),
    (
        "ecs:DeploymentControllerType",
        "service.rs: another one than the rollout's is refused",
        &["CODE_DEPLOY", "ECS"],
        &["EXTERNAL"],
    ),
    (
        "ecs:DeploymentRolloutState",
        "perform/rolling.rs: whatever else there is, is under way",
        &["COMPLETED", "FAILED"],
        &["IN_PROGRESS"],
    ),
    (
        "ecs:DeploymentLifecycleHookStage",
        "towpath_core::incoming::hook: at another one ECS is told to go on",
        &[
            "POST_PRODUCTION_TRAFFIC_SHIFT",
            "POST_SCALE_UP",
            "POST_TEST_TRAFFIC_SHIFT",
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            "PRE_SCALE_UP",
            "PRODUCTION_TRAFFIC_SHIFT",
            "RECONCILE_SERVICE",
            "TEST_TRAFFIC_SHIFT",
        ],
        &[],
    ),
    (
        "ecs:ServiceDeploymentLifecycleStage",
        "engine/service_deployment.rs: the others are told by their names",
        &["CLEAN_UP", "SCALE_UP"],
        &[
            "BAKE_TIME",
            "POST_PRODUCTION_TRAFFIC_SHIFT",
            "POST_SCALE_UP",
            "POST_TEST_TRAFFIC_SHIFT",
            "PRE_SCALE_UP",
            "PRODUCTION_TRAFFIC_SHIFT",
            "RECONCILE_SERVICE",
            "TEST_TRAFFIC_SHIFT",
        ],
    ),
    (
        "ecs:DeploymentLifecycleHookTargetType",
        "engine/ecs/check.rs, seen.rs: what does not pause is a function",
        &["PAUSE"],
        &["AWS_LAMBDA"],
    ),
    (
        "ecs:DeploymentLifecycleHookStatus",
        "engine/service_deployment.rs: a pause that waits is answered; a function that does not answer is told",
        &["AWAITING_ACTION", "IN_PROGRESS", "TIMED_OUT"],
        &["FAILED", "SUCCEEDED"],
    ),
    (
        "ecs:DeploymentLifecycleHookAction",
        "engine/ecs/check.rs: what goes on without an answer is refused where people are asked",
        &["CONTINUE"],
        &["ROLLBACK"],
    ),
    (
        "ecs:TaskDefinitionStatus",
        "perform/plan: only an active one is deployed",
        &["ACTIVE"],
        &["DELETE_IN_PROGRESS", "INACTIVE"],
    ),
    (
        "ecs:TaskStopCode",
        "ecs/stopped.rs: a task that ECS's scheduler stopped did not fail by itself",
        &["ServiceSchedulerInitiated"],
        &[
            "EssentialContainerExited",
            "InfrastructureHealth",
            "SpotInterruption",
            "TaskFailedToStart",
            "TerminationNotice",
            "UserInitiated",
        ],
    ),
    (
        "codedeploy:DeploymentStatus",
        "perform/codedeploy/observe.rs: whatever else there is, is under way",
        &["Failed", "Ready", "Stopped", "Succeeded"],
        &["Baking", "Created", "InProgress", "Queued"],
    ),
    (
        "codedeploy:LifecycleEventStatus",
        "handlers/lifecycle_hook/codedeploy.rs: the event in progress is the one that asks",
        &["InProgress"],
        &["Failed", "Pending", "Skipped", "Succeeded", "Unknown"],
    ),
    (
        "codedeploy:DeploymentReadyAction",
        "codedeploy.rs: what goes on by itself is refused where people are asked",
        &["STOP_DEPLOYMENT"],
        &["CONTINUE_DEPLOYMENT"],
    ),
    (
        "codedeploy:DeploymentWaitType",
        "codedeploy.rs: what a deployment is let through",
        &["READY_WAIT", "TERMINATION_WAIT"],
        &[],
    ),
    (
        "ecr:ImageStatus",
        "ecr.rs: an image that is not active cannot be pulled",
        &["ACTIVATING", "ARCHIVED"],
        &["ACTIVE"],
    ),
    (
        "cloudwatch:StateValue",
        "towpath_core::check: what is not known to be well has not passed",
        &["ALARM", "INSUFFICIENT_DATA", "OK"],
        &[],
    ),
    (
        "cloudwatch:AlarmType",
        "cloudwatch.rs: alarms on logs are not asked for, so that one that a check names is said not to be there",
        &["CompositeAlarm", "MetricAlarm"],
        &["LogAlarm"],
    ),
    (
        "cloudwatch:StatusCode",
        "cloudwatch.rs: what is not complete is not known",
        &["Complete"],
        &["Forbidden", "InternalError", "PartialData"],
    ),
];

fn shapes() -> BTreeMap<String, Shape> {
    let model: Model = serde_json::from_str(include_str!("../../model/calls.json"))
        .expect("the vendored shapes of calls");
    model.shapes
}

#[test]
fn every_value_that_a_model_gives_an_enumeration_that_decides_something_is_decided() {
    let shapes = shapes();
    let mut wrong = Vec::new();
    for (name, read, meant, left) in DECIDED {
        let values = shapes.get(*name).map(|shape| &shape.values);
        let named: BTreeSet<String> = meant.iter().chain(*left).map(ToString::to_string).collect();
        assert_eq!(named.len(), meant.len() + left.len(), "{name}: one twice");
        if values != Some(&named) {
            wrong.push(format!("{name} ({read}): {values:?}"));
        }
    }
    assert!(wrong.is_empty(), "to be decided:\n{}", wrong.join("\n"));
}
