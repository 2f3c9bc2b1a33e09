//! Why things end as they do, as values: what the ledger keeps. Each event carries a type of its own,
//! which has only what may be said there. The sentences are made in `message`.
//!
//! | type | says why |
//! |---|---|
//! | [`Reason`] | a rollout has ended |
//! | [`RollbackReason`] | a rollout is rolled back, or did not begin for the same |
//! | [`EndReason`] | a release has ended |
//! | [`HoldReason`] | a stage is on hold, where a release holds it |
//! | [`DeploymentFault`] | a deployment does not come through |
//! | [`Misfit`] | nothing can be planned: what was found does not fit |
//! | [`WhyRefused`] | an action could not be performed |
//! | [`VoidReason`] | an approval no longer counts |
//! | [`ReplyRefusal`] | a reply does not count |
//! | [`ClosedReason`] | a request for approval is closed |
//!
//! What AWS or a person says in their own words is a text inside of a value.

mod approval;
mod detail;
mod end;
mod fault;
mod hold;
mod misfit;
mod planned;
mod refused;
mod remark;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

pub use self::approval::{ClosedReason, ReplyRefusal, VoidReason};
pub use self::detail::{
    External, FailedCheck, LateCause, NotRestored, UnansweredHook, Unfinished, WhyNotRestored,
};
pub use self::end::EndReason;
pub use self::fault::{AwsSaid, AwsService, DeploymentFault, FaultCause, FaultLeft};
pub use self::hold::HoldReason;
pub use self::misfit::{Misfit, OtherStrategy, Registration, SetUpProblem};
pub use self::planned::{DifferentPlaces, ImageProblem, RollbackImpossible};
pub use self::refused::{RefusedAction, WhyRefused};
pub use self::remark::Remark;
use super::{ActiveRollout, Block, CheckResult, Principal, ServiceId};
use crate::names::{DeploymentId, StageName};
use crate::pipeline::{HookPoint, Span};

/// Why a rollout has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Reason {
    Serves {
        /// What people call what was deployed.
        name: String,
    },
    /// It is deployed to a service that wants no tasks.
    NoTasksWanted {
        /// What people call what was deployed.
        name: String,
    },
    /// The service ran it before anything was done.
    RunsAlready { tag: Tag },
    /// Nothing could be planned.
    NotPlanned { why: WhyRefused },
    /// Its image was vetoed before the release came here.
    VetoedBefore { veto: Block },
    /// A newer release has arrived.
    Superseded { by: Tag },
    /// What runs now could not be brought back.
    CannotRollBack {
        /// Why not.
        problem: RollbackImpossible,
    },
    /// The service has no load balancer, which CodeDeploy needs.
    NoLoadBalancer,
    /// Something runs that Towpath did not start.
    StartedElsewhere {
        /// What that is.
        found: External,
    },
    /// An action could not be performed.
    Refused(RefusedAction),
    /// Other deployments had the deployment group each time.
    GroupTaken {
        /// How often.
        times: usize,
    },
    /// Its deployment could not be started in time.
    NotStarted {
        /// The time that it had.
        within: Span,
        /// What had its deployment group in the end, if something had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_taken_by: Option<DeploymentId>,
        /// What AWS said when it was last tried, if nobody knows what came of that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
    /// Whether its deployment was started could not be seen in time, nor for as long again.
    StartUnknown {
        /// The time that it had to be started.
        within: Span,
        /// What AWS said when it was looked for last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
    /// Its deployment did not come through.
    Deployment {
        /// Why not.
        fault: DeploymentFault,
    },
    /// The deployment has come to no end for so long that it is not followed any more.
    Unfinished {
        deployment: DeploymentId,
        at: Unfinished,
        /// When it was looked at last.
        until: Timestamp,
        /// Why it was being rolled back, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rolling_back: Option<RollbackReason>,
    },
    /// It was to be rolled back, was not, and still serves.
    StillServes {
        deployment: DeploymentId,
        /// What AWS refused, or why it was to be rolled back.
        because: Box<Reason>,
    },
    /// It has ended, and auto scaling is not as it was before.
    ScalingNotRestored {
        /// Why it has ended.
        because: Box<Reason>,
        /// The service whose auto scaling that is.
        service: ServiceId,
        /// How it is to be put back.
        #[serde(flatten)]
        scaling: NotRestored,
    },
    /// For what a rollout is rolled back: it was, or has not begun for that.
    #[serde(untagged)]
    Unwanted(RollbackReason),
}

impl Reason {
    /// Whether people have to put right what the rollout has left.
    #[must_use]
    pub const fn leaves_something_to_do(&self) -> bool {
        matches!(self, Self::ScalingNotRestored { .. })
    }
}

/// Why a rollout is rolled back. It is as well why one that has not begun does not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RollbackReason {
    /// Somebody rolled it back.
    RolledBack {
        by: Principal,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody who was asked to approve it rejected it.
    Rejected {
        by: Principal,
        /// Why, in their words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Somebody vetoed its image.
    Vetoed {
        by: Principal,
        /// Why, in their words.
        reason: String,
    },
    /// Nobody decided in time.
    NobodyDecided {
        /// The stage that people were asked about.
        stage: StageName,
        /// Until when they were asked.
        until: Timestamp,
    },
    ChecksFailed {
        /// Which, and what was seen.
        checks: Vec<FailedCheck>,
    },
    /// It did not come through in time.
    NotFinished {
        /// The time that it had.
        within: Span,
        /// What is known of what has kept it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        causes: Vec<LateCause>,
    },
    /// It was stopped at a hook of which nothing was heard.
    HookSilent {
        /// The hook.
        hook: UnansweredHook,
        /// The time that it had.
        within: Span,
    },
    /// Its traffic could not be let through.
    NotLetThrough { why: WhyRefused },
    /// It failed, and AWS left it in place.
    LeftInPlace {
        /// Why it failed.
        fault: DeploymentFault,
    },
}

impl From<RollbackReason> for Reason {
    fn from(reason: RollbackReason) -> Self {
        Self::Unwanted(reason)
    }
}

impl From<DeploymentFault> for Reason {
    fn from(fault: DeploymentFault) -> Self {
        Self::Deployment { fault }
    }
}

impl From<RefusedAction> for Reason {
    fn from(refused: RefusedAction) -> Self {
        Self::Refused(refused)
    }
}

impl RollbackReason {
    /// The same, with what else is known of what has kept a rollout that did not come through in time.
    #[must_use]
    pub fn with_causes(mut self, more: Vec<LateCause>) -> Self {
        if let Self::NotFinished { causes, .. } = &mut self {
            causes.extend(more);
        }
        self
    }
}

/// Somebody rejected the rollout.
pub(crate) fn rejected(by: &Principal, reason: Option<&str>) -> RollbackReason {
    RollbackReason::Rejected {
        by: by.clone(),
        reason: reason.map(str::to_owned),
    }
}

/// Somebody wants the rollout back.
pub(crate) fn rolled_back(by: &Principal, reason: Option<&str>) -> RollbackReason {
    RollbackReason::RolledBack {
        by: by.clone(),
        reason: reason.map(str::to_owned),
    }
}

/// Somebody vetoed the image.
pub(crate) fn vetoed(by: &Principal, reason: &str) -> RollbackReason {
    RollbackReason::Vetoed {
        by: by.clone(),
        reason: reason.to_owned(),
    }
}

pub(crate) fn failed_check(at: HookPoint, result: &CheckResult) -> FailedCheck {
    FailedCheck {
        at,
        result: result.clone(),
    }
}

/// The checks of a rollout that failed, if any has.
pub(crate) fn failed_checks(live: &ActiveRollout) -> Option<RollbackReason> {
    let checks: Vec<_> = live
        .checks
        .failed()
        .map(|(at, result)| failed_check(at, result))
        .collect();
    (!checks.is_empty()).then_some(RollbackReason::ChecksFailed { checks })
}

/// Something runs that Towpath did not start.
pub(crate) fn started_elsewhere(found: External) -> Reason {
    Reason::StartedElsewhere { found }
}
