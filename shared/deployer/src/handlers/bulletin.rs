//! Telling a bulletin, channel by channel. What was told in one is written down, so that one that
//! cannot be reached has nobody told twice in the other; and before it is told where it can be found
//! again, that it is about to be, so that after a crash it is looked for.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use towpath_core::message::{self, MessageKey};
use towpath_core::names::BulletinId;
use towpath_core::pipeline::Destination;

use crate::perform::sent_before;
use crate::ports::{Bulletins, CallError, Clock, Messenger, Sending};

/// When it is tried again to reach a channel that could not be reached. Whoever tried must be over then:
/// `advance` has a minute, and the clocks of two runs may be off by half of one.
const NOTIFY_AGAIN: SignedDuration = SignedDuration::from_secs(90);

/// Tells a bulletin where it is not told yet.
///
/// # Errors
/// When the ledger cannot be used. A channel that cannot be reached is tried again later.
pub(super) async fn notify<P>(ports: &P, id: &BulletinId) -> Result<(), CallError>
where
    P: Bulletins + Messenger + Clock,
{
    let Some(open) = ports.bulletin(id).await? else {
        return Ok(());
    };
    let now = ports.now();
    let bulletin = &open.bulletin;
    let pending = bulletin.pending(&open.notified, now);
    if pending.is_empty() {
        return ports.set_notified(id, &open, &open.notified, None).await;
    }
    let before = open.sending;
    if let Some(before) = before.filter(|before| now < before.until) {
        // Whoever tells it may be at it, and what is being sent is not to be found yet.
        let (notified, until) = (&open.notified, Some(before.until));
        return ports.set_notified(id, &open, notified, until).await;
    }
    if pending.iter().any(|to| to.channel().keeps_messages()) {
        let sending = Sending {
            since: before.map_or(now, |before| before.since),
            until: later(now),
        };
        if !ports.set_sending(id, &open, sending).await? {
            tracing::info!(bulletin.id = %id, "another run tells the bulletin");
            return Ok(());
        }
    }
    let key = MessageKey::Bulletin {
        bulletin: id.clone(),
        at: bulletin.at,
    };
    let key = &key;
    let sent = pending.iter().map(|to| async move {
        let message = message::bulletin_message(to.channel(), bulletin);
        let sent = async {
            if !is_there(ports, to, key, before).await? {
                ports.send(to, &message, None, key).await?;
            }
            Ok(())
        };
        is_settled(id, sent.await).then_some(to.channel())
    });
    let mut notified = open.notified.clone();
    notified.extend(join_all(sent).await.into_iter().flatten());
    let now = ports.now();
    let is_left = !bulletin.pending(&notified, now).is_empty();
    ports
        .set_notified(id, &open, &notified, is_left.then_some(later(now)))
        .await?;
    tracing::info!(bulletin.id = %id, ?notified, "bulletin told");
    Ok(())
}

/// Whether an earlier run has told it there.
async fn is_there<P: Messenger>(
    ports: &P,
    to: &Destination,
    key: &MessageKey,
    before: Option<Sending>,
) -> Result<bool, CallError> {
    let Some(before) = before else {
        return Ok(false);
    };
    let sent = sent_before(ports, to, None, before.since).await?;
    Ok(sent.iter().any(|(sent, _)| sent == key))
}

fn is_settled(id: &BulletinId, sent: Result<(), CallError>) -> bool {
    match sent {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(bulletin.id = %id, %error, "a bulletin could not be told; trying again later");
            false
        }
    }
}

fn later(now: Timestamp) -> Timestamp {
    now.checked_add(NOTIFY_AGAIN).unwrap_or(now)
}
