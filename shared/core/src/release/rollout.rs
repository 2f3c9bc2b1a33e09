//! How a release stands in one stage.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::successor::Aftermath;
use super::vote::{Approval, Standing};
use super::{
    BlockedBy, CheckResult, Conclusion, NotRestored, Outcome, Plan, Principal, RefusedAction,
    Revision, RollbackReason, ScalingState,
};
use crate::names::{CheckName, DeploymentId, PauseId, StageName};
use crate::pipeline::{HookPoint, Stage};

/// An instant, so much later.
pub(super) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

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
    /// What has become of it since it succeeded, if that is known.
    pub aftermath: Option<Aftermath>,
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
        /// What the release waits for, if it does.
        blocked_by: Option<BlockedBy>,
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
        /// The epoch with which the release had the service; none where it has not taken it.
        epoch: Option<u64>,
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
    /// Since when the rollout's time runs: from its start, or from the approval of its traffic.
    pub clock_from: Timestamp,
    /// The revision to deploy, once it is there.
    pub revision: Option<Revision>,
    /// The auto scaling state to put back, from the moment it may have been changed until it is
    /// back.
    pub to_restore: Option<ScalingState>,
    /// Whether auto scaling is known to be suspended, or to be left as it is.
    pub suspended: bool,
    /// Why auto scaling could not be put back, if it could not.
    pub not_restored: Option<NotRestored>,
    /// The deployment, once it has started.
    pub deployment: Option<Deployment>,
    /// The checks that have run.
    pub checks: Vec<(HookPoint, Vec<CheckResult>)>,
    /// The questions of the deployment that checks of ours have to decide.
    pub calls: Vec<HookCall>,
    /// The one-off tasks of checks.
    pub tasks: Vec<CheckTask>,
    /// When checks were last looked at without a decision.
    pub watched_at: Option<Timestamp>,
    /// The request to let traffic through, where people are asked before it moves.
    pub asked: Option<Approval>,
    /// Whether production traffic was let through, where it had to be.
    pub allowed: bool,
    /// Why AWS refused to let production traffic through, if it did.
    pub not_let_through: Option<RollbackReason>,
    /// When all of production traffic was on green.
    pub shifted_at: Option<Timestamp>,
    /// Who wants the rollout taken back, and why, if somebody does.
    pub unwanted: Option<(Principal, Option<String>)>,
    /// What was found to run instead of what the rollout was planned on.
    pub foreign: Option<String>,
    /// Whether the service runs already what was to be started, so that nothing was.
    pub runs_already: bool,
    /// What has the deployment group, if ours could not be created for it.
    pub group: Option<TakenGroup>,
    /// Why the stage is held when the rollout ends, once that is written.
    pub held: Option<String>,
    /// What AWS refused, if it did.
    pub refused: Option<RefusedAction>,
    /// Why the rollout is being taken back, if we have begun to.
    pub rolling_back: Option<Back>,
    /// The deployment that takes it back, where it has an id of its own.
    pub rollback: Option<DeploymentId>,
    /// Another id under which AWS reports about that, where it has two.
    pub rollback_also: Option<DeploymentId>,
}

/// Another deployment has the deployment group, which takes one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenGroup {
    /// The deployment, where it is known.
    pub by: Option<DeploymentId>,
    /// When ours was refused for it.
    pub at: Timestamp,
    /// How often ours was refused for this one.
    pub refusals: u32,
    /// Whether it makes room.
    pub freed: bool,
}

/// A rollback in progress, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Why.
    pub reason: RollbackReason,
    /// How the rollout ends once the old version serves.
    pub outcome: Outcome,
    /// Whether the stage is held afterwards.
    pub hold: bool,
    /// Since when.
    pub at: Timestamp,
}

impl Back {
    /// Whether it is taken back even if it has succeeded meanwhile. Only who has waited too long
    /// for a success takes it when it comes.
    pub(crate) fn insists(&self) -> bool {
        self.hold || self.outcome != Outcome::RolledBack
    }
}

/// A deployment asks whether it may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The hook point.
    pub at: HookPoint,
    /// What CodeDeploy's answer has to carry; `None` for ECS, which asks again.
    pub execution: Option<String>,
    /// When it asked.
    pub since: Timestamp,
    /// Whether it was answered.
    pub answered: bool,
}

/// The one-off task of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckTask {
    /// The check.
    pub check: CheckName,
    /// The task's ARN.
    pub task: DeploymentId,
    /// Since when it runs.
    pub since: Timestamp,
}

/// A deployment that AWS carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Another id under which AWS reports about it, where it has two.
    pub also: Option<DeploymentId>,
    /// When it was written down that it was started.
    pub since: Timestamp,
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
    /// Green is ready, and the deployment waits until production traffic is let through.
    Ready {
        /// The pause that is to be answered, where the engine has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pause: Option<PauseId>,
    },
    /// All of production traffic is on green, and only the old tasks are still to be stopped.
    Shifted {
        /// What it is at.
        at: String,
    },
    /// It is being taken back.
    RollingBack {
        /// Why.
        reason: String,
        /// The deployment that brings the old version back, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// It failed or was stopped with traffic on the new version, and whether AWS rolls it back is not
    /// known yet.
    Halted {
        /// Why.
        reason: String,
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
    /// It failed, AWS does nothing more about it, and the new version is left where the old one was:
    /// whoever wants the old one back has to bring it back.
    FailedInPlace {
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
            Self::InProgress { .. }
            | Self::Ready { .. }
            | Self::Shifted { .. }
            | Self::RollingBack { .. }
            | Self::Halted { .. } => false,
            Self::Succeeded
            | Self::RolledBack { .. }
            | Self::Failed { .. }
            | Self::FailedInPlace { .. }
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
            Self::Ready { .. } => f.write_str("green is ready, traffic has not moved"),
            Self::Shifted { at } => write!(f, "serves, {at}"),
            Self::RollingBack { reason, .. } => write!(f, "rolling back: {reason}"),
            Self::Halted { reason } => {
                write!(f, "{reason}; whether AWS rolls it back is not known yet")
            }
            Self::Succeeded => f.write_str("succeeded"),
            Self::RolledBack { reason } => write!(f, "rolled back: {reason}"),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
            Self::FailedInPlace { reason } => {
                write!(f, "failed and left in place: {reason}")
            }
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
            clock_from: started_at,
            revision,
            to_restore: None,
            suspended: false,
            not_restored: None,
            deployment: None,
            checks: Vec::new(),
            calls: Vec::new(),
            tasks: Vec::new(),
            watched_at: None,
            asked: None,
            allowed: false,
            not_let_through: None,
            shifted_at: None,
            unwanted: None,
            foreign: None,
            runs_already: false,
            group: None,
            held: None,
            refused: None,
            rolling_back: None,
            rollback: None,
            rollback_also: None,
        }
    }

    /// Until when the rollout may go on by itself. People may take their time.
    #[must_use]
    pub fn deadline(&self, stage: &Stage) -> Timestamp {
        let asking = self
            .asked
            .as_ref()
            .is_some_and(|asked| !self.allowed && asked.standing() == Standing::Open);
        if asking {
            return Timestamp::MAX;
        }
        later(later(self.clock_from, stage.timeout.into()), self.pace())
    }

    /// What shifting and baking take by the service's own configuration.
    pub(super) fn pace(&self) -> SignedDuration {
        SignedDuration::from_mins(self.plan.paced_minutes.into())
    }

    /// Whether AWS reports about this rollout under that id.
    #[must_use]
    pub fn is_followed_as(&self, id: &DeploymentId) -> bool {
        let deployment = self.deployment.as_ref();
        self.rollback.as_ref() == Some(id)
            || self.rollback_also.as_ref() == Some(id)
            || deployment.is_some_and(|it| it.id == *id || it.also.as_ref() == Some(id))
            || self.tasks.iter().any(|task| task.task == *id)
    }

    /// What came out of a check at a point, if it has run there.
    #[must_use]
    pub fn result_of(&self, check: &CheckName, point: HookPoint) -> Option<&CheckResult> {
        let at_point = self.checks.iter().filter(|(at, _)| *at == point);
        at_point
            .flat_map(|(_, results)| results)
            .find(|result| result.check == *check)
    }

    /// The request that was granted or is open: before the rollout, or before its traffic.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        self.asked.as_ref().or(self.granted.as_ref())
    }

    /// Until when the new version is watched, which has all of the traffic, where the stage asks for
    /// that and nothing takes it back.
    #[must_use]
    pub fn bakes_until(&self, stage: &Stage) -> Option<Timestamp> {
        let status = &self.deployment.as_ref()?.status;
        let serves = match status {
            DeploymentStatus::Shifted { .. } | DeploymentStatus::Succeeded => true,
            DeploymentStatus::InProgress { .. }
            | DeploymentStatus::Ready { .. }
            | DeploymentStatus::RollingBack { .. }
            | DeploymentStatus::Halted { .. }
            | DeploymentStatus::RolledBack { .. }
            | DeploymentStatus::Failed { .. }
            | DeploymentStatus::FailedInPlace { .. }
            | DeploymentStatus::Stopped { .. }
            | DeploymentStatus::Replaced { .. } => false,
        };
        let until = self.watched_until(stage)?;
        (serves && self.rolling_back.is_none()).then_some(until)
    }

    /// Until when a version is watched that has got all of the traffic, whatever has become of it.
    pub(super) fn watched_until(&self, stage: &Stage) -> Option<Timestamp> {
        let bake: SignedDuration = stage.bake?.into();
        Some(later(self.shifted_at?, bake))
    }

    /// The checks that failed, each with its hook point.
    pub fn failed_checks(&self) -> impl Iterator<Item = (HookPoint, &CheckResult)> {
        self.checks
            .iter()
            .flat_map(|(at, results)| results.iter().map(|result| (*at, result)))
            .filter(|(_, result)| !result.passed)
    }
}
