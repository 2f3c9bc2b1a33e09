//! Starting a rolling update, or finding the one that an earlier try has started.
//!
//! | the service runs | then |
//! |---|---|
//! | what is to be started | that deployment is followed, if it is nobody's; nothing is to be started where that ran before, too |
//! | something else, though an earlier try has started it | ECS has rolled it back, or somebody has replaced it: that is followed |
//! | anything, though an earlier try may have started it and nothing of that is seen | it is looked for once more, some time later |
//! | neither what it ran before nor what is to be started | the baseline has changed |
//! | what it ran before | it is updated |

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::release::{ActionKind, DeploymentStatus, Event, Place, Start, Tried};

use crate::engine::service_deployment::{ServiceDeployment, Standing};
use crate::engine::service_state::baseline_changed;
use crate::engine::update::{Over, Update};
use crate::ports::{CallError, Ports};
use crate::service::Service;

const UPDATE_SERVICE: &str = "ecs:UpdateService";

pub(super) async fn start<P: Ports>(
    ports: &P,
    start: &Start,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    let Start {
        place, revision, ..
    } = start;
    let service = ports.describe_service(place).await?;
    if let Some(service) = &service {
        // What an earlier try has started, too, shows the revision.
        if let Some(runs) = runs(ports, service, start, tried).await? {
            return Ok(vec![runs]);
        }
        if tried != Tried::Never {
            let found = if towpath_core::planted!(EndedRollingNotFound) {
                Vec::new()
            } else {
                rolled_back_meanwhile(ports, start).await?
            };
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
    if tried == Tried::Perhaps && !towpath_core::planted!(AbsenceOnceIsProof) {
        let action = ActionKind::Start;
        return Ok(vec![Event::NotSeen { action }]);
    }
    if let Some(service) = service
        && let Some(changed) = baseline_changed(&service, start)?
    {
        return Ok(vec![changed]);
    }
    let service = ports.update_service(place, revision).await?;
    Ok(vec![Event::DeploymentStarted {
        deployment: started(ports, place, &service, revision).await?,
        alias: None,
        found: false,
    }])
}

/// What is there to be followed if the service runs already what is to be started: an update would
/// start nothing.
async fn runs<P: Ports>(
    ports: &P,
    service: &Value,
    start: &Start,
    tried: Tried,
) -> Result<Option<Event>, CallError> {
    let revision = &start.revision;
    let deployments = Service(service).deployments();
    let primary = deployments
        .iter()
        .find(|it| it.is_primary() && it.revision() == revision.as_str());
    let Some((primary, id)) = primary.and_then(|it| Some((it, it.id().parse().ok()?))) else {
        return Ok(None);
    };
    if start.previous == *revision && primary.rollout_state() == "COMPLETED" {
        return Ok(Some(Event::RunsAlready {
            stage: start.stage.clone(),
        }));
    }
    match ports.release_of(&id).await? {
        None => Ok(Some(Event::DeploymentStarted {
            deployment: id,
            alias: None,
            found: true,
        })),
        // Nothing of ours is there.
        Some(_) if tried == Tried::Perhaps => Ok(None),
        Some(another) => Err(CallError::NotDone {
            operation: UPDATE_SERVICE,
            message: format!("{id}, which brings it, is a deployment of {another}"),
        }),
    }
}

/// What an earlier try has started and the service does not run any more: its answer was lost, and
/// meanwhile ECS has rolled it back or somebody has replaced it. It is not started a second time.
async fn rolled_back_meanwhile<P: Ports>(
    ports: &P,
    start: &Start,
) -> Result<Vec<Event>, CallError> {
    let listed = Update::of(start).listed(ports, Over::Counts).await?;
    let Some(deployment) = listed else {
        return Ok(Vec::new());
    };
    let Some(seen) = ServiceDeployment::read(ports, &start.place, &deployment).await? else {
        return Err(not_shown(&deployment));
    };
    let started = Event::DeploymentStarted {
        deployment: deployment.clone(),
        alias: None,
        found: true,
    };
    match seen.standing() {
        // That it has come to nothing is no start that is not shown yet.
        Standing::Turning | Standing::RolledBack | Standing::RollbackFailed => {
            let reason = seen.cause().into();
            let status = DeploymentStatus::RollingBack { reason, by: None };
            let observed = Event::DeploymentObserved { deployment, status };
            Ok(vec![started, observed])
        }
        // Whether it was rolled back or replaced is seen in the service.
        Standing::Successful | Standing::Stopped => Ok(vec![started]),
        // Once the service shows it, it is followed by the id by which ECS reports about it.
        Standing::UnderWay | Standing::CleaningUp => Err(not_shown(&deployment)),
    }
}

fn not_shown(deployment: &DeploymentId) -> CallError {
    CallError::Unknown {
        operation: UPDATE_SERVICE,
        message: format!("{deployment} brings it, and the service does not show it yet"),
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
