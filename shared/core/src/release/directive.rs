//! What is ordered about a service or an image: holds and vetoes, which people set and lift, and that
//! a release which is not driven any more lets a service go.
//!
//! Each order is chained to the one before it about the same subject, as a release's entries are:
//! whoever edits or removes one breaks the chain at that place, and whoever cuts orders off the end
//! no longer matches the head that the subject's row keeps.
//!
//! All orders, about whatever, are chained to each other as well. So one that was removed with its
//! subject's row, and with all others about it, is missed by those that came after it, and by the list
//! of all orders.

mod log;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Digest;
use towpath_taskdef::json;

pub use self::log::{BrokenLog, Logged, verify_listed, verify_log};
use super::{Block, Principal, ServiceId};
use crate::names::Fingerprint;

/// What an order is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A service: it is put on hold.
    Service(ServiceId),
    /// An image: it is vetoed.
    Image(Digest),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => service.fmt(f),
            Self::Image(digest) => digest.fmt(f),
        }
    }
}

/// A text that names no subject of an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("neither a service (account/region/cluster/service) nor the digest of an image: {0}")]
pub struct NotASubject(String);

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        let read = || match text.split('/').collect::<Vec<_>>()[..] {
            [digest] => digest.parse().ok().map(Self::Image),
            [account, region, cluster, service] => Some(Self::Service(ServiceId {
                account: account.parse().ok()?,
                region: region.parse().ok()?,
                cluster: cluster.parse().ok()?,
                service: service.parse().ok()?,
            })),
            _ => None,
        };
        read().ok_or_else(|| NotASubject(text.to_owned()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The service takes no new release.
    Hold,
    /// It takes releases again, and what runs is accepted as it is.
    LiftHold,
    /// The release that is being rolled out to the service does not have it any more, and the
    /// service takes no new release: who had it is not driven, and what it leaves is not known.
    LetGo,
    /// The image is rolled out nowhere any more.
    Veto,
    /// The image may be rolled out again.
    LiftVeto,
}

impl Order {
    /// Whether it sets what it is about, rather than lifting it.
    #[must_use]
    pub fn sets(self) -> bool {
        match self {
            Self::Hold | Self::LetGo | Self::Veto => true,
            Self::LiftHold | Self::LiftVeto => false,
        }
    }

    /// Whether it can be about that subject.
    #[must_use]
    pub fn fits(self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Hold | Self::LiftHold | Self::LetGo, Subject::Service(_))
            | (Self::Veto | Self::LiftVeto, Subject::Image(_)) => true,
            (Self::Hold | Self::LiftHold | Self::LetGo, Subject::Image(_))
            | (Self::Veto | Self::LiftVeto, Subject::Service(_)) => false,
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::LiftHold => "lift hold",
            Self::LetGo => "let go",
            Self::Veto => "veto",
            Self::LiftVeto => "lift veto",
        })
    }
}

/// What somebody orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Who gives the order.
    pub by: Principal,
    pub order: Order,
    /// Why, in their words.
    pub reason: String,
}

/// What an order says, with the text that is stored: that text is what the fingerprint covers, so
/// that an order which another version has written is still known to be as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Said {
    /// This version understands it, if it says no more than this.
    Known {
        #[serde(flatten)]
        instruction: Instruction,
        #[serde(skip)]
        text: String,
    },
    /// Another version has written it, and this one does not understand it.
    Unreadable {
        /// What is stored.
        #[serde(rename = "unreadable")]
        text: String,
    },
}

impl Said {
    /// What a stored text says.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let text = text.to_owned();
        match json::read_as(text.as_bytes()) {
            Ok(instruction) => Self::Known { instruction, text },
            Err(_) => Self::Unreadable { text },
        }
    }

    /// What is stored.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Known { text, .. } | Self::Unreadable { text } => text,
        }
    }
}

impl From<Instruction> for Said {
    fn from(instruction: Instruction) -> Self {
        let text = serde_json::to_string(&instruction).expect("every instruction is JSON");
        Self::Known { instruction, text }
    }
}

/// An order about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Directive {
    /// Its place among the orders about its subject, from 1.
    pub sequence: u64,
    /// When it was given, by the writer's clock.
    pub at: Timestamp,
    #[serde(flatten)]
    pub said: Said,
    /// The service's epoch at that time; 0 for an image.
    pub epoch: u64,
    /// Whether a release was being rolled out to the service then.
    pub owned: bool,
    /// The text of the hold or veto that it lifts ([`Block`]), as it stood in the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted: Option<String>,
    /// Its place among all orders, from 1.
    pub place: u64,
    /// The fingerprint of the order before it about the same subject; `None` for the first.
    pub previous: Option<Fingerprint>,
    /// The fingerprint of the order before it about whatever; `None` for the first of all.
    pub before: Option<Fingerprint>,
    /// The fingerprint of this order, with the ones before it in it.
    pub fingerprint: Fingerprint,
}

/// What an order is given upon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectState {
    /// The last order about the subject: its sequence and fingerprint.
    pub last: Option<(u64, Fingerprint)>,
    /// The last order of all: its place and fingerprint.
    pub last_of_all: Option<(u64, Fingerprint)>,
    /// The text that says why the subject is held or vetoed ([`Block`]), if it is.
    pub active: Option<String>,
    /// The service's epoch; 0 for an image.
    pub epoch: u64,
    /// Whether a release is being rolled out to the service.
    pub owned: bool,
}

impl Directive {
    /// The order that is given next.
    #[must_use]
    pub fn next(
        upon: &SubjectState,
        subject: &Subject,
        at: Timestamp,
        instruction: Instruction,
    ) -> Self {
        let after = |last: &Option<(u64, Fingerprint)>| {
            let last = last.as_ref();
            (
                last.map_or(1, |(number, _)| number + 1),
                last.map(|(_, print)| print.clone()),
            )
        };
        let ((sequence, previous), (place, before)) = (after(&upon.last), after(&upon.last_of_all));
        let mut directive = Self {
            sequence,
            at,
            epoch: upon.epoch,
            owned: upon.owned,
            lifted: upon.active.clone().filter(|_| !instruction.order.sets()),
            said: instruction.into(),
            place,
            previous,
            before,
            // Taken over everything else, below.
            fingerprint: Fingerprint::of([]),
        };
        directive.fingerprint = directive.taken_over(subject);
        directive
    }

    /// What is ordered, if this version understands it.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        match &self.said {
            Said::Known { instruction, .. } => Some(instruction.order),
            Said::Unreadable { .. } => None,
        }
    }

    /// What stands in the row of a service or an image that it sets something of.
    #[must_use]
    pub fn block(&self) -> Block {
        match &self.said {
            Said::Known { instruction, .. } => {
                let Instruction { by, order, reason } = instruction.clone();
                Block::Order { by, order, reason }
            }
            Said::Unreadable { text } => Block::Unreadable { text: text.clone() },
        }
    }

    fn taken_over(&self, subject: &Subject) -> Fingerprint {
        let content = serde_json::json!([
            subject.to_string(),
            self.sequence,
            self.at,
            self.said.text(),
            self.epoch,
            self.owned,
            self.lifted,
            self.place,
            self.previous,
            self.before
        ]);
        Fingerprint::of(content.to_string())
    }
}

/// Where the orders about a subject are not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
    /// An order's row is not one: it was edited, or a later version stores orders otherwise.
    #[error("order {sequence} cannot be read: {problem}")]
    Unreadable {
        sequence: u64,
        /// What is wrong with the row.
        problem: String,
    },
    /// An order is missing.
    #[error("order {0} is missing")]
    Missing(u64),
    /// An order's content is not what its fingerprint was taken of.
    #[error("order {0} was edited: its content does not match its fingerprint")]
    Edited(u64),
    /// An order was replaced: the one after it was chained to another.
    #[error("order {0} was replaced: order {next} was chained to another", next = .0 + 1)]
    Replaced(u64),
    /// The last orders were removed, or the row was edited.
    #[error("the row's last order is {expected}, but the last one that is there is {found}")]
    Head {
        /// The last order that the row names; 0 for none.
        expected: u64,
        /// The last order that is there; 0 for none.
        found: u64,
    },
}

/// Checks the orders about a subject as they are stored, against the head that its row keeps.
///
/// # Errors
/// The first place where they are not what was written.
pub fn verify_trail(
    subject: &Subject,
    directives: &[Directive],
    head: Option<(u64, &Fingerprint)>,
) -> Result<(), BrokenTrail> {
    let mut previous: Option<&Directive> = None;
    for directive in directives {
        let expected = previous.map_or(1, |p| p.sequence + 1);
        if directive.sequence != expected {
            return Err(BrokenTrail::Missing(expected));
        }
        if directive.previous.as_ref() != previous.map(|p| &p.fingerprint) {
            return Err(BrokenTrail::Replaced(expected.saturating_sub(1)));
        }
        if directive.taken_over(subject) != directive.fingerprint {
            return Err(BrokenTrail::Edited(directive.sequence));
        }
        previous = Some(directive);
    }
    let found = previous.map(|p| (p.sequence, &p.fingerprint));
    if found == head {
        return Ok(());
    }
    Err(BrokenTrail::Head {
        expected: head.map_or(0, |(sequence, _)| sequence),
        found: found.map_or(0, |(sequence, _)| sequence),
    })
}

/// What the last order about a subject leaves of its hold or veto. One that this version does not
/// understand may have set it.
#[must_use]
pub fn ordered(directives: &[Directive]) -> Option<Block> {
    let last = directives.last()?;
    last.order().is_none_or(Order::sets).then(|| last.block())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Subject {
        Subject::Service(ServiceId {
            account: "111111111111".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            cluster: "production".parse().unwrap(),
            service: "shop-api".parse().unwrap(),
        })
    }

    pub(super) fn trail(subject: &Subject) -> Vec<Directive> {
        let mut trail = Vec::<Directive>::new();
        let mut upon = SubjectState::default();
        for (order, reason) in [
            (Order::Hold, "the sale begins"),
            (Order::LiftHold, "it is over"),
            (Order::Hold, "the next one begins"),
        ] {
            let instruction = Instruction {
                by: Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
                order,
                reason: reason.into(),
            };
            let next = Directive::next(&upon, subject, Timestamp::UNIX_EPOCH, instruction);
            upon = SubjectState {
                last: Some((next.sequence, next.fingerprint.clone())),
                last_of_all: Some((next.place, next.fingerprint.clone())),
                active: order.sets().then(|| next.block().text()),
                ..upon
            };
            trail.push(next);
        }
        trail
    }

    fn verify(trail: &[Directive], head: &Directive) -> Result<(), BrokenTrail> {
        verify_trail(&service(), trail, Some((head.sequence, &head.fingerprint)))
    }

    #[test]
    fn an_untouched_trail_is_intact() {
        let all = trail(&service());
        assert_eq!(verify(&all, &all[2]), Ok(()));
        assert_eq!(verify_trail(&service(), &[], None), Ok(()));
        assert_eq!(
            all[0].block().to_string(),
            "arn:aws:iam::111111111111:user/ada held it: the sale begins"
        );
    }

    #[test]
    fn whatever_is_changed_is_found() {
        let all = trail(&service());
        for place in 0..all.len() {
            let at = all[place].sequence;
            let texts = [
                all[place]
                    .said
                    .text()
                    .replace("begins", "begins!")
                    .replace("over", "over!"),
                all[place].said.text().replace("ada", "eve"),
                r#"{"by":"deployer","order":"freeze","reason":"the sale begins"}"#.to_owned(),
            ];
            for text in texts {
                let mut edited = all.clone();
                edited[place].said = Said::read(&text);
                assert_eq!(
                    verify(&edited, &all[2]),
                    Err(BrokenTrail::Edited(at)),
                    "{text}"
                );
            }
        }
        let gap = [all[0].clone(), all[2].clone()];
        assert_eq!(verify(&gap, &all[2]), Err(BrokenTrail::Missing(2)));
        let cut = BrokenTrail::Head {
            expected: 3,
            found: 2,
        };
        assert_eq!(verify(&all[..2], &all[2]), Err(cut));
        let mut replaced = all.clone();
        let upon = SubjectState {
            last: Some((1, all[0].fingerprint.clone())),
            ..SubjectState::default()
        };
        replaced[1] = Directive::next(
            &upon,
            &service(),
            Timestamp::UNIX_EPOCH,
            Instruction {
                by: Principal::TokenHolder,
                order: Order::LiftHold,
                reason: "it is over".into(),
            },
        );
        assert_eq!(verify(&replaced, &all[2]), Err(BrokenTrail::Replaced(2)));
        let unknown = BrokenTrail::Head {
            expected: 0,
            found: 3,
        };
        assert_eq!(verify_trail(&service(), &all, None), Err(unknown));
    }

    #[test]
    fn a_trail_belongs_to_its_subject() {
        let other = trail(&Subject::Image(Digest::of(b"image")));
        assert_eq!(verify(&other, &other[2]), Err(BrokenTrail::Edited(1)));
    }

    #[test]
    fn an_order_reads_back_as_it_was_stored() {
        for directive in trail(&service()) {
            assert_eq!(Said::read(directive.said.text()), directive.said);
        }
    }

    /// As a later version chains them: what this one makes of the text does not matter.
    #[test]
    fn an_order_of_another_version_is_as_it_was_written() {
        let subject = service();
        let texts = [
            r#"{"by":{"okta":"ada"},"order":"hold","reason":"the sale"}"#,
            r#"{"by":"deployer","order":"freeze","reason":"the sale"}"#,
            r#"{"reason":"the sale","order":"hold","by":"deployer","until":"2030-01-01T00:00:00Z"}"#,
            "{}",
        ];
        let mut all = trail(&subject);
        for text in texts {
            let last = all.last().unwrap();
            let upon = SubjectState {
                last: Some((last.sequence, last.fingerprint.clone())),
                last_of_all: Some((last.place, last.fingerprint.clone())),
                ..SubjectState::default()
            };
            let instruction = Instruction {
                by: Principal::Deployer,
                order: Order::Hold,
                reason: String::new(),
            };
            let mut next = Directive::next(&upon, &subject, last.at, instruction);
            next.said = Said::read(text);
            next.fingerprint = next.taken_over(&subject);
            assert_eq!(next.said.text(), text);
            all.push(next);
            assert_eq!(verify(&all, all.last().unwrap()), Ok(()), "{text}");
            let block = ordered(&all).expect("it may have set a hold");
            assert_eq!(block, all.last().unwrap().block(), "{text}");
        }
        assert_eq!(all[5].order(), Some(Order::Hold));
        assert_eq!(all[4].order(), None);
        let json = serde_json::to_value(&all[4]).unwrap();
        assert_eq!(json["unreadable"], texts[1]);
        assert_eq!(serde_json::to_value(&all[5]).unwrap()["order"], "hold");
    }

    #[test]
    fn a_subject_reads_back_as_it_is_written() {
        for subject in [service(), Subject::Image(Digest::of(b"image"))] {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
        for text in ["", "a/b", "1/eu-west-1/c/s", "sha256:00"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }
}
