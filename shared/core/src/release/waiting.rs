//! Why a release is not being deployed any further right now: what it waits for, who has to act, and
//! until when. Every release that has not ended waits for exactly one thing.

use jiff::Timestamp;
use serde::Serialize;

use super::rollout::{Closing, Deployment, DeploymentStatus, Live, Phase, Progress, TakenGroup};
use super::vote::{Approval, Standing};
use super::{BlockedBy, Event, Plan, Release, RollbackReason};
use crate::names::{ApprovalId, PipelineName, ReleaseId, StageName};
use crate::pipeline::Stage;

/// What a release waits for, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// Its pipeline.
    pub pipeline: &'a PipelineName,
    /// The stage at which it stands.
    pub stage: &'a Stage,
    /// What it waits for there.
    pub on: WaitsOn<'a>,
}

/// What a release waits for at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsOn<'a> {
    /// The next run of the deployer: nothing keeps it.
    Start,
    /// Something that keeps it from taking the service.
    Blocked(&'a BlockedBy),
    /// People, who were asked to approve.
    Approval {
        /// The request.
        approval: &'a Approval,
        /// What would be done.
        plan: &'a Plan,
        /// Whether green is ready, and its production traffic is asked about.
        of_traffic: bool,
        /// Why what was approved before no longer counts, if something was.
        voided: Option<&'a str>,
    },
    /// What comes before its deployment is started: registering, checks, auto scaling.
    Preparation {
        /// When the rollout fails if it is not through.
        until: Timestamp,
    },
    /// Another deployment has its deployment group.
    DeploymentGroup {
        /// Which, where that is known.
        taken: &'a TakenGroup,
        /// When the rollout fails if it is not through.
        until: Timestamp,
    },
    /// Its deployment, which AWS carries out.
    Deployment {
        /// The deployment.
        deployment: &'a Deployment,
        /// When it is rolled back if it is not through.
        until: Timestamp,
    },
    /// The end of its bake time: it has all of the traffic, and is watched.
    Bake {
        /// When that is.
        until: Timestamp,
    },
    /// The end of its rollback.
    Rollback {
        /// Why Towpath rolls it back.
        reason: &'a RollbackReason,
        /// Since when.
        since: Timestamp,
    },
    /// The end of a rollback that AWS has begun by itself.
    RollbackByAws {
        /// What AWS says of it.
        reason: &'a str,
    },
}

/// Who has to act before a release goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor<'a> {
    /// Towpath itself.
    Towpath,
    /// AWS, which carries out a deployment.
    Aws,
    /// People: they approve, or lift a hold.
    People,
    /// Another release.
    Release(&'a ReleaseId),
}

impl Waiting<'_> {
    /// Who has to act.
    #[must_use]
    pub fn waits_for(&self) -> WaitsFor<'_> {
        match self.on {
            WaitsOn::Blocked(by) => by.release().map_or(WaitsFor::People, WaitsFor::Release),
            WaitsOn::Approval { .. } => WaitsFor::People,
            WaitsOn::DeploymentGroup { .. }
            | WaitsOn::Deployment { .. }
            | WaitsOn::Rollback { .. }
            | WaitsOn::RollbackByAws { .. } => WaitsFor::Aws,
            WaitsOn::Start | WaitsOn::Preparation { .. } | WaitsOn::Bake { .. } => {
                WaitsFor::Towpath
            }
        }
    }

    /// Until when it waits at most. `None` where that has no limit, or is over in a moment.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self.on {
            WaitsOn::Start
            | WaitsOn::Blocked(_)
            | WaitsOn::Rollback { .. }
            | WaitsOn::RollbackByAws { .. } => None,
            WaitsOn::Approval { approval, .. } => Some(approval.expires_at),
            WaitsOn::Preparation { until }
            | WaitsOn::DeploymentGroup { until, .. }
            | WaitsOn::Deployment { until, .. }
            | WaitsOn::Bake { until } => Some(until),
        }
    }
}

impl Release {
    /// What it waits for; `None` once it has ended or is not trusted, and while it is not opened.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting<'_>> {
        if self.conclusion().is_some() || self.untrusted().is_some() {
            return None;
        }
        let (stage, rollout) = self.current()?;
        let on = match &rollout.phase {
            Phase::Pending | Phase::Ended { .. } => WaitsOn::Start,
            Phase::Planned { blocked_by, .. } => {
                blocked_by.as_ref().map_or(WaitsOn::Start, WaitsOn::Blocked)
            }
            Phase::Asking { plan, approval } => WaitsOn::Approval {
                approval,
                plan,
                of_traffic: false,
                voided: voided(self, &stage.name),
            },
            Phase::Live(rollout) => live(stage, rollout),
        };
        Some(Waiting {
            pipeline: &self.pipeline().pipeline,
            stage,
            on,
        })
    }
}

fn live<'a>(stage: &Stage, live: &'a Live) -> WaitsOn<'a> {
    let until = live.deadline(stage);
    match &live.progress {
        Progress::Preparing { .. } | Progress::Closing(Closing::NotStarted(_)) => {
            WaitsOn::Preparation { until }
        }
        Progress::WaitingForTurn(taken) => WaitsOn::DeploymentGroup { taken, until },
        Progress::Deploying(deployment) => match live.open_request() {
            Some(approval) if approval.standing() == Standing::Open => WaitsOn::Approval {
                approval,
                plan: &live.plan,
                of_traffic: true,
                voided: None,
            },
            Some(_) | None => WaitsOn::Deployment { deployment, until },
        },
        Progress::Baking(deployment) => match live.bakes_until(stage) {
            Some(until) => WaitsOn::Bake { until },
            None => WaitsOn::Deployment { deployment, until },
        },
        Progress::RollingBack {
            rollback: Some(rollback),
            ..
        }
        | Progress::Closing(Closing::Over {
            rollback: Some(rollback),
            ..
        }) => WaitsOn::Rollback {
            reason: &rollback.reason,
            since: rollback.at,
        },
        Progress::RollingBack {
            deployment,
            rollback: None,
        } => match &deployment.status {
            DeploymentStatus::RollingBack { reason, .. } => WaitsOn::RollbackByAws { reason },
            DeploymentStatus::InProgress { .. }
            | DeploymentStatus::Ready { .. }
            | DeploymentStatus::Shifted { .. }
            | DeploymentStatus::Halted { .. }
            | DeploymentStatus::Succeeded
            | DeploymentStatus::RolledBack { .. }
            | DeploymentStatus::Failed { .. }
            | DeploymentStatus::FailedInPlace { .. }
            | DeploymentStatus::Stopped { .. }
            | DeploymentStatus::Replaced { .. } => WaitsOn::Deployment { deployment, until },
        },
        Progress::Closing(Closing::Over {
            deployment,
            rollback: None,
            ..
        }) => WaitsOn::Deployment { deployment, until },
    }
}

/// Why the last approval that was given for the stage no longer counts, if one was.
fn voided<'a>(release: &'a Release, stage: &StageName) -> Option<&'a str> {
    let entries = || release.entries().iter().map(|entry| &entry.event);
    let asked = |id: &ApprovalId| {
        entries().any(|event| {
            matches!(event, Event::ApprovalRequested { stage: at, approval, .. }
                if at == stage && approval == id)
        })
    };
    entries().rev().find_map(|event| {
        let Event::ApprovalVoided { approval, reason } = event else {
            return None;
        };
        asked(approval).then_some(reason.as_str())
    })
}
