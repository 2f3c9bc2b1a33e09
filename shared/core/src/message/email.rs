//! What is published to SNS, for e-mail: requests to decide, and outcomes.

use super::escape::one_line;
use crate::release::{Entry, Event, Notice, Release};

/// What an entry says by e-mail, if it is worth one.
#[must_use]
pub fn notice(release: &Release, entry: &Entry) -> Option<Notice> {
    let image = release.image();
    let name = format!("{} {}", release.pipeline().pipeline, image.tag);
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
                "{name} waits for approval of {stage}, until {expires_at}.\n\nimage: {}/{}@{digest}\ntask definition: {}\n",
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
        Event::ApprovalVoided { approval, reason } => (
            format!("{approval} no longer counts"),
            format!(
                "The approval {approval} of {name} no longer counts: {}\n",
                one_line(reason, 2_000)
            ),
            None,
        ),
        Event::Ended { outcome, reason } => (
            outcome.to_string(),
            format!("{name} {outcome}: {}\n", one_line(reason, 2_000)),
            None,
        ),
        Event::Held { stage, reason } => (
            format!("{stage} is on hold"),
            format!(
                "{stage} takes no new release: {}\n",
                one_line(reason, 2_000)
            ),
            None,
        ),
        Event::Opened { .. }
        | Event::DeploymentReported { .. }
        | Event::Voted { .. }
        | Event::Checked { .. }
        | Event::Superseded { .. }
        | Event::Overtook { .. }
        | Event::Woke { .. }
        | Event::Planned { .. }
        | Event::Queued { .. }
        | Event::RolloutStarted { .. }
        | Event::Intended { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
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

/// A subject as SNS takes it: printable ASCII, fewer than 100 characters
/// (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
pub(super) fn subject(text: &str) -> String {
    one_line(text, 99)
        .chars()
        .map(|c| if c.is_ascii() { c } else { '?' })
        .collect()
}
