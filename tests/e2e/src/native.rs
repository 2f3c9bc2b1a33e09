//! The example with one stage, `production`, whose traffic ECS itself moves.

use serde_json::{Value, json};

use crate::account::{Account, TOOLS};
use crate::lab::{Error, Lab};
use crate::network::{LoadBalancer, find_listener, network_of};
use crate::shop::{APPROVER, CHANNEL, Shop, StageSetup, awsvpc, first_image, task_definition};

/// The role with which ECS calls the hook function.
const HOOKS_ROLE: &str = "ecs-hooks";

/// What leads traffic to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A load balancer with a test listener.
    Balancer,
    /// Service Connect.
    Connect,
    /// VPC Lattice.
    Lattice,
    /// An ECS gateway.
    Gateway,
    /// Nothing: its tasks look for their work themselves.
    Headless,
}

/// How the service deploys, and what its stage waits for.
#[derive(Debug, Clone)]
pub struct Native {
    /// The service's deployment configuration, without its lifecycle hooks.
    pub configuration: Value,
    /// The stages at which the hook function is called; with any, there is a check after test
    /// traffic.
    pub checked_at: Vec<&'static str>,
    /// The stages at which the deployment pauses.
    pub pauses_at: Vec<&'static str>,
    /// Whether people are asked before traffic moves.
    pub asks: bool,
    /// What leads traffic to it.
    pub reached: Reached,
}

impl Native {
    /// Blue/green with a check after test traffic.
    #[must_use]
    pub fn blue_green() -> Self {
        Self {
            configuration: json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5 }),
            checked_at: vec!["POST_TEST_TRAFFIC_SHIFT"],
            pauses_at: Vec::new(),
            asks: false,
            reached: Reached::Balancer,
        }
    }

    /// Blue/green of a service that has no load balancer, without a check.
    #[must_use]
    pub fn without_balancer(reached: Reached) -> Self {
        Self {
            checked_at: Vec::new(),
            reached,
            ..Self::blue_green()
        }
    }

    /// The same, and people are asked before traffic moves.
    #[must_use]
    pub fn asking() -> Self {
        Self {
            pauses_at: vec!["PRE_PRODUCTION_TRAFFIC_SHIFT"],
            asks: true,
            ..Self::blue_green()
        }
    }

    fn configuration(&self) -> Value {
        let mut hooks = Vec::new();
        if !self.checked_at.is_empty() {
            hooks.push(json!({
                "hookTargetArn": hook_function(),
                "roleArn": format!("arn:aws:iam::{}:role/{HOOKS_ROLE}", TOOLS.account),
                "lifecycleStages": self.checked_at,
            }));
        }
        if !self.pauses_at.is_empty() {
            hooks.push(json!({ "targetType": "PAUSE", "lifecycleStages": self.pauses_at }));
        }
        let mut configuration = self.configuration.clone();
        configuration["lifecycleHooks"] = Value::from(hooks);
        configuration
    }

    /// Its pipeline, as it is stored.
    #[must_use]
    pub fn pipeline(&self, stage: &StageSetup) -> Value {
        let mut production = json!({ "name": stage.name, "cluster": stage.name, "service": Shop::NAME,
            "containers": ["app"], "engine": { "ecs": { "hook": "towpath-lifecycle-hook" } } });
        if !self.checked_at.is_empty() {
            let url = stage.test_url.clone().unwrap_or_default();
            production["checks"] = json!([{ "name": "health", "http": { "url": format!("{url}/healthz"),
                "json": { "/status": "ok" }, "attempts": 3 } }]);
        }
        if self.asks {
            production["approval"] =
                json!({ "slack": [APPROVER], "when": "before_traffic", "expires": "2h" });
        }
        json!({ "pipeline": Shop::NAME, "repository": Shop::NAME, "tags": "commit",
            "notify": { "slack": CHANNEL }, "stages": [production] })
    }
}

fn hook_function() -> String {
    format!(
        "arn:aws:lambda:{}:{}:function:towpath-lifecycle-hook",
        TOOLS.region, TOOLS.account
    )
}

impl Shop {
    /// Sets the example up with that one service, through AWS's own APIs.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn set_up_native(lab: &Lab, native: &Native) -> Result<Self, Error> {
        let owner = lab.account(TOOLS);
        let initial = first_image(owner).await?;
        let network = network_of(owner).await?;
        hooks_role(owner).await?;
        let name = "production";
        owner
            .aws("ecs", "CreateCluster", &json!({ "clusterName": name }))
            .await?;
        let mut service = json!({
            "cluster": name, "serviceName": Self::NAME, "desiredCount": 2, "launchType": "FARGATE",
            "taskDefinition": task_definition(owner, name, &initial).await?,
            "networkConfiguration": awsvpc(&network),
            "deploymentConfiguration": native.configuration(),
        });
        let mut stage = StageSetup {
            name,
            place: TOOLS,
            url: None,
            test_url: None,
        };
        let role = format!("arn:aws:iam::{}:role/ecs-elb", TOOLS.account);
        match native.reached {
            Reached::Balancer => {
                let balancer = LoadBalancer::create(owner, name, &network).await?;
                let rule =
                    async |listener| LoadBalancer::rule(owner, listener, &balancer.blue).await;
                service["loadBalancers"] = json!([{
                    "targetGroupArn": balancer.blue, "containerName": "app", "containerPort": 8080,
                    "advancedConfiguration": {
                        "alternateTargetGroupArn": balancer.green,
                        "productionListenerRule": rule(&balancer.production).await?,
                        "testListenerRule": rule(&balancer.test).await?, "roleArn": role,
                    },
                }]);
                owner.aws("ecs", "CreateService", &service).await?;
                let listeners = lab.get("listeners").await?;
                stage.url = find_listener(&listeners, &balancer.production);
                stage.test_url = find_listener(&listeners, &balancer.test);
            }
            Reached::Connect | Reached::Lattice | Reached::Gateway | Reached::Headless => {
                let (member, value) = match native.reached {
                    Reached::Connect => (
                        "serviceConnectConfiguration",
                        json!({ "enabled": true, "namespace": "shop", "services": [
                            { "portName": "http", "clientAliases": [{ "port": 80 }] }] }),
                    ),
                    Reached::Lattice => (
                        "vpcLatticeConfigurations",
                        json!([{ "roleArn": role, "portName": "http", "targetGroupArn": "blue",
                            "advancedConfiguration": { "alternateTargetGroupArn": "green",
                                "productionListenerRule": "rule" } }]),
                    ),
                    Reached::Gateway => ("gatewayConnectors", json!([{ "portName": "http" }])),
                    Reached::Headless | Reached::Balancer => ("loadBalancers", json!([])),
                };
                service[member] = value;
                owner.aws("ecs", "CreateService", &service).await?;
            }
        }
        let pipeline = native.pipeline(&stage);
        let shop = Self {
            initial,
            stages: vec![stage],
            target: None,
        };
        shop.apply(lab, &pipeline).await?;
        Ok(shop)
    }
}

/// The role with which ECS calls the hook function: `infra/service/native.tf`.
async fn hooks_role(owner: Account<'_>) -> Result<(), Error> {
    let policy =
        |statement: Value| json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let trust = policy(json!({ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "ecs.amazonaws.com" } }));
    let create = [
        ("Action", "CreateRole"),
        ("RoleName", HOOKS_ROLE),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    owner.query("iam", "2010-05-08", &create).await?;
    let invoke = policy(
        json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction",
        "Resource": hook_function() }),
    );
    let put = [
        ("Action", "PutRolePolicy"),
        ("RoleName", HOOKS_ROLE),
        ("PolicyName", "own"),
        ("PolicyDocument", invoke.as_str()),
    ];
    owner.query("iam", "2010-05-08", &put).await?;
    Ok(())
}
