//! Deployment configurations: how traffic shifts.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{name, traffic::Traffic};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, epoch, text},
};

#[derive(Debug)]
pub(super) struct Config {
    id: String,
    created_at: Timestamp,
    platform: String,
    routing: Value,
}

/// The configuration of groups that name none, and of every rollback.
pub(super) const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// The predefined configurations of the compute platform ECS.
const PREDEFINED: &[(&str, Traffic)] = &[
    (ALL_AT_ONCE, Traffic::AllAtOnce),
    (
        "CodeDeployDefault.ECSCanary10Percent5Minutes",
        Traffic::Canary {
            percent: 10,
            minutes: 5,
        },
    ),
    (
        "CodeDeployDefault.ECSCanary10Percent15Minutes",
        Traffic::Canary {
            percent: 10,
            minutes: 15,
        },
    ),
    (
        "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
        Traffic::Linear {
            percent: 10,
            minutes: 1,
        },
    ),
    (
        "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
        Traffic::Linear {
            percent: 10,
            minutes: 3,
        },
    ),
];

/// How the named configuration shifts traffic. Only those of the platform ECS will do.
pub(super) fn find(world: &World, place: &Place, wanted: &str) -> Result<Traffic, ApiError> {
    if let Some((_, traffic)) = PREDEFINED.iter().find(|(name, _)| *name == wanted) {
        return Ok(*traffic);
    }
    let own = world
        .codedeploy
        .configs
        .get(&(place.clone(), wanted.to_owned()));
    match own {
        Some(config) if config.platform == "ECS" => Traffic::parse(&config.routing),
        Some(_) => Err(ApiError::new(
            "InvalidDeploymentConfigNameException",
            format!("The deployment configuration {wanted} is not for the ECS compute platform"),
        )),
        None => Err(ApiError::new(
            "DeploymentConfigDoesNotExistException",
            format!("No Deployment Configuration found for name: {wanted}"),
        )),
    }
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = name(call, "deploymentConfigName", "DeploymentConfig")?;
    if name.starts_with("CodeDeployDefault.") {
        return Err(ApiError::new(
            "InvalidDeploymentConfigNameException",
            "Deployment configuration names cannot begin with CodeDeployDefault.",
        ));
    }
    let key = (call.place(), name.to_owned());
    if world.codedeploy.configs.contains_key(&key) {
        return Err(ApiError::new(
            "DeploymentConfigAlreadyExistsException",
            format!("Deployment configuration already exists with name: {name}"),
        ));
    }
    let platform = call.str("computePlatform").unwrap_or("Server");
    let routing = call
        .member("trafficRoutingConfig")
        .cloned()
        .unwrap_or_else(|| json!({"type": "AllAtOnce"}));
    if platform != "Server" {
        Traffic::parse(&routing)?;
    }
    let config = Config {
        id: world.ids.uuid(),
        created_at: world.now,
        platform: platform.to_owned(),
        routing,
    };
    let answer = json!({"deploymentConfigId": config.id});
    world.codedeploy.configs.insert(key, config);
    Ok(answer)
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    let name = name(call, "deploymentConfigName", "DeploymentConfig")?;
    if let Some((_, traffic)) = PREDEFINED.iter().find(|(known, _)| *known == name) {
        return Ok(json!({"deploymentConfigInfo": {
            "deploymentConfigName": name,
            "computePlatform": "ECS",
            "trafficRoutingConfig": traffic.describe(),
        }}));
    }
    let Some(config) = world
        .codedeploy
        .configs
        .get(&(call.place(), name.to_owned()))
    else {
        return Err(ApiError::new(
            "DeploymentConfigDoesNotExistException",
            format!("No Deployment Configuration found for name: {name}"),
        ));
    };
    Ok(json!({"deploymentConfigInfo": {
        "deploymentConfigId": config.id,
        "deploymentConfigName": name,
        "createTime": epoch(config.created_at),
        "computePlatform": config.platform,
        "trafficRoutingConfig": config.routing,
    }}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let place = call.place();
    let own = world
        .codedeploy
        .configs
        .keys()
        .filter(|(held, _)| *held == place);
    let mut names: Vec<Value> = PREDEFINED
        .iter()
        .map(|(name, _)| Value::from(*name))
        .collect();
    names.extend(own.map(|(_, name)| Value::from(name.clone())));
    super::paged(call, "deploymentConfigsList", names)
}

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let name = name(call, "deploymentConfigName", "DeploymentConfig")?;
    if name.starts_with("CodeDeployDefault.") {
        return Err(ApiError::new(
            "InvalidOperationException",
            "Predefined deployment configurations cannot be deleted.",
        ));
    }
    let place = call.place();
    let in_use = world.codedeploy.groups.iter().any(|((held, _, _), group)| {
        *held == place && text(&group.settings, "deploymentConfigName") == Some(name)
    });
    if in_use {
        return Err(ApiError::new(
            "DeploymentConfigInUseException",
            format!("The deployment configuration {name} is in use"),
        ));
    }
    world.codedeploy.configs.remove(&(place, name.to_owned()));
    Ok(json!({}))
}
