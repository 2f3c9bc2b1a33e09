//! Starting a deployment, or finding the one that an earlier try has started.

use serde_json::Value;
use towpath_core::names::{DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeployRollout;
use towpath_core::release::{DeploymentTarget, Event, Place};

use super::room::{Room, make_room};
use crate::perform::observe::check_baseline;
use crate::ports::{CallError, DeploymentInfo, NewDeployment, Ports};

/// What is deployed.
pub(in crate::perform) struct New<'a> {
    pub(in crate::perform) place: &'a Place,
    pub(in crate::perform) settings: &'a CodeDeployRollout,
    pub(in crate::perform) revision: &'a TaskDefinitionArn,
    pub(in crate::perform) target: &'a DeploymentTarget,
    /// The text by which the deployment is found again.
    pub(in crate::perform) mark: &'a str,
    /// Whether it brings back what ran before, whatever the alarms say.
    pub(in crate::perform) is_rollback: bool,
}

/// Starts it, unless what runs is no longer `before`, where that is known.
pub(in crate::perform) async fn start<P: Ports>(
    ports: &P,
    stage: &StageName,
    new: &New<'_>,
    before: Option<&TaskDefinitionArn>,
    again: bool,
) -> Result<Vec<Event>, CallError> {
    if again && let Some(found) = find(ports, new).await? {
        return Ok(vec![started(found.id, true)]);
    }
    if let Some(before) = before
        && let Some(changed) = check_baseline(ports, new.place, stage, before, new.revision).await?
    {
        return Ok(vec![changed]);
    }
    Ok(vec![match create(ports, new).await? {
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
        also: None,
        found,
    }
}

/// What came of creating a deployment.
pub(super) enum Created {
    /// It is begun.
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
        description: new.mark.to_owned(),
        ignore_alarms: new.is_rollback,
    };
    let over = match ports.create_deployment(place, &asked).await {
        Ok(deployment) => return Ok(Created::Begun(deployment)),
        Err(error) if is_taken(&error) => match make_room(ports, new).await? {
            Room::Ours(deployment) => return Ok(Created::Found(deployment)),
            Room::Taken(by) => return Ok(Created::Taken(Some(by))),
            Room::Made(over) => over,
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
        .find(|deployment| deployment.description == new.mark))
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
