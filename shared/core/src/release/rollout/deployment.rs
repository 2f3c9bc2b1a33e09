//! A deployment that AWS carries out, and how it stands.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::step::{DeploymentStep, ShiftedStep};
use crate::names::{DeploymentId, PauseId};
use crate::release::{DeploymentFault, External, RefusedAction, WhyRefused};

/// A deployment that AWS carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub id: DeploymentId,
    /// Another id under which AWS reports about it, where it has two.
    pub alias: Option<DeploymentId>,
    /// When it was written down that it was started.
    pub since: Timestamp,
    /// How it stood when it was last looked at.
    pub status: DeploymentStatus,
    /// When it was last looked at.
    pub observed_at: Timestamp,
    /// Since when it is seen to stand so.
    pub stands_since: Timestamp,
    /// How often it was looked at without a change.
    pub unchanged: u32,
    /// Whether something was reported since.
    pub reported: bool,
    /// What has become of its production traffic where it waits for that.
    pub traffic: Traffic,
    /// When all of production traffic was first seen on green.
    pub shifted_at: Option<Timestamp>,
    /// The deployment that rolls it back, where that has an id of its own.
    pub rollback: Option<RollbackDeployment>,
    /// What AWS refused, if it refused to show it or to roll it back.
    pub refused: Option<RefusedAction>,
}

/// Whether production traffic was let through to green.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traffic {
    /// Not yet.
    Held,
    LetThrough,
    /// AWS refused to let it through.
    Refused(WhyRefused),
}

/// The deployment by which another one is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollbackDeployment {
    pub id: DeploymentId,
    /// Another id under which AWS reports about it, where it has two.
    pub alias: Option<DeploymentId>,
}

impl Deployment {
    /// One that AWS has just accepted.
    pub(in crate::release) fn started(
        id: DeploymentId,
        alias: Option<DeploymentId>,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            alias,
            since: at,
            status: DeploymentStatus::InProgress {
                at: DeploymentStep::Starting,
                traffic: None,
            },
            observed_at: at,
            stands_since: at,
            unchanged: 0,
            reported: false,
            traffic: Traffic::Held,
            shifted_at: None,
            rollback: None,
            refused: None,
        }
    }

    /// Whether AWS reports about it, or about what rolls it back, under that id.
    #[must_use]
    pub fn is_followed_as(&self, id: &DeploymentId) -> bool {
        let rollback = self.rollback.as_ref();
        self.id == *id
            || self.alias.as_ref() == Some(id)
            || rollback.is_some_and(|it| it.id == *id || it.alias.as_ref() == Some(id))
    }

    /// Whether all of production traffic is on green.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.status.standing() == DeploymentStanding::Serves
    }

    /// It was looked at.
    pub(super) fn observe(&mut self, status: &DeploymentStatus, at: Timestamp) {
        if self.status == *status {
            self.unchanged += 1;
        } else {
            self.unchanged = 0;
            self.stands_since = at;
        }
        self.status = status.clone();
        self.observed_at = at;
        self.reported = false;
        if let DeploymentStatus::RollingBack { by: Some(by), .. } = status {
            let alias = self.rollback.take().and_then(|known| known.alias);
            self.rollback = Some(RollbackDeployment {
                id: by.clone(),
                alias,
            });
        }
        if self.serves() {
            self.shifted_at.get_or_insert(at);
        }
    }

    /// Its production traffic was let through. What was seen before is over: whether it goes on is seen
    /// when it is looked at again.
    pub(super) fn let_through(&mut self, at: Timestamp) {
        if self.traffic == Traffic::Held {
            self.traffic = Traffic::LetThrough;
        }
        if !self.status.is_final() {
            self.status = DeploymentStatus::InProgress {
                at: DeploymentStep::LetThrough,
                traffic: None,
            };
            self.observed_at = at;
            self.stands_since = at;
            self.unchanged = 0;
            self.reported = false;
        }
    }
}

/// What a deployment's status comes to for the rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DeploymentStanding {
    /// It is under way, or its rollback is still to begin.
    UnderWay,
    /// All of production traffic is on green.
    Serves,
    /// AWS rolls it back, for this reason.
    RollingBack(DeploymentFault),
    /// AWS does nothing more about it, and it does not serve.
    Over(DeploymentEnd),
}

/// How a deployment has ended that does not serve. Each with why, or by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeploymentEnd {
    /// The old version serves again.
    RolledBack(DeploymentFault),
    /// It failed, and nothing says that the old version serves again.
    Failed(DeploymentFault),
    /// Somebody stopped it.
    Stopped(DeploymentFault),
    /// Another deployment of the same service took its place.
    Replaced(External),
}

/// How a deployment stands, as AWS answers when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum DeploymentStatus {
    /// It is under way.
    InProgress {
        /// What it is at.
        at: DeploymentStep,
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
        at: ShiftedStep,
    },
    /// It is being rolled back.
    RollingBack {
        /// Why.
        reason: DeploymentFault,
        /// The deployment that brings the old version back, where it has an id of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// It failed or was stopped with traffic on the new version, and whether AWS rolls it back is not
    /// known yet.
    Halted {
        /// Why.
        reason: DeploymentFault,
    },
    /// The new version serves.
    Succeeded,
    /// The old version serves again.
    RolledBack {
        /// Why.
        reason: DeploymentFault,
    },
    /// It failed, and nothing says that the old version serves again.
    Failed {
        /// Why.
        reason: DeploymentFault,
    },
    /// It failed, AWS does nothing more about it, and the new version is left where the old one was:
    /// whoever wants the old one back has to bring it back.
    FailedInPlace {
        /// Why.
        reason: DeploymentFault,
    },
    /// Somebody stopped it.
    Stopped {
        /// Why, as far as it is known.
        reason: DeploymentFault,
    },
    /// Another deployment of the same service took its place.
    Replaced {
        /// What took its place.
        by: External,
    },
}

impl DeploymentStatus {
    /// What it comes to for the rollout.
    pub(super) fn standing(&self) -> DeploymentStanding {
        match self {
            // One that was left in place is still to be rolled back.
            Self::InProgress { .. }
            | Self::Ready { .. }
            | Self::Halted { .. }
            | Self::FailedInPlace { .. } => DeploymentStanding::UnderWay,
            Self::Shifted { .. } | Self::Succeeded => DeploymentStanding::Serves,
            Self::RollingBack { reason, .. } => DeploymentStanding::RollingBack(reason.clone()),
            Self::RolledBack { reason } => {
                DeploymentStanding::Over(DeploymentEnd::RolledBack(reason.clone()))
            }
            Self::Failed { reason } => {
                DeploymentStanding::Over(DeploymentEnd::Failed(reason.clone()))
            }
            Self::Stopped { reason } => {
                DeploymentStanding::Over(DeploymentEnd::Stopped(reason.clone()))
            }
            Self::Replaced { by } => DeploymentStanding::Over(DeploymentEnd::Replaced(by.clone())),
        }
    }

    /// Whether AWS does nothing more about it, and it does not serve.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.standing(), DeploymentStanding::Over(_))
    }

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
