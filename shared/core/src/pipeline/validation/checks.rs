//! Contradictions between a stage's checks and the way in which it is rolled out.

use super::{check, repeated};
use crate::pipeline::finding::{Found, named};
use crate::pipeline::{Check, CheckKind, HookPoint, HttpCheck, Stage};

/// Most checks of a stage.
const MAX_CHECKS: usize = 20;

/// How long in seconds the HTTP checks of one hook point may take, all together. The function that
/// runs them ends after five minutes, of which it needs some for the ledger and its answer.
const MAX_CHECKS_SECONDS: u64 = 240;

pub(super) fn find(stage: &Stage, path: &str, found: &mut Found) {
    if stage.checks.len() > MAX_CHECKS {
        found.add(
            format!("{path}.checks"),
            format!("{} checks are too many", stage.checks.len()),
            format!("a stage has at most {MAX_CHECKS}"),
        );
    }
    let names: Vec<_> = stage.checks.iter().map(|check| &check.name).collect();
    if let Some((index, name)) = repeated(&names) {
        found.add(
            format!("{path}.checks.{index}.name"),
            format!("two checks are named `{}`", named(name)),
            "give each its own name",
        );
    }
    if stage.engine.hook().is_none() && stage.checks.iter().any(asks_through_hook) {
        no_hook(stage, path, found);
    }
    for point in HookPoint::ALL {
        let run = stage.checks_at(point);
        let run = run.filter_map(|check| check.kind.in_hook_function());
        let longest: u64 = run.map(HttpCheck::longest_seconds).sum();
        if longest > MAX_CHECKS_SECONDS {
            found.add(
                format!("{path}.checks"),
                format!("the checks {point} may take {longest}s, and have {MAX_CHECKS_SECONDS}s"),
                "make fewer attempts, or shorten `timeout` and `interval`",
            );
        }
    }
    for (index, check) in stage.checks.iter().take(MAX_CHECKS).enumerate() {
        let path = format!("{path}.checks.{index}");
        if check.at == HookPoint::Bake {
            bake(stage, check, &path, found);
        }
        if asks_through_hook(check)
            && let Some(limit) = stage.engine.capabilities().hook_limit
        {
            patience(check, limit, &path, found);
        }
        check::find(stage, check, &path, found);
    }
}

/// A check that takes longer than the deployment waits for it would fail whatever it found.
fn patience(check: &Check, limit: u32, path: &str, found: &mut Found) {
    let Some((key, time)) = check.kind.time_limit() else {
        return;
    };
    if time.seconds() >= limit {
        found.add(
            format!("{path}.{key}"),
            format!(
                "CodeDeploy waits an hour for the checks {}, and this one may take {time}",
                check.at
            ),
            "make it shorter than 1h, or check at `before_install` or `bake`",
        );
    }
}

/// Whether the check runs when the deployment asks whether it may go on. What `advance` runs
/// before anything is changed, and after everything is, needs nobody to ask.
fn asks_through_hook(check: &Check) -> bool {
    match check.at {
        HookPoint::BeforeInstall => check.kind.runs_in_hook_function(),
        HookPoint::AfterInstall
        | HookPoint::AfterTestTraffic
        | HookPoint::BeforeTraffic
        | HookPoint::AfterTraffic => true,
        HookPoint::Bake => false,
    }
}

fn no_hook(stage: &Stage, path: &str, found: &mut Found) {
    match stage.engine.capabilities().has_green {
        false => found.add(
            format!("{path}.checks"),
            "a rolling update has no green to check before traffic moves",
            match stage.checks.iter().any(|it| asks_through_hook(it) && it.kind.runs_in_hook_function()) {
                true => {
                    "give the container a health check instead, watch an `alarm` or a `metric` at `bake`, or roll out with `codedeploy` or `ecs`"
                }
                false => {
                    "check `before_install` or at `bake`, roll out with `codedeploy` or `ecs`, or give the container a health check instead"
                }
            },
        ),
        true => {
            let engine = stage.engine.name();
            found.add(
                format!("{path}.engine.{engine}"),
                "checks are run by a function that the deployment calls, and none is named",
                "name the deployer's lifecycle-hook function under `hook`",
            );
        }
    }
}

fn bake(stage: &Stage, check: &Check, path: &str, found: &mut Found) {
    if stage.bake.is_none() {
        found.add(
            format!("{path}.at"),
            "the stage has no bake time in which this check would run",
            "give the stage a `bake` time, such as 15m",
        );
    }
    if check.kind.runs_in_hook_function() {
        found.add(
            format!("{path}.http"),
            "no deployment asks while the bake time passes, so nobody would make the request",
            match stage.engine.capabilities().has_green {
                false => {
                    "give the container a health check instead, or watch an `alarm` or a `metric`"
                }
                true => "check `after_traffic`, or watch an `alarm` or a `metric` at `bake`",
            },
        );
    }
    if let (CheckKind::Task(task), Some(bake)) = (&check.kind, stage.bake)
        && task.timeout > bake
    {
        found.add(
            format!("{path}.task.timeout"),
            format!(
                "the task may take {}, longer than the bake time of {bake}",
                task.timeout
            ),
            "shorten it, or lengthen the stage's `bake`",
        );
    }
}
