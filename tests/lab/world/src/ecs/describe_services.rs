//! DescribeServices and ListServices.

use serde_json::{Value, json};

use super::{
    Controller, Fleet, Service, events, fleet, invalid, service, service::ServiceStatus,
    service_revisions, steadiness,
};
use crate::{
    World,
    call::{Answer, Call, array, epoch, put},
};

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    super::cluster::find(world, call)?;
    let references = call.strings("services");
    if references.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if references.len() > 10 {
        return Err(invalid("Services can have at most 10 items."));
    }
    let with_tags = array(call.input, "include")
        .iter()
        .any(|what| what == "TAGS");
    let mut services = Vec::new();
    let mut failures = Vec::new();
    for reference in references {
        let arn = service::arn_of(world, call, &reference)?;
        if world.ecs.services.contains_key(&arn) {
            services.push(describe_one(world, &arn, with_tags));
        } else {
            failures.push(json!({"arn": arn, "reason": "MISSING"}));
        }
    }
    Ok(json!({"services": services, "failures": failures}))
}

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let cluster = super::cluster::find(world, call)?;
    let launch_type = call.str("launchType");
    let arns = world
        .ecs
        .services
        .values()
        .filter(|held| held.cluster_arn == cluster && held.is_active())
        .filter(|held| {
            launch_type.is_none_or(|wanted| held.settings.get("launchType") == Some(&json!(wanted)))
        })
        .map(|held| Value::from(held.arn.clone()))
        .collect();
    super::paged(call, "serviceArns", arns, 10)
}

pub(super) fn describe_one(world: &World, arn: &str, with_tags: bool) -> Value {
    let Some(held) = world.ecs.services.get(arn) else {
        return Value::Null;
    };
    let counts: Vec<fleet::Counts> = held
        .fleets
        .iter()
        .map(|of| fleet::counts(world, arn, &of.id))
        .collect();
    let mut described = json!({
        "serviceArn": held.arn,
        "serviceName": held.name,
        "clusterArn": held.cluster_arn,
        "status": match held.status {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive => "INACTIVE",
        },
        "desiredCount": held.desired,
        "runningCount": counts.iter().map(|count| u64::from(count.running)).sum::<u64>(),
        "pendingCount": counts.iter().map(|count| u64::from(count.pending)).sum::<u64>(),
        "taskDefinition": held.task_definition,
        "deploymentConfiguration": held.configuration,
        "deploymentController": {"type": held.controller.name()},
        "events": events::listed(&held.events),
        "createdAt": epoch(held.created_at),
        "createdBy": held.created_by,
        "loadBalancers": [],
        "serviceRegistries": [],
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "roleArn": format!(
            "arn:aws:iam::{}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
            held.place.account
        ),
    });
    let shown = |(name, _): &(&String, &Value)| !service::NOT_SHOWN.contains(&name.as_str());
    for (name, value) in held.settings.iter().chain(&held.extras).filter(shown) {
        put(&mut described, name, Some(value.clone()));
    }
    let (deployments, task_sets): (Vec<Value>, Vec<Value>) = match held.controller {
        Controller::Ecs => {
            put(
                &mut described,
                "currentServiceDeployment",
                held.current_deployment.clone(),
            );
            let revisions = service_revisions::current_revisions(world, arn);
            put(&mut described, "currentServiceRevisions", Some(revisions));
            (
                held.fleets
                    .iter()
                    .map(|of| deployment(world, held, of))
                    .collect(),
                Vec::new(),
            )
        }
        Controller::CodeDeploy | Controller::External => (
            Vec::new(),
            held.fleets
                .iter()
                .map(|of| task_set(world, held, of))
                .collect(),
        ),
    };
    put(&mut described, "deployments", Some(deployments));
    put(
        &mut described,
        "taskSets",
        (!task_sets.is_empty()).then_some(task_sets),
    );
    put(
        &mut described,
        "tags",
        with_tags.then(|| super::tags::of(world, arn)),
    );
    described
}

/// A fleet as an entry of `deployments`.
fn deployment(world: &World, service: &Service, of: &Fleet) -> Value {
    let counts = fleet::counts(world, &service.arn, &of.id);
    let mut described = json!({
        "id": of.id,
        "status": of.status.name(),
        "taskDefinition": of.task_definition,
        "desiredCount": of.goal,
        "pendingCount": counts.pending,
        "runningCount": counts.running,
        "failedTasks": of.failed,
        "createdAt": epoch(of.created_at),
        "updatedAt": epoch(of.updated_at),
        "rolloutState": of.rollout.name(),
        "rolloutStateReason": of.reason,
    });
    for name in [
        "launchType",
        "capacityProviderStrategy",
        "platformVersion",
        "platformFamily",
        "networkConfiguration",
        "serviceConnectConfiguration",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
    ] {
        put(&mut described, name, of.settings.get(name).cloned());
    }
    described
}

/// A fleet as an entry of `taskSets`.
pub(super) fn task_set(world: &World, service: &Service, of: &Fleet) -> Value {
    let counts = fleet::counts(world, &service.arn, &of.id);
    let stable = steadiness::fleet_is_stable(world, &service.arn, &of.id);
    let name = format!(
        "task-set/{}/{}/{}",
        service.cluster_name(),
        service.name,
        of.id
    );
    let mut described = json!({
        "id": of.id,
        "taskSetArn": service.place.arn("ecs", &name),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "status": of.status.name(),
        "taskDefinition": of.task_definition,
        "computedDesiredCount": of.goal,
        "pendingCount": counts.pending,
        "runningCount": counts.running,
        "createdAt": epoch(of.created_at),
        "updatedAt": epoch(of.updated_at),
        "scale": {"value": of.scale, "unit": "PERCENT"},
        "stabilityStatus": if stable { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": epoch(of.stable_at.unwrap_or(of.updated_at)),
        "tags": [],
    });
    put(&mut described, "startedBy", of.started_by.clone());
    put(&mut described, "externalId", of.external_id.clone());
    for (name, value) in &of.settings {
        put(&mut described, name, Some(value.clone()));
    }
    described
}
