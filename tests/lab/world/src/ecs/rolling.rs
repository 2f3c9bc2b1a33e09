//! Rolling deployments: the new fleet grows and the old ones shrink within the percentages of the
//! deployment configuration.
//!
//! | from        | what happens                              | to          |
//! |-------------|-------------------------------------------|-------------|
//! | –           | CreateService, UpdateService              | IN_PROGRESS |
//! | IN_PROGRESS | all new tasks up, all old ones gone       | COMPLETED   |
//! | IN_PROGRESS | too many failed tasks, or an alarm        | FAILED      |
//! | COMPLETED   | scaling                                   | COMPLETED   |
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html>

use serde_json::Value;

use super::{
    events,
    events::DeploymentEvent,
    failure_detection, fleet,
    fleet::{Fleet, FleetStatus, Rollout},
    native, scheduler, service_deployments,
    service_deployments::Status,
    service_revisions, steadiness, task_life,
};
use crate::{
    World,
    behaviour::Behaviour,
    timers::{later, minutes},
};

/// How long a deployment with alarms goes on watching them after its tasks are up. ECS derives
/// the time from the alarms' periods; one period of five minutes is taken here.
const ALARM_BAKE_MINUTES: u64 = 5;

/// Starts a deployment of the service as it is now, superseding whatever is under way.
pub(super) fn start(world: &mut World, service: &str) {
    let now = world.now;
    native::abandon(world, service);
    let id = format!("ecs-svc/{}", world.ids.digits());
    let revision = service_revisions::new_revision(world, service);
    let Some(held) = world.ecs.services.get_mut(service) else {
        return;
    };
    let mut new = Fleet::of(held, id.clone(), now);
    new.revision.clone_from(&revision);
    // After a native deployment clients may be on the alternate target group: stay where they are.
    let before = held
        .primary()
        .filter(|of| of.settings.get("loadBalancers") == new.settings.get("loadBalancers"));
    if let Some(before) = before {
        new.target_group.clone_from(&before.target_group);
    }
    let mut sources = Vec::new();
    for of in &mut held.fleets {
        of.status = FleetStatus::Active;
        sources.push(of.revision.clone());
    }
    let has_older = !held.fleets.is_empty();
    held.fleets.insert(0, new);
    held.steady = false;
    service_deployments::begin(world, service, &id, &revision, sources);
    if let Some(deployment) = service_deployments::open_arn(world, service)
        // There is nothing to deploy over yet.
        .filter(|_| has_older)
    {
        native::pause_rolling(world, &deployment);
    }
    events::deployment(
        world,
        service,
        &id,
        DeploymentEvent::InProgress,
        &format!("ECS deployment {id} in progress."),
    );
    scheduler::again_in(world, service, 1);
}

pub(super) fn reconcile(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    if !held.is_active() {
        let fleets: Vec<String> = held.fleets.iter().map(|of| of.id.clone()).collect();
        for id in fleets {
            scheduler::converge(world, service, &id);
        }
        return;
    }
    if native::is_under_way(world, service) {
        if let Some(deployment) = service_deployments::open_arn(world, service) {
            native::reconcile(world, service, &deployment);
        }
        return;
    }
    failure_detection::check(world, service);
    let Some(primary) = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.primary())
    else {
        return;
    };
    let id = primary.id.clone();
    match primary.rollout {
        Rollout::InProgress => {
            service_deployments::advance(world, service, Status::InProgress);
            if service_deployments::is_paused(world, service) {
                return;
            }
            replace(world, service, &id);
            complete_when_done(world, service, &id);
        }
        Rollout::Completed if has_others(world, service, &id) => {
            replace(world, service, &id);
            drop_empty(world, service, &id);
        }
        Rollout::Completed => scheduler::converge(world, service, &id),
        Rollout::Failed => {}
    }
}

/// Whether older fleets are left, which a deployment that succeeded early removes afterwards.
fn has_others(world: &World, service: &str, primary: &str) -> bool {
    let held = world.ecs.services.get(service);
    held.is_some_and(|held| held.fleets.iter().any(|of| of.id != primary))
}

/// Forgets the older fleets that have no tasks left.
fn drop_empty(world: &mut World, service: &str, primary: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let empty: Vec<String> = held
        .fleets
        .iter()
        .filter(|of| of.id != primary && fleet::counts(world, service, &of.id).is_empty())
        .map(|of| of.id.clone())
        .collect();
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.fleets.retain(|of| !empty.contains(&of.id));
    }
}

/// When a deployment counts as successful before all of its tasks run and the old ones are gone: the
/// percentage of healthy ones, and whether the old ones may stay until later.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentEarlySuccessCriteria.html>
fn early_success(held: &super::Service) -> Option<(u64, bool)> {
    let criteria = held.configuration.get("earlySuccessCriteria")?;
    let percent = criteria.get("healthyPercent").and_then(Value::as_u64);
    let deferred = criteria.get("sourceServiceRevisionCleanup") == Some(&Value::from("DEFERRED"));
    (criteria.get("enable") == Some(&Value::Bool(true))).then(|| (percent.unwrap_or(100), deferred))
}

/// One step of the replacement: as many new tasks as fit, as few old ones as must stay.
fn replace(world: &mut World, service: &str, primary: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let desired = held.desired;
    let most = share(desired, held.percent("maximumPercent", 200), false);
    let least = share(desired, held.percent("minimumHealthyPercent", 100), true);
    let others: Vec<String> = held
        .fleets
        .iter()
        .filter(|of| of.id != primary)
        .map(|of| of.id.clone())
        .collect();
    let ids: Vec<String> = held.fleets.iter().map(|of| of.id.clone()).collect();

    for other in &others {
        stop_useless(world, service, other);
    }
    let mut healthy = ids
        .iter()
        .map(|id| healthy(world, service, id))
        .fold(0, u32::saturating_add);
    for other in &others {
        let running = fleet::counts(world, service, other).running;
        let count = running.min(healthy.saturating_sub(least));
        scheduler::stop_some(world, service, other, count);
        healthy = healthy.saturating_sub(count);
        let left = fleet::counts(world, service, other).active();
        if let Some(of) = world
            .ecs
            .services
            .get_mut(service)
            .and_then(|held| held.fleet_mut(other))
        {
            of.goal = left;
        }
    }

    let active = ids
        .iter()
        .map(|id| fleet::counts(world, service, id).active())
        .fold(0, u32::saturating_add);
    let own = fleet::counts(world, service, primary).active();
    if own > desired {
        scheduler::stop_some(world, service, primary, own - desired);
    } else {
        let wanted = (desired - own).min(most.saturating_sub(active));
        scheduler::launch(world, service, primary, wanted);
    }
    if let Some(of) = world
        .ecs
        .services
        .get_mut(service)
        .and_then(|held| held.fleet_mut(primary))
    {
        of.goal = desired;
    }
}

/// Tasks of an old fleet that serve nobody go at once.
fn stop_useless(world: &mut World, service: &str, id: &str) {
    let useless: Vec<String> = fleet::tasks_of(world, service, id)
        .filter(|task| {
            task.is_pending() || (task.is_running() && task.behaviour == Behaviour::CrashLoop)
        })
        .map(|task| task.arn.clone())
        .collect();
    let reason = format!("Scaling activity initiated by (deployment {id})");
    for arn in useless {
        task_life::stop(world, &arn, "ServiceSchedulerInitiated", &reason);
    }
}

fn healthy(world: &World, service: &str, id: &str) -> u32 {
    let count = fleet::tasks_of(world, service, id)
        .filter(|task| task.is_running() && task.behaviour != Behaviour::CrashLoop)
        .count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn complete_when_done(world: &mut World, service: &str, id: &str) {
    let now = world.now;
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let early = early_success(held);
    let up = match early {
        Some((percent, _)) => {
            healthy(world, service, id) >= share(held.desired, percent, true).max(1)
        }
        None => {
            healthy(world, service, id) == held.desired
                && steadiness::fleet_is_stable(world, service, id)
        }
    };
    let others_gone = held
        .fleets
        .iter()
        .filter(|of| of.id != id)
        .all(|of| fleet::counts(world, service, &of.id).is_empty());
    if !up || !(others_gone || early.is_some_and(|(_, deferred)| deferred)) {
        return;
    }
    let watched = held.alarms().is_some();
    let Some(of) = world
        .ecs
        .services
        .get_mut(service)
        .and_then(|held| held.fleet_mut(id))
    else {
        return;
    };
    if watched {
        let until = *of
            .bake_until
            .get_or_insert(later(now, minutes(ALARM_BAKE_MINUTES)));
        if now < until {
            scheduler::again_in(world, service, ALARM_BAKE_MINUTES * 60);
            return;
        }
    }
    complete(world, service, id);
}

fn complete(world: &mut World, service: &str, id: &str) {
    let now = world.now;
    drop_empty(world, service, id);
    let Some(held) = world.ecs.services.get_mut(service) else {
        return;
    };
    let mut reason = format!("ECS deployment {id} completed.");
    if let Some(of) = held.fleet_mut(id) {
        of.rollout = Rollout::Completed;
        of.updated_at = now;
        // A rollback keeps saying what it was for.
        if of.rolled_back {
            reason.clone_from(&of.reason);
        } else {
            of.reason.clone_from(&reason);
        }
    }
    events::note(
        world,
        service,
        &format!("(deployment {id}) deployment completed."),
    );
    events::deployment(
        world,
        service,
        id,
        DeploymentEvent::Completed,
        &format!("ECS deployment {id} completed."),
    );
    service_deployments::complete(world, service);
}

/// A percentage of the desired count, rounded down for a maximum and up for a minimum.
fn share(desired: u32, percent: u64, up: bool) -> u32 {
    let hundredths = u64::from(desired).saturating_mul(percent);
    let rounded = if up {
        hundredths.div_ceil(100)
    } else {
        hundredths / 100
    };
    u32::try_from(rounded).unwrap_or(u32::MAX)
}
