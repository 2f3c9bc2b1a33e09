//! Services and one-off tasks: what is described, and what is refused.

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::bench::{Bench, text};

#[test]
fn a_codedeploy_service_takes_no_deployment_from_others() {
    let mut bench = Bench::with_image();
    bench.service("CODE_DEPLOY", 2, json!({}));
    let definition = bench.register("v1");
    let cases = [
        (
            json!({"taskDefinition": definition}),
            "Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        ),
        (
            json!({"forceNewDeployment": true}),
            "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        ),
        (
            json!({"networkConfiguration": {}}),
            "Unable to update network parameters on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        ),
    ];
    for (change, message) in cases {
        let mut input = json!({"cluster": "shop", "service": "api"});
        if let (Some(input), Some(change)) = (input.as_object_mut(), change.as_object()) {
            input.extend(change.clone());
        }
        let error = bench
            .attempt("ecs", "UpdateService", &input)
            .expect_err("only CodeDeploy may");
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("InvalidParameterException", message)
        );
    }
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "desiredCount": 3}),
    );
    bench.pass(60);
    let service = bench.describe();
    assert_eq!(service["runningCount"], 3);
    assert_eq!(service["deployments"], json!([]));
    assert_eq!(service["taskSets"][0]["status"], "PRIMARY");
    assert_eq!(service["taskSets"][0]["stabilityStatus"], "STEADY_STATE");
    let set = service["taskSets"][0]["id"].clone();
    let sets = bench.ecs(
        "DescribeTaskSets",
        json!({"cluster": "shop", "service": "api", "taskSets": [set, "ecs-svc/1"]}),
    );
    assert_eq!(sets["taskSets"].as_array().map(Vec::len), Some(1));
    assert_eq!(sets["failures"].as_array().map(Vec::len), Some(1));
}

#[test]
fn missing_things_are_told_apart() {
    let mut bench = Bench::with_image();
    let of = |cluster: &str| json!({"cluster": cluster, "service": "none", "services": ["none"]});
    assert_eq!(
        bench.refused("ecs", "DescribeServices", of("none")),
        "ClusterNotFoundException"
    );
    assert_eq!(
        bench.ecs("DescribeServices", of("shop"))["failures"][0]["reason"],
        "MISSING"
    );
    assert_eq!(
        bench.refused("ecs", "UpdateService", of("shop")),
        "ServiceNotFoundException"
    );
    assert_eq!(
        bench.refused("ecs", "ListServiceDeployments", of("shop")),
        "ServiceNotFoundException"
    );
    assert_eq!(
        bench.ecs("DescribeClusters", json!({"clusters": ["shop", "none"]}))["failures"][0]["reason"],
        "MISSING"
    );
}

#[test]
fn service_deployments_are_not_asked_for_further_back_than_they_are_kept() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 1, json!({}));
    let since = |bench: &Bench, days: f64| {
        let after = bench.now.as_millisecond() as f64 / 1000.0 - days * 86_400.0;
        json!({"cluster": "shop", "service": "api", "createdAt": {"after": after}})
    };
    let asked = since(&bench, 88.0);
    let listed = bench.ecs("ListServiceDeployments", asked);
    assert_eq!(
        listed["serviceDeployments"].as_array().map(Vec::len),
        Some(1)
    );
    let asked = since(&bench, 90.0);
    assert_eq!(
        bench.refused("ecs", "ListServiceDeployments", asked),
        "InvalidParameterException"
    );
}

#[test]
fn services_that_cannot_be_are_refused() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 1, json!({}));
    let definition = bench.register("v1");
    let create = |more: Value| {
        let mut input = json!({
            "cluster": "shop", "serviceName": "other", "taskDefinition": definition,
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        });
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        input
    };
    let cases = [
        (json!({"serviceName": "api"}), "InvalidParameterException"),
        (
            json!({"serviceName": "not a name"}),
            "InvalidParameterException",
        ),
        (json!({"desiredCount": 5001}), "InvalidParameterException"),
        (json!({"desiredCount": -1}), "InvalidParameterException"),
        (json!({"taskDefinition": "none"}), "ClientException"),
        (
            json!({"networkConfiguration": null}),
            "InvalidParameterException",
        ),
        (
            json!({"loadBalancers": [{"targetGroupArn": "arn", "containerName": "app", "containerPort": 1}]}),
            "InvalidParameterException",
        ),
        (
            json!({"deploymentController": {"type": "CODE_DEPLOY"}}),
            "InvalidParameterException",
        ),
        (
            json!({"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}}),
            "InvalidParameterException",
        ),
        (
            json!({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}, "loadBalancers": [{"targetGroupArn": "arn", "containerName": "app", "containerPort": 8080}]}),
            "InvalidParameterException",
        ),
    ];
    for (change, code) in cases {
        assert_eq!(
            bench.refused("ecs", "CreateService", create(change.clone())),
            code,
            "{change}"
        );
    }
    bench.ecs(
        "DeregisterTaskDefinition",
        json!({"taskDefinition": definition}),
    );
    assert_eq!(
        bench.refused("ecs", "CreateService", create(json!({}))),
        "ClientException"
    );
}

#[test]
fn a_service_is_deleted_when_it_is_drained() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 2, json!({}));
    let name = json!({"cluster": "shop", "service": "api"});
    assert_eq!(
        bench.refused("ecs", "DeleteService", name.clone()),
        "InvalidParameterException"
    );
    assert_eq!(
        bench.refused("ecs", "DeleteCluster", json!({"cluster": "shop"})),
        "ClusterContainsServicesException"
    );
    let mut forced = name.clone();
    forced["force"] = json!(true);
    assert_eq!(
        bench.ecs("DeleteService", forced)["service"]["status"],
        "DRAINING"
    );
    bench.pass(30);
    let service = bench.describe();
    assert_eq!(service["status"], "INACTIVE");
    assert_eq!(service["runningCount"], 0);
    assert_eq!(
        bench.refused("ecs", "UpdateService", name),
        "ServiceNotActiveException"
    );
    assert_eq!(
        bench.ecs("ListServices", json!({"cluster": "shop"}))["serviceArns"],
        json!([])
    );
    bench.service("ECS", 1, json!({}));
    assert_eq!(
        bench.describe()["runningCount"],
        1,
        "the name is free again"
    );
}

#[test]
fn a_one_off_task_ends_as_its_image_does() {
    for (behaviour, code) in [
        (Behaviour::Healthy, 0),
        (Behaviour::CrashLoop, 1),
        (Behaviour::UnhealthyGreen, 1),
    ] {
        let mut bench = Bench::with_image();
        bench.push("job", behaviour);
        let definition = bench.register("job");
        let run = |more: Value| {
            let mut input = json!({
                "cluster": "shop", "taskDefinition": definition, "startedBy": "towpath",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            });
            if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
                input.extend(more.clone());
            }
            input
        };
        assert_eq!(
            bench.refused("ecs", "RunTask", run(json!({"networkConfiguration": null}))),
            "InvalidParameterException"
        );
        assert_eq!(
            bench.refused("ecs", "RunTask", run(json!({"count": 11}))),
            "InvalidParameterException"
        );
        assert_eq!(
            bench.refused(
                "ecs",
                "RunTask",
                run(json!({"overrides": {"containerOverrides": [{"name": "none"}]}}))
            ),
            "InvalidParameterException"
        );
        let arn = text(&bench.ecs("RunTask", run(json!({})))["tasks"][0]["taskArn"]);
        bench.pass(60);
        let task = bench.ecs("DescribeTasks", json!({"cluster": "shop", "tasks": [arn]}))["tasks"]
            [0]
        .clone();
        assert_eq!(task["lastStatus"], "STOPPED");
        assert_eq!(task["stopCode"], "EssentialContainerExited");
        assert_eq!(task["containers"][0]["exitCode"], code, "{behaviour:?}");
        assert_eq!(
            bench.details("ECS Task State Change", "lastStatus"),
            [
                "PROVISIONING",
                "PENDING",
                "RUNNING",
                "DEACTIVATING",
                "STOPPED"
            ]
        );
    }
}

#[test]
fn a_task_that_is_stopped_says_by_whom() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 1, json!({}));
    let listed = bench.ecs(
        "ListTasks",
        json!({"cluster": "shop", "serviceName": "api"}),
    );
    let arn = text(&listed["taskArns"][0]);
    bench.ecs(
        "StopTask",
        json!({"cluster": "shop", "task": arn, "reason": "a test"}),
    );
    bench.pass(60);
    let stopped = bench.ecs(
        "DescribeTasks",
        json!({"cluster": "shop", "tasks": [arn, "none"]}),
    );
    assert_eq!(stopped["tasks"][0]["stoppedReason"], "a test");
    assert_eq!(stopped["tasks"][0]["stopCode"], "UserInitiated");
    assert_eq!(stopped["failures"][0]["reason"], "MISSING");
    assert_eq!(
        bench.describe()["runningCount"],
        1,
        "the service replaces it"
    );
    assert_eq!(
        bench.refused(
            "ecs",
            "StopTask",
            json!({"cluster": "shop", "task": "none"})
        ),
        "InvalidParameterException"
    );
    bench.pass(3700);
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "desiredCount": 2}),
    );
    bench.pass(1);
    let later = bench.ecs("DescribeTasks", json!({"cluster": "shop", "tasks": [arn]}));
    assert_eq!(
        later["failures"][0]["reason"], "MISSING",
        "stopped tasks are kept for an hour"
    );
}

#[test]
fn task_events_have_the_members_of_the_documented_one() {
    let mut bench = Bench::with_image();
    bench.service("ECS", 1, json!({}));
    let documented: Value = serde_json::from_str(include_str!(
        "../../../../fixtures/events/ecs-task-state-change.json"
    ))
    .expect("JSON");
    let running = bench
        .events
        .iter()
        .find(|event| event["detail"]["lastStatus"] == "RUNNING")
        .expect("an event");
    let absent = |part: &Value, whole: &Value, known: &[&str]| -> Vec<String> {
        let members = part
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone());
        members
            .filter(|name| whole.get(name).is_none() && !known.contains(&name.as_str()))
            .collect()
    };
    // Times of pulling and connecting are not simulated.
    let known = ["connectivityAt", "pullStartedAt", "pullStoppedAt"];
    assert_eq!(
        absent(&documented["detail"], &running["detail"], &known),
        Vec::<String>::new()
    );
    assert_eq!(
        absent(
            &documented["detail"]["containers"][0],
            &running["detail"]["containers"][0],
            &[]
        ),
        Vec::<String>::new()
    );
}

#[test]
fn clusters_are_kept_and_deleted() {
    let mut bench = Bench::new();
    let settings = json!([{"name": "containerInsights", "value": "enabled"}]);
    bench.ecs(
        "CreateCluster",
        json!({"clusterName": "shop", "settings": settings}),
    );
    bench.ecs(
        "PutClusterCapacityProviders",
        json!({
            "cluster": "shop", "capacityProviders": ["FARGATE"],
            "defaultCapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1}],
        }),
    );
    let described =
        bench.ecs("DescribeClusters", json!({"clusters": ["shop"]}))["clusters"][0].clone();
    assert_eq!(described["settings"], settings);
    assert_eq!(described["capacityProviders"], json!(["FARGATE"]));
    let providers = bench.ecs(
        "DescribeCapacityProviders",
        json!({"capacityProviders": ["FARGATE", "mine"]}),
    );
    assert_eq!(providers["capacityProviders"][0]["name"], "FARGATE");
    assert_eq!(providers["failures"][0]["reason"], "MISSING");
    assert_eq!(
        bench.ecs("ListContainerInstances", json!({"cluster": "shop"}))["containerInstanceArns"],
        json!([])
    );
    assert_eq!(
        bench.ecs("DeleteCluster", json!({"cluster": "shop"}))["cluster"]["status"],
        "INACTIVE"
    );
    assert_eq!(
        bench.refused("ecs", "ListServices", json!({"cluster": "shop"})),
        "ClusterNotFoundException"
    );
    assert_eq!(
        bench.ecs("ListClusters", json!({}))["clusterArns"],
        json!([])
    );
}

#[test]
fn cluster_names_are_checked() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.refused("ecs", "CreateCluster", json!({"clusterName": "not a name"})),
        "InvalidParameterException"
    );
}
