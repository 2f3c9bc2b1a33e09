//! The rolling engine: ECS replaces the tasks itself.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>

use serde_json::Value;
use towpath_core::names::{DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::release::{DeploymentStatus, Event, Place};

use super::observe::{Observed, TakenBack, WayBack, baseline_changed, deleted};
use super::service::{EcsDeployment, Service};
use super::tasks;
use crate::ports::{CallError, Ports};

const UPDATE_SERVICE: &str = "ecs:UpdateService";

pub(super) async fn start<P: Ports>(
    ports: &P,
    place: &Place,
    stage: &StageName,
    revision: &TaskDefinitionArn,
    before: Option<&TaskDefinitionArn>,
) -> Result<Vec<Event>, CallError> {
    if let Some(service) = ports.describe_service(place).await? {
        // What an earlier try has started, too, shows the revision.
        if let Some(runs) = runs(ports, &service, stage, revision, before).await? {
            return Ok(vec![runs]);
        }
        let changed = before.and_then(|it| baseline_changed(&service, stage, it, revision));
        if let Some(changed) = changed {
            return Ok(vec![changed]);
        }
    }
    let service = ports.update_service(place, revision).await?;
    Ok(vec![Event::DeploymentStarted {
        deployment: started(ports, place, &service, revision).await?,
        also: None,
        found: false,
    }])
}

/// What is there to be followed if the service runs already what is to be started: an update would
/// start nothing.
async fn runs<P: Ports>(
    ports: &P,
    service: &Value,
    stage: &StageName,
    revision: &TaskDefinitionArn,
    before: Option<&TaskDefinitionArn>,
) -> Result<Option<Event>, CallError> {
    let deployments = Service(service).deployments();
    let primary = deployments
        .iter()
        .find(|it| it.is_primary() && it.revision() == revision.as_str());
    let Some((primary, id)) = primary.and_then(|it| Some((it, it.id().parse().ok()?))) else {
        return Ok(None);
    };
    if before == Some(revision) && primary.rollout_state() == "COMPLETED" {
        return Ok(Some(Event::RunsAlready {
            stage: stage.clone(),
        }));
    }
    match ports.release_of(&id).await? {
        None => Ok(Some(Event::DeploymentStarted {
            deployment: id,
            also: None,
            found: true,
        })),
        Some(another) => Err(CallError::NotDone {
            operation: UPDATE_SERVICE,
            message: format!("{id}, which brings it, is a deployment of {another}"),
        }),
    }
}

/// The deployment that an update has started. Its answer may show the service as it was before the
/// update, and then the service is looked at. The update has been carried out, so that whatever keeps
/// its deployment from being known leaves that unknown, and never has the update made again.
async fn started<P: Ports>(
    ports: &P,
    place: &Place,
    answer: &Value,
    revision: &TaskDefinitionArn,
) -> Result<DeploymentId, CallError> {
    if let Some(shown) = Service(answer).primary_of(revision) {
        return Ok(shown);
    }
    let seen = ports.describe_service(place).await;
    let shown = seen.map(|it| it.and_then(|service| Service(&service).primary_of(revision)));
    let problem = match shown {
        Ok(Some(shown)) => return Ok(shown),
        Ok(None) => "no deployment of the new revision is to be seen yet".to_owned(),
        Err(error) => format!("the deployment cannot be told: {error}"),
    };
    Err(CallError::Unknown {
        operation: UPDATE_SERVICE,
        message: problem,
    })
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
    // Where the answer shows the service as it was, which one it is is seen when it is looked at.
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
        // Without `rollback` in its circuit breaker or its alarms, ECS leaves it at that.
        "FAILED" => DeploymentStatus::FailedInPlace {
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
