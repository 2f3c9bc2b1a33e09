//! Everything that can happen to a release. What is written here is never changed or removed: a
//! ledger written by an older version must be readable for ever, so variants and fields are only
//! added.

mod deployments;
mod traits;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Digest, Registry, RepositoryName, Tag};

use super::{
    Action, ActionKind, BlockedBy, Decision, DeploymentStatus, EndReason, HoldReason, Home,
    Outcome, Plan, Principal, Reason, ReplyRefusal, Rollback, RollbackReason, ScalableTarget,
    ScalingState, SentMessage, ServiceId, VoidReason, WhyRefused,
};
use crate::names::{
    ApprovalId, CheckName, DeploymentId, Fingerprint, MessageId, PauseId, ReleaseId, StageName,
    TaskDefinitionArn,
};
use crate::pipeline::{Channel, HookPoint, Pipeline};

pub use traits::EventTraits;

pub type Revision = TaskDefinitionArn;

/// The image that a release carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The registry that holds it.
    pub registry: Registry,
    pub repository: RepositoryName,
    /// Its digest: what is deployed.
    pub digest: Digest,
    /// The tag that it was pushed with: what people call it.
    pub tag: Tag,
    /// When the registry got it under this tag, as far as that is known, and never later: what makes
    /// one release newer than another. An image that gets a second tag arrives a second time.
    pub arrived_at: Timestamp,
}

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An image that the pipeline takes was pushed. The pipeline is kept as it was at this moment:
    /// a release ends under the rules that it began with.
    Opened {
        pipeline: Box<Pipeline>,
        /// The version of the pipeline's SSM parameter.
        version: i64,
        /// The deployer's own account and region.
        home: Home,
        image: Image,
        /// What it brings back, if it is a rollback. Then the pipeline is that one stage alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollback: Option<Box<Rollback>>,
    },
    /// AWS reported a change of a deployment. Only a hint to look at it: such reports come late,
    /// twice and out of order.
    DeploymentReported {
        /// The deployment, where the report names it.
        deployment: DeploymentId,
        /// The state that was reported.
        state: String,
    },
    /// Somebody who may decide has decided.
    Voted {
        /// The request.
        approval: ApprovalId,
        by: Principal,
        decision: Decision,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The SNS message that said so, if one did: with CloudTrail's data events it leads to who
        /// published it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
    },
    /// A message to the reply topic was to decide about a request that is open, and does not count.
    ReplyRefused {
        /// The request.
        approval: ApprovalId,
        message: MessageId,
        /// Why it does not count.
        reason: ReplyRefusal,
    },
    /// Somebody who may wants the rollout rolled back.
    RollbackRequested {
        stage: StageName,
        by: Principal,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The image was vetoed: it is rolled out nowhere any more.
    Vetoed {
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
    /// The deployment asks whether it may go on: checks that take longer than its call are to decide,
    /// or the hook function's answer may have to be given for it.
    HookCalled {
        stage: StageName,
        /// The deployment that asks.
        deployment: DeploymentId,
        at: HookPoint,
        /// What CodeDeploy's answer has to carry. ECS asks again instead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        execution: Option<String>,
    },
    /// CodeDeploy was answered.
    HookAnswered {
        /// The deployment that asked.
        deployment: DeploymentId,
        at: HookPoint,
        /// Whether it may go on.
        passed: bool,
    },
    /// A check's one-off task runs.
    TaskStarted {
        stage: StageName,
        check: CheckName,
        /// The task's ARN, under which AWS reports about it.
        task: DeploymentId,
        /// Whether it was there before: found again after a crash.
        found: bool,
    },
    /// What is waited for, checks or another deployment, was looked at and nothing is decided yet.
    /// It only says when, and is not written.
    Watched { stage: StageName },
    /// Checks of one hook point have run.
    Checked {
        stage: StageName,
        /// The deployment that they are about; none yet before it is started.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<DeploymentId>,
        at: HookPoint,
        /// What came out of each.
        results: Vec<CheckResult>,
    },
    /// A newer release arrived where this one stands.
    Superseded {
        /// The newer release.
        by: ReleaseId,
        tag: Tag,
    },
    /// This release arrived at a stage and told the older one that was waiting there.
    Overtook { older: ReleaseId },
    /// The service was let go, and whoever waited for it was told.
    NextNotified {
        service: ServiceId,
        /// The release that waited, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<ReleaseId>,
    },
    /// What the stage's rollout would do was read from AWS.
    Planned {
        stage: StageName,
        /// What it would do.
        plan: Box<Plan>,
    },
    /// People were asked to decide.
    ApprovalRequested {
        /// The stage that waits.
        stage: StageName,
        /// The request.
        approval: ApprovalId,
        /// The image that is decided about.
        digest: Digest,
        /// The rendered task definition that is decided about.
        spec: Fingerprint,
        /// When the request ends.
        expires_at: Timestamp,
        /// What runs while people are asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<Revision>,
    },
    /// What was decided about is no longer what would be deployed.
    ApprovalVoided {
        /// The request.
        approval: ApprovalId,
        /// What changed.
        reason: VoidReason,
    },
    /// The release has to wait before it is rolled out to the stage.
    Blocked {
        stage: StageName,
        /// What it waits for.
        by: BlockedBy,
    },
    /// The release has taken the service.
    RolloutStarted {
        stage: StageName,
        /// The owner's epoch.
        epoch: u64,
    },
    /// These actions are about to be performed. What is not yet settled when the release is loaded
    /// again may or may not have happened.
    Intended {
        /// The actions, in full.
        actions: Vec<Action>,
        /// Until when whoever wrote this may still be performing them.
        until: Timestamp,
    },
    /// Whoever was about to perform these actions does not know what came of them, and is done: it
    /// performs them no longer.
    OutcomeUnknown {
        actions: Vec<ActionKind>,
        /// What is known.
        said: String,
    },
    /// AWS has certainly not carried out this action. Whoever was about to perform it does so no longer,
    /// and it may be performed as if it had not been intended.
    NotPerformed {
        action: ActionKind,
        /// What AWS said.
        said: String,
    },
    /// What an earlier run may have done was looked for, and was not seen. AWS may not show it yet, so
    /// that it is looked for once more before the action is performed again.
    NotSeen { action: ActionKind },
    /// The revision to deploy is there.
    Registered {
        revision: Revision,
        /// Whether it was there before: found again after a crash, or identical.
        found: bool,
    },
    /// Auto scaling is suspended.
    ScalingSuspended {
        /// The state that was asked for.
        state: ScalingState,
    },
    /// Auto scaling was left as it was: a call about the scalable target would have changed the
    /// number of tasks that somebody has set.
    ScalingLeft {
        /// The target as it was found.
        target: ScalableTarget,
        /// The number of tasks that the service wants.
        desired: u32,
        /// Whether it was to be put back, and not to be suspended.
        restoring: bool,
    },
    /// AWS has accepted the deployment.
    DeploymentStarted {
        deployment: DeploymentId,
        /// Another id under which AWS reports about it, where it has two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alias: Option<DeploymentId>,
        /// Whether it was there before: found again after a crash.
        found: bool,
    },
    /// The service runs already what was to be started, and nothing is under way there: nothing was
    /// started.
    RunsAlready { stage: StageName },
    /// The deployment was looked at.
    DeploymentObserved {
        deployment: DeploymentId,
        /// How it stands.
        status: DeploymentStatus,
    },
    /// What runs is not what the rollout was planned on: somebody else has changed the service, and
    /// nothing was started.
    BaselineChanged {
        /// The stage.
        stage: StageName,
        /// The revision that was found.
        found: Revision,
    },
    /// The deployment group has another active deployment, so that ours was not created.
    GroupTaken {
        stage: StageName,
        /// The other deployment, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// What had the deployment group is over, or only waits to stop its old tasks.
    GroupFreed { stage: StageName },
    /// Production traffic was let through to green.
    TrafficAllowed {
        deployment: DeploymentId,
        /// The pause that was answered, where the engine has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pause: Option<PauseId>,
    },
    /// The rollback to what ran before has begun.
    RollbackStarted {
        /// The deployment that brings it back, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<DeploymentId>,
        /// Another id under which AWS reports about it, where it has two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alias: Option<DeploymentId>,
        reason: RollbackReason,
        /// How the rollout ends once the old version serves.
        #[serde(default = "rolled_back", skip_serializing_if = "is_rolled_back")]
        outcome: Outcome,
        /// Whether the stage is held afterwards, so that the next push does not undo it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        hold: bool,
    },
    /// The stage takes no new release until its hold is lifted.
    Held {
        stage: StageName,
        reason: HoldReason,
    },
    /// AWS refused an action, or what was found does not fit it, so that trying again would not
    /// help.
    ActionRefused {
        /// What was refused.
        action: ActionKind,
        why: WhyRefused,
    },
    /// Auto scaling is as it was before.
    ScalingRestored {
        /// The state that was put back.
        state: ScalingState,
    },
    /// The rollout has ended, and the service is free.
    RolloutEnded {
        stage: StageName,
        outcome: Outcome,
        reason: Reason,
        /// The revision that was deployed, if it came that far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<Revision>,
    },
    /// The release has ended.
    Ended { outcome: Outcome, reason: EndReason },
    /// Another release serves in a stage in which this one did.
    Replaced {
        stage: StageName,
        /// The release that was rolled out.
        by: ReleaseId,
        /// The tag of what serves; none for what ran before the first release.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tag: Option<Tag>,
        /// Whether that was brought back by a rollback.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_rollback: bool,
        /// The owner's epoch.
        epoch: u64,
    },
    /// A rollback has brought this release back to a stage.
    BroughtBack {
        stage: StageName,
        /// The rollback.
        by: ReleaseId,
        /// The owner's epoch.
        epoch: u64,
    },
    /// A release learned what has become of it in a service, now that this one serves there.
    PredecessorNotified {
        predecessor: ReleaseId,
        service: ServiceId,
    },
    /// People of a channel are about to be sent messages. What is not yet settled when the release is
    /// loaded again may or may not have arrived.
    NotificationIntended {
        channel: Channel,
        /// The last entry that they are about to be notified of; none where the card is posted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        through: Option<u64>,
        /// Until when whoever wrote this may still be sending them.
        until: Timestamp,
    },
    /// The release's card in a channel was posted, or edited.
    CardShown {
        channel: Channel,
        message: SentMessage,
        /// The overview that it shows.
        shows: Fingerprint,
    },
    /// People of a channel were notified of everything that is worth a message there, up to an entry.
    Notified {
        channel: Channel,
        /// The last entry that they were notified of.
        through: u64,
    },
}

fn rolled_back() -> Outcome {
    Outcome::RolledBack
}

fn is_rolled_back(outcome: &Outcome) -> bool {
    *outcome == Outcome::RolledBack
}

/// What came out of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    pub check: CheckName,
    /// Whether it passed.
    pub passed: bool,
    /// What was seen, against what was expected: `GET http://… answered 500 in 3 of 3 attempts, expected 200`.
    pub detail: String,
}
