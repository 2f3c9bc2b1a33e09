//! CreateService.

use serde_json::{Map, Value, json};

use super::{
    Controller, Service, describe_services, events, invalid, native, register, rolling, service,
    service::ServiceStatus, task_definitions, task_sets,
};
use crate::{
    World,
    call::{Answer, ApiError, Call, array},
};

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let name = call.required(
        "serviceName",
        "InvalidParameterException",
        "serviceName cannot be empty.",
    )?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.len() > 255 || !name.bytes().all(allowed) {
        return Err(invalid(
            "Identifier is not valid: service names are up to 255 letters, numbers, hyphens and underscores.",
        ));
    }
    let controller = Controller::parse(call.member("deploymentController"))?;
    let configuration = configuration(call, controller)?;
    let cluster_arn = super::cluster::find(world, call)?;
    let arn = service::arn_of(world, call, name)?;
    if world.ecs.services.get(&arn).is_some_and(Service::is_active) {
        return Err(invalid("Creation of service was not idempotent."));
    }
    let task_definition = definition(world, call, controller)?;
    check_balancers(world, call, controller, &task_definition)?;
    native::check_traffic(
        &configuration,
        call.list("loadBalancers"),
        call.list("vpcLatticeConfigurations"),
    )?;
    let desired = service::desired_count(call)?;
    let service = Service {
        arn: arn.clone(),
        name: name.to_owned(),
        cluster_arn,
        place: call.place(),
        controller,
        status: ServiceStatus::Active,
        desired: desired.unwrap_or(if controller == Controller::External {
            0
        } else {
            1
        }),
        task_definition,
        settings: settings(call),
        extras: extras(call),
        configuration,
        fleets: Vec::new(),
        events: Vec::new(),
        created_at: world.now,
        created_by: register::principal_arn(call),
        current_deployment: None,
        steady: false,
    };
    world.ecs.services.insert(arn.clone(), service);
    super::tags::put(world, &arn, call.list("tags"));
    crate::listeners::adopt_service(world, &arn);
    native::adopt_rules(world, &arn);
    match controller {
        // There is nothing to shift from yet, whatever the strategy.
        Controller::Ecs => rolling::start(world, &arn),
        Controller::CodeDeploy => task_sets::create_first(world, &arn),
        Controller::External => events::note(world, &arn, "was created without task sets."),
    }
    Ok(json!({"service": describe_services::describe_one(world, &arn, true)}))
}

/// The deployment configuration with the defaults that Describe shows.
fn configuration(call: &Call, controller: Controller) -> Result<Value, ApiError> {
    let mut configuration = call
        .member("deploymentConfiguration")
        .cloned()
        .unwrap_or_else(|| json!({}));
    service::check_configuration(&configuration)?;
    if let Some(members) = configuration.as_object_mut() {
        members
            .entry("maximumPercent")
            .or_insert_with(|| json!(200));
        members
            .entry("minimumHealthyPercent")
            .or_insert_with(|| json!(100));
        if controller == Controller::Ecs {
            members
                .entry("strategy")
                .or_insert_with(|| json!("ROLLING"));
            members
                .entry("bakeTimeInMinutes")
                .or_insert_with(|| json!(0));
            members
                .entry("deploymentCircuitBreaker")
                .or_insert_with(|| json!({"enable": false, "rollback": false}));
        }
    }
    Ok(configuration)
}

fn definition(world: &World, call: &Call, controller: Controller) -> Result<String, ApiError> {
    match call.str("taskDefinition") {
        Some(reference) => Ok(task_definitions::runnable(world, &call.place(), reference)?
            .arn
            .clone()),
        None if controller == Controller::External => Ok(String::new()),
        None => Err(invalid("TaskDefinition can not be blank.")),
    }
}

/// Every load balancer must name a container of the task definition that maps the port.
pub(super) fn check_balancers(
    world: &World,
    call: &Call,
    controller: Controller,
    definition: &str,
) -> Result<(), ApiError> {
    let balancers = call.list("loadBalancers");
    if controller == Controller::CodeDeploy && balancers.is_empty() {
        return Err(invalid(
            "The service must have a load balancer: use a load balancer with the CODE_DEPLOY deployment controller.",
        ));
    }
    for balancer in balancers {
        let container = crate::call::text(balancer, "containerName").unwrap_or_default();
        let port = balancer
            .get("containerPort")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        if !task_definitions::maps_port(world, &call.place(), definition, container, port) {
            return Err(invalid(format!(
                "The container {container} did not have a container port {port} defined."
            )));
        }
    }
    let awsvpc = task_definitions::lookup(world, &call.place(), definition)
        .is_some_and(|held| held.described.get("networkMode") == Some(&json!("awsvpc")));
    let network = call
        .input
        .pointer("/networkConfiguration/awsvpcConfiguration");
    if awsvpc && network.is_none_or(|network| array(network, "subnets").is_empty()) {
        return Err(invalid(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ));
    }
    Ok(())
}

fn settings(call: &Call) -> Map<String, Value> {
    let mut settings = Map::new();
    for name in service::SETTINGS {
        if let Some(value) = call.member(name) {
            settings.insert((*name).to_owned(), value.clone());
        }
    }
    let fargate = settings.get("launchType") == Some(&json!("FARGATE"));
    if fargate || settings.contains_key("capacityProviderStrategy") {
        settings
            .entry("platformVersion")
            .or_insert_with(|| json!("LATEST"));
        settings
            .entry("platformFamily")
            .or_insert_with(|| json!("Linux"));
    }
    settings
}

fn extras(call: &Call) -> Map<String, Value> {
    let mut extras = Map::new();
    for name in service::EXTRAS {
        if let Some(value) = call.member(name) {
            extras.insert((*name).to_owned(), value.clone());
        }
    }
    extras
}
