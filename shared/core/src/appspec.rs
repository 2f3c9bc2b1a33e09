//! The AppSpec of a CodeDeploy deployment to ECS, made from the service as it is.
//!
//! [CodeDeploy's documentation](https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-ecs)
//! is followed to the letter: property names have capitals, `version` is the number 0.0, and the
//! network configuration has all its parts or is left out, in which case the service's stays.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::pipeline::HookPoint;

/// The container and port that the load balancer sends traffic to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The container's name.
    pub container: String,
    /// The port that it listens on.
    pub port: u16,
}

/// Why there is no AppSpec for a service.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppSpecError {
    /// CodeDeploy shifts traffic at a load balancer, and there is none.
    #[error(
        "service `{service}` has no load balancer, which CodeDeploy needs; add one, or use another engine"
    )]
    NoLoadBalancer {
        /// The service's name.
        service: String,
    },
    /// It has several, so that one has to be chosen.
    #[error(
        "service `{service}` has several load balancer targets, {known}; say which by {needed} in the stage's `codedeploy`"
    )]
    SeveralTargets {
        /// The service's name.
        service: String,
        /// The keys that tell them apart, with values of one of them.
        needed: String,
        /// What there is, as `container:port`.
        known: String,
    },
    /// The chosen one is none of the service's.
    #[error(
        "service `{service}` has no load balancer target {wanted}, but {known}; correct `container` and `port` in the stage's `codedeploy`, or the service's load balancers"
    )]
    NoSuchTarget {
        /// The service's name.
        service: String,
        /// What was asked for, as `container:port`; `*` where that was left open.
        wanted: String,
        /// What there is, as `container:port`.
        known: String,
    },
    /// Two functions for one event; CodeDeploy takes one.
    #[error("lifecycle event {} has two hook functions, `{first}` and `{second}`; leave one", .event.lifecycle_event().unwrap_or("unnamed"))]
    TwoHooks {
        event: HookPoint,
        /// One function.
        first: String,
        /// The other.
        second: String,
    },
}

/// The load balancer target of a service as DescribeServices shows it: the one there is, or the one
/// of the container and port that are named.
///
/// # Errors
/// [`AppSpecError`], if it has none of them or several.
pub fn target(
    service: &Value,
    container: Option<&str>,
    port: Option<u16>,
) -> Result<Target, AppSpecError> {
    let all = targets(service);
    if all.is_empty() {
        return Err(AppSpecError::NoLoadBalancer {
            service: name(service),
        });
    }
    let mut fitting = all.iter().filter(|target| {
        container.is_none_or(|container| target.container == container)
            && port.is_none_or(|port| target.port == port)
    });
    match (fitting.next(), fitting.next()) {
        (None, _) => Err(AppSpecError::NoSuchTarget {
            service: name(service),
            wanted: format!(
                "{}:{}",
                container.unwrap_or("*"),
                port.map_or_else(|| "*".to_owned(), |port| port.to_string())
            ),
            known: listed(&all),
        }),
        (Some(only), None) => Ok(only.clone()),
        (Some(first), Some(_)) => Err(AppSpecError::SeveralTargets {
            service: name(service),
            needed: first.told_apart(&all),
            known: listed(&all),
        }),
    }
}

impl Target {
    /// The keys of a pipeline by which it is told apart from the others.
    fn told_apart(&self, all: &[Self]) -> String {
        let Self { container, port } = self;
        let same_container = all.iter().filter(|one| one.container == *container);
        let of_container = same_container.count();
        if of_container == 1 {
            format!("`container`, such as `container: {container}`,")
        } else if of_container == all.len() {
            format!("`port`, such as `port: {port}`,")
        } else {
            format!("`container` and `port`, such as `container: {container}` and `port: {port}`,")
        }
    }
}

/// The AppSpec that deploys a task definition to a service.
///
/// `service` is an element of DescribeServices' `services`, whose platform version, network and
/// capacity providers are kept. Hooks may be given in any order.
///
/// # Errors
/// [`AppSpecError`], if the target is not one of the service's, or a hook is there twice.
pub fn render(
    service: &Value,
    task_definition_arn: &str,
    target: &Target,
    hooks: &[(HookPoint, &str)],
) -> Result<Value, AppSpecError> {
    check_target(service, target)?;
    let mut properties = Map::new();
    properties.insert("TaskDefinition".to_owned(), json!(task_definition_arn));
    properties.insert(
        "LoadBalancerInfo".to_owned(),
        json!({"ContainerName": target.container, "ContainerPort": target.port}),
    );
    let settings = [
        ("PlatformVersion", platform_version(service)),
        ("NetworkConfiguration", network(service)),
        ("CapacityProviderStrategy", capacity_providers(service)),
    ];
    for (name, setting) in settings {
        if let Some(setting) = setting {
            properties.insert(name.to_owned(), setting);
        }
    }
    let mut appspec = json!({
        "version": 0.0,
        "Resources": [{
            "TargetService": {"Type": "AWS::ECS::Service", "Properties": properties}
        }],
    });
    let hooks = hooks_in_order(hooks)?;
    if !hooks.is_empty() {
        appspec["Hooks"] = Value::Array(hooks);
    }
    Ok(appspec)
}

fn check_target(service: &Value, target: &Target) -> Result<(), AppSpecError> {
    let known = targets(service);
    if known.is_empty() {
        return Err(AppSpecError::NoLoadBalancer {
            service: name(service),
        });
    }
    if known.contains(target) {
        return Ok(());
    }
    Err(AppSpecError::NoSuchTarget {
        service: name(service),
        wanted: target.to_string(),
        known: listed(&known),
    })
}

/// What a service has set: on itself, or on the task set that is in production.
pub(crate) fn setting<'a>(service: &'a Value, field: &str) -> Option<&'a Value> {
    let is_set = |value: &&Value| match value {
        Value::Null => false,
        Value::Array(entries) => !entries.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    };
    let primary = || {
        let task_sets = service.get("taskSets")?.as_array()?;
        task_sets
            .iter()
            .find(|task_set| task_set.get("status") == Some(&json!("PRIMARY")))?
            .get(field)
    };
    service
        .get(field)
        .filter(is_set)
        .or_else(|| primary().filter(is_set))
}

/// The targets, each once: a service lists one per target group.
fn targets(service: &Value) -> Vec<Target> {
    let mut targets = Vec::new();
    let load_balancers = setting(service, "loadBalancers").and_then(Value::as_array);
    for load_balancer in load_balancers.into_iter().flatten() {
        let container = load_balancer.get("containerName").and_then(Value::as_str);
        let port = load_balancer
            .get("containerPort")
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok());
        if let (Some(container), Some(port)) = (container, port) {
            let target = Target {
                container: container.to_owned(),
                port,
            };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
    targets
}

fn platform_version(service: &Value) -> Option<Value> {
    setting(service, "platformVersion").cloned()
}

/// All of subnets, security groups and public address, or nothing: CodeDeploy refuses a part.
fn network(service: &Value) -> Option<Value> {
    let awsvpc = setting(service, "networkConfiguration")?.get("awsvpcConfiguration")?;
    let list = |field: &str| {
        awsvpc
            .get(field)
            .filter(|value| value.as_array().is_some_and(|entries| !entries.is_empty()))
    };
    Some(json!({
        "AwsvpcConfiguration": {
            "Subnets": list("subnets")?,
            "SecurityGroups": list("securityGroups")?,
            "AssignPublicIp": awsvpc.get("assignPublicIp").filter(|value| value.is_string())?,
        }
    }))
}

fn capacity_providers(service: &Value) -> Option<Value> {
    let strategy = setting(service, "capacityProviderStrategy")?.as_array()?;
    let providers: Vec<Value> = strategy
        .iter()
        .map(|item| {
            // Both are 0 where ECS leaves them out.
            let number = |field: &str| item.get(field).and_then(Value::as_u64).unwrap_or(0);
            json!({
                "Base": number("base"),
                "CapacityProvider": item.get("capacityProvider"),
                "Weight": number("weight"),
            })
        })
        .collect();
    Some(Value::Array(providers))
}

fn hooks_in_order(hooks: &[(HookPoint, &str)]) -> Result<Vec<Value>, AppSpecError> {
    let mut hooks = hooks.to_vec();
    hooks.sort_by_key(|(event, _)| *event);
    for pair in hooks.windows(2) {
        if let [(event, first), (other, second)] = pair
            && event == other
        {
            return Err(AppSpecError::TwoHooks {
                event: *event,
                first: (*first).to_owned(),
                second: (*second).to_owned(),
            });
        }
    }
    Ok(hooks
        .into_iter()
        .filter_map(|(point, function)| Some(json!({ point.lifecycle_event()?: function })))
        .collect())
}

fn name(service: &Value) -> String {
    let name = service.get("serviceName").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn listed(targets: &[Target]) -> String {
    let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
    targets.join(", ")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.container, self.port)
    }
}
