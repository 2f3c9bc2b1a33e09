//! Slack: the release's card, and the lines in its thread, in Block Kit and within its documented
//! limits: <https://docs.slack.dev/reference/block-kit/blocks>.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::message::buttons::buttons;
use crate::message::escape::{one_line, slack_text};
use crate::message::outgoing::{MAX_SECTION_LEN, Message, mrkdwn, plain};
use crate::message::style::{MAX_QUOTE_LEN, SLACK, SLACK_NOTIFICATION, Style, sign};
use crate::message::waiting::sentence;
use crate::release::{
    Conclusion, EndReason, Outcome, Overview, Reason, Since, StageOverview, StageStanding,
    StageStep, Waiting,
};

/// The release's card: what it is, how each stage stands, and the buttons while people are asked.
pub(super) fn card(overview: &Overview) -> Message {
    let title = title(overview);
    let stages = overview.stages.iter();
    let stages: Vec<String> = stages.map(|stage| line(overview, stage)).collect();
    let mut blocks = vec![json!({ "type": "header", "text": plain(&one_line(&title, 150)) })];
    for text in sections(&stages) {
        blocks.push(json!({ "type": "section", "text": mrkdwn(&text) }));
    }
    let headline = match &overview.conclusion {
        Some(conclusion) => {
            // What a stage's line says is not said once more.
            let mut stages = overview.stages.iter();
            if !stages.any(|stage| says_all_of(stage, conclusion)) {
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
        None => match overview.stages.get(overview.current) {
            Some(stage) => format!(
                "{}: {}: {}",
                slack_text(&title),
                stage.stage,
                state(overview, &stage.standing, SLACK_NOTIFICATION)
            ),
            None => slack_text(&title),
        },
    };
    blocks.extend(buttons(overview));
    let image = &overview.image;
    // Of what ran before the first release no image is known.
    let origin = match &overview.rollback {
        Some(rollback) if rollback.is_from_before => format!("`{}`", overview.release),
        Some(_) | None => format!(
            "`{}/{}@{}` · `{}`",
            image.registry, image.repository, image.digest, overview.release
        ),
    };
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&origin)] }));
    Message {
        subject: None,
        text: headline,
        blocks: Some(Value::Array(blocks)),
    }
}

/// What the card of a release that waits for this says at its end.
pub(super) fn waits_for(waiting: &Waiting) -> String {
    sentence(waiting, SLACK_NOTIFICATION)
}

/// What takes the place of a card that was posted twice.
pub(super) fn double_card(overview: &Overview) -> Message {
    let title = slack_text(&title(overview));
    let text = format!("{title}: this card was posted twice, and the other one goes on");
    let context = json!({ "type": "context", "elements": [mrkdwn(&text)] });
    Message {
        subject: None,
        text,
        blocks: Some(json!([context])),
    }
}

/// What the card is about: the pipeline and the tag, or the rollback.
fn title(overview: &Overview) -> String {
    let (pipeline, tag) = (&overview.pipeline, &overview.image.tag);
    match &overview.rollback {
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

fn line(overview: &Overview, stage: &StageOverview) -> String {
    let mark = match &stage.standing {
        StageStanding::NotFollowed => ":grey_question:",
        StageStanding::NotReached | StageStanding::NotReachedYet => ":white_small_square:",
        StageStanding::Current { step, .. } => match step {
            StageStep::Arrived => ":white_small_square:",
            StageStep::Planned => ":hourglass:",
            StageStep::Asking => ":raised_hand:",
            StageStep::RollingOut => ":rowing_boat:",
        },
        StageStanding::Ended {
            since: Since::Replaced { .. },
            ..
        } => ":ballot_box_with_check:",
        StageStanding::Ended { conclusion, .. } => sign(conclusion.outcome),
    };
    format!(
        "{mark} *{}*: {}",
        stage.stage,
        state(overview, &stage.standing, SLACK)
    )
}

/// Whether the line of a stage says how and why the release has ended: of a success it always does.
fn says_all_of(stage: &StageOverview, end: &Conclusion<EndReason>) -> bool {
    let StageStanding::Ended { conclusion, .. } = &stage.standing else {
        return false;
    };
    let is_its_end = end.reason == EndReason::at(&stage.stage, conclusion.reason.clone());
    let whole = is_its_end && conclusion.reason.to_string().chars().count() <= MAX_QUOTE_LEN;
    conclusion.outcome == end.outcome && (whole || end.outcome == Outcome::Succeeded)
}

/// The lines, in as few sections as hold them all.
fn sections(lines: &[String]) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in lines {
        match sections.last_mut() {
            Some(section) if section.chars().count() + line.chars().count() < MAX_SECTION_LEN => {
                section.push('\n');
                section.push_str(line);
            }
            Some(_) | None => sections.push(line.clone()),
        }
    }
    sections
}

/// How the release stands in a stage.
fn state(overview: &Overview, standing: &StageStanding, style: Style) -> String {
    let (conclusion, at, since) = match standing {
        StageStanding::NotReachedYet => return "not reached yet".to_owned(),
        StageStanding::NotReached => return "not reached".to_owned(),
        StageStanding::NotFollowed => {
            return "it was being rolled out, and what became of that is not followed".to_owned();
        }
        StageStanding::Current { waiting, .. } => return sentence(waiting, style),
        StageStanding::Ended {
            conclusion,
            at,
            since,
        } => (conclusion, *at, since),
    };
    match conclusion.outcome {
        Outcome::Succeeded => succeeded(overview, &conclusion.reason, at, since, style),
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
    }
}

/// How a release stands that has succeeded in a stage: what it says stays true.
fn succeeded(
    overview: &Overview,
    reason: &Reason,
    at: Timestamp,
    since: &Since,
    style: Style,
) -> String {
    let tag = slack_text(overview.image.tag.as_str());
    if let Some(rollback) = &overview.rollback {
        let what = if rollback.is_from_before {
            "what ran before"
        } else {
            tag.as_str()
        };
        return format!("rolled back to {what}, {}", (style.time)(at));
    }
    match since {
        Since::Serves => {
            let reason = (style.quote)(&reason.to_string());
            format!("{reason} since {}", (style.time)(at))
        }
        Since::BroughtNothing => format!("{tag} ran there already, {}", (style.time)(at)),
        Since::ServesAgain { at } => format!("{tag} serves again since {}", (style.time)(*at)),
        Since::Replaced { by, back, at } => {
            let other = by.as_ref().map(|other| slack_text(other.as_str()));
            let other = other.as_deref().unwrap_or("what ran before");
            let instead = if *back {
                format!("rolled back to {other}")
            } else {
                format!("{other} took its place")
            };
            format!("{tag} served until {}: {instead}", (style.time)(*at))
        }
    }
}
