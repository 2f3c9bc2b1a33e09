//! What a service's description says of a deployment, whichever engine it is.

use serde_json::Value;
use towpath_core::names::{StageName, TaskDefinitionArn};
use towpath_core::release::{DeploymentStatus, Event, Place};

use super::contract::Observed;
use crate::ports::{CallError, Ports};
use crate::service::Service;

/// A deployment that was successful serves, unless somebody has deployed something else since.
pub(super) async fn serves<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<DeploymentStatus, CallError> {
    let Some(service) = ports.describe_service(observed.place).await? else {
        return Ok(deleted());
    };
    let runs = Service(&service).revision();
    let other = runs.filter(|runs| runs != observed.revision);
    Ok(match other {
        None => DeploymentStatus::Succeeded,
        Some(other) => replaced_by(&other),
    })
}

/// Whether the new version is what the service names: what serves, or what its next deployment
/// begins with and its tasks are replaced by.
pub(super) async fn is_named<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<bool, CallError> {
    let service = ports.describe_service(observed.place).await?;
    Ok(service.is_some_and(|it| Service(&it).revision().as_ref() == Some(observed.revision)))
}

/// How a deployment stands that was just started and is not shown: what has been changed may not be
/// visible to the next call, so that this says nothing of it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(super) fn not_shown_yet(service: &str) -> DeploymentStatus {
    DeploymentStatus::InProgress {
        at: format!("{service} does not show it yet"),
        traffic: None,
    }
}

/// How a deployment stands whose service is gone.
pub(super) fn deleted() -> DeploymentStatus {
    DeploymentStatus::Failed {
        reason: "the service was deleted".into(),
    }
}

/// How a deployment stands after another one, which brought that revision.
pub(super) fn replaced_by(revision: &TaskDefinitionArn) -> DeploymentStatus {
    DeploymentStatus::Replaced {
        by: format!("one of {}", revision.short()),
    }
}

/// Whether what runs is what the rollout was planned on; else what is to be written down.
pub(super) async fn check_baseline<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    before: &TaskDefinitionArn,
    revision: &TaskDefinitionArn,
) -> Result<Option<Event>, CallError> {
    let service = ports.describe_service(place).await?;
    Ok(service.and_then(|service| baseline_changed(&service, stage, before, revision)))
}

/// What is to be written down if a service runs neither what the rollout was planned on nor what it
/// brings.
pub(super) fn baseline_changed(
    service: &Value,
    stage: &StageName,
    before: &TaskDefinitionArn,
    revision: &TaskDefinitionArn,
) -> Option<Event> {
    let running = Service(service).revision();
    let foreign = running.filter(|running| running != before && running != revision)?;
    Some(Event::BaselineChanged {
        stage: stage.clone(),
        found: foreign.short().to_owned(),
    })
}
