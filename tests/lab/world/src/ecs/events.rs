//! ECS's events as documented, and the messages in a service's own list of events.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html>

use serde_json::{Value, json};

use super::{service::ServiceEvent, task_lists};
use crate::{World, effect::iso_millis};

/// Describe shows this many of a service's events.
const KEPT_EVENTS: usize = 100;

/// What happened to a deployment of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeploymentEvent {
    InProgress,
    Completed,
    Failed,
}

/// `ECS Task State Change`.
pub(super) fn task_changed(world: &mut World, arn: &str) {
    let Some(task) = world.ecs.tasks.get(arn) else {
        return;
    };
    let place = task.place.clone();
    let mut detail = task_lists::describe_task(task, task_lists::Times::Iso);
    crate::call::put(&mut detail, "updatedAt", Some(iso_millis(world.now)));
    world.emit(
        &place,
        "aws.ecs",
        "ECS Task State Change",
        &[arn.to_owned()],
        detail,
    );
}

/// `ECS Deployment State Change`.
pub(super) fn deployment(
    world: &mut World,
    service: &str,
    fleet: &str,
    what: DeploymentEvent,
    reason: &str,
) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let (kind, name) = match what {
        DeploymentEvent::InProgress => ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
        DeploymentEvent::Completed => ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"),
        DeploymentEvent::Failed => ("ERROR", "SERVICE_DEPLOYMENT_FAILED"),
    };
    let place = held.place.clone();
    let detail = json!({
        "eventType": kind,
        "eventName": name,
        "clusterArn": held.cluster_arn,
        "deploymentId": fleet,
        "updatedAt": iso_millis(world.now),
        "reason": reason,
    });
    world.emit(
        &place,
        "aws.ecs",
        "ECS Deployment State Change",
        &[service.to_owned()],
        detail,
    );
}

/// `ECS Service Action`.
pub(super) fn service_action(
    world: &mut World,
    service: &str,
    kind: &str,
    name: &str,
    reason: Option<&str>,
) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let place = held.place.clone();
    let mut detail = json!({
        "eventType": kind,
        "eventName": name,
        "clusterArn": held.cluster_arn,
        "createdAt": iso_millis(world.now),
    });
    crate::call::put(&mut detail, "reason", reason);
    world.emit(
        &place,
        "aws.ecs",
        "ECS Service Action",
        &[service.to_owned()],
        detail,
    );
}

/// Adds a message to the service's own events; AWS begins each with the service's name.
pub(super) fn note(world: &mut World, service: &str, message: &str) {
    let id = world.ids.uuid();
    let at = world.now;
    if let Some(held) = world.ecs.services.get_mut(service) {
        let message = format!("(service {}) {message}", held.name);
        held.events.insert(0, ServiceEvent { id, at, message });
        held.events.truncate(KEPT_EVENTS);
    }
}

/// `(task <id>)` for each, as in AWS's messages.
pub(super) fn named(ids: &[String]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("(task {id})")).collect();
    names.join(" ")
}

/// `null`-free list of a service's events for Describe.
pub(super) fn listed(events: &[ServiceEvent]) -> Vec<Value> {
    events
        .iter()
        .map(|event| {
            json!({
                "id": event.id,
                "createdAt": crate::call::epoch(event.at),
                "message": event.message,
            })
        })
        .collect()
}
