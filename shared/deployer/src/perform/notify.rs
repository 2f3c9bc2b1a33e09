//! Notifying people, in whichever channel. Where an earlier run may have done so, what it has sent is
//! looked for first, so that nobody reads anything twice.

use jiff::{SignedDuration, Timestamp};
use towpath_core::message::{self, EntryMessage, MessageKey};
use towpath_core::pipeline::Destination;
use towpath_core::release::{Event, Notification, Release, SentMessage, Tried};

use super::Performed;
use crate::ports::{CallError, Messenger, Ports};

/// How far a channel's clock may be off ours.
const SKEW: SignedDuration = SignedDuration::from_mins(15);

pub(super) async fn notify<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    notification: &Notification,
    tried: Tried,
) -> Result<Performed, CallError> {
    let telling = release.notified(to.channel()).telling;
    let telling = telling.filter(|_| tried != Tried::Never);
    let since = telling.map(|telling| telling.since);
    match notification {
        Notification::Card { posted } => {
            let shown = show(ports, release, to, posted.as_ref(), since).await?;
            Ok(Vec::from_iter(shown).into())
        }
        Notification::Entries {
            after,
            through,
            below,
        } => {
            notify_through(
                ports,
                release,
                to,
                (*after, *through),
                below.as_ref(),
                since,
            )
            .await
        }
    }
}

/// Posts the card, or edits it: of several that an earlier run has posted the oldest. The others ask
/// nobody any more.
async fn show<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    posted: Option<&SentMessage>,
    since: Option<Timestamp>,
) -> Result<Option<Event>, CallError> {
    let channel = to.channel();
    let overview = release.overview();
    let Some(card) = message::card(channel, &overview) else {
        return Ok(None);
    };
    let key = MessageKey::Card {
        release: release.id().clone(),
    };
    let kept = posted.filter(|_| !towpath_core::planted!(SecondCard));
    let mut known: Vec<_> = kept.cloned().into_iter().collect();
    if let (None, Some(since)) = (posted, since) {
        let sent = sent_before(ports, to, None, since).await?;
        known.extend(
            sent.into_iter()
                .filter(|(it, _)| *it == key)
                .map(|(_, it)| it),
        );
    }
    let mut known = known.into_iter();
    let message = match known.next() {
        None => ports.send(to, &card, None, &key).await?,
        Some(posted) => {
            ports.edit(channel, &posted, &card).await?;
            posted
        }
    };
    for double in known {
        tracing::info!(release.id = %release.id(), %channel, "a card was posted twice; the later one asks nobody any more");
        let Some(text) = message::double_card(channel, &overview) else {
            continue;
        };
        match ports.edit(channel, &double, &text).await {
            // People are told all the same.
            Err(error @ CallError::Refused { .. }) => {
                tracing::warn!(release.id = %release.id(), %channel, %error, "a card that was posted twice keeps its buttons");
            }
            edited => edited?,
        }
    }
    Ok(Some(Event::CardShown {
        channel,
        message,
        shows: overview.fingerprint(),
    }))
}

/// Tells of the entries after one up to another, but for those of which an earlier run has told. What was
/// told is kept where a message after it cannot be sent.
async fn notify_through<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    (after, through): (u64, u64),
    below: Option<&SentMessage>,
    since: Option<Timestamp>,
) -> Result<Performed, CallError> {
    let channel = to.channel();
    let known = match since {
        Some(since) => last_sent(ports, release, to, below, since).await?,
        None => None,
    };
    let known = known.filter(|known| *known > after);
    let mut messages = message::entry_messages(channel, release);
    messages.retain(|it| (known.unwrap_or(after) + 1..=through).contains(&it.sequence));
    if towpath_core::planted!(ReplyLost) && messages.len() > 1 {
        messages.pop();
    }
    let (sent, error) = send_entries(ports, release, to, below, messages).await;
    let sent_through = match error {
        None => Some(through),
        Some(_) => sent.or(known),
    };
    let sent_through = sent_through.map(|through| Event::Notified { channel, through });
    match (sent_through, error) {
        (None, Some(error)) => Err(error),
        (sent_through, error) => Ok(Performed {
            events: sent_through.into_iter().collect(),
            error,
            ..Performed::default()
        }),
    }
}

/// The last entry of which people were told there. They are told in order, so that they were told of
/// those before it, too.
async fn last_sent<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    below: Option<&SentMessage>,
    since: Timestamp,
) -> Result<Option<u64>, CallError> {
    let sent = sent_before(ports, to, below, since).await?;
    let sent_through = sent.iter().filter_map(|(key, _)| match key {
        MessageKey::Entry {
            release: of,
            sequence,
        } if of == release.id() => Some(*sequence),
        MessageKey::Entry { .. } | MessageKey::Card { .. } | MessageKey::Bulletin { .. } => None,
    });
    Ok(sent_through.max())
}

/// What was sent there since then. Where that cannot be read, nothing is known to have been sent, since
/// somebody who is told twice is better off than one who is never told.
///
/// # Errors
/// When it may be read later.
pub(crate) async fn sent_before<P: Messenger>(
    ports: &P,
    to: &Destination,
    below: Option<&SentMessage>,
    since: Timestamp,
) -> Result<Vec<(MessageKey, SentMessage)>, CallError> {
    let since = since.checked_sub(SKEW).unwrap_or(since);
    match ports.sent(to, below, since).await {
        Err(error @ CallError::Refused { .. }) => {
            tracing::warn!(channel = %to.channel(), %error, "whether people were told already cannot be read, so that they may be told twice; if a scope is missing, docs/install.md names it");
            Ok(Vec::new())
        }
        sent => sent,
    }
}

/// Sends messages in order: which was the last, and what kept one after it from being sent. A request
/// carries what its reader needs to answer it.
async fn send_entries<P: Ports>(
    ports: &P,
    release: &Release,
    to: &Destination,
    below: Option<&SentMessage>,
    messages: Vec<EntryMessage>,
) -> (Option<u64>, Option<CallError>) {
    let mut sent_through = None;
    for EntryMessage {
        sequence,
        mut message,
        asks,
    } in messages
    {
        let key = MessageKey::Entry {
            release: release.id().clone(),
            sequence,
        };
        let sent = async {
            if let Some(approval) = &asks {
                let how = ports.how_to_answer(release.id(), approval).await?;
                message.text.push_str(&how);
            }
            ports.send(to, &message, below, &key).await
        };
        match sent.await {
            Ok(_) => sent_through = Some(sequence),
            Err(error) => return (sent_through, Some(error)),
        }
    }
    (sent_through, None)
}
