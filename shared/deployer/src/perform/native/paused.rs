//! Rolling deployments that pause: hooks of the kind PAUSE are for them, too, and it is the service's
//! owner who answers.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html>

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::Place;

use super::observe::let_through;
use super::seen::Seen;
use super::started::brings;
use crate::perform::service::Service;
use crate::ports::{CallError, Ports};

/// A service deployment that waits until somebody answers its pause.
pub(in crate::perform) struct Paused {
    deployment: DeploymentId,
    pause: PauseId,
    /// What it waits for, for people.
    pub(in crate::perform) at: String,
    /// What it had waited for once it is given up, for people.
    pub(in crate::perform) in_vain: Option<String>,
}

/// The pause at which the service's newest deployment waits, if that brings the revision and does.
pub(in crate::perform) async fn paused<P: Ports>(
    ports: &P,
    place: &Place,
    service: &Value,
    revision: &TaskDefinitionArn,
) -> Result<Option<Paused>, CallError> {
    if !Service(service).may_pause() {
        return Ok(None);
    }
    let Some(named) = Service(service).current_deployment() else {
        return Ok(None);
    };
    let Some(seen) = ports.service_deployment(place, &named).await?.map(Seen) else {
        return Ok(None);
    };
    let Some(pause) = seen.pause() else {
        return Ok(None);
    };
    let brief = seen.brief(named.clone());
    let is_its = brings(ports, place, &brief).await?.as_ref() == Some(revision);
    Ok(is_its.then(|| Paused {
        deployment: named,
        pause,
        at: seen.at(),
        in_vain: seen.waits(),
    }))
}

/// Answers the pause, for nobody is asked whether the old version may come back.
pub(in crate::perform) async fn go_on<P: Ports>(
    ports: &P,
    place: &Place,
    paused: &Paused,
) -> Result<(), CallError> {
    let_through(ports, place, &paused.deployment, Some(&paused.pause)).await
}
