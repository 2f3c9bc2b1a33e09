//! ContinueServiceDeployment, StopServiceDeployment, and what a newer deployment does to one that
//! is under way.

use serde_json::json;

use super::{
    Wake, hooks,
    hooks::{HookStatus, Kind},
    rollback, stages, traffic,
};
use crate::{
    World,
    call::{Answer, ApiError, Call},
    ecs::{
        failure_detection, fleet::Rollout, invalid, service_deployments,
        service_deployments::Status,
    },
    timers::seconds,
};

/// From a stop's request to its effect.
const STOPPING_SECONDS: u64 = 2;

pub(in crate::ecs) fn proceed(world: &mut World, call: &Call) -> Answer {
    let arn = find(world, call)?;
    let hook = call.required(
        "hookId",
        "InvalidParameterException",
        "hookId cannot be empty.",
    )?;
    let status = match call.str("action") {
        None | Some("CONTINUE") => HookStatus::Succeeded,
        Some("ROLLBACK") => HookStatus::Failed,
        Some(other) => return Err(invalid(format!("Unknown action: {other}"))),
    };
    if hooks::open_rolling(world, &arn, hook).is_some() {
        hooks::resolve_rolling(world, &arn, hook, status);
        return Ok(json!({"serviceDeploymentArn": arn}));
    }
    let paused = hooks::open(world, &arn, hook).is_some_and(|run| run.kind == Kind::Pause);
    if !paused {
        return Err(invalid(format!("The hook {hook} is not awaiting action.")));
    }
    hooks::resolve(world, &arn, hook, status);
    Ok(json!({"serviceDeploymentArn": arn}))
}

pub(in crate::ecs) fn stop(world: &mut World, call: &Call) -> Answer {
    let arn = find(world, call)?;
    let Some(held) = world.ecs.deployments.get(&arn) else {
        return Err(missing());
    };
    match held.status {
        Status::Pending | Status::InProgress => {}
        Status::RollbackRequested
        | Status::RollbackInProgress
        | Status::Successful
        | Status::Stopped
        | Status::RollbackSuccessful
        | Status::RollbackFailed => {
            return Err(ApiError::new(
                "ConflictException",
                format!(
                    "The service deployment cannot be stopped: it is {}.",
                    held.status.name()
                ),
            ));
        }
    }
    let (service, native) = (held.service.clone(), held.native.is_some());
    // The model has ABORT too, but only ROLLBACK is documented as valid.
    if let Some(other) = call.str("stopType").filter(|given| *given != "ROLLBACK") {
        return Err(invalid(format!(
            "The stop type {other} is not supported: use ROLLBACK."
        )));
    }
    if !native && !failure_detection::can_roll_back(world, &service) {
        return Err(ApiError::new(
            "ConflictException",
            "There is no completed deployment to roll back to.",
        ));
    }
    if let Some(held) = world.ecs.deployments.get_mut(&arn) {
        held.status = Status::RollbackRequested;
    }
    service_deployments::touch(world, &arn);
    stages::set_timer(world, &arn, Wake::StopDue, seconds(STOPPING_SECONDS));
    Ok(json!({"serviceDeploymentArn": arn}))
}

/// Does what was requested, unless the deployment has ended or turned around meanwhile.
pub(super) fn stop_due(world: &mut World, arn: &str) {
    let Some(held) = world.ecs.deployments.get(arn) else {
        return;
    };
    let (service, native) = (held.service.clone(), held.native.is_some());
    let reason = "Service deployment was stopped by a user.";
    match held.status {
        Status::RollbackRequested if native => rollback::start(world, arn, reason),
        Status::RollbackRequested => failure_detection::stop(world, &service, reason),
        Status::Pending
        | Status::InProgress
        | Status::RollbackInProgress
        | Status::Successful
        | Status::Stopped
        | Status::RollbackSuccessful
        | Status::RollbackFailed => {}
    }
}

fn find(world: &World, call: &Call) -> Result<String, ApiError> {
    let arn = call.required(
        "serviceDeploymentArn",
        "InvalidParameterException",
        "serviceDeploymentArn cannot be empty.",
    )?;
    if world.ecs.deployments.contains_key(arn) {
        Ok(arn.to_owned())
    } else {
        Err(missing())
    }
}

fn missing() -> ApiError {
    ApiError::new(
        "ServiceDeploymentNotFoundException",
        "Service deployment not found.",
    )
}

/// Lets go of a native deployment that is under way: blue keeps serving unless everything has
/// shifted already.
pub(in crate::ecs) fn abandon(world: &mut World, service: &str) {
    let Some(arn) = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.current_deployment.clone())
    else {
        return;
    };
    let Some(held) = world
        .ecs
        .deployments
        .get(&arn)
        .filter(|held| !held.status.is_over())
    else {
        return;
    };
    let Some(shifted) = held
        .native
        .as_ref()
        .map(|native| native.production_share >= 100.0)
    else {
        return;
    };
    stages::cancel_timers(world, &arn);
    hooks::forget_running(world, &arn);
    if !shifted {
        traffic::shift_production(world, &arn, 0.0);
        traffic::shift_test(world, &arn, 0.0);
    } else if let Some((service, _, green)) = stages::parties(world, &arn) {
        // Clients reach green already: the next deployment shifts from there.
        if let Some(of) = world
            .ecs
            .services
            .get_mut(&service)
            .and_then(|held| held.fleet_mut(&green))
        {
            of.rollout = Rollout::Completed;
        }
    }
}
