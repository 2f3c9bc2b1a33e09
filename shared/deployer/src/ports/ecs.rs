//! Amazon ECS.

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::Place;

use super::CallError;

/// A service deployment as a list of them shows it:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeploymentBrief {
    /// Its ARN.
    pub id: DeploymentId,
    /// The ARN of the service revision that it brings.
    pub target: Option<String>,
    pub created_at: Option<Timestamp>,
    /// How it stands, in ECS's words.
    pub status: String,
}

/// What a deployment is told that pauses:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseAnswer {
    /// To go on.
    Continue,
    /// To turn around: the old version gets the traffic back, where it has lost some.
    RollBack,
}

/// Amazon ECS.
pub trait Ecs {
    /// `DescribeServices` for one service: its JSON as AWS sent it, or `None` when it is missing
    /// or inactive.
    async fn describe_service(&self, place: &Place) -> Result<Option<Value>, CallError>;
    /// `DescribeTaskDefinition` with tags, by ARN or family: the whole answer as AWS sent it.
    async fn describe_task_definition(
        &self,
        place: &Place,
        reference: &str,
    ) -> Result<Option<Value>, CallError>;
    /// A revision as this process has described it last, or `DescribeTaskDefinition` if it has
    /// not: a revision is immutable but for its status.
    async fn task_definition_as_read(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Option<Value>, CallError>;
    /// The newest ACTIVE revisions of a family, at most `limit`.
    async fn newest_revisions(
        &self,
        place: &Place,
        family: &str,
        limit: u8,
    ) -> Result<Vec<TaskDefinitionArn>, CallError>;
    /// `RegisterTaskDefinition` with exactly this body.
    async fn register_task_definition(
        &self,
        place: &Place,
        document: &Value,
    ) -> Result<TaskDefinitionArn, CallError>;
    /// `UpdateService` to a revision, tried once: the service's JSON as AWS sent it.
    async fn update_service(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Value, CallError>;
    /// Why tasks failed that ECS started in the name of a deployment or task set, the newest first,
    /// for people.
    async fn stopped_reasons(
        &self,
        place: &Place,
        started_by: &str,
    ) -> Result<Vec<String>, CallError>;
    /// `RunTask` of one task with exactly this body, tried once: the task's ARN. That there is no
    /// room for it now counts as not done.
    async fn run_task(&self, place: &Place, document: &Value) -> Result<DeploymentId, CallError>;
    /// `ListTasks` of those that run and those that have stopped: the ARN of a task of that revision
    /// that was started with that text, if ECS knows one.
    async fn task_started_by(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
        started_by: &str,
    ) -> Result<Option<DeploymentId>, CallError>;
    /// `DescribeTasks` for one task: its JSON as AWS sent it, or `None` when it is missing.
    async fn task(&self, place: &Place, task: &DeploymentId) -> Result<Option<Value>, CallError>;
    /// `StopTask`. One that has stopped, or that ECS does not know any more, counts as done.
    async fn stop_task(
        &self,
        place: &Place,
        task: &DeploymentId,
        reason: &str,
    ) -> Result<(), CallError>;
    /// `DescribeServiceDeployments` for one: its JSON as AWS sent it, or `None` when there is none
    /// of that ARN.
    async fn service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<Value>, CallError>;
    /// `ListServiceDeployments`: those of the service that ECS still knows, the newest first.
    async fn recent_service_deployments(
        &self,
        place: &Place,
    ) -> Result<Vec<ServiceDeploymentBrief>, CallError>;
    /// `DescribeServiceRevisions` for one: the task definition that it runs; `None` when there is
    /// no such service revision.
    async fn task_definition_of(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<TaskDefinitionArn>, CallError>;
    /// `DescribeServiceRevisions` for one: its JSON as AWS sent it; `None` when there is none of that
    /// ARN.
    async fn service_revision(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<Value>, CallError>;
    /// `StopServiceDeployment` with a rollback. Over or rolling back already counts as done.
    async fn stop_service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<(), CallError>;
    /// `ContinueServiceDeployment`: answers a pause.
    async fn answer_pause(
        &self,
        place: &Place,
        id: &DeploymentId,
        pause: &PauseId,
        answer: PauseAnswer,
    ) -> Result<(), CallError>;
}
