//! Scaling policies: kept and given back.

use serde_json::json;

use super::{key, missing, namespace, paged};
use crate::{
    World,
    call::{Answer, ApiError, Call, epoch, put, text},
};

pub(super) fn put_policy(world: &mut World, call: &Call) -> Answer {
    let (place, resource) = key(call)?;
    let name = call.required(
        "PolicyName",
        "ValidationException",
        "PolicyName must not be null",
    )?;
    if !world
        .autoscaling
        .targets
        .contains_key(&(place.clone(), resource.clone()))
    {
        return Err(missing(&resource));
    }
    let arn = place.arn(
        "autoscaling",
        &format!(
            "scalingPolicy:{}:resource/ecs/{resource}:policyName/{name}",
            world.ids.uuid()
        ),
    );
    let mut policy = call.input.clone();
    let defaults = json!({"PolicyARN": arn, "CreationTime": epoch(world.now), "Alarms": []});
    let created =
        world
            .autoscaling
            .policies
            .get(&(place.clone(), resource.clone(), name.to_owned()));
    for (member, value) in defaults.as_object().into_iter().flatten() {
        let value = created
            .and_then(|held| held.get(member))
            .unwrap_or(value)
            .clone();
        put(&mut policy, member, Some(value));
    }
    if text(&policy, "PolicyType").is_none() {
        put(&mut policy, "PolicyType", Some("StepScaling"));
    }
    let answer = json!({"PolicyARN": policy.get("PolicyARN"), "Alarms": []});
    world
        .autoscaling
        .policies
        .insert((place, resource, name.to_owned()), policy);
    Ok(answer)
}

pub(super) fn describe_policies(world: &mut World, call: &Call) -> Answer {
    namespace(call)?;
    let place = call.place();
    let names = call.strings("PolicyNames");
    let resource = call.str("ResourceId");
    let found = world
        .autoscaling
        .policies
        .iter()
        .filter(|((held, of, name), _)| {
            *held == place
                && resource.is_none_or(|wanted| of == wanted)
                && (names.is_empty() || names.contains(name))
        })
        .map(|(_, policy)| policy.clone())
        .collect();
    paged(call, "ScalingPolicies", found)
}

pub(super) fn delete_policy(world: &mut World, call: &Call) -> Answer {
    let (place, resource) = key(call)?;
    let name = call.str("PolicyName").unwrap_or_default().to_owned();
    match world.autoscaling.policies.remove(&(place, resource, name)) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::new(
            "ObjectNotFoundException",
            "No scaling policy found",
        )),
    }
}
