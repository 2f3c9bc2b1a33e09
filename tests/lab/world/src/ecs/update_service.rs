//! UpdateService.

use serde_json::{Value, json};

use super::{
    Controller, describe_services, invalid, native, rolling, scheduler, service, task_definitions,
};
use crate::{
    World,
    call::{Answer, ApiError, Call, array},
};

pub(super) fn update(world: &mut World, call: &Call) -> Answer {
    let arn = service::active(world, call)?;
    let Some(held) = world.ecs.services.get(&arn) else {
        return Err(service::not_found());
    };
    let controller = held.controller;
    let place = held.place.clone();
    match controller {
        Controller::Ecs => {}
        Controller::CodeDeploy => refuse_codedeploy(call)?,
        Controller::External => refuse_external(call)?,
    }
    if let Some(configuration) = call.member("deploymentConfiguration") {
        service::check_configuration(configuration)?;
    }
    let mut merged = held.configuration.clone();
    if let (Some(Value::Object(changes)), Some(members)) = (
        call.member("deploymentConfiguration"),
        merged.as_object_mut(),
    ) {
        members.extend(changes.clone());
    }
    let balancers = match call.member("loadBalancers") {
        Some(_) => call.list("loadBalancers").to_vec(),
        None => held.load_balancers().to_vec(),
    };
    let lattices = match call.member("vpcLatticeConfigurations") {
        Some(_) => call.list("vpcLatticeConfigurations").to_vec(),
        None => array(
            &Value::Object(held.settings.clone()),
            "vpcLatticeConfigurations",
        )
        .to_vec(),
    };
    native::check_traffic(&merged, &balancers, &lattices)?;
    let definition = match call.str("taskDefinition") {
        Some(reference) => Some(
            task_definitions::runnable(world, &place, reference)?
                .arn
                .clone(),
        ),
        None => None,
    };
    let count = service::desired_count(call)?;
    let Some(held) = world.ecs.services.get_mut(&arn) else {
        return Err(ApiError::new(
            "ServiceNotFoundException",
            "Service not found.",
        ));
    };
    let mut deploys = call.flag("forceNewDeployment") == Some(true);
    if let Some(count) = count {
        held.desired = count;
    }
    if let Some(definition) = definition {
        deploys |= held.task_definition != definition;
        held.task_definition = definition;
    }
    for name in service::SETTINGS {
        if let Some(value) = call.member(name) {
            let before = held.settings.insert((*name).to_owned(), value.clone());
            deploys |= before.as_ref() != Some(value);
        }
    }
    for name in service::EXTRAS {
        if let Some(value) = call.member(name) {
            held.extras.insert((*name).to_owned(), value.clone());
        }
    }
    held.configuration = merged;
    if controller == Controller::Ecs && deploys {
        start(world, &arn);
    } else if count.is_some() {
        rescale(world, &arn);
    }
    Ok(json!({"service": describe_services::describe_one(world, &arn, true)}))
}

fn start(world: &mut World, arn: &str) {
    if world.ecs.services.get(arn).is_some_and(native::is_native) {
        native::start(world, arn);
    } else {
        rolling::start(world, arn);
    }
}

/// Gives every fleet its share of a changed desired count.
pub(crate) fn rescale(world: &mut World, arn: &str) {
    let native = native::is_under_way(world, arn);
    let Some(held) = world.ecs.services.get_mut(arn) else {
        return;
    };
    let desired = held.desired;
    let controller = held.controller;
    for of in &mut held.fleets {
        match controller {
            // Green grows only at its stage, and a fleet that goes away stays away.
            Controller::Ecs if native => {
                if of.goal > 0 {
                    of.goal = desired;
                }
            }
            Controller::Ecs => {
                if of.is_primary() {
                    of.goal = desired;
                }
            }
            Controller::CodeDeploy | Controller::External => {
                of.goal = super::task_sets::scaled(desired, of.scale);
            }
        }
    }
    scheduler::again_in(world, arn, 1);
}

/// What only CodeDeploy may change on its services.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html>
fn refuse_codedeploy(call: &Call) -> Result<(), ApiError> {
    let refused = [
        ("taskDefinition", "Unable to update task definition"),
        (
            "networkConfiguration",
            "Unable to update network parameters",
        ),
        ("loadBalancers", "Unable to update load balancers"),
        ("platformVersion", "Unable to update platform version"),
        (
            "capacityProviderStrategy",
            "Unable to update capacity provider strategy",
        ),
        ("serviceRegistries", "Unable to update service registries"),
    ];
    for (member, message) in refused {
        if call.member(member).is_some() {
            return Err(invalid(format!(
                "{message} on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment."
            )));
        }
    }
    if call.flag("forceNewDeployment") == Some(true) {
        return Err(invalid(
            "Cannot force a new deployment on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        ));
    }
    Ok(())
}

fn refuse_external(call: &Call) -> Result<(), ApiError> {
    for member in [
        "taskDefinition",
        "networkConfiguration",
        "loadBalancers",
        "platformVersion",
    ] {
        if call.member(member).is_some() {
            return Err(invalid(format!(
                "{member} cannot be updated on services with an EXTERNAL deployment controller."
            )));
        }
    }
    Ok(())
}
