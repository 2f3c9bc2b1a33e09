//! What reasons have in them.

use serde::{Deserialize, Serialize};

use crate::names::FunctionName;
use crate::pipeline::HookPoint;
use crate::release::{ActionKind, CheckResult, ScalableTarget, ScalingState};

/// An action that could not be performed, by AWS's word or by Towpath's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAction {
    pub action: ActionKind,
    pub said: String,
}

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
    /// CodeDeploy's lifecycle event at which it was asked.
    pub at: String,
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
        at: String,
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
