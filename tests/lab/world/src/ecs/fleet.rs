//! A fleet: the tasks of one revision of a service. Describe shows it as a deployment (rolling,
//! native blue/green) or as a task set (CodeDeploy, external).

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Service, Task};
use crate::{World, elb::TargetGroup};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FleetStatus {
    /// Serves production.
    Primary,
    /// Also there: the one before, or the one that is coming.
    Active,
    /// Going away.
    Draining,
}

impl FleetStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY",
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
        }
    }
}

/// `rolloutState` of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Fleet {
    /// `ecs-svc/<number>`.
    pub(crate) id: String,
    pub(crate) status: FleetStatus,
    pub(crate) task_definition: String,
    /// ARN of the service revision; empty for task sets, which have none.
    pub(super) revision: String,
    /// How many tasks it should have.
    pub(crate) goal: u32,
    /// Task sets: percent of the service's desired count.
    pub(crate) scale: f64,
    /// Consecutive tasks that failed.
    pub(super) failed: u32,
    /// Failures ever, which slow down the next launches.
    pub(super) failed_ever: u32,
    pub(super) launch_after: Option<Timestamp>,
    pub(super) rollout: Rollout,
    pub(super) reason: String,
    pub(crate) external_id: Option<String>,
    pub(super) started_by: Option<String>,
    pub(crate) target_group: Option<TargetGroup>,
    pub(crate) settings: Map<String, Value>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// Since when it has all its tasks running.
    pub(crate) stable_at: Option<Timestamp>,
    /// Rolling: until when alarms are watched before the deployment counts as completed.
    pub(super) bake_until: Option<Timestamp>,
    /// Rolling: it is primary again because the one after it failed.
    pub(super) rolled_back: bool,
    /// An alarm was on when its deployment started, so that none is looked at while it lasts.
    pub(super) ignores_alarms: bool,
}

/// How many tasks a fleet has, by what they do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) running: u32,
    pub(crate) pending: u32,
    pub(crate) stopping: u32,
}

impl Counts {
    pub(crate) fn active(self) -> u32 {
        self.running.saturating_add(self.pending)
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

impl Fleet {
    /// A fleet of a service as it is now, without tasks yet.
    pub(super) fn of(service: &Service, id: String, now: Timestamp) -> Self {
        Self {
            reason: format!("ECS deployment {id} in progress."),
            id,
            status: FleetStatus::Primary,
            task_definition: service.task_definition.clone(),
            revision: String::new(),
            goal: service.desired,
            scale: 100.0,
            failed: 0,
            failed_ever: 0,
            launch_after: None,
            rollout: Rollout::InProgress,
            external_id: None,
            started_by: None,
            target_group: service.target_group(),
            settings: service.settings.clone(),
            created_at: now,
            updated_at: now,
            stable_at: None,
            bake_until: None,
            rolled_back: false,
            ignores_alarms: false,
        }
    }

    pub(crate) fn is_primary(&self) -> bool {
        match self.status {
            FleetStatus::Primary => true,
            FleetStatus::Active | FleetStatus::Draining => false,
        }
    }
}

/// The tasks that belong to a fleet, oldest first.
pub(crate) fn tasks_of<'a>(
    world: &'a World,
    service: &str,
    fleet: &str,
) -> impl Iterator<Item = &'a Task> {
    let (service, fleet) = (service.to_owned(), fleet.to_owned());
    world.ecs.tasks.values().filter(move |task| {
        task.service.as_deref() == Some(service.as_str())
            && task.fleet.as_deref() == Some(fleet.as_str())
    })
}

pub(crate) fn counts(world: &World, service: &str, fleet: &str) -> Counts {
    let mut counts = Counts::default();
    for task in tasks_of(world, service, fleet) {
        if task.is_running() {
            counts.running = counts.running.saturating_add(1);
        } else if task.is_pending() {
            counts.pending = counts.pending.saturating_add(1);
        } else if !task.is_stopped() {
            counts.stopping = counts.stopping.saturating_add(1);
        }
    }
    counts
}

/// The tasks of a fleet that are up.
pub(crate) fn running_tasks<'a>(
    world: &'a World,
    service: &str,
    fleet: &str,
) -> impl Iterator<Item = &'a Task> {
    tasks_of(world, service, fleet).filter(|task| task.is_running())
}
