//! The native ECS engine: ECS itself moves traffic from blue to green.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>

mod check;
mod coming_back;
mod observe;
mod roll_back;
mod start;
mod started;

use towpath_core::names::{DeploymentId, PauseId};
use towpath_core::pipeline::{EcsSettings, EngineKind};
use towpath_core::release::{
    DeploymentStatus, Event, Misfit, Observe, OtherStrategy, Place, RollBack, Start, Tried,
};

pub use check::{hooks_to, unmet};

use super::contract::{Engine, Problem, RollbackStart, SetUp, Wanted};
use super::{pause, stopped_tasks};
use crate::ports::{CallError, Ports};
use crate::service::Service;
use crate::traffic;

pub(super) struct Ecs<'a>(pub(super) &'a EcsSettings);

impl Engine for Ecs<'_> {
    fn unfit(&self, service: &Service<'_>) -> Option<Misfit> {
        match service.strategy() {
            "BLUE_GREEN" | "LINEAR" | "CANARY" => None,
            other => Some(Misfit::Strategy(OtherStrategy::of(EngineKind::Ecs, other))),
        }
    }

    async fn set_up<P: Ports>(&self, ports: &P, wanted: &Wanted<'_>) -> Result<SetUp, Problem> {
        let Wanted {
            place,
            service,
            checkpoints,
            ..
        } = *wanted;
        let (traffic, revision) = traffic::of_service(ports, place, service).await?;
        let pace = check::check(&Service(service), self.0, checkpoints, &traffic)?;
        Ok(SetUp {
            paced_minutes: pace.paced_minutes,
            ready_minutes: pace.ready_minutes,
            remarks: traffic::remarks(&traffic, checkpoints),
            revision,
        })
    }

    async fn start<P: Ports>(
        &self,
        ports: &P,
        start: &Start,
        tried: Tried,
    ) -> Result<Vec<Event>, CallError> {
        start::start(ports, start, tried).await
    }

    async fn observe<P: Ports>(
        &self,
        ports: &P,
        observe: &Observe,
    ) -> Result<DeploymentStatus, CallError> {
        observe::observe(ports, observe).await
    }

    async fn let_through<P: Ports>(
        &self,
        ports: &P,
        place: &Place,
        deployment: &DeploymentId,
        pause: Option<&PauseId>,
    ) -> Result<(), CallError> {
        pause::let_through(ports, place, deployment, pause).await
    }

    async fn roll_back<P: Ports>(
        &self,
        ports: &P,
        back: &RollBack,
        tried: Tried,
    ) -> Result<RollbackStart, CallError> {
        roll_back::roll_back(ports, back, tried).await
    }

    async fn stopped_tasks<P: Ports>(&self, ports: &P, back: &RollBack) -> Vec<String> {
        stopped_tasks::of_deployment(ports, back).await
    }
}
