//! Service deployments and service revisions: the history that ECS keeps of each rollout.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

use jiff::Timestamp;
use serde_json::Value;

use super::{
    failure_detection,
    native::{HookRun, Native},
};
use crate::World;

/// `status` of a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    InProgress,
    Successful,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackRequested => "ROLLBACK_REQUESTED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Successful | Self::Stopped | Self::RollbackSuccessful | Self::RollbackFailed => {
                true
            }
            Self::Pending
            | Self::InProgress
            | Self::RollbackRequested
            | Self::RollbackInProgress => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Rollback {
    pub(super) reason: String,
    pub(super) started_at: Timestamp,
    pub(super) revision: String,
}

/// One rollout of a service, as its history shows it.
#[derive(Debug)]
pub(super) struct ServiceDeployment {
    pub(super) arn: String,
    pub(super) service: String,
    pub(super) cluster: String,
    pub(super) fleet: String,
    pub(super) sources: Vec<String>,
    pub(super) target: String,
    pub(super) status: Status,
    pub(super) status_reason: Option<String>,
    pub(super) configuration: Value,
    pub(super) rollback: Option<Rollback>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) stopped_at: Option<Timestamp>,
    /// Failures counted when the deployment ended, and whether they ended it.
    pub(super) breaker: Option<(u32, bool)>,
    /// Where a rolling deployment pauses, or has paused.
    pub(super) pause: Option<HookRun>,
    /// What a native deployment has beside.
    pub(super) native: Option<Native>,
}

/// Opens the record of a rollout; one that is still open is superseded.
pub(super) fn begin(
    world: &mut World,
    service: &str,
    fleet: &str,
    revision: &str,
    sources: Vec<String>,
) {
    let now = world.now;
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let ignores_alarms = !failure_detection::alarms_on(world, held).is_empty();
    let id = world.ids.mixed(21);
    let name = format!(
        "service-deployment/{}/{}/{id}",
        held.cluster_name(),
        held.name
    );
    let arn = held.place.arn("ecs", &name);
    let deployment = ServiceDeployment {
        arn: arn.clone(),
        service: service.to_owned(),
        cluster: held.cluster_arn.clone(),
        fleet: fleet.to_owned(),
        sources,
        target: revision.to_owned(),
        status: Status::Pending,
        status_reason: None,
        configuration: held.configuration.clone(),
        rollback: None,
        created_at: now,
        started_at: None,
        updated_at: now,
        finished_at: None,
        stopped_at: None,
        breaker: None,
        pause: None,
        native: None,
    };
    fail(
        world,
        service,
        Status::Stopped,
        &format!("Superseded by service deployment {arn}."),
    );
    world.ecs.deployments.insert(arn.clone(), deployment);
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.current_deployment = Some(arn);
        if let Some(started) = held.fleet_mut(fleet) {
            started.ignores_alarms = ignores_alarms;
        }
    }
}

/// The open rollout of a service, if any.
fn open<'a>(world: &'a mut World, service: &str) -> Option<&'a mut ServiceDeployment> {
    let arn = world
        .ecs
        .services
        .get(service)?
        .current_deployment
        .clone()?;
    world
        .ecs
        .deployments
        .get_mut(&arn)
        .filter(|held| !held.status.is_over())
}

/// Moves a pending rollout on.
pub(super) fn advance(world: &mut World, service: &str, status: Status) {
    let now = world.now;
    if let Some(held) = open(world, service)
        && held.status == Status::Pending
    {
        held.status = status;
        held.started_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout, or its rollback, is through.
pub(super) fn complete(world: &mut World, service: &str) {
    let now = world.now;
    if let Some(held) = open(world, service) {
        held.status = match held.status {
            Status::RollbackInProgress => Status::RollbackSuccessful,
            Status::Pending
            | Status::InProgress
            | Status::RollbackRequested
            | Status::Successful
            | Status::Stopped
            | Status::RollbackSuccessful
            | Status::RollbackFailed => Status::Successful,
        };
        held.started_at = held.started_at.or(Some(now));
        held.finished_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout ends without success and without a rollback.
pub(super) fn fail(world: &mut World, service: &str, status: Status, reason: &str) {
    let now = world.now;
    note_failures(world, service);
    if let Some(held) = open(world, service) {
        held.status = status;
        held.status_reason = Some(reason.to_owned());
        held.stopped_at = Some(now);
        held.finished_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout ends like this, whatever it was about.
pub(super) fn end(world: &mut World, service: &str, status: Status, reason: &str) {
    let now = world.now;
    if let Some(held) = open(world, service) {
        held.status = status;
        held.status_reason = Some(reason.to_owned());
        held.finished_at = Some(now);
        held.updated_at = now;
    }
}

/// Something changed about a rollout.
pub(super) fn touch(world: &mut World, deployment: &str) {
    let now = world.now;
    if let Some(held) = world.ecs.deployments.get_mut(deployment) {
        held.updated_at = now;
    }
}

/// The open rollout of a service, by ARN.
pub(super) fn open_arn(world: &World, service: &str) -> Option<String> {
    let arn = world
        .ecs
        .services
        .get(service)?
        .current_deployment
        .as_ref()?;
    world
        .ecs
        .deployments
        .get(arn)
        .filter(|held| !held.status.is_over())
        .map(|held| held.arn.clone())
}

/// Whether the open rollout waits until somebody answers its pause.
pub(super) fn is_paused(world: &World, service: &str) -> bool {
    let open = open_arn(world, service).and_then(|arn| world.ecs.deployments.get(&arn));
    open.and_then(|held| held.pause.as_ref())
        .is_some_and(HookRun::is_open)
}

/// The rollout failed and goes back to another revision.
pub(super) fn roll_back(world: &mut World, service: &str, revision: &str, reason: &str) {
    let now = world.now;
    note_failures(world, service);
    if let Some(held) = open(world, service) {
        held.status = Status::RollbackInProgress;
        held.status_reason = Some(reason.to_owned());
        held.rollback = Some(Rollback {
            reason: reason.to_owned(),
            started_at: now,
            revision: revision.to_owned(),
        });
        held.updated_at = now;
    }
}

/// Keeps the failure count that the circuit breaker saw: the fleet may be gone when it is asked for.
fn note_failures(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let Some(breaker) = failure_detection::breaker(held) else {
        return;
    };
    let counts: Vec<(String, u32)> = held
        .fleets
        .iter()
        .map(|of| (of.id.clone(), of.failed))
        .collect();
    if let Some(deployment) = open(world, service) {
        let failed = counts
            .iter()
            .find(|(id, _)| *id == deployment.fleet)
            .map_or(0, |(_, failed)| *failed);
        deployment.breaker = Some((failed, failed >= breaker.threshold));
    }
}
