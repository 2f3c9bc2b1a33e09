//! What was told to whom (I6), as it stands in Slack and in the mailbox: each push has its card, the
//! card says in the end what came of it and what serves, and nobody is left with buttons that decide
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;
use towpath_core::message::Message;
use towpath_core::pipeline::Channel;

/// How a release ends, in people's words.
const OUTCOMES: [&str; 7] = [
    "succeeded",
    "failed",
    "rolled back",
    "superseded",
    "stopped",
    "refused",
    "expired",
];

/// What has arrived.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What can be edited, by its time stamp in Slack.
    cards: BTreeMap<String, Card>,
    mails: Vec<Mail>,
    /// What people were asked, by the key that answers carry.
    requests: BTreeMap<String, Request>,
    /// The requests that tokens in e-mails answer.
    tokens: BTreeMap<String, String>,
}

/// A message of the channel, as it is shown now, and what stands below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Card {
    pub(super) text: String,
    blocks: Option<Value>,
    lines: Vec<String>,
}

#[derive(Debug, Clone)]
struct Mail {
    subject: String,
    text: String,
}

/// What people were asked: whether this image may be rolled out there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) digest: String,
    pub(super) stage: String,
    /// When they were shown it first.
    pub(super) shown_at: Timestamp,
}

impl Told {
    pub(super) fn requests(&self) -> impl Iterator<Item = (&String, &Request)> {
        self.requests.iter()
    }

    pub(super) fn request_of_token(&self, token: &str) -> Option<String> {
        self.tokens.get(token).cloned()
    }

    /// The cards of releases, as they are shown now. Where the answer to one was lost there may be a
    /// second one, and then one of them has to be right.
    pub(super) fn cards(&self) -> impl Iterator<Item = &Card> {
        let mut of_releases: BTreeMap<&str, &Card> = BTreeMap::new();
        for card in self.cards.values() {
            let Some(release) = card.release() else {
                continue;
            };
            let known = of_releases.entry(release).or_insert(card);
            if !known.has_ended() {
                *known = card;
            }
        }
        of_releases.into_values()
    }

    /// Whether a card says of an image that its release has failed.
    pub(super) fn has_failed(&self, digest: &str) -> bool {
        let mut cards = self.cards();
        cards
            .any(|card| card.text.ends_with(": failed") && card.digest().as_deref() == Some(digest))
    }

    /// Whether anything was said in a channel with these words.
    pub(super) fn says(&self, channel: Channel, words: &str) -> bool {
        let says = |text: &String| text.contains(words);
        match channel {
            Channel::Slack => self
                .cards
                .values()
                .any(|card| says(&card.text) || card.lines.iter().any(says)),
            Channel::Sns => self
                .mails
                .iter()
                .any(|it| says(&it.subject) || says(&it.text)),
        }
    }

    /// A message arrives in Slack, in the channel or below another one.
    pub(super) fn posted(
        &mut self,
        ts: &str,
        below: Option<&str>,
        message: &Message,
        at: Timestamp,
    ) {
        match below {
            Some(below) => {
                let card = self.cards.entry(below.to_owned()).or_default();
                card.lines.push(message.text.clone());
            }
            None => self.shown(ts, message, at),
        }
    }

    /// A message in Slack is shown so from now on.
    pub(super) fn shown(&mut self, ts: &str, message: &Message, at: Timestamp) {
        let card = self.cards.entry(ts.to_owned()).or_default();
        card.text.clone_from(&message.text);
        card.blocks.clone_from(&message.blocks);
        let asked = card.asks();
        if let (Some((key, stage)), Some(digest)) = (asked, card.digest()) {
            self.asks(key, digest, stage, at);
        }
    }

    /// An e-mail arrives.
    pub(super) fn mailed(&mut self, message: &Message, at: Timestamp) {
        let text = &message.text;
        self.mails.push(Mail {
            subject: message.subject.clone().unwrap_or_default(),
            text: text.clone(),
        });
        let between = |from: &str, to: &str| {
            let (_, rest) = text.split_once(from)?;
            Some(rest.split(to).next()?.trim().to_owned())
        };
        let Some(approval) = between("(request ", ")") else {
            return;
        };
        let (Some(release), Some(digest)) = (between("\nrelease: ", "\n"), digest_in(text)) else {
            return;
        };
        let key = format!("{release} {approval}");
        let tokens = text.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            line["approval"].as_str().map(str::to_owned)
        });
        let tokens: Vec<_> = tokens.collect();
        self.tokens
            .extend(tokens.into_iter().map(|token| (token, key.clone())));
        if let Some(stage) = stage_of(&approval) {
            self.asks(key, digest, stage, at);
        }
    }

    fn asks(&mut self, key: String, digest: String, stage: String, shown_at: Timestamp) {
        let request = Request {
            digest,
            stage,
            shown_at,
        };
        self.requests.entry(key).or_insert(request);
    }

    /// What does not hold of what people read at rest, where pushes of these tags were heard of.
    pub(super) fn at_rest<'a>(
        &self,
        pipeline: &str,
        arrived: impl Iterator<Item = &'a (String, String)>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        for (tag, digest) in arrived {
            let begin = format!("{pipeline} {tag}:");
            let is_its = |card: &Card| {
                card.text.starts_with(&begin) && card.digest().as_ref() == Some(digest)
            };
            if !self.cards().any(is_its) {
                found.push(format!("I6: nobody was shown that {tag} was pushed"));
            }
        }
        for card in self.cards() {
            let text = &card.text;
            if !card.has_ended() {
                found.push(format!("I6: nothing goes on, and a card says: {text}"));
            }
            if card.asks().is_some() {
                found.push(format!(
                    "I6: nobody is asked, and a card has buttons: {text}"
                ));
            }
        }
        found
    }

    /// What people have read twice: lines below one card, or the card itself.
    pub(super) fn repeated(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut releases = BTreeSet::new();
        for card in self.cards.values() {
            if card.release().is_some_and(|it| !releases.insert(it)) {
                found.push(format!("I6: there are two cards: {}", card.text));
            }
        }
        for card in self.cards.values() {
            for (index, line) in card.lines.iter().enumerate() {
                if card.lines[..index].contains(line) {
                    found.push(format!("I6: {:?} says twice: {line}", card.text));
                }
            }
        }
        found
    }
}

impl Card {
    /// What its release is called, where it is about one.
    fn release(&self) -> Option<&str> {
        let context = self.blocks().filter(|it| it["type"] == "context");
        let mut texts = context.filter_map(|it| it["elements"][0]["text"].as_str());
        texts.find_map(|it| it.contains("sha256:").then(|| it.rsplit('`').nth(1))?)
    }

    fn blocks(&self) -> impl Iterator<Item = &Value> {
        let blocks = self.blocks.as_ref().and_then(Value::as_array);
        blocks.into_iter().flatten()
    }

    /// The image that it is about.
    pub(super) fn digest(&self) -> Option<String> {
        let context = self.blocks().filter(|it| it["type"] == "context");
        let mut texts = context.filter_map(|it| it["elements"][0]["text"].as_str());
        texts.find_map(digest_in)
    }

    /// What it asks: the key of the request, and the stage.
    fn asks(&self) -> Option<(String, String)> {
        let is_request = |block: &&Value| {
            let id = block["block_id"].as_str();
            id.is_some_and(|id| id.starts_with("approval-"))
        };
        let block = self.blocks().find(is_request)?;
        let value = block["elements"][0]["value"].as_str()?;
        let value: Value = serde_json::from_str(value).ok()?;
        let (release, approval) = (value["release"].as_str()?, value["approval"].as_str()?);
        Some((format!("{release} {approval}"), stage_of(approval)?))
    }

    pub(super) fn has_ended(&self) -> bool {
        let state = self.text.rsplit_once(": ").map(|(_, state)| state);
        state.is_some_and(|state| OUTCOMES.contains(&state))
    }

    /// Whether it says that what it is about serves at a stage now.
    pub(super) fn serves_at(&self, stage: &str) -> bool {
        let begin = format!(":white_check_mark: *{stage}*: ");
        let texts = self.blocks().filter_map(|it| it["text"]["text"].as_str());
        let mut lines = texts.flat_map(str::lines);
        lines.any(|line| {
            let said = line.strip_prefix(&begin);
            said.is_some_and(|it| it.contains("succeeded at") || it.contains("serves again"))
        })
    }
}

/// The stage that a request is about, by what it is called.
fn stage_of(approval: &str) -> Option<String> {
    Some(approval.rsplit_once('-')?.0.to_owned())
}

/// The first digest in a text.
fn digest_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("sha256:")?;
    let hex: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    (hex.len() == 64).then(|| format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::sample::{DIGEST, card, minute};

    fn at_rest(cards: &[(&str, bool)]) -> Vec<String> {
        let mut told = Told::default();
        for (ts, (text, asks)) in cards.iter().enumerate() {
            told.posted(&ts.to_string(), None, &card(text, *asks), minute(0));
        }
        let arrived = [("aaaaaaa".to_owned(), DIGEST.to_owned())];
        told.at_rest("shop", arrived.iter())
    }

    #[test]
    fn what_people_are_not_told_at_rest_is_found() {
        assert!(at_rest(&[("shop aaaaaaa: succeeded", false)]).is_empty());
        assert_eq!(at_rest(&[]).len(), 1, "nobody was shown it");
        assert_eq!(at_rest(&[("shop aaaaaaa: test: waits", false)]).len(), 1);
        assert_eq!(at_rest(&[("shop aaaaaaa: succeeded", true)]).len(), 1);
    }

    #[test]
    fn what_is_told_twice_is_found() {
        let mut told = Told::default();
        let message = card("shop aaaaaaa: succeeded", false);
        told.posted("1", None, &message, minute(0));
        for line in ["it begins", "it ends"] {
            told.posted("2", Some("1"), &card(line, false), minute(0));
        }
        assert!(told.repeated().is_empty());
        told.posted("3", Some("1"), &card("it ends", false), minute(1));
        told.posted("4", None, &message, minute(1));
        assert_eq!(told.repeated().len(), 2);
    }

    #[test]
    fn a_card_says_what_serves_where() {
        let mut message = card("shop aaaaaaa: succeeded", false);
        let line = ":white_check_mark: *test*: succeeded at test since noon";
        message.blocks = Some(serde_json::json!([{ "text": { "text": line } }]));
        let mut told = Told::default();
        told.posted("1", None, &message, minute(0));
        let card = told.cards.get("1").unwrap();
        assert!(card.serves_at("test"));
        assert!(!card.serves_at("production"));
    }
}
