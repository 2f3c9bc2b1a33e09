//! AWS as Terraform would have made it for the pipelines of a story.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::names::ParameterName;
use towpath_core::pipeline::{ApprovalPoint, EngineSettings, HookPoint, Pipeline, Stage};
use towpath_core::release::{Home, ScalingState, ServiceId};
use towpath_lab_world::{Behaviour, Push, Script};

use crate::judge::secret;
use crate::scenario::Cue;
use crate::script::Fault;
use crate::simulation::Simulation;

/// What a story begins with.
#[derive(Debug, Clone, Default)]
pub(crate) struct SetUp {
    pub(crate) pipelines: Vec<Pipeline>,
    /// How auto scaling of each service is suspended at first.
    pub(crate) scaling: ScalingState,
    /// How every image behaves that is pushed, where that is not left to chance.
    pub(crate) image: Option<Behaviour>,
    /// What some calls meet, whatever else is left to chance.
    pub(crate) faults: Vec<Fault>,
    /// How far the clocks of functions are off, whatever else is left to chance.
    pub(crate) skew: BTreeMap<&'static str, SignedDuration>,
    /// What people do, and when.
    pub(crate) cues: Vec<Cue>,
}

/// The account of everything.
pub(crate) const ACCOUNT: &str = "111111111111";
pub(crate) const REGION: &str = "eu-west-1";
/// The repository of every pipeline.
pub(crate) const REPOSITORY: &str = "shop/api";
/// The function that deployments ask.
const HOOK: &str = "towpath-lifecycle-hook";

/// The first moment of every story.
pub(crate) fn dawn() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().expect("a timestamp")
}

pub(crate) fn home() -> Home {
    Home {
        account: ACCOUNT.parse().expect("an account"),
        region: REGION.parse().expect("a region"),
    }
}

pub(crate) fn pipelines_path() -> ParameterName {
    "/towpath/pipelines"
        .parse()
        .expect("the name of a parameter")
}

/// A listener of a stage: `prod` or `test`.
pub(crate) fn listener(stage: &str, kind: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/{stage}/1111/{kind}")
}

fn group(stage: &str, colour: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{stage}-{colour}/aaaa")
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A scalable target of a service, by name.
pub(crate) fn scalable(service: &ServiceId) -> Value {
    json!({
        "ServiceNamespace": "ecs",
        "ResourceId": format!("service/{}/{}", service.cluster, service.service),
        "ScalableDimension": "ecs:service:DesiredCount",
    })
}

/// A task definition of a stage.
pub(crate) fn definition(stage: &str, image: &str, more: &Value) -> Value {
    let mut environment = vec![json!({ "name": "API_KEY", "value": secret::PLANTED })];
    environment.extend(more.as_array().into_iter().flatten().cloned());
    json!({
        "family": format!("shop-{stage}"),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": role("execution"),
        "containerDefinitions": [{
            "name": "api", "image": image, "essential": true,
            "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
            "environment": environment,
        }],
    })
}

/// The image of a digest or tag, as ECS takes it.
pub(crate) fn image(of: &str) -> String {
    let separator = if of.starts_with("sha256:") { '@' } else { ':' };
    format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{REPOSITORY}{separator}{of}")
}

fn must(simulation: &mut Simulation, call: (&'static str, &'static str), input: &Value) -> Value {
    let answer = simulation.aws((ACCOUNT, REGION), "root", call, input);
    answer.unwrap_or_else(|error| panic!("{} {}: {error}", call.0, call.1))
}

/// What the task of a check does: it is done after half a minute, or goes on until somebody stops it.
pub(crate) fn migration(ends: bool) -> Script {
    Script {
        command: vec!["./migrate".to_owned()],
        exit_code: ends.then_some(0),
        seconds: 30,
        log: Vec::new(),
    }
}

/// Makes everything that the pipelines need, and lets it come up.
pub(crate) fn create(simulation: &mut Simulation, set_up: &SetUp) {
    must(
        simulation,
        ("ecr", "CreateRepository"),
        &json!({ "repositoryName": REPOSITORY }),
    );
    let push = Push {
        repository: REPOSITORY.to_owned(),
        tag: Some("initial".to_owned()),
        behaviour: Behaviour::Healthy,
        ..Push::default()
    };
    let digest = simulation.aws.push(ACCOUNT, REGION, &push, simulation.now);
    let digest = digest.expect("the repository exists");
    simulation.initial.clone_from(&digest);
    simulation.aws.set_script(migration(true));
    let mut made: Vec<ServiceId> = Vec::new();
    for stage in set_up.pipelines.iter().flat_map(|it| &it.stages) {
        let service = home().service_of(stage);
        if made.contains(&service) {
            continue;
        }
        self::service(simulation, stage, &digest);
        let state = set_up.scaling;
        let mut input = scalable(&service);
        input["MinCapacity"] = json!(1);
        input["MaxCapacity"] = json!(4);
        input["SuspendedState"] = json!({
            "DynamicScalingInSuspended": state.dynamic_in,
            "DynamicScalingOutSuspended": state.dynamic_out,
            "ScheduledScalingSuspended": state.scheduled,
        });
        let call = ("application-autoscaling", "RegisterScalableTarget");
        must(simulation, call, &input);
        simulation.seen.wanted.insert(service.clone(), state);
        made.push(service);
    }
    simulation.pass(jiff::SignedDuration::from_mins(5));
    simulation.deliveries.clear();
    simulation.judge_from_here();
    simulation.judge_pipelines();
    simulation.applied_at = simulation.now;
}

fn service(simulation: &mut Simulation, stage: &Stage, digest: &str) {
    let name = stage.name.as_str();
    must(
        simulation,
        ("ecs", "CreateCluster"),
        &json!({ "clusterName": name }),
    );
    let definition = definition(name, &image(digest), &json!([]));
    let registered = must(simulation, ("ecs", "RegisterTaskDefinition"), &definition);
    let mut service = json!({
        "cluster": name, "serviceName": stage.service, "desiredCount": 2, "launchType": "FARGATE",
        "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"] } },
    });
    match &stage.engine {
        EngineSettings::Rolling(_) => {
            service["deploymentConfiguration"] = json!({
                "deploymentCircuitBreaker": { "enable": true, "rollback": true },
                "maximumPercent": 200, "minimumHealthyPercent": 100 });
            must(simulation, ("ecs", "CreateService"), &service);
        }
        EngineSettings::CodeDeploy(settings) => {
            service["deploymentController"] = json!({ "type": "CODE_DEPLOY" });
            service["loadBalancers"] = json!([{ "targetGroupArn": group(name, "blue"),
                "containerName": "api", "containerPort": 8080 }]);
            must(simulation, ("ecs", "CreateService"), &service);
            listeners(simulation, name);
            by_codedeploy(
                simulation,
                stage,
                (settings.application.as_str(), settings.group.as_str()),
            );
        }
        EngineSettings::Ecs(_) => {
            let rule = |kind: &str| {
                let listener = listener(name, kind);
                format!(
                    "{}/rule1",
                    listener.replace(":listener/", ":listener-rule/")
                )
            };
            service["loadBalancers"] = json!([{ "targetGroupArn": group(name, "blue"),
                "containerName": "api", "containerPort": 8080,
                "advancedConfiguration": {
                    "alternateTargetGroupArn": group(name, "green"),
                    "productionListenerRule": rule("prod"), "testListenerRule": rule("test"),
                    "roleArn": role("ecs-elb") } }]);
            service["deploymentConfiguration"] = json!({ "strategy": "BLUE_GREEN",
                "bakeTimeInMinutes": 5, "lifecycleHooks": hooks(stage) });
            // Its rules are all that there is of its listeners, so that whoever asks these meets green.
            must(simulation, ("ecs", "CreateService"), &service);
        }
    }
}

fn listeners(simulation: &mut Simulation, stage: &str) {
    let blue = [(group(stage, "blue"), 1.0)];
    simulation.aws.forward(&listener(stage, "prod"), &blue);
    simulation.aws.forward(&listener(stage, "test"), &blue);
}

/// Whether people are asked before traffic moves.
fn asks_before_traffic(stage: &Stage) -> bool {
    let gate = stage.approval.as_ref();
    gate.is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic)
}

/// The lifecycle hooks of a service whose traffic ECS moves.
fn hooks(stage: &Stage) -> Value {
    let mut hooks = Vec::new();
    if stage
        .checks_at(HookPoint::AfterTestTraffic)
        .next()
        .is_some()
    {
        hooks.push(json!({
            "hookTargetArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{HOOK}"),
            "roleArn": role("ecs-hooks"), "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"] }));
    }
    if asks_before_traffic(stage) {
        hooks.push(json!({ "targetType": "PAUSE",
            "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"] }));
    }
    Value::Array(hooks)
}

fn by_codedeploy(
    simulation: &mut Simulation,
    stage: &Stage,
    (application, group_name): (&str, &str),
) {
    let name = stage.name.as_str();
    must(
        simulation,
        ("codedeploy", "CreateApplication"),
        &json!({ "applicationName": application, "computePlatform": "ECS" }),
    );
    let ready = if asks_before_traffic(stage) {
        json!({ "actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 600 })
    } else {
        json!({ "actionOnTimeout": "CONTINUE_DEPLOYMENT" })
    };
    let target = |colour: &str| json!({ "name": format!("{name}-{colour}") });
    let input = json!({
        "applicationName": application, "deploymentGroupName": group_name,
        "serviceRoleArn": role("codedeploy"),
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "deploymentStyle": { "deploymentType": "BLUE_GREEN",
            "deploymentOption": "WITH_TRAFFIC_CONTROL" },
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess": { "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 5 },
            "deploymentReadyOption": ready,
        },
        "autoRollbackConfiguration": { "enabled": true,
            "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"] },
        "loadBalancerInfo": { "targetGroupPairInfoList": [{
            "targetGroups": [target("blue"), target("green")],
            "prodTrafficRoute": { "listenerArns": [listener(name, "prod")] },
            "testTrafficRoute": { "listenerArns": [listener(name, "test")] },
        }] },
        "ecsServices": [{ "clusterName": name, "serviceName": stage.service }],
    });
    must(simulation, ("codedeploy", "CreateDeploymentGroup"), &input);
}
