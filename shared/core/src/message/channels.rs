//! What is sent to each channel: of a release its card and a message for each entry that is worth one,
//! and bulletins. How each writes it is in a file of its own.

pub(super) mod slack;
pub(super) mod sns;

use std::collections::BTreeSet;

use serde::Serialize;

use super::bulletin;
use super::describe::{Description, describe};
use super::outgoing::Message;
use crate::bulletin::Bulletin;
use crate::names::ApprovalId;
use crate::pipeline::Channel;
use crate::release::{Overview, Release, Waiting};

pub use self::sns::how_to_answer;

/// A message about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryMessage {
    /// The entry.
    pub sequence: u64,
    #[serde(flatten)]
    pub message: Message,
    /// The request that the reader can answer, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<ApprovalId>,
}

/// The release's card, where the channel has one.
#[must_use]
pub fn card(channel: Channel, overview: &Overview) -> Option<Message> {
    match channel {
        Channel::Slack => Some(slack::card(overview)),
        Channel::Sns => None,
    }
}

/// What the channel's card of a release that waits for this says at its end; `None` where no card is
/// posted.
#[must_use]
pub fn waits_on_card(channel: Channel, waiting: &Waiting) -> Option<String> {
    match channel {
        Channel::Slack => Some(slack::waits_for(waiting)),
        Channel::Sns => None,
    }
}

/// What takes the place of a card that was posted twice: it shows nothing that will not stay so, and
/// asks nobody.
#[must_use]
pub fn double_card(channel: Channel, overview: &Overview) -> Option<Message> {
    match channel {
        Channel::Slack => Some(slack::double_card(overview)),
        Channel::Sns => None,
    }
}

/// What the channel is told of each entry of the release, in their order; nothing twice.
#[must_use]
pub fn entry_messages(channel: Channel, release: &Release) -> Vec<EntryMessage> {
    let mut said = BTreeSet::new();
    describe(release)
        .filter_map(|(entry, described)| {
            let (message, asks) = entry_message(channel, release, described)?;
            let is_new = said.insert((message.subject.clone(), message.text.clone()));
            is_new.then_some(EntryMessage {
                sequence: entry.sequence,
                message,
                asks,
            })
        })
        .collect()
}

fn entry_message(
    channel: Channel,
    release: &Release,
    described: Description,
) -> Option<(Message, Option<ApprovalId>)> {
    match channel {
        Channel::Slack => Some((Message::plain(described.line?), None)),
        Channel::Sns => Some(sns::message(release, described.mail?)),
    }
}

#[must_use]
pub fn bulletin_message(channel: Channel, bulletin: &Bulletin) -> Message {
    match channel {
        Channel::Slack => bulletin::in_slack(bulletin),
        Channel::Sns => bulletin::by_mail(bulletin),
    }
}
