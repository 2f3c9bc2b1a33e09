//! What CodeDeploy refuses, and what its lists and groups say.

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::bench::{Bench, PRODUCTION, text};

fn bench() -> Bench {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    bench.push("v2", Behaviour::Healthy);
    bench
}

#[test]
fn a_group_has_one_active_deployment() {
    let mut bench = bench();
    let id = bench.deploy("v2", &[], json!({}));
    let definition = bench.register("v2");
    let input = Bench::create_deployment(&Bench::appspec(&definition, &[]), json!({}));
    let error = bench
        .attempt("codedeploy", "CreateDeployment", &input)
        .expect_err("one at a time");
    assert_eq!(error.code, "DeploymentLimitExceededException");
    assert!(error.message.contains(&id));
}

#[test]
fn deployments_that_cannot_be_are_refused_by_name() {
    let mut bench = bench();
    let good = Bench::appspec(
        "arn:aws:ecs:eu-central-1:111111111111:task-definition/shop-api:1",
        &[],
    );
    let with = |more: Value| Bench::create_deployment(&good, more);
    let cases = [
        (
            with(json!({"applicationName": "other"})),
            "ApplicationDoesNotExistException",
        ),
        (
            with(json!({"applicationName": ""})),
            "ApplicationNameRequiredException",
        ),
        (
            with(json!({"deploymentGroupName": "other"})),
            "DeploymentGroupDoesNotExistException",
        ),
        (with(json!({"revision": null})), "RevisionRequiredException"),
        (
            with(
                json!({"revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": good, "sha256": "00"}}}),
            ),
            "InvalidRevisionException",
        ),
        (
            Bench::create_deployment("version: 0.0", json!({})),
            "InvalidRevisionException",
        ),
        (
            with(json!({"description": "x".repeat(257)})),
            "DescriptionTooLongException",
        ),
        (
            with(json!({"deploymentConfigName": "Other"})),
            "DeploymentConfigDoesNotExistException",
        ),
        (
            with(json!({"autoRollbackConfiguration": {"enabled": true, "events": ["NEVER"]}})),
            "InvalidAutoRollbackConfigException",
        ),
    ];
    for (input, code) in cases {
        assert_eq!(bench.refused("codedeploy", "CreateDeployment", input), code);
    }
}

#[test]
fn a_network_load_balancer_takes_all_at_once_only() {
    let mut bench = Bench::with_image();
    let listener = PRODUCTION.replace(":listener/app/", ":listener/net/");
    bench.blue_green(json!({"loadBalancerInfo": {"targetGroupPairInfoList": [{
        "targetGroups": [{"name": "blue"}, {"name": "green"}],
        "prodTrafficRoute": {"listenerArns": [listener]},
    }]}}));
    let definition = bench.register("v1");
    let content = Bench::appspec(&definition, &[]);
    let refused = Bench::create_deployment(&content, json!({}));
    assert_eq!(
        bench.refused("codedeploy", "CreateDeployment", refused),
        "InvalidTrafficRoutingConfigurationException",
        "the group's own is a canary"
    );
    let all = json!({"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"});
    bench.codedeploy("CreateDeployment", Bench::create_deployment(&content, all));
}

#[test]
fn a_task_definition_that_is_gone_fails_the_deployment() {
    let mut bench = bench();
    let definition = bench.register("v2");
    bench.ecs(
        "DeregisterTaskDefinition",
        json!({"taskDefinition": definition}),
    );
    let input = Bench::create_deployment(&Bench::appspec(&definition, &[]), json!({}));
    let id = text(&bench.codedeploy("CreateDeployment", input)["deploymentId"]);
    bench.until(60, "the failure", |bench| bench.status(&id) == "Failed");
    assert_eq!(
        bench.deployment(&id)["errorInformation"]["code"],
        "ECS_UPDATE_ERROR"
    );
}

#[test]
fn reports_on_hooks_are_checked() {
    let mut bench = bench();
    let id = bench.deploy("v2", &["BeforeInstall"], json!({}));
    bench.until(60, "the hook", |bench| bench.invocations.len() == 1);
    assert_eq!(
        bench.report("Skipped").expect_err("no such report").code,
        "InvalidLifecycleEventHookExecutionStatusException"
    );
    let put = |execution: &str, of: &str| json!({"deploymentId": of, "lifecycleEventHookExecutionId": execution, "status": "Succeeded"});
    assert_eq!(
        bench.refused(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            put("x", &id)
        ),
        "InvalidLifecycleEventHookExecutionIdException"
    );
    assert_eq!(
        bench.refused(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            put("x", "d-UNKNOWN12")
        ),
        "DeploymentDoesNotExistException"
    );
    assert_eq!(
        bench.refused(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            put("x", "nonsense")
        ),
        "InvalidDeploymentIdException"
    );
    assert_eq!(
        bench.refused(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            put("x", "")
        ),
        "DeploymentIdRequiredException"
    );
}

#[test]
fn lists_filter_by_group_status_and_time() {
    let mut bench = bench();
    let first = bench.deploy("v2", &[], json!({}));
    bench.until(900, "the first", |bench| {
        bench.status(&first) == "Succeeded"
    });
    let between = bench.now.as_second();
    bench.pass(10);
    let second = bench.deploy("v2", &[], json!({}));
    let mut ids = |input: Value| bench.codedeploy("ListDeployments", input)["deployments"].clone();
    assert_eq!(ids(json!({})), json!([first, second]));
    assert_eq!(
        ids(
            json!({"applicationName": "shop", "deploymentGroupName": "api", "includeOnlyStatuses": ["Created", "InProgress"]})
        ),
        json!([second])
    );
    assert_eq!(
        ids(json!({"createTimeRange": {"end": between}})),
        json!([first])
    );
    assert_eq!(
        ids(json!({"createTimeRange": {"start": between}})),
        json!([second])
    );
    assert_eq!(
        bench.refused(
            "codedeploy",
            "ListDeployments",
            json!({"applicationName": "shop"})
        ),
        "DeploymentGroupNameRequiredException"
    );
    let info = bench.codedeploy(
        "GetDeploymentGroup",
        json!({"applicationName": "shop", "deploymentGroupName": "api"}),
    );
    assert_eq!(
        info["deploymentGroupInfo"]["lastSuccessfulDeployment"]["deploymentId"],
        json!(first)
    );
    assert_eq!(
        info["deploymentGroupInfo"]["lastAttemptedDeployment"]["deploymentId"],
        json!(second)
    );
    let batch = bench.codedeploy(
        "BatchGetDeployments",
        json!({"deploymentIds": [first, second, "d-UNKNOWN12"]}),
    );
    assert_eq!(batch["deploymentsInfo"].as_array().map(Vec::len), Some(2));
}

#[test]
fn targets_exist_once_the_deployment_has_started() {
    let mut bench = bench();
    let id = bench.deploy("v2", &[], json!({}));
    let target = json!({"deploymentId": id, "targetId": "shop:api"});
    assert_eq!(
        bench.refused("codedeploy", "GetDeploymentTarget", target.clone()),
        "DeploymentNotStartedException"
    );
    bench.until(300, "the canary", |bench| {
        bench
            .lifecycle_or_none(&id)
            .iter()
            .any(|(name, status)| name == "AllowTraffic" && status == "InProgress")
    });
    assert_eq!(
        bench.codedeploy("ListDeploymentTargets", json!({"deploymentId": id}))["targetIds"],
        json!(["shop:api"])
    );
    let sets = bench.codedeploy("GetDeploymentTarget", target)["deploymentTarget"]["ecsTarget"]["taskSetsInfo"].clone();
    assert_eq!(sets[0]["taskSetLabel"], "Blue");
    assert_eq!(sets[0]["trafficWeight"], 90.0);
    assert_eq!(sets[0]["status"], "PRIMARY");
    assert_eq!(sets[1]["trafficWeight"], 10.0);
    assert_eq!(sets[1]["targetGroup"]["name"], "green");
    let other = json!({"deploymentId": id, "targetId": "shop:other"});
    assert_eq!(
        bench.refused("codedeploy", "GetDeploymentTarget", other),
        "DeploymentTargetDoesNotExistException"
    );
}

#[test]
fn groups_are_checked_and_can_be_changed() {
    let mut bench = bench();
    let group = bench.codedeploy(
        "GetDeploymentGroup",
        json!({"applicationName": "shop", "deploymentGroupName": "api"}),
    )["deploymentGroupInfo"]
        .clone();
    let mut create = |name: &str, change: Value| {
        let mut input = group.clone();
        input["deploymentGroupName"] = json!(name);
        if let (Some(input), Some(change)) = (input.as_object_mut(), change.as_object()) {
            input.extend(change.clone());
        }
        bench
            .attempt("codedeploy", "CreateDeploymentGroup", &input)
            .map_err(|error| error.code)
    };
    let code = |answer: Result<Value, String>| answer.expect_err("it is refused");
    assert_eq!(
        code(create("api", json!({}))),
        "DeploymentGroupAlreadyExistsException"
    );
    assert_eq!(
        code(create("b", json!({"serviceRoleArn": ""}))),
        "RoleRequiredException"
    );
    assert_eq!(
        code(create(
            "b",
            json!({"ecsServices": [{"clusterName": "shop", "serviceName": "none"}]})
        )),
        "InvalidECSServiceException"
    );
    assert_eq!(
        code(create(
            "b",
            json!({"deploymentStyle": {"deploymentType": "IN_PLACE"}})
        )),
        "InvalidDeploymentStyleException"
    );
    assert_eq!(
        code(create(
            "b",
            json!({"blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 7201}}})
        )),
        "InvalidBlueGreenDeploymentConfigurationException"
    );
    bench.codedeploy("UpdateDeploymentGroup", json!({
        "applicationName": "shop", "currentDeploymentGroupName": "api", "newDeploymentGroupName": "api-2",
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
    }));
    let names = bench.codedeploy("ListDeploymentGroups", json!({"applicationName": "shop"}));
    assert_eq!(names["deploymentGroups"], json!(["api-2"]));
    let info = bench.codedeploy(
        "BatchGetDeploymentGroups",
        json!({"applicationName": "shop", "deploymentGroupNames": ["api-2"]}),
    );
    assert_eq!(
        info["deploymentGroupsInfo"][0]["deploymentConfigName"],
        "CodeDeployDefault.ECSAllAtOnce"
    );
}

#[test]
fn own_configurations_shift_as_they_say() {
    let mut bench = bench();
    let new = bench.push("v3", Behaviour::Healthy);
    let routing = |percent: u64| json!({"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": percent, "canaryInterval": 2}});
    let create = |percent: u64| json!({"deploymentConfigName": "half", "computePlatform": "ECS", "trafficRoutingConfig": routing(percent)});
    assert_eq!(
        bench.refused("codedeploy", "CreateDeploymentConfig", create(100)),
        "InvalidTrafficRoutingConfigurationException"
    );
    bench.codedeploy("CreateDeploymentConfig", create(50));
    assert_eq!(
        bench.refused("codedeploy", "CreateDeploymentConfig", create(50)),
        "DeploymentConfigAlreadyExistsException"
    );
    bench.deploy("v3", &[], json!({"deploymentConfigName": "half"}));
    bench.until(300, "half", |bench| bench.share(&new) == 5);
    bench.pass(120);
    assert_eq!(bench.share(&new), 10);
    let listed = bench.codedeploy("ListDeploymentConfigs", json!({}));
    assert!(
        listed["deploymentConfigsList"]
            .as_array()
            .is_some_and(|names| names.len() == 6)
    );
}

#[test]
fn the_content_of_a_revision_is_read_by_its_hash() {
    let mut bench = bench();
    let id = bench.deploy("v2", &[], json!({}));
    let revision = bench.deployment(&id)["revision"].clone();
    let answer = bench.codedeploy(
        "GetApplicationRevision",
        json!({"applicationName": "shop", "revision": revision}),
    );
    assert!(text(&answer["revision"]["appSpecContent"]["content"]).contains("AWS::ECS::Service"));
}
