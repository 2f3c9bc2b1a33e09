//! ListServiceDeployments and DescribeServiceDeployments.

use serde_json::{Value, json};

use super::{
    failure_detection, fleet, native, service, service_deployments::ServiceDeployment,
    service_revisions::limit,
};
use crate::{
    World,
    call::{Answer, Call, epoch, put, strings},
};

/// How far back a filter by time may reach at least: AWS says three months, and these are the shortest
/// ones. <https://github.com/hashicorp/terraform-provider-aws/issues/43445>
const MAX_AGE_SECONDS: f64 = 89.0 * 86_400.0;

pub(super) fn list(world: &mut World, call: &Call) -> Answer {
    let reference = call.required(
        "service",
        "InvalidParameterException",
        "Service name must be specified.",
    )?;
    let service = service::find(world, call, reference)?;
    let statuses = call.strings("status");
    let seconds = |pointer: &str| call.input.pointer(pointer).and_then(Value::as_f64);
    let (after, before) = (seconds("/createdAt/after"), seconds("/createdAt/before"));
    let oldest = epoch(world.now).as_f64().unwrap_or_default() - MAX_AGE_SECONDS;
    if [after, before].iter().flatten().any(|at| *at < oldest) {
        return Err(super::invalid(
            "Before and After time filter must be within the last 3 months.",
        ));
    }
    let mut found: Vec<&ServiceDeployment> = world
        .ecs
        .deployments
        .values()
        .filter(|held| held.service == service)
        .filter(|held| {
            statuses.is_empty() || statuses.iter().any(|name| name == held.status.name())
        })
        .filter(|held| {
            let created = epoch(held.created_at).as_f64().unwrap_or_default();
            after.is_none_or(|after| created > after)
                && before.is_none_or(|before| created < before)
        })
        .collect();
    // No document promises an order, so that nobody may rely on the newest coming first.
    found.sort_by_key(|held| (held.created_at, held.started_at));
    let briefs = found.into_iter().map(brief).collect();
    super::paged(call, "serviceDeployments", briefs, 20)
}

fn brief(held: &ServiceDeployment) -> Value {
    let mut brief = json!({
        "serviceDeploymentArn": held.arn,
        "serviceArn": held.service,
        "clusterArn": held.cluster,
        "createdAt": epoch(held.created_at),
        "targetServiceRevisionArn": held.target,
        "status": held.status.name(),
    });
    put(&mut brief, "startedAt", held.started_at.map(epoch));
    put(&mut brief, "finishedAt", held.finished_at.map(epoch));
    put(&mut brief, "statusReason", held.status_reason.clone());
    brief
}

pub(super) fn describe(world: &mut World, call: &Call) -> Answer {
    let arns = call.strings("serviceDeploymentArns");
    limit(&arns, "serviceDeploymentArns")?;
    let mut described = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match world.ecs.deployments.get(&arn) {
            Some(held) => described.push(describe_one(world, held)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceDeployments": described, "failures": failures}))
}

fn describe_one(world: &World, held: &ServiceDeployment) -> Value {
    let mut described = brief(held);
    if let Some(members) = described.as_object_mut() {
        members.remove("targetServiceRevisionArn");
    }
    put(&mut described, "updatedAt", Some(epoch(held.updated_at)));
    put(&mut described, "stoppedAt", held.stopped_at.map(epoch));
    put(
        &mut described,
        "deploymentConfiguration",
        Some(held.configuration.clone()),
    );
    // Of several sources the one that serves is the one that completed last: it comes first.
    let serving = held.sources.first().map(String::as_str).unwrap_or_default();
    let sources: Vec<Value> = held
        .sources
        .iter()
        .map(|arn| {
            let mut source = summary(world, &held.service, arn);
            weigh(
                &mut source,
                held.native
                    .as_ref()
                    .and_then(|native| native.source_weights(arn == serving)),
            );
            source
        })
        .collect();
    put(&mut described, "sourceServiceRevisions", Some(sources));
    let mut target = summary(world, &held.service, &held.target);
    weigh(
        &mut target,
        held.native.as_ref().map(native::Native::target_weights),
    );
    put(&mut described, "targetServiceRevision", Some(target));
    if let Some(pause) = &held.pause {
        let details = native::pause_details(pause);
        put(&mut described, "lifecycleHookDetails", Some(details));
        let stage = pause.is_open().then(|| pause.stage_name());
        put(&mut described, "lifecycleStage", stage);
    }
    if let Some(native) = &held.native {
        put(&mut described, "lifecycleStage", Some(native.stage_name()));
        put(
            &mut described,
            "lifecycleHookDetails",
            Some(native::hook_details(native)),
        );
    }
    put(
        &mut described,
        "rollback",
        held.rollback.as_ref().map(|rollback| {
            json!({
                "reason": rollback.reason,
                "startedAt": epoch(rollback.started_at),
                "serviceRevisionArn": rollback.revision,
            })
        }),
    );
    put(
        &mut described,
        "deploymentCircuitBreaker",
        Some(breaker_status(world, held)),
    );
    put(&mut described, "alarms", alarm_status(world, held));
    described
}

fn breaker_status(world: &World, held: &ServiceDeployment) -> Value {
    let service = world.ecs.services.get(&held.service);
    let Some(breaker) = service.and_then(failure_detection::breaker) else {
        return json!({"status": "DISABLED", "failureCount": 0, "threshold": 0});
    };
    let live = service
        .and_then(|service| service.fleet(&held.fleet))
        .map_or(0, |of| of.failed);
    let (count, triggered) = held.breaker.unwrap_or((live, false));
    let status = if triggered {
        "TRIGGERED"
    } else if held.status.is_over() {
        "MONITORING_COMPLETE"
    } else {
        "MONITORING"
    };
    json!({"status": status, "failureCount": count, "threshold": breaker.threshold})
}

fn alarm_status(world: &World, held: &ServiceDeployment) -> Option<Value> {
    let configured = held.configuration.get("alarms")?;
    let names = strings(configured, "alarmNames");
    let place = crate::call::Place::of_arn(&held.service)?;
    let triggered: Vec<&String> = names
        .iter()
        .filter(|name| world.alarms.is_on(&place, name))
        .collect();
    let status = if configured.get("enable") != Some(&Value::Bool(true)) {
        "DISABLED"
    } else if !triggered.is_empty() {
        "TRIGGERED"
    } else if held.status.is_over() {
        "MONITORING_COMPLETE"
    } else {
        "MONITORING"
    };
    Some(json!({"status": status, "alarmNames": names, "triggeredAlarmNames": triggered}))
}

/// Adds the test and production weights of a native deployment.
fn weigh(revision: &mut Value, weights: Option<(f64, f64)>) {
    if let Some((test, production)) = weights {
        put(revision, "requestedTestTrafficWeight", Some(test));
        put(
            revision,
            "requestedProductionTrafficWeight",
            Some(production),
        );
    }
}

/// A revision with the tasks that run it now.
pub(super) fn summary(world: &World, service: &str, revision: &str) -> Value {
    let of = world
        .ecs
        .services
        .get(service)
        .and_then(|held| held.fleets.iter().find(|of| of.revision == revision));
    let counts = of
        .map(|of| fleet::counts(world, service, &of.id))
        .unwrap_or_default();
    json!({
        "arn": revision,
        "requestedTaskCount": of.map_or(0, |of| of.goal),
        "runningTaskCount": counts.running,
        "pendingTaskCount": counts.pending,
    })
}
