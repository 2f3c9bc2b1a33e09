//! What the ledger's entries say, in sentences for the terminal.

use jiff::Timestamp;
use towpath_core::message::one_line;
use towpath_core::release::{
    Action, BlockedBy, Decision, DeploymentStatus, Event, ImageChange, Plan, ScalingState,
};

/// Longest reason that is shown, in characters.
const LONGEST: usize = 400;

/// An instant as people read it, in UTC and to the second.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// How long ago an instant is, in its largest unit.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A number of things: `1 order`, `2 orders`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// Text from outside on one line, with nothing a terminal would obey.
pub(crate) fn safe(text: &str) -> String {
    one_line(text, LONGEST)
}

/// Whether an entry only keeps books: what is about to be tried, what was looked at, what people
/// were told. The others tell the story of the release.
pub(crate) fn is_bookkeeping(event: &Event) -> bool {
    match event {
        Event::DeploymentReported { .. }
        | Event::Overtook { .. }
        | Event::ToldEarlier { .. }
        | Event::Woke { .. }
        | Event::Intended { .. }
        | Event::CardPosted { .. }
        | Event::CardUpdated { .. }
        | Event::Replied { .. }
        | Event::Published { .. }
        | Event::Watched { .. } => true,
        Event::DeploymentObserved { status, .. } => match status {
            DeploymentStatus::InProgress { traffic: None, .. } => true,
            DeploymentStatus::InProgress {
                traffic: Some(_), ..
            }
            | DeploymentStatus::Ready { .. }
            | DeploymentStatus::Shifted { .. }
            | DeploymentStatus::RollingBack { .. }
            | DeploymentStatus::Halted { .. }
            | DeploymentStatus::Succeeded
            | DeploymentStatus::RolledBack { .. }
            | DeploymentStatus::Failed { .. }
            | DeploymentStatus::FailedInPlace { .. }
            | DeploymentStatus::Stopped { .. }
            | DeploymentStatus::Replaced { .. } => false,
        },
        Event::Opened { .. }
        | Event::Voted { .. }
        | Event::ReplyRefused { .. }
        | Event::Checked { .. }
        | Event::Superseded { .. }
        | Event::Replaced { .. }
        | Event::BroughtBack { .. }
        | Event::Planned { .. }
        | Event::ApprovalRequested { .. }
        | Event::ApprovalVoided { .. }
        | Event::Blocked { .. }
        | Event::RolloutStarted { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
        | Event::ScalingLeft { .. }
        | Event::DeploymentStarted { .. }
        | Event::RollbackStarted { .. }
        | Event::ActionRefused { .. }
        | Event::ScalingRestored { .. }
        | Event::RolloutEnded { .. }
        | Event::Ended { .. }
        | Event::RollbackRequested { .. }
        | Event::Vetoed { .. }
        | Event::HookCalled { .. }
        | Event::HookAnswered { .. }
        | Event::TaskStarted { .. }
        | Event::BaselineChanged { .. }
        | Event::RunsAlready { .. }
        | Event::GroupTaken { .. }
        | Event::GroupFreed { .. }
        | Event::TrafficAllowed { .. }
        | Event::Held { .. } => false,
    }
}

/// What happened, in one sentence.
pub(crate) fn sentence(event: &Event) -> String {
    match event {
        Event::Opened {
            image,
            rollback: Some(rollback),
            ..
        } => {
            let (stage, good) = (&rollback.stage, &rollback.good);
            let to = rollback.called(&image.tag);
            let of = match rollback.before {
                true => format!("{to} ({good})"),
                false => format!("{to} of {good} ({})", rollback.revision.short()),
            };
            format!(
                "{stage} is to be rolled back to {of}{}",
                because(rollback.reason.as_deref())
            )
        }
        Event::RollbackRequested { stage, reason, .. } => format!(
            "{stage}: the rollout is to be taken back{}",
            because(reason.as_deref())
        ),
        Event::Vetoed { reason, .. } => format!("the image was vetoed: {}", safe(reason)),
        Event::HookCalled {
            stage,
            deployment,
            at,
            ..
        } => {
            format!("{stage}: {deployment} asks {at}, and is answered when its checks are decided")
        }
        Event::HookAnswered {
            deployment,
            at,
            passed,
        } => {
            let answer = if *passed {
                "may go on"
            } else {
                "may not go on"
            };
            format!("{deployment} {answer} {at}")
        }
        Event::TaskStarted {
            stage,
            check,
            task,
            found,
        } => format!(
            "{stage}: the task of check {check}, {task}, {}",
            there(*found, "runs")
        ),
        Event::Watched { stage } => format!("{stage}: the checks were looked at"),
        Event::BaselineChanged { stage, found } => format!(
            "{stage}: {} was found to run, which was started elsewhere",
            safe(found)
        ),
        Event::RunsAlready { stage } => {
            format!("{stage}: it runs already, so that nothing was started")
        }
        Event::GroupTaken { stage, by } => match by {
            Some(by) => format!("{stage}: {by} has the deployment group, and has to be over first"),
            None => format!("{stage}: CodeDeploy has no room for another deployment"),
        },
        Event::GroupFreed { stage } => format!("{stage}: the deployment group is free"),
        Event::TrafficAllowed { deployment, .. } => {
            format!("production traffic of {deployment} is let through")
        }
        Event::Held { stage, reason } => format!("{stage} is on hold: {}", safe(reason)),
        Event::Opened {
            pipeline,
            version,
            image,
            rollback: None,
            ..
        } => format!(
            "{}:{} was pushed at {}; pipeline {} takes it (its version {version})",
            image.repository,
            image.tag,
            time(image.arrived_at),
            pipeline.pipeline
        ),
        Event::DeploymentReported { deployment, state } => {
            format!("AWS reports {} of {deployment}", safe(state))
        }
        Event::ReplyRefused {
            approval,
            message,
            reason,
        } => format!(
            "a reply to {approval} was refused (message {message}): {}",
            safe(reason)
        ),
        Event::Voted {
            approval,
            decision,
            reason,
            ..
        } => {
            let done = match decision {
                Decision::Approve => "approved",
                Decision::Reject => "rejected",
            };
            format!("{done} (request {approval}){}", because(reason.as_deref()))
        }
        Event::Checked {
            stage, at, results, ..
        } => {
            let told: Vec<_> = results
                .iter()
                .map(|result| {
                    let verdict = if result.passed { "passed" } else { "FAILED" };
                    format!("{} {verdict}: {}", result.check, safe(&result.detail))
                })
                .collect();
            format!("{stage}: checks {at}: {}", told.join("; "))
        }
        Event::Superseded { tag, .. } => format!("{tag} arrived here too, and is newer"),
        Event::Overtook { older } => format!("told the older release {older}, which waited here"),
        Event::Replaced {
            stage,
            by,
            tag,
            back,
            ..
        } => {
            let tag = tag.as_ref().map_or("what ran before", |tag| tag.as_str());
            let did = if *back {
                ", brought back by"
            } else {
                ", rolled out by"
            };
            format!("{stage}: {tag} serves there instead{did} {by}")
        }
        Event::BroughtBack { stage, by, .. } => {
            format!("{stage}: it serves there again, brought back by {by}")
        }
        Event::ToldEarlier { earlier, service } => {
            format!("told {earlier}, which it concerns, what serves in {service}")
        }
        Event::Woke { service, next } => match next {
            Some(next) => format!("{service} is free; woke {next}"),
            None => format!("{service} is free; nobody waited"),
        },
        Event::Planned { stage, plan } => format!("{stage}: planned: {}", planned(plan)),
        Event::ApprovalRequested {
            stage,
            approval,
            expires_at,
            spec,
            ..
        } => format!(
            "{stage}: waits for approval until {} (request {approval}, task definition {})",
            time(*expires_at),
            spec.short()
        ),
        Event::ApprovalVoided { approval, reason } => {
            format!("the approval {approval} no longer counts: {}", safe(reason))
        }
        Event::Blocked { stage, by } => match by {
            BlockedBy::Hold { reason } => format!("{stage}: on hold: {}", safe(reason)),
            BlockedBy::Owner { release } => {
                format!("{stage}: waits for {release}, which is being rolled out there")
            }
            BlockedBy::Turn { release } => {
                format!("{stage}: waits for {release}, which came before it")
            }
        },
        Event::RolloutStarted { stage, epoch } => {
            format!("{stage}: the rollout begins, number {epoch} of its service")
        }
        Event::Intended { actions, until } => {
            let kinds: Vec<_> = actions
                .iter()
                .map(|action| Action::kind(action).to_string())
                .collect();
            format!("is about to {}, until {}", kinds.join(", "), time(*until))
        }
        Event::Registered { revision, found } => {
            format!("{revision} {}", there(*found, "was registered"))
        }
        Event::ScalingSuspended { .. } => "auto scaling is suspended".to_owned(),
        Event::ScalingLeft {
            target,
            desired,
            restoring,
        } => target.left(*desired, *restoring),
        Event::DeploymentStarted {
            deployment, found, ..
        } => {
            format!("deployment {deployment} {}", there(*found, "has begun"))
        }
        Event::DeploymentObserved { deployment, status } => {
            format!("deployment {deployment}: {}", safe(&status.to_string()))
        }
        Event::RollbackStarted {
            deployment, reason, ..
        } => {
            let by = match deployment {
                Some(deployment) => format!(" by deployment {deployment}"),
                None => String::new(),
            };
            format!("the rollback begins{by}: {}", safe(reason))
        }
        Event::ActionRefused { action, reason } => {
            format!("could not {action}: {}", safe(reason))
        }
        Event::ScalingRestored { state } => {
            format!("auto scaling is as it was before: {}", scaling(*state))
        }
        Event::RolloutEnded {
            stage,
            outcome,
            reason,
            ..
        } => format!("{stage}: {outcome}: {}", safe(reason)),
        Event::Ended { outcome, reason } => format!("the release {outcome}: {}", safe(reason)),
        Event::CardPosted { channel, .. } => format!("its card was posted to {}", safe(channel)),
        Event::CardUpdated { .. } => "its card was edited".to_owned(),
        Event::Replied { through } => {
            format!("people were told in its thread, up to entry {through}")
        }
        Event::Published { through } => {
            format!("people were told by e-mail, up to entry {through}")
        }
    }
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {}", safe(reason)))
}

fn there(found: bool, otherwise: &str) -> &str {
    if found {
        "was there already"
    } else {
        otherwise
    }
}

fn planned(plan: &Plan) -> String {
    if plan.runs_already() {
        return format!("{} runs it already", plan.current);
    }
    let images: Vec<_> = plan
        .images
        .iter()
        .map(
            |ImageChange {
                 container,
                 from,
                 to,
             }| { format!("{container} from {} to {}", safe(from), safe(to)) },
        )
        .collect();
    format!(
        "{} in {} (task definition {})",
        images.join(", "),
        plan.current,
        plan.spec.short()
    )
}

fn scaling(state: ScalingState) -> String {
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
    if suspended.is_empty() {
        "all of it on".to_owned()
    } else {
        format!("{} suspended", suspended.join(", "))
    }
}
