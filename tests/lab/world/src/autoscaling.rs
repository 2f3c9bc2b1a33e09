//! Application Auto Scaling for ECS services: scalable targets, what is suspended, and scaling out.
//!
//! API: <https://docs.aws.amazon.com/autoscaling/application/APIReference/>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    World,
    call::{Answer, ApiError, Call, Place, epoch, page, put, text},
    codedeploy, ecs,
};

#[derive(Debug, Default)]
pub(crate) struct AutoScaling {
    targets: BTreeMap<(Place, String), Target>,
    policies: BTreeMap<(Place, String, String), Value>,
}

#[derive(Debug)]
struct Target {
    arn: String,
    resource: String,
    least: u64,
    most: u64,
    role: String,
    created_at: Timestamp,
    suspended: Suspended,
}

/// What is suspended of a target; nothing at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Suspended {
    scaling_in: bool,
    scaling_out: bool,
    scheduled: bool,
}

/// What became of an attempt to scale out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleOut {
    /// The desired count went up to this.
    Scaled(u32),
    /// Scaling out is suspended.
    Suspended,
    /// The service has as many tasks as it may have.
    AtMaximum,
    /// No scalable target, or no such service.
    NotScalable,
}

/// Operations that this module answers.
pub(crate) const OPERATIONS: &[&str] = &[
    "RegisterScalableTarget",
    "DescribeScalableTargets",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DescribeScalingPolicies",
    "DeleteScalingPolicy",
];

const DIMENSION: &str = "ecs:service:DesiredCount";

pub(crate) fn call(world: &mut World, call: &Call) -> Answer {
    match call.operation {
        "RegisterScalableTarget" => register(world, call),
        "DescribeScalableTargets" => describe(world, call),
        "DeregisterScalableTarget" => deregister(world, call),
        "PutScalingPolicy" => put_policy(world, call),
        "DescribeScalingPolicies" => describe_policies(world, call),
        "DeleteScalingPolicy" => delete_policy(world, call),
        other => Err(ApiError::new(
            "UnknownOperationException",
            format!("operation {other} is not simulated"),
        )),
    }
}

fn register(world: &mut World, call: &Call) -> Answer {
    let key = key(call)?;
    let service = service_arn(&key);
    if !world
        .ecs
        .services
        .get(&service)
        .is_some_and(ecs::Service::is_active)
    {
        return Err(validation(format!("ECS service doesn't exist: {}", key.1)));
    }
    let (least, most) = (call.number("MinCapacity"), call.number("MaxCapacity"));
    let suspension = call.member("SuspendedState");
    let now = world.now;
    let held = world.autoscaling.targets.get(&key);
    let bounds = (
        least.or(held.map(|held| held.least)),
        most.or(held.map(|held| held.most)),
    );
    let (Some(least), Some(most)) = bounds else {
        let missing = if bounds.0.is_none() {
            "MinCapacity"
        } else {
            "MaxCapacity"
        };
        return Err(validation(format!(
            "{missing} is required when registering a new scalable target"
        )));
    };
    if least > most {
        return Err(validation(
            "Maximum capacity cannot be less than minimum capacity",
        ));
    }
    let arn = key.0.arn(
        "application-autoscaling",
        &format!("scalable-target/{}", world.ids.hex(24)),
    );
    let role = format!(
        "arn:aws:iam::{}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService",
        key.0.account
    );
    let target = world
        .autoscaling
        .targets
        .entry(key.clone())
        .or_insert_with(|| Target {
            arn,
            resource: key.1.clone(),
            least,
            most,
            role: call.str("RoleARN").map_or(role, str::to_owned),
            created_at: now,
            suspended: Suspended::default(),
        });
    target.least = least;
    target.most = most;
    if let Some(suspension) = suspension {
        target.suspended.merge(suspension);
    }
    Ok(json!({"ScalableTargetARN": target.arn}))
}

impl Suspended {
    /// Only the members that are given change.
    fn merge(&mut self, given: &Value) {
        let flag = |name: &str| given.get(name).and_then(Value::as_bool);
        self.scaling_in = flag("DynamicScalingInSuspended").unwrap_or(self.scaling_in);
        self.scaling_out = flag("DynamicScalingOutSuspended").unwrap_or(self.scaling_out);
        self.scheduled = flag("ScheduledScalingSuspended").unwrap_or(self.scheduled);
    }
}

fn describe(world: &mut World, call: &Call) -> Answer {
    namespace(call)?;
    let place = call.place();
    let wanted = call.strings("ResourceIds");
    let found: Vec<Value> = world
        .autoscaling
        .targets
        .iter()
        .filter(|((held, resource), _)| {
            *held == place && (wanted.is_empty() || wanted.contains(resource))
        })
        .map(|(_, target)| {
            json!({
                "ServiceNamespace": "ecs",
                "ResourceId": target.resource,
                "ScalableDimension": DIMENSION,
                "MinCapacity": target.least,
                "MaxCapacity": target.most,
                "RoleARN": target.role,
                "CreationTime": epoch(target.created_at),
                "SuspendedState": {
                    "DynamicScalingInSuspended": target.suspended.scaling_in,
                    "DynamicScalingOutSuspended": target.suspended.scaling_out,
                    "ScheduledScalingSuspended": target.suspended.scheduled,
                },
                "ScalableTargetARN": target.arn,
            })
        })
        .collect();
    paged(call, "ScalableTargets", found)
}

fn deregister(world: &mut World, call: &Call) -> Answer {
    let key = key(call)?;
    if world.autoscaling.targets.remove(&key).is_none() {
        return Err(missing(&key.1));
    }
    world
        .autoscaling
        .policies
        .retain(|(place, resource, _), _| (place, resource) != (&key.0, &key.1));
    Ok(json!({}))
}

fn put_policy(world: &mut World, call: &Call) -> Answer {
    let (place, resource) = key(call)?;
    let name = call.required(
        "PolicyName",
        "ValidationException",
        "PolicyName must not be null",
    )?;
    if !world
        .autoscaling
        .targets
        .contains_key(&(place.clone(), resource.clone()))
    {
        return Err(missing(&resource));
    }
    let arn = place.arn(
        "autoscaling",
        &format!(
            "scalingPolicy:{}:resource/ecs/{resource}:policyName/{name}",
            world.ids.uuid()
        ),
    );
    let mut policy = call.input.clone();
    let defaults = json!({"PolicyARN": arn, "CreationTime": epoch(world.now), "Alarms": []});
    let created =
        world
            .autoscaling
            .policies
            .get(&(place.clone(), resource.clone(), name.to_owned()));
    for (member, value) in defaults.as_object().into_iter().flatten() {
        let value = created
            .and_then(|held| held.get(member))
            .unwrap_or(value)
            .clone();
        put(&mut policy, member, Some(value));
    }
    if text(&policy, "PolicyType").is_none() {
        put(&mut policy, "PolicyType", Some("StepScaling"));
    }
    let answer = json!({"PolicyARN": policy.get("PolicyARN"), "Alarms": []});
    world
        .autoscaling
        .policies
        .insert((place, resource, name.to_owned()), policy);
    Ok(answer)
}

fn describe_policies(world: &mut World, call: &Call) -> Answer {
    namespace(call)?;
    let place = call.place();
    let names = call.strings("PolicyNames");
    let resource = call.str("ResourceId");
    let found = world
        .autoscaling
        .policies
        .iter()
        .filter(|((held, of, name), _)| {
            *held == place
                && resource.is_none_or(|wanted| of == wanted)
                && (names.is_empty() || names.contains(name))
        })
        .map(|(_, policy)| policy.clone())
        .collect();
    paged(call, "ScalingPolicies", found)
}

fn delete_policy(world: &mut World, call: &Call) -> Answer {
    let (place, resource) = key(call)?;
    let name = call.str("PolicyName").unwrap_or_default().to_owned();
    match world.autoscaling.policies.remove(&(place, resource, name)) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::new(
            "ObjectNotFoundException",
            "No scaling policy found",
        )),
    }
}

fn paged(call: &Call, member: &str, items: Vec<Value>) -> Answer {
    let size = usize::try_from(call.number("MaxResults").unwrap_or(50)).unwrap_or(50);
    let (items, next) = page(items, call.str("NextToken"), size)
        .ok_or_else(|| ApiError::new("InvalidNextTokenException", "The next token is not valid"))?;
    let mut answer = json!({member: items});
    put(&mut answer, "NextToken", next);
    Ok(answer)
}

fn namespace(call: &Call) -> Result<(), ApiError> {
    match call.str("ServiceNamespace") {
        Some("ecs") => Ok(()),
        Some(other) => Err(validation(format!(
            "service namespace {other} is not simulated"
        ))),
        None => Err(validation(
            "1 validation error detected: Value null at 'serviceNamespace' failed to satisfy constraint: Member must not be null",
        )),
    }
}

/// The target that a call names: `service/<cluster>/<service>` and the one dimension of services.
fn key(call: &Call) -> Result<(Place, String), ApiError> {
    namespace(call)?;
    let resource = call.str("ResourceId").unwrap_or_default();
    let parts: Vec<&str> = resource.split('/').collect();
    if parts.len() != 3 || parts.first() != Some(&"service") || parts.contains(&"") {
        return Err(validation(
            "Unsupported service namespace, resource type or scalable dimension",
        ));
    }
    if call.str("ScalableDimension") != Some(DIMENSION) {
        return Err(validation(
            "Unsupported service namespace, resource type or scalable dimension",
        ));
    }
    Ok((call.place(), resource.to_owned()))
}

fn service_arn(key: &(Place, String)) -> String {
    key.0.arn("ecs", &key.1)
}

fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationException", message)
}

fn missing(resource: &str) -> ApiError {
    ApiError::new(
        "ObjectNotFoundException",
        format!(
            "No scalable target registered for service namespace: ecs, resource ID: {resource}, scalable dimension: {DIMENSION}"
        ),
    )
}

impl World {
    /// Makes a scaling policy want one more task of a service (given by ARN), and says what came
    /// of it. During a CodeDeploy deployment, scaling out makes the deployment fail five minutes
    /// later unless it is through by then.
    pub fn scale_out(&mut self, service_arn: &str, now: Timestamp) -> ScaleOut {
        self.advance(now);
        let Some(place) = Place::of_arn(service_arn) else {
            return ScaleOut::NotScalable;
        };
        let resource = service_arn
            .split_once(":service/")
            .map(|(_, rest)| format!("service/{rest}"));
        let target = resource.and_then(|resource| self.autoscaling.targets.get(&(place, resource)));
        let Some(target) = target else {
            return ScaleOut::NotScalable;
        };
        if target.suspended.scaling_out {
            return ScaleOut::Suspended;
        }
        let most = target.most;
        let Some(service) = self
            .ecs
            .services
            .get_mut(service_arn)
            .filter(|held| held.is_active())
        else {
            return ScaleOut::NotScalable;
        };
        if u64::from(service.desired) >= most {
            return ScaleOut::AtMaximum;
        }
        service.desired = service.desired.saturating_add(1);
        let desired = service.desired;
        ecs::rescale(self, service_arn);
        codedeploy::scaled_out(self, service_arn);
        ScaleOut::Scaled(desired)
    }
}
