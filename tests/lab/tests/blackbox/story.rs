//! Deployments through all of it: load balancer in moto, service and deployment in the simulated
//! services, a hook in a real process, requests through real ports.

use serde_json::{Value, json};

use crate::harness::Lab;
use crate::shop::{self, ECS, image, url};

const CODEDEPLOY: &str = "CodeDeploy_20141006";

#[tokio::test]
async fn a_blue_green_deployment_goes_through_all_parts() {
    let lab = Lab::start();

    // Given a service behind a load balancer with a production and a test listener.
    let shop = shop::open(&lab).await;
    lab.ok("ecs", format!("{ECS}.CreateService"), json!({
        "cluster": "staging", "serviceName": "shop", "taskDefinition": shop.definition, "desiredCount": 2,
        "launchType": "FARGATE", "deploymentController": {"type": "CODE_DEPLOY"},
        "loadBalancers": [{"targetGroupArn": shop.groups[0], "containerName": "app", "containerPort": 8080}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [shop.subnet]}},
    })).await;
    lab.ok(
        "codedeploy",
        format!("{CODEDEPLOY}.CreateApplication"),
        json!({"applicationName": "shop", "computePlatform": "ECS"}),
    )
    .await;
    lab.ok("codedeploy", format!("{CODEDEPLOY}.CreateDeploymentGroup"), json!({
        "applicationName": "shop", "deploymentGroupName": "staging",
        "serviceRoleArn": "arn:aws:iam::111111111111:role/codedeploy",
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "ecsServices": [{"clusterName": "staging", "serviceName": "shop"}],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
        },
        "loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [shop.listeners[0]]},
            "testTrafficRoute": {"listenerArns": [shop.listeners[1]]},
        }]},
    })).await;
    lab.advance(300).await;
    let (production, test) = (
        url(&lab, &shop.listeners[0]).await,
        url(&lab, &shop.listeners[1]).await,
    );
    assert_eq!(image(&lab, &production).await, shop.first);

    // When another image is deployed, with a hook that looks at green.
    let second = lab
        .tell("push", json!({"repository": "shop-api", "tag": "bbbbbbb"}))
        .await["digest"]
        .clone();
    let definition = lab.register(&second).await;
    let specification = json!({
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
        }}}],
        "Hooks": [{"AfterAllowTestTraffic": "lab-echo"}],
    });
    let created = lab.ok("codedeploy", format!("{CODEDEPLOY}.CreateDeployment"), json!({
        "applicationName": "shop", "deploymentGroupName": "staging",
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": specification.to_string()}},
    })).await;
    let id = created["deploymentId"].clone();
    let hooked = |lab: &Lab| {
        lab.received("lab-echo")
            .iter()
            .any(|event| event["DeploymentId"] == id)
    };
    while !hooked(&lab) {
        assert_eq!(
            image(&lab, &production).await,
            shop.first,
            "production stays while green starts"
        );
        lab.tell("clock/next", Value::Null).await;
    }

    // Then green was seen at the test listener before production, and production follows.
    assert_eq!(image(&lab, &test).await, second);
    lab.advance(600).await;
    assert_eq!(image(&lab, &production).await, second);
    let deployment = lab
        .ok(
            "codedeploy",
            format!("{CODEDEPLOY}.GetDeployment"),
            json!({"deploymentId": id}),
        )
        .await;
    assert_eq!(deployment["deploymentInfo"]["status"], "Succeeded");
    let events = lab.look("events").await;
    let states: Vec<_> = events["events"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|published| published["event"]["detail"]["deploymentId"] == id)
        .filter_map(|published| published["event"]["detail"]["state"].as_str())
        .collect();
    assert_eq!(
        (states.first(), states.last()),
        (Some(&"START"), Some(&"SUCCESS"))
    );
    assert!(
        lab.look("overview")
            .await
            .to_string()
            .contains(second.as_str().expect("a digest"))
    );
}

#[tokio::test]
async fn ecs_waits_for_the_answer_of_a_hook_that_it_invokes() {
    let lab = Lab::start();
    let shop = shop::open(&lab).await;
    let role = "arn:aws:iam::111111111111:role/ecs-blue-green";
    let service = |hook: &str| {
        json!({
            "cluster": "staging", "taskDefinition": shop.definition,
            "deploymentConfiguration": {
                "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1,
                "lifecycleHooks": [{
                    "hookTargetArn": format!("arn:aws:lambda:eu-central-1:111111111111:function:{hook}"),
                    "roleArn": role, "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
                }],
            },
        })
    };
    let mut create = service("lab-echo");
    create["serviceName"] = json!("shop");
    create["desiredCount"] = json!(1);
    create["launchType"] = json!("FARGATE");
    create["networkConfiguration"] = json!({"awsvpcConfiguration": {"subnets": [shop.subnet]}});
    create["loadBalancers"] = json!([{
        "targetGroupArn": shop.groups[0], "containerName": "app", "containerPort": 8080,
        "advancedConfiguration": {
            "alternateTargetGroupArn": shop.groups[1], "productionListenerRule": shop.listeners[0],
            "testListenerRule": shop.listeners[1], "roleArn": role,
        },
    }]);
    lab.ok("ecs", format!("{ECS}.CreateService"), create).await;
    lab.advance(1800).await;
    let production = url(&lab, &shop.listeners[0]).await;
    assert_eq!(image(&lab, &production).await, shop.first);

    // A hook that succeeds lets production follow; one that fails does not.
    let mut serving = shop.first.clone();
    for (tag, hook, status) in [
        ("bbbbbbb", "lab-echo", "SUCCESSFUL"),
        ("ccccccc", "lab-broken", "ROLLBACK_SUCCESSFUL"),
    ] {
        let pushed = lab
            .tell("push", json!({"repository": "shop-api", "tag": tag}))
            .await;
        let mut update = service(hook);
        update["service"] = json!("shop");
        update["taskDefinition"] = json!(lab.register(&pushed["digest"]).await);
        let updated = lab.ok("ecs", format!("{ECS}.UpdateService"), update).await;
        let arn = updated["service"]["currentServiceDeployment"].clone();
        lab.advance(1800).await;
        let described = lab
            .ok(
                "ecs",
                format!("{ECS}.DescribeServiceDeployments"),
                json!({"serviceDeploymentArns": [arn]}),
            )
            .await;
        assert_eq!(described["serviceDeployments"][0]["status"], status);
        if status == "SUCCESSFUL" {
            serving = pushed["digest"].clone();
        }
        assert_eq!(image(&lab, &production).await, serving);
    }
    let hooked = lab.received("lab-echo");
    assert!(
        hooked
            .iter()
            .any(|event| event.to_string().contains("POST_TEST_TRAFFIC_SHIFT")),
        "{hooked:?}"
    );
}
