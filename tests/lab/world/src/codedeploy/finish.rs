//! How a deployment ends: succeeded, failed, or stopped by an alarm, a person or time.

use super::{
    deployment::{Creator, Stage, Status},
    event::EventStatus,
    lifecycle,
    notice::{self, State},
    rollback,
};
use crate::{World, call::Place, ecs, timers::minutes};

/// A scaling activity during a deployment lets it go on this long.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html>
const SCALING_GRACE_MINUTES: u64 = 5;

/// What ends a deployment before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Failure,
    Alarm,
    Request { rollback: bool },
    ReadyTimeout,
}

pub(super) fn succeed(world: &mut World, id: &str) {
    lifecycle::cancel_all_timers(world, id);
    let now = world.now;
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    held.status = Status::Succeeded;
    held.stage = Stage::Over;
    held.completed_at = Some(now);
    held.updated_at = now;
    let (service, original) = (held.service.clone(), held.original.clone());
    let terminate = held.creator == Creator::User && held.termination_wait().is_some();
    if let (true, Some(original)) = (terminate, original) {
        ecs::task_sets::drain(world, &service, &original);
    }
    notice::emit(world, id, State::Success);
}

/// The deployment failed where it stands.
pub(super) fn fail(world: &mut World, id: &str, code: &'static str, message: &str) {
    end(world, id, Cause::Failure, code, message);
}

/// Somebody wants it stopped.
pub(super) fn stop(world: &mut World, id: &str, rollback: bool) {
    end(
        world,
        id,
        Cause::Request { rollback },
        "MANUAL_STOP",
        "The deployment was stopped by a user.",
    );
}

/// Nobody said in time that traffic may shift.
pub(super) fn ready_timeout(world: &mut World, id: &str) {
    let wait = world
        .codedeploy
        .deployments
        .get(id)
        .and_then(|held| held.ready_wait())
        .unwrap_or_default();
    let message = format!(
        "The deployment timed out while waiting for a notification to continue. This time out period is {wait} minutes."
    );
    end(world, id, Cause::ReadyTimeout, "TIMEOUT", &message);
}

/// Stops the deployment if one of its alarms is on; says whether it did.
pub(super) fn stop_on_alarm(world: &mut World, id: &str) -> bool {
    let Some(held) = world.codedeploy.deployments.get(id) else {
        return false;
    };
    let active: Vec<String> = held
        .alarms
        .iter()
        .filter(|name| world.alarms.is_on(&held.place, name))
        .map(|name| format!("<{name}>"))
        .collect();
    if active.is_empty() || held.status.is_over() || held.status == Status::Created {
        return false;
    }
    let message = format!(
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: {}",
        active.join(" ")
    );
    end(world, id, Cause::Alarm, "ALARM_ACTIVE", &message);
    true
}

/// An alarm went on: deployments of this place that watch it stop.
pub(crate) fn alarm_raised(world: &mut World, place: &Place) {
    let active: Vec<String> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| held.place == *place && !held.status.is_over())
        .map(|held| held.id.clone())
        .collect();
    for id in active {
        stop_on_alarm(world, &id);
    }
}

/// A service was scaled out: a deployment of it that is under way has little time left.
pub(crate) fn scaled_out(world: &mut World, service: &str) {
    let active: Vec<String> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| {
            held.service == service && !held.status.is_over() && held.creator == Creator::User
        })
        .map(|held| held.id.clone())
        .collect();
    for id in active {
        lifecycle::set_timer(
            world,
            &id,
            lifecycle::Wake::ScalingConflict,
            minutes(SCALING_GRACE_MINUTES),
        );
    }
}

pub(super) fn scaling_conflict(world: &mut World, id: &str) {
    let stage = world.codedeploy.deployments.get(id).map(|held| held.stage);
    match stage {
        Some(Stage::Queued | Stage::At(_) | Stage::ReadyWait) => fail(
            world,
            id,
            "ECS_UPDATE_ERROR",
            "The deployment failed because the Amazon ECS service was scaled during the deployment and traffic shifting did not complete within 5 minutes.",
        ),
        // Traffic has shifted, or there is nothing left to fail.
        Some(Stage::TerminationWait | Stage::RollingBack | Stage::Over) | None => {}
    }
}

fn end(world: &mut World, id: &str, cause: Cause, code: &'static str, message: &str) {
    lifecycle::cancel_all_timers(world, id);
    let now = world.now;
    let Some(held) = world.codedeploy.deployments.get_mut(id) else {
        return;
    };
    if held.status.is_over() {
        return;
    }
    for entry in &mut held.lifecycle {
        match entry.status {
            EventStatus::InProgress => {
                entry.status = EventStatus::Failed;
                entry.ended_at = Some(now);
                entry.diagnostics = Some(message.to_owned());
            }
            EventStatus::Pending => entry.status = EventStatus::Skipped,
            EventStatus::Succeeded | EventStatus::Failed | EventStatus::Skipped => {}
        }
    }
    held.status = match cause {
        Cause::Failure => Status::Failed,
        Cause::Alarm | Cause::Request { .. } | Cause::ReadyTimeout => Status::Stopped,
    };
    held.stage = Stage::Over;
    held.error = Some((code, message.to_owned()));
    held.completed_at = Some(now);
    held.updated_at = now;
    let configured = &held.rollback;
    let wanted = match cause {
        Cause::Failure => configured.on_failure,
        Cause::Alarm => configured.on_alarm,
        Cause::Request { rollback } => rollback,
        // The stop was asked for when the group was made.
        Cause::ReadyTimeout => configured.on_request || configured.on_failure,
    };
    // A rollback is never rolled back.
    let wanted = wanted && held.creator == Creator::User;
    let state = match cause {
        Cause::Failure => State::Failure,
        Cause::Alarm | Cause::Request { .. } | Cause::ReadyTimeout => State::Stop,
    };
    notice::emit(world, id, state);
    if wanted {
        rollback::start(world, id);
    }
}
