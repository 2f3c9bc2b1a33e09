//! Slack and e-mail, where everything that is sent arrives.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_core::message;
use towpath_core::names::ReleaseId;
use towpath_core::release::Card;

use crate::planted::Flaw;
use crate::ports::By;
use crate::simulation::Simulation;

/// What has arrived.
#[derive(Default)]
pub(crate) struct Messages {
    /// The cards of releases, by channel and `ts`.
    pub(crate) cards: BTreeMap<(String, String), Posted>,
    /// The lines in each release's threads, in their order.
    pub(crate) lines: BTreeMap<ReleaseId, Vec<String>>,
    /// The subjects and texts of each release's e-mails.
    pub(crate) mails: BTreeMap<ReleaseId, Vec<(String, String)>>,
    /// Every button that was ever shown: where, what it is and what it carries.
    pub(crate) buttons: Vec<Button>,
    /// Every message by which somebody may decide.
    pub(crate) answers: Vec<String>,
    count: u64,
}

/// A card that was posted.
pub(crate) struct Posted {
    pub(crate) release: Option<ReleaseId>,
    pub(crate) card: Card,
}

/// A button of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) channel: String,
    pub(crate) ts: String,
    pub(crate) action: String,
    pub(crate) value: String,
}

impl Messages {
    fn show(&mut self, channel: &str, ts: &str, card: &Card) {
        let elements = card.blocks.as_array().into_iter().flatten();
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
                channel: channel.to_owned(),
                ts: ts.to_owned(),
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

    pub(crate) fn post_card(&mut self, by: &By, channel: &str, card: &Card) -> (String, String) {
        self.messages.count += 1;
        let ts = format!("1772442000.{:06}", self.messages.count);
        let key = (channel.to_owned(), ts.clone());
        let posted = Posted {
            release: by.release.clone(),
            card: card.clone(),
        };
        self.messages.cards.insert(key, posted);
        self.messages.show(channel, &ts, card);
        (channel.to_owned(), ts)
    }

    pub(crate) fn update_card(&mut self, channel: &str, ts: &str, card: &Card) {
        let key = (channel.to_owned(), ts.to_owned());
        match self.messages.cards.get_mut(&key) {
            Some(posted) => posted.card = card.clone(),
            None => self.violated(format!("there is no card {ts} in {channel}")),
        }
        self.messages.show(channel, ts, card);
    }

    /// I6: what people are told is written first.
    pub(crate) fn reply(&mut self, by: &By, channel: &str, thread: &str, text: &str) {
        let key = (channel.to_owned(), thread.to_owned());
        let posted = self.messages.cards.get(&key);
        let Some(id) = posted.and_then(|posted| posted.release.clone()) else {
            return self.violated(format!("a reply without a card: {text}"));
        };
        if by.release.as_ref() != Some(&id) {
            self.violated(format!("{:?} replies in the thread of {id}", by.release));
        }
        let said = self.ledger.release(&id).map(message::replies);
        if !said.is_some_and(|said| said.iter().any(|reply| reply.text == text)) {
            self.violated(format!("I6: {id} tells what is not written: {text}"));
        }
        if !self.is_lost() {
            let lines = self.messages.lines.entry(id).or_default();
            lines.push(text.to_owned());
        }
    }

    pub(crate) fn publish(&mut self, by: &By, subject: &str, text: &str) {
        let answers = text.lines().filter(|line| {
            let read = serde_json::from_str::<Value>(line);
            read.is_ok_and(|it| it["approval"].is_string())
        });
        let answers: Vec<_> = answers.map(str::to_owned).collect();
        if let Some(id) = &by.release {
            let said = self.ledger.release(id).map(message::notices);
            let is_said = said.is_some_and(|said| {
                let mut said = said.iter();
                said.any(|notice| notice.subject == subject && text.starts_with(&notice.text))
            });
            if !is_said {
                self.violated(format!("I6: {id} publishes what is not written: {text}"));
            }
            if !self.is_lost() {
                let mails = self.messages.mails.entry(id.clone()).or_default();
                mails.push((subject.to_owned(), text.to_owned()));
            }
        }
        for answer in answers {
            if !self.messages.answers.contains(&answer) {
                self.messages.answers.push(answer);
            }
        }
    }
}
