//! Amazon ECS: clusters, task definitions, services, tasks and service deployments.
//!
//! API: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/>.

mod cluster;
mod create_service;
mod definition_limits;
mod definition_parts;
mod delete_service;
mod describe_services;
mod events;
mod failure_detection;
mod fleet;
mod native;
mod one_off;
mod register;
mod rolling;
mod run_task;
mod scheduler;
mod service;
mod service_deployments;
mod service_history;
mod service_revisions;
mod steadiness;
mod tags;
mod task;
mod task_definitions;
mod task_life;
mod task_lists;
pub(crate) mod task_sets;
mod update_service;
mod watch;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use fleet::{Fleet, FleetStatus, counts, running_tasks};
pub(crate) use native::NativeTimer;
pub use one_off::Script;
pub(crate) use one_off::log_events;
pub(crate) use scheduler::ServiceTimer;
pub(crate) use service::{Controller, Service};
pub(crate) use steadiness::fleet_is_stable;
pub(crate) use task::{Task, TaskStatus, TaskTimer};
pub(crate) use task_definitions::{is_runnable, maps_port};
pub(crate) use update_service::rescale;

use crate::{
    World,
    call::{Answer, ApiError, Call, Place},
};

/// All that ECS knows, in every account and region. ARNs are the keys: they name their place.
#[derive(Debug, Default)]
pub(crate) struct Ecs {
    clusters: BTreeMap<String, cluster::Cluster>,
    definitions: BTreeMap<(Place, String), Vec<task_definitions::TaskDefinition>>,
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) tasks: BTreeMap<String, Task>,
    deployments: BTreeMap<String, service_deployments::ServiceDeployment>,
    revisions: BTreeMap<String, service_revisions::ServiceRevision>,
    tags: BTreeMap<String, Vec<Value>>,
    pub(crate) one_off: one_off::OneOff,
    /// What RunTask was asked with a client token, and the tasks that it started.
    run: BTreeMap<(Place, String), (Value, Vec<String>)>,
    /// Functions whose answers are awaited, by token.
    waiting: BTreeMap<u64, native::Waiting>,
    tokens: u64,
}

impl Ecs {
    /// A new token for the answer of a function.
    fn wait_for(&mut self, waiting: native::Waiting) -> u64 {
        self.tokens += 1;
        self.waiting.insert(self.tokens, waiting);
        self.tokens
    }
}

/// A function answered; a token that nobody waits for changes nothing.
pub(crate) fn function_answered(world: &mut World, token: u64, answer: Result<Value, String>) {
    if let Some(waiting) = world.ecs.waiting.remove(&token) {
        native::answered(world, &waiting, answer);
    }
}

/// Operations that this module answers.
pub(crate) const OPERATIONS: &[&str] = &[
    "CreateCluster",
    "DescribeClusters",
    "ListClusters",
    "DeleteCluster",
    "UpdateCluster",
    "UpdateClusterSettings",
    "PutClusterCapacityProviders",
    "DescribeCapacityProviders",
    "ListContainerInstances",
    "RegisterTaskDefinition",
    "DescribeTaskDefinition",
    "ListTaskDefinitions",
    "ListTaskDefinitionFamilies",
    "DeregisterTaskDefinition",
    "DeleteTaskDefinitions",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
    "CreateService",
    "UpdateService",
    "DescribeServices",
    "ListServices",
    "DeleteService",
    "ListTasks",
    "DescribeTasks",
    "RunTask",
    "StopTask",
    "ListServiceDeployments",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "StopServiceDeployment",
    "ContinueServiceDeployment",
    "DescribeTaskSets",
];

pub(crate) fn call(world: &mut World, call: &Call) -> Answer {
    match call.operation {
        "CreateCluster" => cluster::create(world, call),
        "DescribeClusters" => cluster::describe(world, call),
        "ListClusters" => cluster::list(world, call),
        "DeleteCluster" => cluster::delete(world, call),
        "UpdateCluster" | "UpdateClusterSettings" | "PutClusterCapacityProviders" => {
            cluster::update(world, call)
        }
        "DescribeCapacityProviders" => cluster::capacity_providers(call),
        "ListContainerInstances" => cluster::container_instances(world, call),
        "RegisterTaskDefinition" => register::register(world, call),
        "DescribeTaskDefinition" => task_definitions::describe(world, call),
        "ListTaskDefinitions" => task_definitions::list(world, call),
        "ListTaskDefinitionFamilies" => task_definitions::families(world, call),
        "DeregisterTaskDefinition" => task_definitions::deregister(world, call),
        "DeleteTaskDefinitions" => task_definitions::delete(world, call),
        "TagResource" => tags::tag(world, call),
        "UntagResource" => tags::untag(world, call),
        "ListTagsForResource" => tags::list(world, call),
        "CreateService" => create_service::create(world, call),
        "UpdateService" => update_service::update(world, call),
        "DescribeServices" => describe_services::describe(world, call),
        "ListServices" => describe_services::list(world, call),
        "DeleteService" => delete_service::delete(world, call),
        "ListTasks" => task_lists::list(world, call),
        "DescribeTasks" => task_lists::describe(world, call),
        "RunTask" => run_task::run(world, call),
        "StopTask" => run_task::stop(world, call),
        "ListServiceDeployments" => service_history::list(world, call),
        "DescribeServiceDeployments" => service_history::describe(world, call),
        "DescribeServiceRevisions" => service_revisions::describe(world, call),
        "StopServiceDeployment" => native::stop(world, call),
        "ContinueServiceDeployment" => native::proceed(world, call),
        "DescribeTaskSets" => task_sets::describe(world, call),
        other => Err(ApiError::new(
            "UnknownOperationException",
            format!("operation {other} is not simulated"),
        )),
    }
}

pub(crate) fn task_timer(world: &mut World, timer: &TaskTimer) {
    task_life::wake(world, timer);
}

pub(crate) fn native_timer(world: &mut World, timer: &NativeTimer) {
    native::wake(world, timer);
}

pub(crate) fn service_timer(world: &mut World, timer: &ServiceTimer) {
    scheduler::wake(world, timer);
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

fn client(message: impl Into<String>) -> ApiError {
    ApiError::new("ClientException", message)
}

/// A page of a list as ECS's list operations answer it: 10 by default for service deployments and
/// services, 100 for the others.
fn paged(call: &Call, member: &str, items: Vec<Value>, default: u64) -> Answer {
    let size = call.number("maxResults").unwrap_or(default).clamp(1, 100);
    let size = usize::try_from(size).unwrap_or(100);
    let (items, next) = crate::call::page(items, call.str("nextToken"), size)
        .ok_or_else(|| invalid("Invalid token."))?;
    let mut answer = serde_json::json!({member: items});
    crate::call::put(&mut answer, "nextToken", next);
    Ok(answer)
}

/// An alarm went on: services whose deployments watch alarms look at them.
pub(crate) fn alarm_raised(world: &mut World, place: &Place) {
    let watching: Vec<String> = world
        .ecs
        .services
        .values()
        .filter(|service| {
            service.place == *place && service.is_active() && service.alarms().is_some()
        })
        .map(|service| service.arn.clone())
        .collect();
    for service in watching {
        scheduler::reconcile(world, &service);
    }
}
