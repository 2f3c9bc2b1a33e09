//! What the loop asks of the world, one trait per service: implemented over AWS by the adapters
//! beside this file, and by simulations in tests.
//!
//! A method is one call of an AWS API (or the pages of one), so that a simulation can give each
//! call each of its outcomes: done, refused, failed before it took effect, done with the answer
//! lost, throttled.

#![expect(
    async_fn_in_trait,
    reason = "everything runs on one thread, so no caller needs the futures to be Send"
)]

mod directive;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::check::{Alarm, LogStream, MetricSpan, Reading, Verdict};
use towpath_core::image::{Digest, Registry, RepositoryName, Tag};
use towpath_core::names::{
    AlarmName, ApprovalId, DeploymentId, ParameterName, PauseId, PipelineName, ReleaseId,
    SlackUser, TaskDefinitionArn,
};
use towpath_core::pipeline::{HttpCheck, MetricCheck};
use towpath_core::release::{
    Actor, Card, Event, Place, Release, ScalingState, ServiceId, ServiceRow,
};

pub use directive::{Directives, Issue, Issued, Trail};

/// A call that did not succeed, by what that means for whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS understood and said no: asking again would get the same answer.
    #[error("{operation}: {code}: {message}")]
    Refused {
        /// The operation, such as `ecs:UpdateService`.
        operation: &'static str,
        /// The error's code, such as `ClusterNotFoundException`.
        code: String,
        /// What AWS said, without secrets.
        message: String,
    },
    /// It certainly did not happen (throttled, not connected), and may be tried again at once.
    #[error("{operation} was not carried out: {message}")]
    NotDone {
        /// The operation.
        operation: &'static str,
        /// Why.
        message: String,
    },
    /// It may or may not have happened: the answer was lost.
    #[error("the outcome of {operation} is unknown: {message}")]
    Unknown {
        /// The operation.
        operation: &'static str,
        /// What is known.
        message: String,
    },
}

impl CallError {
    /// The error's code, if AWS refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::NotDone { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Entries that are written together, or not at all.
#[derive(Debug)]
pub struct Append<'a> {
    /// The release as it was loaded: the entries follow its last one.
    pub release: &'a Release,
    /// What happened.
    pub events: &'a [Event],
    /// Who says so.
    pub actor: &'a Actor,
    /// When.
    pub at: Timestamp,
    /// Whether `advance` is to look at the release: intake says yes, `advance` itself no.
    pub wake: bool,
    /// When the sweeper is to look at the release if nothing happens before.
    pub due: Option<Timestamp>,
}

/// Why entries were not written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else wrote first: load again and decide again.
    #[error("another writer was first")]
    Behind,
    /// The service's row does not allow it: another release owns it, or a newer one has arrived.
    #[error("the service has changed hands")]
    Service,
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A ledger that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An item is not an entry, or the entries make no release.
    #[error("the ledger of {release} cannot be read: {problem}")]
    Unreadable {
        /// The release.
        release: ReleaseId,
        /// What is wrong.
        problem: String,
    },
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// An open release, as the sweeper sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRelease {
    /// The release.
    pub release: ReleaseId,
    /// When the sweeper wakes it if nothing happens before.
    pub due: Option<Timestamp>,
    /// From when on it is expected to go on without people, if it is.
    pub moving_since: Option<Timestamp>,
    /// The release that it waits behind, or what else keeps it.
    pub behind: Option<String>,
}

/// The ledger.
pub trait Ledger {
    /// The release, if there is one: one Query, strongly consistent.
    async fn load(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError>;
    /// Opens a release: its first entries. `Behind` when it exists already.
    async fn open(
        &self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError>;
    /// Writes entries, the summary and the service's row in one transaction, and returns the
    /// release as it is then.
    async fn append(&self, append: Append<'_>) -> Result<Release, AppendError>;
    /// The release that a deployment belongs to, if it is one of ours: the appends that first name
    /// a deployment ([`Event::new_deployments`]) write that down in the same transaction.
    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, CallError>;
    /// The release of a pipeline whose image was pushed last, with the time of that push.
    async fn newest(
        &self,
        pipeline: &PipelineName,
    ) -> Result<Option<(ReleaseId, Timestamp)>, CallError>;
    /// Why an image may be rolled out nowhere, if it was vetoed.
    async fn veto(&self, digest: &Digest) -> Result<Option<String>, CallError>;
    /// A service's row; the empty row when there is none yet.
    async fn service(&self, id: &ServiceId) -> Result<ServiceRow, LoadError>;
    /// Has `advance` look at a release, without writing an entry.
    async fn wake(&self, id: &ReleaseId, at: Timestamp) -> Result<(), CallError>;
    /// Sets when the sweeper looks at a release, unless somebody has written to it since it was
    /// loaded: what they wrote is to be looked at first, and they said when.
    async fn set_due(&self, release: &Release, due: Option<Timestamp>) -> Result<(), CallError>;
    /// The open releases as the sweeper sees them, the most overdue first, at most `limit`. One
    /// Query of an index, which lags a little behind the ledger.
    async fn watched(&self, limit: usize) -> Result<Vec<OpenRelease>, CallError>;
}

/// A service deployment as a list of them shows it:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceDeploymentBrief {
    /// Its ARN.
    pub id: DeploymentId,
    /// The ARN of the service revision that it brings.
    pub target: Option<String>,
    /// When it was created.
    pub created_at: Option<Timestamp>,
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
    /// Why tasks that a deployment started have stopped, the newest first, for people.
    async fn stopped_reasons(
        &self,
        place: &Place,
        started_by: &str,
    ) -> Result<Vec<String>, CallError>;
    /// `RunTask` of one task with exactly this body, tried once: the task's ARN. That there is no
    /// room for it now counts as not done.
    async fn run_task(&self, place: &Place, document: &Value) -> Result<DeploymentId, CallError>;
    /// `ListTasks` of those that run and those that have stopped: the ARN of a task that was
    /// started with that text, if ECS knows one.
    async fn task_started_by(
        &self,
        place: &Place,
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
    /// `ListServiceDeployments`: the newest ones of the service, the newest first.
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
    /// `StopServiceDeployment` with a rollback. Over or rolling back already counts as done.
    async fn stop_service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<(), CallError>;
    /// `ContinueServiceDeployment` past a pause.
    async fn continue_service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
        pause: &PauseId,
    ) -> Result<(), CallError>;
}

/// Amazon CloudWatch.
pub trait Metrics {
    /// `DescribeAlarms` for metric and composite alarms, at most 100: those that exist.
    async fn alarms(&self, place: &Place, names: &[AlarmName]) -> Result<Vec<Alarm>, CallError>;
    /// `GetMetricData` of a check's statistic and of the number of its samples.
    async fn metric(
        &self,
        place: &Place,
        check: &MetricCheck,
        span: MetricSpan,
    ) -> Result<Reading, CallError>;
}

/// Amazon CloudWatch Logs.
pub trait Logs {
    /// `GetLogEvents`: the last lines of a stream, the newest last.
    async fn log_lines(&self, place: &Place, stream: &LogStream) -> Result<Vec<String>, CallError>;
}

/// What CodeDeploy is asked to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// The application.
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
    /// Its id.
    pub id: DeploymentId,
    /// `Created`, `Queued`, `InProgress`, `Baking`, `Succeeded`, `Failed`, `Stopped`, `Ready`, or
    /// what AWS adds some day.
    pub status: String,
    /// `user`, `autoscaling`, `codeDeployRollback` …
    pub creator: String,
    /// The description.
    pub description: String,
    /// The error's code and message, if it failed.
    pub error: Option<(String, String)>,
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
}

/// What is known of a deployment group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentGroup {
    /// The compute platform: `ECS`, `Server`, `Lambda`.
    pub platform: String,
    /// The cluster and service that it targets.
    pub targets: Vec<(String, String)>,
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
    /// `GetDeploymentTarget` for the service.
    async fn progress(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<DeploymentProgress, CallError>;
    /// The newest deployments of a group, at most 25: `ListDeployments` and `BatchGetDeployments`.
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

/// Application Auto Scaling of ECS services.
pub trait AutoScaling {
    /// What is suspended; `None` when the service is no scalable target.
    async fn scaling(&self, place: &Place) -> Result<Option<ScalingState>, CallError>;
    /// Sets all three flags.
    async fn set_scaling(&self, place: &Place, state: ScalingState) -> Result<(), CallError>;
}

/// What ECR knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
}

/// Amazon ECR.
pub trait Ecr {
    /// `DescribeImages` for one tag; `None` when there is no such image.
    async fn image_by_tag(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, CallError>;
    /// `DescribeImages` for one digest: whether there is such an image. `None` when that cannot be
    /// asked, for another account's registry say.
    async fn has_image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<bool>, CallError>;
    /// Tagged images pushed since `since`.
    async fn pushed_since(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<ImageDetail>, CallError>;
}

/// A parameter's value, as it is stored, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: ParameterName,
    /// The version.
    pub version: i64,
    /// The value.
    pub value: String,
    /// When this version was written.
    pub modified_at: Timestamp,
}

/// SSM Parameter Store.
pub trait Parameters {
    /// Every parameter below a path, at any depth, all pages.
    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, CallError>;
    /// One parameter, optionally one version of it (in a stage's account when `place` is given);
    /// `None` when it does not exist.
    async fn parameter(
        &self,
        place: Option<&Place>,
        name: &ParameterName,
        version: Option<i64>,
    ) -> Result<Option<Parameter>, CallError>;
}

/// Where people are told.
pub trait Messenger {
    /// Posts a card and returns its channel and id.
    async fn post_card(&self, channel: &str, card: &Card) -> Result<(String, String), CallError>;
    /// Edits a card.
    async fn update_card(&self, channel: &str, ts: &str, card: &Card) -> Result<(), CallError>;
    /// Replies in a card's thread.
    async fn reply(&self, channel: &str, thread: &str, text: &str) -> Result<(), CallError>;
    /// Tells one person something in a channel that only they see.
    async fn whisper(&self, channel: &str, user: &SlackUser, text: &str) -> Result<(), CallError>;
    /// How the reader of an e-mail answers a request: the messages to publish, with their tokens.
    async fn how_to_answer(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError>;
    /// Publishes to the request topic.
    async fn publish(&self, subject: &str, text: &str) -> Result<(), CallError>;
}

/// The secrets that prove who sent something. They are read from SSM and kept for a few minutes.
pub trait Secrets {
    /// Slack's signing secret. `renew` reads it anew, for when a signature does not match.
    async fn slack_signing_secret(&self, renew: bool) -> Result<Vec<u8>, CallError>;
    /// The key with which the tokens in e-mails are made.
    async fn link_key(&self) -> Result<Vec<u8>, CallError>;
}

/// Running checks.
pub trait Checker {
    /// Makes the requests of an HTTP check until its verdict is certain or the time is used up.
    async fn check_http(&self, check: &HttpCheck, time_left: Duration) -> Verdict;
}

/// Everything that `advance` needs.
pub trait Ports:
    Ledger + Ecs + CodeDeploy + AutoScaling + Metrics + Logs + Ecr + Parameters + Messenger + Clock
{
}

impl<T> Ports for T where
    T: Ledger
        + Ecs
        + CodeDeploy
        + AutoScaling
        + Metrics
        + Logs
        + Ecr
        + Parameters
        + Messenger
        + Clock
{
}
