//! How a native deployment stands.
//!
//! | ECS says | then it |
//! |---|---|
//! | in progress, and a pause awaits an action before production traffic moves, or anywhere if the old version comes back by it | is ready |
//! | in progress, at `CLEAN_UP` | has shifted |
//! | in progress | is in progress, at its lifecycle stage |
//! | a rollback was requested or is in progress | is rolling back |
//! | successful, and the service still runs it | has succeeded |
//! | successful within the last minutes, and the service is shown to run what it ran before | is not shown yet |
//! | successful, and the service runs something else | was replaced |
//! | the rollback was successful | was rolled back: a failure |
//! | the rollback failed, and the service still names green's revision, or green has traffic | has failed and is in place |
//! | the rollback failed | has failed |
//! | stopped, and another deployment is newer | was replaced |
//! | stopped, and the service still names green's revision, or green has traffic | has failed and is in place |
//! | stopped | was stopped |
//!
//! A rollback has no event and no stage of its own; its traffic weights and these states tell.

use towpath_core::release::{
    AwsService, DeploymentFault, DeploymentStatus, External, FaultLeft, Observe, ShiftedStep,
};

use super::coming_back::coming_back;
use super::started::newest_after;
use crate::engine::contract::stopped_fault;
use crate::engine::service_deployment::{ServiceDeployment, Standing, brings};
use crate::engine::service_state::{is_named, not_shown_yet, replaced_by, serves, unknown};
use crate::engine::stopped_tasks;
use crate::ports::{CallError, Ports};

pub(super) async fn observe<P: Ports>(
    ports: &P,
    observe: &Observe,
) -> Result<DeploymentStatus, CallError> {
    let (place, id) = (&observe.place, &observe.deployment);
    if let Some(back) = observe.rollback.as_ref() {
        return coming_back(ports, place, back, observe.fresh).await;
    }
    let Some(seen) = ServiceDeployment::read(ports, place, id).await? else {
        return Ok(if observe.fresh {
            not_shown_yet(AwsService::Ecs)
        } else {
            unknown(AwsService::Ecs, id)
        });
    };
    Ok(match seen.standing() {
        Standing::UnderWay => match seen.ready(observe.skip_pauses) {
            Some(pause) => DeploymentStatus::Ready { pause: Some(pause) },
            None => DeploymentStatus::InProgress {
                at: seen.at(),
                traffic: seen.green_traffic(),
            },
        },
        Standing::CleaningUp => DeploymentStatus::Shifted {
            at: ShiftedStep::StoppingOldTasks,
        },
        Standing::Turning => DeploymentStatus::RollingBack {
            reason: why(ports, observe, &seen).await,
            by: None,
        },
        Standing::Successful => serves(ports, observe, seen.finished_at()).await?,
        Standing::RolledBack => DeploymentStatus::RolledBack {
            reason: why(ports, observe, &seen).await,
        },
        Standing::RollbackFailed => {
            let reason = why(ports, observe, &seen).await;
            let reason = reason.leaving(FaultLeft::RollbackFailed { by: None });
            let has_traffic = seen.green_traffic().is_some_and(|percent| percent > 0);
            match has_traffic || is_named(ports, observe).await? {
                true => DeploymentStatus::FailedInPlace { reason },
                false => DeploymentStatus::Failed { reason },
            }
        }
        Standing::Stopped => stopped(ports, observe, &seen).await?,
    })
}

/// A deployment that was stopped, by whoever started another one, or without anything in its
/// place.
async fn stopped<P: Ports>(
    ports: &P,
    observe: &Observe,
    seen: &ServiceDeployment,
) -> Result<DeploymentStatus, CallError> {
    let recent = ports.recent_service_deployments(&observe.place).await?;
    if let Some(newest) = newest_after(&recent, &observe.deployment) {
        return Ok(match brings(ports, &observe.place, newest).await? {
            Some(brings) => replaced_by(&brings),
            None => DeploymentStatus::Replaced {
                by: External::Deployment {
                    deployment: Some(newest.id.clone()),
                    revision: None,
                },
            },
        });
    }
    let reason = why(ports, observe, seen).await;
    let percent = seen.green_traffic().unwrap_or(0);
    if percent > 0 {
        return Ok(DeploymentStatus::FailedInPlace {
            reason: reason.leaving(FaultLeft::Traffic { percent }),
        });
    }
    // The old version never stopped serving. But what the service names is what its next deployment
    // begins with, and what its tasks are replaced by.
    Ok(match is_named(ports, observe).await? {
        true => DeploymentStatus::FailedInPlace { reason },
        false => DeploymentStatus::Stopped { reason },
    })
}

/// Why the deployment did not come through: what ECS says, and why its tasks failed.
async fn why<P: Ports>(ports: &P, observe: &Observe, seen: &ServiceDeployment) -> DeploymentFault {
    let failed = match observe.tasks.as_ref() {
        Some(name) => stopped_tasks::started_by(ports, &observe.place, name.as_str()).await,
        None => Vec::new(),
    };
    match seen.stopped_by_request() {
        Some(said) => stopped_fault(observe, said, failed),
        None => DeploymentFault::from(seen.cause()).with_tasks(failed),
    }
}
