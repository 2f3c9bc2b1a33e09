//! The example that the stories play in: `shop-api`, with a test, a staging and a production
//! service as Terraform would have made them, and its pipeline.

use serde_json::{Value, json};

use crate::lab::{ACCOUNT, Error, Lab, REGION};

/// The Slack channel of the example's pipeline.
pub const CHANNEL: &str = "C0DEPLOYS01";
/// The Slack user who may approve.
pub const APPROVER: &str = "U0APPROVER1";
/// A Slack user who may not.
pub const OUTSIDER: &str = "U0OUTSIDER1";

/// The example as it was set up.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The digest that everything runs at first.
    pub initial: String,
    /// The stages.
    pub stages: Vec<StageSetup>,
}

/// One stage's service.
#[derive(Debug, Clone)]
pub struct StageSetup {
    /// The stage's name, and its cluster's.
    pub name: &'static str,
    /// Where production traffic arrives, where there is a load balancer.
    pub url: Option<String>,
    /// Where test traffic arrives.
    pub test_url: Option<String>,
}

impl Shop {
    /// The name of the service, the repository and the pipeline.
    pub const NAME: &'static str = "shop-api";

    /// Sets the example up through AWS's own APIs.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn set_up(lab: &Lab) -> Result<Self, Error> {
        let repository = json!({ "repositoryName": Self::NAME, "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest" }] });
        lab.aws("ecr", "CreateRepository", &repository).await?;
        let pushed = lab
            .post(
                "push",
                &json!({ "repository": Self::NAME, "tag": "0000001" }),
            )
            .await?;
        let initial = pushed["digest"].as_str().unwrap_or_default().to_owned();
        let network = network_of(lab).await?;
        let application = json!({ "applicationName": Self::NAME, "computePlatform": "ECS" });
        lab.aws("codedeploy", "CreateApplication", &application)
            .await?;
        let mut stages = vec![rolling(lab, "test", &initial, &network).await?];
        for name in ["staging", "production"] {
            stages.push(blue_green(lab, name, &initial, &network).await?);
        }
        let production = format!("service/production/{}", Self::NAME);
        let target = json!({ "ServiceNamespace": "ecs", "ResourceId": production,
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 6 });
        lab.aws("application-autoscaling", "RegisterScalableTarget", &target)
            .await?;
        let shop = Self { initial, stages };
        shop.apply(lab, &shop.pipeline()).await?;
        Ok(shop)
    }

    /// The stage of that name.
    ///
    /// # Panics
    /// When the example has no such stage.
    #[must_use]
    pub fn stage(&self, name: &str) -> &StageSetup {
        self.stages
            .iter()
            .find(|stage| stage.name == name)
            .expect("a stage of the example")
    }

    /// What a stage runs that no release has reached.
    #[must_use]
    pub fn first(&self) -> [&str; 1] {
        [&self.initial]
    }

    /// The example's pipeline, as it is stored.
    #[must_use]
    pub fn pipeline(&self) -> Value {
        let health = |stage: &str| {
            let url = self.stage(stage).test_url.clone().unwrap_or_default();
            json!([{ "name": "health", "http": { "url": format!("{url}/healthz"), "json": { "/status": "ok" }, "attempts": 3 } }])
        };
        let codedeploy = |group: &str, configuration: &str| {
            json!({ "codedeploy": { "application": Self::NAME, "group": group, "configuration": configuration,
                "hook": "towpath-lifecycle-hook" } })
        };
        let stage = |name: &str, rollout: Value| {
            json!({ "name": name, "cluster": name, "service": Self::NAME, "containers": ["app"], "rollout": rollout,
                "environment": { "app": { "COMMIT": "${tag}" } },
                "docker_labels": { "app": { "com.example.commit": "${tag}" } }, "tags": { "commit": "${tag}" } })
        };
        let test = stage("test", json!({ "rolling": {} }));
        let mut staging = stage(
            "staging",
            codedeploy("staging", "CodeDeployDefault.ECSAllAtOnce"),
        );
        staging["checks"] = health("staging");
        let mut production = stage(
            "production",
            codedeploy("production", "CodeDeployDefault.ECSCanary10Percent5Minutes"),
        );
        production["checks"] = health("production");
        production["approval"] = json!({ "slack": [APPROVER], "sns": true, "expires": "24h" });
        json!({
            "pipeline": Self::NAME,
            "repository": Self::NAME,
            "tags": "commit",
            "notify": { "slack": CHANNEL, "sns": true },
            "stages": [test, staging, production],
        })
    }

    /// Stores a pipeline, as `towpath apply` does.
    ///
    /// # Errors
    /// When SSM says no.
    pub async fn apply(&self, lab: &Lab, pipeline: &Value) -> Result<(), Error> {
        let repository = pipeline["repository"].as_str().unwrap_or_default();
        let name = pipeline["pipeline"].as_str().unwrap_or_default();
        let parameter = json!({ "Name": format!("/towpath/pipelines/{repository}/{name}"), "Type": "String",
            "Value": pipeline.to_string(), "Overwrite": true });
        lab.aws("ssm", "PutParameter", &parameter).await?;
        Ok(())
    }
}

/// The reference of an image of the example.
fn image(digest: &str) -> String {
    format!(
        "{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{}@{digest}",
        Shop::NAME
    )
}

async fn task_definition(lab: &Lab, stage: &str, digest: &str) -> Result<String, Error> {
    let definition = json!({
        "family": format!("{}-{stage}", Shop::NAME),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/shop-api-execution"),
        "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/shop-api"),
        "runtimePlatform": { "cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [
            {
                "name": "app",
                "image": image(digest),
                "essential": true,
                "portMappings": [{ "containerPort": 8080, "protocol": "tcp" }],
                "environment": [{ "name": "STAGE", "value": stage }, { "name": "EMPTY", "value": "" }],
                "secrets": [{ "name": "DATABASE_URL", "valueFrom": format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{stage}/database-url") }],
                "logConfiguration": { "logDriver": "awslogs", "options": {
                    "awslogs-group": format!("/ecs/{}", Shop::NAME), "awslogs-region": REGION, "awslogs-stream-prefix": "app" } },
            },
        ],
    });
    let answer = lab
        .aws("ecs", "RegisterTaskDefinition", &definition)
        .await?;
    Ok(answer["taskDefinition"]["taskDefinitionArn"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

fn awsvpc(network: &Network) -> Value {
    json!({ "awsvpcConfiguration": { "subnets": network.subnets, "securityGroups": ["sg-0123456789abcdef0"], "assignPublicIp": "DISABLED" } })
}

async fn rolling(
    lab: &Lab,
    name: &'static str,
    digest: &str,
    network: &Network,
) -> Result<StageSetup, Error> {
    lab.aws("ecs", "CreateCluster", &json!({ "clusterName": name }))
        .await?;
    let definition = task_definition(lab, name, digest).await?;
    let service = json!({
        "cluster": name, "serviceName": Shop::NAME, "taskDefinition": definition, "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": awsvpc(network),
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            "maximumPercent": 200, "minimumHealthyPercent": 100 },
    });
    lab.aws("ecs", "CreateService", &service).await?;
    Ok(StageSetup {
        name,
        url: None,
        test_url: None,
    })
}

async fn blue_green(
    lab: &Lab,
    name: &'static str,
    digest: &str,
    network: &Network,
) -> Result<StageSetup, Error> {
    lab.aws("ecs", "CreateCluster", &json!({ "clusterName": name }))
        .await?;
    let balancer = LoadBalancer::create(lab, name, network).await?;
    let definition = task_definition(lab, name, digest).await?;
    let service = json!({
        "cluster": name, "serviceName": Shop::NAME, "taskDefinition": definition, "desiredCount": 2,
        "launchType": "FARGATE", "platformVersion": "1.4.0", "networkConfiguration": awsvpc(network),
        "deploymentController": { "type": "CODE_DEPLOY" },
        "loadBalancers": [{ "targetGroupArn": balancer.blue, "containerName": "app", "containerPort": 8080 }],
    });
    lab.aws("ecs", "CreateService", &service).await?;
    let group = json!({
        "applicationName": Shop::NAME, "deploymentGroupName": name,
        "serviceRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/codedeploy"),
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "ecsServices": [{ "clusterName": name, "serviceName": Shop::NAME }],
        "deploymentStyle": { "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL" },
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": { "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0 },
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
    let address = |arn: &str| find_listener(&listeners, arn);
    Ok(StageSetup {
        name,
        url: address(&balancer.production),
        test_url: address(&balancer.test),
    })
}

/// The address on this machine at which a listener's traffic arrives.
fn find_listener(listeners: &Value, arn: &str) -> Option<String> {
    let listener = listeners["listeners"]
        .as_array()?
        .iter()
        .find(|listener| listener["arn"] == arn)?;
    listener["url"].as_str().map(str::to_owned)
}

/// A load balancer with a production and a test listener and two target groups.
struct LoadBalancer {
    blue: String,
    production: String,
    test: String,
}

impl LoadBalancer {
    const API: (&'static str, &'static str) = ("elasticloadbalancing", "2015-12-01");

    async fn create(lab: &Lab, name: &str, network: &Network) -> Result<Self, Error> {
        let mut parameters = vec![
            ("Action", "CreateLoadBalancer".to_owned()),
            ("Name", name.to_owned()),
        ];
        for (index, subnet) in network.subnets.iter().enumerate() {
            parameters.push((
                ["Subnets.member.1", "Subnets.member.2"][index],
                subnet.clone(),
            ));
        }
        let arn = Self::call(lab, &parameters, "LoadBalancerArn").await?;
        let blue = Self::target_group(lab, &format!("{name}-blue"), &network.vpc).await?;
        let green = Self::target_group(lab, &format!("{name}-green"), &network.vpc).await?;
        let production = Self::listener(lab, &arn, "80", &blue).await?;
        let test = Self::listener(lab, &arn, "90", &green).await?;
        Ok(Self {
            blue,
            production,
            test,
        })
    }

    async fn target_group(lab: &Lab, name: &str, vpc: &str) -> Result<String, Error> {
        let parameters = [
            ("Action", "CreateTargetGroup"),
            ("Name", name),
            ("Protocol", "HTTP"),
            ("Port", "8080"),
            ("TargetType", "ip"),
            ("VpcId", vpc),
        ];
        Self::call(
            lab,
            &parameters.map(|(key, value)| (key, value.to_owned())),
            "TargetGroupArn",
        )
        .await
    }

    async fn listener(lab: &Lab, balancer: &str, port: &str, group: &str) -> Result<String, Error> {
        let parameters = [
            ("Action", "CreateListener"),
            ("LoadBalancerArn", balancer),
            ("Protocol", "HTTP"),
            ("Port", port),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", group),
        ];
        Self::call(
            lab,
            &parameters.map(|(key, value)| (key, value.to_owned())),
            "ListenerArn",
        )
        .await
    }

    async fn call(lab: &Lab, parameters: &[(&str, String)], wanted: &str) -> Result<String, Error> {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        let xml = lab.query(Self::API.0, Self::API.1, &parameters).await?;
        element(&xml, wanted).ok_or_else(|| Error::Story(format!("no {wanted} in {xml}")))
    }
}

/// The default network that the services run in.
struct Network {
    vpc: String,
    subnets: Vec<String>,
}

async fn network_of(lab: &Lab) -> Result<Network, Error> {
    let xml = lab
        .query("ec2", "2016-11-15", &[("Action", "DescribeSubnets")])
        .await?;
    let subnets: Vec<_> = xml
        .split("<subnetId>")
        .skip(1)
        .filter_map(|rest| rest.split('<').next())
        .take(2)
        .map(str::to_owned)
        .collect();
    match element(&xml, "vpcId") {
        Some(vpc) if subnets.len() == 2 => Ok(Network { vpc, subnets }),
        Some(_) | None => Err(Error::Story(
            "the default network has no two subnets".into(),
        )),
    }
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split('<').next().map(str::to_owned)
}
