//! DeleteService: the service drains, then it is INACTIVE.

use serde_json::json;

use super::{
    describe_services, fleet::FleetStatus, invalid, scheduler, service, service::ServiceStatus,
};
use crate::{
    World,
    call::{Answer, Call},
};

pub(super) fn delete(world: &mut World, call: &Call) -> Answer {
    let arn = service::active(world, call)?;
    let Some(held) = world.ecs.services.get_mut(&arn) else {
        return Err(service::not_found());
    };
    if held.desired > 0 && call.flag("force") != Some(true) {
        return Err(invalid(
            "The service cannot be stopped while it is scaled above 0.",
        ));
    }
    held.status = ServiceStatus::Draining;
    held.desired = 0;
    for of in &mut held.fleets {
        of.goal = 0;
        of.status = FleetStatus::Draining;
    }
    scheduler::again_in(world, &arn, 1);
    Ok(json!({"service": describe_services::describe_one(world, &arn, true)}))
}
