//! Messages to the reply topic that decide nothing. SNS gives nobody an answer, so that whoever
//! published one, and everybody who waits for the decision, is told where people are asked.

use jiff::Timestamp;

use super::rollout::Phase;
use super::vote::{Approval, Standing};
use super::{Accepted, ActionKind, Event, Release, ReplyRefusal};
use crate::names::{ApprovalId, MessageId};

/// Writes the refusal down while the request is open: once for each reason, however often somebody
/// tries, so that no publisher can fill the ledger or a channel.
pub(super) fn accept_refused_reply(
    release: &Release,
    approval: ApprovalId,
    message: MessageId,
    reason: ReplyRefusal,
    now: Timestamp,
) -> Accepted {
    if open_request(release, now).is_none_or(|open| open.id != approval) {
        return Accepted::Known;
    }
    let told = release.entries().iter().any(|entry| {
        matches!(&entry.event, Event::ReplyRefused { approval: of, reason: why, .. }
            if *of == approval && *why == reason)
    });
    if told {
        return Accepted::Known;
    }
    Accepted::Add(vec![Event::ReplyRefused {
        approval,
        message,
        reason,
    }])
}

/// The request that people are asked to decide about now.
fn open_request(release: &Release, now: Timestamp) -> Option<&Approval> {
    let (_, rollout) = release.current()?;
    let asked = match &rollout.phase {
        Phase::Asking { approval, .. } => approval,
        Phase::Live(live) if !release.intends(ActionKind::Continue) => live.open_request()?,
        Phase::Live(_) | Phase::Pending | Phase::Planned { .. } | Phase::Ended { .. } => {
            return None;
        }
    };
    let is_open = asked.standing() == Standing::Open && now < asked.expires_at;
    (is_open && release.conclusion().is_none()).then_some(asked)
}
