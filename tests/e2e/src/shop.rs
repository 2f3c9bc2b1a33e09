//! The example that the stories play in: `shop-api`, with a test, a staging and a production
//! service as Terraform would have made them, and its pipeline.

use serde_json::{Value, json};

use crate::account::{Account, Place, TOOLS};
use crate::lab::{Error, Lab};
use crate::network::{LoadBalancer, Network, find_listener, network_of};
use crate::target::Target;

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
    pub stages: Vec<StageSetup>,
    /// What production needs because it is in an account of its own; `None` where it is not.
    pub target: Option<Target>,
}

/// One stage's service.
#[derive(Debug, Clone)]
pub struct StageSetup {
    /// The stage's name, and its cluster's.
    pub name: &'static str,
    /// Where its service is.
    pub place: Place,
    /// Where production traffic arrives, where there is a load balancer.
    pub url: Option<String>,
    /// Where test traffic arrives.
    pub test_url: Option<String>,
}

impl Shop {
    /// The name of the service, the repository and the pipeline.
    pub const NAME: &'static str = "shop-api";

    /// Sets the example up through AWS's own APIs, all of it in the deployer's account.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn set_up(lab: &Lab) -> Result<Self, Error> {
        Self::set_up_with(lab, None).await
    }

    /// Sets the example up with production in an account of its own, if there is one.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn set_up_with(lab: &Lab, target: Option<Target>) -> Result<Self, Error> {
        let tools = lab.account(TOOLS);
        let initial = first_image(tools).await?;
        if let Some(target) = &target {
            target.set_up(lab).await?;
            let template = definition(target.place, "production", &initial);
            target.keep_template(lab, &template).await?;
        }
        let production = target
            .as_ref()
            .map_or(tools, |target| lab.account(target.place));
        let application = json!({ "applicationName": Self::NAME, "computePlatform": "ECS" });
        tools
            .aws("codedeploy", "CreateApplication", &application)
            .await?;
        if production.place != tools.place {
            production
                .aws("codedeploy", "CreateApplication", &application)
                .await?;
        }
        let stages = vec![
            rolling(tools, "test", &initial).await?,
            blue_green(tools, "staging", &initial).await?,
            blue_green(production, "production", &initial).await?,
        ];
        let service = format!("service/production/{}", Self::NAME);
        let scalable = json!({ "ServiceNamespace": "ecs", "ResourceId": service,
            "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 6 });
        production
            .aws(
                "application-autoscaling",
                "RegisterScalableTarget",
                &scalable,
            )
            .await?;
        let shop = Self {
            initial,
            stages,
            target,
        };
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
            json!({ "name": name, "cluster": name, "service": Self::NAME, "containers": ["app"], "engine": rollout,
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
        if let Some(target) = &self.target {
            production["account"] = json!(target.place.account);
            production["region"] = json!(target.place.region);
            production["role"] = json!({ "arn": target.role(), "external_id": target.external_id });
            production["base"] = json!({ "parameter": Target::TEMPLATE });
        }
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
        store(lab, pipeline).await
    }
}

/// What Terraform makes beside the services: roles of the tasks, their log group, and the rule by
/// which old images go.
async fn beside_the_service(account: &Account<'_>) -> Result<(), Error> {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" }] })
    .to_string();
    for role in ["shop-api", "shop-api-execution"] {
        let create = [
            ("Action", "CreateRole"),
            ("RoleName", role),
            ("AssumeRolePolicyDocument", &trust),
        ];
        account.query("iam", "2010-05-08", &create).await?;
    }
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Action": "ssm:GetParameters",
        "Resource": format!("arn:aws:ssm:{}:{}:parameter/*/database-url",
            account.place.region, account.place.account) }] })
    .to_string();
    let put = [
        ("Action", "PutRolePolicy"),
        ("RoleName", "shop-api-execution"),
        ("PolicyName", "secrets"),
        ("PolicyDocument", &policy),
    ];
    account.query("iam", "2010-05-08", &put).await?;
    let group = json!({ "logGroupName": format!("/ecs/{}", Shop::NAME) });
    account.aws("logs", "CreateLogGroup", &group).await?;
    let rules = json!({ "rules": [{ "rulePriority": 1, "action": { "type": "expire" },
        "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100 } }] });
    let lifecycle =
        json!({ "repositoryName": Shop::NAME, "lifecyclePolicyText": rules.to_string() });
    account.aws("ecr", "PutLifecyclePolicy", &lifecycle).await?;
    Ok(())
}

/// Creates the repository and pushes what everything runs at first.
pub(crate) async fn first_image(tools: Account<'_>) -> Result<String, Error> {
    let repository = json!({ "repositoryName": Shop::NAME, "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest" }] });
    tools.aws("ecr", "CreateRepository", &repository).await?;
    beside_the_service(&tools).await?;
    let first = json!({ "repository": Shop::NAME, "tag": "0000001" });
    let pushed = tools.lab().post("push", &first).await?;
    Ok(pushed["digest"].as_str().unwrap_or_default().to_owned())
}

/// Stores any pipeline, as `towpath apply` does.
///
/// # Errors
/// When SSM says no.
pub async fn store(lab: &Lab, pipeline: &Value) -> Result<(), Error> {
    let repository = pipeline["repository"].as_str().unwrap_or_default();
    let name = pipeline["pipeline"].as_str().unwrap_or_default();
    let parameter = json!({ "Name": format!("/towpath/pipelines/{repository}/{name}"), "Type": "String",
        "Value": pipeline.to_string(), "Overwrite": true });
    lab.aws("ssm", "PutParameter", &parameter).await?;
    Ok(())
}

/// The reference of an image of the example, which is in the deployer's account wherever it runs.
fn image(digest: &str) -> String {
    let Place { account, region } = TOOLS;
    format!(
        "{account}.dkr.ecr.{region}.amazonaws.com/{}@{digest}",
        Shop::NAME
    )
}

/// The task definition of a stage there.
fn definition(place: Place, stage: &str, digest: &str) -> Value {
    let Place { account, region } = place;
    json!({
        "family": format!("{}-{stage}", Shop::NAME),
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": format!("arn:aws:iam::{account}:role/shop-api-execution"),
        "taskRoleArn": format!("arn:aws:iam::{account}:role/shop-api"),
        "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
        "containerDefinitions": [
            {
                "name": "app",
                "image": image(digest),
                "essential": true,
                "portMappings": [{ "containerPort": 8080, "protocol": "tcp", "name": "http" }],
                "environment": [{ "name": "STAGE", "value": stage }, { "name": "EMPTY", "value": "" }],
                "secrets": [{ "name": "DATABASE_URL", "valueFrom": format!("arn:aws:ssm:{region}:{account}:parameter/{stage}/database-url") }],
                "logConfiguration": { "logDriver": "awslogs", "options": {
                    "awslogs-group": format!("/ecs/{}", Shop::NAME), "awslogs-region": region, "awslogs-stream-prefix": "app" } },
            },
        ],
    })
}

pub(crate) async fn task_definition(
    owner: Account<'_>,
    stage: &str,
    digest: &str,
) -> Result<String, Error> {
    let definition = definition(owner.place, stage, digest);
    let answer = owner
        .aws("ecs", "RegisterTaskDefinition", &definition)
        .await?;
    Ok(answer["taskDefinition"]["taskDefinitionArn"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

pub(crate) fn awsvpc(network: &Network) -> Value {
    json!({ "awsvpcConfiguration": { "subnets": network.subnets, "securityGroups": ["sg-0123456789abcdef0"], "assignPublicIp": "DISABLED" } })
}

async fn rolling(
    owner: Account<'_>,
    name: &'static str,
    digest: &str,
) -> Result<StageSetup, Error> {
    let network = &network_of(owner).await?;
    owner
        .aws("ecs", "CreateCluster", &json!({ "clusterName": name }))
        .await?;
    let definition = task_definition(owner, name, digest).await?;
    let service = json!({
        "cluster": name, "serviceName": Shop::NAME, "taskDefinition": definition, "desiredCount": 1,
        "launchType": "FARGATE", "networkConfiguration": awsvpc(network),
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": true },
            "maximumPercent": 200, "minimumHealthyPercent": 100 },
    });
    owner.aws("ecs", "CreateService", &service).await?;
    Ok(StageSetup {
        name,
        place: owner.place,
        url: None,
        test_url: None,
    })
}

async fn blue_green(
    owner: Account<'_>,
    name: &'static str,
    digest: &str,
) -> Result<StageSetup, Error> {
    let network = &network_of(owner).await?;
    owner
        .aws("ecs", "CreateCluster", &json!({ "clusterName": name }))
        .await?;
    let balancer = LoadBalancer::create(owner, name, network).await?;
    let definition = task_definition(owner, name, digest).await?;
    let service = json!({
        "cluster": name, "serviceName": Shop::NAME, "taskDefinition": definition, "desiredCount": 2,
        "launchType": "FARGATE", "platformVersion": "1.4.0", "networkConfiguration": awsvpc(network),
        "deploymentController": { "type": "CODE_DEPLOY" },
        "loadBalancers": [{ "targetGroupArn": balancer.blue, "containerName": "app", "containerPort": 8080 }],
    });
    owner.aws("ecs", "CreateService", &service).await?;
    let group = json!({
        "applicationName": Shop::NAME, "deploymentGroupName": name,
        "serviceRoleArn": format!("arn:aws:iam::{}:role/codedeploy", owner.place.account),
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
    owner
        .aws("codedeploy", "CreateDeploymentGroup", &group)
        .await?;
    let listeners = owner.lab().get("listeners").await?;
    let address = |arn: &str| find_listener(&listeners, arn);
    Ok(StageSetup {
        name,
        place: owner.place,
        url: address(&balancer.production),
        test_url: address(&balancer.test),
    })
}
