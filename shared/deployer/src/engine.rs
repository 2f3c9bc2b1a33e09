//! How a service is rolled out: one folder or file per engine, each of which keeps the
//! [`Engine`] contract. [`with`] is the list.

mod codedeploy;
mod contract;
mod ecs;
mod pause;
mod rolling;
mod service_deployment;
mod service_state;
mod stopped_tasks;
mod update;

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::pipeline::EngineSettings;
use towpath_core::release::{
    Checkpoints, DeploymentStatus, DeploymentTarget, Event, FaultCause, LateCause, Misfit, Observe,
    Place, RollBack, Start, Tried,
};

pub use codedeploy::only_all_at_once;
pub(crate) use codedeploy::poll_group;
use contract::{Engine, RollbackStart};
pub(crate) use contract::{Problem, SetUp, Wanted};
pub use ecs::{hooks_to, unmet};

use crate::ports::{CallError, DeploymentGroup, Ports};
use crate::service::Service;

/// Does something with the engine of a rollout.
macro_rules! with {
    ($settings:expr, $engine:ident => $does:expr) => {
        match $settings {
            EngineSettings::Rolling(_) => {
                let $engine = rolling::Rolling;
                $does
            }
            EngineSettings::CodeDeploy(settings) => {
                let $engine = codedeploy::CodeDeploy(settings);
                $does
            }
            EngineSettings::Ecs(settings) => {
                let $engine = ecs::Ecs(settings);
                $does
            }
        }
    };
}

/// Why a service, as DescribeServices shows it, cannot be rolled out by that engine, if so.
#[must_use]
pub fn unfit_for(service: &Value, settings: &EngineSettings) -> Option<Misfit> {
    let service = Service(service);
    // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-overview.html>
    if service.is_express() {
        return Some(Misfit::ExpressService);
    }
    let (wanted, found) = (settings.capabilities().controller, service.controller());
    if found != wanted.as_str() {
        return Some(Misfit::Controller {
            engine: settings.name().to_owned(),
            found: found.to_owned(),
            needs: wanted.to_string(),
        });
    }
    with!(settings, engine => engine.unfit(&service))
}

pub(crate) async fn group<P: Ports>(
    ports: &P,
    settings: &EngineSettings,
    place: &Place,
) -> Result<Option<DeploymentGroup>, Problem> {
    with!(settings, engine => engine.group(ports, place).await)
}

pub(crate) async fn set_up<P: Ports>(
    ports: &P,
    settings: &EngineSettings,
    wanted: &Wanted<'_>,
) -> Result<SetUp, Problem> {
    if let Some(unfit) = unfit_for(wanted.service, settings) {
        return Err(unfit.into());
    }
    with!(settings, engine => engine.set_up(ports, wanted).await)
}

/// What the engine is told of a service that runs `current`.
pub(crate) fn target(
    settings: &EngineSettings,
    service: &Value,
    checkpoints: &Checkpoints,
    current: &TaskDefinitionArn,
) -> Result<Option<DeploymentTarget>, Problem> {
    with!(settings, engine => engine.target(service, checkpoints, current))
}

pub(crate) async fn start<P: Ports>(
    ports: &P,
    start: &Start,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    with!(&start.engine, engine => engine.start(ports, start, tried).await)
}

pub(crate) async fn observe<P: Ports>(
    ports: &P,
    observe: &Observe,
) -> Result<Vec<Event>, CallError> {
    let status = with!(&observe.engine, engine => engine.observe(ports, observe).await?);
    match &status {
        // An answer from before its start does not end it.
        DeploymentStatus::Failed { reason }
            if observe.young && matches!(*reason.cause, FaultCause::Unknown { .. }) =>
        {
            return Err(CallError::NotDone {
                operation: "deployment:observe",
                message: reason.to_string(),
            });
        }
        DeploymentStatus::Failed { .. }
        | DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => {}
    }
    Ok(vec![Event::DeploymentObserved {
        deployment: observe.deployment.clone(),
        status,
    }])
}

pub(crate) async fn roll_back<P: Ports>(
    ports: &P,
    back: &RollBack,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    // Side by side: traffic does not wait for an explanation.
    let (taken, stuck) = with!(&back.engine, engine => {
        tokio::join!(engine.roll_back(ports, back, tried), async {
            if back.timed_out {
                engine.stopped_tasks(ports, back).await
            } else {
                Vec::new()
            }
        })
    });
    Ok(vec![match taken? {
        RollbackStart::Begun(begun) => {
            let stopped = stuck.into_iter();
            let mut stuck: Vec<_> = stopped
                .map(|said| LateCause::StoppedTask { said })
                .collect();
            stuck.extend(begun.waited.filter(|_| back.timed_out));
            Event::RollbackStarted {
                deployment: begun.deployment,
                alias: begun.alias,
                reason: back.reason.clone().with_causes(stuck),
                outcome: back.outcome,
                hold: back.hold,
            }
        }
        RollbackStart::Replaced(status) => Event::DeploymentObserved {
            deployment: back.deployment.clone(),
            status,
        },
    }])
}

pub(crate) async fn let_through<P: Ports>(
    ports: &P,
    place: &Place,
    settings: &EngineSettings,
    deployment: &DeploymentId,
    pause: Option<&PauseId>,
) -> Result<Vec<Event>, CallError> {
    with!(settings, engine => engine.let_through(ports, place, deployment, pause).await?);
    Ok(vec![Event::TrafficAllowed {
        deployment: deployment.clone(),
        pause: pause.cloned(),
    }])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_engine_takes_only_services_that_are_set_up_for_it() {
        let settings = |json: Value| serde_json::from_value::<EngineSettings>(json).unwrap();
        let rolling = settings(json!({"rolling": {}}));
        let ecs = settings(json!({"ecs": {}}));
        let codedeploy = settings(json!({"codedeploy": {"application": "shop", "group": "api"}}));
        let by = |controller: &str, strategy: Value| {
            json!({"deploymentController": {"type": controller},
                "deploymentConfiguration": {"strategy": strategy}})
        };
        for (settings, service, said) in [
            (&rolling, by("ECS", json!("ROLLING")), None),
            (&rolling, json!({}), None),
            (
                &rolling,
                by("ECS", json!("BLUE_GREEN")),
                Some("write `engine: {ecs: {}}`"),
            ),
            (
                &rolling,
                by("ECS", json!("CANARY")),
                Some("write `engine: {ecs: {}}`"),
            ),
            (
                &rolling,
                by("ECS", json!("OF_TOMORROW")),
                Some("needs ROLLING; change its deployment configuration"),
            ),
            (&ecs, by("ECS", json!("LINEAR")), None),
            (
                &ecs,
                by("ECS", json!("ROLLING")),
                Some("write `engine: {rolling: {}}`"),
            ),
            (&ecs, json!({}), Some("write `engine: {rolling: {}}`")),
            (&codedeploy, by("CODE_DEPLOY", Value::Null), None),
            (
                &codedeploy,
                by("ECS", Value::Null),
                Some("needs CODE_DEPLOY"),
            ),
            (&rolling, by("EXTERNAL", Value::Null), Some("needs ECS")),
        ] {
            let found = unfit_for(&service, settings).map(|it| it.to_string());
            match (found, said) {
                (None, None) => {}
                (Some(found), Some(said)) => assert!(found.contains(said), "{found}"),
                (found, said) => panic!("{service}: {found:?} instead of {said:?}"),
            }
        }
        for settings in [&rolling, &ecs, &codedeploy] {
            let mut express = by("ECS", json!("CANARY"));
            express["resourceManagementType"] = json!("ECS");
            let said = unfit_for(&express, settings).unwrap().to_string();
            assert!(said.contains("Express Mode"), "{said}");
        }
        let mut own = by("ECS", json!("ROLLING"));
        own["resourceManagementType"] = json!("CUSTOMER");
        assert_eq!(unfit_for(&own, &rolling), None);
    }
}
