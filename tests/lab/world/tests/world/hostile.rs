//! Whatever is sent, the world answers: no input makes it panic or stand still.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use towpath_lab_world::{Behaviour, Call};

use crate::bench::{ACCOUNT, Bench, REGION};

/// Operations of all services, and the members they take, so that arbitrary inputs get past the
/// first check.
const OPERATIONS: &[(&str, &[&str])] = &[
    (
        "ecr",
        &[
            "CreateRepository",
            "DescribeRepositories",
            "DeleteRepository",
            "PutImageTagMutability",
            "DescribeImages",
            "ListImages",
            "BatchGetImage",
            "PutImage",
            "BatchDeleteImage",
            "PutLifecyclePolicy",
            "SetRepositoryPolicy",
            "StartImageScan",
            "DescribeImageScanFindings",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
        ],
    ),
    (
        "ecs",
        &[
            "CreateCluster",
            "DescribeClusters",
            "ListClusters",
            "RegisterTaskDefinition",
            "DescribeTaskDefinition",
            "ListTaskDefinitions",
            "DeregisterTaskDefinition",
            "DeleteTaskDefinitions",
            "TagResource",
            "CreateService",
            "UpdateService",
            "DescribeServices",
            "ListServices",
            "DeleteService",
            "ListTasks",
            "DescribeTasks",
            "RunTask",
            "StopTask",
            "ListServiceDeployments",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "StopServiceDeployment",
            "ContinueServiceDeployment",
            "DescribeTaskSets",
        ],
    ),
    (
        "codedeploy",
        &[
            "CreateApplication",
            "GetApplication",
            "CreateDeploymentGroup",
            "UpdateDeploymentGroup",
            "GetDeploymentGroup",
            "DeleteDeploymentGroup",
            "CreateDeploymentConfig",
            "GetDeploymentConfig",
            "CreateDeployment",
            "GetDeployment",
            "BatchGetDeployments",
            "ListDeployments",
            "GetApplicationRevision",
            "ListDeploymentTargets",
            "GetDeploymentTarget",
            "PutLifecycleEventHookExecutionStatus",
            "StopDeployment",
            "ContinueDeployment",
            "TagResource",
        ],
    ),
    (
        "application-autoscaling",
        &[
            "RegisterScalableTarget",
            "DescribeScalableTargets",
            "DeregisterScalableTarget",
            "PutScalingPolicy",
            "DescribeScalingPolicies",
        ],
    ),
];
const MEMBERS: &[&str] = &[
    "repositoryName",
    "registryId",
    "imageIds",
    "imageTag",
    "imageId",
    "imageManifest",
    "filter",
    "nextToken",
    "maxResults",
    "cluster",
    "clusters",
    "service",
    "services",
    "serviceName",
    "family",
    "taskDefinition",
    "containerDefinitions",
    "cpu",
    "memory",
    "networkMode",
    "requiresCompatibilities",
    "desiredCount",
    "deploymentConfiguration",
    "deploymentController",
    "loadBalancers",
    "networkConfiguration",
    "force",
    "forceNewDeployment",
    "tasks",
    "task",
    "count",
    "serviceDeploymentArns",
    "serviceDeploymentArn",
    "hookId",
    "action",
    "applicationName",
    "deploymentGroupName",
    "currentDeploymentGroupName",
    "revision",
    "deploymentId",
    "deploymentIds",
    "targetId",
    "status",
    "trafficRoutingConfig",
    "computePlatform",
    "ResourceId",
    "ServiceNamespace",
    "ScalableDimension",
    "MinCapacity",
    "MaxCapacity",
    "SuspendedState",
    "resourceArn",
    "ResourceArn",
    "tags",
    "createTimeRange",
];
const WORDS: &[&str] = &[
    "",
    "shop",
    "api",
    "shop-api",
    "v1",
    "shop-api:1",
    "shop-api:99999999999999999999",
    "ecs",
    "service/shop/api",
    "ecs:service:DesiredCount",
    "arn:aws:ecs:eu-central-1:111111111111:service/shop/api",
    "arn:",
    "arn:::::::",
    "d-",
    "d-ABC",
    "ECS",
    "CODE_DEPLOY",
    "BLUE_GREEN",
    "FARGATE",
    "awsvpc",
    "1 vCPU",
    ".",
    "ffffffffffffffff",
    "\u{202e}\u{0}é",
    "sha256:",
    "{}",
    "[",
    "AppSpecContent",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(WORDS).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(MEMBERS), inner), 0..4).prop_map(
                |members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>()
                    .into()
            ),
        ]
    })
}

fn input() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => value(),
        8 => prop::collection::vec((prop::sample::select(MEMBERS), value()), 0..8).prop_map(|members| {
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
        }),
    ]
}

fn call() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let operations: Vec<(&str, &str)> = OPERATIONS
        .iter()
        .flat_map(|(service, names)| names.iter().map(move |name| (*service, *name)))
        .collect();
    (prop::sample::select(operations), input())
        .prop_map(|((service, operation), input)| (service, operation, input))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_panics_and_time_goes_on(calls in prop::collection::vec((call(), 0_i64..4000), 1..24)) {
        let mut bench = Bench::with_image();
        bench.blue_green(json!({}));
        bench.push("v2", Behaviour::CrashLoop);
        bench.deploy("v2", &["AfterInstall"], json!({}));
        for ((service, operation, input), wait) in calls {
            let call = Call { account: ACCOUNT, region: REGION, principal: "root", service, operation, input: &input };
            if let Err(error) = bench.world.call(&call, bench.now) {
                prop_assert!(!error.code.is_empty() && (400..600).contains(&error.status));
            }
            bench.pass(wait);
        }
        bench.pass(200_000);
        let _overview = bench.world.overview();
    }

    #[test]
    fn no_answer_of_a_function_panics(answers in prop::collection::vec(value(), 1..12)) {
        let mut bench = Bench::with_image();
        bench.native_service(json!({"strategy": "CANARY", "lifecycleHooks": [{
            "hookTargetArn": "f", "roleArn": "r",
            "lifecycleStages": ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"],
        }]}));
        bench.push("v2", Behaviour::Healthy);
        let definition = bench.register("v2");
        bench.ecs("UpdateService", json!({"cluster": "shop", "service": "api", "taskDefinition": definition}));
        for (at, answer) in answers.into_iter().enumerate() {
            bench.pass(60);
            for token in 0..=bench.tokens.last().copied().unwrap_or_default() {
                let status = if at % 3 == 2 { answer.clone() } else { json!({"hookStatus": "IN_PROGRESS", "callBackDelay": answer, "hookDetails": answer}) };
                bench.answer(token, Ok(status));
            }
        }
        bench.pass(200_000);
    }
}
