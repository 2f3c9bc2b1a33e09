//! Why a release is not being deployed any further right now: what it waits for, who has to act, and
//! until when. Every release that has not ended waits for exactly one thing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rollout::{
    ActiveRollout, Closing, Deployment, DeploymentStatus, MAX_POLL_INTERVAL, Phase, Progress,
    RollbackBy, later,
};
use super::vote::{Approval, Standing};
use super::{
    ActionKind, BlockedBy, DeploymentFault, Event, ImageChange, Plan, Release, Revision,
    RollbackReason, VoidReason,
};
use crate::names::{ApprovalId, CheckName, DeploymentId, PipelineName, ReleaseId, StageName};
use crate::pipeline::{ApprovalGate, HookPoint, Stage};

/// What a release waits for, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub pipeline: PipelineName,
    /// The stage at which it stands.
    pub stage: StageName,
    pub on: WaitsOn,
}

/// What a release waits for at a stage: everything that is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum WaitsOn {
    /// The next run of the deployer: nothing keeps it.
    Start,
    /// Something that keeps it from taking the service.
    Blocked(BlockedBy),
    /// People, who were asked to approve.
    Approval(Box<OpenApproval>),
    /// What comes before its deployment is started: registering, checks, auto scaling.
    Preparation {
        /// When the rollout fails if it is not through.
        until: Timestamp,
    },
    /// Another deployment has its deployment group.
    DeploymentGroup {
        /// Which, where that is known.
        taken_by: Option<DeploymentId>,
        /// When the rollout fails if it is not through.
        until: Timestamp,
    },
    /// Its deployment, which AWS carries out.
    Deployment {
        deployment: DeploymentId,
        /// How it stands.
        status: DeploymentStatus,
        /// When it is rolled back if it is not through.
        until: Timestamp,
    },
    /// The end of its bake time: it has all of the traffic, and is watched.
    Bake {
        /// The checks that watch it.
        checks: Vec<CheckName>,
        until: Timestamp,
    },
    /// AWS, which has not begun yet to roll it back, though Towpath asks it to.
    RollbackToBegin {
        deployment: DeploymentId,
        /// How it stands.
        status: DeploymentStatus,
        /// When the rollout is left as it is.
        until: Timestamp,
    },
    /// The end of its rollback.
    Rollback {
        /// Why Towpath rolls it back.
        reason: RollbackReason,
        since: Timestamp,
        /// When the rollout is left as it is.
        until: Timestamp,
    },
    /// The end of a rollback that AWS has begun by itself.
    RollbackByAws {
        /// Why it does.
        reason: DeploymentFault,
        /// When the rollout is left as it is.
        until: Timestamp,
    },
}

/// A request for approval that people can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenApproval {
    /// The request.
    pub approval: ApprovalId,
    /// Who may approve, and how.
    pub gate: Option<ApprovalGate>,
    /// How many people have approved.
    pub approved: usize,
    /// How many have to.
    pub required: u8,
    /// When the request ends.
    pub until: Timestamp,
    /// The revision that runs now.
    pub current: Revision,
    /// The images that would change.
    pub images: Vec<ImageChange>,
    /// Whether green is ready, and its production traffic is asked about.
    pub of_traffic: bool,
    /// Why what was approved before no longer counts, if something was.
    pub voided: Option<VoidReason>,
}

impl OpenApproval {
    fn of(stage: &Stage, approval: &Approval, plan: &Plan) -> Self {
        Self {
            approval: approval.id.clone(),
            gate: stage.approval.clone(),
            approved: approval.approvers().len(),
            required: approval.required,
            until: approval.expires_at,
            current: plan.previous.clone(),
            images: plan.images.clone(),
            of_traffic: false,
            voided: None,
        }
    }
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

impl Waiting {
    /// Who has to act.
    #[must_use]
    pub fn waits_for(&self) -> WaitsFor<'_> {
        match &self.on {
            WaitsOn::Blocked(by) => by.release().map_or(WaitsFor::People, WaitsFor::Release),
            WaitsOn::Approval(_) => WaitsFor::People,
            WaitsOn::DeploymentGroup { .. }
            | WaitsOn::Deployment { .. }
            | WaitsOn::RollbackToBegin { .. }
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
        match &self.on {
            WaitsOn::Start | WaitsOn::Blocked(_) => None,
            WaitsOn::Approval(approval) => Some(approval.until),
            WaitsOn::Preparation { until }
            | WaitsOn::DeploymentGroup { until, .. }
            | WaitsOn::Deployment { until, .. }
            | WaitsOn::Bake { until, .. }
            | WaitsOn::RollbackToBegin { until, .. }
            | WaitsOn::Rollback { until, .. }
            | WaitsOn::RollbackByAws { until, .. } => Some(*until),
        }
    }
}

impl Release {
    /// What it waits for; `None` once it has ended or is not trusted, and while it is not opened.
    #[must_use]
    pub fn waiting(&self) -> Option<Waiting> {
        if self.conclusion().is_some() || self.untrusted().is_some() {
            return None;
        }
        let (stage, rollout) = self.current()?;
        let on = match &rollout.phase {
            Phase::Pending | Phase::Ended { .. } => WaitsOn::Start,
            Phase::Planned { blocked_by, .. } => {
                let blocked_by = blocked_by.clone();
                blocked_by.map_or(WaitsOn::Start, WaitsOn::Blocked)
            }
            Phase::Asking { plan, approval } => WaitsOn::Approval(Box::new(OpenApproval {
                voided: voided(self, &stage.name),
                ..OpenApproval::of(stage, approval, plan)
            })),
            Phase::Live(rollout) => live(self, stage, rollout),
        };
        Some(Waiting {
            pipeline: self.pipeline().pipeline.clone(),
            stage: stage.name.clone(),
            on,
        })
    }
}

fn live(release: &Release, stage: &Stage, live: &ActiveRollout) -> WaitsOn {
    let until = live.deadline(stage);
    match &live.progress {
        // What may have been started is looked for until then.
        Progress::Preparing { .. } if release.intends(ActionKind::Start) => WaitsOn::Preparation {
            until: live.given_up_at(stage),
        },
        Progress::Preparing { .. } | Progress::Closing(Closing::NotStarted(_)) => {
            WaitsOn::Preparation { until }
        }
        Progress::WaitingForTurn(taken) => WaitsOn::DeploymentGroup {
            taken_by: taken.by.clone(),
            until,
        },
        Progress::Deploying(deployment) => match live.open_request() {
            Some(approval) if approval.standing() == Standing::Open => {
                WaitsOn::Approval(Box::new(OpenApproval {
                    of_traffic: true,
                    ..OpenApproval::of(stage, approval, &live.plan)
                }))
            }
            Some(_) | None if live.rollback_intended_at.is_some() => WaitsOn::RollbackToBegin {
                deployment: deployment.id.clone(),
                status: deployment.status.clone(),
                // As long as it is asked to, it is looked at no more.
                until: later(live.given_up_at(stage), MAX_POLL_INTERVAL),
            },
            Some(_) | None => on_deployment(deployment, until),
        },
        Progress::Baking(deployment) => match live.bakes_until(stage) {
            Some(until) => WaitsOn::Bake {
                checks: (stage.checks_at(HookPoint::Bake))
                    .map(|check| check.name.clone())
                    .collect(),
                until,
            },
            None => on_deployment(deployment, until),
        },
        Progress::RollingBack {
            by: RollbackBy::Towpath(rollback),
            ..
        }
        | Progress::Closing(Closing::Over {
            rollback: Some(rollback),
            ..
        }) => WaitsOn::Rollback {
            reason: rollback.reason.clone(),
            since: rollback.at,
            until: live.given_up_at(stage),
        },
        Progress::RollingBack {
            by: RollbackBy::Aws(reason),
            ..
        } => WaitsOn::RollbackByAws {
            reason: reason.clone(),
            until: live.given_up_at(stage),
        },
        Progress::Closing(Closing::Over {
            deployment,
            rollback: None,
            ..
        }) => on_deployment(deployment, until),
    }
}

fn on_deployment(deployment: &Deployment, until: Timestamp) -> WaitsOn {
    WaitsOn::Deployment {
        deployment: deployment.id.clone(),
        status: deployment.status.clone(),
        until,
    }
}

/// Why the last approval that was given for the stage no longer counts, if one was.
fn voided(release: &Release, stage: &StageName) -> Option<VoidReason> {
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
        asked(approval).then_some(*reason)
    })
}
