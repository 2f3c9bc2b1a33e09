//! Scaling out, and the activities that tell of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{DIMENSION, namespace, paged};
use crate::{
    World,
    call::{Answer, Call, Place, epoch, text},
    codedeploy, ecs,
};

/// What became of an attempt to scale out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleOut {
    /// The desired count went up to this.
    Scaled(u32),
    /// Scaling out is suspended.
    Suspended,
    /// The service has as many tasks as it may have.
    AtMaximum,
    /// No scalable target, or no such service.
    NotScalable,
}

impl World {
    /// Makes a scaling policy want one more task of a service (given by ARN), and says what came
    /// of it. During a CodeDeploy deployment, scaling out makes the deployment fail five minutes
    /// later unless it is through by then.
    pub fn scale_out(&mut self, service_arn: &str, now: Timestamp) -> ScaleOut {
        self.advance(now);
        let Some(place) = Place::of_arn(service_arn) else {
            return ScaleOut::NotScalable;
        };
        let rest = service_arn
            .split_once(":service/")
            .map_or("", |(_, rest)| rest);
        let resource = format!("service/{rest}");
        let target = self
            .autoscaling
            .targets
            .get(&(place.clone(), resource.clone()));
        let Some(target) = target else {
            return ScaleOut::NotScalable;
        };
        if target.suspended.scaling_out {
            return ScaleOut::Suspended;
        }
        let most = target.most;
        let Some(service) = self
            .ecs
            .services
            .get_mut(service_arn)
            .filter(|held| held.is_active())
        else {
            return ScaleOut::NotScalable;
        };
        if u64::from(service.desired) >= most {
            return ScaleOut::AtMaximum;
        }
        service.desired = service.desired.saturating_add(1);
        let desired = service.desired;
        let name = service.name.clone();
        ecs::rescale(self, service_arn);
        codedeploy::scaled_out(self, service_arn);
        let cause = format!("a scaling policy of {name} asked for more tasks");
        record(self, &(place, resource), &cause, desired);
        ScaleOut::Scaled(desired)
    }
}

/// Brings a service's desired count into the bounds of its scalable target, as each registration
/// does, whatever it is for: "even if you don't include the MinCapacity or MaxCapacity request
/// parameters".
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>
pub(super) fn keep_within(world: &mut World, key: &(Place, String), service_arn: &str) {
    let Some(target) = world.autoscaling.targets.get(key) else {
        return;
    };
    let (least, most) = (target.least, target.most);
    let Some(service) = world.ecs.services.get_mut(service_arn) else {
        return;
    };
    let within = u64::from(service.desired).clamp(least, most);
    let within = u32::try_from(within).unwrap_or(u32::MAX);
    if within == service.desired {
        return;
    }
    service.desired = within;
    let name = service.name.clone();
    ecs::rescale(world, service_arn);
    codedeploy::scaled_out(world, service_arn);
    let cause = format!("the desired count of {name} was outside of the scalable target's bounds");
    record(world, key, &cause, within);
}

/// Remembers a scaling activity.
fn record(world: &mut World, (place, resource): &(Place, String), cause: &str, desired: u32) {
    let activity = json!({
        "ActivityId": world.ids.uuid(),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "Description": format!("Setting desired count to {desired}."),
        "Cause": cause,
        "StartTime": epoch(world.now),
        "EndTime": epoch(world.now),
        "StatusCode": "Successful",
        "StatusMessage": format!("Successfully set desired count to {desired}. Change successfully fulfilled by ecs."),
    });
    let held = (place.clone(), activity);
    world.autoscaling.activities.insert(0, held);
}

pub(super) fn activities(world: &mut World, call: &Call) -> Answer {
    namespace(call)?;
    let place = call.place();
    let wanted = call.str("ResourceId");
    let found: Vec<Value> = world
        .autoscaling
        .activities
        .iter()
        .filter(|(held, activity)| {
            *held == place
                && wanted.is_none_or(|wanted| text(activity, "ResourceId") == Some(wanted))
        })
        .map(|(_, activity)| activity.clone())
        .collect();
    paged(call, "ScalingActivities", found)
}
