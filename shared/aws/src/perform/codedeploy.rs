//! The CodeDeploy engine: traffic moves from blue to green.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html>

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeployRollout;
use towpath_core::release::{DeploymentStatus, DeploymentTarget, Event, Place};

use super::observe::Observed;
use crate::ports::{CallError, DeploymentInfo, DeploymentProgress, NewDeployment, Ports};

pub(super) async fn start<P: Ports>(
    ports: &P,
    place: &Place,
    settings: &CodeDeployRollout,
    revision: &TaskDefinitionArn,
    target: &DeploymentTarget,
    mark: &str,
    again: bool,
) -> Result<Vec<Event>, CallError> {
    let (application, group) = (settings.application.as_str(), settings.group.as_str());
    if again && let Some(found) = find(ports, place, application, group, mark).await? {
        return Ok(vec![Event::DeploymentStarted {
            deployment: found.id,
            found: true,
        }]);
    }
    let new = NewDeployment {
        application: application.to_owned(),
        group: group.to_owned(),
        configuration: settings.configuration.as_ref().map(ToString::to_string),
        appspec: appspec(target, revision).to_string(),
        description: mark.to_owned(),
    };
    match ports.create_deployment(place, &new).await {
        Ok(deployment) => Ok(vec![Event::DeploymentStarted {
            deployment,
            found: false,
        }]),
        // The group has an active deployment: ours, from a call whose answer was lost, or
        // another's, which must be over first.
        Err(error) if error.code() == Some("DeploymentLimitExceededException") => {
            match find(ports, place, application, group, mark).await? {
                Some(found) => Ok(vec![Event::DeploymentStarted {
                    deployment: found.id,
                    found: true,
                }]),
                None => Err(CallError::Unknown {
                    operation: "codedeploy:CreateDeployment",
                    message: format!("the deployment group {group} has another active deployment"),
                }),
            }
        }
        Err(error) => Err(error),
    }
}

/// The deployment that carries our mark, if there is one.
async fn find<P: Ports>(
    ports: &P,
    place: &Place,
    application: &str,
    group: &str,
    mark: &str,
) -> Result<Option<DeploymentInfo>, CallError> {
    let recent = ports.recent_deployments(place, application, group).await?;
    Ok(recent
        .into_iter()
        .find(|deployment| deployment.description == mark))
}

/// The AppSpec for that revision.
fn appspec(target: &DeploymentTarget, revision: &TaskDefinitionArn) -> Value {
    let mut appspec = target.0.clone();
    if let Some(named) = appspec.pointer_mut("/Resources/0/TargetService/Properties/TaskDefinition")
    {
        *named = Value::String(revision.to_string());
    }
    appspec
}

pub(super) async fn observe<P: Ports>(
    ports: &P,
    observed: &Observed<'_>,
) -> Result<DeploymentStatus, CallError> {
    let (place, id) = (observed.place, observed.deployment);
    let (info, progress) = tokio::join!(ports.deployment(place, id), ports.progress(place, id));
    let Some(info) = info? else {
        return Ok(DeploymentStatus::Failed {
            reason: format!("CodeDeploy knows no deployment {id}"),
        });
    };
    // Progress is for people; a deployment that has no target yet still has a status.
    let progress = progress.unwrap_or_default();
    match info.status.as_str() {
        "Succeeded" => Ok(DeploymentStatus::Succeeded),
        "Failed" | "Stopped" => ended(ports, place, &info, &progress).await,
        _ => Ok(DeploymentStatus::InProgress {
            at: step(&info, &progress),
            traffic: progress.green_traffic,
        }),
    }
}

/// A deployment that failed or was stopped is followed by another one that rolls it back; only
/// that one's end says what serves.
async fn ended<P: Ports>(
    ports: &P,
    place: &Place,
    info: &DeploymentInfo,
    progress: &DeploymentProgress,
) -> Result<DeploymentStatus, CallError> {
    let reason = reason(info, progress);
    let Some(by) = &info.rolled_back_by else {
        // Nothing took traffic, so the old version never stopped serving.
        return Ok(
            match (info.status.as_str(), progress.green_traffic.unwrap_or(0)) {
                ("Stopped", _) => DeploymentStatus::Stopped { reason },
                (_, 0) => DeploymentStatus::RolledBack { reason },
                (_, percent) => DeploymentStatus::Failed {
                    reason: format!(
                        "{reason}; {percent}% of traffic goes to the new version and nothing rolls it back"
                    ),
                },
            },
        );
    };
    let rollback = ports.deployment(place, by).await?;
    Ok(
        match rollback.as_ref().map(|rollback| rollback.status.as_str()) {
            Some("Succeeded") => DeploymentStatus::RolledBack { reason },
            Some("Failed" | "Stopped") => DeploymentStatus::Failed {
                reason: format!("{reason}; the rollback {by} failed too: look at what serves"),
            },
            Some(_) | None => DeploymentStatus::RollingBack {
                reason,
                by: Some(by.clone()),
            },
        },
    )
}

fn reason(info: &DeploymentInfo, progress: &DeploymentProgress) -> String {
    let failed = progress
        .lifecycle
        .iter()
        .find(|(_, status)| status == "Failed")
        .map(|(event, _)| event);
    match (&info.error, failed) {
        (Some((code, message)), Some(event)) => format!("{event} failed: {code}: {message}"),
        (Some((code, message)), None) => format!("{code}: {message}"),
        (None, Some(event)) => format!("{event} failed"),
        (None, None) => format!("CodeDeploy says {}", info.status.to_lowercase()),
    }
}

/// What the deployment is at, for people.
fn step(info: &DeploymentInfo, progress: &DeploymentProgress) -> String {
    let current = progress
        .lifecycle
        .iter()
        .find(|(_, status)| status == "InProgress")
        .or_else(|| {
            progress
                .lifecycle
                .iter()
                .rev()
                .find(|(_, status)| status == "Succeeded")
        });
    current.map_or_else(|| info.status.clone(), |(event, _)| event.clone())
}

/// Stopping with automatic rollback sends the traffic back first.
pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    place: &Place,
    deployment: &DeploymentId,
) -> Result<Option<DeploymentId>, CallError> {
    ports.stop_deployment(place, deployment).await?;
    Ok(ports
        .deployment(place, deployment)
        .await?
        .and_then(|info| info.rolled_back_by))
}
