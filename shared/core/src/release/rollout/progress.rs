//! How far a rollout is that owns its service, and what leads from one step to the next.
//!
//! | it is | and | then it is |
//! |---|---|---|
//! | preparing | another deployment has its deployment group | waiting for its turn |
//! | waiting for its turn | that one is over | preparing |
//! | preparing, waiting for its turn | its deployment has started | deploying |
//! | preparing, waiting for its turn | AWS refused something, the service runs the revision already, something else runs there | closing |
//! | deploying | all of the traffic is on green | baking |
//! | deploying, baking | Towpath rolls it back, or AWS by itself | rolling back |
//! | baking, rolling back by AWS | it is seen to be under way after all | deploying |
//! | rolling back, as its time was up | it has succeeded meanwhile | baking |
//! | deploying, baking, rolling back | AWS does nothing more about it, and it does not serve | closing |
//!
//! How it ends may also be decided by the time: see the steps in [`next`](crate::release::next()).

use jiff::Timestamp;

use super::deployment::{
    Deployment, DeploymentEnd, DeploymentStanding, DeploymentStatus, RollbackDeployment,
};
use crate::names::DeploymentId;
use crate::release::{DeploymentFault, Outcome, RefusedAction, Revision, RollbackReason};

/// How far a rollout is that owns its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Its revision is registered, checks run that come before anything is changed, auto scaling is
    /// suspended.
    Preparing {
        /// What had the deployment group when ours was last refused for it, if it was.
        refused_for: Option<TakenGroup>,
    },
    /// Another deployment has the deployment group, which takes one at a time.
    WaitingForTurn(TakenGroup),
    /// AWS carries its deployment out, and not all of the traffic is on green.
    Deploying(Deployment),
    /// All of the traffic is on green.
    Baking(Deployment),
    /// What ran before is brought back.
    RollingBack {
        /// The deployment that is rolled back.
        deployment: Deployment,
        /// Who rolls it back, and why.
        by: RollbackBy,
    },
    /// It is settled what has become of it: auto scaling is put back, and the service let go.
    Closing(Closing),
}

/// Another deployment has the deployment group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenGroup {
    /// The deployment, where it is known.
    pub by: Option<DeploymentId>,
    /// When ours was refused for it.
    pub at: Timestamp,
    /// How often ours was refused for this one.
    pub refusals: u32,
    /// When the other one was last looked at.
    pub looked_at: Option<Timestamp>,
}

/// Who rolls a deployment back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackBy {
    Towpath(OngoingRollback),
    /// AWS by itself, for this reason.
    Aws(DeploymentFault),
}

/// A rollback of Towpath's in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OngoingRollback {
    pub reason: RollbackReason,
    /// How the rollout ends once the old version serves.
    pub outcome: Outcome,
    /// Whether the stage is held afterwards.
    pub hold: bool,
    /// Since when.
    pub at: Timestamp,
}

impl OngoingRollback {
    /// Whether it goes on even if the deployment has succeeded meanwhile. A rollback for lack of time
    /// accepts a late success; others do not.
    pub(crate) fn even_if_succeeded(&self) -> bool {
        self.hold || self.outcome != Outcome::RolledBack
    }
}

/// What has become of a rollout that AWS does nothing more about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// It started no deployment.
    NotStarted(NotStarted),
    /// Its deployment is over, and does not serve.
    Over {
        end: DeploymentEnd,
        deployment: Box<Deployment>,
        /// Why Towpath rolled it back, if it did.
        rollback: Option<OngoingRollback>,
    },
}

/// Why a rollout started no deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStarted {
    /// Something runs that the rollout was not planned on.
    ExternalRevision(Revision),
    /// The service runs already what was to be started.
    RunsAlready,
    /// AWS refused what comes before, or the deployment itself.
    Refused(RefusedAction),
}

impl Progress {
    /// The deployment, once it has started.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        match self {
            Self::Deploying(deployment)
            | Self::Baking(deployment)
            | Self::RollingBack { deployment, .. } => Some(deployment),
            Self::Closing(Closing::Over { deployment, .. }) => Some(deployment),
            Self::Preparing { .. }
            | Self::WaitingForTurn(_)
            | Self::Closing(Closing::NotStarted(_)) => None,
        }
    }

    /// Why Towpath rolls it back or has rolled it back, if it does.
    #[must_use]
    pub fn rollback(&self) -> Option<&OngoingRollback> {
        match self {
            Self::RollingBack {
                by: RollbackBy::Towpath(rollback),
                ..
            } => Some(rollback),
            Self::Closing(Closing::Over { rollback, .. }) => rollback.as_ref(),
            Self::Preparing { .. }
            | Self::WaitingForTurn(_)
            | Self::Deploying(_)
            | Self::Baking(_)
            | Self::RollingBack {
                by: RollbackBy::Aws(_),
                ..
            }
            | Self::Closing(Closing::NotStarted(_)) => None,
        }
    }

    /// Its deployment has started.
    pub(super) fn started(&mut self, deployment: Deployment) {
        match self {
            Self::Preparing { .. }
            | Self::WaitingForTurn(_)
            | Self::Closing(Closing::NotStarted(_)) => *self = Self::Deploying(deployment),
            // It is known.
            Self::Deploying(_)
            | Self::Baking(_)
            | Self::RollingBack { .. }
            | Self::Closing(Closing::Over { .. }) => {}
        }
    }

    /// It starts no deployment. What was started all the same is followed.
    pub(in crate::release) fn not_started(&mut self, why: NotStarted) {
        match self {
            Self::Preparing { .. } | Self::WaitingForTurn(_) => {
                *self = Self::Closing(Closing::NotStarted(why));
            }
            Self::Deploying(_) | Self::Baking(_) | Self::RollingBack { .. } | Self::Closing(_) => {}
        }
    }

    /// Its deployment was refused, as another one has the group.
    pub(in crate::release) fn group_taken(&mut self, by: Option<DeploymentId>, at: Timestamp) {
        let before = match self {
            Self::Preparing { refused_for } => refused_for.as_ref(),
            Self::WaitingForTurn(group) => Some(&*group),
            Self::Deploying(_) | Self::Baking(_) | Self::RollingBack { .. } | Self::Closing(_) => {
                return;
            }
        };
        let same = before.filter(|before| before.by == by);
        *self = Self::WaitingForTurn(TakenGroup {
            refusals: same.map_or(1, |before| before.refusals + 1),
            by,
            at,
            looked_at: None,
        });
    }

    /// What had the group is over.
    pub(in crate::release) fn group_freed(&mut self) {
        if let Self::WaitingForTurn(group) = self {
            *self = Self::Preparing {
                refused_for: Some(group.clone()),
            };
        }
    }

    /// Something happened to the deployment.
    pub(super) fn with_deployment(&mut self, change: impl FnOnce(&mut Deployment)) {
        self.follow(|deployment, _| change(deployment));
    }

    /// The deployment was looked at.
    pub(in crate::release) fn observed(
        &mut self,
        id: &DeploymentId,
        status: &DeploymentStatus,
        at: Timestamp,
    ) {
        self.follow(|deployment, rollback| {
            if deployment.id != *id {
                return;
            }
            deployment.observe(status, at);
            // A rollback that began for lack of time came too late: it serves.
            if *status == DeploymentStatus::Succeeded && deployment.rollback.is_none() {
                *rollback = rollback.take().filter(OngoingRollback::even_if_succeeded);
            }
        });
    }

    /// Towpath has begun to roll the deployment back.
    pub(in crate::release) fn rollback_started(
        &mut self,
        ongoing: OngoingRollback,
        by: Option<RollbackDeployment>,
    ) {
        self.follow(|deployment, rollback| {
            *rollback = Some(ongoing);
            if by.is_some() {
                deployment.rollback = by;
            }
        });
    }

    /// The step that a deployment is at follows from how it stands, and from whether Towpath rolls it
    /// back.
    fn follow(&mut self, change: impl FnOnce(&mut Deployment, &mut Option<OngoingRollback>)) {
        let Some(mut deployment) = self.deployment().cloned() else {
            return;
        };
        let mut rollback = self.rollback().cloned();
        change(&mut deployment, &mut rollback);
        *self = match (deployment.status.standing(), rollback) {
            (DeploymentStanding::Over(end), rollback) => Self::Closing(Closing::Over {
                end,
                deployment: Box::new(deployment),
                rollback,
            }),
            (
                DeploymentStanding::RollingBack(_)
                | DeploymentStanding::UnderWay
                | DeploymentStanding::Serves,
                Some(rollback),
            ) => Self::RollingBack {
                deployment,
                by: RollbackBy::Towpath(rollback),
            },
            (DeploymentStanding::RollingBack(reason), None) => Self::RollingBack {
                deployment,
                by: RollbackBy::Aws(reason),
            },
            (DeploymentStanding::Serves, None) => Self::Baking(deployment),
            (DeploymentStanding::UnderWay, None) => Self::Deploying(deployment),
        };
    }
}
