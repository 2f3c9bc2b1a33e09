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
        record(self, place, resource, &name, desired);
        ScaleOut::Scaled(desired)
    }
}

/// Remembers a scaling activity.
fn record(world: &mut World, place: Place, resource: String, service: &str, desired: u32) {
    let activity = json!({
        "ActivityId": world.ids.uuid(),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "Description": format!("Setting desired count to {desired}."),
        "Cause": format!("a scaling policy of {service} asked for more tasks"),
        "StartTime": epoch(world.now),
        "EndTime": epoch(world.now),
        "StatusCode": "Successful",
        "StatusMessage": format!("Successfully set desired count to {desired}. Change successfully fulfilled by ecs."),
    });
    world.autoscaling.activities.insert(0, (place, activity));
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
