//! A task and what is known of it.

use jiff::Timestamp;
use serde_json::Value;

use crate::{behaviour::Behaviour, call::Place, ecr::Platform};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskStatus {
    Provisioning,
    Pending,
    Running,
    Deactivating,
    Stopped,
}

impl TaskStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Why a task stopped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stop {
    pub(super) code: &'static str,
    pub(super) reason: String,
    /// Whether the task failed, rather than was told to stop.
    pub(super) failure: bool,
}

#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) arn: String,
    pub(super) runtime: String,
    pub(super) digest: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) cpu: String,
    pub(super) essential: bool,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) arn: String,
    pub(crate) cluster_arn: String,
    pub(crate) place: Place,
    pub(crate) definition: String,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) fleet: Option<String>,
    pub(super) containers: Vec<Container>,
    /// What the first container that misbehaves does.
    pub(crate) behaviour: Behaviour,
    /// The container whose behaviour decides.
    pub(crate) leading: Option<(String, Option<String>)>,
    pub(super) status: TaskStatus,
    pub(super) stop: Option<Stop>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) stopping_at: Option<Timestamp>,
    pub(super) stopped_at: Option<Timestamp>,
    pub(super) version: u64,
    /// What it runs on, if that is known.
    pub(super) platform: Option<Platform>,
    pub(super) details: Value,
    pub(super) overrides: Value,
    pub(super) address: String,
}

/// A task reaches its next status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TaskTimer {
    pub(super) task: String,
    pub(super) step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Provisioned,
    Started,
    Exits,
    Stopped,
}

impl Task {
    pub(crate) fn is_running(&self) -> bool {
        match self.status {
            TaskStatus::Running => true,
            TaskStatus::Provisioning
            | TaskStatus::Pending
            | TaskStatus::Deactivating
            | TaskStatus::Stopped => false,
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        match self.status {
            TaskStatus::Provisioning | TaskStatus::Pending => true,
            TaskStatus::Running | TaskStatus::Deactivating | TaskStatus::Stopped => false,
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        match self.status {
            TaskStatus::Stopped => true,
            TaskStatus::Provisioning
            | TaskStatus::Pending
            | TaskStatus::Running
            | TaskStatus::Deactivating => false,
        }
    }

    /// The id at the end of its ARN.
    pub(super) fn id(&self) -> &str {
        self.arn
            .rsplit_once('/')
            .map_or(self.arn.as_str(), |(_, id)| id)
    }
}
