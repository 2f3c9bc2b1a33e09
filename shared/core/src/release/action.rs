//! What the core can ask for. An action carries every detail: whoever performs it chooses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    BaseRevision, Checkpoints, DeploymentTarget, Image, Notification, Outcome, Revision,
    RollbackReason, ScalingState, ServiceId, Successor,
};
use crate::names::{
    CheckName, ContainerName, DeploymentId, Fingerprint, PauseId, ReleaseId, StageName,
};
use crate::pipeline::{
    Base, Check, Destination, EngineSettings, HookPoint, NamedContainers, Role, TaskCheck,
};
use jiff::Timestamp;
use towpath_taskdef::image::Platform;

/// A service and the role through which it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub service: ServiceId,
    /// The role to assume; none in the deployer's own account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What a rollout changes in a task definition, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The new image of each container, by digest.
    pub images: BTreeMap<ContainerName, String>,
    /// The environment variables that are set, by container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<ContainerName, BTreeMap<String, String>>,
    /// The docker labels that are set, by container.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub docker_labels: BTreeMap<ContainerName, BTreeMap<String, String>>,
    /// The tags of the task definition that are set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The values that a template's placeholders stand for.
    pub values: BTreeMap<String, String>,
}

/// A check that is due, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueCheck {
    pub check: Check,
    /// Since when it is looked at.
    pub since: Timestamp,
    /// Its one-off task, once it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<DeploymentId>,
}

/// What is to be read before a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    pub stage: StageName,
    /// Its service.
    pub place: Place,
    /// The engine that the service must be set up for.
    pub engine: EngineSettings,
    /// What to render from.
    pub base: Base,
    pub changes: Changes,
    /// The containers that the task definition must have.
    #[serde(default, skip_serializing_if = "NamedContainers::is_empty")]
    pub containers: NamedContainers,
    /// What the service must be set up to wait for.
    pub checkpoints: Checkpoints,
    /// Whether auto scaling will be suspended, so that its state must be known.
    pub scaling: bool,
    /// The revision to bring back, if the rollout is a rollback: it takes the base's place.
    pub back_to: Option<Revision>,
    /// The image that is rolled out, to be looked for among the vetoed ones.
    pub image: Image,
    /// What the image is for, where an earlier plan has read it: a digest stays what it is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub platforms: BTreeSet<Platform>,
}

/// A deployment to be started, by whichever engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The service.
    pub place: Place,
    pub stage: StageName,
    pub engine: EngineSettings,
    /// The revision to run.
    pub revision: Revision,
    /// The revision that must be the one that runs now.
    pub previous: Revision,
    /// The one that ran before that, as long as AWS may still show the service with it. A rollback does
    /// not wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_before: Option<Revision>,
    /// When it was first meant to be started: no deployment from before that is the one that was
    /// started.
    pub since: Timestamp,
    /// What CodeDeploy is told of the service, where it is CodeDeploy that shifts traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<DeploymentTarget>,
    /// The text by which the deployment is found again, where the engine's deployments carry one.
    pub correlation_tag: String,
    /// Whether it brings back what ran before: alarms do not stop it then, for a rollback is not
    /// kept by what it is to mend.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rollback: bool,
}

/// A deployment to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observe {
    /// The service.
    pub place: Place,
    pub engine: EngineSettings,
    pub deployment: DeploymentId,
    /// The revision that it brings.
    pub revision: Revision,
    /// The revision that ran before.
    pub previous: Revision,
    /// The deployment by which it is being rolled back, if we have begun to and it has an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<DeploymentId>,
    /// Why we roll it back, if we have begun to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolling_back: Option<RollbackReason>,
    /// The id in whose name ECS starts its tasks, where that is known to be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<DeploymentId>,
    /// Whether nobody is asked on its way, wherever it pauses: it brings back what was good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_pauses: bool,
    /// Whether it was started so lately that AWS may not show it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// Whether it was started so lately that an answer which does not show it, though others did, may
    /// be from before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub young: bool,
    /// Whether all of the traffic was seen on the new version.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shifted: bool,
}

/// A deployment to be rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollBack {
    /// The service.
    pub place: Place,
    pub engine: EngineSettings,
    /// The deployment to roll back.
    pub deployment: DeploymentId,
    /// The id in whose name ECS starts its tasks, where that is known to be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<DeploymentId>,
    /// Whether it did not come through in time, so that people want to know why its tasks failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// Whether it was seen to be over with the new version in place, so that there is nothing to
    /// stop, and only another deployment brings the old one back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
    /// Whether it was started, or was begun to be rolled back, so lately that AWS may not show it yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// The revision that it brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// The revision that ran before.
    pub previous: Revision,
    /// What CodeDeploy is told of the service, for when the deployment is over and another one
    /// has to bring the old version back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<DeploymentTarget>,
    /// The text by which that other one is found again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub correlation_tag: String,
    pub reason: RollbackReason,
    /// How the rollout ends once the old version serves.
    #[serde(default = "rolled_back")]
    pub outcome: Outcome,
    /// Whether the stage is held afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Read what a rollout would do. Changes nothing.
    Plan(Box<PlanRequest>),
    /// Register the rendered task definition.
    Register {
        /// The service whose definition it is.
        place: Place,
        /// What to render from.
        base: BaseRevision,
        changes: Changes,
        /// The fingerprint that the result must have.
        spec: Fingerprint,
        /// The release, for the revision's tags.
        release: ReleaseId,
        /// The image, for the revision's tags.
        image: Box<Image>,
    },
    /// Suspend the service's auto scaling.
    SuspendScaling {
        /// The service.
        place: Place,
        /// The state to set.
        state: ScalingState,
    },
    /// Start the deployment.
    Start(Box<Start>),
    /// Look whether the deployment that has the deployment group is over. Changes nothing.
    PollGroup {
        /// The service.
        place: Place,
        stage: StageName,
        deployment: DeploymentId,
        /// Whether it was told before not to wait until it stops its old tasks, so that it has to
        /// be over.
        termination_skipped: bool,
    },
    /// Run a check's one-off task.
    RunTask {
        /// The service in whose network it runs.
        place: Place,
        stage: StageName,
        check: CheckName,
        /// What is run.
        task: Box<TaskCheck>,
        /// The revision that it runs.
        revision: Revision,
        /// What the task says that started it: the text by which it is found again. ECS takes 128
        /// letters, digits, `-`, `_` and `/`.
        started_by: String,
    },
    /// Look at checks that the hook function does not run. Changes nothing, but for stopping a
    /// task whose time is up.
    RunChecks {
        /// The service.
        place: Place,
        stage: StageName,
        /// The point at which they run.
        at: HookPoint,
        /// The deployment that they are about.
        deployment: Option<DeploymentId>,
        checks: Vec<DueCheck>,
        /// Whether they are to be decided now, for what they watch is over.
        decide: bool,
    },
    /// Answer CodeDeploy, which asked whether to go on.
    AnswerHook {
        /// The service.
        place: Place,
        /// The deployment that asked.
        deployment: DeploymentId,
        at: HookPoint,
        /// What the answer has to carry.
        execution: String,
        /// Whether it may go on.
        passed: bool,
    },
    /// Let production traffic through to green.
    Continue {
        /// The service.
        place: Place,
        engine: EngineSettings,
        /// The deployment that waits.
        deployment: DeploymentId,
        /// The pause to answer, where the engine has several.
        pause: Option<PauseId>,
    },
    /// Look at a deployment. Changes nothing.
    Observe(Box<Observe>),
    /// Bring back what ran before: traffic first.
    RollBack(Box<RollBack>),
    /// Put auto scaling back as it was.
    RestoreScaling {
        /// The service.
        place: Place,
        /// The state to set.
        state: ScalingState,
    },
    /// Tell an older release that was waiting at this stage that it is superseded.
    Supersede {
        older: ReleaseId,
        /// The service of the stage.
        service: ServiceId,
    },
    /// Notify the release that waits for a service.
    NotifyNext { service: ServiceId },
    /// Tell a release what has become of it where this one serves now.
    NotifyPredecessor {
        predecessor: ReleaseId,
        /// What serves, and where.
        successor: Successor,
    },
    /// Notify the people of a channel.
    Notify {
        /// The channel.
        to: Destination,
        notification: Notification,
    },
}

fn rolled_back() -> Outcome {
    Outcome::RolledBack
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    Plan,
    Register,
    SuspendScaling,
    Start,
    RunTask,
    RunChecks,
    AnswerHook,
    Continue,
    Observe,
    RollBack,
    RestoreScaling,
    Supersede,
    NotifyNext,
    Notify,
}

impl ActionKind {
    /// Whether performing it twice makes two, so that what an earlier run has made is looked for
    /// first. ECS knows a check's task again by a token.
    #[must_use]
    pub fn makes_anew(self) -> bool {
        matches!(self, Self::Register | Self::Start)
    }

    /// Whether nothing was changed where AWS has not carried out a call of it: rolling back may take
    /// several.
    #[must_use]
    pub fn is_one_change(self) -> bool {
        self != Self::RollBack
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plan => "plan the rollout",
            Self::Register => "register the task definition",
            Self::SuspendScaling => "suspend auto scaling",
            Self::Start => "start the deployment",
            Self::RunTask => "run a check's task",
            Self::RunChecks => "look at the checks",
            Self::AnswerHook => "answer the deployment's hook",
            Self::Continue => "let traffic through",
            Self::Observe => "look at the deployment",
            Self::RollBack => "roll back",
            Self::RestoreScaling => "restore auto scaling",
            Self::Supersede => "supersede the older release",
            Self::NotifyNext => "notify the next release",
            Self::Notify => "notify people",
        })
    }
}

impl Action {
    /// The deployment that it starts, if it starts one.
    #[must_use]
    pub fn as_start(&self) -> Option<&Start> {
        if let Self::Start(start) = self {
            Some(start)
        } else {
            None
        }
    }

    #[must_use]
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Plan(_) => ActionKind::Plan,
            Self::Register { .. } => ActionKind::Register,
            Self::SuspendScaling { .. } => ActionKind::SuspendScaling,
            Self::Start(_) => ActionKind::Start,
            Self::RunTask { .. } => ActionKind::RunTask,
            Self::RunChecks { .. } => ActionKind::RunChecks,
            Self::AnswerHook { .. } => ActionKind::AnswerHook,
            Self::Continue { .. } => ActionKind::Continue,
            Self::Observe(_) | Self::PollGroup { .. } => ActionKind::Observe,
            Self::RollBack(_) => ActionKind::RollBack,
            Self::RestoreScaling { .. } => ActionKind::RestoreScaling,
            Self::Supersede { .. } => ActionKind::Supersede,
            Self::NotifyNext { .. } => ActionKind::NotifyNext,
            Self::NotifyPredecessor { .. } | Self::Notify { .. } => ActionKind::Notify,
        }
    }

    /// Whether it changes a service or a deployment, so that its intent must be in the ledger
    /// before it is performed.
    #[must_use]
    pub fn needs_intent(&self) -> bool {
        match self.kind() {
            ActionKind::Start if crate::planted!(IntentNotWritten) => false,
            ActionKind::Register
            | ActionKind::SuspendScaling
            | ActionKind::Start
            | ActionKind::RunTask
            | ActionKind::Continue
            | ActionKind::RollBack
            | ActionKind::RestoreScaling => true,
            // An answer that was given is known to CodeDeploy, so giving it twice does nothing.
            ActionKind::AnswerHook
            | ActionKind::RunChecks
            | ActionKind::Plan
            | ActionKind::Observe
            | ActionKind::Supersede
            | ActionKind::NotifyNext
            | ActionKind::Notify => false,
        }
    }
}
