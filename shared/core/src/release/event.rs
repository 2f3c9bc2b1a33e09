//! Everything that can happen to a release. What is written here is never changed or removed: a
//! ledger written by an older version must be readable for ever, so variants and fields are only
//! added.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Action, ActionKind, Decision, DeploymentStatus, Home, Outcome, Plan, Principal, ScalingState,
    ServiceId,
};
use crate::image::{Digest, Registry, RepositoryName, Tag};
use crate::names::{
    ApprovalId, CheckName, DeploymentId, Fingerprint, ReleaseId, StageName, TaskDefinitionArn,
};
use crate::pipeline::{HookPoint, Pipeline};

/// The ARN of a task definition revision.
pub type Revision = TaskDefinitionArn;

/// The image that a release carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The registry that holds it.
    pub registry: Registry,
    /// Its repository.
    pub repository: RepositoryName,
    /// Its digest: what is deployed.
    pub digest: Digest,
    /// The tag that it was pushed with: what people call it.
    pub tag: Tag,
    /// When it was pushed, as ECR says: what makes one release newer than another.
    pub pushed_at: Timestamp,
}

/// Something that happened to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// An image that the pipeline takes was pushed. The pipeline is kept as it was at this moment:
    /// a release ends under the rules that it began with.
    Opened {
        /// The pipeline.
        pipeline: Box<Pipeline>,
        /// The version of the pipeline's SSM parameter.
        version: i64,
        /// The deployer's own account and region.
        home: Home,
        /// The image.
        image: Image,
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
        /// Who.
        by: Principal,
        /// What.
        decision: Decision,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The checks of one hook point have run.
    Checked {
        /// The stage.
        stage: StageName,
        /// The deployment that asked.
        deployment: DeploymentId,
        /// The hook point.
        at: HookPoint,
        /// What came out of each.
        results: Vec<CheckResult>,
    },
    /// A newer release arrived where this one stands.
    Superseded {
        /// The newer release.
        by: ReleaseId,
    },
    /// This release arrived at a stage and told the older one that was waiting there.
    Overtook {
        /// The older release.
        older: ReleaseId,
    },
    /// The service was let go, and whoever waited for it was told.
    Woke {
        /// The service.
        service: ServiceId,
        /// The release that waited, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<ReleaseId>,
    },
    /// What the stage's rollout would do was read from AWS.
    Planned {
        /// The stage.
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
    },
    /// What was decided about is no longer what would be deployed.
    ApprovalVoided {
        /// The request.
        approval: ApprovalId,
        /// What changed.
        reason: String,
    },
    /// Another release is being rolled out to the service.
    Queued {
        /// The stage.
        stage: StageName,
        /// The release that has the service, or what else keeps it.
        behind: String,
    },
    /// The release has taken the service.
    RolloutStarted {
        /// The stage.
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
    /// The revision to deploy is there.
    Registered {
        /// The revision.
        revision: Revision,
        /// Whether it was there before: found again after a crash, or identical.
        found: bool,
    },
    /// Auto scaling is suspended.
    ScalingSuspended {
        /// The state that was asked for.
        state: ScalingState,
    },
    /// AWS has accepted the deployment.
    DeploymentStarted {
        /// The deployment.
        deployment: DeploymentId,
        /// Whether it was there before: found again after a crash.
        found: bool,
    },
    /// The deployment was looked at.
    DeploymentObserved {
        /// The deployment.
        deployment: DeploymentId,
        /// How it stands.
        status: DeploymentStatus,
    },
    /// The way back to what ran before has begun.
    RollbackStarted {
        /// The deployment that brings it back, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<DeploymentId>,
        /// Why.
        reason: String,
    },
    /// AWS refused an action, so that trying again would not help.
    ActionRefused {
        /// What was refused.
        action: ActionKind,
        /// What AWS said.
        reason: String,
    },
    /// Auto scaling is as it was before.
    ScalingRestored {
        /// The state that was put back.
        state: ScalingState,
    },
    /// The rollout has ended, and the service is free.
    RolloutEnded {
        /// The stage.
        stage: StageName,
        /// How.
        outcome: Outcome,
        /// Why.
        reason: String,
        /// The revision that was deployed, if it came that far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<Revision>,
    },
    /// The release has ended.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why.
        reason: String,
    },
    /// The release's card was posted to Slack.
    CardPosted {
        /// The channel, as Slack names it.
        channel: String,
        /// The message's id: Slack's `ts`.
        ts: String,
        /// What the card said.
        face: Fingerprint,
    },
    /// The release's card was edited.
    CardUpdated {
        /// What it says now.
        face: Fingerprint,
    },
    /// Everything worth telling up to an entry was told in the release's thread.
    Replied {
        /// The last entry that was told.
        through: u64,
    },
    /// Everything worth telling up to an entry was published to SNS.
    Published {
        /// The last entry that was published.
        through: u64,
    },
}

/// What came out of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The check.
    pub check: CheckName,
    /// Whether it passed.
    pub passed: bool,
    /// What was seen, against what was expected: `GET http://… answered 500 in 3 of 3 attempts, expected 200`.
    pub detail: String,
}

impl Event {
    /// The deployments that the event names for the first time, so that what AWS reports about
    /// them is known to be about this release.
    pub fn new_deployments(&self) -> impl Iterator<Item = &DeploymentId> {
        let named = match self {
            Self::DeploymentStarted { deployment, .. } => Some(deployment),
            Self::RollbackStarted { deployment, .. } => deployment.as_ref(),
            Self::DeploymentObserved {
                status: DeploymentStatus::RollingBack { by, .. },
                ..
            } => by.as_ref(),
            Self::DeploymentObserved { .. }
            | Self::Opened { .. }
            | Self::DeploymentReported { .. }
            | Self::Voted { .. }
            | Self::Checked { .. }
            | Self::Superseded { .. }
            | Self::Overtook { .. }
            | Self::Woke { .. }
            | Self::Planned { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalVoided { .. }
            | Self::Queued { .. }
            | Self::RolloutStarted { .. }
            | Self::Intended { .. }
            | Self::Registered { .. }
            | Self::ScalingSuspended { .. }
            | Self::ActionRefused { .. }
            | Self::ScalingRestored { .. }
            | Self::RolloutEnded { .. }
            | Self::Ended { .. }
            | Self::CardPosted { .. }
            | Self::CardUpdated { .. }
            | Self::Replied { .. }
            | Self::Published { .. } => None,
        };
        named.into_iter()
    }
}
