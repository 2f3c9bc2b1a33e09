//! The release's card in Slack, in Block Kit and within its documented limits:
//! <https://docs.slack.dev/reference/block-kit/blocks>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::buttons::buttons;
use super::escape::{cut, one_line, slack_text};
use super::style::{LONGEST_QUOTE, SLACK, SLACK_NOTIFICATION, Style, sign};
use super::waiting::sentence;
use crate::pipeline::Stage;
use crate::release::{
    Card, Conclusion, EndReason, Instead, Outcome, Phase, Reason, Release, Rollout,
};

/// The release's card: what it is, how each stage stands, and the buttons while people are asked.
#[must_use]
pub fn card(release: &Release) -> Card {
    let image = release.image();
    let title = title(release);
    let stages: Vec<String> = release
        .pipeline()
        .stages
        .iter()
        .zip(release.rollouts())
        .map(|(stage, rollout)| line(release, stage, rollout))
        .collect();
    let mut blocks = vec![json!({ "type": "header", "text": plain(&one_line(&title, 150)) })];
    for text in sections(&stages) {
        blocks.push(json!({ "type": "section", "text": mrkdwn(&text) }));
    }
    let headline = match release.conclusion() {
        Some(conclusion) => {
            // What a stage's line says is not said once more.
            let shown = release
                .rollouts()
                .iter()
                .any(|rollout| says_all_of(rollout, conclusion));
            if !shown {
                let text = format!(
                    "{} *{}*: {}",
                    sign(conclusion.outcome),
                    conclusion.outcome,
                    slack_text(&conclusion.reason.to_string())
                );
                blocks.push(json!({ "type": "section", "text": mrkdwn(&text) }));
            }
            format!("{}: {}", slack_text(&title), conclusion.outcome)
        }
        None => match release.current() {
            Some((stage, rollout)) => format!(
                "{}: {}: {}",
                slack_text(&title),
                stage.name,
                state(release, rollout, SLACK_NOTIFICATION)
            ),
            None => slack_text(&title),
        },
    };
    blocks.extend(buttons(release));
    // Of what ran before the first release no image is known.
    let origin = match release.rollback() {
        Some(rollback) if rollback.before => format!("`{}`", release.id()),
        Some(_) | None => format!(
            "`{}/{}@{}` · `{}`",
            image.registry,
            image.repository,
            image.digest,
            release.id()
        ),
    };
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&origin)] }));
    Card {
        text: headline,
        blocks: Value::Array(blocks),
    }
}

/// What the card is about: the pipeline and the tag, or the way back that is taken.
fn title(release: &Release) -> String {
    let (pipeline, tag) = (&release.pipeline().pipeline, &release.image().tag);
    match release.rollback() {
        None => format!("{pipeline} {tag}"),
        Some(rollback) => {
            format!(
                "{pipeline}: {} back to {}",
                rollback.stage,
                rollback.called(tag)
            )
        }
    }
}

fn line(release: &Release, stage: &Stage, rollout: &Rollout) -> String {
    if let (Some(_), Phase::Live(_)) = (release.untrusted(), &rollout.phase) {
        return format!(
            ":grey_question: *{}*: it was being rolled out, and what became of that is not followed",
            stage.name
        );
    }
    let passed = release.conclusion().is_some() && !matches!(rollout.phase, Phase::Ended { .. });
    if passed {
        return format!(":white_small_square: *{}*: not reached", stage.name);
    }
    let mark = match &rollout.phase {
        Phase::Pending => ":white_small_square:",
        Phase::Planned { .. } => ":hourglass:",
        Phase::Asking { .. } => ":raised_hand:",
        Phase::Live(_) => ":rowing_boat:",
        Phase::Ended { .. } if is_replaced(rollout) => ":ballot_box_with_check:",
        Phase::Ended { conclusion, .. } => sign(conclusion.outcome),
    };
    format!(
        "{mark} *{}*: {}",
        stage.name,
        state(release, rollout, SLACK)
    )
}

/// Whether another release serves where this one did.
fn is_replaced(rollout: &Rollout) -> bool {
    let after = rollout.aftermath.as_ref();
    after.is_some_and(|after| after.instead.is_some())
}

/// Whether the line of a stage says how and why the release has ended: of a success it always does.
fn says_all_of(rollout: &Rollout, end: &Conclusion<EndReason>) -> bool {
    let Phase::Ended { conclusion, .. } = &rollout.phase else {
        return false;
    };
    let is_its_end = end.reason == EndReason::at(&rollout.stage, conclusion.reason.clone());
    let whole = is_its_end && conclusion.reason.to_string().chars().count() <= LONGEST_QUOTE;
    conclusion.outcome == end.outcome && (whole || end.outcome == Outcome::Succeeded)
}

/// The longest text of a section: <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
const LONGEST_SECTION: usize = 3_000;

/// The lines, in as few sections as hold them all.
fn sections(lines: &[String]) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in lines {
        match sections.last_mut() {
            Some(section) if section.chars().count() + line.chars().count() < LONGEST_SECTION => {
                section.push('\n');
                section.push_str(line);
            }
            Some(_) | None => sections.push(line.clone()),
        }
    }
    sections
}

/// How the release stands in a stage.
fn state(release: &Release, rollout: &Rollout, style: Style) -> String {
    match &rollout.phase {
        Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Live(_) => {
            let waiting = release.waiting();
            match waiting.filter(|waiting| waiting.stage.name == rollout.stage) {
                Some(waiting) => sentence(&waiting, style),
                None => "not reached yet".to_owned(),
            }
        }
        Phase::Ended { conclusion, at, .. } => match conclusion.outcome {
            Outcome::Succeeded => succeeded(release, rollout, &conclusion.reason, *at, style),
            Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Superseded
            | Outcome::Stopped
            | Outcome::Refused
            | Outcome::Expired
            | Outcome::NotTrusted => {
                format!(
                    "{}: {}",
                    conclusion.outcome,
                    (style.quote)(&conclusion.reason.to_string())
                )
            }
        },
    }
}

/// How a release stands that has succeeded in a stage: what it says stays true.
fn succeeded(
    release: &Release,
    rollout: &Rollout,
    reason: &Reason,
    at: Timestamp,
    style: Style,
) -> String {
    let tag = slack_text(release.image().tag.as_str());
    if let Some(rollback) = release.rollback() {
        let what = if rollback.before {
            "what ran before"
        } else {
            tag.as_str()
        };
        return format!("{what} was brought back, {}", (style.time)(at));
    }
    let Some(after) = &rollout.aftermath else {
        return if rollout.serves() {
            let reason = (style.quote)(&reason.to_string());
            format!("{reason} since {}", (style.time)(at))
        } else {
            // Nobody tells it when that changes.
            format!("{tag} ran there already, {}", (style.time)(at))
        };
    };
    match &after.instead {
        None => format!("{tag} serves again since {}", (style.time)(after.at)),
        Some(Instead { tag: other, back }) => {
            let other = other.as_ref().map(|other| slack_text(other.as_str()));
            let other = other.as_deref().unwrap_or("what ran before");
            let did = if *back {
                "was brought back instead"
            } else {
                "took its place"
            };
            format!(
                "{tag} served until {}: {other} {did}",
                (style.time)(after.at)
            )
        }
    }
}

pub(super) fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": true })
}

/// Text that is already escaped, cut to what a section holds. `verbatim` keeps Slack from making
/// links and mentions of its own out of what it finds in it:
/// <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>.
pub(super) fn mrkdwn(text: &str) -> Value {
    json!({ "type": "mrkdwn", "text": cut(text, LONGEST_SECTION), "verbatim": true })
}
