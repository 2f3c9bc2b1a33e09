//! How a release stands in one stage.
//!
//! A stage has one rollout, and it has the service from [`Phase::Live`] on. What it does there is its
//! [`Progress`], the one place where the steps and the ways between them are; beside it stand the
//! facts that hold in every step. Nothing here but [`Phase`] knows that a stage has one service: where
//! it has several, each gets an [`ActiveRollout`] of its own, under one plan and one approval.

mod active;
mod checks;
mod deployment;
mod gates;
mod progress;
mod scaling;
mod step;

use jiff::{SignedDuration, Timestamp};

pub use self::active::ActiveRollout;
pub(super) use self::active::watched_until;
pub use self::checks::{CheckTask, Checks, HookCall};
pub use self::deployment::{
    Deployment, DeploymentEnd, DeploymentStatus, RollbackDeployment, Traffic,
};
pub use self::progress::{Closing, NotStarted, OngoingRollback, Progress, RollbackBy, TakenGroup};
pub use self::scaling::Scaling;
pub use self::step::{DeploymentStep, ShiftedStep, TaskCounts};
use super::successor::Aftermath;
use super::vote::Approval;
use super::{BlockedBy, Conclusion, Plan, Revision, WhyRefused};
use crate::names::StageName;

/// The longest pause between two looks at something that does not change.
pub(super) const MAX_POLL_INTERVAL: SignedDuration = SignedDuration::from_secs(600);

/// An instant, so much later.
pub(super) fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A release's rollout to one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    pub stage: StageName,
    /// How far it is.
    pub phase: Phase,
    /// How often people were asked.
    pub approvals: u32,
    /// Why nothing can be planned here, if that is so.
    pub unplannable: Option<WhyRefused>,
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
    Live(Box<ActiveRollout>),
    /// It is over.
    Ended {
        conclusion: Conclusion,
        /// The revision that was deployed, if it came that far.
        revision: Option<Revision>,
        /// The epoch with which the release had the service; none where it has not taken it.
        epoch: Option<u64>,
        at: Timestamp,
    },
}
