//! Starting a native deployment.

use serde_json::Value;

use super::{Direction, Native, Stage, Strategy, stages};
use crate::{
    World,
    call::text,
    ecs::{
        Fleet, FleetStatus, Service, events,
        events::DeploymentEvent,
        fleet::{self, Rollout},
        scheduler, service_deployments, service_revisions,
    },
    elb::{Role, TargetGroup},
    timers::{Timer, later, seconds},
};

/// From PENDING to the first stage.
const QUEUED_SECONDS: u64 = 2;

/// Whether the next deployment of this service is to be a native one: the strategy says so and
/// there is something to shift from.
pub(in crate::ecs) fn is_native(service: &Service) -> bool {
    strategy(&service.configuration).is_some() && !service.fleets.is_empty()
}

/// Whether a native deployment of this service is under way.
pub(in crate::ecs) fn is_under_way(world: &World, service: &str) -> bool {
    service_deployments::open_arn(world, service)
        .and_then(|arn| world.ecs.deployments.get(&arn))
        .is_some_and(|held| held.native.is_some())
}

fn strategy(configuration: &Value) -> Option<Strategy> {
    let number = |pointer: &str| configuration.pointer(pointer).and_then(Value::as_f64);
    let minutes = |pointer: &str| configuration.pointer(pointer).and_then(Value::as_u64);
    match text(configuration, "strategy") {
        Some("BLUE_GREEN") => Some(Strategy::BlueGreen),
        Some("LINEAR") => Some(Strategy::Linear {
            percent: number("/linearConfiguration/stepPercent").unwrap_or(10.0),
            minutes: minutes("/linearConfiguration/stepBakeTimeInMinutes").unwrap_or(6),
        }),
        Some("CANARY") => Some(Strategy::Canary {
            percent: number("/canaryConfiguration/canaryPercent").unwrap_or(5.0),
            minutes: minutes("/canaryConfiguration/canaryBakeTimeInMinutes").unwrap_or(10),
        }),
        Some(_) | None => None,
    }
}

/// The advanced configuration of the service's load balancer.
struct Advanced {
    groups: Vec<TargetGroup>,
    production: Option<String>,
    test: Option<String>,
}

fn advanced(service: &Service) -> Option<Advanced> {
    let balancer = service.load_balancers().first()?;
    let advanced = balancer.get("advancedConfiguration")?;
    let group = |held: Option<&str>| held.and_then(TargetGroup::of_arn);
    Some(Advanced {
        groups: [
            group(text(balancer, "targetGroupArn")),
            group(text(advanced, "alternateTargetGroupArn")),
        ]
        .into_iter()
        .flatten()
        .collect(),
        production: text(advanced, "productionListenerRule").map(str::to_owned),
        test: text(advanced, "testListenerRule").map(str::to_owned),
    })
}

/// From here on the service's rules forward to its primary fleet.
pub(in crate::ecs) fn adopt_rules(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let (Some(advanced), Some(group)) = (advanced(held), held.target_group()) else {
        return;
    };
    if let Some(listener) = &advanced.production {
        world.elb.claim_rule(listener, Role::Production, &group);
    }
    if let Some(listener) = &advanced.test {
        world.elb.claim_rule(listener, Role::Test, &group);
    }
}

/// Starts a native deployment of the service as it is now.
pub(in crate::ecs) fn start(world: &mut World, service: &str) {
    let now = world.now;
    super::abandon(world, service);
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let Some(strategy) = strategy(&held.configuration) else {
        return;
    };
    let Some(blue) = serving(world, held) else {
        return;
    };
    let blue_group = held.fleet(&blue).and_then(|of| of.target_group.clone());
    let advanced = advanced(held);
    let green_group = advanced
        .as_ref()
        .and_then(|advanced| {
            advanced
                .groups
                .iter()
                .find(|group| blue_group.as_ref().is_none_or(|blue| !blue.is(group)))
        })
        .cloned()
        .or_else(|| blue_group.clone());
    let bake = held
        .configuration
        .get("bakeTimeInMinutes")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    let id = format!("ecs-svc/{}", world.ids.digits());
    let revision = service_revisions::new_revision(world, service);
    let Some(held) = world.ecs.services.get_mut(service) else {
        return;
    };
    let mut green = Fleet::of(held, id.clone(), now);
    green.revision.clone_from(&revision);
    green.goal = 0;
    green.target_group.clone_from(&green_group);
    let mut leftovers = Vec::new();
    let mut sources = Vec::new();
    for of in &mut held.fleets {
        of.status = FleetStatus::Active;
        if of.id == blue {
            sources.insert(0, of.revision.clone());
        } else {
            sources.push(of.revision.clone());
            leftovers.push(of.id.clone());
        }
    }
    held.fleets.insert(0, green);
    held.steady = false;
    let native = Native {
        blue,
        green: id.clone(),
        strategy,
        stage: if leftovers.is_empty() {
            Stage::PreScaleUp
        } else {
            Stage::ReconcileService
        },
        direction: Direction::Forward,
        test_share: 0.0,
        production_share: 0.0,
        blue_group,
        green_group,
        production: advanced
            .as_ref()
            .and_then(|advanced| advanced.production.clone()),
        test: advanced.and_then(|advanced| advanced.test),
        bake,
        leftovers,
        hooks: Vec::new(),
    };
    service_deployments::begin(world, service, &id, &revision, sources);
    let arn = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.current_deployment.clone());
    if let Some(deployment) = arn.and_then(|arn| world.ecs.deployments.get_mut(&arn)) {
        deployment.native = Some(native);
        let timer = super::NativeTimer {
            deployment: deployment.arn.clone(),
            wake: super::Wake::Advance,
        };
        world
            .timers
            .set(later(now, seconds(QUEUED_SECONDS)), Timer::Native(timer));
    }
    let reason = format!("ECS deployment {id} in progress.");
    events::deployment(world, service, &id, DeploymentEvent::InProgress, &reason);
    scheduler::again_in(world, service, 1);
}

/// The fleet that clients reach: the one with most production traffic, else the one that
/// completed last.
fn serving(world: &World, service: &Service) -> Option<String> {
    let traffic = |of: &Fleet| {
        of.target_group
            .as_ref()
            .is_some_and(|group| world.elb.has_production_traffic(group))
            && fleet::counts(world, &service.arn, &of.id).running > 0
    };
    let candidates = || {
        service
            .fleets
            .iter()
            .filter(|of| of.status != FleetStatus::Draining)
    };
    candidates()
        .find(|of| of.rollout == Rollout::Completed && traffic(of))
        .or_else(|| candidates().find(|of| of.rollout == Rollout::Completed))
        .or_else(|| candidates().next())
        .map(|of| of.id.clone())
}

/// The deployment leaves PENDING for its first stage.
pub(super) fn begin(world: &mut World, deployment: &str) {
    let Some(service) = world
        .ecs
        .deployments
        .get(deployment)
        .map(|held| held.service.clone())
    else {
        return;
    };
    service_deployments::advance(world, &service, service_deployments::Status::InProgress);
    if let Some(stage) = super::get(world, deployment).map(|native| native.stage) {
        stages::enter(world, deployment, stage);
    }
}
