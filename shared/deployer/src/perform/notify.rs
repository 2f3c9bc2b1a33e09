//! Notifying people, in whichever channel.

use towpath_core::message::{self, EntryMessage};
use towpath_core::pipeline::{Channel, Destination};
use towpath_core::release::{Event, Notification, Release, SentMessage};

use crate::ports::{CallError, Ports};

pub(super) async fn notify<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    notification: &Notification,
) -> Result<Vec<Event>, CallError> {
    match notification {
        Notification::Card { posted } => show(ports, release, to, posted.as_ref()).await,
        Notification::Entries {
            after,
            through,
            below,
        } => {
            let mut messages = message::entry_messages(to.channel(), release);
            messages.retain(|it| (after + 1..=*through).contains(&it.sequence));
            let told = send_entries(ports, release, to, below.as_ref(), messages).await?;
            Ok(vec![notified(to.channel(), told.unwrap_or(*through))])
        }
    }
}

/// Posts the card, or edits it.
async fn show<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    posted: Option<&SentMessage>,
) -> Result<Vec<Event>, CallError> {
    let channel = to.channel();
    let overview = release.overview();
    let Some(card) = message::card(channel, &overview) else {
        return Ok(Vec::new());
    };
    let message = match posted {
        None => ports.send(to, &card, None).await?,
        Some(posted) => {
            ports.edit(channel, posted, &card).await?;
            posted.clone()
        }
    };
    Ok(vec![Event::CardShown {
        channel,
        message,
        shows: overview.fingerprint(),
    }])
}

/// Sends messages in order, and says which was the last where one after it failed: what was told is not
/// told again. A request carries what its reader needs to answer it.
async fn send_entries<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    below: Option<&SentMessage>,
    messages: Vec<EntryMessage>,
) -> Result<Option<u64>, CallError> {
    let mut told = None;
    for EntryMessage {
        sequence,
        mut message,
        asks,
    } in messages
    {
        let sent = async {
            if let Some(approval) = &asks {
                let how = ports.how_to_answer(release.id(), approval).await?;
                message.text.push_str(&how);
            }
            ports.send(to, &message, below).await
        };
        match sent.await {
            Ok(_) => told = Some(sequence),
            Err(error) if told.is_none() => return Err(error),
            Err(_) => return Ok(told),
        }
    }
    Ok(None)
}

fn notified(channel: Channel, through: u64) -> Event {
    Event::Notified { channel, through }
}
