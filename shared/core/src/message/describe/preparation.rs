//! A rollout begins, and what comes before its deployment, or is done beside it.

use jiff::Timestamp;

use super::{Context, Description, plain, there};
use crate::message::escape::slack_text;
use crate::message::reason;
use crate::message::said::AlreadySaid;
use crate::message::style::to_the_second;
use crate::names::{CheckName, DeploymentId, StageName};
use crate::pipeline::HookPoint;
use crate::release::reason::{failed_check, started_elsewhere};
use crate::release::{
    Action, ActionKind, CheckResult, External, Reason, RefusedAction, Revision, ScalableTarget,
    ScalingState, WhyRefused,
};

pub(super) fn started(told: Context<'_>, stage: &StageName, epoch: u64) -> Description {
    let engine = told.release.pipeline().stage(stage);
    let engine = engine.map(|stage| stage.engine.name());
    Description::new(format!(
        "{stage}: the rollout begins, number {epoch} of its service"
    ))
    .line(engine.map(|engine| format!(":rowing_boat: rolling out to *{stage}* ({engine})")))
}

pub(super) fn intended(actions: &[Action], until: Timestamp) -> Description {
    let kinds: Vec<_> = actions
        .iter()
        .map(|action| action.kind().to_string())
        .collect();
    Description::bookkeeping(format!(
        "is about to {}, until {}",
        kinds.join(", "),
        to_the_second(until)
    ))
}

pub(super) fn outcome_unknown(actions: &[ActionKind], known: &str) -> Description {
    let kinds: Vec<_> = actions.iter().map(ActionKind::to_string).collect();
    Description::bookkeeping(format!(
        "was about to {}, and does not know what came of it: {}",
        kinds.join(", "),
        plain(known)
    ))
}

pub(super) fn not_performed(action: ActionKind, known: &str) -> Description {
    Description::bookkeeping(format!(
        "was about to {action}, and AWS has not done it: {}",
        plain(known)
    ))
}

pub(super) fn not_seen(action: ActionKind) -> Description {
    Description::bookkeeping(format!(
        "was to {action} before, and nothing of that is to be seen: it is looked for once more"
    ))
}

pub(super) fn registered(revision: &Revision, found: bool) -> Description {
    Description::new(format!("{revision} {}", there(found, "was registered")))
}

pub(super) fn scaling_suspended() -> Description {
    Description::new("auto scaling is suspended".to_owned())
}

pub(super) fn scaling_left(
    said: &mut AlreadySaid,
    target: &ScalableTarget,
    desired: u32,
    restoring: bool,
) -> Description {
    let left = reason::scaling_left(*target, desired, restoring);
    let sentence = left.to_string();
    let news = said.news_of(left);
    Description::bad(sentence).line(news.map(|news| format!(":warning: {}", slack_text(&news))))
}

pub(super) fn scaling_restored(state: ScalingState) -> Description {
    let parts = [
        (state.dynamic_in, "scaling in"),
        (state.dynamic_out, "scaling out"),
        (state.scheduled, "schedules"),
    ];
    let suspended: Vec<_> = parts
        .iter()
        .filter(|(suspended, _)| *suspended)
        .map(|(_, part)| *part)
        .collect();
    let state = if suspended.is_empty() {
        "all of it on".to_owned()
    } else {
        format!("{} suspended", suspended.join(", "))
    };
    Description::new(format!("auto scaling is as it was before: {state}"))
}

pub(super) fn task_started(
    stage: &StageName,
    check: &CheckName,
    task: &DeploymentId,
    found: bool,
) -> Description {
    Description::new(format!(
        "{stage}: the task of check {check}, {task}, {}",
        there(found, "runs")
    ))
    .line(format!(":mag: *{stage}*: the task of `{check}` runs"))
}

pub(super) fn watched(stage: &StageName) -> Description {
    Description::bookkeeping(format!("{stage}: the checks were read"))
}

pub(super) fn checks_ran(
    said: &mut AlreadySaid,
    stage: &StageName,
    at: HookPoint,
    results: &[CheckResult],
) -> Description {
    let verdict = |result: &CheckResult| {
        let verdict = if result.passed { "passed" } else { "FAILED" };
        format!("{} {verdict}: {}", result.check, plain(&result.detail))
    };
    let verdicts: Vec<_> = results.iter().map(verdict).collect();
    let sentence = format!("{stage}: checks {at}: {}", verdicts.join("; "));
    let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
    if failed.is_empty() {
        let names: Vec<_> = results
            .iter()
            .map(|result| format!("`{}`", result.check))
            .collect();
        let passed = || format!(":mag: *{stage}*: {} passed at {at}", names.join(", "));
        return Description::new(sentence).line((!names.is_empty()).then(passed));
    }
    said.fails();
    // Two checks may fail for one reason, which is told of both.
    let failures: Vec<_> = failed
        .iter()
        .filter_map(|result| said.news(&failed_check(at, result)))
        .map(|failure| slack_text(&failure))
        .collect();
    let in_slack = || format!(":x: *{stage}*: {}", failures.join("\n"));
    Description::bad(sentence).line((!failures.is_empty()).then(in_slack))
}

pub(super) fn baseline_changed(
    said: &mut AlreadySaid,
    stage: &StageName,
    found: &Revision,
) -> Description {
    let revision = found.clone();
    let news = said.news(&started_elsewhere(External::Revision { revision }));
    Description::bad(format!(
        "{stage}: {} was found to run, which was started elsewhere",
        found.short()
    ))
    .line(news.map(|news| format!(":warning: *{stage}*: {}", slack_text(&news))))
}

pub(super) fn runs_already(stage: &StageName) -> Description {
    Description::new(format!(
        "{stage}: it runs already, so that nothing was started"
    ))
}

pub(super) fn group_taken(stage: &StageName, by: Option<&DeploymentId>) -> Description {
    let (sentence, named) = match by {
        Some(by) => (
            format!("{stage}: {by} has the deployment group, and has to be over first"),
            format!(", {by}"),
        ),
        None => (
            format!("{stage}: CodeDeploy has no room for another deployment"),
            String::new(),
        ),
    };
    Description::new(sentence).line(format!(
        ":hourglass: *{stage}*: its deployment group has another active deployment{named}, which has to be over first"
    ))
}

pub(super) fn group_freed(stage: &StageName) -> Description {
    Description::new(format!("{stage}: the deployment group is free"))
}

pub(super) fn refused(said: &mut AlreadySaid, action: ActionKind, why: &WhyRefused) -> Description {
    let refused = RefusedAction {
        action,
        why: why.clone(),
    };
    let news = said.news(&refused);
    // What cannot be planned is said to be over for that very reason.
    said.has(&Reason::NotPlanned { why: why.clone() });
    Description::bad(format!("could not {action}: {}", plain(&why.to_string())))
        .line(news.map(|news| format!(":warning: {}", slack_text(&news))))
}
