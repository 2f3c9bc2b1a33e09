//! Starting a native deployment, or finding the one that an earlier try has started.

use serde_json::Value;
use towpath_core::names::{DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::release::{Event, Place};

use crate::perform::observe::check_baseline;
use crate::perform::service::Service;
use crate::ports::{CallError, Ports};

pub(in crate::perform) async fn start<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    revision: &TaskDefinitionArn,
    before: &TaskDefinitionArn,
    again: bool,
) -> Result<Vec<Event>, CallError> {
    if again && let Some(deployment) = find(ports, place, revision).await? {
        let service = ports.describe_service(place).await?;
        return Ok(vec![Event::DeploymentStarted {
            deployment,
            also: service
                .as_ref()
                .and_then(|it| Service(it).primary_of(revision)),
            found: true,
        }]);
    }
    if let Some(changed) = check_baseline(ports, place, stage, before, revision).await? {
        return Ok(vec![changed]);
    }
    let service = ports.update_service(place, revision).await?;
    Ok(vec![Event::DeploymentStarted {
        deployment: started_by(ports, place, &service, revision).await?,
        also: Service(&service).primary_of(revision),
        found: false,
    }])
}

/// The service deployment that an earlier try has started: the newest one, if it brings that
/// revision and is not known to be another release's. However it has ended since, it is not
/// started a second time.
async fn find<P: Ports>(
    ports: &P,
    place: &Place,
    revision: &TaskDefinitionArn,
) -> Result<Option<DeploymentId>, CallError> {
    let recent = ports.recent_service_deployments(place).await?;
    let Some(newest) = recent.into_iter().next() else {
        return Ok(None);
    };
    let Some(target) = &newest.target else {
        return Ok(None);
    };
    let brings = ports.task_definition_of(place, target).await?;
    if brings.as_ref() != Some(revision) {
        return Ok(None);
    }
    let owner = ports.release_of(&newest.id).await?;
    Ok(owner.is_none().then_some(newest.id))
}

/// The service deployment that an update has started: its answer names it, and where it does not,
/// it is the newest one, which brings that revision.
pub(super) async fn started_by<P: Ports>(
    ports: &P,
    place: &Place,
    service: &Value,
    revision: &TaskDefinitionArn,
) -> Result<DeploymentId, CallError> {
    if let Some(named) = Service(service).current_deployment() {
        return Ok(named);
    }
    find(ports, place, revision)
        .await?
        .ok_or_else(|| CallError::Unknown {
            operation: "ecs:UpdateService",
            message:
                "the answer names no service deployment, and none of the new revision is found"
                    .into(),
        })
}
