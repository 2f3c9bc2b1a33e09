//! The rolling engine: ECS replaces the tasks itself.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>

use towpath_core::names::{StageName, TaskDefinitionArn};
use towpath_core::release::{DeploymentStatus, Event, Place};

use super::observe::{Observed, TakenBack, WayBack, check_baseline, deleted};
use super::service::{EcsDeployment, Service};
use super::tasks;
use crate::ports::{CallError, Ports};

pub(super) async fn start<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    revision: &TaskDefinitionArn,
    before: Option<&TaskDefinitionArn>,
    again: bool,
) -> Result<Vec<Event>, CallError> {
    if again
        && let Some(service) = ports.describe_service(place).await?
        && let Some(deployment) = Service(&service).primary_of(revision)
    {
        return Ok(vec![Event::DeploymentStarted {
            deployment,
            also: None,
            found: true,
        }]);
    }
    if let Some(before) = before
        && let Some(changed) = check_baseline(ports, place, stage, before, revision).await?
    {
        return Ok(vec![changed]);
    }
    let service = ports.update_service(place, revision).await?;
    let deployment = Service(&service)
        .primary_of(revision)
        .ok_or_else(|| CallError::Unknown {
            operation: "ecs:UpdateService",
            message: "the answer names no primary deployment of the new revision".into(),
        })?;
    Ok(vec![Event::DeploymentStarted {
        deployment,
        also: None,
        found: false,
    }])
}

/// A rollback is an update to the revision that ran before, unless ECS or an earlier try has begun
/// it, or somebody else has taken the service elsewhere.
pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    back: &WayBack<'_>,
) -> Result<TakenBack, CallError> {
    let (place, to) = (back.place, back.to);
    if let Some(service) = ports.describe_service(place).await? {
        if let Some(begun) = Service(&service).primary_of(to) {
            return Ok(TakenBack::Begun(Some(begun).into()));
        }
        let deployments = Service(&service).deployments();
        let primary = deployments.iter().find(|d| d.is_primary());
        if let (Some(primary), Some(revision)) = (primary, back.revision)
            && primary.revision() != revision.as_str()
        {
            return Ok(TakenBack::Replaced(replaced(primary)));
        }
    }
    let service = ports.update_service(place, to).await?;
    Ok(TakenBack::Begun(Service(&service).primary_of(to).into()))
}

fn replaced(primary: &EcsDeployment<'_>) -> DeploymentStatus {
    DeploymentStatus::Replaced {
        by: format!("{} of {}", primary.id(), primary.revision()),
    }
}

pub(super) async fn observe<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<DeploymentStatus, CallError> {
    let Some(service) = ports.describe_service(observed.place).await? else {
        return Ok(deleted());
    };
    let deployments = Service(&service).deployments();
    let ours = deployments
        .iter()
        .find(|d| d.id() == observed.deployment.as_str());
    let primary = deployments.iter().find(|d| d.is_primary());
    match (ours, primary) {
        (Some(ours), _) if ours.is_primary() => under_way(ports, observed, ours).await,
        // A deployment to the same revision (a forced one, say) carries ours on.
        (_, Some(primary)) if primary.revision() == observed.revision.as_str() => {
            under_way(ports, observed, primary).await
        }
        (_, Some(primary)) if primary.revision() == observed.before.as_str() => {
            let reason = why(ports, observed, ours, Some(primary)).await;
            Ok(match primary.rollout_state() {
                "COMPLETED" => DeploymentStatus::RolledBack { reason },
                "FAILED" => DeploymentStatus::Failed {
                    reason: format!("{reason}; rolling back failed too"),
                },
                _ => DeploymentStatus::RollingBack {
                    reason,
                    by: primary.id().parse().ok(),
                },
            })
        }
        (_, Some(primary)) => Ok(replaced(primary)),
        (_, None) => Ok(DeploymentStatus::Failed {
            reason: "the service has no primary deployment".into(),
        }),
    }
}

async fn under_way<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
    deployment: &EcsDeployment<'_>,
) -> Result<DeploymentStatus, CallError> {
    Ok(match deployment.rollout_state() {
        "COMPLETED" => DeploymentStatus::Succeeded,
        "FAILED" => DeploymentStatus::Failed {
            reason: why(ports, observed, Some(deployment), None).await,
        },
        _ => DeploymentStatus::InProgress {
            at: deployment.progress(),
            traffic: None,
        },
    })
}

/// Why the deployment failed: what ECS says, and why its tasks stopped.
async fn why<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
    ours: Option<&EcsDeployment<'_>>,
    primary: Option<&EcsDeployment<'_>>,
) -> String {
    let said = ours.or(primary).map_or("", EcsDeployment::rollout_reason);
    let failed = tasks::started_by(ports, observed.place, observed.deployment.as_str()).await;
    tasks::explained(said, &failed)
}
