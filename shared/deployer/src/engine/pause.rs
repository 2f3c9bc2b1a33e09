//! Deployments of ECS that pause, at hooks of the kind PAUSE. Rolling ones may have them, too, and then
//! it is the service's owner who answers.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html>

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::Place;

use super::service_deployment::{ServiceDeployment, brings};
use crate::ports::{CallError, PauseAnswer, Ports};
use crate::service::Service;

/// A service deployment that waits until somebody answers its pause.
pub(super) struct Paused {
    deployment: DeploymentId,
    pause: PauseId,
    /// The lifecycle stage at which it waits.
    pub(super) at: String,
}

/// The pause at which the service's newest deployment waits, if that brings the revision and does.
pub(super) async fn paused<P: Ports>(
    ports: &P,
    place: &Place,
    service: &Value,
    revision: &TaskDefinitionArn,
) -> Result<Option<Paused>, CallError> {
    if !Service(service).may_pause() {
        return Ok(None);
    }
    let Some(named) = Service(service).current_deployment() else {
        return Ok(None);
    };
    let Some(seen) = ServiceDeployment::read(ports, place, &named).await? else {
        return Ok(None);
    };
    let Some(pause) = seen.pause() else {
        return Ok(None);
    };
    let brief = seen.brief(named.clone());
    let is_its = brings(ports, place, &brief).await?.as_ref() == Some(revision);
    Ok(is_its.then(|| Paused {
        deployment: named,
        pause,
        at: seen.stage_or_status().to_owned(),
    }))
}

/// Answers the pause, for nobody is asked whether the old version may come back.
pub(super) async fn go_on<P: Ports>(
    ports: &P,
    place: &Place,
    paused: &Paused,
) -> Result<(), CallError> {
    let_through(ports, place, &paused.deployment, Some(&paused.pause)).await
}

/// Answers the pause. A pause that was answered before, or whose deployment is over, is not asked
/// any more: that is what was wanted, or is seen when the deployment is looked at.
pub(super) async fn let_through<P: Ports>(
    ports: &P,
    place: &Place,
    deployment: &DeploymentId,
    pause: Option<&PauseId>,
) -> Result<(), CallError> {
    let Some(pause) = pause else {
        return Ok(());
    };
    let sent = ports
        .answer_pause(place, deployment, pause, PauseAnswer::Continue)
        .await;
    match sent {
        Err(error @ CallError::Refused { .. }) => {
            let seen = ServiceDeployment::read(ports, place, deployment).await?;
            let waits = seen.and_then(|seen| seen.pause());
            if waits.as_ref() == Some(pause) {
                Err(error)
            } else {
                Ok(())
            }
        }
        Ok(()) | Err(CallError::NotDone { .. } | CallError::Unknown { .. }) => sent,
    }
}
