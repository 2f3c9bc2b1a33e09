//! What reasons have in them.

use serde::{Deserialize, Serialize};

use super::RefusedAction;
use crate::names::{DeploymentId, FunctionName};
use crate::pipeline::HookPoint;
use crate::release::{CheckResult, DeploymentStatus, Revision, ScalableTarget, ScalingState};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedCheck {
    pub at: HookPoint,
    /// What came out.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// A hook that was asked and gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredHook {
    /// The function that was to answer.
    pub function: FunctionName,
    /// The lifecycle event of CodeDeploy's, or the lifecycle stage of ECS's, at which it was asked.
    pub at: String,
}

/// What has kept a deployment that did not come through in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum LateCause {
    /// A hook never answered.
    Hook(UnansweredHook),
    /// Nobody has answered a pause.
    Pause {
        /// The lifecycle stage at which it was.
        at: String,
    },
    /// A task stopped.
    StoppedTask {
        /// Why, in ECS's words.
        said: String,
    },
}

/// What runs that Towpath did not start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum External {
    /// A revision that was found to run.
    Revision {
        /// The revision.
        revision: Revision,
    },
    /// A deployment to the service.
    Deployment {
        /// Its id, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment: Option<DeploymentId>,
        /// The revision that it brings, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<Revision>,
    },
}

impl External {
    /// A deployment of that revision.
    #[must_use]
    pub fn deployment_of(revision: &Revision) -> Self {
        Self::Deployment {
            deployment: None,
            revision: Some(revision.clone()),
        }
    }
}

/// What a deployment is at that comes to no end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Unfinished {
    /// It is being rolled back.
    RollingBack,
    /// It failed or was stopped, and is not rolled back.
    NotRolledBack,
    UnderWay {
        /// How it stands.
        status: DeploymentStatus,
    },
}

/// Auto scaling stays suspended where it was not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRestored {
    /// Why it could not be put back.
    pub why_not: WhyNotRestored,
    /// What it was before.
    pub state: ScalingState,
}

/// Why auto scaling could not be put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum WhyNotRestored {
    Refused(RefusedAction),
    /// It would have changed the number of tasks that somebody has set.
    WouldChangeCount {
        /// The target as it was found.
        target: ScalableTarget,
        /// The number of tasks that the service wants.
        desired: u32,
    },
}
