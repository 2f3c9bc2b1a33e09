//! StopDeployment and ContinueDeployment.

use serde_json::json;

use super::{
    deployment,
    deployment::{Creator, Stage, Status},
    finish, lifecycle,
};
use crate::{
    World,
    call::{Answer, ApiError, Call},
};

pub(super) fn stop(world: &mut World, call: &Call) -> Answer {
    let held = deployment::find(world, call)?;
    refuse_over(held.status, &held.id)?;
    if held.creator == Creator::Rollback {
        return Err(ApiError::new(
            "UnsupportedActionForDeploymentTypeException",
            "A rollback cannot be stopped",
        ));
    }
    let rollback = call
        .flag("autoRollbackEnabled")
        .unwrap_or(held.rollback.on_request);
    let id = held.id.clone();
    finish::stop(world, &id, rollback);
    Ok(json!({"status": "Succeeded", "statusMessage": format!("Deployment {id} is stopped.")}))
}

pub(super) fn proceed(world: &mut World, call: &Call) -> Answer {
    let held = deployment::find(world, call)?;
    refuse_over(held.status, &held.id)?;
    let id = held.id.clone();
    match call.str("deploymentWaitType") {
        None | Some("READY_WAIT") => {
            if held.stage != Stage::ReadyWait {
                return Err(ApiError::new(
                    "DeploymentIsNotInReadyStateException",
                    format!("The deployment {id} is not in the Ready state"),
                ));
            }
            lifecycle::resume(world, &id);
        }
        Some("TERMINATION_WAIT") => {
            if held.stage != Stage::TerminationWait {
                return Err(ApiError::new(
                    "InvalidDeploymentStatusException",
                    format!(
                        "The deployment {id} is not waiting for the termination of its original task set"
                    ),
                ));
            }
            finish::succeed(world, &id);
        }
        Some(other) => {
            return Err(ApiError::new(
                "InvalidDeploymentWaitTypeException",
                format!("The wait type {other} is not valid: use READY_WAIT or TERMINATION_WAIT"),
            ));
        }
    }
    Ok(json!({}))
}

fn refuse_over(status: Status, id: &str) -> Result<(), ApiError> {
    if status.is_over() {
        return Err(ApiError::new(
            "DeploymentAlreadyCompletedException",
            format!("The deployment {id} is already completed"),
        ));
    }
    Ok(())
}
