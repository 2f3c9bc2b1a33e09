//! The release's card in Slack, in Block Kit and within its documented limits:
//! <https://docs.slack.dev/reference/block-kit/blocks>.

use serde_json::{Value, json};

use super::buttons::buttons;
use super::escape::{cut, one_line, slack_text};
use super::wording::sign;
use crate::names::{ApprovalId, StageName};
use crate::pipeline::Stage;
use crate::release::{Card, DeploymentStatus, Event, Live, Phase, Release, Rollout, Standing};

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
            let text = format!(
                "{} *{}*: {}",
                sign(conclusion.outcome),
                conclusion.outcome,
                slack_text(&conclusion.reason)
            );
            blocks.push(json!({ "type": "section", "text": mrkdwn(&text) }));
            format!("{title}: {}", conclusion.outcome)
        }
        None => match release.current() {
            Some((stage, rollout)) => {
                format!("{title}: {} {}", stage.name, state(release, rollout))
            }
            None => title.clone(),
        },
    };
    blocks.extend(buttons(release));
    let origin = format!(
        "`{}/{}@{}` · `{}`",
        image.registry,
        image.repository,
        image.digest,
        release.id()
    );
    blocks.push(json!({ "type": "context", "elements": [mrkdwn(&origin)] }));
    Card {
        text: slack_text(&headline),
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
    let passed = release.conclusion().is_some() && !matches!(rollout.phase, Phase::Ended { .. });
    if passed {
        return format!(":white_small_square: *{}*: not reached", stage.name);
    }
    let mark = match &rollout.phase {
        Phase::Pending => ":white_small_square:",
        Phase::Planned { .. } => ":hourglass:",
        Phase::Asking { .. } => ":raised_hand:",
        Phase::Live(_) => ":rowing_boat:",
        Phase::Ended { conclusion, .. } => sign(conclusion.outcome),
    };
    format!(
        "{mark} *{}*: {}",
        stage.name,
        slack_text(&one_line(&state(release, rollout), LONGEST_STATE))
    )
}

/// How much of a stage's state its line shows. The reason for a release's end is there whole,
/// below the lines.
const LONGEST_STATE: usize = 200;

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

fn state(release: &Release, rollout: &Rollout) -> String {
    match &rollout.phase {
        Phase::Pending => "next".into(),
        Phase::Planned {
            queued: Some(behind),
            ..
        } => format!("waits behind {behind}"),
        Phase::Planned { queued: None, .. } => "about to start".into(),
        Phase::Asking { approval, .. } => {
            let (given, of) = (approval.approvers().len(), approval.required);
            let asks = format!("waits for approval ({given} of {of})");
            match voided(release, &rollout.stage) {
                Some(reason) => format!("{asks}; what was approved no longer counts: {reason}"),
                None => asks,
            }
        }
        Phase::Live(live) => live_state(release, live),
        Phase::Ended { conclusion, .. } => format!("{}: {}", conclusion.outcome, conclusion.reason),
    }
}

/// Why the last approval that was given for the stage no longer counts, if one was.
fn voided<'a>(release: &'a Release, stage: &StageName) -> Option<&'a str> {
    let entries = || release.entries().iter().map(|entry| &entry.event);
    let asked = |id: &ApprovalId| {
        entries().any(|event| {
            matches!(event, Event::ApprovalRequested { stage: at, approval, .. }
                if at == stage && approval == id)
        })
    };
    entries().rev().find_map(|event| {
        let Event::ApprovalVoided { approval, reason } = event else {
            return None;
        };
        asked(approval).then_some(reason.as_str())
    })
}

fn live_state(release: &Release, live: &Live) -> String {
    if let Some(asked) = &live.asked
        && !live.allowed
        && asked.standing() == Standing::Open
        && live.rolling_back.is_none()
    {
        return format!(
            "green is ready, waits for approval of its traffic ({} of {})",
            asked.approvers().len(),
            asked.required
        );
    }
    match &live.deployment {
        None => "preparing".into(),
        Some(deployment) if release.conclusion().is_none() && goes_on(&deployment.status) => {
            match (&deployment.status, &live.rolling_back) {
                (DeploymentStatus::RollingBack { .. }, _) | (_, None) => {
                    format!("{} ({})", deployment.status, deployment.id)
                }
                (_, Some(back)) => format!("rolling back: {}", back.reason),
            }
        }
        Some(deployment) => deployment.status.to_string(),
    }
}

/// Whether the deployment's status is not its last: AWS goes on with it, or we take it back.
fn goes_on(status: &DeploymentStatus) -> bool {
    !status.is_final() || matches!(status, DeploymentStatus::FailedInPlace { .. })
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
