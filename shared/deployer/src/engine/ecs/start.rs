//! Starting a native deployment, or finding the one that an earlier try has started.
//!
//! | the service runs | then |
//! |---|---|
//! | anything, though an earlier try may have started it: its deployment is listed | that one is followed, however it has ended |
//! | the same, and it is not listed | it is looked for once more, some time later |
//! | neither what it ran before nor what is to be started | the baseline has changed |
//! | what it ran before | it is updated |
//! | what is to be started, and its newest deployment brings that | that one is followed, if it is nobody's |
//! | what is to be started, as it did before, and nothing is under way | nothing is to be started |
//! | what is to be started, and it cannot be seen since when | it is unknown, and looked for again |

use serde_json::Value;
use towpath_core::names::DeploymentId;
use towpath_core::release::{ActionKind, Event, Start, Tried};

use super::started::{alias_of, unknown};
use crate::engine::service_deployment::{Standing, brings};
use crate::engine::service_state::baseline_changed;
use crate::engine::update::{Over, Update};
use crate::ports::{CallError, Ports};
use crate::service::Service;

pub(super) async fn start<P: Ports>(
    ports: &P,
    start: &Start,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    let Start {
        place, revision, ..
    } = start;
    let mut update = Update::of(start);
    if tried != Tried::Never {
        // However it has ended since, it is not started a second time.
        if let Some(deployment) = update.listed(ports, Over::Counts).await? {
            let alias = alias_of(ports, place, &Value::Null, revision).await;
            return Ok(vec![started(deployment, alias, true)]);
        }
        if tried == Tried::Perhaps && !towpath_core::planted!(AbsenceOnceIsProof) {
            let action = ActionKind::Start;
            return Ok(vec![Event::NotSeen { action }]);
        }
    }
    if let Some(service) = ports.describe_service(place).await? {
        if let Some(changed) = baseline_changed(&service, start)? {
            return Ok(vec![changed]);
        }
        if Service(&service).revision().as_ref() == Some(revision) {
            return Ok(vec![runs(ports, start, &service).await?]);
        }
        update.before.extend(Service(&service).current_deployment());
    }
    let service = ports.update_service(place, revision).await?;
    let deployment = update.started(ports, &service).await?;
    let alias = alias_of(ports, place, &service, revision).await;
    Ok(vec![started(deployment, alias, false)])
}

fn started(deployment: DeploymentId, alias: Option<DeploymentId>, found: bool) -> Event {
    Event::DeploymentStarted {
        deployment,
        alias,
        found,
    }
}

/// What is there to be followed where the service runs already what is to be started: an update
/// would start nothing.
async fn runs<P: Ports>(ports: &P, start: &Start, service: &Value) -> Result<Event, CallError> {
    let ran_before = start.previous == start.revision;
    let nothing_to_start = || Event::RunsAlready {
        stage: start.stage.clone(),
    };
    let recent = ports.recent_service_deployments(&start.place).await?;
    let Some(newest) = recent.into_iter().next() else {
        // ECS forgets deployments in time.
        return if ran_before {
            Ok(nothing_to_start())
        } else {
            Err(not_seen(start))
        };
    };
    let brings = brings(ports, &start.place, &newest).await?;
    let brings_it = brings.as_ref() == Some(&start.revision);
    match (Standing::of(&newest.status), brings_it) {
        (Standing::Successful, true) if ran_before => Ok(nothing_to_start()),
        (Standing::RolledBack | Standing::Stopped, _) if ran_before => Ok(nothing_to_start()),
        (Standing::UnderWay | Standing::CleaningUp | Standing::Successful, true) => {
            match ports.release_of(&newest.id).await? {
                None => Ok(started(
                    newest.id,
                    Service(service).primary_of(&start.revision),
                    true,
                )),
                Some(another) => Err(CallError::NotDone {
                    operation: "ecs:UpdateService",
                    message: format!(
                        "{}, which brings it, is a deployment of {another}",
                        newest.id
                    ),
                }),
            }
        }
        (Standing::Turning, _) => Err(CallError::NotDone {
            operation: "ecs:UpdateService",
            message: format!("{} is being rolled back first", newest.id),
        }),
        (Standing::RollbackFailed, _) => Err(CallError::Refused {
            operation: "ecs:UpdateService",
            code: "RollbackFailed".into(),
            message: format!(
                "{} could not be rolled back, and an update to what ECS says that the service runs would start nothing; look at what serves",
                newest.id
            ),
        }),
        (Standing::UnderWay | Standing::CleaningUp | Standing::Successful, false)
        | (Standing::RolledBack | Standing::Stopped, _) => Err(not_seen(start)),
    }
}

fn not_seen(start: &Start) -> CallError {
    unknown(format!(
        "the service runs {}, and the deployment that brought it is not to be seen",
        start.revision.short()
    ))
}
