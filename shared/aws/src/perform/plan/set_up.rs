//! Whether the service is set up for its engine, and for everything that the stage waits for.

use towpath_core::pipeline::{CodeDeployRollout, Rollout};
use towpath_core::release::Place;

use super::{Problem, Request};
use crate::perform::native;
use crate::perform::service::Service;
use crate::ports::{DeploymentGroup, Ports};

/// CodeDeploy accepts a deployment to a group that targets another service, and then deploys
/// there; so the group is checked before anything is registered.
pub(super) async fn check_group<P: Ports>(
    ports: &P,
    place: &Place,
    rollout: &Rollout,
) -> Result<Option<DeploymentGroup>, Problem> {
    let Rollout::CodeDeploy(CodeDeployRollout {
        application, group, ..
    }) = rollout
    else {
        return Ok(None);
    };
    let found = ports.deployment_group(place, application.as_str(), group.as_str()).await?.ok_or_else(|| {
        format!("CodeDeploy has no application `{application}` with a deployment group `{group}`; create it, or correct the stage")
    })?;
    if found.platform != "ECS" {
        return Err(format!(
            "the CodeDeploy application `{application}` is for {}, not for ECS",
            found.platform
        )
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
        return Err(format!(
            "the deployment group `{group}` deploys to {}, not to {cluster}/{service}",
            targets.join(", ")
        )
        .into());
    }
    Ok(Some(found))
}

/// What the service and its group are set up to wait for.
pub(super) struct SetUp {
    pub(super) paced_minutes: u32,
    pub(super) ready_minutes: Option<u32>,
}

/// Whether the deployment will wait for everything that the stage wants it to wait for. Where it
/// would not, traffic would move unasked, so nothing is started.
pub(super) fn gates(
    service: &Service<'_>,
    request: &Request<'_>,
    group: Option<&DeploymentGroup>,
) -> Result<SetUp, Problem> {
    match request.rollout {
        Rollout::Rolling(_) => Ok(SetUp {
            paced_minutes: 0,
            ready_minutes: None,
        }),
        Rollout::CodeDeploy(settings) => {
            let ready_minutes = group.and_then(|group| group.ready_minutes);
            if request.gates.pause && ready_minutes.is_none() {
                return Err(format!(
                    "people are to be asked before traffic moves, but the deployment group `{}` does not wait: set its `deploymentReadyOption` to `STOP_DEPLOYMENT` with a wait time, or ask `before_rollout`",
                    settings.group
                )
                .into());
            }
            Ok(SetUp {
                paced_minutes: 0,
                ready_minutes,
            })
        }
        Rollout::Ecs(settings) => {
            let pace = native::check(service, settings, request.gates)?;
            Ok(SetUp {
                paced_minutes: pace.paced_minutes,
                ready_minutes: pace.ready_minutes,
            })
        }
    }
}

pub(super) fn check_controller(service: &Service<'_>, rollout: &Rollout) -> Result<(), Problem> {
    let wanted = match rollout {
        Rollout::Rolling(_) | Rollout::Ecs(_) => "ECS",
        Rollout::CodeDeploy(_) => "CODE_DEPLOY",
    };
    let found = service.controller();
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "the service's deployment controller is {found}, but `rollout: {}` needs {wanted}; it can only be chosen when a service is created",
        rollout.engine()
    )
    .into())
}
