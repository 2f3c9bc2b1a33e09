//! What the checks at one hook point of a deployment have come to.

use super::{CheckResult, Event, Release};
use crate::names::DeploymentId;
use crate::pipeline::{Check, HookPoint, Stage};

/// What a deployment that asks at a hook point is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every check has passed.
    Passed,
    /// A check has failed.
    Failed,
    /// A check is still to be decided.
    Undecided,
}

/// What the checks of a stage say to a deployment that asks at a hook point, with the results that
/// are `reported` and not taken over yet. The same question gets the same answer, however often it is
/// asked.
#[must_use]
pub fn verdict(
    release: &Release,
    reported: &[CheckResult],
    stage: &Stage,
    deployment: &DeploymentId,
    point: HookPoint,
) -> Verdict {
    let results = || checks_of(release, deployment, point).chain(reported);
    let has_result = |check: &Check| {
        crate::planted!(UnknownCheckPasses) || results().any(|result| result.check == check.name)
    };
    if results().any(|result| !result.passed) {
        return Verdict::Failed;
    }
    if asked_checks(stage, point).all(has_result) {
        Verdict::Passed
    } else {
        Verdict::Undecided
    }
}

/// The results of the checks at a deployment's hook point.
pub fn checks_of<'a>(
    release: &'a Release,
    of: &DeploymentId,
    point: HookPoint,
) -> impl Iterator<Item = &'a CheckResult> {
    let results = release.entries().iter().filter_map(move |entry| {
        if let Event::Checked {
            deployment: Some(deployment),
            at,
            results,
            ..
        } = &entry.event
            && deployment == of
            && *at == point
        {
            Some(results)
        } else {
            None
        }
    });
    results.flatten()
}

/// The checks that decide what a deployment is told at a hook point. What is not run by the hook
/// function has run before the deployment was started, where it is to run before anything else.
fn asked_checks(stage: &Stage, point: HookPoint) -> impl Iterator<Item = &Check> {
    stage.checks_at(point).filter(move |check| {
        point != HookPoint::BeforeInstall || check.kind.runs_in_hook_function()
    })
}

/// The checks that decide what a deployment is told at a hook point, and take longer than its call.
pub(super) fn slow_checks(stage: &Stage, point: HookPoint) -> impl Iterator<Item = &Check> {
    asked_checks(stage, point).filter(|check| !check.kind.runs_in_hook_function())
}
