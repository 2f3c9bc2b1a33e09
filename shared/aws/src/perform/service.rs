//! What a service's description says, read from AWS's own JSON.

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};

/// A service as DescribeServices describes it.
pub(super) struct Service<'a>(pub(super) &'a Value);

/// One of the service's deployments:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html>.
pub(super) struct EcsDeployment<'a>(&'a Value);

impl<'a> Service<'a> {
    /// The deployment controller: `ECS`, `CODE_DEPLOY`, `EXTERNAL`.
    pub(super) fn controller(&self) -> &'a str {
        text(self.0, "/deploymentController/type").unwrap_or("ECS")
    }

    /// The revision that takes production traffic: of the primary task set where there are task
    /// sets, else of the service.
    pub(super) fn revision(&self) -> Option<TaskDefinitionArn> {
        let primary = list(self.0, "taskSets").find(|set| text(set, "/status") == Some("PRIMARY"));
        let revision = primary.and_then(|set| text(set, "/taskDefinition"));
        revision
            .or_else(|| text(self.0, "/taskDefinition"))?
            .parse()
            .ok()
    }

    /// Whether tasks of that revision are kept beside those that take production traffic.
    pub(super) fn keeps(&self, revision: &TaskDefinitionArn) -> bool {
        list(self.0, "taskSets").any(|set| {
            text(set, "/status") != Some("PRIMARY")
                && text(set, "/taskDefinition") == Some(revision.as_str())
        })
    }

    /// Whether a task set of that revision is there beside the one of that id.
    pub(super) fn has_beside(&self, id: Option<&str>, revision: &TaskDefinitionArn) -> bool {
        list(self.0, "taskSets").any(|set| {
            text(set, "/id") != id && text(set, "/taskDefinition") == Some(revision.as_str())
        })
    }

    /// How many tasks it wants.
    pub(super) fn desired_count(&self) -> u32 {
        count(self.0, "desiredCount")
    }

    /// Its deployment configuration; null when it has none.
    pub(super) fn deployment_configuration(&self) -> &'a Value {
        self.0
            .get("deploymentConfiguration")
            .unwrap_or(&Value::Null)
    }

    /// Its load balancers.
    pub(super) fn load_balancers(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        list(self.0, "loadBalancers")
    }

    /// The ARN of its newest service deployment, where ECS tells.
    pub(super) fn current_deployment(&self) -> Option<DeploymentId> {
        text(self.0, "/currentServiceDeployment")?.parse().ok()
    }

    /// The id of the primary deployment, by which ECS's deployment state changes name it, if it
    /// brings that revision.
    pub(super) fn primary_of(&self, revision: &TaskDefinitionArn) -> Option<DeploymentId> {
        let deployments = self.deployments();
        let primary = deployments
            .iter()
            .find(|it| it.is_primary() && it.revision() == revision.as_str())?;
        primary.id().parse().ok()
    }

    /// Its deployments, the primary first.
    pub(super) fn deployments(&self) -> Vec<EcsDeployment<'a>> {
        list(self.0, "deployments").map(EcsDeployment).collect()
    }
}

impl<'a> EcsDeployment<'a> {
    /// `ecs-svc/…`.
    pub(super) fn id(&self) -> &'a str {
        text(self.0, "/id").unwrap_or_default()
    }

    /// Whether it is the one that the service is moving to.
    pub(super) fn is_primary(&self) -> bool {
        text(self.0, "/status") == Some("PRIMARY")
    }

    /// The revision that it brings.
    pub(super) fn revision(&self) -> &'a str {
        text(self.0, "/taskDefinition").unwrap_or_default()
    }

    /// `IN_PROGRESS`, `COMPLETED`, `FAILED`.
    pub(super) fn rollout_state(&self) -> &'a str {
        text(self.0, "/rolloutState").unwrap_or_default()
    }

    /// Why it is in that state.
    pub(super) fn rollout_reason(&self) -> &'a str {
        text(self.0, "/rolloutStateReason").unwrap_or_default()
    }

    /// `2 of 4 tasks run`, with what failed.
    pub(super) fn progress(&self) -> String {
        let (running, desired, failed) = (
            count(self.0, "runningCount"),
            count(self.0, "desiredCount"),
            count(self.0, "failedTasks"),
        );
        match failed {
            0 => format!("{running} of {desired} tasks run"),
            _ => format!("{running} of {desired} tasks run, {failed} failed"),
        }
    }
}

/// What is left in place by a deployment that ECS has ended as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPrimary {
    /// The deployment.
    pub deployment: String,
    /// The ARN of the revision that it brought.
    pub revision: String,
    /// How many of its tasks run.
    pub progress: String,
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
        progress: primary.progress(),
        reason: primary.rollout_reason().trim_end_matches('.').to_owned(),
    })
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
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
