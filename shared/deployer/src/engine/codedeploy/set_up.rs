//! Whether the deployment group is the stage's and waits for what the stage wants, and what CodeDeploy
//! is told of the service.

use std::num::NonZeroU16;

use serde_json::Value;
use towpath_core::appspec;
use towpath_core::names::{ContainerName, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{Checkpoints, DeploymentTarget, Misfit, Place};

use super::only_all_at_once;
use crate::engine::contract::{Problem, SetUp, Wanted};
use crate::ports::{DeploymentGroup, Ports};

/// CodeDeploy accepts a deployment to a group that targets another service, and then deploys
/// there; so the group is checked before anything is registered.
pub(super) async fn group<P: Ports>(
    ports: &P,
    settings: &CodeDeploySettings,
    place: &Place,
) -> Result<DeploymentGroup, Problem> {
    let CodeDeploySettings {
        application, group, ..
    } = settings;
    let (application, group) = (application.clone(), group.clone());
    let found = ports.deployment_group(place, application.as_str(), group.as_str());
    let Some(found) = found.await? else {
        return Err(Misfit::NoDeploymentGroup { application, group }.into());
    };
    if found.platform != "ECS" {
        let platform = found.platform;
        return Err(Misfit::OtherPlatform {
            application,
            platform,
        }
        .into());
    }
    let (cluster, service) = (
        place.service.cluster.as_str(),
        place.service.service.as_str(),
    );
    if !found
        .targets
        .iter()
        .any(|(c, s)| c == cluster && s == service)
    {
        let targets: Vec<_> = found
            .targets
            .iter()
            .map(|(c, s)| format!("{c}/{s}"))
            .collect();
        return Err(Misfit::OtherService {
            group,
            targets,
            service: place.service.clone(),
        }
        .into());
    }
    Ok(found)
}

/// What the group is set up to wait for.
pub(super) fn set_up(settings: &CodeDeploySettings, wanted: &Wanted<'_>) -> Result<SetUp, Problem> {
    let group = wanted.group;
    if let Some(group) = group {
        let of_stage = settings.configuration.as_ref().map(|it| it.as_str());
        let configuration = of_stage.or(group.configuration.as_deref());
        let listeners = group.listeners.iter().map(String::as_str);
        if let Some(unfit) = only_all_at_once(configuration, listeners) {
            return Err(unfit.into());
        }
    }
    let ready_minutes = group.and_then(|group| group.ready_minutes);
    if wanted.checkpoints.pause && ready_minutes.is_none() {
        let group = settings.group.clone();
        return Err(Misfit::GroupDoesNotWait { group }.into());
    }
    Ok(SetUp {
        ready_minutes,
        ..SetUp::default()
    })
}

/// The AppSpec, for a service that runs `current`.
pub(super) fn target(
    settings: &CodeDeploySettings,
    described: &Value,
    checkpoints: &Checkpoints,
    current: &TaskDefinitionArn,
) -> Result<DeploymentTarget, Problem> {
    let container = settings.container.as_ref().map(ContainerName::as_str);
    let port = settings.port.map(NonZeroU16::get);
    let no_appspec = |problem| Misfit::AppSpec { problem };
    let target = appspec::target(described, container, port).map_err(no_appspec)?;
    let function = settings.hook.iter();
    let hooks: Vec<_> = function
        .flat_map(|function| {
            checkpoints
                .hooks
                .iter()
                .map(|point| (*point, function.as_str()))
        })
        .collect();
    let appspec =
        appspec::render(described, current.as_str(), &target, &hooks).map_err(no_appspec)?;
    Ok(DeploymentTarget(appspec))
}
