//! AWS carries a deployment out, moves its traffic, and rolls it back.

use super::{Context, Description, because, because_in_slack, plain, there};
use crate::message::escape::slack_text;
use crate::message::said::{AlreadySaid, By};
use crate::message::style::person;
use crate::names::{DeploymentId, PauseId, StageName};
use crate::pipeline::HookPoint;
use crate::release::{DeploymentFault, DeploymentStatus, Principal, RollbackReason, reason};

pub(super) fn started(deployment: &DeploymentId, found: bool) -> Description {
    Description::new(format!(
        "deployment {deployment} {}",
        there(found, "has begun")
    ))
}

pub(super) fn reported(deployment: &DeploymentId, state: &str) -> Description {
    Description::bookkeeping(format!("AWS reports {} of {deployment}", plain(state)))
}

pub(super) fn observed(
    said: &mut AlreadySaid,
    deployment: &DeploymentId,
    status: &DeploymentStatus,
) -> Description {
    let sentence = format!("deployment {deployment}: {}", plain(&status.to_string()));
    match status {
        DeploymentStatus::InProgress { traffic: None, .. } => Description::bookkeeping(sentence),
        DeploymentStatus::RollingBack { reason, .. } => {
            Description::new(sentence).line(rolled_back_by_aws(said, reason))
        }
        DeploymentStatus::Halted { reason } => {
            let news = said.stage().cloned().zip(said.news(reason));
            Description::new(sentence).line(news.map(|(stage, news)| {
                format!(
                    ":octagonal_sign: *{stage}*: {}; whether AWS rolls it back is not known yet",
                    slack_text(&news)
                )
            }))
        }
        DeploymentStatus::InProgress {
            traffic: Some(_), ..
        }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => Description::new(sentence),
    }
}

fn rolled_back_by_aws(said: &mut AlreadySaid, reason: &DeploymentFault) -> Option<String> {
    if !said.goes_back(By::Aws) {
        return None;
    }
    // The checks that failed say more than AWS, which only knows that a hook answered no.
    let why = said.news(reason).filter(|_| !said.has_failure());
    Some(format!(
        ":leftwards_arrow_with_hook: *{}*: AWS rolls it back{}",
        said.stage()?,
        because_in_slack(why.as_deref())
    ))
}

pub(super) fn hook_called(
    stage: &StageName,
    deployment: &DeploymentId,
    at: HookPoint,
) -> Description {
    Description::new(format!(
        "{stage}: {deployment} asks {at}, and is answered when its checks are decided"
    ))
}

pub(super) fn hook_answered(deployment: &DeploymentId, at: HookPoint, passed: bool) -> Description {
    let answer = if passed { "may go on" } else { "may not go on" };
    Description::new(format!("{deployment} {answer} {at}"))
}

pub(super) fn traffic_allowed(
    told: Context<'_>,
    said: &AlreadySaid,
    deployment: &DeploymentId,
    pause: Option<&PauseId>,
) -> Description {
    let did = if pause.is_some() && told.release.rollback().is_some() {
        "pause skipped: a rollback needs no approval"
    } else {
        "production traffic is let through"
    };
    let in_slack = said
        .stage()
        .map(|stage| format!(":vertical_traffic_light: *{stage}*: {did}"));
    Description::new(format!("production traffic of {deployment} is let through")).line(in_slack)
}

pub(super) fn rollback_requested(
    said: &mut AlreadySaid,
    stage: &StageName,
    by: &Principal,
    why: Option<&str>,
) -> Description {
    said.goes_back(By::Towpath);
    said.has(&reason::rolled_back(by, why));
    Description::bad(format!("{stage}: a rollback was asked for{}", because(why))).line(format!(
        ":leftwards_arrow_with_hook: {} rolls *{stage}* back{}",
        person(by),
        because_in_slack(why)
    ))
}

pub(super) fn rollback_started(
    said: &mut AlreadySaid,
    deployment: Option<&DeploymentId>,
    reason: &RollbackReason,
) -> Description {
    let by = deployment.map_or_else(String::new, |id| format!(" by deployment {id}"));
    let sentence = reason.to_string();
    Description::bad(format!("the rollback begins{by}: {}", plain(&sentence)))
        .line(rolled_back_by_towpath(said, reason))
}

fn rolled_back_by_towpath(said: &mut AlreadySaid, reason: &RollbackReason) -> Option<String> {
    if !said.goes_back(By::Towpath) {
        return None;
    }
    let why = said.news(reason);
    Some(format!(
        ":leftwards_arrow_with_hook: *{}*: Towpath rolls it back{}",
        said.stage()?,
        because_in_slack(why.as_deref())
    ))
}
