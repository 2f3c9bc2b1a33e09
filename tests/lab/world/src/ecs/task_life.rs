//! A task's life: PROVISIONING, PENDING, RUNNING, DEACTIVATING, STOPPED, with its events.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html>

use serde_json::{Value, json};

use super::{
    Script, client, events, one_off, scheduler,
    task::{Container, Step, Stop, Task, TaskStatus, TaskTimer},
    task_definitions,
};
use crate::{
    World,
    behaviour::Behaviour,
    call::{ApiError, Place, array, text},
    ecr::{Platform, Pulled, Unpulled},
    timers::{Timer, later, seconds},
};

/// From PROVISIONING to PENDING, from there to RUNNING, and how long stopping takes: 20 seconds
/// from launch to running is what a small image on Fargate takes.
const PROVISIONING_SECONDS: u64 = 5;
const STARTING_SECONDS: u64 = 15;
const STOPPING_SECONDS: u64 = 10;
/// When a container that cannot stay up exits.
const CRASH_SECONDS: u64 = 5;
/// How long a one-off task works.
const ONE_OFF_SECONDS: u64 = 10;
/// Stopped tasks can be described for an hour.
const KEPT_SECONDS: u64 = 3600;

/// What a new task is made from.
pub(super) struct Launch<'a> {
    pub(super) place: Place,
    pub(super) cluster_arn: String,
    pub(super) definition: &'a str,
    pub(super) group: String,
    pub(super) started_by: Option<String>,
    pub(super) service: Option<String>,
    pub(super) fleet: Option<String>,
    pub(super) launch_type: Option<String>,
    pub(super) platform_version: Option<String>,
    pub(super) overrides: Value,
}

/// Starts a task; answers with its ARN.
pub(super) fn launch(world: &mut World, launch: Launch) -> Result<String, ApiError> {
    forget_old(world);
    let found = task_definitions::lookup(world, &launch.place, launch.definition)
        .ok_or_else(|| client("TaskDefinition not found."))?;
    let definition = found.arn.clone();
    let described = found.describe();
    let cluster = super::cluster::name_of(&launch.cluster_arn).to_owned();
    let arn = launch
        .place
        .arn("ecs", &format!("task/{cluster}/{}", world.ids.hex(32)));
    let launch_type = launch.launch_type.unwrap_or_else(|| "FARGATE".to_owned());
    let platform = Platform::of(&described, &launch_type);
    let mut containers = Vec::new();
    let mut behaviour = Behaviour::Healthy;
    let mut leading = None;
    for container in array(&described, "containerDefinitions") {
        let image = text(container, "image").unwrap_or_default();
        let account = &launch.place.account;
        let pulled = world.ecr.pull(account, image, platform.as_ref(), world.now);
        let pulled = pulled.ok().map(misfit);
        let digest = pulled.as_ref().map(|pulled| pulled.digest.clone());
        if let Some(pulled) = pulled
            && (leading.is_none()
                || (behaviour == Behaviour::Healthy && pulled.behaviour != Behaviour::Healthy))
        {
            behaviour = pulled.behaviour;
            leading = Some((pulled.digest, pulled.tag));
        }
        containers.push(Container {
            name: text(container, "name").unwrap_or_default().to_owned(),
            image: image.to_owned(),
            arn: launch
                .place
                .arn("ecs", &format!("container/{cluster}/{}", world.ids.uuid())),
            runtime: format!("{}-{}", world.ids.hex(32), world.ids.upper(9)),
            digest,
            exit_code: None,
            reason: None,
            cpu: container
                .get("cpu")
                .and_then(Value::as_u64)
                .unwrap_or_default()
                .to_string(),
            essential: container.get("essential") != Some(&Value::Bool(false)),
        });
    }
    let task = Task {
        arn: arn.clone(),
        cluster_arn: launch.cluster_arn,
        address: format!(
            "10.0.{}.{}",
            world.ecs.tasks.len() % 250,
            10 + world.ecs.tasks.len() % 200
        ),
        place: launch.place,
        definition,
        group: launch.group,
        started_by: launch.started_by,
        service: launch.service,
        fleet: launch.fleet,
        containers,
        behaviour,
        leading,
        status: TaskStatus::Provisioning,
        stop: None,
        created_at: world.now,
        started_at: None,
        stopping_at: None,
        stopped_at: None,
        version: 1,
        platform,
        details: json!({
            "cpu": described.get("cpu").cloned().unwrap_or_else(|| json!("256")),
            "memory": described.get("memory").cloned().unwrap_or_else(|| json!("512")),
            "launchType": launch_type,
            "platformVersion": launch.platform_version.unwrap_or_else(|| "1.4.0".to_owned()),
            "platformFamily": "Linux",
        }),
        overrides: launch.overrides,
    };
    world.ecs.tasks.insert(arn.clone(), task);
    events::task_changed(world, &arn);
    wake_in(world, &arn, Step::Provisioned, PROVISIONING_SECONDS);
    Ok(arn)
}

/// What is made for another platform is pulled, and exits at once: `exec format error`.
fn misfit(pulled: Pulled) -> Pulled {
    if !pulled.foreign {
        return pulled;
    }
    Pulled {
        behaviour: Behaviour::CrashLoop,
        ..pulled
    }
}

/// Tells a task to stop. One that is stopping already keeps its first reason.
pub(super) fn stop(world: &mut World, arn: &str, code: &'static str, reason: &str) {
    let stop = Stop {
        code,
        reason: reason.to_owned(),
        failure: false,
    };
    begin_stop(world, arn, stop, STOPPING_SECONDS);
}

fn begin_stop(world: &mut World, arn: &str, stop: Stop, wait: u64) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(arn) else {
        return;
    };
    match task.status {
        TaskStatus::Deactivating | TaskStatus::Stopped => return,
        TaskStatus::Provisioning | TaskStatus::Pending | TaskStatus::Running => {}
    }
    task.status = TaskStatus::Deactivating;
    task.stop = Some(stop);
    task.stopping_at = Some(now);
    task.version += 1;
    world
        .timers
        .cancel(|timer| matches!(timer, Timer::Task(timer) if timer.task == arn));
    events::task_changed(world, arn);
    wake_in(world, arn, Step::Stopped, wait);
}

pub(super) fn wake(world: &mut World, timer: &TaskTimer) {
    match timer.step {
        Step::Provisioned => provisioned(world, &timer.task),
        Step::Started => started(world, &timer.task),
        Step::Exits => exits(world, &timer.task),
        Step::Stopped => stopped(world, &timer.task),
    }
}

fn provisioned(world: &mut World, arn: &str) {
    let Some(task) = world.ecs.tasks.get_mut(arn) else {
        return;
    };
    task.status = TaskStatus::Pending;
    task.version += 1;
    events::task_changed(world, arn);
    wake_in(world, arn, Step::Started, STARTING_SECONDS);
}

fn started(world: &mut World, arn: &str) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(arn) else {
        return;
    };
    // An image may have been pushed, or deleted, since the task was made.
    let mut unpulled = None;
    for container in &mut task.containers {
        let account = &task.place.account;
        let platform = task.platform.as_ref();
        match world
            .ecr
            .pull(account, &container.image, platform, world.now)
        {
            Ok(pulled) => container.digest = Some(pulled.digest),
            Err(why) => unpulled = unpulled.or(Some((container.image.clone(), why))),
        }
    }
    if let Some((image, why)) = unpulled {
        let why = match why {
            Unpulled::Missing => format!("{image}: not found"),
            Unpulled::Forbidden => "unexpected status from HEAD request: 403 Forbidden".to_owned(),
            Unpulled::NotForPlatform => String::new(),
        };
        let retried = "CannotPullContainerError: pull image manifest has been retried 1 time(s):";
        let reason = match task.platform.filter(|_| why.is_empty()) {
            Some(Platform { os, architecture }) => format!(
                "{retried} image Manifest does not contain descriptor matching platform '{os}/{architecture}'"
            ),
            None => format!("{retried} failed to resolve ref {image}: {why}"),
        };
        for container in &mut task.containers {
            container.reason = (container.image == image).then(|| reason.clone());
        }
        begin_stop(
            world,
            arn,
            Stop {
                code: "TaskFailedToStart",
                reason,
                failure: true,
            },
            0,
        );
        return;
    }
    task.status = TaskStatus::Running;
    task.started_at = Some(now);
    task.version += 1;
    let one_off = task.service.is_none();
    let service = task.service.clone();
    let fleet = task.fleet.clone();
    let behaviour = task.behaviour;
    events::task_changed(world, arn);
    if one_off && let Some((container, script)) = script(world, arn) {
        begin_script(world, arn, &container, &script);
        return;
    }
    match behaviour {
        Behaviour::CrashLoop => wake_in(world, arn, Step::Exits, CRASH_SECONDS),
        Behaviour::Healthy
        | Behaviour::UnhealthyGreen
        | Behaviour::Slow
        | Behaviour::DegradesAfterShift => {
            if one_off {
                wake_in(world, arn, Step::Exits, ONE_OFF_SECONDS);
            }
        }
    }
    if let (Some(service), Some(fleet)) = (service, fleet) {
        scheduler::task_started(world, &service, &fleet, behaviour == Behaviour::CrashLoop);
    }
}

/// What a one-off task does, if something was said of its command, and in which container.
fn script(world: &World, arn: &str) -> Option<(String, Script)> {
    let task = world
        .ecs
        .tasks
        .get(arn)
        .filter(|task| task.service.is_none())?;
    world.ecs.one_off.script_of(&task.overrides)
}

fn begin_script(world: &mut World, arn: &str, container: &str, script: &Script) {
    // Taken out, so that it can be looked at while its log is written.
    if let Some(task) = world.ecs.tasks.remove(arn) {
        one_off::write(world, &task, container, &script.log);
        world.ecs.tasks.insert(arn.to_owned(), task);
    }
    if script.exit_code.is_some() {
        wake_in(world, arn, Step::Exits, script.seconds);
    }
}

/// The containers exit by themselves: of a one-off task with what its image makes of the work.
fn exits(world: &mut World, arn: &str) {
    let script = script(world, arn);
    let Some(task) = world.ecs.tasks.get_mut(arn) else {
        return;
    };
    let code = match task.behaviour {
        Behaviour::CrashLoop | Behaviour::UnhealthyGreen => 1,
        Behaviour::Healthy | Behaviour::Slow | Behaviour::DegradesAfterShift => 0,
    };
    let code = match &script {
        Some((_, script)) => script.exit_code.unwrap_or(code),
        None => code,
    };
    let leading = task.leading.as_ref().map(|(digest, _)| digest.clone());
    for container in &mut task.containers {
        let decides = match &script {
            Some((name, _)) => container.name == *name,
            None => container.digest == leading || container.essential,
        };
        container.exit_code = Some(if decides { code } else { 0 });
    }
    let stop = Stop {
        code: "EssentialContainerExited",
        reason: "Essential container in task exited".to_owned(),
        failure: task.service.is_some() || code != 0,
    };
    begin_stop(world, arn, stop, 1);
}

fn stopped(world: &mut World, arn: &str) {
    let now = world.now;
    let Some(task) = world.ecs.tasks.get_mut(arn) else {
        return;
    };
    task.status = TaskStatus::Stopped;
    task.stopped_at = Some(now);
    task.version += 1;
    let was_running = task.started_at.is_some();
    for container in &mut task.containers {
        // Told to stop, a container that was up ends with SIGTERM's exit code.
        if container.exit_code.is_none() && was_running {
            container.exit_code = Some(143);
        }
    }
    let failure = task.stop.as_ref().is_some_and(|stop| stop.failure);
    let (service, fleet) = (task.service.clone(), task.fleet.clone());
    events::task_changed(world, arn);
    if let (Some(service), Some(fleet)) = (service, fleet) {
        scheduler::task_stopped(world, &service, &fleet, failure);
    }
}

fn wake_in(world: &mut World, task: &str, step: Step, wait: u64) {
    let timer = TaskTimer {
        task: task.to_owned(),
        step,
    };
    world
        .timers
        .set(later(world.now, seconds(wait)), Timer::Task(timer));
}

fn forget_old(world: &mut World) {
    let now = world.now;
    world.ecs.tasks.retain(|_, task| {
        task.stopped_at
            .is_none_or(|at| later(at, seconds(KEPT_SECONDS)) > now)
    });
}
