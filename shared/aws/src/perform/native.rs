//! The native ECS engine: ECS itself moves traffic from blue to green.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>

use towpath_core::names::{DeploymentId, PauseId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::EcsRollout;
use towpath_core::release::{DeploymentStatus, Event, Gates, Place};

use super::observe::{Observed, TakenBack, WayBack};
use super::service::Service;
use crate::ports::{CallError, Ports};

/// Whether the service waits for everything that the stage wants, and for how many minutes its own
/// configuration shifts and bakes.
pub(super) fn check(
    _service: &Service<'_>,
    _settings: &EcsRollout,
    _gates: &Gates,
) -> Result<u32, String> {
    Err("native ECS deployments are not rolled out yet".into())
}

fn not_yet() -> CallError {
    CallError::Refused {
        operation: "ecs:UpdateService",
        code: "NotYet".into(),
        message: "native ECS deployments are not rolled out yet".into(),
    }
}

pub(super) async fn start<P: Ports>(
    _ports: &P,
    _place: &Place,
    _stage: &StageName,
    _revision: &TaskDefinitionArn,
    _before: &TaskDefinitionArn,
    _again: bool,
) -> Result<Vec<Event>, CallError> {
    Err(not_yet())
}

pub(super) async fn observe<P: Ports>(
    _ports: &P,
    _observed: &Observed<'_>,
) -> Result<DeploymentStatus, CallError> {
    Err(not_yet())
}

pub(super) async fn roll_back<P: Ports>(
    _ports: &P,
    _back: &WayBack<'_>,
) -> Result<TakenBack, CallError> {
    Err(not_yet())
}

pub(super) async fn let_through<P: Ports>(
    _ports: &P,
    _place: &Place,
    _deployment: &DeploymentId,
    _pause: Option<&PauseId>,
) -> Result<(), CallError> {
    Err(not_yet())
}
