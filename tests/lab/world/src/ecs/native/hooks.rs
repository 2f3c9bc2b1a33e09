//! Lifecycle hooks: functions that answer, and pauses that people end.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html>
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html>

use jiff::Timestamp;
use serde_json::Value;

use super::{Direction, Stage, Wake, hook_events, hook_payload, rollback, stages};
use crate::{
    World,
    call::{array, text},
    ecs::{failure_detection, scheduler},
    timers::{later, minutes, seconds},
};

/// How long a hook may take unless it says otherwise.
const DEFAULT_MINUTES: u64 = 1440;
const DEFAULT_CALLBACK_SECONDS: u64 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Lambda,
    Pause,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lambda => "AWS_LAMBDA",
            Self::Pause => "PAUSE",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookStatus {
    AwaitingAction,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

impl HookStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AwaitingAction => "AWAITING_ACTION",
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
        }
    }

    pub(super) fn is_open(self) -> bool {
        match self {
            Self::AwaitingAction | Self::InProgress => true,
            Self::Succeeded | Self::Failed | Self::TimedOut => false,
        }
    }
}

/// One run of a hook at one stage.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ecs) struct HookRun {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) target: Option<String>,
    pub(super) stage: Stage,
    pub(super) status: HookStatus,
    pub(super) expires_at: Timestamp,
    /// Whether the deployment goes on when time is up; else it rolls back.
    pub(super) continues: bool,
    pub(super) execution: String,
    /// What the function is given: configured, or returned by it the last time.
    pub(super) details: Option<Value>,
}

/// A function whose answer is awaited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(super) deployment: String,
    pub(super) hook: String,
}

/// Starts all hooks of a stage; says whether there are any.
pub(super) fn start(world: &mut World, deployment: &str, stage: Stage) -> bool {
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return false;
    };
    let configured: Vec<Value> = array(&held.configuration, "lifecycleHooks")
        .iter()
        .filter(|hook| {
            array(hook, "lifecycleStages")
                .iter()
                .any(|name| name == stage.name())
        })
        .cloned()
        .collect();
    let runs: Vec<HookRun> = configured
        .iter()
        .map(|hook| run_of(world, hook, stage))
        .collect();
    let Some(native) = super::get(world, deployment) else {
        return false;
    };
    native.hooks.clone_from(&runs);
    for run in &runs {
        let wait = run.expires_at.duration_since(world.now);
        stages::set_timer(world, deployment, Wake::HookExpiry(run.id.clone()), wait);
        hook_events::changed(world, deployment, run);
        match run.kind {
            Kind::Lambda => hook_payload::invoke(world, deployment, &run.id),
            Kind::Pause => {}
        }
    }
    !runs.is_empty()
}

/// A rolling deployment pauses before its first task, if the service has a hook for that. AWS does
/// not say at which stages rolling deployments pause.
pub(in crate::ecs) fn pause_rolling(world: &mut World, deployment: &str) {
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return;
    };
    let stage = Stage::PreScaleUp;
    let pauses = |hook: &&Value| {
        text(hook, "targetType") == Some("PAUSE")
            && array(hook, "lifecycleStages")
                .iter()
                .any(|name| name == stage.name())
    };
    let Some(hook) = array(&held.configuration, "lifecycleHooks")
        .iter()
        .find(pauses)
        .cloned()
    else {
        return;
    };
    let run = run_of(world, &hook, stage);
    let wait = run.expires_at.duration_since(world.now);
    stages::set_timer(world, deployment, Wake::HookExpiry(run.id.clone()), wait);
    hook_events::changed(world, deployment, &run);
    if let Some(held) = world.ecs.deployments.get_mut(deployment) {
        held.pause = Some(run);
    }
}

/// The pause of a rolling deployment that is still to be decided.
pub(super) fn open_rolling<'a>(
    world: &'a mut World,
    deployment: &str,
    hook: &str,
) -> Option<&'a mut HookRun> {
    let held = world.ecs.deployments.get_mut(deployment)?;
    let pause = held.pause.as_mut()?;
    (pause.id == hook && pause.status.is_open()).then_some(pause)
}

/// The pause of a rolling deployment is decided: it goes on, or back.
pub(super) fn resolve_rolling(world: &mut World, deployment: &str, hook: &str, status: HookStatus) {
    let Some(run) = open_rolling(world, deployment, hook) else {
        return;
    };
    run.status = status;
    let run = run.clone();
    hook_events::changed(world, deployment, &run);
    let Some(held) = world.ecs.deployments.get(deployment) else {
        return;
    };
    let service = held.service.clone();
    let goes_on = match status {
        HookStatus::Succeeded => true,
        HookStatus::TimedOut => run.continues,
        HookStatus::Failed | HookStatus::AwaitingAction | HookStatus::InProgress => false,
    };
    if goes_on {
        scheduler::again_in(world, &service, 1);
    } else {
        let reason =
            format!("Service deployment rolled back because lifecycle hook {hook} failed.");
        failure_detection::stop(world, &service, &reason);
    }
}

impl HookRun {
    /// The name of the stage that it keeps.
    pub(in crate::ecs) fn stage_name(&self) -> &'static str {
        self.stage.name()
    }

    /// Whether it keeps a deployment.
    pub(in crate::ecs) fn is_open(&self) -> bool {
        self.status.is_open()
    }
}

fn run_of(world: &mut World, hook: &Value, stage: Stage) -> HookRun {
    let pause = text(hook, "targetType") == Some("PAUSE");
    let timeout = hook.get("timeoutConfiguration");
    let wait = timeout
        .and_then(|timeout| timeout.get("timeoutInMinutes"))
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_MINUTES);
    let (kind, prefix, status) = if pause {
        (Kind::Pause, "ecs-pause", HookStatus::AwaitingAction)
    } else {
        (Kind::Lambda, "ecs-lambda", HookStatus::InProgress)
    };
    HookRun {
        id: format!("{prefix}-{}", world.ids.mixed(43)),
        kind,
        target: text(hook, "hookTargetArn").map(str::to_owned),
        stage,
        status,
        expires_at: later(world.now, minutes(wait)),
        continues: timeout.and_then(|timeout| text(timeout, "action")) == Some("CONTINUE"),
        execution: world.ids.uuid(),
        details: hook.get("hookDetails").cloned(),
    }
}

/// A function answered, or failed.
pub(in crate::ecs) fn answered(
    world: &mut World,
    waiting: &Waiting,
    answer: Result<Value, String>,
) {
    let (deployment, hook) = (waiting.deployment.as_str(), waiting.hook.as_str());
    let status = answer
        .as_ref()
        .ok()
        .and_then(|answer| text(answer, "hookStatus"));
    match (status, &answer) {
        (Some("SUCCEEDED"), Ok(_)) => resolve(world, deployment, hook, HookStatus::Succeeded),
        (Some("IN_PROGRESS"), Ok(answer)) => {
            let wait = answer
                .get("callBackDelay")
                .and_then(Value::as_u64)
                .unwrap_or(DEFAULT_CALLBACK_SECONDS);
            let details = answer.get("hookDetails").cloned();
            let Some(run) = open(world, deployment, hook) else {
                return;
            };
            run.details = details.or_else(|| run.details.take());
            stages::set_timer(
                world,
                deployment,
                Wake::Callback(hook.to_owned()),
                seconds(wait),
            );
        }
        // FAILED, no status, one that does not exist, or an error of the function.
        (Some(_) | None, Ok(_) | Err(_)) => resolve(world, deployment, hook, HookStatus::Failed),
    }
}

/// Time is up.
pub(super) fn expire(world: &mut World, deployment: &str, hook: &str) {
    resolve_rolling(world, deployment, hook, HookStatus::TimedOut);
    resolve(world, deployment, hook, HookStatus::TimedOut);
}

/// A hook that is still to be decided.
pub(super) fn open<'a>(
    world: &'a mut World,
    deployment: &str,
    hook: &str,
) -> Option<&'a mut HookRun> {
    let native = super::get(world, deployment)?;
    native
        .hooks
        .iter_mut()
        .find(|run| run.id == hook && run.status.is_open())
}

/// A hook is decided: one failure turns the deployment around, the last success moves it on.
pub(super) fn resolve(world: &mut World, deployment: &str, hook: &str, status: HookStatus) {
    let Some(run) = open(world, deployment, hook) else {
        return;
    };
    run.status = status;
    let run = run.clone();
    hook_events::changed(world, deployment, &run);
    let good = match status {
        HookStatus::Succeeded => true,
        HookStatus::TimedOut => run.continues,
        HookStatus::Failed | HookStatus::AwaitingAction | HookStatus::InProgress => false,
    };
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    let undecided = native.hooks.iter().any(|run| run.status.is_open());
    match &mut native.direction {
        Direction::Forward if !good => {
            let what = run.target.as_deref().unwrap_or(run.id.as_str());
            let how = if status == HookStatus::TimedOut {
                "timed out"
            } else {
                "failed"
            };
            let reason = format!(
                "Service deployment rolled back because lifecycle hook {what} {how} at {}.",
                run.stage.name()
            );
            rollback::start(world, deployment, &reason);
        }
        Direction::Back { hook_failed, .. } if !good => {
            *hook_failed = true;
            if !undecided {
                stages::hooks_done(world, deployment);
            }
        }
        Direction::Forward | Direction::Back { .. } => {
            if !undecided {
                stages::hooks_done(world, deployment);
            }
        }
    }
}

/// Nobody waits any more for what is still running.
pub(super) fn forget_running(world: &mut World, deployment: &str) {
    world
        .ecs
        .waiting
        .retain(|_, waiting| waiting.deployment != deployment);
    if let Some(native) = super::get(world, deployment) {
        native.hooks.retain(|run| !run.status.is_open());
    }
}
