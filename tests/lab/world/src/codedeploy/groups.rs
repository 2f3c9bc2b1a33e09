//! Deployment groups: which service, which listeners, how to shift, what to roll back.

use serde_json::{Value, json};

use super::{
    applications, configs,
    deployment::Deployment,
    group_checks::{adopt_listeners, check},
    name,
};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, array, epoch, put, strings, text},
    elb::TargetGroup,
};

/// A group; its settings as they were given.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) settings: Value,
    pub(super) tags: Vec<Value>,
}

/// The members of CreateDeploymentGroup that a group keeps.
const SETTINGS: &[&str] = &[
    "deploymentConfigName",
    "serviceRoleArn",
    "triggerConfigurations",
    "alarmConfiguration",
    "autoRollbackConfiguration",
    "deploymentStyle",
    "outdatedInstancesStrategy",
    "blueGreenDeploymentConfiguration",
    "loadBalancerInfo",
    "ecsServices",
    "terminationHookEnabled",
];

impl Group {
    fn pair(&self) -> Option<&Value> {
        array(
            self.settings.get("loadBalancerInfo")?,
            "targetGroupPairInfoList",
        )
        .first()
    }

    pub(super) fn production(&self) -> Vec<String> {
        self.pair()
            .and_then(|pair| pair.get("prodTrafficRoute"))
            .map(|route| strings(route, "listenerArns"))
            .unwrap_or_default()
    }

    pub(super) fn test(&self) -> Vec<String> {
        self.pair()
            .and_then(|pair| pair.get("testTrafficRoute"))
            .map(|route| strings(route, "listenerArns"))
            .unwrap_or_default()
    }

    /// The two target groups.
    pub(super) fn target_groups(&self, world: &World, place: &Place) -> Vec<TargetGroup> {
        let groups = self
            .pair()
            .map(|pair| array(pair, "targetGroups"))
            .unwrap_or_default();
        let names = groups.iter().filter_map(|group| text(group, "name"));
        names.map(|name| world.elb.named(place, name)).collect()
    }

    /// ARN of the service, by the names that the group has.
    pub(super) fn service(&self, place: &Place) -> String {
        let service = array(&self.settings, "ecsServices").first();
        let name = |member: &str| {
            service
                .and_then(|service| text(service, member))
                .unwrap_or_default()
        };
        place.arn(
            "ecs",
            &format!("service/{}/{}", name("clusterName"), name("serviceName")),
        )
    }
}

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let platform = applications::find(world, call)?.platform.clone();
    let application = name(call, "applicationName", "Application")?.to_owned();
    let name = name(call, "deploymentGroupName", "DeploymentGroup")?.to_owned();
    if platform != "ECS" {
        return Err(ApiError::new(
            "InvalidComputePlatformException",
            format!("deployment groups of the compute platform {platform} are not simulated"),
        ));
    }
    let key = (call.place(), application, name.clone());
    if world.codedeploy.groups.contains_key(&key) {
        return Err(ApiError::new(
            "DeploymentGroupAlreadyExistsException",
            format!("Deployment group already exists with name: {name}"),
        ));
    }
    let mut settings = json!({"deploymentConfigName": configs::ALL_AT_ONCE});
    for member in SETTINGS {
        put(&mut settings, member, call.member(member).cloned());
    }
    let group = Group {
        id: world.ids.uuid(),
        settings,
        tags: call.list("tags").to_vec(),
    };
    check(world, &call.place(), &group)?;
    adopt_listeners(world, &call.place(), &group);
    let answer = json!({"deploymentGroupId": group.id});
    world.codedeploy.groups.insert(key, group);
    Ok(answer)
}

pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    applications::find(world, call)?;
    let application = name(call, "applicationName", "Application")?.to_owned();
    let current = name(call, "currentDeploymentGroupName", "DeploymentGroup")?.to_owned();
    let key = (call.place(), application.clone(), current.clone());
    let Some(held) = world.codedeploy.groups.get(&key) else {
        return Err(missing(&current));
    };
    let mut changed = Group {
        id: held.id.clone(),
        settings: held.settings.clone(),
        tags: held.tags.clone(),
    };
    for member in SETTINGS {
        put(&mut changed.settings, member, call.member(member).cloned());
    }
    check(world, &call.place(), &changed)?;
    let renamed = call
        .str("newDeploymentGroupName")
        .unwrap_or(&current)
        .to_owned();
    let new_key = (call.place(), application, renamed.clone());
    if renamed != current && world.codedeploy.groups.contains_key(&new_key) {
        return Err(ApiError::new(
            "DeploymentGroupAlreadyExistsException",
            format!("Deployment group already exists with name: {renamed}"),
        ));
    }
    adopt_listeners(world, &call.place(), &changed);
    world.codedeploy.groups.remove(&key);
    world.codedeploy.groups.insert(new_key, changed);
    Ok(json!({"hooksNotCleanedUp": []}))
}

/// The group that a call names.
pub(super) fn find<'a>(world: &'a World, call: &Call) -> Result<&'a Group, ApiError> {
    applications::find(world, call)?;
    let application = name(call, "applicationName", "Application")?.to_owned();
    let group = name(call, "deploymentGroupName", "DeploymentGroup")?.to_owned();
    let key = (call.place(), application, group.clone());
    world
        .codedeploy
        .groups
        .get(&key)
        .ok_or_else(|| missing(&group))
}

fn missing(name: &str) -> ApiError {
    ApiError::new(
        "DeploymentGroupDoesNotExistException",
        format!("No Deployment Group found for name: {name}"),
    )
}

pub(super) fn get(world: &mut World, call: &Call) -> Answer {
    find(world, call)?;
    let name = call.str("deploymentGroupName").unwrap_or_default();
    Ok(json!({"deploymentGroupInfo": describe(world, call, name)}))
}

pub(super) fn batch_get(world: &mut World, call: &Call) -> Answer {
    applications::find(world, call)?;
    let names = call.strings("deploymentGroupNames");
    let found: Vec<Value> = names
        .iter()
        .map(|name| describe(world, call, name))
        .filter(|info| !info.is_null())
        .collect();
    let mut answer = json!({"deploymentGroupsInfo": found});
    if found_less(&names, &answer) {
        put(
            &mut answer,
            "errorMessage",
            Some("Some deployment groups do not exist"),
        );
    }
    Ok(answer)
}

fn found_less(names: &[String], answer: &Value) -> bool {
    array(answer, "deploymentGroupsInfo").len() < names.len()
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    applications::find(world, call)?;
    let application = call.str("applicationName").unwrap_or_default();
    let place = call.place();
    let names: Vec<Value> = world
        .codedeploy
        .groups
        .keys()
        .filter(|(held, of, _)| *held == place && of == application)
        .map(|(_, _, name)| Value::from(name.clone()))
        .collect();
    let mut answer = super::paged(call, "deploymentGroups", names)?;
    put(&mut answer, "applicationName", Some(application));
    Ok(answer)
}

/// Deleting what is not there succeeds.
pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let application = name(call, "applicationName", "Application")?.to_owned();
    let group = name(call, "deploymentGroupName", "DeploymentGroup")?.to_owned();
    world
        .codedeploy
        .groups
        .remove(&(call.place(), application, group));
    Ok(json!({"hooksNotCleanedUp": []}))
}

fn describe(world: &World, call: &Call, name: &str) -> Value {
    let application = call.str("applicationName").unwrap_or_default();
    let key = (call.place(), application.to_owned(), name.to_owned());
    let Some(group) = world.codedeploy.groups.get(&key) else {
        return Value::Null;
    };
    let mut info = json!({
        "applicationName": application,
        "deploymentGroupId": group.id,
        "deploymentGroupName": name,
        "computePlatform": "ECS",
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "triggerConfigurations": [],
        "outdatedInstancesStrategy": "UPDATE",
        "terminationHookEnabled": false,
    });
    for member in SETTINGS {
        put(&mut info, member, group.settings.get(member).cloned());
    }
    let mut own: Vec<&Deployment> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| held.place == key.0 && held.application == key.1 && held.group == name)
        .collect();
    own.sort_by_key(|held| held.number);
    let brief = |held: &Deployment| {
        let mut brief = json!({
            "deploymentId": held.id,
            "status": held.status.name(),
            "createTime": epoch(held.created_at),
        });
        put(&mut brief, "endTime", held.completed_at.map(epoch));
        brief
    };
    let succeeded = own
        .iter()
        .rev()
        .find(|held| held.status == super::deployment::Status::Succeeded);
    put(
        &mut info,
        "lastSuccessfulDeployment",
        succeeded.map(|held| brief(held)),
    );
    put(
        &mut info,
        "lastAttemptedDeployment",
        own.last().map(|held| brief(held)),
    );
    put(
        &mut info,
        "targetRevision",
        own.last().map(|held| json!({"revisionType": "AppSpecContent", "appSpecContent": {"sha256": held.sha256}})),
    );
    info
}
