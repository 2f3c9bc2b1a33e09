//! What people are still to be notified of, channel by channel. Only which entries that are is decided
//! here; what is said of them is in [`message`](crate::message).
//!
//! A channel is notified of every entry that is worth a message there, in order. Before that it is
//! written that it is about to be; where it is not known whether a message has arrived, it is looked for
//! in the channel before it is sent, so that it is there once. Where messages cannot be found again, one
//! may arrive twice ([why](../../../../docs/decisions/0026-told-once.md)). A card shows the release's
//! [overview](Release::overview), and is edited when that is another one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Event, Release};
use crate::names::Fingerprint;
use crate::pipeline::Channel;

/// How often it is written that the same messages are about to be sent.
const MAX_TRIES: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SentMessage {
    /// Where: Slack's id of a channel, the ARN of a topic.
    pub to: String,
    /// Its id there: Slack's `ts`, SNS's id.
    pub id: String,
}

/// What the people of a channel know of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notified {
    /// The card, where the channel has one and it was posted.
    pub card: Option<ShownCard>,
    /// The last entry that they were notified of.
    pub through: u64,
    /// What was about to be sent there, where it is not known whether it was.
    pub telling: Option<Telling>,
}

/// Messages of which it is written that they are about to be sent, and not whether they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// The last entry that they are about; none of the card.
    pub through: Option<u64>,
    /// No message of theirs is older.
    pub since: Timestamp,
    /// Until when whoever wrote this may still be sending them.
    pub until: Timestamp,
    /// How often it was written of just these.
    pub(super) times: usize,
}

/// A card that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCard {
    pub message: SentMessage,
    /// The overview that it shows.
    pub shows: Fingerprint,
}

/// What a channel is to be notified of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Notification {
    /// How the release stands.
    Card {
        /// The card, to be edited; it is posted where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        posted: Option<SentMessage>,
    },
    /// What has happened.
    Entries {
        /// The last entry that is known there.
        after: u64,
        /// The last entry to notify of.
        through: u64,
        /// The card, below which it is told, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        below: Option<SentMessage>,
    },
}

/// The actions that bring people up to date, if anything is new to them.
#[must_use]
pub fn pending_notifications(release: &Release) -> Vec<Action> {
    let notify = &release.pipeline().notify;
    let mut actions = Vec::new();
    // Others learn what became of them so that their cards say so.
    if notify.destinations().any(|to| to.channel().has_card()) {
        let earlier = release.predecessors_to_notify();
        actions.extend(
            earlier.map(|(earlier, successor)| Action::NotifyPredecessor {
                predecessor: earlier.clone(),
                successor: successor.clone(),
            }),
        );
    }
    for to in notify.destinations() {
        let of_channel = pending(release, to.channel()).into_iter();
        actions.extend(of_channel.map(|notification| Action::Notify {
            to: to.clone(),
            notification,
        }));
    }
    actions
}

fn pending(release: &Release, channel: Channel) -> Vec<Notification> {
    let known = release.notified(channel);
    let mut pending = Vec::new();
    let card = known.card.as_ref();
    if channel.has_card() {
        let posted = card.map(|card| card.message.clone());
        let shown = card.map(|card| &card.shows);
        if shown != Some(&release.overview().fingerprint()) {
            pending.push(Notification::Card { posted });
        }
        // What happens is told below the card, so it waits for it.
        if card.is_none() {
            return pending;
        }
    }
    let detail = channel.detail();
    let mut entries = release.entries().iter().rev();
    let last = entries.find(|entry| entry.event.is_notified(detail));
    if let Some(last) = last.filter(|last| last.sequence > known.through) {
        pending.push(Notification::Entries {
            after: known.through,
            through: last.sequence,
            below: card.map(|card| card.message.clone()),
        });
    }
    pending
}

impl Notified {
    pub(super) fn about_to_tell(&mut self, through: Option<u64>, at: Timestamp, until: Timestamp) {
        let earlier = self.telling.as_ref();
        let same = earlier.filter(|earlier| earlier.through == through);
        self.telling = Some(Telling {
            through,
            since: earlier.map_or(at, |earlier| earlier.since),
            until,
            times: same.map_or(1, |same| same.times + 1),
        });
    }

    pub(super) fn shown(&mut self, card: ShownCard) {
        self.card = Some(card);
        self.telling.take_if(|telling| telling.through.is_none());
    }

    pub(super) fn told(&mut self, through: u64) {
        self.through = self.through.max(through);
        let is_settled = |telling: &mut Telling| telling.through.is_some_and(|it| it <= through);
        self.telling.take_if(is_settled);
    }
}

/// What an action sends there, where that can be found again: the card, or entries up to that one. A
/// card that is edited once more is the same.
fn sends(action: &Action) -> Option<(Channel, Option<u64>)> {
    let Action::Notify { to, notification } = action else {
        return None;
    };
    let channel = to.channel();
    match notification {
        Notification::Card { posted: Some(_) } => None,
        Notification::Card { posted: None } => Some((channel, None)),
        Notification::Entries { through, .. } => Some((channel, Some(*through))),
    }
    .filter(|_| channel.keeps_messages())
}

/// What an earlier run was about to send, and may have sent, of what the action does.
pub(super) fn telling_before(release: &Release, action: &Action) -> Option<Telling> {
    let (channel, _) = sends(action)?;
    release.notified(channel).telling
}

/// What is written before people are notified by these actions, so that after a crash their messages
/// are looked for. Of the same messages it is written some times and no more: those that nobody can send
/// are tried again for days.
pub(super) fn notification_intents(
    release: &Release,
    notifications: &[&Action],
    until: Timestamp,
) -> Vec<Event> {
    let sent = notifications.iter().filter_map(|action| sends(action));
    let new = sent.filter(|(channel, through)| {
        let known = release.notified(*channel).telling;
        let same = known.filter(|known| known.through == *through);
        same.is_none_or(|same| same.times < MAX_TRIES)
    });
    new.map(|(channel, through)| Event::NotificationIntended {
        channel,
        through,
        until,
    })
    .collect()
}
