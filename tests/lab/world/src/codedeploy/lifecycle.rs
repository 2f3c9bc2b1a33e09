//! A deployment's way through its lifecycle.
//!
//! | stage           | leaves when                                      | to                        |
//! |-----------------|--------------------------------------------------|---------------------------|
//! | Queued          | it begins                                        | At(BeforeInstall)         |
//! | At(hook event)  | the function reports, or there is none           | next event, or Failed     |
//! | At(Install)     | all replacement tasks run; an hour has passed    | next event, or Failed     |
//! | At(AllowTest…)  | the test listener is pointed at the replacement  | next event                |
//! | before traffic  | the group wants STOP_DEPLOYMENT                  | ReadyWait                 |
//! | ReadyWait       | ContinueDeployment; the wait is over             | next event, or Stopped    |
//! | At(AllowTraffic)| the replacement has all traffic                  | next event                |
//! | after the last  | –                                                | TerminationWait           |
//! | TerminationWait | the wait is over, or ContinueDeployment          | Succeeded                 |
//! | RollingBack     | traffic is back and the replacement drained      | Succeeded                 |

use jiff::SignedDuration;

use super::{
    deployment::{Stage, Status},
    event::{Event, EventStatus},
    finish, hooks,
    notice::{self, State},
    rollback, traffic,
};
use crate::{
    World, ecs,
    timers::{Timer, later, minutes, seconds},
};

/// A deployment moves on, or a wait is over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeploymentTimer {
    deployment: String,
    wake: Wake,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    Begin,
    EventDone,
    HookDeadline,
    InstallDeadline,
    ReadyDeadline,
    TrafficStep,
    TerminationOver,
    ScalingConflict,
    RollbackDone,
}

/// An event without a function takes this long; so does changing a listener.
const SHORT_SECONDS: u64 = 1;
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/troubleshooting-ecs.html>
const INSTALL_MINUTES: u64 = 60;

pub(super) fn set_timer(world: &mut World, id: &str, wake: Wake, wait: SignedDuration) {
    let timer = DeploymentTimer {
        deployment: id.to_owned(),
        wake,
    };
    world
        .timers
        .set(later(world.now, wait), Timer::CodeDeploy(timer));
}

/// Forgets a deployment's waits: each belongs to the stage that set it.
pub(super) fn cancel_timers(world: &mut World, id: &str) {
    world.timers.cancel(|timer| {
        matches!(timer, Timer::CodeDeploy(timer) if timer.deployment == id && timer.wake != Wake::ScalingConflict)
    });
}

/// Forgets all of it, once the deployment is over.
pub(super) fn cancel_all_timers(world: &mut World, id: &str) {
    world
        .timers
        .cancel(|timer| matches!(timer, Timer::CodeDeploy(timer) if timer.deployment == id));
}

pub(crate) fn wake(world: &mut World, timer: &DeploymentTimer) {
    let id = timer.deployment.as_str();
    match timer.wake {
        Wake::Begin => begin(world, id),
        Wake::EventDone => event_done(world, id),
        Wake::HookDeadline => hooks::deadline(world, id),
        Wake::InstallDeadline => finish::fail(
            world,
            id,
            "TIMEOUT",
            "The deployment timed out while waiting for the replacement task set to become healthy. This time out period is 60 minutes.",
        ),
        Wake::ReadyDeadline => finish::ready_timeout(world, id),
        Wake::TrafficStep => traffic::step(world, id),
        Wake::TerminationOver => finish::succeed(world, id),
        Wake::ScalingConflict => finish::scaling_conflict(world, id),
        Wake::RollbackDone => rollback::done(world, id),
    }
}

fn begin(world: &mut World, id: &str) {
    let now = world.now;
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    held.status = Status::InProgress;
    held.started_at = Some(now);
    held.updated_at = now;
    let rolls_back = held.stage == Stage::RollingBack;
    notice::emit(world, id, State::Start);
    if rolls_back {
        rollback::run(world, id);
    } else {
        enter(world, id, Event::BeforeInstall);
    }
}

/// Starts a lifecycle event.
fn enter(world: &mut World, id: &str, event: Event) {
    let now = world.now;
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    held.stage = Stage::At(event);
    held.updated_at = now;
    if let Some(entry) = held.event_mut(event) {
        entry.status = EventStatus::InProgress;
        entry.started_at = Some(now);
    }
    // An alarm that is on already stops the deployment as soon as there is something to stop.
    if event == Event::Install && finish::stop_on_alarm(world, id) {
        return;
    }
    match event {
        Event::BeforeInstall
        | Event::AfterInstall
        | Event::AfterAllowTestTraffic
        | Event::BeforeAllowTraffic
        | Event::AfterAllowTraffic => hooks::invoke_or_pass(world, id, event),
        Event::Install => install(world, id),
        Event::AllowTestTraffic => {
            traffic::route_test(world, id, true);
            set_timer(world, id, Wake::EventDone, seconds(SHORT_SECONDS));
        }
        Event::AllowTraffic => traffic::step(world, id),
    }
}

/// An event without a function to run is through in a moment.
pub(super) fn pass(world: &mut World, id: &str) {
    set_timer(world, id, Wake::EventDone, seconds(SHORT_SECONDS));
}

/// Makes the replacement task set; what a former deployment left behind goes first.
fn install(world: &mut World, id: &str) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let (service, spec) = (held.service.clone(), held.spec.clone());
    let (place, green) = (held.place.clone(), held.green.clone());
    if !ecs::task_sets::is_codedeploy(world.ecs.services.get(&service)) {
        finish::fail(
            world,
            id,
            "INVALID_ECS_SERVICE",
            "The ECS service does not exist or is not ACTIVE.",
        );
        return;
    }
    let unreachable = held
        .production
        .iter()
        .any(|listener| world.elb.weight_behind(listener, &held.blue) <= 0.0);
    if unreachable {
        finish::fail(
            world,
            id,
            "ELASTIC_LOAD_BALANCING_INVALID",
            "The ELB could not be updated due to the following error: Primary taskset target group must be behind listener",
        );
        return;
    }
    let problem = if !ecs::is_runnable(world, &place, &spec.task_definition) {
        Some("TaskDefinition is inactive or does not exist".to_owned())
    } else if !ecs::maps_port(
        world,
        &place,
        &spec.task_definition,
        &spec.container,
        spec.port,
    ) {
        Some(format!(
            "The container {} did not have a container port {} defined.",
            spec.container, spec.port
        ))
    } else {
        None
    };
    if let Some(problem) = problem {
        let message =
            format!("The ECS service cannot be updated due to the following error: {problem}");
        finish::fail(world, id, "ECS_UPDATE_ERROR", &message);
        return;
    }
    let leftovers: Vec<String> = world
        .ecs
        .services
        .get(&service)
        .map(|held| {
            held.fleets
                .iter()
                .filter(|fleet| !fleet.is_primary())
                .map(|fleet| fleet.id.clone())
                .collect()
        })
        .unwrap_or_default();
    for leftover in leftovers {
        ecs::task_sets::drain(world, &service, &leftover);
    }
    let replacement = ecs::task_sets::Replacement {
        task_definition: spec.task_definition,
        external_id: id.to_owned(),
        target_group: Some(green),
        settings: spec.settings,
    };
    let created = ecs::task_sets::create(world, &service, replacement);
    if let Some(held) = world.codedeploy.deployments.get_mut(id) {
        held.replacement = created;
    }
    set_timer(world, id, Wake::InstallDeadline, minutes(INSTALL_MINUTES));
}

/// Tasks of a service changed: the replacement may be complete.
pub(crate) fn fleet_changed(world: &mut World, service: &str) {
    let ready: Vec<String> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| held.service == service && held.stage == Stage::At(Event::Install))
        .filter(|held| {
            held.replacement
                .as_ref()
                .is_some_and(|fleet| ecs::fleet_is_stable(world, service, fleet))
        })
        .map(|held| held.id.clone())
        .collect();
    for id in ready {
        event_done(world, &id);
    }
}

/// The current event succeeded: on to what comes next.
pub(super) fn event_done(world: &mut World, id: &str) {
    let now = world.now;
    cancel_timers(world, id);
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    let Stage::At(event) = held.stage else {
        return;
    };
    if let Some(entry) = held.event_mut(event) {
        entry.status = EventStatus::Succeeded;
        entry.ended_at = Some(now);
    }
    held.updated_at = now;
    let (service, replacement) = (held.service.clone(), held.replacement.clone());
    if let (Event::AllowTraffic, Some(replacement)) = (event, replacement) {
        ecs::task_sets::make_primary(world, &service, &replacement);
    }
    next(world, id, event);
}

fn next(world: &mut World, id: &str, event: Event) {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return;
    };
    let following = held
        .lifecycle
        .iter()
        .map(|entry| entry.event)
        .find(|later| *later > event);
    match following {
        Some(Event::BeforeAllowTraffic) if held.ready_wait().is_some() => wait_ready(world, id),
        Some(following) => enter(world, id, following),
        None => wait_termination(world, id),
    }
}

fn wait_ready(world: &mut World, id: &str) {
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    let wait = held.ready_wait().unwrap_or_default();
    held.status = Status::Ready;
    held.stage = Stage::ReadyWait;
    notice::emit(world, id, State::Ready);
    set_timer(world, id, Wake::ReadyDeadline, minutes(wait));
}

/// Traffic may shift.
pub(super) fn resume(world: &mut World, id: &str) {
    cancel_timers(world, id);
    if let Some(held) = world.codedeploy.deployments.get_mut(id) {
        held.status = Status::InProgress;
    }
    enter(world, id, Event::BeforeAllowTraffic);
}

fn wait_termination(world: &mut World, id: &str) {
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    held.stage = Stage::TerminationWait;
    match held.termination_wait() {
        Some(wait) => {
            held.termination_started = true;
            set_timer(world, id, Wake::TerminationOver, minutes(wait));
        }
        None => finish::succeed(world, id),
    }
}
