//! Whether fleets and services have settled, and what is then said and cleared away.

use super::{Controller, events, fleet, fleet::Counts, service::ServiceStatus};
use crate::{World, behaviour::Behaviour};

pub(super) fn mark_stability(world: &mut World, service: &str, id: &str, goal: u32) {
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
        .any(|task| task.is_running() && task.behaviour == Behaviour::CrashLoop)
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
pub(super) fn drop_drained(world: &mut World, service: &str) {
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

pub(super) fn set_unsteady(world: &mut World, service: &str) {
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.steady = false;
    }
}

/// Says once that a service has reached a steady state.
pub(super) fn note_steady(world: &mut World, service: &str) {
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
