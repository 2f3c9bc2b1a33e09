//! The services that the cells play on, as Terraform would have made them.

use serde_json::{Value, json};
use towpath_e2e::{Error, Lab, LoadBalancer, Network, Place, TOOLS, find_listener, network_of};

use super::engine::Engine;
use super::scenario::Scenario;

/// What all cells of a lab stand on.
pub(crate) struct Ground {
    network: Network,
}

/// The cluster of all cells.
pub(crate) const CLUSTER: &str = "contract";

impl Ground {
    pub(crate) async fn lay(lab: &Lab) -> Result<Self, Error> {
        lab.aws("ecs", "CreateCluster", &json!({ "clusterName": CLUSTER }))
            .await?;
        Ok(Self {
            network: network_of(lab.account(TOOLS)).await?,
        })
    }

    fn awsvpc(&self) -> Value {
        json!({ "awsvpcConfiguration": { "subnets": self.network.subnets, "securityGroups": ["sg-0123456789abcdef0"],
            "assignPublicIp": "DISABLED" } })
    }
}

/// Where a service is reached.
#[derive(Debug, Default)]
pub(crate) struct Address {
    /// Where production traffic arrives.
    pub(crate) url: Option<String>,
    /// Where test traffic arrives.
    pub(crate) test_url: Option<String>,
}

/// A service that the engine can roll out, two tasks of the image in it.
pub(crate) async fn make(
    lab: &Lab,
    ground: &Ground,
    engine: Engine,
    scenario: Scenario,
    image: &str,
) -> Result<Address, Error> {
    let name = scenario.name();
    let revision = register(lab, &definition(name, image)).await?;
    let service = json!({
        "cluster": CLUSTER, "serviceName": name, "taskDefinition": revision, "desiredCount": 2,
        "launchType": "FARGATE", "networkConfiguration": ground.awsvpc(),
    });
    let address = match engine {
        Engine::Rolling => rolling(lab, scenario, service).await?,
        Engine::CodeDeploy => codedeploy(lab, ground, scenario, service).await?,
        Engine::Ecs => native(lab, ground, scenario, service).await?,
    };
    // Something is suspended before anything is rolled out, which has to be so afterwards as well.
    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": format!("service/{CLUSTER}/{name}"),
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 6,
        "SuspendedState": { "ScheduledScalingSuspended": true } });
    lab.aws("application-autoscaling", "RegisterScalableTarget", &target)
        .await?;
    Ok(address)
}

/// What ends a deployment before its time, and whether it is then rolled back.
fn failure_detection(scenario: Scenario) -> Value {
    let rollback = scenario.is_rolled_back_by_ecs();
    let mut detection =
        json!({ "deploymentCircuitBreaker": { "enable": true, "rollback": rollback } });
    if scenario == Scenario::LeftServing {
        let alarms =
            json!({ "alarmNames": [scenario.name()], "enable": true, "rollback": rollback });
        detection["alarms"] = alarms;
    }
    detection
}

fn set(members: &mut Value, more: &Value) {
    for (key, value) in more.as_object().into_iter().flatten() {
        members[key] = value.clone();
    }
}

async fn rolling(lab: &Lab, scenario: Scenario, mut service: Value) -> Result<Address, Error> {
    let mut configuration = json!({ "maximumPercent": 200, "minimumHealthyPercent": 100 });
    set(&mut configuration, &failure_detection(scenario));
    service["deploymentConfiguration"] = configuration;
    lab.aws("ecs", "CreateService", &service).await?;
    Ok(Address::default())
}

async fn codedeploy(
    lab: &Lab,
    ground: &Ground,
    scenario: Scenario,
    mut service: Value,
) -> Result<Address, Error> {
    let name = scenario.name();
    let balancer = LoadBalancer::create(lab.account(TOOLS), name, &ground.network).await?;
    service["deploymentController"] = json!({ "type": "CODE_DEPLOY" });
    service["loadBalancers"] =
        json!([{ "targetGroupArn": balancer.blue, "containerName": "app", "containerPort": 8080 }]);
    lab.aws("ecs", "CreateService", &service).await?;
    let application = json!({ "applicationName": name, "computePlatform": "ECS" });
    lab.aws("codedeploy", "CreateApplication", &application)
        .await?;
    let ready = if scenario.asks_before_traffic() {
        json!({ "actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 1440 })
    } else {
        json!({ "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0 })
    };
    let group = json!({
        "applicationName": name, "deploymentGroupName": name,
        "serviceRoleArn": format!("arn:aws:iam::{}:role/codedeploy", TOOLS.account),
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "ecsServices": [{ "clusterName": CLUSTER, "serviceName": name }],
        "deploymentStyle": { "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL" },
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": ready,
            "terminateBlueInstancesOnDeploymentSuccess": { "action": "TERMINATE", "terminationWaitTimeInMinutes": 1 },
        },
        "autoRollbackConfiguration": { "enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"] },
        "loadBalancerInfo": { "targetGroupPairInfoList": [{
            "targetGroups": [{ "name": format!("{name}-blue") }, { "name": format!("{name}-green") }],
            "prodTrafficRoute": { "listenerArns": [balancer.production] },
            "testTrafficRoute": { "listenerArns": [balancer.test] },
        }] },
    });
    lab.aws("codedeploy", "CreateDeploymentGroup", &group)
        .await?;
    let listeners = lab.get("listeners").await?;
    Ok(Address {
        url: find_listener(&listeners, &balancer.production),
        test_url: find_listener(&listeners, &balancer.test),
    })
}

async fn native(
    lab: &Lab,
    ground: &Ground,
    scenario: Scenario,
    mut service: Value,
) -> Result<Address, Error> {
    let owner = lab.account(TOOLS);
    let Place { account, region } = TOOLS;
    let balancer = LoadBalancer::create(owner, scenario.name(), &ground.network).await?;
    let production = LoadBalancer::rule(owner, &balancer.production, &balancer.blue).await?;
    let test = LoadBalancer::rule(owner, &balancer.test, &balancer.blue).await?;
    let mut hooks = Vec::new();
    if scenario.checks_green() {
        hooks.push(json!({ "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
            "hookTargetArn": format!("arn:aws:lambda:{region}:{account}:function:towpath-lifecycle-hook"),
            "roleArn": format!("arn:aws:iam::{account}:role/ecs-hooks") }));
    }
    if scenario.asks_before_traffic() {
        hooks.push(
            json!({ "targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"] }),
        );
    }
    let mut configuration =
        json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": hooks });
    set(&mut configuration, &failure_detection(scenario));
    service["deploymentConfiguration"] = configuration;
    service["loadBalancers"] = json!([{
        "targetGroupArn": balancer.blue, "containerName": "app", "containerPort": 8080,
        "advancedConfiguration": {
            "alternateTargetGroupArn": balancer.green, "productionListenerRule": production,
            "testListenerRule": test, "roleArn": format!("arn:aws:iam::{account}:role/ecs-elb"),
        },
    }]);
    lab.aws("ecs", "CreateService", &service).await?;
    let listeners = lab.get("listeners").await?;
    Ok(Address {
        url: find_listener(&listeners, &balancer.production),
        test_url: find_listener(&listeners, &balancer.test),
    })
}

fn definition(name: &str, image: &str) -> Value {
    let Place { account, region } = TOOLS;
    json!({
        "family": name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{account}:role/shop-api-execution"),
        "containerDefinitions": [{
            "name": "app", "essential": true,
            "image": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}@{image}"),
            "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
            "environment": [],
        }],
    })
}

/// Registers a revision as somebody would in the console: what runs, with a variable more.
pub(crate) async fn edited(lab: &Lab, name: &str, image: &str) -> Result<String, Error> {
    let mut definition = definition(name, image);
    definition["containerDefinitions"][0]["environment"] =
        json!([{ "name": "HOTFIX", "value": "by hand" }]);
    register(lab, &definition).await
}

async fn register(lab: &Lab, definition: &Value) -> Result<String, Error> {
    let registered = lab.aws("ecs", "RegisterTaskDefinition", definition).await?;
    let arn = &registered["taskDefinition"]["taskDefinitionArn"];
    Ok(arn.as_str().unwrap_or_default().to_owned())
}
