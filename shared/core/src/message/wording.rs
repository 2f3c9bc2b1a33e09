//! What an entry of the ledger says to people.

use jiff::Timestamp;

use crate::names::SlackUser;
use crate::release::{
    BlockedBy, Decision, DeploymentStatus, Entry, Event, Outcome, Principal, Release, Waiting,
    WaitsOn, reason,
};

use super::asking::approvers;
use super::escape::slack_text;
use super::said::{By, Said};
use super::style::SLACK;
use super::waiting::sentence;

/// What an entry says in the release's Slack thread, if it is worth a reply after what was said.
pub(super) fn line(release: &Release, entry: &Entry, said: &mut Said) -> Option<String> {
    match &entry.event {
        Event::ApprovalRequested {
            stage,
            approval,
            expires_at,
            ..
        } => {
            let gate = release.pipeline().stage(stage)?.approval.as_ref()?;
            let who = approvers(gate, SLACK);
            let needed = if gate.required > 1 {
                format!(" ({} needed)", gate.required)
            } else {
                String::new()
            };
            Some(format!(
                ":raised_hand: *{stage}* waits for approval by {who}{needed}, until {} (request `{approval}`)",
                date(*expires_at)
            ))
        }
        Event::Voted {
            approval,
            by,
            decision,
            reason,
            ..
        } => {
            let did = match decision {
                Decision::Approve => ":+1: approved",
                Decision::Reject => {
                    said.has(reason::rejected(by, reason.as_deref()));
                    ":no_entry: rejected"
                }
            };
            Some(format!(
                "{did} by {} (request `{approval}`){}",
                person(by),
                because(reason.as_deref())
            ))
        }
        Event::ReplyRefused {
            approval, reason, ..
        } => Some(format!(
            ":warning: a reply to `{approval}` was refused, and the request is still open: {}",
            slack_text(reason)
        )),
        Event::ApprovalVoided { approval, reason } => Some(format!(
            ":leftwards_arrow_with_hook: the approval `{approval}` no longer counts: {}",
            slack_text(reason)
        )),
        Event::Blocked { stage, by } => {
            if let BlockedBy::Hold { reason } = by {
                said.news(reason)?;
            }
            let waiting = Waiting {
                pipeline: &release.pipeline().pipeline,
                stage: release.pipeline().stage(stage)?,
                on: WaitsOn::Blocked(by),
            };
            Some(format!(
                ":hourglass: *{stage}*: {}",
                sentence(&waiting, SLACK)
            ))
        }
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
            said.fails();
            let failures: Vec<_> = failed
                .iter()
                .filter_map(|result| said.news(&reason::failed_check(*at, result)))
                .map(|failure| slack_text(&failure))
                .collect();
            (!failures.is_empty()).then(|| format!(":x: *{stage}*: {}", failures.join("\n")))
        }
        Event::DeploymentObserved {
            status: DeploymentStatus::RollingBack { reason, .. },
            ..
        } => {
            if !said.goes_back(By::Aws) {
                return None;
            }
            // The checks that failed say more than AWS, which only knows that a hook answered no.
            let why = said.news(reason).filter(|_| !said.has_failure());
            Some(format!(
                ":leftwards_arrow_with_hook: *{}*: AWS takes the rollout back{}",
                said.stage()?,
                because(why.as_deref())
            ))
        }
        Event::DeploymentObserved {
            status: DeploymentStatus::Halted { reason },
            ..
        } => Some(format!(
            ":octagonal_sign: *{}*: {}; whether AWS rolls it back is not known yet",
            said.stage()?.clone(),
            slack_text(&said.news(reason)?)
        )),
        Event::RollbackStarted { reason, .. } => {
            if !said.goes_back(By::Towpath) {
                return None;
            }
            let why = said.news(reason);
            Some(format!(
                ":leftwards_arrow_with_hook: *{}*: Towpath takes the rollout back{}",
                said.stage()?,
                because(why.as_deref())
            ))
        }
        Event::ActionRefused { action, reason } => {
            let refused = said.news(&reason::refused(*action, reason))?;
            // What cannot be planned is said to be over for that very reason.
            said.has(reason.clone());
            Some(format!(":warning: {}", slack_text(&refused)))
        }
        Event::ScalingLeft {
            target,
            desired,
            restoring,
        } => {
            let left = said.news(&target.left(*desired, *restoring))?;
            Some(format!(":warning: {}", slack_text(&left)))
        }
        Event::RolloutEnded {
            stage,
            outcome: Outcome::Succeeded,
            reason,
            ..
        } => Some(format!(
            ":white_check_mark: *{stage}*: {}",
            slack_text(&said.news(reason).unwrap_or_else(|| reason.clone()))
        )),
        Event::Ended { outcome, reason } => ended(*outcome, reason, said),
        Event::Opened {
            rollback: Some(rollback),
            ..
        } => {
            said.has(rollback.hold_reason(Outcome::Succeeded, ""));
            Some(format!(
                ":leftwards_arrow_with_hook: {} rolls *{}* back to {}{}",
                person(&rollback.by),
                rollback.stage,
                slack_text(&rollback.called(&release.image().tag)),
                because(rollback.reason.as_deref())
            ))
        }
        Event::RollbackRequested { stage, by, reason } => {
            said.goes_back(By::Towpath);
            said.has(reason::rolled_back(by, reason.as_deref()));
            Some(format!(
                ":leftwards_arrow_with_hook: {} rolls *{stage}* back{}",
                person(by),
                because(reason.as_deref())
            ))
        }
        Event::Vetoed { by, reason } => {
            said.has(reason::vetoed(by, reason));
            Some(format!(
                ":no_entry: {} vetoed the image: {}",
                person(by),
                slack_text(reason)
            ))
        }
        Event::Held { stage, reason } => {
            // Whoever waits behind the hold is told so in its own words.
            let why = said.news(reason);
            Some(format!(
                ":octagonal_sign: *{stage}* is on hold{}. `towpath release-hold {} {stage} --reason …` lifts it",
                because(why.as_deref()),
                release.pipeline().pipeline
            ))
        }
        Event::BaselineChanged { stage, found } => Some(format!(
            ":warning: *{stage}*: {}",
            slack_text(&said.news(&reason::started_elsewhere(found))?)
        )),
        Event::TrafficAllowed { pause: Some(_), .. } if release.rollback().is_some() => {
            Some(":vertical_traffic_light: pause skipped: a rollback needs no approval".into())
        }
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
        | Event::Replaced { .. }
        | Event::BroughtBack { .. }
        | Event::ToldEarlier { .. }
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

/// How the release has ended, if that says more than what led to it: whoever rejects a rollout that
/// has not begun has said that it is refused.
fn ended(outcome: Outcome, reason: &str, said: &mut Said) -> Option<String> {
    let stage = said.stage().cloned();
    let at_stage = stage.as_ref().and_then(|stage| {
        let rest = reason.strip_prefix(stage.as_str())?;
        rest.strip_prefix(": ")
    });
    let why = said.news(at_stage.unwrap_or(reason));
    match outcome {
        Outcome::Succeeded => return None,
        Outcome::Refused if why.is_none() && !said.went_back() => return None,
        Outcome::Failed
        | Outcome::RolledBack
        | Outcome::Superseded
        | Outcome::Stopped
        | Outcome::Refused
        | Outcome::Expired
        | Outcome::NotTrusted => {}
    }
    let at = stage
        .map(|stage| format!("*{stage}*: "))
        .unwrap_or_default();
    Some(format!(
        "{} {at}{outcome}{}",
        sign(outcome),
        because(why.as_deref())
    ))
}

/// A reason, behind what it is the reason for.
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
        Outcome::NotTrusted => ":rotating_light:",
    }
}

/// An instant that Slack shows in each reader's own time zone:
/// <https://docs.slack.dev/messaging/formatting-message-text#date-formatting>.
pub(super) fn date(at: Timestamp) -> String {
    let seconds = at.as_second();
    let fallback = to_the_second(at);
    format!("<!date^{seconds}^{{date_short_pretty}} {{time}}|{fallback}>")
}

/// An instant for people who read plain text: nobody waits for a fraction of a second.
pub(super) fn to_the_second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn mention(user: &SlackUser) -> String {
    format!("<@{user}>")
}

pub(super) fn person(principal: &Principal) -> String {
    match principal {
        Principal::Slack(user) => mention(user),
        Principal::TokenHolder | Principal::Deployer => principal.to_string(),
        // The ledger has the whole ARN.
        Principal::Aws(arn) => slack_text(arn.rsplit('/').next().unwrap_or(arn)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_shown_a_fraction_of_a_second() {
        let at = "2026-12-01T03:00:21.022352539Z".parse().unwrap();
        assert_eq!(
            date(at),
            "<!date^1796094021^{date_short_pretty} {time}|2026-12-01T03:00:21Z>"
        );
        assert_eq!(to_the_second(at), "2026-12-01T03:00:21Z");
    }
}
