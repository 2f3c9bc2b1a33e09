//! Tags of ECS resources.

use serde_json::{Value, json};

use super::invalid;
use crate::{
    World,
    call::{Answer, Call, text},
};

pub(super) fn tag(world: &mut World, call: &Call) -> Answer {
    let arn = resource(call)?;
    if of(world, &arn).len() + call.list("tags").len() > 50 {
        return Err(invalid("Tags can not contain more than 50 elements."));
    }
    put(world, &arn, call.list("tags"));
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call) -> Answer {
    let arn = resource(call)?;
    let keys = call.strings("tagKeys");
    if let Some(tags) = world.ecs.tags.get_mut(&arn) {
        tags.retain(|tag| !keys.iter().any(|key| text(tag, "key") == Some(key)));
    }
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let arn = resource(call)?;
    Ok(json!({"tags": of(world, &arn)}))
}

fn resource(call: &Call) -> Result<String, crate::call::ApiError> {
    match call.str("resourceArn") {
        Some(arn) if arn.starts_with("arn:") => Ok(arn.to_owned()),
        Some(_) | None => Err(invalid("Invalid arn syntax.")),
    }
}

/// Adds tags to a resource; a key that is there already gets the new value.
pub(super) fn put(world: &mut World, arn: &str, added: &[Value]) {
    if added.is_empty() {
        return;
    }
    let tags = world.ecs.tags.entry(arn.to_owned()).or_default();
    tags.retain(|held| {
        !added
            .iter()
            .any(|tag| text(tag, "key") == text(held, "key"))
    });
    tags.extend(added.iter().cloned());
}

pub(super) fn of(world: &World, arn: &str) -> Vec<Value> {
    world.ecs.tags.get(arn).cloned().unwrap_or_default()
}
