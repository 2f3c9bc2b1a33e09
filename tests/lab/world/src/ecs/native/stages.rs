//! Going through the stages.

use super::{Direction, NativeTimer, Stage, Wake, hooks, rollback, start, traffic};
use crate::{
    World,
    ecs::{
        FleetStatus, events,
        events::DeploymentEvent,
        failure_detection,
        fleet::{self, Rollout},
        scheduler, service_deployments,
        service_deployments::Status,
        steadiness,
    },
    timers::{Timer, later, minutes, seconds},
};

/// What rerouting takes once the rule has been changed.
const SETTLING_SECONDS: u64 = 5;
/// What ECS waits besides, after each shift of a Network Load Balancer.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html>
const NETWORK_MINUTES: u64 = 10;
/// A stage may take this long.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>
const STAGE_MINUTES: u64 = 1440;

pub(super) fn set_timer(
    world: &mut World,
    deployment: &str,
    wake: Wake,
    wait: jiff::SignedDuration,
) {
    let timer = NativeTimer {
        deployment: deployment.to_owned(),
        wake,
    };
    world
        .timers
        .set(later(world.now, wait), Timer::Native(timer));
}

/// Forgets the waits of a stage; a stop that was requested is none of them.
pub(super) fn cancel_timers(world: &mut World, deployment: &str) {
    world.timers.cancel(|timer| {
        matches!(timer, Timer::Native(timer) if timer.deployment == deployment && timer.wake != Wake::StopDue)
    });
}

/// Enters a stage: shifts what it shifts, then runs its hooks.
pub(super) fn enter(world: &mut World, deployment: &str, stage: Stage) {
    cancel_timers(world, deployment);
    service_deployments::touch(world, deployment);
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    native.stage = stage;
    let (strategy, share) = (native.strategy, native.production_share);
    match stage {
        Stage::TestTrafficShift => traffic::shift_test(world, deployment, 100.0),
        Stage::ProductionTrafficShift => {
            traffic::shift_production(world, deployment, strategy.next(share).0);
        }
        Stage::ReconcileService
        | Stage::PreScaleUp
        | Stage::ScaleUp
        | Stage::PostScaleUp
        | Stage::PostTestTrafficShift
        | Stage::PreProductionTrafficShift
        | Stage::PostProductionTrafficShift
        | Stage::BakeTime
        | Stage::CleanUp => {}
    }
    if !hooks::start(world, deployment, stage) {
        hooks_done(world, deployment);
    }
}

/// All hooks of the stage are through, or it has none.
pub(super) fn hooks_done(world: &mut World, deployment: &str) {
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    match native.direction {
        Direction::Forward => {}
        Direction::Back { .. } => {
            rollback::next(world, deployment);
            return;
        }
    }
    let (stage, bake) = (native.stage, native.bake);
    match stage {
        Stage::ReconcileService => {
            drop_leftovers(world, deployment);
            enter(world, deployment, Stage::PreScaleUp);
        }
        Stage::PreScaleUp => enter(world, deployment, Stage::ScaleUp),
        Stage::ScaleUp => scale_up(world, deployment),
        Stage::PostScaleUp => enter(world, deployment, Stage::TestTrafficShift),
        Stage::TestTrafficShift => {
            let settling = settling(native.test.as_deref());
            set_timer(world, deployment, Wake::Advance, settling);
        }
        Stage::PostTestTrafficShift => enter(world, deployment, Stage::PreProductionTrafficShift),
        Stage::PreProductionTrafficShift => enter(world, deployment, Stage::ProductionTrafficShift),
        Stage::ProductionTrafficShift => bake_step(world, deployment),
        Stage::PostProductionTrafficShift => enter(world, deployment, Stage::BakeTime),
        Stage::BakeTime => set_timer(world, deployment, Wake::Advance, minutes(bake)),
        Stage::CleanUp => clean_up(world, deployment),
    }
}

/// A wait of the stage is over.
pub(super) fn advance(world: &mut World, deployment: &str) {
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return;
    };
    if held.status == Status::Pending {
        start::begin(world, deployment);
        return;
    }
    let Some(native) = &held.native else {
        return;
    };
    let whole = native.production_share >= 100.0;
    match native.stage {
        Stage::TestTrafficShift => enter(world, deployment, Stage::PostTestTrafficShift),
        Stage::ProductionTrafficShift if whole => {
            enter(world, deployment, Stage::PostProductionTrafficShift)
        }
        Stage::ProductionTrafficShift => enter(world, deployment, Stage::PreProductionTrafficShift),
        Stage::BakeTime => enter(world, deployment, Stage::CleanUp),
        // These do not wait.
        Stage::ReconcileService
        | Stage::PreScaleUp
        | Stage::ScaleUp
        | Stage::PostScaleUp
        | Stage::PostTestTrafficShift
        | Stage::PreProductionTrafficShift
        | Stage::PostProductionTrafficShift
        | Stage::CleanUp => {}
    }
}

fn bake_step(world: &mut World, deployment: &str) {
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    let settling = settling(native.production.as_deref());
    let wait = match native.strategy {
        super::Strategy::Linear { minutes: wait, .. }
        | super::Strategy::Canary { minutes: wait, .. }
            if native.production_share < 100.0 =>
        {
            minutes(wait) + settling
        }
        super::Strategy::BlueGreen
        | super::Strategy::Linear { .. }
        | super::Strategy::Canary { .. } => settling,
    };
    set_timer(world, deployment, Wake::Advance, wait);
}

/// What a shift takes until it is through. For a Network Load Balancer a listener is named instead of
/// a rule.
fn settling(rule: Option<&str>) -> jiff::SignedDuration {
    if rule.is_some_and(|arn| arn.contains(":listener/net/")) {
        minutes(NETWORK_MINUTES)
    } else {
        seconds(SETTLING_SECONDS)
    }
}

fn drop_leftovers(world: &mut World, deployment: &str) {
    let Some(held) = world.ecs.deployments.get_mut(deployment) else {
        return;
    };
    let service = held.service.clone();
    let leftovers = held
        .native
        .as_mut()
        .map(|native| std::mem::take(&mut native.leftovers));
    for id in leftovers.into_iter().flatten() {
        retire(world, &service, &id);
    }
}

/// Lets a fleet go.
pub(super) fn retire(world: &mut World, service: &str, id: &str) {
    if let Some(of) = world
        .ecs
        .services
        .get_mut(service)
        .and_then(|held| held.fleet_mut(id))
    {
        of.status = FleetStatus::Draining;
        of.goal = 0;
    }
    scheduler::again_in(world, service, 1);
}

fn scale_up(world: &mut World, deployment: &str) {
    let Some((service, green)) =
        parties(world, deployment).map(|(service, _, green)| (service, green))
    else {
        return;
    };
    if let Some(held) = world.ecs.services.get_mut(&service) {
        let desired = held.desired;
        if let Some(of) = held.fleet_mut(&green) {
            of.goal = desired;
        }
    }
    set_timer(
        world,
        deployment,
        Wake::ScaleUpTimeout,
        minutes(STAGE_MINUTES),
    );
    scheduler::again_in(world, &service, 1);
}

fn clean_up(world: &mut World, deployment: &str) {
    if let Some((service, blue, _)) = parties(world, deployment) {
        retire(world, &service, &blue);
    }
}

/// The service of a deployment, its blue and its green fleet.
pub(super) fn parties(world: &World, deployment: &str) -> Option<(String, String, String)> {
    let held = world.ecs.deployments.get(deployment)?;
    let native = held.native.as_ref()?;
    Some((
        held.service.clone(),
        native.blue.clone(),
        native.green.clone(),
    ))
}

/// Brings the fleets to where the deployment wants them and looks whether that is done.
pub(in crate::ecs) fn reconcile(world: &mut World, service: &str, deployment: &str) {
    let fleets: Vec<String> = world
        .ecs
        .services
        .get(service)
        .map(|held| held.fleets.iter().map(|of| of.id.clone()).collect())
        .unwrap_or_default();
    for id in fleets {
        scheduler::converge(world, service, &id);
    }
    let Some((_, blue, green)) = parties(world, deployment) else {
        return;
    };
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    let (stage, direction) = (native.stage, native.direction.clone());
    match direction {
        Direction::Forward if stage == Stage::CleanUp => {
            if fleet::counts(world, service, &blue).is_empty() {
                succeed(world, service, deployment, &green);
            }
        }
        Direction::Forward => {
            if let Some(failure) = failure_detection::native_failure(world, service, &green) {
                if failure.rollback {
                    rollback::start(world, deployment, &failure.reason);
                } else {
                    rollback::leave(world, deployment, &failure.reason);
                }
            } else if stage == Stage::ScaleUp && scaled_up(world, service, &green) {
                enter(world, deployment, Stage::PostScaleUp);
            }
        }
        Direction::Back { left, .. } if left.is_empty() => {
            rollback::finish_when_drained(world, deployment)
        }
        Direction::Back { .. } => {}
    }
}

/// Its goal is set once the stage's hooks are through, and all tasks run.
fn scaled_up(world: &World, service: &str, green: &str) -> bool {
    let held = world.ecs.services.get(service);
    let wanted =
        held.is_some_and(|held| held.fleet(green).is_some_and(|of| of.goal == held.desired));
    wanted && steadiness::fleet_is_stable(world, service, green)
}

fn succeed(world: &mut World, service: &str, deployment: &str, green: &str) {
    let now = world.now;
    cancel_timers(world, deployment);
    let reason = format!("ECS deployment {green} completed.");
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.fleets
            .retain(|of| of.id == green || of.status != FleetStatus::Draining);
        if let Some(of) = held.fleet_mut(green) {
            of.rollout = Rollout::Completed;
            of.reason.clone_from(&reason);
            of.updated_at = now;
        }
    }
    events::note(
        world,
        service,
        &format!("(deployment {green}) deployment completed."),
    );
    events::deployment(world, service, green, DeploymentEvent::Completed, &reason);
    service_deployments::complete(world, service);
}
