//! How a release stands in one stage.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::vote::Approval;
use super::{CheckResult, Conclusion, Plan, Revision, ScalingState};
use crate::names::{DeploymentId, StageName};
use crate::pipeline::HookPoint;

/// A release's rollout to one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// The stage.
    pub stage: StageName,
    /// How far it is.
    pub phase: Phase,
    /// How often people were asked.
    pub approvals: u32,
    /// Why nothing can be planned here, if that is so.
    pub unplannable: Option<String>,
}

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The release has come here, and nothing is known yet.
    Pending,
    /// What would be done was read, and nothing was changed.
    Planned {
        /// What would be done.
        plan: Box<Plan>,
        /// When it was read. A plan is acted on only in the run that read it.
        read_at: Timestamp,
        /// The approval that was given, if the stage asks for one.
        granted: Option<Approval>,
        /// What the release waits behind, if it does.
        queued: Option<String>,
    },
    /// People were asked to decide.
    Asking {
        /// What would be done.
        plan: Box<Plan>,
        /// The request.
        approval: Approval,
    },
    /// The release owns the service.
    Live(Box<Live>),
    /// It is over.
    Ended {
        /// How and why.
        conclusion: Conclusion,
        /// The revision that was deployed, if it came that far.
        revision: Option<Revision>,
        /// When.
        at: Timestamp,
    },
}

/// A rollout that owns its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What is being done.
    pub plan: Plan,
    /// The approval that was given, if the stage asks for one.
    pub granted: Option<Approval>,
    /// The owner's epoch.
    pub epoch: u64,
    /// Since when.
    pub started_at: Timestamp,
    /// The revision to deploy, once it is there.
    pub revision: Option<Revision>,
    /// The auto scaling state to put back, from the moment it may have been changed until it is
    /// back.
    pub to_restore: Option<ScalingState>,
    /// Whether auto scaling is known to be suspended.
    pub suspended: bool,
    /// Why auto scaling could not be put back, if it could not.
    pub not_restored: Option<String>,
    /// The deployment, once it has started.
    pub deployment: Option<Deployment>,
    /// The checks that have run.
    pub checks: Vec<(HookPoint, Vec<CheckResult>)>,
    /// What AWS refused, if it did.
    pub refused: Option<String>,
    /// Why the rollout is being taken back, if it is.
    pub rolling_back: Option<String>,
    /// The deployment that takes it back, where it has an id of its own.
    pub rollback: Option<DeploymentId>,
}

/// A deployment that AWS carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// How it stood when it was last looked at.
    pub status: DeploymentStatus,
    /// When it was last looked at.
    pub observed_at: Timestamp,
    /// How often it was looked at without a change.
    pub unchanged: u32,
    /// Whether something was reported since.
    pub reported: bool,
}

/// How a deployment stands, as AWS answers when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum DeploymentStatus {
    /// It is under way.
    InProgress {
        /// What it is at: `Install`, `2 of 4 tasks run`.
        at: String,
        /// The percentage of production traffic that green gets, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        traffic: Option<u8>,
    },
    /// It is being taken back.
    RollingBack {
        /// Why.
        reason: String,
        /// The deployment that brings the old version back, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// The new version serves.
    Succeeded,
    /// The old version serves again.
    RolledBack {
        /// Why.
        reason: String,
    },
    /// It failed, and nothing says that the old version serves again.
    Failed {
        /// Why.
        reason: String,
    },
    /// Somebody stopped it.
    Stopped {
        /// What is known about it.
        reason: String,
    },
    /// Another deployment of the same service took its place.
    Replaced {
        /// What took its place.
        by: String,
    },
}

impl DeploymentStatus {
    /// Whether AWS will do nothing more about it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::InProgress { .. } | Self::RollingBack { .. } => false,
            Self::Succeeded
            | Self::RolledBack { .. }
            | Self::Failed { .. }
            | Self::Stopped { .. }
            | Self::Replaced { .. } => true,
        }
    }
}

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress {
                at,
                traffic: Some(percent),
            } => write!(f, "{at}, {percent}% of traffic"),
            Self::InProgress { at, traffic: None } => f.write_str(at),
            Self::RollingBack { reason, .. } => write!(f, "rolling back: {reason}"),
            Self::Succeeded => f.write_str("succeeded"),
            Self::RolledBack { reason } => write!(f, "rolled back: {reason}"),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
            Self::Stopped { reason } => write!(f, "stopped: {reason}"),
            Self::Replaced { by } => write!(f, "replaced by {by}"),
        }
    }
}

impl Live {
    pub(super) fn new(
        plan: Plan,
        granted: Option<Approval>,
        epoch: u64,
        started_at: Timestamp,
    ) -> Self {
        let revision = plan.reuse.clone();
        Self {
            plan,
            granted,
            epoch,
            started_at,
            revision,
            to_restore: None,
            suspended: false,
            not_restored: None,
            deployment: None,
            checks: Vec::new(),
            refused: None,
            rolling_back: None,
            rollback: None,
        }
    }

    /// Whether AWS reports about this rollout under that id.
    #[must_use]
    pub fn is_followed_as(&self, id: &DeploymentId) -> bool {
        self.rollback.as_ref() == Some(id)
            || self
                .deployment
                .as_ref()
                .is_some_and(|deployment| deployment.id == *id)
    }

    /// The checks that failed, each with its hook point.
    pub fn failed_checks(&self) -> impl Iterator<Item = (HookPoint, &CheckResult)> {
        self.checks
            .iter()
            .flat_map(|(at, results)| results.iter().map(|result| (*at, result)))
            .filter(|(_, result)| !result.passed)
    }
}
