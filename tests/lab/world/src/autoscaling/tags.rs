//! Tags of scalable targets.

use serde_json::{Map, Value, json};

use crate::{
    World,
    call::{Answer, ApiError, Call},
};

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"Tags": tags(world, call)?}))
}

pub(super) fn tag(world: &mut World, call: &Call) -> Answer {
    let added = call
        .member("Tags")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    tags(world, call)?.extend(added);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call) -> Answer {
    let keys = call.strings("TagKeys");
    tags(world, call)?.retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

fn tags<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Map<String, Value>, ApiError> {
    let arn = call.str("ResourceARN").unwrap_or_default();
    let found = world
        .autoscaling
        .targets
        .values_mut()
        .find(|target| target.arn == arn);
    found.map(|target| &mut target.tags).ok_or_else(|| {
        ApiError::new(
            "ResourceNotFoundException",
            format!("The resource {arn} does not exist"),
        )
    })
}
