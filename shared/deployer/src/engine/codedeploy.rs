//! The CodeDeploy engine: traffic moves from blue to green.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html>

mod balancer;
mod group_slot;
mod observe;
mod request;
mod roll_back;
mod set_up;
mod start;

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{
    Checkpoints, DeploymentStatus, DeploymentTarget, Event, Misfit, Observe, Place, RollBack,
    Start, Tried,
};

pub use balancer::only_all_at_once;
pub(crate) use group_slot::poll_group;

use super::contract::{Engine, Problem, RollbackStart, SetUp, Wanted};
use super::stopped_tasks;
use crate::ports::{CallError, DeploymentGroup, DeploymentProgress, Ports, Wait};
use crate::service::Service;

pub(super) struct CodeDeploy<'a>(pub(super) &'a CodeDeploySettings);

impl Engine for CodeDeploy<'_> {
    /// Its configuration, and not the service's, says how traffic shifts.
    fn unfit(&self, _: &Service<'_>) -> Option<Misfit> {
        None
    }

    async fn group<P: Ports>(
        &self,
        ports: &P,
        place: &Place,
    ) -> Result<Option<DeploymentGroup>, Problem> {
        set_up::group(ports, self.0, place).await.map(Some)
    }

    async fn set_up<P: Ports>(&self, _: &P, wanted: &Wanted<'_>) -> Result<SetUp, Problem> {
        set_up::set_up(self.0, wanted)
    }

    fn target(
        &self,
        service: &Value,
        checkpoints: &Checkpoints,
        current: &TaskDefinitionArn,
    ) -> Result<Option<DeploymentTarget>, Problem> {
        set_up::target(self.0, service, checkpoints, current).map(Some)
    }

    async fn start<P: Ports>(
        &self,
        ports: &P,
        start: &Start,
        tried: Tried,
    ) -> Result<Vec<Event>, CallError> {
        start::start(ports, self.0, start, tried).await
    }

    async fn observe<P: Ports>(
        &self,
        ports: &P,
        observe: &Observe,
    ) -> Result<DeploymentStatus, CallError> {
        observe::observe(ports, self.0, observe).await
    }

    async fn let_through<P: Ports>(
        &self,
        ports: &P,
        place: &Place,
        deployment: &DeploymentId,
        _: Option<&PauseId>,
    ) -> Result<(), CallError> {
        ports
            .continue_deployment(place, deployment, Wait::Ready)
            .await
    }

    async fn roll_back<P: Ports>(
        &self,
        ports: &P,
        back: &RollBack,
        _: Tried,
    ) -> Result<RollbackStart, CallError> {
        roll_back::roll_back(ports, self.0, back).await
    }

    async fn stopped_tasks<P: Ports>(&self, ports: &P, back: &RollBack) -> Vec<String> {
        match ports.progress(&back.place, &back.deployment).await {
            Ok(progress) => {
                stopped_tasks::of_task_set(ports, &back.place, progress.green.as_deref()).await
            }
            Err(error) => {
                tracing::warn!(%error, deployment = %&back.deployment, "could not read the task set");
                Vec::new()
            }
        }
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
