//! What a deployment group must have, and what it does to its listeners.

use serde_json::Value;

use super::{configs, groups::Group};
use crate::{
    World,
    call::{ApiError, Place, array, text},
    ecs,
    elb::Role,
};

/// What an ECS group must have.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-groups-create-ecs.html>
pub(super) fn check(world: &World, place: &Place, group: &Group) -> Result<(), ApiError> {
    let settings = &group.settings;
    if text(settings, "serviceRoleArn")
        .unwrap_or_default()
        .is_empty()
    {
        return Err(ApiError::new(
            "RoleRequiredException",
            "A service role ARN must be specified",
        ));
    }
    configs::find(
        world,
        place,
        text(settings, "deploymentConfigName").unwrap_or_default(),
    )?;
    let style = |member: &str| {
        settings
            .get("deploymentStyle")
            .and_then(|style| text(style, member))
    };
    if style("deploymentType") != Some("BLUE_GREEN")
        || style("deploymentOption") != Some("WITH_TRAFFIC_CONTROL")
    {
        return Err(ApiError::new(
            "InvalidDeploymentStyleException",
            "For ECS deployment group, the deployment style must be BLUE_GREEN and WITH_TRAFFIC_CONTROL",
        ));
    }
    check_waits(settings)?;
    if group.target_groups(world, place).len() != 2 {
        return Err(ApiError::new(
            "InvalidTargetGroupPairException",
            "A target group pair needs exactly two target groups",
        ));
    }
    if group.production().len() != 1 {
        return Err(ApiError::new(
            "InvalidLoadBalancerInfoException",
            "The production traffic route needs exactly one listener",
        ));
    }
    if array(settings, "ecsServices").len() != 1 {
        return Err(ApiError::new(
            "InvalidECSServiceException",
            "Exactly one ECS service must be specified",
        ));
    }
    let service = group.service(place);
    if !ecs::task_sets::is_codedeploy(world.ecs.services.get(&service)) {
        return Err(ApiError::new(
            "InvalidECSServiceException",
            format!(
                "The ECS service {service} does not exist or does not have the deployment controller CODE_DEPLOY"
            ),
        ));
    }
    Ok(())
}

/// Behind a Network Load Balancer traffic moves all at once only. AWS says no more than that only
/// `CodeDeployDefault.ECSAllAtOnce` is supported; that a deployment is refused for it is assumed.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>
pub(super) fn check_routing(listeners: &[String], config: &str) -> Result<(), ApiError> {
    let is_network = |arn: &String| arn.contains(":listener/net/");
    if config != configs::ALL_AT_ONCE && listeners.iter().any(is_network) {
        return Err(ApiError::new(
            "InvalidTrafficRoutingConfigurationException",
            format!(
                "The deployment configuration {config} is not supported with a Network Load Balancer. Only {} is.",
                configs::ALL_AT_ONCE
            ),
        ));
    }
    Ok(())
}

fn check_waits(settings: &Value) -> Result<(), ApiError> {
    let refuse = |why: &str| ApiError::new("InvalidBlueGreenDeploymentConfigurationException", why);
    let configured = settings
        .get("blueGreenDeploymentConfiguration")
        .ok_or_else(|| refuse("The blue/green deployment configuration must be specified"))?;
    let minutes = |pointer: &str| {
        configured
            .pointer(pointer)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    if minutes("/terminateBlueInstancesOnDeploymentSuccess/terminationWaitTimeInMinutes") > 2880 {
        return Err(refuse(
            "The termination wait time can be at most 2880 minutes",
        ));
    }
    let wait = minutes("/deploymentReadyOption/waitTimeInMinutes");
    let action = configured
        .pointer("/deploymentReadyOption/actionOnTimeout")
        .and_then(Value::as_str);
    match action {
        Some("STOP_DEPLOYMENT") if wait == 0 || wait > 7200 => Err(refuse(
            "With STOP_DEPLOYMENT the wait time must be 1 to 7200 minutes",
        )),
        Some("CONTINUE_DEPLOYMENT") | None if wait > 0 => {
            Err(refuse("A wait time can only be given with STOP_DEPLOYMENT"))
        }
        Some("STOP_DEPLOYMENT" | "CONTINUE_DEPLOYMENT") | None => Ok(()),
        Some(other) => Err(refuse(&format!("actionOnTimeout {other} is not valid"))),
    }
}

/// From here on the group's listeners have a role, and forward to where the service runs.
pub(super) fn adopt_listeners(world: &mut World, place: &Place, group: &Group) {
    let service = group.service(place);
    let current = world
        .ecs
        .services
        .get(&service)
        .and_then(|held| held.primary())
        .and_then(|fleet| fleet.target_group.clone());
    let Some(current) = current.or_else(|| group.target_groups(world, place).into_iter().next())
    else {
        return;
    };
    for listener in group.production() {
        world.elb.claim(&listener, Role::Production, &current);
    }
    for listener in group.test() {
        world.elb.claim(&listener, Role::Test, &current);
    }
}
