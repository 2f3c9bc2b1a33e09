//! Both senders of hooks, and both forms of the one.

use serde_json::json;

use super::*;
use crate::incoming::fixtures::fixture;

const GREEN: &str =
    "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/9313423515462893900";
const BLUE: &str =
    "arn:aws:ecs:us-west-2:123456789012:service-revision/my-cluster/my-service/1920498462936580504";

fn ecs_hook(payload: &Value) -> EcsHook {
    match read(payload).unwrap() {
        Hook::Ecs(hook) => *hook,
        other @ Hook::CodeDeploy { .. } => panic!("{other:?}"),
    }
}

#[test]
fn codedeploy_says_only_which_deployment_asks() {
    let payload = fixture("codedeploy-lifecycle-hook-invoke");
    let Hook::CodeDeploy {
        deployment,
        execution,
    } = read(&payload).unwrap()
    else {
        panic!("not CodeDeploy's");
    };
    assert_eq!(deployment.as_str(), "d-deploymentId");
    assert_eq!(payload["LifecycleEventHookExecutionId"], json!(execution));
}

#[test]
fn ecs_says_who_asks_and_where_the_traffic_is() {
    let hook = ecs_hook(&fixture("ecs-lambda-hook-production-traffic-shift"));
    assert_eq!(hook.stage, LifecycleStage::ProductionTrafficShift);
    assert_eq!(
        hook.service.to_string(),
        "123456789012/us-west-2/my-cluster/my-service"
    );
    assert_eq!(hook.target_revision, GREEN);
    assert_eq!(
        hook.deployment.unwrap().as_str(),
        "arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/my-service/EZe5RNVLH6PPzHXINuP28"
    );
    assert_eq!(hook.production_traffic[GREEN], 100.0);
    assert_eq!(hook.production_traffic[BLUE], 0.0);
    assert!(hook.test_traffic.is_empty());
}

#[test]
fn the_flat_form_is_the_same_call() {
    let enveloped = fixture("ecs-lambda-hook-production-traffic-shift");
    let mut flat = enveloped["executionDetails"].clone();
    flat["lifecycleStage"] = json!("PRODUCTION_TRAFFIC_SHIFT");
    assert_eq!(
        ecs_hook(&flat),
        EcsHook {
            deployment: None,
            execution: None,
            ..ecs_hook(&enveloped)
        }
    );
}

#[test]
fn a_rollback_is_told_by_the_traffic_at_the_shifting_stages_alone() {
    let rollback = fixture("ecs-lambda-hook-production-traffic-shift-rollback");
    assert!(ecs_hook(&rollback).is_rollback());
    // The same weights, before anything has moved.
    let before = fixture("ecs-lambda-hook-pre-production-traffic-shift");
    assert!(!ecs_hook(&before).is_rollback());

    let mut test = fixture("ecs-lambda-hook-test-traffic-shift");
    assert!(!ecs_hook(&test).is_rollback());
    test["executionDetails"]["testTrafficWeights"] = json!({ GREEN: 0, BLUE: 100 });
    assert!(ecs_hook(&test).is_rollback());
}

#[test]
fn a_small_step_is_no_rollback() {
    let mut step = fixture("ecs-lambda-hook-production-traffic-shift");
    step["executionDetails"]["productionTrafficWeights"] = json!({ GREEN: 0.1, BLUE: 99.9 });
    assert!(!ecs_hook(&step).is_rollback());
    step["executionDetails"]["productionTrafficWeights"] = json!({});
    assert!(!ecs_hook(&step).is_rollback());
}

#[test]
fn a_new_stage_is_unknown_and_not_an_error() {
    let mut payload = fixture("ecs-lambda-hook-pre-scale-up");
    payload["lifecycleStage"] = json!("POST_COFFEE");
    assert_eq!(
        ecs_hook(&payload).stage,
        LifecycleStage::Unknown("POST_COFFEE".into())
    );
}

#[test]
fn a_revision_of_another_service_is_not_believed() {
    let mut payload = fixture("ecs-lambda-hook-pre-scale-up");
    payload["executionDetails"]["serviceArn"] =
        json!("arn:aws:ecs:us-west-2:123456789012:service/my-cluster/other");
    assert!(read(&payload).is_err());
    payload["executionDetails"]["serviceArn"] =
        json!("arn:aws:ecs:us-west-2:123456789012:service/my-service");
    assert_eq!(ecs_hook(&payload).service.cluster.as_str(), "my-cluster");
    payload["resourceArn"] =
        json!("arn:aws:ecs:us-west-2:123456789012:service-deployment/my-cluster/other/EZe5");
    assert_eq!(
        read(&payload).unwrap_err().to_string(),
        "malformed: resourceArn: not a deployment of this service"
    );
}

#[test]
fn weights_are_percentages() {
    for weights in [json!({ GREEN: -1 }), json!({ GREEN: "100" }), json!([1])] {
        let mut payload = fixture("ecs-lambda-hook-test-traffic-shift");
        payload["executionDetails"]["testTrafficWeights"] = weights;
        let error = read(&payload).unwrap_err().to_string();
        assert!(
            error.starts_with("malformed: executionDetails.testTrafficWeights: "),
            "{error}"
        );
    }
}

#[test]
fn the_stages_with_checks_are_those_that_a_service_must_have_hooks_at() {
    for point in HookPoint::ALL {
        let stage = point.lifecycle_stage().map(LifecycleStage::of);
        assert_eq!(
            stage.as_ref().and_then(LifecycleStage::point),
            stage.is_some().then_some(point)
        );
    }
    assert_eq!(LifecycleStage::of("PRODUCTION_TRAFFIC_SHIFT").point(), None);
}
