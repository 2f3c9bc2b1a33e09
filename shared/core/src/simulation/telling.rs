//! Slack and SNS where everything that is sent arrives.

use crate::release::{Action, Event};

/// What is recorded once `action` has told people something; `None` for every other action.
#[must_use]
pub fn told(action: &Action) -> Option<Event> {
    match action {
        Action::PostCard { channel, card } => Some(Event::CardPosted {
            channel: channel.clone(),
            ts: "1772442000.000100".into(),
            face: card.face(),
        }),
        Action::UpdateCard { card, .. } => Some(Event::CardUpdated { face: card.face() }),
        Action::Reply { replies, .. } => replies.last().map(|last| Event::Replied {
            through: last.sequence,
        }),
        Action::Publish { notices, .. } => notices.last().map(|last| Event::Published {
            through: last.sequence,
        }),
        Action::Plan { .. }
        | Action::Register { .. }
        | Action::SuspendScaling { .. }
        | Action::StartRolling { .. }
        | Action::StartCodeDeploy { .. }
        | Action::StartEcs { .. }
        | Action::RunTask { .. }
        | Action::RunChecks { .. }
        | Action::AnswerHook { .. }
        | Action::Continue { .. }
        | Action::Observe { .. }
        | Action::LookAtGroup { .. }
        | Action::RollBack { .. }
        | Action::RestoreScaling { .. }
        | Action::Supersede { .. }
        | Action::WakeCandidate { .. } => None,
    }
}
