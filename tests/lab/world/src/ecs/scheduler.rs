//! The service scheduler: brings every fleet to the number of tasks it should have, and slows
//! down when tasks keep failing.

use super::{
    events, fleet, rolling,
    service::Controller,
    steadiness::{drop_drained, mark_stability, note_steady, set_unsteady},
    task_life,
};
use crate::{
    World, codedeploy,
    timers::{Timer, later, seconds},
};

/// A service's scheduler looks again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServiceTimer {
    pub(super) service: String,
}

/// The first failures are replaced at once, later ones after growing waits up to 15 minutes.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html>
const FAILURES_BEFORE_THROTTLING: u32 = 3;
const MAX_WAIT_SECONDS: u64 = 900;

pub(super) fn wake(world: &mut World, timer: &ServiceTimer) {
    reconcile(world, &timer.service);
}

/// Looks at a service again after this many seconds.
pub(super) fn again_in(world: &mut World, service: &str, wait: u64) {
    let timer = Timer::Service(ServiceTimer {
        service: service.to_owned(),
    });
    world.timers.set(later(world.now, seconds(wait)), timer);
}

/// Brings all fleets of a service to where they should be, as its controller wants it.
pub(crate) fn reconcile(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    match held.controller {
        Controller::Ecs => rolling::reconcile(world, service),
        Controller::CodeDeploy | Controller::External => {
            let fleets: Vec<String> = held.fleets.iter().map(|fleet| fleet.id.clone()).collect();
            for id in fleets {
                converge(world, service, &id);
            }
            codedeploy::fleet_changed(world, service);
        }
    }
    drop_drained(world, service);
    note_steady(world, service);
}

/// Launches what is missing of one fleet and stops what is too much.
pub(super) fn converge(world: &mut World, service: &str, id: &str) {
    let counts = fleet::counts(world, service, id);
    let Some(goal) = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.fleet(id))
        .map(|held| held.goal)
    else {
        return;
    };
    if counts.active() < goal {
        launch(world, service, id, goal - counts.active());
    } else if counts.active() > goal {
        stop_some(world, service, id, counts.active() - goal);
    }
    mark_stability(world, service, id, goal);
}

/// Launches tasks of a fleet, unless it has to wait after failures.
pub(super) fn launch(world: &mut World, service: &str, id: &str, count: u32) {
    let now = world.now;
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let Some(of) = held.fleet(id) else {
        return;
    };
    if count == 0 || of.launch_after.is_some_and(|at| at > now) {
        return;
    }
    let definition = of.task_definition.clone();
    let setting = |name: &str| {
        of.settings
            .get(name)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    let (launch_type, platform_version) = (setting("launchType"), setting("platformVersion"));
    let platform_version = platform_version.filter(|version| version != "LATEST");
    let (place, cluster_arn, name) = (
        held.place.clone(),
        held.cluster_arn.clone(),
        held.name.clone(),
    );
    let mut started = Vec::new();
    for _ in 0..count {
        let launched = task_life::launch(
            world,
            task_life::Launch {
                place: place.clone(),
                cluster_arn: cluster_arn.clone(),
                definition: &definition,
                group: format!("service:{name}"),
                started_by: Some(id.to_owned()),
                service: Some(service.to_owned()),
                fleet: Some(id.to_owned()),
                launch_type: launch_type.clone(),
                platform_version: platform_version.clone(),
                overrides: serde_json::json!({"containerOverrides": [], "inferenceAcceleratorOverrides": []}),
            },
        );
        if let Some(task) = launched.ok().and_then(|arn| world.ecs.tasks.get(&arn)) {
            started.push(task.id().to_owned());
        }
    }
    if started.is_empty() {
        return;
    }
    set_unsteady(world, service);
    events::note(
        world,
        service,
        &format!(
            "has started {} tasks: {}.",
            started.len(),
            events::named(&started)
        ),
    );
}

/// Stops tasks of a fleet: those that are not up yet first, then the oldest.
pub(super) fn stop_some(world: &mut World, service: &str, id: &str, count: u32) {
    let mut candidates: Vec<(bool, jiff::Timestamp, String, String)> =
        fleet::tasks_of(world, service, id)
            .filter(|task| task.is_running() || task.is_pending())
            .map(|task| {
                (
                    task.is_running(),
                    task.created_at,
                    task.arn.clone(),
                    task.id().to_owned(),
                )
            })
            .collect();
    candidates.sort();
    let chosen: Vec<(String, String)> = candidates
        .into_iter()
        .take(count as usize)
        .map(|(_, _, arn, name)| (arn, name))
        .collect();
    if chosen.is_empty() {
        return;
    }
    set_unsteady(world, service);
    let names: Vec<String> = chosen.iter().map(|(_, name)| name.clone()).collect();
    events::note(
        world,
        service,
        &format!(
            "has stopped {} running tasks: {}.",
            names.len(),
            events::named(&names)
        ),
    );
    let reason = format!("Scaling activity initiated by (deployment {id})");
    for (arn, _) in chosen {
        task_life::stop(world, &arn, "ServiceSchedulerInitiated", &reason);
    }
}

/// A task of a fleet is up. One that is about to crash proves nothing.
pub(super) fn task_started(world: &mut World, service: &str, id: &str, crashes: bool) {
    if let Some(held) = world.ecs.services.get_mut(service) {
        let resets = !crashes && held.resets_on_healthy_task();
        if let Some(of) = held.fleet_mut(id).filter(|_| resets) {
            of.failed = 0;
        }
    }
    reconcile(world, service);
}

/// A task of a fleet is gone; `failure` when it was not told to stop.
pub(super) fn task_stopped(world: &mut World, service: &str, id: &str, failure: bool) {
    if failure {
        task_failed(world, service, id);
    }
    reconcile(world, service);
}

fn task_failed(world: &mut World, service: &str, id: &str) {
    let now = world.now;
    let Some(of) = world
        .ecs
        .services
        .get_mut(service)
        .and_then(|held| held.fleet_mut(id))
    else {
        return;
    };
    of.failed = of.failed.saturating_add(1);
    of.failed_ever = of.failed_ever.saturating_add(1);
    of.stable_at = None;
    of.updated_at = now;
    let beyond = of.failed_ever.saturating_sub(FAILURES_BEFORE_THROTTLING);
    let wait = if beyond == 0 {
        0
    } else {
        10_u64
            .saturating_mul(1 << beyond.min(8))
            .min(MAX_WAIT_SECONDS)
    };
    of.launch_after = (wait > 0).then(|| later(now, seconds(wait)));
    if wait > 0 {
        again_in(world, service, wait);
        if beyond == 1 {
            events::service_action(world, service, "WARN", "SERVICE_TASK_START_IMPAIRED", None);
            events::note(
                world,
                service,
                "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.",
            );
        }
    }
}
