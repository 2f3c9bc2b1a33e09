//! Why a deployment does not come through: what AWS shows of it, as values.

use serde::{Deserialize, Serialize};

use super::RollbackReason;
use crate::names::{DeploymentId, FunctionName};

/// Why a deployment does not come through, or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentFault {
    /// What ends it.
    pub cause: Box<FaultCause>,
    /// Why tasks of it stopped, in ECS's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// What is left of it that nothing rolls back, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<FaultLeft>,
}

/// What ends a deployment that does not come through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FaultCause {
    /// AWS says why.
    AwsSaid(AwsSaid),
    /// AWS does not say why.
    NoReason {
        /// Who does not.
        by: AwsService,
    },
    /// One of CodeDeploy's lifecycle events failed.
    EventFailed {
        /// The lifecycle event.
        event: String,
        /// The hook that is asked at it, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hook: Option<FunctionName>,
        /// What CodeDeploy says of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<AwsSaid>,
    },
    /// A hook of ECS's never answered.
    HookTimedOut {
        /// The function that was to answer.
        function: FunctionName,
        /// What ECS says of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<AwsSaid>,
    },
    /// Somebody stopped it, and not through Towpath.
    StoppedByUser {
        /// What AWS says of it.
        said: AwsSaid,
    },
    /// Towpath stopped it.
    StoppedByTowpath {
        /// Why.
        because: Box<RollbackReason>,
    },
    /// Another deployment brings the old version back.
    BroughtBack {
        /// Which, where its id is one to be shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// The deployment failed that was to bring the old version back.
    RollbackFailed {
        /// That one.
        deployment: DeploymentId,
        /// Why.
        because: Box<FaultCause>,
    },
    /// AWS does not know it.
    Unknown {
        /// Who does not.
        by: AwsService,
        /// The deployment.
        deployment: DeploymentId,
    },
    /// Its service was deleted.
    ServiceDeleted,
    /// Its service has no primary deployment.
    NoPrimary,
}

/// A service of AWS that carries deployments out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwsService {
    /// Amazon ECS.
    Ecs,
    /// AWS CodeDeploy.
    Codedeploy,
}

/// What AWS says, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsSaid {
    /// AWS's code for it, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The words.
    pub message: String,
}

/// What is left of a deployment that nothing rolls back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FaultLeft {
    /// Rolling it back failed, too.
    RollbackFailed {
        /// The deployment that was to, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// Some of the traffic goes to the new version.
    Traffic {
        /// The percentage.
        percent: u8,
    },
}

impl DeploymentFault {
    /// AWS says why, in these words.
    #[must_use]
    pub fn said(message: impl Into<String>) -> Self {
        FaultCause::AwsSaid(AwsSaid::message(message)).into()
    }

    /// The same, with why tasks of it stopped.
    #[must_use]
    pub fn with_tasks(self, tasks: Vec<String>) -> Self {
        Self { tasks, ..self }
    }

    /// The same, of which this is left.
    #[must_use]
    pub fn leaving(self, left: FaultLeft) -> Self {
        Self {
            left: Some(left),
            ..self
        }
    }

    /// Whether it was to be rolled back, and was not.
    #[must_use]
    pub fn has_failed_rollback(&self) -> bool {
        let left = matches!(self.left, Some(FaultLeft::RollbackFailed { .. }));
        left || matches!(*self.cause, FaultCause::RollbackFailed { .. })
    }
}

impl From<FaultCause> for DeploymentFault {
    fn from(cause: FaultCause) -> Self {
        Self {
            cause: Box::new(cause),
            tasks: Vec::new(),
            left: None,
        }
    }
}

impl AwsSaid {
    /// These words, without a code.
    #[must_use]
    pub fn message(message: impl Into<String>) -> Self {
        Self {
            code: None,
            message: message.into(),
        }
    }
}
