//! AWS CodeDeploy.

use jiff::Timestamp;
use towpath_core::names::DeploymentId;
use towpath_core::release::Place;

use super::CallError;

/// What CodeDeploy is asked to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    pub application: String,
    /// The deployment group.
    pub group: String,
    /// The deployment configuration; the group's own when `None`.
    pub configuration: Option<String>,
    /// The AppSpec, as JSON.
    pub appspec: String,
    /// The description: the mark by which it is found again, at most 256 characters.
    pub description: String,
    /// Whether the group's alarms are not to stop it.
    pub ignore_alarms: bool,
}

/// What a deployment waits for until it is told to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// For production traffic to be let through (`READY_WAIT`).
    Ready,
    /// For the old tasks to be stopped (`TERMINATION_WAIT`).
    Termination,
}

/// A CodeDeploy deployment: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentInfo.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentInfo {
    pub id: DeploymentId,
    /// `Created`, `Queued`, `InProgress`, `Baking`, `Succeeded`, `Failed`, `Stopped`, `Ready`, or
    /// what AWS adds some day.
    pub status: String,
    pub description: String,
    /// The error's code and message, if it failed.
    pub error: Option<(String, String)>,
    pub ended_at: Option<Timestamp>,
    /// The deployment that rolls this one back, if there is one.
    pub rolled_back_by: Option<DeploymentId>,
    /// The deployment that this one rolls back, if it does.
    pub rolls_back: Option<DeploymentId>,
}

impl DeploymentInfo {
    /// Whether it keeps its group from another one.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !matches!(self.status.as_str(), "Succeeded" | "Failed" | "Stopped")
    }
}

/// How far a CodeDeploy deployment is on its ECS service:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ECSTarget.html>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploymentProgress {
    /// The lifecycle events in their order, each with its status: `Pending`, `InProgress`,
    /// `Succeeded`, `Failed`, `Skipped`, `Unknown`.
    pub lifecycle: Vec<(String, String)>,
    /// The percentage of production traffic that green gets.
    pub green_traffic: Option<u8>,
    /// The id of green's task set, in whose name ECS starts green's tasks.
    pub green: Option<String>,
}

/// What is known of a deployment group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentGroup {
    /// The compute platform: `ECS`, `Server`, `Lambda`.
    pub platform: String,
    /// The cluster and service that it targets.
    pub targets: Vec<(String, String)>,
    /// The deployment configuration of deployments that name none.
    pub configuration: Option<String>,
    /// The ARNs of the listeners that lead production traffic.
    pub listeners: Vec<String>,
    /// Whether a deployment waits to be told that production traffic may move, and for how many
    /// minutes at most: `deploymentReadyOption` with `STOP_DEPLOYMENT`.
    pub ready_minutes: Option<u32>,
}

/// AWS CodeDeploy.
pub trait CodeDeploy {
    /// `GetDeploymentGroup`; `None` when the application or the group does not exist.
    async fn deployment_group(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Option<DeploymentGroup>, CallError>;
    /// `CreateDeployment`, tried once.
    async fn create_deployment(
        &self,
        place: &Place,
        new: &NewDeployment,
    ) -> Result<DeploymentId, CallError>;
    /// `GetDeployment`; `None` when there is none of that id.
    async fn deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError>;
    /// `GetDeployment` in the account and region of whoever asks, for a hook function that knows no
    /// more than the id.
    async fn deployment_here(&self, id: &DeploymentId)
    -> Result<Option<DeploymentInfo>, CallError>;
    /// `GetDeploymentTarget` for the service. A deployment that has no target yet, or ended before
    /// it had one, has moved nothing.
    async fn progress(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<DeploymentProgress, CallError>;
    /// The deployments of a group that were created in the last seven days, the newest first:
    /// `ListDeployments` and `BatchGetDeployments`.
    async fn recent_deployments(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Vec<DeploymentInfo>, CallError>;
    /// `StopDeployment` with automatic rollback. Done already counts as done.
    async fn stop_deployment(&self, place: &Place, id: &DeploymentId) -> Result<(), CallError>;
    /// `ContinueDeployment`. A deployment that does not wait, or is over, counts as done.
    async fn continue_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
        wait: Wait,
    ) -> Result<(), CallError>;
    /// `PutLifecycleEventHookExecutionStatus`, in the account and region of the hook function, or
    /// at a place. An event that is complete already counts as done.
    async fn answer_hook(
        &self,
        place: Option<&Place>,
        id: &DeploymentId,
        execution: &str,
        passed: bool,
    ) -> Result<(), CallError>;
}
