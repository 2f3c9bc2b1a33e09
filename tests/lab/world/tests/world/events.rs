//! Events have exactly the members of documented or captured ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::bench::Bench;

fn members(value: &Value) -> BTreeSet<String> {
    value
        .as_object()
        .map(|held| held.keys().cloned().collect())
        .unwrap_or_default()
}

/// The first event of a type whose detail has this value.
fn find(bench: &Bench, detail_type: &str, member: &str, value: &str) -> Value {
    let found = bench
        .events
        .iter()
        .find(|event| event["detail-type"] == detail_type && event["detail"][member] == value);
    found
        .cloned()
        .unwrap_or_else(|| panic!("no {detail_type} with {member} {value}"))
}

fn assert_alike(event: &Value, sample: &str) {
    let sample: Value = serde_json::from_str(sample).expect("a fixture is JSON");
    assert_eq!(members(event), members(&sample));
    assert_eq!(members(&event["detail"]), members(&sample["detail"]));
    assert_eq!(event["source"], sample["source"]);
    assert_eq!(event["detail-type"], sample["detail-type"]);
    let count = |of: &Value| of["resources"].as_array().map(Vec::len);
    assert_eq!(count(event), count(&sample));
}

#[test]
fn codedeploy_tells_of_every_state_alike() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(900, "the end", |bench| bench.status(&id) == "Succeeded");
    let notice = "CodeDeploy Deployment State-change Notification";
    let sample =
        include_str!("../../../../fixtures/events/codedeploy-deployment-state-change-success.json");
    for state in ["START", "SUCCESS"] {
        assert_alike(&find(&bench, notice, "state", state), sample);
    }
    let event = find(&bench, notice, "state", "SUCCESS");
    assert_eq!(
        event["resources"][1],
        "arn:aws:codedeploy:eu-central-1:111111111111:deploymentgroup:shop/api"
    );
}

#[test]
fn ecs_tells_of_deployments_and_services() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 2, json!({}));
    assert_alike(
        &find(
            &bench,
            "ECS Deployment State Change",
            "eventName",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
        ),
        include_str!("../../../../fixtures/events/ecs-deployment-in-progress-captured-2025.json"),
    );
    assert_alike(
        &find(
            &bench,
            "ECS Service Action",
            "eventName",
            "SERVICE_STEADY_STATE",
        ),
        include_str!("../../../../fixtures/events/ecs-service-action-service-steady-state.json"),
    );
}

#[test]
fn ecs_tells_of_pauses() {
    let pause = json!({"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]});
    let mut bench = Bench::with_image();
    bench.native_service(json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [pause]}));
    bench.push("v2", Behaviour::Healthy);
    let definition = bench.register("v2");
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "taskDefinition": definition}),
    );
    bench.pass(30);
    assert_alike(
        &find(
            &bench,
            "ECS Hook State Change",
            "eventName",
            "HOOK_AWAITING_ACTION",
        ),
        include_str!("../../../../fixtures/events/ecs-hook-state-change-awaiting-action.json"),
    );
}

#[test]
fn functions_are_asked_with_the_documented_members() {
    let hook = json!({
        "hookTargetArn": "f", "roleArn": "r", "lifecycleStages": ["PRODUCTION_TRAFFIC_SHIFT"], "hookDetails": {"mine": 1},
    });
    let mut bench = Bench::with_image();
    bench.native_service(json!({"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]}));
    bench.push("v2", Behaviour::Healthy);
    let definition = bench.register("v2");
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "taskDefinition": definition}),
    );
    bench.until(120, "the hook", |bench| !bench.invocations.is_empty());
    let (_, payload) = bench.invocations.last().cloned().expect("an invocation");
    let plain =
        include_str!("../../../../fixtures/events/ecs-lambda-hook-production-traffic-shift.json");
    let plain: Value = serde_json::from_str(plain).expect("JSON");
    let detailed =
        include_str!("../../../../fixtures/events/ecs-lambda-hook-with-hookdetails.json");
    let detailed: Value = serde_json::from_str(detailed).expect("JSON");
    assert_eq!(members(&payload), members(&detailed));
    assert_eq!(
        members(&payload["executionDetails"]),
        members(&plain["executionDetails"])
    );
    assert_eq!(
        members(&payload["executionDetails"]["productionTrafficWeights"]).len(),
        2
    );
    assert_eq!(payload["hookDetails"], json!({"mine": 1}));
}

#[test]
fn ecr_tells_of_deletions_and_scans() {
    let mut bench = Bench::with_image();
    bench.ecr(
        "StartImageScan",
        json!({"repositoryName": "shop-api", "imageId": {"imageTag": "v1"}}),
    );
    bench.pass(10);
    bench.ecr(
        "BatchDeleteImage",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "v1"}]}),
    );
    assert_alike(
        &find(&bench, "ECR Image Scan", "scan-status", "COMPLETE"),
        include_str!("../../../../fixtures/events/ecr-image-scan-basic-complete.json"),
    );
    assert_alike(
        &find(&bench, "ECR Image Action", "action-type", "DELETE"),
        include_str!("../../../../fixtures/events/ecr-image-action-delete.json"),
    );
}
