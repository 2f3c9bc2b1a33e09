//! What a service's description says, read from AWS's own JSON.

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::release::TaskCounts;

/// A service as DescribeServices describes it.
pub(crate) struct Service<'a>(pub(crate) &'a Value);

/// One of the service's deployments:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>.
pub(crate) struct EcsDeployment<'a>(&'a Value);

/// Whether the tasks of a service, as DescribeServices shows it, run on Fargate: by its launch type,
/// or because all of its capacity providers are Fargate's.
#[must_use]
pub fn is_on_fargate(service: &Value) -> bool {
    let primary = list(service, "taskSets").find(|set| text(set, "/status") == Some("PRIMARY"));
    [Some(service), primary].into_iter().flatten().any(|it| {
        let mut providers = list(it, "capacityProviderStrategy").peekable();
        let is_fargate = |it: &Value| {
            matches!(
                text(it, "/capacityProvider"),
                Some("FARGATE" | "FARGATE_SPOT")
            )
        };
        text(it, "/launchType") == Some("FARGATE")
            || providers.peek().is_some() && providers.all(is_fargate)
    })
}

impl<'a> Service<'a> {
    /// Whether ECS manages the service and what belongs to it, as it does in Express Mode.
    pub(crate) fn is_express(&self) -> bool {
        text(self.0, "/resourceManagementType") == Some("ECS")
    }

    /// The deployment strategy; ECS leaves out the one that it takes by default.
    pub(crate) fn strategy(&self) -> &'a str {
        text(self.0, "/deploymentConfiguration/strategy").unwrap_or("ROLLING")
    }

    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub(crate) fn status(&self) -> &'a str {
        text(self.0, "/status").unwrap_or("ACTIVE")
    }

    /// What sends traffic to its containers: load balancers, and service registries that name one.
    /// Task sets have their own.
    pub(crate) fn traffic_targets(&self) -> Vec<(&'a str, Option<u64>)> {
        let primary = list(self.0, "taskSets").find(|set| text(set, "/status") == Some("PRIMARY"));
        let of = |holder: &'a Value| {
            let balancers = list(holder, "loadBalancers").chain(list(holder, "serviceRegistries"));
            balancers.filter_map(|it| {
                let port = it.get("containerPort").and_then(Value::as_u64);
                Some((text(it, "/containerName")?, port))
            })
        };
        let mut targets: Vec<_> = of(self.0).chain(primary.into_iter().flat_map(of)).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// The names of the ports to which Service Connect, VPC Lattice and gateways send traffic, each
    /// with who does. A gateway's connectors are shown by its service revision, where it is known.
    pub(crate) fn named_ports(&self, revision: Option<&'a Value>) -> Vec<(&'static str, &'a str)> {
        let connect = self.service_connect().into_iter();
        let connect = connect.flat_map(|it| list(it, "services"));
        let gateways = [Some(self.0), revision].into_iter().flatten();
        let gateways = gateways.flat_map(|it| list(it, "gatewayConnectors"));
        let by = |who| move |it: &'a Value| Some((who, text(it, "/portName")?));
        let mut ports: Vec<_> = connect
            .filter_map(by("Service Connect"))
            .chain(self.lattices().filter_map(by("VPC Lattice")))
            .chain(gateways.filter_map(by("a gateway")))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Its configuration of Service Connect, if that is on, which its deployments show.
    pub(crate) fn service_connect(&self) -> Option<&'a Value> {
        let primary = list(self.0, "deployments").find(|it| text(it, "/status") == Some("PRIMARY"));
        let connect = primary?.get("serviceConnectConfiguration")?;
        (connect["enabled"] == true).then_some(connect)
    }

    /// The deployment controller: `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub(crate) fn controller(&self) -> &'a str {
        text(self.0, "/deploymentController/type").unwrap_or("ECS")
    }

    /// The revision that takes production traffic: of the primary task set where there are task
    /// sets, else of the service.
    pub(crate) fn revision(&self) -> Option<TaskDefinitionArn> {
        let primary = list(self.0, "taskSets").find(|set| text(set, "/status") == Some("PRIMARY"));
        let revision = primary.and_then(|set| text(set, "/taskDefinition"));
        revision
            .or_else(|| text(self.0, "/taskDefinition"))?
            .parse()
            .ok()
    }

    /// Whether tasks of that revision are kept beside those that take production traffic.
    pub(crate) fn keeps(&self, revision: &TaskDefinitionArn) -> bool {
        list(self.0, "taskSets").any(|set| {
            text(set, "/status") != Some("PRIMARY")
                && text(set, "/taskDefinition") == Some(revision.as_str())
        })
    }

    /// Whether a task set of that revision is there beside the one of that id.
    pub(crate) fn has_beside(&self, id: Option<&str>, revision: &TaskDefinitionArn) -> bool {
        list(self.0, "taskSets").any(|set| {
            text(set, "/id") != id && text(set, "/taskDefinition") == Some(revision.as_str())
        })
    }

    /// How many tasks it wants.
    pub(crate) fn desired_count(&self) -> u32 {
        count(self.0, "desiredCount")
    }

    /// Its deployment configuration; null when it has none.
    pub(crate) fn deployment_configuration(&self) -> &'a Value {
        self.0
            .get("deploymentConfiguration")
            .unwrap_or(&Value::Null)
    }

    pub(crate) fn load_balancers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(self.0, "loadBalancers")
    }

    /// What it is registered with in VPC Lattice, which its deployments show.
    pub(crate) fn lattices(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(self.0, "deployments")
            .filter(|it| text(it, "/status") == Some("PRIMARY"))
            .flat_map(|it| list(it, "vpcLatticeConfigurations"))
    }

    /// Whether ECS may count a rolling deployment as successful before all of its tasks run, or
    /// while older ones still do:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentEarlySuccessCriteria.html>.
    pub(crate) fn succeeds_early(&self) -> bool {
        self.deployment_configuration()["earlySuccessCriteria"]["enable"] == true
    }

    /// Whether its deployments may pause until somebody answers.
    pub(crate) fn may_pause(&self) -> bool {
        list(self.deployment_configuration(), "lifecycleHooks")
            .any(|hook| text(hook, "/targetType") == Some("PAUSE"))
    }

    /// The ARN of its newest service deployment, where ECS tells.
    pub(crate) fn current_deployment(&self) -> Option<DeploymentId> {
        text(self.0, "/currentServiceDeployment")?.parse().ok()
    }

    /// The id of the primary deployment, by which ECS's deployment state changes name it, if it
    /// brings that revision.
    pub(crate) fn primary_of(&self, revision: &TaskDefinitionArn) -> Option<DeploymentId> {
        let deployments = self.deployments();
        let primary = deployments
            .iter()
            .find(|it| it.is_primary() && it.revision() == revision.as_str())?;
        primary.id().parse().ok()
    }

    /// Its deployments, the primary first.
    pub(crate) fn deployments(&self) -> Vec<EcsDeployment<'a>> {
        list(self.0, "deployments").map(EcsDeployment).collect()
    }
}

impl<'a> EcsDeployment<'a> {
    /// `ecs-svc/…`.
    pub(crate) fn id(&self) -> &'a str {
        text(self.0, "/id").unwrap_or_default()
    }

    /// Whether it is the one that the service is moving to.
    pub(crate) fn is_primary(&self) -> bool {
        text(self.0, "/status") == Some("PRIMARY")
    }

    /// The revision that it brings.
    pub(crate) fn revision(&self) -> &'a str {
        text(self.0, "/taskDefinition").unwrap_or_default()
    }

    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`.
    pub(crate) fn rollout_state(&self) -> &'a str {
        text(self.0, "/rolloutState").unwrap_or_default()
    }

    /// Why it is in that state.
    pub(crate) fn rollout_reason(&self) -> &'a str {
        text(self.0, "/rolloutStateReason").unwrap_or_default()
    }

    /// Whether as many tasks run as are wanted.
    pub(crate) fn is_full(&self) -> bool {
        count(self.0, "runningCount") >= count(self.0, "desiredCount")
    }

    /// How many of its tasks run, or will.
    pub(crate) fn tasks(&self) -> u32 {
        count(self.0, "runningCount").saturating_add(count(self.0, "pendingCount"))
    }

    /// How many of its tasks there are.
    pub(crate) fn counts(&self) -> TaskCounts {
        TaskCounts {
            running: count(self.0, "runningCount"),
            wanted: count(self.0, "desiredCount"),
            failed: count(self.0, "failedTasks"),
        }
    }
}

/// What is left in place by a deployment that ECS has ended as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPrimary {
    pub deployment: String,
    /// The ARN of the revision that it brought.
    pub revision: String,
    /// How many of its tasks run.
    pub progress: TaskCounts,
    /// Why it failed, in ECS's words.
    pub reason: String,
}

/// The primary deployment of a service, as DescribeServices shows it, if ECS has ended it as failed.
/// With `rollback` in its circuit breaker and its alarms, ECS would have made another one primary.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
#[must_use]
pub fn failed_primary(service: &Value) -> Option<FailedPrimary> {
    let deployments = Service(service).deployments();
    let primary = deployments.iter().find(|it| it.is_primary())?;
    (primary.rollout_state() == "FAILED").then(|| FailedPrimary {
        deployment: primary.id().to_owned(),
        revision: primary.revision().to_owned(),
        progress: primary.counts(),
        reason: primary.rollout_reason().trim_end_matches('.').to_owned(),
    })
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn count(value: &Value, key: &str) -> u32 {
    value
        .get(key)
        .and_then(Value::as_u64)
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or_default()
}
