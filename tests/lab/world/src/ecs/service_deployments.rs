//! Service deployments and service revisions: the history that ECS keeps of each rollout.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{failure_detection, fleet, invalid, service, task_definitions};
use crate::{
    World,
    call::{Answer, ApiError, Call, array, epoch, put, strings, text},
};

/// `status` of a service deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    InProgress,
    Successful,
    Stopped,
    RollbackInProgress,
    RollbackSuccessful,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
        }
    }

    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Successful | Self::Stopped | Self::RollbackSuccessful => true,
            Self::Pending | Self::InProgress | Self::RollbackInProgress => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Rollback {
    reason: String,
    started_at: Timestamp,
    revision: String,
}

/// One rollout of a service, as its history shows it.
#[derive(Debug)]
pub(super) struct ServiceDeployment {
    pub(super) arn: String,
    pub(super) service: String,
    cluster: String,
    pub(super) fleet: String,
    sources: Vec<String>,
    pub(super) target: String,
    pub(super) status: Status,
    pub(super) status_reason: Option<String>,
    configuration: Value,
    rollback: Option<Rollback>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    updated_at: Timestamp,
    finished_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    /// Failures counted when the deployment ended, and whether they ended it.
    breaker: Option<(u32, bool)>,
}

/// A service as it was when a deployment began.
#[derive(Debug)]
pub(super) struct ServiceRevision {
    arn: String,
    service: String,
    cluster: String,
    definition: String,
    settings: Map<String, Value>,
    images: Vec<Value>,
    created_at: Timestamp,
}

/// Records the service as it is now; answers with the revision's ARN.
pub(super) fn new_revision(world: &mut World, service: &str) -> String {
    let Some(held) = world.ecs.services.get(service) else {
        return String::new();
    };
    let name = format!(
        "service-revision/{}/{}/{}",
        held.cluster_name(),
        held.name,
        world.ids.digits()
    );
    let arn = held.place.arn("ecs", &name);
    let mut images = Vec::new();
    let definition = task_definitions::lookup(world, &held.place, &held.task_definition);
    for container in definition
        .map(|found| found.containers())
        .unwrap_or_default()
    {
        let image = text(container, "image").unwrap_or_default();
        let mut entry = json!({"containerName": text(container, "name"), "image": image});
        put(
            &mut entry,
            "imageDigest",
            world.ecr.pull(image).map(|pulled| pulled.digest),
        );
        images.push(entry);
    }
    let revision = ServiceRevision {
        arn: arn.clone(),
        service: service.to_owned(),
        cluster: held.cluster_arn.clone(),
        definition: held.task_definition.clone(),
        settings: held.settings.clone(),
        images,
        created_at: world.now,
    };
    world.ecs.revisions.insert(arn.clone(), revision);
    arn
}

/// Opens the record of a rollout; one that is still open is superseded.
pub(super) fn begin(
    world: &mut World,
    service: &str,
    fleet: &str,
    revision: &str,
    sources: Vec<String>,
) {
    let now = world.now;
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let id = world.ids.mixed(21);
    let name = format!(
        "service-deployment/{}/{}/{id}",
        held.cluster_name(),
        held.name
    );
    let arn = held.place.arn("ecs", &name);
    let deployment = ServiceDeployment {
        arn: arn.clone(),
        service: service.to_owned(),
        cluster: held.cluster_arn.clone(),
        fleet: fleet.to_owned(),
        sources,
        target: revision.to_owned(),
        status: Status::Pending,
        status_reason: None,
        configuration: held.configuration.clone(),
        rollback: None,
        created_at: now,
        started_at: None,
        updated_at: now,
        finished_at: None,
        stopped_at: None,
        breaker: None,
    };
    fail(
        world,
        service,
        Status::Stopped,
        &format!("Superseded by service deployment {arn}."),
    );
    world.ecs.deployments.insert(arn.clone(), deployment);
    if let Some(held) = world.ecs.services.get_mut(service) {
        held.current_deployment = Some(arn);
    }
}

/// The open rollout of a service, if any.
fn open<'a>(world: &'a mut World, service: &str) -> Option<&'a mut ServiceDeployment> {
    let arn = world
        .ecs
        .services
        .get(service)?
        .current_deployment
        .clone()?;
    world
        .ecs
        .deployments
        .get_mut(&arn)
        .filter(|held| !held.status.is_over())
}

/// Moves a pending rollout on.
pub(super) fn advance(world: &mut World, service: &str, status: Status) {
    let now = world.now;
    if let Some(held) = open(world, service)
        && held.status == Status::Pending
    {
        held.status = status;
        held.started_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout, or its rollback, is through.
pub(super) fn complete(world: &mut World, service: &str) {
    let now = world.now;
    if let Some(held) = open(world, service) {
        held.status = match held.status {
            Status::RollbackInProgress => Status::RollbackSuccessful,
            Status::Pending
            | Status::InProgress
            | Status::Successful
            | Status::Stopped
            | Status::RollbackSuccessful => Status::Successful,
        };
        held.started_at = held.started_at.or(Some(now));
        held.finished_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout ends without success and without a rollback.
pub(super) fn fail(world: &mut World, service: &str, status: Status, reason: &str) {
    let now = world.now;
    note_failures(world, service);
    if let Some(held) = open(world, service) {
        held.status = status;
        held.status_reason = Some(reason.to_owned());
        held.stopped_at = Some(now);
        held.finished_at = Some(now);
        held.updated_at = now;
    }
}

/// The rollout failed and goes back to another revision.
pub(super) fn roll_back(world: &mut World, service: &str, revision: &str, reason: &str) {
    let now = world.now;
    note_failures(world, service);
    if let Some(held) = open(world, service) {
        held.status = Status::RollbackInProgress;
        held.status_reason = Some(reason.to_owned());
        held.rollback = Some(Rollback {
            reason: reason.to_owned(),
            started_at: now,
            revision: revision.to_owned(),
        });
        held.updated_at = now;
    }
}

/// Keeps the failure count that the circuit breaker saw: the fleet may be gone when it is asked for.
fn note_failures(world: &mut World, service: &str) {
    let Some(held) = world.ecs.services.get(service) else {
        return;
    };
    let Some(breaker) = failure_detection::breaker(held) else {
        return;
    };
    let counts: Vec<(String, u32)> = held
        .fleets
        .iter()
        .map(|of| (of.id.clone(), of.failed))
        .collect();
    if let Some(deployment) = open(world, service) {
        let failed = counts
            .iter()
            .find(|(id, _)| *id == deployment.fleet)
            .map_or(0, |(_, failed)| *failed);
        deployment.breaker = Some((failed, failed >= breaker.threshold));
    }
}

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
    found.sort_by_key(|held| std::cmp::Reverse((held.created_at, held.started_at)));
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

fn limit(arns: &[String], name: &str) -> Result<(), ApiError> {
    if arns.is_empty() {
        return Err(invalid(format!("{name} cannot be empty.")));
    }
    if arns.len() > 20 {
        return Err(invalid(format!("{name} can have at most 20 items.")));
    }
    Ok(())
}

fn describe_one(world: &World, held: &ServiceDeployment) -> Value {
    let mut described = brief(held);
    put(&mut described, "targetServiceRevisionArn", None::<Value>);
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
    let sources: Vec<Value> = held
        .sources
        .iter()
        .map(|arn| summary(world, &held.service, arn))
        .collect();
    put(&mut described, "sourceServiceRevisions", Some(sources));
    put(
        &mut described,
        "targetServiceRevision",
        Some(summary(world, &held.service, &held.target)),
    );
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

/// A revision with the tasks that run it now.
fn summary(world: &World, service: &str, revision: &str) -> Value {
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

/// `currentServiceRevisions` of a service.
pub(super) fn current_revisions(world: &World, service: &str) -> Vec<Value> {
    let fleets = world
        .ecs
        .services
        .get(service)
        .map(|held| held.fleets.as_slice())
        .unwrap_or_default();
    fleets
        .iter()
        .filter(|of| !of.revision.is_empty())
        .map(|of| summary(world, service, &of.revision))
        .collect()
}

pub(super) fn revisions(world: &mut World, call: &Call) -> Answer {
    let arns = call.strings("serviceRevisionArns");
    limit(&arns, "serviceRevisionArns")?;
    let mut described = Vec::new();
    let mut failures = Vec::new();
    for arn in arns {
        match world.ecs.revisions.get(&arn) {
            Some(held) => described.push(describe_revision(held)),
            None => failures.push(json!({"arn": arn, "reason": "MISSING"})),
        }
    }
    Ok(json!({"serviceRevisions": described, "failures": failures}))
}

fn describe_revision(held: &ServiceRevision) -> Value {
    let mut described = json!({
        "serviceRevisionArn": held.arn,
        "serviceArn": held.service,
        "clusterArn": held.cluster,
        "taskDefinition": held.definition,
        "containerImages": held.images,
        "guardDutyEnabled": false,
        "createdAt": epoch(held.created_at),
    });
    for (name, value) in &held.settings {
        put(&mut described, name, Some(value.clone()));
    }
    let balancers = Value::Object(held.settings.clone());
    let resolved: Vec<Value> = array(&balancers, "loadBalancers")
        .iter()
        .map(|balancer| json!({"targetGroupArn": text(balancer, "targetGroupArn")}))
        .collect();
    put(
        &mut described,
        "resolvedConfiguration",
        (!resolved.is_empty()).then(|| json!({"loadBalancers": resolved})),
    );
    described
}
