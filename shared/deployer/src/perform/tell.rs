//! Telling people.

use towpath_core::names::ReleaseId;
use towpath_core::release::{Card, Event, Notice, Reply};

use crate::ports::{CallError, Ports};

pub(super) async fn post_card<P: Ports>(
    ports: &P,
    channel: &str,
    card: &Card,
) -> Result<Vec<Event>, CallError> {
    let (channel, ts) = ports.post_card(channel, card).await?;
    Ok(vec![Event::CardPosted {
        channel,
        ts,
        face: card.face(),
    }])
}

pub(super) async fn update_card<P: Ports>(
    ports: &P,
    channel: &str,
    ts: &str,
    card: &Card,
) -> Result<Vec<Event>, CallError> {
    ports.update_card(channel, ts, card).await?;
    Ok(vec![Event::CardUpdated { face: card.face() }])
}

/// Replies in order. What was told before one failed is not told again.
pub(super) async fn reply<P: Ports>(
    ports: &P,
    channel: &str,
    thread: &str,
    replies: &[Reply],
) -> Result<Vec<Event>, CallError> {
    let mut through = None;
    for reply in replies {
        match ports.reply(channel, thread, &reply.text).await {
            Ok(()) => through = Some(reply.sequence),
            Err(error) if through.is_none() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(through
        .map(|through| Event::Replied { through })
        .into_iter()
        .collect())
}

/// Publishes in order. A request carries what its reader needs to answer it.
pub(super) async fn publish<P: Ports>(
    ports: &P,
    release: &ReleaseId,
    notices: &[Notice],
) -> Result<Vec<Event>, CallError> {
    let mut through = None;
    for notice in notices {
        match publish_one(ports, release, notice).await {
            Ok(()) => through = Some(notice.sequence),
            Err(error) if through.is_none() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(through
        .map(|through| Event::Published { through })
        .into_iter()
        .collect())
}

async fn publish_one<P: Ports>(
    ports: &P,
    release: &ReleaseId,
    notice: &Notice,
) -> Result<(), CallError> {
    let how_to_answer = match &notice.asks {
        Some(approval) => ports.how_to_answer(release, approval).await?,
        None => String::new(),
    };
    ports
        .publish(&notice.subject, &format!("{}{how_to_answer}", notice.text))
        .await
}
