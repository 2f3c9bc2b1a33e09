//! Task sets: the fleets of services that CodeDeploy (or somebody else) rolls out.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html>

use serde_json::{Map, Value, json};

use super::{
    Controller, Fleet, FleetStatus, Service, describe_services, invalid, scheduler, service,
};
use crate::{
    World,
    call::{Answer, Call, text},
    elb::TargetGroup,
};

/// What CodeDeploy makes a replacement task set with.
pub(crate) struct Replacement {
    pub(crate) task_definition: String,
    /// Deployment id.
    pub(crate) external_id: String,
    pub(crate) target_group: Option<TargetGroup>,
    /// Members of the AppSpec that override the service's.
    pub(crate) settings: Map<String, Value>,
}

/// The task set that comes with the service.
pub(super) fn create_first(world: &mut World, arn: &str) {
    let id = format!("ecs-svc/{}", world.ids.digits());
    let now = world.now;
    if let Some(held) = world.ecs.services.get_mut(arn) {
        let first = Fleet::of(held, id, now);
        held.fleets.push(first);
    }
    scheduler::again_in(world, arn, 1);
}

/// A new task set beside the primary one; answers with its id.
pub(crate) fn create(world: &mut World, arn: &str, replacement: Replacement) -> Option<String> {
    let id = format!("ecs-svc/{}", world.ids.digits());
    let now = world.now;
    let held = world.ecs.services.get_mut(arn)?;
    let mut new = Fleet::of(held, id.clone(), now);
    new.status = FleetStatus::Active;
    new.task_definition = replacement.task_definition;
    new.external_id = Some(replacement.external_id);
    new.started_by = Some("CODE_DEPLOY".to_owned());
    new.settings.extend(replacement.settings);
    if let (Some(group), Some(balancers)) = (
        &replacement.target_group,
        new.settings
            .get_mut("loadBalancers")
            .and_then(Value::as_array_mut),
    ) {
        for balancer in balancers.iter_mut().filter_map(Value::as_object_mut) {
            balancer.insert("targetGroupArn".to_owned(), Value::from(group.arn()));
        }
    }
    new.target_group = replacement.target_group;
    held.fleets.insert(0, new);
    held.steady = false;
    scheduler::again_in(world, arn, 1);
    Some(id)
}

/// Makes a task set the primary one. What it has and the service has too passes to the service.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateServicePrimaryTaskSet.html>
pub(crate) fn make_primary(world: &mut World, arn: &str, id: &str) {
    let now = world.now;
    let Some(held) = world.ecs.services.get_mut(arn) else {
        return;
    };
    if held.fleet(id).is_none() {
        return;
    }
    let mut taken = None;
    for of in &mut held.fleets {
        if of.id == id {
            of.status = FleetStatus::Primary;
            of.updated_at = now;
            taken = Some((of.task_definition.clone(), of.settings.clone()));
        } else if of.is_primary() {
            of.status = FleetStatus::Active;
            of.updated_at = now;
        }
    }
    if let Some((definition, settings)) = taken {
        held.task_definition = definition;
        held.settings = settings;
    }
}

/// Scales a task set to nothing and lets it go.
pub(crate) fn drain(world: &mut World, arn: &str, id: &str) {
    let now = world.now;
    if let Some(of) = world
        .ecs
        .services
        .get_mut(arn)
        .and_then(|held| held.fleet_mut(id))
    {
        of.status = FleetStatus::Draining;
        of.scale = 0.0;
        of.goal = 0;
        of.updated_at = now;
        scheduler::again_in(world, arn, 1);
    }
}

/// A percentage of the desired count, rounded up as ECS does.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the product of a count and a share of 0 to 100 percent fits a count"
)]
pub(super) fn scaled(desired: u32, percent: f64) -> u32 {
    (f64::from(desired) * percent.clamp(0.0, 100.0) / 100.0).ceil() as u32
}

/// Whether a service exists, is active and is rolled out by CodeDeploy.
pub(crate) fn is_codedeploy(service: Option<&Service>) -> bool {
    service.is_some_and(|held| held.is_active() && held.controller == Controller::CodeDeploy)
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let reference = call.required(
        "service",
        "InvalidParameterException",
        "Service name must be specified.",
    )?;
    let arn = service::find(world, call, reference)?;
    let Some(held) = world.ecs.services.get(&arn) else {
        return Err(invalid("Service not found."));
    };
    let wanted = call.strings("taskSets");
    let all: Vec<Value> = held
        .fleets
        .iter()
        .map(|of| describe_services::task_set(world, held, of))
        .collect();
    let matches = |set: &Value, name: &String| {
        text(set, "id") == Some(name) || text(set, "taskSetArn") == Some(name)
    };
    let failures: Vec<Value> = wanted
        .iter()
        .filter(|name| !all.iter().any(|set| matches(set, name)))
        .map(|name| json!({"arn": name, "reason": "MISSING"}))
        .collect();
    let found: Vec<Value> = all
        .into_iter()
        .filter(|set| wanted.is_empty() || wanted.iter().any(|name| matches(set, name)))
        .collect();
    Ok(json!({"taskSets": found, "failures": failures}))
}
