//! Applications. Only those of the compute platform ECS can be deployed here.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::name;
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, epoch, text},
};

#[derive(Debug)]
pub(super) struct Application {
    id: String,
    name: String,
    pub(super) platform: String,
    created_at: Timestamp,
    tags: Vec<Value>,
}

impl Application {
    fn describe(&self) -> Value {
        json!({
            "applicationId": self.id,
            "applicationName": self.name,
            "createTime": epoch(self.created_at),
            "linkedToGitHub": false,
            "computePlatform": self.platform,
        })
    }
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = name(call, "applicationName", "Application")?;
    let platform = call.str("computePlatform").unwrap_or("Server");
    if !["Server", "Lambda", "ECS"].contains(&platform) {
        return Err(ApiError::new(
            "InvalidComputePlatformException",
            format!("Unsupported compute platform: {platform}"),
        ));
    }
    let key = (call.place(), name.to_owned());
    if world.codedeploy.applications.contains_key(&key) {
        return Err(ApiError::new(
            "ApplicationAlreadyExistsException",
            format!("Application already exists with name: {name}"),
        ));
    }
    let application = Application {
        id: world.ids.uuid(),
        name: name.to_owned(),
        platform: platform.to_owned(),
        created_at: world.now,
        tags: call.list("tags").to_vec(),
    };
    let answer = json!({"applicationId": application.id});
    world.codedeploy.applications.insert(key, application);
    Ok(answer)
}

/// The application that a call names.
pub(super) fn find<'a>(world: &'a World, call: &Call) -> Result<&'a Application, ApiError> {
    let name = name(call, "applicationName", "Application")?;
    world
        .codedeploy
        .applications
        .get(&(call.place(), name.to_owned()))
        .ok_or_else(|| {
            ApiError::new(
                "ApplicationDoesNotExistException",
                format!("No application found for name: {name}"),
            )
        })
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"application": find(world, call)?.describe()}))
}

pub(super) fn batch_get(world: &mut World, call: &Call) -> Answer {
    let names = call.strings("applicationNames");
    let found: Vec<Value> = names
        .into_iter()
        .filter_map(|name| world.codedeploy.applications.get(&(call.place(), name)))
        .map(Application::describe)
        .collect();
    Ok(json!({"applicationsInfo": found}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let place = call.place();
    let keys = world.codedeploy.applications.keys();
    let names = keys
        .filter(|(held, _)| *held == place)
        .map(|(_, name)| Value::from(name.clone()))
        .collect();
    super::paged(call, "applications", names)
}

/// Deleting what is not there succeeds.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let name = name(call, "applicationName", "Application")?;
    let place = call.place();
    world
        .codedeploy
        .applications
        .remove(&(place.clone(), name.to_owned()));
    world
        .codedeploy
        .groups
        .retain(|(held, application, _), _| (held, application.as_str()) != (&place, name));
    Ok(json!({}))
}

pub(super) fn list_tags(world: &mut World, call: &Call) -> Answer {
    Ok(json!({"Tags": tags(world, call)?}))
}

pub(super) fn tag(world: &mut World, call: &Call) -> Answer {
    let added = call.list("Tags").to_vec();
    let tags = tags(world, call)?;
    tags.retain(|held| {
        !added
            .iter()
            .any(|tag| text(tag, "Key") == text(held, "Key"))
    });
    tags.extend(added);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, call: &Call) -> Answer {
    let keys = call.strings("TagKeys");
    tags(world, call)?.retain(|held| !keys.iter().any(|key| text(held, "Key") == Some(key)));
    Ok(json!({}))
}

/// Tags of `arn:…:application:<name>` or `arn:…:deploymentgroup:<application>/<group>`.
fn tags<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut Vec<Value>, ApiError> {
    let arn = call.str("ResourceArn").unwrap_or_default();
    let place = Place::of_arn(arn).ok_or_else(|| {
        ApiError::new("InvalidArnException", format!("The ARN {arn} is not valid"))
    })?;
    let found = if let Some((_, name)) = arn.split_once(":application:") {
        world
            .codedeploy
            .applications
            .get_mut(&(place, name.to_owned()))
            .map(|held| &mut held.tags)
    } else if let Some((application, group)) = arn
        .split_once(":deploymentgroup:")
        .and_then(|(_, rest)| rest.split_once('/'))
    {
        let key = (place, application.to_owned(), group.to_owned());
        world
            .codedeploy
            .groups
            .get_mut(&key)
            .map(|held| &mut held.tags)
    } else {
        None
    };
    found.ok_or_else(|| {
        ApiError::new(
            "ArnNotSupportedException",
            format!("The ARN {arn} is not supported"),
        )
    })
}
