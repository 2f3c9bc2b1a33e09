//! The service scheduler: brings every fleet to the number of tasks it should have, and slows
//! down when tasks keep failing.

use super::{
    events, fleet,
    fleet::Counts,
    rolling,
    service::{Controller, ServiceStatus},
    task,
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
const LONGEST_WAIT_SECONDS: u64 = 900;

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
        let launched = task::launch(
            world,
            task::Launch {
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
        task::stop(world, &arn, "ServiceSchedulerInitiated", &reason);
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
    codedeploy::fleet_changed(world, service);
}

/// A task of a fleet is gone; `failure` when it was not told to stop.
pub(super) fn task_stopped(world: &mut World, service: &str, id: &str, failure: bool) {
    if failure {
        task_failed(world, service, id);
    }
    reconcile(world, service);
    codedeploy::fleet_changed(world, service);
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
            .min(LONGEST_WAIT_SECONDS)
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

fn mark_stability(world: &mut World, service: &str, id: &str, goal: u32) {
    let now = world.now;
    let counts = fleet::counts(world, service, id);
    let crashing = crashing(world, service, id);
    if let Some(of) = world
        .ecs
        .services
        .get_mut(service)
        .and_then(|held| held.fleet_mut(id))
    {
        if is_stable(counts, goal) && !crashing {
            of.stable_at = of.stable_at.or(Some(now));
        } else {
            of.stable_at = None;
        }
    }
}

/// Whether a task of the fleet is up only until it crashes.
fn crashing(world: &World, service: &str, id: &str) -> bool {
    fleet::tasks_of(world, service, id)
        .any(|task| task.is_running() && task.behaviour == crate::behaviour::Behaviour::CrashLoop)
}

fn is_stable(counts: Counts, goal: u32) -> bool {
    counts.running == goal && counts.pending == 0
}

/// Whether a fleet has all its tasks up.
pub(crate) fn fleet_is_stable(world: &World, service: &str, id: &str) -> bool {
    let goal = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.fleet(id))
        .map(|of| of.goal);
    goal.is_some_and(|goal| is_stable(fleet::counts(world, service, id), goal))
        && !crashing(world, service, id)
}

/// Fleets that are going away disappear with their last task; a deleted service with its fleets.
fn drop_drained(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let gone: Vec<String> = held
        .fleets
        .iter()
        .filter(|of| match of.status {
            fleet::FleetStatus::Draining => true,
            fleet::FleetStatus::Primary | fleet::FleetStatus::Active => {
                held.status == ServiceStatus::Draining
            }
        })
        .filter(|of| fleet::counts(world, service, &of.id).is_empty())
        .map(|of| of.id.clone())
        .collect();
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.fleets.retain(|of| !gone.contains(&of.id));
        if held.status == ServiceStatus::Draining && held.fleets.is_empty() {
            held.status = ServiceStatus::Inactive;
        }
    }
}

fn set_unsteady(world: &mut World, service: &str) {
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.steady = false;
    }
}

/// Says once that a service has reached a steady state.
fn note_steady(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let settled = held.is_active()
        && held.fleets.iter().all(|of| match of.rollout {
            fleet::Rollout::InProgress => held.controller != Controller::Ecs,
            fleet::Rollout::Completed => true,
            fleet::Rollout::Failed => false,
        })
        && held
            .fleets
            .iter()
            .all(|of| fleet_is_stable(world, service, &of.id));
    if !settled || held.steady {
        return;
    }
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.steady = true;
    }
    events::note(world, service, "has reached a steady state.");
    events::service_action(world, service, "INFO", "SERVICE_STEADY_STATE", None);
}
