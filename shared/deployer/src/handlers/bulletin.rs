//! Telling a bulletin, channel by channel. What was told in one is written down, so that one that
//! cannot be reached has nobody told twice in the other.

use futures_util::future::join_all;
use jiff::SignedDuration;
use towpath_core::message;
use towpath_core::names::BulletinId;

use crate::ports::{Bulletins, CallError, Clock, Messenger};

/// When it is tried again to reach a channel that could not be reached.
const NOTIFY_AGAIN: SignedDuration = SignedDuration::from_secs(60);

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
    let bulletin = &open.bulletin;
    let pending = bulletin.pending(&open.notified, ports.now());
    if pending.is_empty() {
        return ports.set_notified(id, &open.notified, None).await;
    }
    let sent = pending.iter().map(|to| async move {
        let message = message::bulletin_message(to.channel(), bulletin);
        let sent = ports.send(to, &message, None).await;
        is_settled(id, sent.map(drop)).then_some(to.channel())
    });
    let mut notified = open.notified.clone();
    notified.extend(join_all(sent).await.into_iter().flatten());
    let now = ports.now();
    let is_left = !bulletin.pending(&notified, now).is_empty();
    let again = now.checked_add(NOTIFY_AGAIN).unwrap_or(now);
    ports
        .set_notified(id, &notified, is_left.then_some(again))
        .await?;
    tracing::info!(bulletin.id = %id, ?notified, "bulletin told");
    Ok(())
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
