//! How rollouts and releases end, and what is left behind.

use super::{Context, Description, Mail, because_in_slack, plain};
use crate::message::escape::{one_line, slack_text};
use crate::message::said::AlreadySaid;
use crate::message::style::{person, sign};
use crate::names::StageName;
use crate::release::{
    EndReason, Entry, Event, HoldReason, Outcome, Principal, Reason, Release, reason,
};

pub(super) fn vetoed(said: &mut AlreadySaid, by: &Principal, why: &str) -> Description {
    said.has(&reason::vetoed(by, why));
    Description::bad(format!("the image was vetoed: {}", plain(why))).line(format!(
        ":no_entry: {} vetoed the image: {}",
        person(by),
        slack_text(why)
    ))
}

pub(super) fn held(
    told: Context<'_>,
    said: &mut AlreadySaid,
    stage: &StageName,
    why: &HoldReason,
) -> Description {
    let news = said.news(why);
    // Whoever waits for the hold to be lifted is told so in its own words.
    said.has_hold(why);
    let why = &why.to_string();
    let pipeline = &told.release.pipeline().pipeline;
    let mail = || Mail {
        headline: format!("{stage} is on hold"),
        body: format!(
            "{}\n\n{}\n",
            one_line(why, 2_000),
            lifts(told.release, stage)
        ),
        asks: None,
    };
    Description::bad(format!("{stage} is on hold: {}", plain(why)))
        .line(format!(
            ":octagonal_sign: *{stage}* is on hold{}. `towpath release-hold {pipeline} {stage} --reason …` lifts it",
            because_in_slack(news.as_deref())
        ))
        // The end, which is written with it, says it too.
        .mail((!is_held_by_its_end(told)).then(mail))
}

pub(super) fn rollout_ended(
    said: &mut AlreadySaid,
    stage: &StageName,
    outcome: Outcome,
    why: &Reason,
) -> Description {
    let sentence = why.to_string();
    let in_slack = (outcome == Outcome::Succeeded).then(|| {
        let why = said.news(why).unwrap_or_else(|| sentence.clone());
        format!(":white_check_mark: *{stage}*: {}", slack_text(&why))
    });
    let described = format!("{stage}: {outcome}: {}", plain(&sentence));
    let left = outcome == Outcome::Succeeded && why.leaves_something_to_do();
    let mail = left.then(|| Mail {
        headline: format!("{stage} serves, but not as it scaled before"),
        body: format!("{stage}: {}\n", one_line(&sentence, 2_000)),
        asks: None,
    });
    Description::outcome(outcome, described)
        .line(in_slack)
        .mail(mail)
}

pub(super) fn ended(
    told: Context<'_>,
    said: &mut AlreadySaid,
    outcome: Outcome,
    reason: &EndReason,
) -> Description {
    let held = held_by_its_end(told)
        .map(|stage| format!("\n{}\n", lifts(told.release, stage)))
        .unwrap_or_default();
    let why = reason.to_string();
    Description::outcome(outcome, format!("the release {outcome}: {}", plain(&why)))
        .line(ended_in_slack(said, outcome, reason))
        .mail(Mail {
            headline: outcome.to_string(),
            body: format!(
                "{} {outcome}: {}\n{held}",
                told.name(),
                one_line(&why, 2_000)
            ),
            asks: None,
        })
}

/// How the release has ended, if that says more than what led to it: whoever rejects a rollout that
/// has not begun has said that it is refused.
fn ended_in_slack(said: &mut AlreadySaid, outcome: Outcome, reason: &EndReason) -> Option<String> {
    let stage = said.stage().cloned();
    let why = match reason {
        // The line names the stage by itself.
        EndReason::Stage { stage: at, because } if stage.as_ref() == Some(at) => said.news(because),
        EndReason::Stage { stage: at, because } => {
            said.news(because).map(|why| format!("{at}: {why}"))
        }
        EndReason::Serves { .. }
        | EndReason::NoTasksWanted { .. }
        | EndReason::NoStages
        | EndReason::NoService
        | EndReason::NotTrusted { .. } => said.news(reason),
    };
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
        because_in_slack(why.as_deref())
    ))
}

/// What a hold does, and how it is lifted.
fn lifts(release: &Release, stage: &StageName) -> String {
    format!(
        "{stage} is on hold and takes no new release: towpath release-hold {} {stage} --reason TEXT lifts it.",
        release.pipeline().pipeline
    )
}

/// Whether a hold is written together with the end of the release.
fn is_held_by_its_end(held: Context<'_>) -> bool {
    let after = held.release.entries().iter();
    let mut after = after.filter(|entry| entry.sequence > held.entry.sequence);
    let ends = |entry: &Entry| matches!(entry.event, Event::Ended { .. });
    matches!(after.next(), Some(entry) if matches!(entry.event, Event::RolloutEnded { .. }))
        && after.next().is_some_and(ends)
}

/// The stage whose hold is written together with the end of the release, if one is.
fn held_by_its_end(ended: Context<'_>) -> Option<&StageName> {
    let before = ended.release.entries().iter().rev();
    let mut before = before.filter(|entry| entry.sequence < ended.entry.sequence);
    let (rollout, held) = (before.next()?, before.next()?);
    match (&rollout.event, &held.event) {
        (Event::RolloutEnded { .. }, Event::Held { stage, .. }) => Some(stage),
        (_, _) => None,
    }
}
