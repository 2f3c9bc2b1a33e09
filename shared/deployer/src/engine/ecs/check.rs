//! Whether a service is set up for native deployments that wait for everything that the stage
//! wants, so that traffic never moves unasked.

use serde_json::Value;
use towpath_core::names::FunctionName;
use towpath_core::pipeline::{EcsSettings, EngineKind, HookPoint, Stage};
use towpath_core::release::{Checkpoints, Misfit, OtherStrategy, Registration, SetUpProblem};

use crate::engine::service_deployment::ASKED_AT;
use crate::service::{Service, list, text};
use crate::traffic::TrafficMechanism;

/// The pace that a service's own configuration gives its deployments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// For how many minutes it shifts and bakes.
    pub(super) paced_minutes: u32,
    /// For how many minutes it waits for people, where it does.
    pub(super) ready_minutes: Option<u32>,
}

/// For how many minutes ECS waits for a hook that sets no time:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHookTimeoutConfiguration.html>.
const DEFAULT_TIMEOUT: u32 = 1440;

/// Everything for which a service, as DescribeServices shows it, is not set up for a stage that ECS
/// itself rolls out; nothing where it is, or where the stage is rolled out otherwise.
#[must_use]
pub fn unmet(service: &Value, stage: &Stage, traffic: &[TrafficMechanism]) -> Vec<SetUpProblem> {
    let Some(settings) = stage.engine.ecs() else {
        return Vec::new();
    };
    let checkpoints = Checkpoints::of(stage);
    let examined = examine(&Service(service), settings, &checkpoints, traffic);
    examined.err().unwrap_or_default()
}

/// The lifecycle hooks of a service that call the function.
pub fn hooks_to<'a>(service: &'a Value, function: &FunctionName) -> Vec<&'a Value> {
    list(
        Service(service).deployment_configuration(),
        "lifecycleHooks",
    )
    .filter(|hook| text(hook, "/hookTargetArn").is_some_and(|target| is_function(target, function)))
    .collect()
}

/// Whether the service waits for everything that the stage wants, and at what pace it deploys.
pub(super) fn check(
    service: &Service<'_>,
    settings: &EcsSettings,
    checkpoints: &Checkpoints,
    traffic: &[TrafficMechanism],
) -> Result<Pace, Misfit> {
    examine(service, settings, checkpoints, traffic).map_err(|problems| Misfit::SetUp { problems })
}

/// The pace, or everything that is not as the stage wants it.
fn examine(
    service: &Service<'_>,
    settings: &EcsSettings,
    checkpoints: &Checkpoints,
    traffic: &[TrafficMechanism],
) -> Result<Pace, Vec<SetUpProblem>> {
    let mut problems = Vec::new();
    let configuration = service.deployment_configuration();
    let shifts = good(paced(configuration), &mut problems);
    check_shifting(service, &mut problems);
    // Unknown is no headless one: AWS takes it, and it is said.
    if checkpoints.pause && traffic.contains(&TrafficMechanism::Headless) {
        problems.push(SetUpProblem::Headless);
    }
    let hooks: Vec<_> = list(configuration, "lifecycleHooks").collect();
    for point in &checkpoints.hooks {
        let checked = check_hook(&hooks, settings.hook.as_ref(), *point);
        good(checked, &mut problems);
    }
    let pause = checkpoints
        .pause
        .then(|| check_pause(&hooks, checkpoints))
        .transpose();
    let ready_minutes = good(pause, &mut problems);
    match (shifts, ready_minutes) {
        (Some(shifts), Some(ready_minutes)) if problems.is_empty() => Ok(Pace {
            paced_minutes: shifts
                .minutes
                .saturating_add(settling(service, shifts.steps)),
            ready_minutes,
        }),
        (Some(_) | None, _) => Err(problems),
    }
}

/// What was found, if it is good; what is wrong is remembered once.
fn good<T>(found: Result<T, SetUpProblem>, problems: &mut Vec<SetUpProblem>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(problem) => {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            None
        }
    }
}

/// How a configuration moves production traffic.
struct Shifts {
    /// For how many minutes it bakes, between the steps and after them.
    minutes: u32,
    /// In how many steps.
    steps: u32,
}

/// For how many minutes ECS waits after each shift of a Network Load Balancer, of test traffic too:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb-resources-for-blue-green.html>.
const NETWORK_MINUTES: u32 = 10;

/// For how many minutes the shifts of the service's load balancers take until they are through. A
/// Network Load Balancer's have no rules, and name a listener.
fn settling(service: &Service<'_>, steps: u32) -> u32 {
    let shifted = |rule: &str| {
        service.load_balancers().any(|balancer| {
            let rule = text(balancer, &format!("/advancedConfiguration/{rule}"));
            rule.is_some_and(|arn| arn.contains(":listener/net/"))
        })
    };
    let production = if shifted("productionListenerRule") {
        steps
    } else {
        0
    };
    let test = u32::from(shifted("testListenerRule"));
    production
        .saturating_add(test)
        .saturating_mul(NETWORK_MINUTES)
}

/// For how many minutes the configuration shifts and bakes, with ECS's defaults for what it leaves
/// out: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
fn paced(configuration: &Value) -> Result<Shifts, SetUpProblem> {
    let minutes = |pointer: &str, default: u32| {
        let set = configuration.pointer(pointer).and_then(Value::as_u64);
        set.map_or(default, |set| u32::try_from(set).unwrap_or(u32::MAX))
    };
    let bake = minutes("/bakeTimeInMinutes", 0);
    let (shifting, steps) = match text(configuration, "/strategy") {
        Some("BLUE_GREEN") => (0, 1),
        Some("LINEAR") => {
            let percent = configuration
                .pointer("/linearConfiguration/stepPercent")
                .and_then(Value::as_f64)
                .unwrap_or(10.0);
            let pause = minutes("/linearConfiguration/stepBakeTimeInMinutes", 6);
            let pauses = pauses(percent);
            (pause.saturating_mul(pauses), pauses + 1)
        }
        Some("CANARY") => (
            minutes("/canaryConfiguration/canaryBakeTimeInMinutes", 10),
            2,
        ),
        other => {
            let found = other.unwrap_or("ROLLING");
            return Err(SetUpProblem::Strategy(OtherStrategy::of(
                EngineKind::Ecs,
                found,
            )));
        }
    };
    Ok(Shifts {
        minutes: bake.saturating_add(shifting),
        steps,
    })
}

/// How often a linear deployment bakes between its steps; after the last step it does not.
fn pauses(step_percent: f64) -> u32 {
    let mut shifted = step_percent.max(1.0);
    let mut pauses = 0;
    while shifted < 100.0 {
        shifted += step_percent.max(1.0);
        pauses += 1;
    }
    pauses
}

/// Whether ECS can shift the traffic of what the service is registered with. What it does not need
/// there, it can do without: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html>.
fn check_shifting(service: &Service<'_>, problems: &mut Vec<SetUpProblem>) {
    let of_balancers = [
        "alternateTargetGroupArn",
        "productionListenerRule",
        "roleArn",
    ];
    // Its role stands beside: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_VpcLatticeConfiguration.html>.
    let of_lattice = ["alternateTargetGroupArn", "productionListenerRule"];
    for balancer in service.load_balancers() {
        let checked = check_advanced(Registration::LoadBalancer, balancer, &of_balancers);
        good(checked, problems);
    }
    for lattice in service.lattices() {
        let checked = check_advanced(Registration::VpcLattice, lattice, &of_lattice);
        good(checked, problems);
    }
}

fn check_advanced(of: Registration, shown: &Value, needed: &[&str]) -> Result<(), SetUpProblem> {
    let advanced = shown.get("advancedConfiguration").unwrap_or(&Value::Null);
    let missing: Vec<_> = needed
        .iter()
        .filter(|member| advanced.get(**member).and_then(Value::as_str).is_none())
        .map(|member| (*member).to_owned())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(SetUpProblem::NotAdvanced { of, missing })
}

fn check_hook(
    hooks: &[&Value],
    function: Option<&FunctionName>,
    point: HookPoint,
) -> Result<(), SetUpProblem> {
    let Some(stage) = point.lifecycle_stage() else {
        return Ok(());
    };
    let Some(function) = function else {
        return Err(SetUpProblem::NoHookFunction {
            at: point,
            stage: stage.to_owned(),
        });
    };
    let ours = hooks.iter().find(|hook| {
        is_at(hook, stage)
            && text(hook, "/hookTargetArn").is_some_and(|target| is_function(target, function))
    });
    match ours {
        None => Err(SetUpProblem::NoHook {
            at: point,
            function: function.clone(),
            stage: stage.to_owned(),
        }),
        Some(hook) if goes_on_by_itself(hook) => Err(SetUpProblem::HookGoesOn {
            function: function.clone(),
            stage: stage.to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

/// For how many minutes people can be asked.
fn check_pause(hooks: &[&Value], checkpoints: &Checkpoints) -> Result<u32, SetUpProblem> {
    let pauses = hooks
        .iter()
        .filter(|hook| text(hook, "/targetType") == Some("PAUSE"));
    let mut asked = pauses
        .filter(|hook| ASKED_AT.into_iter().any(|stage| is_at(hook, stage)))
        .peekable();
    if asked.peek().is_none() {
        return Err(SetUpProblem::NoPause {
            at: ASKED_AT.map(str::to_owned).into(),
        });
    }
    let before_traffic = HookPoint::BeforeTraffic;
    let mut shortest = u32::MAX;
    for hook in asked {
        let [early, late] = ASKED_AT;
        if checkpoints.hooks.contains(&before_traffic) && is_at(hook, early) {
            return Err(SetUpProblem::PausesBeforeChecks {
                checks: before_traffic,
                from: early.to_owned(),
                to: late.to_owned(),
            });
        }
        if goes_on_by_itself(hook) {
            return Err(SetUpProblem::PauseGoesOn);
        }
        let minutes = hook
            .pointer("/timeoutConfiguration/timeoutInMinutes")
            .and_then(Value::as_u64)
            .and_then(|minutes| u32::try_from(minutes).ok());
        shortest = shortest.min(minutes.unwrap_or(DEFAULT_TIMEOUT));
    }
    Ok(shortest)
}

fn is_at(hook: &Value, stage: &str) -> bool {
    list(hook, "lifecycleStages").any(|at| at == stage)
}

/// Whether a deployment goes on when nothing is heard of the hook.
fn goes_on_by_itself(hook: &Value) -> bool {
    text(hook, "/timeoutConfiguration/action") == Some("CONTINUE")
}

/// Whether the ARN is the function's, which a pipeline names by its ARN or its name, with or
/// without an alias.
fn is_function(arn: &str, function: &FunctionName) -> bool {
    let named = function.as_str();
    arn == named
        || arn
            .split_once(":function:")
            .is_some_and(|(_, name)| name == named)
}

#[cfg(test)]
mod tests;
