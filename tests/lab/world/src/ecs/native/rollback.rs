//! Rolling back: traffic to blue first, then the hooks of the shifts again, then green goes.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html>

use super::{Direction, Stage, hooks, stages, traffic};
use crate::{
    World,
    ecs::{
        FleetStatus, events,
        events::DeploymentEvent,
        fleet::{self, Rollout},
        scheduler, service_deployments,
        service_deployments::Status,
    },
};

/// Turns a deployment around. One that is turning, cleaning up or over goes on as it is.
pub(in crate::ecs) fn start(world: &mut World, deployment: &str, reason: &str) {
    let Some(held) = world.ecs.deployments.get_mut(deployment) else {
        return;
    };
    let service = held.service.clone();
    let over = held.status.is_over();
    let Some(native) = held.native.as_mut() else {
        return;
    };
    if over || native.direction != Direction::Forward || native.stage == Stage::CleanUp {
        return;
    }
    let mut left = Vec::new();
    if native.test_share > 0.0 {
        left.push(Stage::TestTrafficShift);
    }
    if native.production_share > 0.0 {
        left.push(Stage::ProductionTrafficShift);
    }
    native.direction = Direction::Back {
        left,
        hook_failed: false,
    };
    let (blue, green) = (native.blue.clone(), native.green.clone());
    stages::cancel_timers(world, deployment);
    hooks::forget_running(world, deployment);
    traffic::shift_production(world, deployment, 0.0);
    traffic::shift_test(world, deployment, 0.0);
    let now = world.now;
    let mut revision = String::new();
    if let Some(held) = world.ecs.services.get_mut(&service) {
        if let Some(of) = held.fleet_mut(&green) {
            of.rollout = Rollout::Failed;
            of.reason = reason.to_owned();
            of.status = FleetStatus::Active;
            of.updated_at = now;
        }
        let mut back = None;
        if let Some(of) = held.fleet_mut(&blue) {
            of.status = FleetStatus::Primary;
            of.updated_at = now;
            back = Some((
                of.task_definition.clone(),
                of.settings.clone(),
                of.revision.clone(),
            ));
        }
        if let Some((definition, settings, of_blue)) = back {
            held.task_definition = definition;
            held.settings = settings;
            revision = of_blue;
        }
        held.fleets.sort_by_key(|of| !of.is_primary());
    }
    service_deployments::roll_back(world, &service, &revision, reason);
    events::note(
        world,
        &service,
        &format!("rolling back to (deployment {blue})."),
    );
    let message = format!(
        "{} rolling back to deploymentId {blue}.",
        reason.trim_end_matches('.')
    );
    events::deployment(
        world,
        &service,
        &blue,
        DeploymentEvent::InProgress,
        &message,
    );
    next(world, deployment);
}

/// Ends a deployment where it stands: nothing of it is undone.
pub(super) fn leave(world: &mut World, deployment: &str, reason: &str) {
    let Some((service, _, green)) = stages::parties(world, deployment) else {
        return;
    };
    stages::cancel_timers(world, deployment);
    hooks::forget_running(world, deployment);
    let now = world.now;
    let held = world.ecs.services.get_mut(&service);
    if let Some(of) = held.and_then(|held| held.fleet_mut(&green)) {
        of.rollout = Rollout::Failed;
        of.reason = reason.to_owned();
        of.updated_at = now;
    }
    events::note(
        world,
        &service,
        &format!("(deployment {green}) deployment failed."),
    );
    events::deployment(world, &service, &green, DeploymentEvent::Failed, reason);
    service_deployments::fail(world, &service, Status::Stopped, reason);
}

/// Runs the hooks of the next shift that has to be undone; after the last one, green goes.
pub(super) fn next(world: &mut World, deployment: &str) {
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    let Direction::Back { left, .. } = &mut native.direction else {
        return;
    };
    if let Some(stage) = left.pop() {
        native.stage = stage;
        if !hooks::start(world, deployment, stage) {
            next(world, deployment);
        }
        return;
    }
    if let Some((service, _, green)) = stages::parties(world, deployment) {
        stages::retire(world, &service, &green);
    }
}

/// Green's last task is gone: the rollback is through.
pub(super) fn finish_when_drained(world: &mut World, deployment: &str) {
    let Some((service, blue, green)) = stages::parties(world, deployment) else {
        return;
    };
    let Some(Direction::Back { hook_failed, .. }) =
        super::get(world, deployment).map(|native| native.direction.clone())
    else {
        return;
    };
    let draining = world
        .ecs
        .services
        .get(&service)
        .and_then(|held| held.fleet(&green))
        .is_some_and(|of| of.status == FleetStatus::Draining);
    if !draining || !fleet::counts(world, &service, &green).is_empty() {
        return;
    }
    stages::cancel_timers(world, deployment);
    let reason = format!("ECS deployment {blue} completed.");
    events::deployment(world, &service, &blue, DeploymentEvent::Completed, &reason);
    if hook_failed {
        service_deployments::end(
            world,
            &service,
            Status::RollbackFailed,
            "A lifecycle hook failed during the rollback.",
        );
    } else {
        service_deployments::complete(world, &service);
    }
    scheduler::again_in(world, &service, 1);
}
