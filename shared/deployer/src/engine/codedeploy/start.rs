//! Starting a deployment, or finding the one that an earlier try has started.

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{ActionKind, DeploymentTarget, Event, Start, Tried};

use super::group_slot::{Slot, free_slot};
use super::request::New;
use crate::engine::service_state::check_baseline;
use crate::ports::{CallError, DeploymentInfo, NewDeployment, Ports};

/// Starts it, unless what runs is no longer what the rollout was planned on.
pub(super) async fn start<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    start: &Start,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    let Start {
        place,
        stage,
        revision,
        ..
    } = start;
    let Some(target) = &start.target else {
        return Err(CallError::Refused {
            operation: "codedeploy:CreateDeployment",
            code: "NoTarget".into(),
            message: "the service has no load balancer that CodeDeploy could shift".into(),
        });
    };
    let new = New {
        place,
        settings,
        revision,
        target,
        correlation_tag: &start.correlation_tag,
        is_rollback: start.is_rollback,
    };
    if tried != Tried::Never {
        if let Some(found) = find(ports, &new).await? {
            return Ok(vec![started(found.id, true)]);
        }
        if tried == Tried::Perhaps && !towpath_core::planted!(AbsenceOnceIsProof) {
            let action = ActionKind::Start;
            return Ok(vec![Event::NotSeen { action }]);
        }
    }
    if let Some(changed) = check_baseline(ports, start).await? {
        return Ok(vec![changed]);
    }
    Ok(vec![match create(ports, &new).await? {
        Created::Begun(deployment) => started(deployment, false),
        Created::Found(deployment) => started(deployment, true),
        Created::Taken(by) => Event::GroupTaken {
            stage: stage.clone(),
            by,
        },
    }])
}

fn started(deployment: DeploymentId, found: bool) -> Event {
    Event::DeploymentStarted {
        deployment,
        alias: None,
        found,
    }
}

/// What came of creating a deployment.
pub(super) enum Created {
    Begun(DeploymentId),
    /// It was there before.
    Found(DeploymentId),
    /// Another deployment has to be over first: this one, where it is known.
    Taken(Option<DeploymentId>),
}

pub(super) async fn create<P: Ports>(ports: &P, new: &New<'_>) -> Result<Created, CallError> {
    let New {
        place, settings, ..
    } = *new;
    let asked = NewDeployment {
        application: settings.application.to_string(),
        group: settings.group.to_string(),
        configuration: settings.configuration.as_ref().map(ToString::to_string),
        appspec: appspec(new.target, new.revision).to_string(),
        description: new.correlation_tag.to_owned(),
        ignore_alarms: new.is_rollback,
    };
    let over = match ports.create_deployment(place, &asked).await {
        Ok(deployment) => return Ok(Created::Begun(deployment)),
        Err(error) if is_taken(&error) => match free_slot(ports, new).await? {
            Slot::Ours(deployment) => return Ok(Created::Found(deployment)),
            Slot::Taken(by) => return Ok(Created::Taken(Some(by))),
            Slot::Free(over) => over,
        },
        Err(error) => return Err(error),
    };
    match ports.create_deployment(place, &asked).await {
        Ok(deployment) => Ok(Created::Begun(deployment)),
        Err(error) if is_taken(&error) => Ok(Created::Taken(over)),
        Err(error) => Err(error),
    }
}

fn is_taken(error: &CallError) -> bool {
    error.code() == Some("DeploymentLimitExceededException")
}

/// The deployment that carries our mark, if there is one.
pub(super) async fn find<P: Ports>(
    ports: &P,
    new: &New<'_>,
) -> Result<Option<DeploymentInfo>, CallError> {
    let (application, group) = (&new.settings.application, &new.settings.group);
    let recent = ports
        .recent_deployments(new.place, application.as_str(), group.as_str())
        .await?;
    Ok(recent
        .into_iter()
        .find(|deployment| deployment.description == new.correlation_tag))
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
