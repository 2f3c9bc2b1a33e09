//! Application Auto Scaling for ECS services: scalable targets, what is suspended, and scaling out.
//!
//! API: <https://docs.aws.amazon.com/autoscaling/application/APIReference/>.

mod policies;
mod scale_out;
mod tags;
mod targets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use scale_out::ScaleOut;

use crate::{
    World,
    call::{Answer, ApiError, Call, Place, page, put},
};

/// All scalable targets with their policies and what was done to them.
#[derive(Debug, Default)]
pub(crate) struct AutoScaling {
    targets: BTreeMap<(Place, String), targets::Target>,
    policies: BTreeMap<(Place, String, String), Value>,
    /// Newest first.
    activities: Vec<(Place, Value)>,
}

/// Operations that this module answers.
pub(crate) const OPERATIONS: &[&str] = &[
    "RegisterScalableTarget",
    "DescribeScalableTargets",
    "DeregisterScalableTarget",
    "PutScalingPolicy",
    "DescribeScalingPolicies",
    "DeleteScalingPolicy",
    "DescribeScalingActivities",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

const DIMENSION: &str = "ecs:service:DesiredCount";

pub(crate) fn call(world: &mut World, call: &Call) -> Answer {
    match call.operation {
        "RegisterScalableTarget" => targets::register(world, call),
        "DescribeScalableTargets" => targets::describe(world, call),
        "DeregisterScalableTarget" => targets::deregister(world, call),
        "PutScalingPolicy" => policies::put_policy(world, call),
        "DescribeScalingPolicies" => policies::describe_policies(world, call),
        "DeleteScalingPolicy" => policies::delete_policy(world, call),
        "DescribeScalingActivities" => scale_out::activities(world, call),
        "ListTagsForResource" => tags::list(world, call),
        "TagResource" => tags::tag(world, call),
        "UntagResource" => tags::untag(world, call),
        other => Err(ApiError::new(
            "UnknownOperationException",
            format!("operation {other} is not simulated"),
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
