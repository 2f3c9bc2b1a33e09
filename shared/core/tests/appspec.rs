//! AppSpecs, against the documented example and the shapes that DescribeServices gives.

use serde_json::{Value, json};
use towpath_core::appspec::{AppSpecError, Target, render, target};
use towpath_core::pipeline::HookPoint;

const ARN: &str =
    "arn:aws:ecs:us-east-1:111222333444:task-definition/my-task-definition-family-name:1";

fn app(port: u16) -> Target {
    Target {
        container: "SampleApplicationName".to_owned(),
        port,
    }
}

/// The service that the documented example deploys to.
fn documented_service() -> Value {
    json!({
        "serviceName": "sample",
        "loadBalancers": [{
            "targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:111222333444:targetgroup/blue/1",
            "containerName": "SampleApplicationName", "containerPort": 80
        }],
        "platformVersion": "LATEST",
        "networkConfiguration": {"awsvpcConfiguration": {
            "subnets": ["subnet-1234abcd", "subnet-5678abcd"],
            "securityGroups": ["sg-12345678"],
            "assignPublicIp": "ENABLED"
        }},
        "capacityProviderStrategy": [
            {"base": 1, "capacityProvider": "FARGATE_SPOT", "weight": 2},
            {"base": 0, "capacityProvider": "FARGATE", "weight": 1}
        ]
    })
}

const DOCUMENTED_HOOKS: [(HookPoint, &str); 5] = [
    (
        HookPoint::BeforeInstall,
        "LambdaFunctionToValidateBeforeInstall",
    ),
    (
        HookPoint::AfterInstall,
        "LambdaFunctionToValidateAfterInstall",
    ),
    (
        HookPoint::AfterTestTraffic,
        "LambdaFunctionToValidateAfterTestTrafficStarts",
    ),
    (
        HookPoint::BeforeTraffic,
        "LambdaFunctionToValidateBeforeAllowingProductionTraffic",
    ),
    (
        HookPoint::AfterTraffic,
        "LambdaFunctionToValidateAfterAllowingProductionTraffic",
    ),
];

#[test]
fn the_documented_service_gives_the_documented_appspec() {
    let documented: Value = serde_json::from_str(include_str!(
        "../../../tests/fixtures/events/codedeploy-appspec-ecs.json"
    ))
    .expect("the fixture is JSON");
    let mut hooks = DOCUMENTED_HOOKS;
    hooks.reverse();
    let appspec = render(&documented_service(), ARN, &app(80), &hooks).expect("renders");
    // As text, so that the order of keys and hooks and the spelling of 0.0 count too.
    assert_eq!(appspec.to_string(), documented.to_string());
    assert!(appspec.to_string().starts_with(r#"{"version":0.0,"#));
}

#[test]
fn the_least_service_gives_the_least_appspec() {
    let service = json!({
        "serviceName": "shop",
        "loadBalancers": [{"containerName": "SampleApplicationName", "containerPort": 8080}],
    });
    let appspec = render(&service, ARN, &app(8080), &[]).expect("renders");
    insta::assert_snapshot!(format!("{appspec:#}"));
}

#[test]
fn an_incomplete_network_is_left_out() {
    for field in ["subnets", "securityGroups", "assignPublicIp"] {
        for value in [Value::Null, json!([])] {
            let mut service = documented_service();
            service["networkConfiguration"]["awsvpcConfiguration"][field] = value;
            let appspec = render(&service, ARN, &app(80), &[]).expect("renders");
            let properties = &appspec["Resources"][0]["TargetService"]["Properties"];
            assert_eq!(properties.get("NetworkConfiguration"), None, "{field}");
            assert!(properties.get("PlatformVersion").is_some());
        }
    }
}

#[test]
fn settings_may_be_those_of_the_task_set_in_production() {
    let mut service = documented_service();
    let mut of_task_set = service.clone();
    for field in ["platformVersion", "networkConfiguration", "loadBalancers"] {
        service
            .as_object_mut()
            .expect("an object")
            .shift_remove(field);
    }
    service["capacityProviderStrategy"] = json!([]);
    of_task_set["status"] = json!("PRIMARY");
    service["taskSets"] = json!([{"status": "ACTIVE", "platformVersion": "1.3.0"}, of_task_set]);
    assert_eq!(
        render(&service, ARN, &app(80), &[]),
        render(&documented_service(), ARN, &app(80), &[])
    );
}

#[test]
fn a_service_without_a_load_balancer_is_refused() {
    let service = json!({"serviceName": "shop", "loadBalancers": []});
    let error = render(&service, ARN, &app(80), &[]).expect_err("no load balancer");
    insta::assert_snapshot!(error, @"service `shop` has no load balancer, which CodeDeploy needs; add one, or use another engine");
    assert_eq!(target(&service, None, None), Err(error));
}

#[test]
fn a_target_that_is_not_the_services_is_refused() {
    let error = render(&documented_service(), ARN, &app(8080), &[]).expect_err("no such port");
    insta::assert_snapshot!(error, @"service `sample` has no load balancer target SampleApplicationName:8080, but SampleApplicationName:80; correct `container` and `port` in the stage's `codedeploy`, or the service's load balancers");
}

#[test]
fn one_target_is_found_and_two_have_to_be_chosen_from() {
    let mut service = documented_service();
    let first = service["loadBalancers"][0].clone();
    let list = service["loadBalancers"].as_array_mut().expect("a list");
    // The same container and port in a second target group is still one target.
    list.push(first);
    assert_eq!(target(&service, None, None), Ok(app(80)));

    let with = |more: Value| {
        let mut service = service.clone();
        let list = service["loadBalancers"].as_array_mut().expect("a list");
        list.extend(more.as_array().expect("a list").clone());
        service
    };
    let told = |service: &Value| {
        target(service, None, None)
            .expect_err("several")
            .to_string()
    };

    let two_ports = with(json!([{"containerName": "SampleApplicationName", "containerPort": 81}]));
    insta::assert_snapshot!(told(&two_ports), @"service `sample` has several load balancer targets, SampleApplicationName:80, SampleApplicationName:81; say which by `port`, such as `port: 80`, in the stage's `codedeploy`");
    assert_eq!(target(&two_ports, None, Some(80)), Ok(app(80)));
    assert_eq!(
        target(&two_ports, Some("SampleApplicationName"), Some(81)),
        Ok(app(81))
    );

    let two_containers = with(json!([{"containerName": "admin", "containerPort": 81}]));
    insta::assert_snapshot!(told(&two_containers), @"service `sample` has several load balancer targets, SampleApplicationName:80, admin:81; say which by `container`, such as `container: SampleApplicationName`, in the stage's `codedeploy`");
    assert_eq!(
        target(&two_containers, Some("SampleApplicationName"), None),
        Ok(app(80))
    );

    let three = with(json!([
        {"containerName": "SampleApplicationName", "containerPort": 81},
        {"containerName": "admin", "containerPort": 81},
    ]));
    assert!(told(&three).contains("`container: SampleApplicationName` and `port: 80`"));
    assert_eq!(
        target(&three, Some("SampleApplicationName"), Some(80)),
        Ok(app(80))
    );
    let wrong = target(&three, None, Some(82))
        .expect_err("no such port")
        .to_string();
    assert!(
        wrong.contains("no load balancer target *:82, but"),
        "{wrong}"
    );
}

#[test]
fn two_hooks_for_one_event_are_refused() {
    let hooks = [
        (HookPoint::AfterInstall, "a"),
        (HookPoint::BeforeInstall, "b"),
        (HookPoint::AfterInstall, "c"),
    ];
    assert_eq!(
        render(&documented_service(), ARN, &app(80), &hooks),
        Err(AppSpecError::TwoHooks {
            event: HookPoint::AfterInstall,
            first: "a".to_owned(),
            second: "c".to_owned(),
        })
    );
}
