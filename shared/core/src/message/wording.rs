//! What an entry of the ledger says to people.

use crate::names::SlackUser;
use crate::release::{Decision, DeploymentStatus, Entry, Event, Outcome, Principal, Release};

use super::escape::slack_text;

/// What an entry says in the release's Slack thread, if it is worth a reply.
#[must_use]
pub fn reply(release: &Release, entry: &Entry) -> Option<String> {
    match &entry.event {
        Event::ApprovalRequested {
            stage,
            approval,
            expires_at,
            ..
        } => {
            let gate = release.pipeline().stage(stage)?.approval.as_ref()?;
            let people: Vec<_> = gate.slack.iter().map(mention).collect();
            let who = if people.is_empty() {
                "the holders of the e-mailed token".to_owned()
            } else {
                people.join(", ")
            };
            let needed = if gate.required > 1 {
                format!(" ({} needed)", gate.required)
            } else {
                String::new()
            };
            Some(format!(
                ":raised_hand: *{stage}* waits for approval by {who}{needed}, until {} (`{approval}`)",
                date(expires_at.as_second())
            ))
        }
        Event::Voted {
            by,
            decision,
            reason,
            ..
        } => {
            let did = match decision {
                Decision::Approve => ":+1: approved",
                Decision::Reject => ":no_entry: rejected",
            };
            Some(format!(
                "{did} by {}{}",
                person(by),
                because(reason.as_deref())
            ))
        }
        Event::ApprovalVoided { reason, .. } => Some(format!(
            ":leftwards_arrow_with_hook: the approval no longer counts: {}",
            slack_text(reason)
        )),
        Event::Queued { stage, behind } => Some(format!(
            ":hourglass: *{stage}* waits behind {}",
            slack_text(behind)
        )),
        Event::RolloutStarted { stage, .. } => {
            let engine = release.pipeline().stage(stage)?.rollout.engine();
            Some(format!(":rowing_boat: rolling out to *{stage}* ({engine})"))
        }
        Event::Checked {
            stage, at, results, ..
        } => {
            let failed: Vec<_> = results.iter().filter(|result| !result.passed).collect();
            if failed.is_empty() {
                let names: Vec<_> = results
                    .iter()
                    .map(|result| format!("`{}`", result.check))
                    .collect();
                return (!names.is_empty())
                    .then(|| format!(":mag: *{stage}*: {} passed at {at}", names.join(", ")));
            }
            let said: Vec<_> = failed
                .iter()
                .map(|result| {
                    format!(
                        "check `{}` failed at {at}: {}",
                        result.check,
                        slack_text(&result.detail)
                    )
                })
                .collect();
            Some(format!(":x: *{stage}*: {}", said.join("\n")))
        }
        Event::DeploymentObserved {
            status: DeploymentStatus::RollingBack { reason, .. },
            ..
        } => Some(format!(
            ":leftwards_arrow_with_hook: rolling back: {}",
            slack_text(reason)
        )),
        Event::RollbackStarted { reason, .. } => Some(format!(
            ":leftwards_arrow_with_hook: rolling back: {}",
            slack_text(reason)
        )),
        Event::ActionRefused { action, reason } => Some(format!(
            ":warning: could not {action}: {}",
            slack_text(reason)
        )),
        Event::RolloutEnded {
            stage,
            outcome: Outcome::Succeeded,
            reason,
            ..
        } => Some(format!(
            ":white_check_mark: *{stage}*: {}",
            slack_text(reason)
        )),
        Event::Ended { outcome, reason } => match outcome {
            Outcome::Succeeded => None,
            Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Superseded
            | Outcome::Stopped
            | Outcome::Refused
            | Outcome::Expired => Some(format!(
                "{} *{outcome}*: {}",
                sign(*outcome),
                slack_text(reason)
            )),
        },
        Event::Opened {
            rollback: Some(rollback),
            ..
        } => Some(format!(
            ":leftwards_arrow_with_hook: {} rolls *{}* back to {}{}",
            person(&rollback.by),
            rollback.stage,
            slack_text(release.image().tag.as_str()),
            because(rollback.reason.as_deref())
        )),
        Event::RollbackRequested { stage, by, reason } => Some(format!(
            ":leftwards_arrow_with_hook: {} rolls *{stage}* back{}",
            person(by),
            because(reason.as_deref())
        )),
        Event::Vetoed { by, reason } => Some(format!(
            ":no_entry: {} vetoed the image: {}",
            person(by),
            slack_text(reason)
        )),
        Event::Held { stage, reason } => Some(format!(
            ":octagonal_sign: *{stage}* is on hold: {}. `towpath release-hold {} {stage} --reason …` lifts it",
            slack_text(reason),
            release.pipeline().pipeline
        )),
        Event::BaselineChanged { stage, found } => Some(format!(
            ":warning: *{stage}*: {} was started outside of Towpath",
            slack_text(found)
        )),
        Event::TrafficAllowed { pause: Some(_), .. } if release.rollback().is_some() => Some(
            ":vertical_traffic_light: its pause is over: nobody is asked whether the old version may come back".into(),
        ),
        Event::GroupTaken { stage, by } => Some(format!(
            ":hourglass: *{stage}*: its deployment group has another active deployment{}, which has to be over first",
            match by {
                Some(by) => format!(", {by}"),
                None => String::new(),
            }
        )),
        Event::TrafficAllowed { .. } => {
            Some(":vertical_traffic_light: production traffic is let through".into())
        }
        Event::TaskStarted { stage, check, .. } => {
            Some(format!(":mag: *{stage}*: the task of `{check}` runs"))
        }
        Event::Opened { rollback: None, .. }
        | Event::HookCalled { .. }
        | Event::HookAnswered { .. }
        | Event::Watched { .. }
        | Event::GroupFreed { .. }
        | Event::RunsAlready { .. }
        | Event::DeploymentReported { .. }
        | Event::Superseded { .. }
        | Event::Overtook { .. }
        | Event::Woke { .. }
        | Event::Planned { .. }
        | Event::Intended { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
        | Event::DeploymentStarted { .. }
        | Event::DeploymentObserved { .. }
        | Event::ScalingRestored { .. }
        | Event::RolloutEnded { .. }
        | Event::CardPosted { .. }
        | Event::CardUpdated { .. }
        | Event::Replied { .. }
        | Event::Published { .. } => None,
    }
}

/// A reason in somebody's words, behind what they did.
fn because(reason: Option<&str>) -> String {
    reason
        .map(|reason| format!(": {}", slack_text(reason)))
        .unwrap_or_default()
}

/// An outcome's emoji.
pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => ":white_check_mark:",
        Outcome::Failed => ":x:",
        Outcome::RolledBack => ":leftwards_arrow_with_hook:",
        Outcome::Superseded => ":fast_forward:",
        Outcome::Stopped => ":octagonal_sign:",
        Outcome::Refused => ":no_entry:",
        Outcome::Expired => ":alarm_clock:",
    }
}

/// An instant that Slack shows in each reader's own time zone:
/// <https://docs.slack.dev/messaging/formatting-message-text#date-formatting>.
fn date(seconds: i64) -> String {
    let plain = jiff::Timestamp::from_second(seconds)
        .map(|at| at.to_string())
        .unwrap_or_default();
    format!("<!date^{seconds}^{{date_short_pretty}} {{time}}|{plain}>")
}

fn mention(user: &SlackUser) -> String {
    format!("<@{user}>")
}

fn person(principal: &Principal) -> String {
    match principal {
        Principal::Slack(user) => mention(user),
        Principal::TokenHolder => principal.to_string(),
        Principal::Aws(arn) => slack_text(arn),
    }
}
