//! Slack and e-mail, where everything that is sent arrives.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::message::{self, Message, MessageKey};
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::Channel;
use towpath_core::release::SentMessage;

use crate::planted::Flaw;
use crate::ports::By;
use crate::protocol::What;
use crate::simulation::Simulation;

/// What has arrived.
#[derive(Default)]
pub(crate) struct Messages {
    /// The messages that can be edited: cards of releases, and bulletins.
    pub(crate) cards: BTreeMap<SentMessage, Posted>,
    /// What each channel was told of each release, below its card where it has one.
    pub(crate) told: BTreeMap<(Channel, ReleaseId), Vec<String>>,
    /// Every button that was ever shown: where, what it is and what it carries.
    pub(crate) buttons: Vec<Button>,
    /// Everything that was sent where it is kept: what it is about, below what, and when.
    pub(crate) kept: Vec<Kept>,
    /// Every message by which somebody may decide.
    pub(crate) answers: Vec<String>,
    count: u64,
}

/// A card that was posted.
pub(crate) struct Posted {
    pub(crate) release: Option<ReleaseId>,
    pub(crate) card: Message,
}

/// A message that is kept where it was sent.
pub(crate) struct Kept {
    pub(crate) key: MessageKey,
    message: SentMessage,
    below: Option<SentMessage>,
    at: Timestamp,
}

/// For how long what was sent may not be found.
const LAG: SignedDuration = SignedDuration::from_secs(15);

/// A button of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) channel: String,
    pub(crate) ts: String,
    pub(crate) action: String,
    pub(crate) value: String,
}

impl Messages {
    fn show(&mut self, sent: &SentMessage, card: &Message) {
        let elements = card.blocks.iter().flat_map(Value::as_array).flatten();
        let elements = elements
            .filter_map(|block| block["elements"].as_array())
            .flatten();
        for element in elements {
            let (Some(action), Some(value)) =
                (element["action_id"].as_str(), element["value"].as_str())
            else {
                continue;
            };
            let button = Button {
                channel: sent.to.clone(),
                ts: sent.id.clone(),
                action: action.to_owned(),
                value: value.to_owned(),
            };
            if !self.buttons.contains(&button) {
                self.buttons.push(button);
            }
        }
    }
}

impl Simulation {
    /// Whether a message is taken and not delivered.
    fn is_lost(&self) -> bool {
        self.flaw == Some(Flaw::LostNotice)
    }

    /// I6: what people are told is written first.
    pub(crate) fn send(
        &mut self,
        by: &By,
        channel: Channel,
        message: &Message,
        below: Option<&SentMessage>,
        key: &MessageKey,
    ) -> SentMessage {
        self.messages.count += 1;
        self.note(What::Told {
            where_to: channel.to_string(),
            text: message.text.clone(),
        });
        let sent = SentMessage {
            to: "C0DEPLOYS".to_owned(),
            id: format!("1772442000.{:06}", self.messages.count),
        };
        if channel.keeps_messages() {
            self.messages.kept.push(Kept {
                key: key.clone(),
                message: sent.clone(),
                below: below.cloned(),
                at: self.now,
            });
        }
        if !self.is_lost() {
            self.judge_message(channel, &sent, message, below);
        }
        if let Some(below) = below {
            self.reply(by, channel, below, message);
        } else if channel.has_card() {
            let posted = Posted {
                release: by.release.clone(),
                card: message.clone(),
            };
            self.messages.cards.insert(sent.clone(), posted);
            self.messages.show(&sent, message);
        } else {
            self.tell(by, channel, message);
        }
        sent
    }

    /// What was sent since then, below a message or below none; what is shown late is left out.
    pub(crate) fn sent(
        &self,
        below: Option<&SentMessage>,
        since: Timestamp,
        stale: bool,
    ) -> Vec<(MessageKey, SentMessage)> {
        let all = self.messages.kept.iter();
        let sent = all.filter(|it| it.below.as_ref() == below && it.at >= since);
        let sent = sent.filter(|it| !stale || self.now.duration_since(it.at) >= LAG);
        sent.map(|it| (it.key.clone(), it.message.clone()))
            .collect()
    }

    pub(crate) fn edit(&mut self, sent: &SentMessage, card: &Message) {
        self.note(What::Told {
            where_to: format!("card {}", sent.id),
            text: card.text.clone(),
        });
        match self.messages.cards.get_mut(sent) {
            Some(posted) => posted.card = card.clone(),
            None => self.violated(format!("there is no card {sent:?}")),
        }
        self.messages.show(sent, card);
        self.judge_edit(sent, card);
    }

    fn reply(&mut self, by: &By, channel: Channel, below: &SentMessage, message: &Message) {
        let posted = self.messages.cards.get(below);
        let Some(id) = posted.and_then(|posted| posted.release.clone()) else {
            return self.violated(format!("a reply without a card: {message:?}"));
        };
        if by.release.as_ref() != Some(&id) {
            self.violated(format!("{:?} replies in the thread of {id}", by.release));
        }
        self.tell(by, channel, message);
    }

    fn tell(&mut self, by: &By, channel: Channel, message: &Message) {
        let Message { subject, text, .. } = message;
        if let Some(id) = &by.release {
            let said = self.ledger.release(id);
            let said = said.map(|release| message::entry_messages(channel, release));
            // What is appended says how to answer.
            let is_said = said.is_some_and(|said| {
                let mut said = said.iter().map(|it| &it.message);
                said.any(|it| it.subject == *subject && text.starts_with(&it.text))
            });
            if !is_said {
                self.violated(format!("I6: {id} tells what is not written: {text}"));
            }
            if !self.is_lost() {
                let told = self.messages.told.entry((channel, id.clone()));
                told.or_default().push(text.clone());
            }
        }
        let answers = text.lines().filter(|line| {
            let read = serde_json::from_str::<Value>(line);
            read.is_ok_and(|it| it["approval"].is_string())
        });
        for answer in answers {
            if !self.messages.answers.iter().any(|known| known == answer) {
                self.messages.answers.push(answer.to_owned());
            }
        }
    }
}
