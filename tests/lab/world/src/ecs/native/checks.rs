//! What CreateService and UpdateService refuse in the configuration of native deployments.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html>

use serde_json::Value;

use crate::{
    call::{ApiError, array, text},
    ecs::invalid,
};

const STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];
const MAX_HOOKS: usize = 10;
const MAX_MINUTES: u64 = 1440;
const MAX_PAUSE_MINUTES: u64 = 20_160;

pub(in crate::ecs) fn check(configuration: &Value) -> Result<(), ApiError> {
    match text(configuration, "strategy") {
        None | Some("ROLLING" | "BLUE_GREEN" | "LINEAR" | "CANARY") => {}
        Some(other) => return Err(invalid(format!("Unknown deployment strategy: {other}"))),
    }
    if configuration
        .get("bakeTimeInMinutes")
        .and_then(Value::as_u64)
        .is_some_and(|bake| bake > MAX_MINUTES)
    {
        return Err(invalid("bakeTimeInMinutes must be between 0 and 1440."));
    }
    check_steps(configuration)?;
    let hooks = array(configuration, "lifecycleHooks");
    let pauses = hooks.iter().filter(|hook| is_pause(hook)).count();
    if pauses > MAX_HOOKS || hooks.len().saturating_sub(pauses) > MAX_HOOKS {
        return Err(invalid("A service can have at most 10 hooks of each type."));
    }
    hooks.iter().try_for_each(check_hook)
}

fn check_steps(configuration: &Value) -> Result<(), ApiError> {
    let within = |pointer: &str, least: f64, most: f64| {
        let given = configuration.pointer(pointer).and_then(Value::as_f64);
        given.is_none_or(|given| (least..=most).contains(&given))
    };
    if !within("/linearConfiguration/stepPercent", 3.0, 100.0) {
        return Err(invalid("stepPercent must be between 3.0 and 100.0."));
    }
    if !within("/canaryConfiguration/canaryPercent", 0.1, 100.0) {
        return Err(invalid("canaryPercent must be between 0.1 and 100.0."));
    }
    let bakes = [
        "/linearConfiguration/stepBakeTimeInMinutes",
        "/canaryConfiguration/canaryBakeTimeInMinutes",
    ];
    if bakes
        .into_iter()
        .any(|pointer| !within(pointer, 0.0, 1440.0))
    {
        return Err(invalid("Bake times must be between 0 and 1440 minutes."));
    }
    Ok(())
}

fn is_pause(hook: &Value) -> bool {
    text(hook, "targetType") == Some("PAUSE")
}

fn check_hook(hook: &Value) -> Result<(), ApiError> {
    let stages = array(hook, "lifecycleStages");
    if stages.is_empty() {
        return Err(invalid(
            "lifecycleStages must be specified for a lifecycle hook.",
        ));
    }
    for stage in stages {
        let name = stage.as_str().unwrap_or_default();
        if !STAGES.contains(&name) {
            return Err(invalid(format!("Unknown lifecycle stage: {name}")));
        }
        if is_pause(hook) && ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"].contains(&name) {
            return Err(invalid(format!(
                "Pause hooks are not supported at the lifecycle stage {name}."
            )));
        }
    }
    let longest = if is_pause(hook) {
        MAX_PAUSE_MINUTES
    } else {
        MAX_MINUTES
    };
    let wait = hook
        .pointer("/timeoutConfiguration/timeoutInMinutes")
        .and_then(Value::as_u64);
    if wait.is_some_and(|wait| !(1..=longest).contains(&wait)) {
        return Err(invalid(format!(
            "timeoutInMinutes must be between 1 and {longest}."
        )));
    }
    match text(hook, "targetType") {
        Some("PAUSE") => {
            if text(hook, "hookTargetArn").is_some() || text(hook, "roleArn").is_some() {
                return Err(invalid(
                    "hookTargetArn and roleArn cannot be specified for pause hooks.",
                ));
            }
        }
        None | Some("AWS_LAMBDA") => {
            if text(hook, "hookTargetArn").is_none() || text(hook, "roleArn").is_none() {
                return Err(invalid(
                    "hookTargetArn and roleArn must be specified for Lambda hooks.",
                ));
            }
        }
        Some(other) => return Err(invalid(format!("Unknown hook target type: {other}"))),
    }
    Ok(())
}

/// Shifting the traffic of load balancers and of VPC Lattice needs a second target group and a rule.
/// What has neither shifts by Service Connect or a gateway, or not at all.
pub(in crate::ecs) fn check_traffic(
    configuration: &Value,
    balancers: &[Value],
    lattices: &[Value],
) -> Result<(), ApiError> {
    if matches!(text(configuration, "strategy"), None | Some("ROLLING")) {
        return Ok(());
    }
    let has = |of: &Value, needed: &[&str]| {
        let advanced = of.get("advancedConfiguration").unwrap_or(&Value::Null);
        needed.iter().all(|member| text(advanced, member).is_some())
    };
    let rule = ["alternateTargetGroupArn", "productionListenerRule"];
    let with_role = [rule[0], rule[1], "roleArn"];
    if !balancers.iter().all(|it| has(it, &with_role)) {
        return Err(invalid(
            "advancedConfiguration with alternateTargetGroupArn, productionListenerRule and roleArn must be specified for each load balancer.",
        ));
    }
    if !lattices.iter().all(|it| has(it, &rule)) {
        return Err(invalid(
            "advancedConfiguration with alternateTargetGroupArn and productionListenerRule must be specified for each VPC Lattice configuration.",
        ));
    }
    Ok(())
}
