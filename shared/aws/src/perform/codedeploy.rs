//! The CodeDeploy engine: traffic moves from blue to green.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html>

use serde_json::Value;
use towpath_core::names::{DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeployRollout;
use towpath_core::release::{DeploymentStatus, DeploymentTarget, Event, Place};

use super::observe::{Observed, TakenBack, WayBack, check_baseline};
use super::service::Service;
use super::tasks;
use crate::ports::{CallError, DeploymentInfo, DeploymentProgress, NewDeployment, Ports, Wait};

/// What is started.
pub(super) struct Start<'a> {
    pub(super) place: &'a Place,
    pub(super) stage: &'a StageName,
    pub(super) settings: &'a CodeDeployRollout,
    pub(super) revision: &'a TaskDefinitionArn,
    pub(super) target: &'a DeploymentTarget,
    /// The text by which the deployment is found again.
    pub(super) mark: &'a str,
    /// The revision that must be the one that runs now, where that is known.
    pub(super) before: Option<&'a TaskDefinitionArn>,
    /// Whether it brings back what ran before, whatever the alarms say.
    pub(super) is_rollback: bool,
}

pub(super) async fn start<P: Ports>(
    ports: &P,
    start: &Start<'_>,
    again: bool,
) -> Result<Vec<Event>, CallError> {
    let Start {
        place, settings, ..
    } = *start;
    if again && let Some(found) = find(ports, place, settings, start.mark).await? {
        return Ok(vec![started(found.id, true)]);
    }
    if let Some(before) = start.before
        && let Some(changed) =
            check_baseline(ports, place, start.stage, before, start.revision).await?
    {
        return Ok(vec![changed]);
    }
    let (deployment, found) = create(ports, start).await?;
    Ok(vec![started(deployment, found)])
}

fn started(deployment: DeploymentId, found: bool) -> Event {
    Event::DeploymentStarted {
        deployment,
        also: None,
        found,
    }
}

/// The deployment, and whether it was there before.
async fn create<P: Ports>(ports: &P, start: &Start<'_>) -> Result<(DeploymentId, bool), CallError> {
    let Start {
        place, settings, ..
    } = *start;
    let new = NewDeployment {
        application: settings.application.to_string(),
        group: settings.group.to_string(),
        configuration: settings.configuration.as_ref().map(ToString::to_string),
        appspec: appspec(start.target, start.revision).to_string(),
        description: start.mark.to_owned(),
        ignore_alarms: start.is_rollback,
    };
    match ports.create_deployment(place, &new).await {
        Ok(deployment) => Ok((deployment, false)),
        Err(error) if error.code() == Some("DeploymentLimitExceededException") => {
            match make_room(ports, start).await? {
                Some(ours) => Ok((ours, true)),
                None => ports
                    .create_deployment(place, &new)
                    .await
                    .map(|deployment| (deployment, false))
                    .map_err(|error| still_taken(settings, error)),
            }
        }
        Err(error) => Err(error),
    }
}

/// The group has an active deployment. It is ours, from a call whose answer was lost; or one that
/// only waits to stop its old tasks, which is told not to; or another's, which must be over first.
/// Where a rollback finds what it brings back still running beside it, stopping the deployment
/// moves the traffic back at once, and what CodeDeploy starts for that is the rollback's.
async fn make_room<P: Ports>(
    ports: &P,
    start: &Start<'_>,
) -> Result<Option<DeploymentId>, CallError> {
    let place = start.place;
    let (application, group) = (&start.settings.application, &start.settings.group);
    let recent = ports
        .recent_deployments(place, application.as_str(), group.as_str())
        .await?;
    if let Some(ours) = recent.iter().find(|it| it.description == start.mark) {
        return Ok(Some(ours.id.clone()));
    }
    for active in recent.iter().filter(|it| it.is_active()) {
        if start.is_rollback && active.rolls_back.is_some() {
            return Ok(Some(active.id.clone()));
        }
        let progress = ports.progress(place, &active.id).await?;
        if !waits_to_terminate(&progress) {
            continue;
        }
        if start.is_rollback && still_runs(ports, place, start.revision).await? {
            ports.stop_deployment(place, &active.id).await?;
            let stopped = ports.deployment(place, &active.id).await?;
            return match stopped.and_then(|info| info.rolled_back_by) {
                Some(by) => Ok(Some(by)),
                None => Err(CallError::Unknown {
                    operation: "codedeploy:StopDeployment",
                    message: format!(
                        "{} is stopped, and its rollback is not known yet",
                        active.id
                    ),
                }),
            };
        } else {
            ports
                .continue_deployment(place, &active.id, Wait::Termination)
                .await?;
        }
    }
    Ok(None)
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

/// What is meant by being refused once more: it is tried again when the group is free.
fn still_taken(settings: &CodeDeployRollout, error: CallError) -> CallError {
    if error.code() != Some("DeploymentLimitExceededException") {
        return error;
    }
    let group = &settings.group;
    CallError::Unknown {
        operation: "codedeploy:CreateDeployment",
        message: format!("the deployment group {group} has another active deployment"),
    }
}

/// Whether all of the traffic has moved, and only the old tasks are still to be stopped.
fn waits_to_terminate(progress: &DeploymentProgress) -> bool {
    progress.green_traffic == Some(100)
        && progress
            .lifecycle
            .iter()
            .any(|(event, status)| event == "AfterAllowTraffic" && status == "Succeeded")
}

/// The deployment that carries our mark, if there is one.
async fn find<P: Ports>(
    ports: &P,
    place: &Place,
    settings: &CodeDeployRollout,
    mark: &str,
) -> Result<Option<DeploymentInfo>, CallError> {
    let (application, group) = (settings.application.as_str(), settings.group.as_str());
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
        "Succeeded" => match observed.back {
            // It is over, so another deployment brings the old version back.
            Some(back) => coming_back(ports, place, back).await,
            None => Ok(DeploymentStatus::Succeeded),
        },
        "Failed" | "Stopped" => ended(ports, place, &info, &progress).await,
        "Ready" => Ok(DeploymentStatus::Ready { pause: None }),
        _ if waits_to_terminate(&progress) => Ok(DeploymentStatus::Shifted {
            at: "the old tasks are kept until their time is over".into(),
        }),
        _ => Ok(DeploymentStatus::InProgress {
            at: step(&info, &progress),
            traffic: progress.green_traffic,
        }),
    }
}

/// How the deployment stands that brings the old version back after another one was over.
async fn coming_back<P: Ports>(
    ports: &P,
    place: &Place,
    back: &DeploymentId,
) -> Result<DeploymentStatus, CallError> {
    let (info, progress) = tokio::join!(ports.deployment(place, back), ports.progress(place, back));
    let progress = progress.unwrap_or_default();
    let Some(info) = info? else {
        return Ok(DeploymentStatus::Failed {
            reason: format!("CodeDeploy knows no deployment {back}"),
        });
    };
    let reason = format!("{back} brings the old version back");
    Ok(match info.status.as_str() {
        "Succeeded" => DeploymentStatus::RolledBack { reason },
        "Failed" | "Stopped" => DeploymentStatus::Failed {
            reason: format!(
                "the rollback {back} failed too: {}; look at what serves",
                self::reason(&info, &progress)
            ),
        },
        // Nobody is asked whether the old version may come back.
        "Ready" => {
            ports.continue_deployment(place, back, Wait::Ready).await?;
            DeploymentStatus::RollingBack {
                reason,
                by: Some(back.clone()),
            }
        }
        _ if waits_to_terminate(&progress) => DeploymentStatus::RolledBack { reason },
        _ => DeploymentStatus::RollingBack {
            reason,
            by: Some(back.clone()),
        },
    })
}

/// A deployment that failed or was stopped is followed by another one that rolls it back; only
/// that one's end says what serves.
async fn ended<P: Ports>(
    ports: &P,
    place: &Place,
    info: &DeploymentInfo,
    progress: &DeploymentProgress,
) -> Result<DeploymentStatus, CallError> {
    let failed = tasks::of_task_set(ports, place, progress.green.as_deref()).await;
    let reason = tasks::explained(&reason(info, progress), &failed);
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

/// Stopping with automatic rollback sends the traffic back first. What is over cannot be stopped: if
/// the old version is to come back all the same, another deployment brings it, all at once and
/// whatever the alarms say.
pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    settings: &CodeDeployRollout,
    back: &WayBack<'_>,
) -> Result<TakenBack, CallError> {
    let place = back.place;
    ports.stop_deployment(place, back.deployment).await?;
    let info = ports.deployment(place, back.deployment).await?;
    let over = info.as_ref().is_some_and(|info| info.status == "Succeeded");
    let Some(target) = back.target.filter(|_| over) else {
        return Ok(TakenBack::Begun(
            info.and_then(|info| info.rolled_back_by).into(),
        ));
    };
    let mark = format!("{} back", back.mark);
    if let Some(begun) = find(ports, place, settings, &mark).await? {
        return Ok(TakenBack::Begun(Some(begun.id).into()));
    }
    let settings = CodeDeployRollout {
        configuration: ALL_AT_ONCE.parse().ok(),
        hook: None,
        ..settings.clone()
    };
    let target = without_hooks(target);
    let start = Start {
        place,
        stage: &"back".parse().expect("a stage name"),
        settings: &settings,
        revision: back.to,
        target: &target,
        mark: &mark,
        before: None,
        is_rollback: true,
    };
    let (deployment, _) = create(ports, &start).await?;
    Ok(TakenBack::Begun(Some(deployment).into()))
}

/// The configuration that moves all of the traffic at once:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs>.
const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// The AppSpec without hooks: nobody is asked whether the old version may come back.
fn without_hooks(target: &DeploymentTarget) -> DeploymentTarget {
    let mut appspec = target.0.clone();
    if let Some(appspec) = appspec.as_object_mut() {
        appspec.remove("Hooks");
    }
    DeploymentTarget(appspec)
}
