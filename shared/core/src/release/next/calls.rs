//! Questions of a deployment at its hooks.
//!
//! ECS asks again by itself until the hook function says something. CodeDeploy asks once and waits for an
//! hour, so its question is written down, and whoever finds it unanswered answers it.
//!
//! | CodeDeploy's question | and | then |
//! |---|---|---|
//! | is decided by checks that take their time | | answer |
//! | was decided by what the hook function has reported | the deployment still stands there, a minute later | answer for the hook function |
//! | is not decided | checks take their time | run them |
//! | is not decided, or was not reported | the deployment stands there for too long | roll back |

use jiff::{SignedDuration, Timestamp};

use super::context::RolloutContext;
use super::{Step, checks, later, perform};
use crate::names::DeploymentId;
use crate::pipeline::{Check, HookPoint, Span};
use crate::release::hook_verdict::{Verdict, slow_checks, verdict};
use crate::release::rollout::{Deployment, DeploymentStatus, DeploymentStep, HookCall};
use crate::release::{Action, Checkpoints, Release};

/// For how long an answer is left to the hook function, which gives it within seconds of its report.
const ANSWER_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// For how long a deployment may stand at a hook of which nothing is heard. Lambda has begun the
/// function for the last time by then, five minutes for each of three attempts, and waited between them:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const SILENT: Span = Span::from_seconds(20 * 60);

/// What is done about open questions now, if anything is.
pub(super) fn next_call(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Step> {
    open_calls(own, &deployment.id).find_map(|call| decide(own, deployment, call))
}

/// When checks that decide an open question are looked at again, if there are any.
pub(super) fn due(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Timestamp> {
    let undecided = open_calls(own, &deployment.id).any(|call| is_undecided(own, call));
    if undecided { checks::due(own) } else { None }
}

/// When the deployment is looked at for the sake of an answer, which may have got lost, if it is. Where
/// it was seen to have gone on since it asked, the answer was heard.
pub(super) fn look_due(own: RolloutContext<'_>, deployment: &Deployment) -> Option<Timestamp> {
    let may_stand_there = |call: &&HookCall| {
        is_answered_by_hook(own, call)
            && (deployment.observed_at < call.since || stands_at(own, deployment) == Some(call.at))
    };
    let left_to_hook = open_calls(own, &deployment.id).filter(may_stand_there);
    let silent = silent_from(own, deployment).map(|(_, from)| from);
    left_to_hook
        .map(|call| later(call.since, ANSWER_GRACE))
        .chain(silent)
        .filter(|due| deployment.observed_at < *due)
        .min()
}

/// The hook point at which the deployment stands, and for how long at least, where nothing was heard of
/// the hook in that time.
pub(super) fn silent(
    own: RolloutContext<'_>,
    deployment: &Deployment,
) -> Option<(HookPoint, Span)> {
    let (point, from) = silent_from(own, deployment)?;
    (deployment.observed_at >= from).then_some((point, SILENT))
}

/// The hook point at which the deployment stands, and from when on that is for too long, unless a
/// question there is going to be answered.
fn silent_from(own: RolloutContext<'_>, deployment: &Deployment) -> Option<(HookPoint, Timestamp)> {
    let point = stands_at(own, deployment)?;
    if !Checkpoints::of(own.stage).hooks.contains(&point) {
        return None;
    }
    let here = |call: &&HookCall| call.at == point;
    let mut open = open_calls(own, &deployment.id).filter(here);
    if open.any(|call| is_undecided(own, call) || told(own, call) != Verdict::Undecided) {
        return None;
    }
    let answered = calls_of(own, &deployment.id).filter(here);
    let answered = answered.filter_map(|call| call.answered_at);
    let since = answered.fold(deployment.stands_since, Timestamp::max);
    Some((point, later(since, SILENT.into())))
}

fn calls_of<'a>(
    own: RolloutContext<'a>,
    deployment: &'a DeploymentId,
) -> impl Iterator<Item = &'a HookCall> {
    let calls = own.live.checks.calls.iter();
    calls.filter(move |call| call.deployment == *deployment)
}

fn open_calls<'a>(
    own: RolloutContext<'a>,
    deployment: &'a DeploymentId,
) -> impl Iterator<Item = &'a HookCall> {
    calls_of(own, deployment).filter(|call| call.answered_at.is_none())
}

fn decide(own: RolloutContext<'_>, deployment: &Deployment, call: &HookCall) -> Option<Step> {
    let passed = match told(own, call) {
        // What is being rolled back does not go on.
        Verdict::Passed => own.live.progress.rollback().is_none(),
        Verdict::Failed => false,
        Verdict::Undecided => return run_undecided(own, call),
    };
    let grace = later(call.since, ANSWER_GRACE);
    let is_lost = || deployment.observed_at >= grace && stands_at(own, deployment) == Some(call.at);
    if is_answered_by_hook(own, call) && !is_lost() {
        return None;
    }
    // ECS asks again by itself, and finds what is written.
    let execution = call.execution.clone()?;
    Some(answer(own, call, execution, passed))
}

fn run_undecided(own: RolloutContext<'_>, call: &HookCall) -> Option<Step> {
    let undecided: Vec<_> = undecided(own, call).collect();
    if undecided.is_empty() {
        return None;
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

/// What the deployment is told.
fn told(own: RolloutContext<'_>, call: &HookCall) -> Verdict {
    verdict(own.release, &[], own.stage, &call.deployment, call.at)
}

/// Whether the hook function itself has answered, or tries to: its own checks have decided.
fn is_answered_by_hook(own: RolloutContext<'_>, call: &HookCall) -> bool {
    let failed = own.live.checks.failed().any(|(at, result)| {
        let of = own.stage.checks_at(call.at);
        let mut of = of.filter(|check| check.kind.runs_in_hook_function());
        at == call.at && of.any(|check| check.name == result.check)
    });
    failed || slow_checks(own.stage, call.at).next().is_none()
}

fn is_undecided(own: RolloutContext<'_>, call: &HookCall) -> bool {
    undecided(own, call).next().is_some()
}

fn undecided<'a>(own: RolloutContext<'a>, call: &HookCall) -> impl Iterator<Item = &'a Check> {
    let point = call.at;
    slow_checks(own.stage, point)
        .filter(move |check| own.live.checks.result_of(&check.name, point).is_none())
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

/// The hook point at which a deployment of CodeDeploy's stands, if it does: a lifecycle event of that
/// name is under way as long as nobody has answered. Of ECS's hooks ECS says more itself, and asks again.
pub(super) fn stands_at(own: RolloutContext<'_>, deployment: &Deployment) -> Option<HookPoint> {
    own.stage.engine.codedeploy()?;
    let DeploymentStatus::InProgress {
        at: DeploymentStep::Named { name, .. },
        ..
    } = &deployment.status
    else {
        return None;
    };
    HookPoint::of_lifecycle_event(name)
}
