//! ContinueServiceDeployment, StopServiceDeployment, and what a newer deployment does to one that
//! is under way.

use serde_json::json;

use super::{
    hooks,
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
};

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
    if held.status.is_over() || held.status == Status::RollbackInProgress {
        return Err(ApiError::new(
            "ConflictException",
            format!(
                "The service deployment cannot be stopped: it is {}.",
                held.status.name()
            ),
        ));
    }
    let (service, native) = (held.service.clone(), held.native.is_some());
    let reason = "Service deployment was stopped by a user.";
    match call.str("stopType") {
        None | Some("ROLLBACK") if native => rollback::start(world, &arn, reason),
        None | Some("ROLLBACK") => failure_detection::stop(world, &service, reason)?,
        Some("ABORT") => {
            abandon(world, &service);
            service_deployments::fail(world, &service, Status::Stopped, reason);
        }
        Some(other) => return Err(invalid(format!("Unknown stop type: {other}"))),
    }
    Ok(json!({"serviceDeploymentArn": arn}))
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
