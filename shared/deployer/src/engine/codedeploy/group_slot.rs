//! The slot of a deployment group, which takes one active deployment at a time.

use towpath_core::names::{DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::release::{Event, Place};

use super::request::New;
use super::waits_to_terminate;
use crate::ports::{CallError, DeploymentProgress, Ports, Wait};
use crate::service::Service;

/// Whether the slot is free for a deployment for which it was not.
pub(super) enum Slot {
    /// What has the group is ours: from a call whose answer was lost, or what CodeDeploy has
    /// started to bring back what is to be brought back.
    Ours(DeploymentId),
    /// It is free, or will be once this one is over, which only waited to stop its old tasks.
    Free(Option<DeploymentId>),
    /// Another deployment has to be over first.
    Taken(DeploymentId),
}

/// Looks at what has the group. One that only waits to stop its old tasks is told not to. Where a
/// rollback finds what it brings back still running beside it, stopping the deployment moves the
/// traffic back at once, and what CodeDeploy starts for that is the rollback's.
pub(super) async fn free_slot<P: Ports>(ports: &P, new: &New<'_>) -> Result<Slot, CallError> {
    let place = new.place;
    let (application, group) = (&new.settings.application, &new.settings.group);
    let recent = ports
        .recent_deployments(place, application.as_str(), group.as_str())
        .await?;
    if let Some(ours) = recent
        .iter()
        .find(|it| it.description == new.correlation_tag)
    {
        return Ok(Slot::Ours(ours.id.clone()));
    }
    let Some(active) = recent.into_iter().find(|it| it.is_active()) else {
        return Ok(Slot::Free(None));
    };
    if new.is_rollback
        && let Some(rolled_back) = &active.rolls_back
        && brings_back(ports, place, rolled_back, new.revision).await?
    {
        return Ok(Slot::Ours(active.id));
    }
    let progress = ports.progress(place, &active.id).await?;
    if !waits_to_terminate(&progress) {
        return Ok(Slot::Taken(active.id));
    }
    if new.is_rollback && still_runs(ports, place, new.revision).await? {
        return stop(ports, place, &active.id).await;
    }
    ports
        .continue_deployment(place, &active.id, Wait::Termination)
        .await?;
    Ok(Slot::Free(Some(active.id)))
}

/// Looks whether the deployment that has the slot leaves it: whether it is over or, unless it was
/// told not to already, only waits to stop its old tasks.
pub(crate) async fn poll_group<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    deployment: &DeploymentId,
    told: bool,
) -> Result<Vec<Event>, CallError> {
    let stage = stage.clone();
    let info = ports.deployment(place, deployment).await?;
    let over = !info.is_some_and(|info| info.is_active());
    if over || (!told && waits_to_terminate(&ports.progress(place, deployment).await?)) {
        return Ok(vec![Event::GroupFreed { stage }]);
    }
    Ok(vec![Event::Watched { stage }])
}

/// Stops a deployment, which starts another one that rolls it back.
async fn stop<P: Ports>(
    ports: &P,
    place: &Place,
    active: &DeploymentId,
) -> Result<Slot, CallError> {
    ports.stop_deployment(place, active).await?;
    let stopped = ports.deployment(place, active).await?;
    match stopped.and_then(|info| info.rolled_back_by) {
        Some(by) => Ok(Slot::Ours(by)),
        None => Err(CallError::Unknown {
            operation: "codedeploy:StopDeployment",
            message: format!("{active} is stopped, and its rollback is not known yet"),
        }),
    }
}

/// Whether taking that deployment back brings this revision back: its traffic goes to the tasks
/// that are there beside its own.
async fn brings_back<P: Ports>(
    ports: &P,
    place: &Place,
    rolled_back: &DeploymentId,
    revision: &TaskDefinitionArn,
) -> Result<bool, CallError> {
    let (progress, service) = tokio::join!(
        ports.progress(place, rolled_back),
        ports.describe_service(place)
    );
    let DeploymentProgress { green, .. } = progress?;
    Ok(service?.is_some_and(|service| Service(&service).has_beside(green.as_deref(), revision)))
}

/// Whether tasks of that revision are still kept beside those that take traffic.
async fn still_runs<P: Ports>(
    ports: &P,
    place: &Place,
    revision: &TaskDefinitionArn,
) -> Result<bool, CallError> {
    let service = ports.describe_service(place).await?;
    Ok(service.is_some_and(|service| Service(&service).keeps(revision)))
}
