//! Application Auto Scaling: registration, suspension, and what it does to deployments.

use serde_json::{Value, json};
use towpath_lab_world::{Behaviour, ScaleOut};

use crate::bench::{Bench, text};

const SERVICE: &str = "arn:aws:ecs:eu-central-1:111111111111:service/shop/api";

fn target(more: Value) -> Value {
    let mut input = json!({
        "ServiceNamespace": "ecs",
        "ResourceId": "service/shop/api",
        "ScalableDimension": "ecs:service:DesiredCount",
    });
    if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
        input.extend(more.clone());
    }
    input
}

fn suspended(bench: &mut Bench) -> Value {
    bench.autoscaling(
        "DescribeScalableTargets",
        json!({"ServiceNamespace": "ecs"}),
    )["ScalableTargets"][0]["SuspendedState"]
        .clone()
}

fn bench() -> Bench {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    bench.autoscaling(
        "RegisterScalableTarget",
        target(json!({"MinCapacity": 2, "MaxCapacity": 4})),
    );
    bench
}

#[test]
fn bounds_are_required_only_on_creation() {
    let mut bench = Bench::with_image();
    assert_eq!(
        bench.refused(
            "application-autoscaling",
            "RegisterScalableTarget",
            target(json!({"MinCapacity": 1, "MaxCapacity": 2}))
        ),
        "ValidationException"
    );
    bench.service("ECS", 2, json!({}));
    assert_eq!(
        bench.refused(
            "application-autoscaling",
            "RegisterScalableTarget",
            target(json!({"MaxCapacity": 2}))
        ),
        "ValidationException"
    );
    assert_eq!(
        bench.refused(
            "application-autoscaling",
            "RegisterScalableTarget",
            target(json!({"MinCapacity": 3, "MaxCapacity": 2}))
        ),
        "ValidationException"
    );
    bench.autoscaling(
        "RegisterScalableTarget",
        target(json!({"MinCapacity": 1, "MaxCapacity": 2})),
    );
    bench.autoscaling("RegisterScalableTarget", target(json!({"MaxCapacity": 6})));
    let found = bench.autoscaling(
        "DescribeScalableTargets",
        json!({"ServiceNamespace": "ecs", "ResourceIds": ["service/shop/api"]}),
    );
    assert_eq!(found["ScalableTargets"][0]["MinCapacity"], 1);
    assert_eq!(found["ScalableTargets"][0]["MaxCapacity"], 6);
    bench.autoscaling("DeregisterScalableTarget", target(json!({})));
    assert_eq!(
        bench.refused(
            "application-autoscaling",
            "DeregisterScalableTarget",
            target(json!({}))
        ),
        "ObjectNotFoundException"
    );
}

/// Whatever a registration is for: "even if you don't include the MinCapacity or MaxCapacity request
/// parameters".
#[test]
fn each_registration_brings_the_count_into_the_bounds() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 2, json!({}));
    bench.autoscaling(
        "RegisterScalableTarget",
        target(json!({"MinCapacity": 2, "MaxCapacity": 4})),
    );
    let scaled = |bench: &mut Bench, to: u64| {
        bench.ecs(
            "UpdateService",
            json!({"cluster": "shop", "service": "api", "desiredCount": to}),
        );
        let suspension = json!({"SuspendedState": {"DynamicScalingInSuspended": true}});
        bench.autoscaling("RegisterScalableTarget", target(suspension));
        bench.describe()["desiredCount"].clone()
    };
    for (to, within) in [(0, 2), (1, 2), (2, 2), (4, 4), (7, 4)] {
        assert_eq!(scaled(&mut bench, to), within, "{to}");
    }
}

#[test]
fn suspension_changes_only_what_is_given() {
    const FLAGS: [&str; 3] = [
        "DynamicScalingInSuspended",
        "DynamicScalingOutSuspended",
        "ScheduledScalingSuspended",
    ];
    let mut bench = bench();
    let state = |on: [bool; 3]| json!({FLAGS[0]: on[0], FLAGS[1]: on[1], FLAGS[2]: on[2]});
    assert_eq!(
        suspended(&mut bench),
        state([false; 3]),
        "nothing is suspended at first"
    );
    let mut on = [false; 3];
    for value in [true, false] {
        for (at, flag) in FLAGS.iter().enumerate() {
            let change = json!({"SuspendedState": {*flag: value}});
            bench.autoscaling("RegisterScalableTarget", target(change));
            on[at] = value;
            assert_eq!(suspended(&mut bench), state(on), "{flag} {value}");
            bench.autoscaling("RegisterScalableTarget", target(json!({"MaxCapacity": 5})));
            assert_eq!(suspended(&mut bench), state(on), "bounds leave it alone");
        }
    }
}

#[test]
fn scaling_out_respects_suspension_and_the_maximum() {
    let mut bench = bench();
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::Scaled(3)
    );
    bench.autoscaling(
        "RegisterScalableTarget",
        target(json!({"SuspendedState": {"DynamicScalingOutSuspended": true}})),
    );
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::Suspended
    );
    bench.autoscaling(
        "RegisterScalableTarget",
        target(json!({"SuspendedState": {"DynamicScalingOutSuspended": false}})),
    );
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::Scaled(4)
    );
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::AtMaximum
    );
    assert_eq!(
        bench.world.scale_out(
            "arn:aws:ecs:eu-central-1:111111111111:service/shop/none",
            bench.now
        ),
        ScaleOut::NotScalable
    );
    bench.pass(60);
    assert_eq!(bench.describe()["runningCount"], 4);
}

#[test]
fn scaling_during_a_codedeploy_deployment_fails_it_after_five_minutes() {
    let mut bench = bench();
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy(
        "v2",
        &[],
        json!({"deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent15Minutes"}),
    );
    bench.until(300, "the canary", |bench| bench.share(&new) == 1);
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::Scaled(3)
    );
    bench.pass(299);
    assert_eq!(bench.status(&id), "InProgress");
    bench.pass(1);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Failed");
    assert!(text(&info["errorInformation"]["message"]).contains("scaled during the deployment"));
}

#[test]
fn a_deployment_that_is_through_in_time_survives_scaling() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy(
        "v2",
        &[],
        json!({"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}),
    );
    bench.pass(20);
    assert_eq!(
        bench.world.scale_out(SERVICE, bench.now),
        ScaleOut::Scaled(3)
    );
    bench.until(900, "the end", |bench| bench.status(&id) == "Succeeded");
}

#[test]
fn activities_and_tags_are_kept() {
    let mut bench = bench();
    let found = bench.autoscaling(
        "DescribeScalableTargets",
        json!({"ServiceNamespace": "ecs"}),
    );
    let arn = found["ScalableTargets"][0]["ScalableTargetARN"].clone();
    bench.autoscaling(
        "TagResource",
        json!({"ResourceARN": arn, "Tags": {"team": "shop", "old": "1"}}),
    );
    bench.autoscaling(
        "UntagResource",
        json!({"ResourceARN": arn, "TagKeys": ["old"]}),
    );
    let tags = bench.autoscaling("ListTagsForResource", json!({"ResourceARN": arn}));
    assert_eq!(tags["Tags"], json!({"team": "shop"}));
    assert_eq!(
        bench.refused(
            "application-autoscaling",
            "ListTagsForResource",
            json!({"ResourceARN": "arn:x"})
        ),
        "ResourceNotFoundException"
    );
    bench.world.scale_out(SERVICE, bench.now);
    let activities = bench.autoscaling(
        "DescribeScalingActivities",
        json!({"ServiceNamespace": "ecs", "ResourceId": "service/shop/api"}),
    );
    assert_eq!(
        activities["ScalingActivities"][0]["Description"],
        "Setting desired count to 3."
    );
}

#[test]
fn policies_are_kept_with_their_target() {
    let mut bench = bench();
    let policy = target(json!({
        "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}},
    }));
    let arn = bench.autoscaling("PutScalingPolicy", policy.clone())["PolicyARN"].clone();
    assert_eq!(
        bench.autoscaling("PutScalingPolicy", policy)["PolicyARN"],
        arn
    );
    let found = bench.autoscaling(
        "DescribeScalingPolicies",
        json!({"ServiceNamespace": "ecs"}),
    );
    assert_eq!(
        found["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"],
        60.0
    );
    bench.autoscaling("DeregisterScalableTarget", target(json!({})));
    let gone = bench.autoscaling(
        "DescribeScalingPolicies",
        json!({"ServiceNamespace": "ecs"}),
    );
    assert_eq!(gone["ScalingPolicies"], json!([]));
}
