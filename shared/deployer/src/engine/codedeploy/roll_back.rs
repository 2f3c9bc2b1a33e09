//! Taking a CodeDeploy deployment back. One that is under way is stopped, which sends the traffic
//! back first; one that is over is followed by another one, to what ran before.

use towpath_core::names::TaskDefinitionArn;
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{ALL_AT_ONCE, DeploymentTarget, RollBack};

use super::request::New;
use super::start::{Created, create, find};
use crate::engine::contract::RollbackStart;
use crate::engine::service_state::replaced_by;
use crate::ports::{CallError, Ports};
use crate::service::Service;

pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    back: &RollBack,
) -> Result<RollbackStart, CallError> {
    if let Some(target) = back.target.as_ref().filter(|_| back.over) {
        return bring_back(ports, settings, target, back).await;
    }
    match ports.stop_deployment(&back.place, &back.deployment).await {
        // What is not shown to be there yet may not be known to be there, either.
        Err(CallError::Refused {
            operation, code, ..
        }) if back.fresh && code == "DeploymentDoesNotExistException" => {
            return Err(CallError::NotDone {
                operation,
                message: format!("CodeDeploy does not know {} yet", &back.deployment),
            });
        }
        stopped => stopped?,
    }
    let info = ports.deployment(&back.place, &back.deployment).await?;
    let over = info.as_ref().is_some_and(|info| info.status == "Succeeded");
    match back.target.as_ref().filter(|_| over) {
        Some(target) => bring_back(ports, settings, target, back).await,
        None => Ok(RollbackStart::Begun(
            info.and_then(|info| info.rolled_back_by).into(),
        )),
    }
}

/// Deploys what ran before, all at once and whatever the alarms say, unless somebody else has taken
/// the service elsewhere.
async fn bring_back<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    target: &DeploymentTarget,
    back: &RollBack,
) -> Result<RollbackStart, CallError> {
    let settings = CodeDeploySettings {
        configuration: ALL_AT_ONCE.parse().ok(),
        hook: None,
        ..settings.clone()
    };
    let new = New {
        place: &back.place,
        settings: &settings,
        revision: &back.previous,
        target: &without_hooks(target),
        correlation_tag: &format!("{} back", &back.correlation_tag),
        is_rollback: true,
    };
    if let Some(begun) = find(ports, &new).await? {
        return Ok(RollbackStart::Begun(Some(begun.id).into()));
    }
    if let Some(found) = elsewhere(ports, back).await? {
        return Ok(RollbackStart::Replaced(replaced_by(&found)));
    }
    match create(ports, &new).await? {
        Created::Begun(deployment) | Created::Found(deployment) => {
            Ok(RollbackStart::Begun(Some(deployment).into()))
        }
        // It is tried again until the rollout is given up.
        Created::Taken(_) => Err(CallError::NotDone {
            operation: "codedeploy:CreateDeployment",
            message: format!(
                "the deployment group {} has another active deployment",
                new.settings.group
            ),
        }),
    }
}

/// What serves, if it is neither what is rolled back nor what is to come back.
async fn elsewhere<P: Ports>(
    ports: &P,
    back: &RollBack,
) -> Result<Option<TaskDefinitionArn>, CallError> {
    let Some(ours) = back.revision.as_ref() else {
        return Ok(None);
    };
    let service = ports.describe_service(&back.place).await?;
    let runs = service.and_then(|service| Service(&service).revision());
    Ok(runs.filter(|runs| runs != ours && runs != &back.previous))
}

/// The AppSpec without hooks: nobody is asked whether the old version may come back.
fn without_hooks(target: &DeploymentTarget) -> DeploymentTarget {
    let mut appspec = target.0.clone();
    if let Some(appspec) = appspec.as_object_mut() {
        appspec.remove("Hooks");
    }
    DeploymentTarget(appspec)
}
