//! How a deployment stands that brings the old version back.

use towpath_core::names::DeploymentId;
use towpath_core::release::{AwsService, DeploymentFault, DeploymentStatus, FaultCause, Place};

use crate::engine::pause::let_through;
use crate::engine::service_deployment::{ServiceDeployment, Standing};
use crate::engine::service_state::unknown;
use crate::ports::{CallError, Ports};

/// How the deployment stands that brings the old version back after another one was over.
pub(super) async fn coming_back<P: Ports>(
    ports: &P,
    place: &Place,
    back: &DeploymentId,
    fresh: bool,
) -> Result<DeploymentStatus, CallError> {
    let reason = DeploymentFault::from(FaultCause::BroughtBack { by: None });
    let Some(seen) = ServiceDeployment::read(ports, place, back).await? else {
        return Ok(if fresh {
            let by = Some(back.clone());
            DeploymentStatus::RollingBack { reason, by }
        } else {
            unknown(AwsService::Ecs, back)
        });
    };
    Ok(match seen.standing() {
        Standing::UnderWay => {
            // Nobody is asked whether the old version may come back.
            if let Some(pause) = seen.pause() {
                let_through(ports, place, back, Some(&pause)).await?;
            }
            DeploymentStatus::RollingBack {
                reason,
                by: Some(back.clone()),
            }
        }
        Standing::Successful | Standing::CleaningUp => DeploymentStatus::RolledBack { reason },
        Standing::Turning | Standing::RolledBack | Standing::RollbackFailed | Standing::Stopped => {
            DeploymentStatus::Failed {
                reason: FaultCause::RollbackFailed {
                    deployment: back.clone(),
                    because: Box::new(seen.cause()),
                }
                .into(),
            }
        }
    })
}
