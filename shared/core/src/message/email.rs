//! What is published to SNS, for e-mail: requests to decide, and outcomes.

use serde_json::json;

use super::escape::one_line;
use super::wording::to_the_second;
use crate::names::StageName;
use crate::release::{Decision, Entry, Event, Notice, Release};

/// What an entry says by e-mail, if it is worth one.
pub(super) fn notice(release: &Release, entry: &Entry) -> Option<Notice> {
    let image = release.image();
    let name = format!("{} {}", release.pipeline().pipeline, release.name());
    let (headline, body, asks) = match &entry.event {
        Event::ApprovalRequested {
            stage,
            approval,
            expires_at,
            digest,
            spec,
            ..
        } => {
            let gate = release.pipeline().stage(stage)?.approval.as_ref()?;
            let body = format!(
                "{name} waits for approval of {stage} (request {approval}), until {}.\n\nimage: {}/{}@{digest}\ntask definition: {}\n",
                to_the_second(*expires_at),
                image.registry,
                image.repository,
                spec.short()
            );
            (
                format!("approve {stage}?"),
                body,
                gate.sns.then(|| approval.clone()),
            )
        }
        Event::ReplyRefused {
            approval,
            message,
            reason,
        } => (
            format!("a reply to {approval} was refused"),
            format!(
                "A reply to {approval} of {name} was refused, and the request is still open: {}\n\nmessage: {message}\n",
                one_line(reason, 2_000)
            ),
            None,
        ),
        Event::ApprovalVoided { approval, reason } => (
            format!("{approval} no longer counts"),
            format!(
                "The approval {approval} of {name} no longer counts: {}\n",
                one_line(reason, 2_000)
            ),
            None,
        ),
        Event::Ended { outcome, reason } => {
            let held = held_by_its_end(release, entry)
                .map(|stage| format!("\n{}\n", lifts(release, stage)))
                .unwrap_or_default();
            (
                outcome.to_string(),
                format!("{name} {outcome}: {}\n{held}", one_line(reason, 2_000)),
                None,
            )
        }
        // The end, which is written with it, says it too.
        Event::Held { .. } if is_held_by_its_end(release, entry) => return None,
        Event::Held { stage, reason } => (
            format!("{stage} is on hold"),
            format!("{}\n\n{}\n", one_line(reason, 2_000), lifts(release, stage)),
            None,
        ),
        Event::Opened { .. }
        | Event::DeploymentReported { .. }
        | Event::Voted { .. }
        | Event::Checked { .. }
        | Event::Superseded { .. }
        | Event::Overtook { .. }
        | Event::Replaced { .. }
        | Event::BroughtBack { .. }
        | Event::ToldEarlier { .. }
        | Event::Woke { .. }
        | Event::Planned { .. }
        | Event::Blocked { .. }
        | Event::RolloutStarted { .. }
        | Event::Intended { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
        | Event::ScalingLeft { .. }
        | Event::DeploymentStarted { .. }
        | Event::DeploymentObserved { .. }
        | Event::RollbackStarted { .. }
        | Event::ActionRefused { .. }
        | Event::ScalingRestored { .. }
        | Event::RolloutEnded { .. }
        | Event::CardPosted { .. }
        | Event::CardUpdated { .. }
        | Event::Replied { .. }
        | Event::Published { .. }
        | Event::RollbackRequested { .. }
        | Event::Vetoed { .. }
        | Event::HookCalled { .. }
        | Event::HookAnswered { .. }
        | Event::TaskStarted { .. }
        | Event::Watched { .. }
        | Event::BaselineChanged { .. }
        | Event::RunsAlready { .. }
        | Event::GroupTaken { .. }
        | Event::GroupFreed { .. }
        | Event::TrafficAllowed { .. } => return None,
    };
    Some(Notice {
        sequence: entry.sequence,
        subject: subject(&format!("[towpath] {name}: {headline}")),
        text: format!("{body}\nrelease: {}\n", release.id()),
        asks,
    })
}

/// How a request is decided without Slack: a command for each decision, with its token, which
/// publishes to the topic of replies. Nothing in a token or an ARN means anything to a shell between
/// single quotes.
#[must_use]
pub fn how_to_answer(topic: &str, answers: &[(Decision, String)]) -> String {
    let region = topic.split(':').nth(3).unwrap_or_default();
    let mut text =
        "\nTo decide, run one of these with credentials that may publish to that topic:\n"
            .to_owned();
    for (decision, token) in answers {
        let message = json!({ "approval": token, "decision": decision });
        text.push_str(&format!(
            "\naws sns publish --region {region} --topic-arn {topic} --message '{message}'\n"
        ));
    }
    text.push_str(
        "\nWhat is between the quotes is the whole message, whatever publishes it; a \"reason\" can be added to it. Whoever has this message can decide: do not forward it.\n",
    );
    text
}

/// What a hold does, and how it is lifted.
fn lifts(release: &Release, stage: &StageName) -> String {
    format!(
        "{stage} is on hold and takes no new release: towpath release-hold {} {stage} --reason TEXT lifts it.",
        release.pipeline().pipeline
    )
}

/// Whether a hold is written together with the end of the release.
fn is_held_by_its_end(release: &Release, held: &Entry) -> bool {
    let after = release.entries().iter();
    let mut after = after.filter(|entry| entry.sequence > held.sequence);
    let ends = |entry: &Entry| matches!(entry.event, Event::Ended { .. });
    matches!(after.next(), Some(entry) if matches!(entry.event, Event::RolloutEnded { .. }))
        && after.next().is_some_and(ends)
}

/// The stage whose hold is written together with the end of the release, if one is.
fn held_by_its_end<'a>(release: &'a Release, ended: &Entry) -> Option<&'a StageName> {
    let before = release.entries().iter().rev();
    let mut before = before.filter(|entry| entry.sequence < ended.sequence);
    let (rollout, held) = (before.next()?, before.next()?);
    match (&rollout.event, &held.event) {
        (Event::RolloutEnded { .. }, Event::Held { stage, .. }) => Some(stage),
        (_, _) => None,
    }
}

/// A subject as SNS takes it: printable ASCII, fewer than 100 characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
pub(super) fn subject(text: &str) -> String {
    one_line(text, 99)
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_has_the_whole_command_for_each_decision() {
        let topic = "arn:aws:sns:eu-central-1:111111111111:towpath-replies";
        let answers = [
            (Decision::Approve, "a.b-c_d".to_owned()),
            (Decision::Reject, "e.f".to_owned()),
        ];
        let text = how_to_answer(topic, &answers);
        let commands: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("aws "))
            .collect();
        let publish = format!("aws sns publish --region eu-central-1 --topic-arn {topic}");
        assert_eq!(
            commands,
            [
                format!(
                    "{publish} --message '{{\"approval\":\"a.b-c_d\",\"decision\":\"approve\"}}'"
                ),
                format!("{publish} --message '{{\"approval\":\"e.f\",\"decision\":\"reject\"}}'"),
            ]
        );
    }
}
