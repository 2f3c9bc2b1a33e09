//! AWS CodeDeploy for Amazon ECS: blue/green deployments with hooks, waits, traffic steps, stops
//! and rollbacks.
//!
//! API: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/>. Behaviour:
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-ecs.html>.

mod applications;
mod appspec;
mod configs;
mod control;
mod create;
mod deployment;
mod describe;
mod event;
mod finish;
mod group_checks;
mod groups;
mod hooks;
mod lifecycle;
mod list;
mod notice;
mod rollback;
mod targets;
mod traffic;

use std::collections::BTreeMap;

pub(crate) use finish::{alarm_raised, scaled_out};
pub(crate) use hooks::invocation_refused;
pub(crate) use lifecycle::{DeploymentTimer, fleet_changed, wake};

use crate::{
    World,
    call::{Answer, ApiError, Call, Place},
};

/// All applications, groups, configurations and deployments.
#[derive(Debug, Default)]
pub(crate) struct CodeDeploy {
    applications: BTreeMap<(Place, String), applications::Application>,
    groups: BTreeMap<(Place, String, String), groups::Group>,
    configs: BTreeMap<(Place, String), configs::Config>,
    deployments: BTreeMap<String, deployment::Deployment>,
    /// Hook executions, completed ones too: execution id → deployment id and event.
    executions: BTreeMap<String, (String, event::Event)>,
    created: u64,
}

/// Operations that this module answers.
pub(crate) const OPERATIONS: &[&str] = &[
    "CreateApplication",
    "GetApplication",
    "BatchGetApplications",
    "ListApplications",
    "DeleteApplication",
    "CreateDeploymentGroup",
    "UpdateDeploymentGroup",
    "GetDeploymentGroup",
    "BatchGetDeploymentGroups",
    "ListDeploymentGroups",
    "DeleteDeploymentGroup",
    "CreateDeploymentConfig",
    "GetDeploymentConfig",
    "ListDeploymentConfigs",
    "DeleteDeploymentConfig",
    "CreateDeployment",
    "GetDeployment",
    "BatchGetDeployments",
    "ListDeployments",
    "GetApplicationRevision",
    "ListDeploymentTargets",
    "GetDeploymentTarget",
    "BatchGetDeploymentTargets",
    "PutLifecycleEventHookExecutionStatus",
    "StopDeployment",
    "ContinueDeployment",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
];

pub(crate) fn call(world: &mut World, call: &Call) -> Answer {
    match call.operation {
        "CreateApplication" => applications::create(world, call),
        "GetApplication" => applications::get(world, call),
        "BatchGetApplications" => applications::batch_get(world, call),
        "ListApplications" => applications::list(world, call),
        "DeleteApplication" => applications::delete(world, call),
        "CreateDeploymentGroup" => groups::create(world, call),
        "UpdateDeploymentGroup" => groups::update(world, call),
        "GetDeploymentGroup" => groups::get(world, call),
        "BatchGetDeploymentGroups" => groups::batch_get(world, call),
        "ListDeploymentGroups" => groups::list(world, call),
        "DeleteDeploymentGroup" => groups::delete(world, call),
        "CreateDeploymentConfig" => configs::create(world, call),
        "GetDeploymentConfig" => configs::get(world, call),
        "ListDeploymentConfigs" => configs::list(world, call),
        "DeleteDeploymentConfig" => configs::delete(world, call),
        "CreateDeployment" => create::create(world, call),
        "GetDeployment" => describe::get(world, call),
        "BatchGetDeployments" => describe::batch_get(world, call),
        "ListDeployments" => list::deployments(world, call),
        "GetApplicationRevision" => list::revision(world, call),
        "ListDeploymentTargets" => targets::list(world, call),
        "GetDeploymentTarget" => targets::get(world, call),
        "BatchGetDeploymentTargets" => targets::batch_get(world, call),
        "PutLifecycleEventHookExecutionStatus" => hooks::put_status(world, call),
        "StopDeployment" => control::stop(world, call),
        "ContinueDeployment" => control::proceed(world, call),
        "ListTagsForResource" => applications::list_tags(world, call),
        "TagResource" => applications::tag(world, call),
        "UntagResource" => applications::untag(world, call),
        other => Err(ApiError::new(
            "UnknownOperationException",
            format!("operation {other} is not simulated"),
        )),
    }
}

/// A name of an application, group or configuration, checked as CodeDeploy does.
fn name<'a>(call: &'a Call, member: &str, what: &str) -> Result<&'a str, ApiError> {
    let given = call.str(member).unwrap_or_default();
    if given.is_empty() {
        return Err(ApiError::new(
            &format!("{what}NameRequiredException"),
            format!("{member} must be specified"),
        ));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+=,@-".contains(&byte);
    if given.len() > 100 || !given.bytes().all(allowed) {
        return Err(ApiError::new(
            &format!("Invalid{what}NameException"),
            format!("The {member} {given} is not valid"),
        ));
    }
    Ok(given)
}

/// A page of a list as CodeDeploy's list operations answer it.
fn paged(call: &Call, member: &str, items: Vec<serde_json::Value>) -> Answer {
    let (items, next) = crate::call::page(items, call.str("nextToken"), 100)
        .ok_or_else(|| ApiError::new("InvalidNextTokenException", "The next token is not valid"))?;
    let mut answer = serde_json::json!({member: items});
    crate::call::put(&mut answer, "nextToken", next);
    Ok(answer)
}
