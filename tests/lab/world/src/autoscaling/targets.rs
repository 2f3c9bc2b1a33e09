//! Scalable targets: bounds, and what is suspended.
//!
//! <https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-suspend-resume-scaling.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{DIMENSION, key, missing, namespace, paged, scale_out, service_arn, validation};
use crate::{
    World,
    call::{Answer, Call, epoch},
    ecs,
};

#[derive(Debug)]
pub(super) struct Target {
    pub(super) arn: String,
    resource: String,
    pub(super) least: u64,
    pub(super) most: u64,
    role: String,
    created_at: Timestamp,
    pub(super) suspended: Suspended,
    pub(super) tags: Map<String, Value>,
}

/// What is suspended of a target; nothing at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Suspended {
    scaling_in: bool,
    pub(super) scaling_out: bool,
    scheduled: bool,
}

pub(super) fn register(world: &mut World, call: &Call) -> Answer {
    let key = key(call)?;
    let service = service_arn(&key);
    if !world
        .ecs
        .services
        .get(&service)
        .is_some_and(ecs::Service::is_active)
    {
        return Err(validation(format!("ECS service doesn't exist: {}", key.1)));
    }
    let (least, most) = (call.number("MinCapacity"), call.number("MaxCapacity"));
    let suspension = call.member("SuspendedState");
    let now = world.now;
    let held = world.autoscaling.targets.get(&key);
    let bounds = (
        least.or(held.map(|held| held.least)),
        most.or(held.map(|held| held.most)),
    );
    let (Some(least), Some(most)) = bounds else {
        let missing = if bounds.0.is_none() {
            "MinCapacity"
        } else {
            "MaxCapacity"
        };
        return Err(validation(format!(
            "{missing} is required when registering a new scalable target"
        )));
    };
    if least > most {
        return Err(validation(
            "Maximum capacity cannot be less than minimum capacity",
        ));
    }
    let arn = key.0.arn(
        "application-autoscaling",
        &format!("scalable-target/{}", world.ids.hex(24)),
    );
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
        key.0.account
    );
    let target = world
        .autoscaling
        .targets
        .entry(key.clone())
        .or_insert_with(|| Target {
            arn,
            resource: key.1.clone(),
            least,
            most,
            role: call.str("RoleARN").map_or(role, str::to_owned),
            created_at: now,
            suspended: Suspended::default(),
            tags: call
                .member("Tags")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        });
    target.least = least;
    target.most = most;
    if let Some(suspension) = suspension {
        target.suspended.merge(suspension);
    }
    let answer = json!({"ScalableTargetARN": target.arn});
    scale_out::keep_within(world, &key, &service);
    Ok(answer)
}

impl Suspended {
    /// Only the members that are given change.
    fn merge(&mut self, given: &Value) {
        let flag = |name: &str| given.get(name).and_then(Value::as_bool);
        self.scaling_in = flag("DynamicScalingInSuspended").unwrap_or(self.scaling_in);
        self.scaling_out = flag("DynamicScalingOutSuspended").unwrap_or(self.scaling_out);
        self.scheduled = flag("ScheduledScalingSuspended").unwrap_or(self.scheduled);
    }
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    namespace(call)?;
    let place = call.place();
    let wanted = call.strings("ResourceIds");
    let found: Vec<Value> = world
        .autoscaling
        .targets
        .iter()
        .filter(|((held, resource), _)| {
            *held == place && (wanted.is_empty() || wanted.contains(resource))
        })
        .map(|(_, target)| {
            json!({
                "ServiceNamespace": "ecs",
                "ResourceId": target.resource,
                "ScalableDimension": DIMENSION,
                "MinCapacity": target.least,
                "MaxCapacity": target.most,
                "RoleARN": target.role,
                "CreationTime": epoch(target.created_at),
                "SuspendedState": {
                    "DynamicScalingInSuspended": target.suspended.scaling_in,
                    "DynamicScalingOutSuspended": target.suspended.scaling_out,
                    "ScheduledScalingSuspended": target.suspended.scheduled,
                },
                "ScalableTargetARN": target.arn,
            })
        })
        .collect();
    paged(call, "ScalableTargets", found)
}

pub(super) fn deregister(world: &mut World, call: &Call) -> Answer {
    let key = key(call)?;
    if world.autoscaling.targets.remove(&key).is_none() {
        return Err(missing(&key.1));
    }
    world
        .autoscaling
        .policies
        .retain(|(place, resource, _), _| (place, resource) != (&key.0, &key.1));
    Ok(json!({}))
}
