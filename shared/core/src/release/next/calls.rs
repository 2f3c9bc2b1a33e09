//! Questions of a deployment that take longer to decide than its hook function may.

use jiff::Timestamp;

use super::context::RolloutContext;
use super::{Step, checks, perform};
use crate::pipeline::Check;
use crate::release::hook_verdict::slow_checks;
use crate::release::rollout::{Deployment, HookCall};
use crate::release::{Action, Release};

/// What is done about open questions now, if anything is.
pub(super) fn next_call(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Step> {
    open_calls(own, deployment).find_map(|call| decide(own, call))
}

/// When an open question is looked at again, if there is one.
pub(super) fn due(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Timestamp> {
    let undecided = open_calls(own, deployment).any(|call| !undecided(own, call).is_empty());
    if undecided { checks::due(own) } else { None }
}

fn open_calls<'a>(
    own: RolloutContext<'a>,
    deployment: &'a Deployment,
) -> impl Iterator<Item = &'a HookCall> {
    own.live
        .checks
        .calls
        .iter()
        .filter(|call| !call.answered && call.deployment == deployment.id)
}

fn decide(own: RolloutContext<'_>, call: &HookCall) -> Option<Step> {
    let undecided = undecided(own, call);
    let failed = own.live.checks.failed().any(|(at, _)| at == call.at);
    if undecided.is_empty() || failed {
        // ECS asks again by itself, and finds what is written.
        let execution = call.execution.clone()?;
        return Some(answer(own, call, execution, !failed));
    }
    checks::run(
        own,
        call.at,
        Some(&call.deployment),
        call.since,
        undecided,
        false,
    )
}

fn undecided<'a>(own: RolloutContext<'a>, call: &HookCall) -> Vec<&'a Check> {
    let point = call.at;
    slow_checks(own.stage, point)
        .filter(|check| own.live.checks.result_of(&check.name, point).is_none())
        .collect()
}

fn answer(own: RolloutContext<'_>, call: &HookCall, execution: String, passed: bool) -> Step {
    let release: &Release = own.release;
    let action = Action::AnswerHook {
        place: own.place.clone(),
        deployment: call.deployment.clone(),
        at: call.at,
        execution,
        passed,
    };
    perform(release, vec![action])
}
