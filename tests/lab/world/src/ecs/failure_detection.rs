//! What makes a rolling deployment fail: the circuit breaker and CloudWatch alarms.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html>
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html>

use serde_json::Value;

use super::{
    Service, events,
    events::DeploymentEvent,
    fleet::{Fleet, FleetStatus, Rollout},
    scheduler, service_deployments,
    service_deployments::Status,
};
use crate::World;

/// The circuit breaker as a service has it configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breaker {
    pub(super) threshold: u32,
    pub(super) rollback: bool,
}

/// The breaker of a service, when it is on.
pub(super) fn breaker(service: &Service) -> Option<Breaker> {
    let configured = service.configuration.get("deploymentCircuitBreaker")?;
    if configured.get("enable") != Some(&Value::Bool(true)) {
        return None;
    }
    Some(Breaker {
        threshold: threshold(service.desired, configured.get("thresholdConfiguration")),
        rollback: configured.get("rollback") == Some(&Value::Bool(true)),
    })
}

/// Half of the desired count, at least 3 and at most 200, unless configured otherwise.
fn threshold(desired: u32, configured: Option<&Value>) -> u32 {
    let kind = configured
        .and_then(|held| held.get("type"))
        .and_then(Value::as_str);
    let value = configured
        .and_then(|held| held.get("value"))
        .and_then(Value::as_u64);
    let value = value.and_then(|value| u32::try_from(value).ok());
    let percent = |percent: u32| {
        let hundredths = u64::from(desired).saturating_mul(u64::from(percent));
        u32::try_from(hundredths.div_ceil(100)).unwrap_or(u32::MAX)
    };
    match (kind, value) {
        (Some("COUNT"), Some(count)) => count.max(1),
        (Some("UNBOUNDED_PERCENT"), Some(share)) => percent(share).max(1),
        (Some("BOUNDED_PERCENT"), Some(share)) => percent(share).clamp(3, 200),
        (Some(_) | None, Some(_) | None) => percent(50).clamp(3, 200),
    }
}

/// Fails the deployment under way if its tasks fail too often or an alarm is on.
pub(super) fn check(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let Some(primary) = held.primary() else {
        return;
    };
    if primary.rollout != Rollout::InProgress || primary.rolled_back {
        return;
    }
    if let Some(breaker) = breaker(held)
        && primary.failed >= breaker.threshold
    {
        fail(
            world,
            service,
            "ECS deployment circuit breaker",
            "tasks failed to start.",
            breaker.rollback,
        );
        return;
    }
    let Some((_, rollback)) = held.alarms() else {
        return;
    };
    let active = alarms_against(world, held, primary);
    if !active.is_empty() {
        let what = format!("alarm detected: {}.", active.join(", "));
        fail(world, service, "ECS deployment alarms", &what, rollback);
    }
}

/// Why a native deployment fails, and whether it is then rolled back.
pub(super) struct NativeFailure {
    pub(super) reason: String,
    pub(super) rollback: bool,
}

/// Why the native deployment of this fleet has failed, if it has.
pub(super) fn native_failure(world: &World, service: &str, green: &str) -> Option<NativeFailure> {
    let held = world.ecs.services.get(service)?;
    let green = held.fleet(green)?;
    let failed = green.failed;
    if let Some(breaker) = breaker(held).filter(|breaker| failed >= breaker.threshold) {
        return Some(NativeFailure {
            reason: "ECS deployment circuit breaker: tasks failed to start.".to_owned(),
            rollback: breaker.rollback,
        });
    }
    let (_, rollback) = held.alarms()?;
    let active = alarms_against(world, held, green);
    (!active.is_empty()).then(|| NativeFailure {
        reason: format!(
            "ECS deployment alarms: alarm detected: {}.",
            active.join(", ")
        ),
        rollback,
    })
}

/// The alarms that are on, of those that the service's deployments heed.
pub(super) fn alarms_on(world: &World, service: &Service) -> Vec<String> {
    let names = service.alarms().map_or_else(Vec::new, |(names, _)| names);
    let on = |name: &String| world.alarms.is_on(&service.place, name);
    names.into_iter().filter(on).collect()
}

/// The alarms that speak against a deployment. When one was on as it started, it is taken to mend
/// what the alarm is about, and none is looked at.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html>
fn alarms_against(world: &World, service: &Service, fleet: &Fleet) -> Vec<String> {
    if fleet.ignores_alarms {
        Vec::new()
    } else {
        alarms_on(world, service)
    }
}

/// The fleet that is to fail and the completed one to go back to.
fn rollback_target(world: &World, service: &str) -> Option<(String, String)> {
    let held = world.ecs.services.get(service)?;
    let failed = held.primary()?;
    let target = held
        .fleets
        .iter()
        .find(|of| of.rollout == Rollout::Completed && of.id != failed.id)?;
    Some((failed.id.clone(), target.id.clone()))
}

/// Whether a rolling deployment has a completed one to go back to.
pub(super) fn can_roll_back(world: &World, service: &str) -> bool {
    rollback_target(world, service).is_some()
}

/// Somebody stops a rolling deployment: back to the last completed one.
pub(super) fn stop(world: &mut World, service: &str, reason: &str) {
    if let Some((failed, target)) = rollback_target(world, service) {
        roll_back(
            world,
            service,
            &failed,
            &target,
            reason.trim_end_matches('.'),
        );
    }
}

fn fail(world: &mut World, service: &str, detector: &str, what: &str, rollback: bool) {
    let now = world.now;
    let Some(held) = world.ecs.services.get_mut(service) else {
        return;
    };
    let reason = format!("{detector}: {what}");
    let Some(failed) = held.fleets.iter_mut().find(|of| of.is_primary()) else {
        return;
    };
    failed.rollout = Rollout::Failed;
    failed.reason.clone_from(&reason);
    failed.updated_at = now;
    let failed_id = failed.id.clone();
    let target = held
        .fleets
        .iter()
        .find(|of| of.rollout == Rollout::Completed && of.id != failed_id)
        .map(|of| of.id.clone());
    events::note(
        world,
        service,
        &format!("(deployment {failed_id}) deployment failed: {what}"),
    );
    events::deployment(world, service, &failed_id, DeploymentEvent::Failed, &reason);
    let Some(target) = target.filter(|_| rollback) else {
        service_deployments::fail(world, service, Status::Stopped, &reason);
        return;
    };
    roll_back(world, service, &failed_id, &target, detector);
}

/// Makes the last completed fleet primary again.
fn roll_back(world: &mut World, service: &str, failed: &str, target: &str, detector: &str) {
    let now = world.now;
    let reason = format!("{detector}: rolling back to deploymentId {target}.");
    let Some(held) = world.ecs.services.get_mut(service) else {
        return;
    };
    let desired = held.desired;
    if let Some(of) = held.fleet_mut(failed) {
        of.status = FleetStatus::Active;
        of.goal = 0;
    }
    let mut back = None;
    if let Some(of) = held.fleet_mut(target) {
        of.status = FleetStatus::Primary;
        of.goal = desired;
        of.rollout = Rollout::InProgress;
        of.rolled_back = true;
        of.reason.clone_from(&reason);
        of.updated_at = now;
        back = Some((
            of.task_definition.clone(),
            of.settings.clone(),
            of.revision.clone(),
        ));
    }
    // Describe lists the primary first.
    held.fleets.sort_by_key(|of| !of.is_primary());
    let Some((definition, settings, revision)) = back else {
        return;
    };
    held.task_definition = definition;
    held.settings = settings;
    events::note(
        world,
        service,
        &format!("rolling back to (deployment {target})."),
    );
    events::deployment(world, service, target, DeploymentEvent::InProgress, &reason);
    service_deployments::roll_back(world, service, &revision, &reason);
    scheduler::again_in(world, service, 1);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::threshold;

    #[test]
    fn the_threshold_is_half_the_desired_count_within_its_bounds() {
        for (desired, expected) in [(0, 3), (1, 3), (6, 3), (25, 13), (400, 200), (10_000, 200)] {
            assert_eq!(threshold(desired, None), expected, "desired {desired}");
        }
    }

    #[test]
    fn a_configured_threshold_is_used() {
        assert_eq!(
            threshold(10, Some(&json!({"type": "COUNT", "value": 1}))),
            1
        );
        assert_eq!(
            threshold(10, Some(&json!({"type": "BOUNDED_PERCENT", "value": 10}))),
            3
        );
        assert_eq!(
            threshold(10, Some(&json!({"type": "UNBOUNDED_PERCENT", "value": 10}))),
            1
        );
    }
}
