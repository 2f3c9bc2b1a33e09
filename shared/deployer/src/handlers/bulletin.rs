//! Telling a bulletin, channel by channel. What was told in one is written down, so that one that
//! cannot be reached has nobody told twice in the other.

use jiff::SignedDuration;
use towpath_core::bulletin::{Audience, Reached};
use towpath_core::message;
use towpath_core::names::BulletinId;

use crate::ports::{Bulletins, CallError, Clock, Messenger};

/// When it is tried again to reach a channel that could not be reached.
const TELL_AGAIN: SignedDuration = SignedDuration::from_secs(60);

/// Tells a bulletin where it is not told yet.
///
/// # Errors
/// When the ledger cannot be used. A channel that cannot be reached is tried again later.
pub(super) async fn tell<P>(ports: &P, id: &BulletinId) -> Result<(), CallError>
where
    P: Bulletins + Messenger + Clock,
{
    let Some(open) = ports.bulletin(id).await? else {
        return Ok(());
    };
    let bulletin = &open.bulletin;
    let Some(Audience { slack, sns }) = bulletin.untold(open.reached, ports.now()) else {
        return ports.set_reached(id, open.reached, None).await;
    };
    let in_slack = async {
        match &slack {
            None => open.reached.slack,
            Some(channel) => {
                let card = message::bulletin(bulletin);
                let posted = ports.post_card(channel.as_str(), &card).await;
                is_told(id, posted.map(drop))
            }
        }
    };
    let by_mail = async {
        if sns {
            let (subject, text) = message::bulletin_mail(bulletin);
            is_told(id, ports.publish(&subject, &text).await)
        } else {
            open.reached.sns
        }
    };
    let (slack, sns) = tokio::join!(in_slack, by_mail);
    let reached = Reached { slack, sns };
    let now = ports.now();
    let again = now.checked_add(TELL_AGAIN).unwrap_or(now);
    let due = bulletin.untold(reached, now).map(|_| again);
    ports.set_reached(id, reached, due).await?;
    tracing::info!(bulletin.id = %id, ?reached, "bulletin told");
    Ok(())
}

fn is_told(id: &BulletinId, sent: Result<(), CallError>) -> bool {
    match sent {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(bulletin.id = %id, %error, "a bulletin could not be told; trying again later");
            false
        }
    }
}
