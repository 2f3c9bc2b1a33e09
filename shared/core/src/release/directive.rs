//! What people order by hand about a service or an image: holds and vetoes, set and lifted.
//!
//! Each order is chained to the one before it about the same subject, as a release's entries are:
//! whoever edits or removes one breaks the chain at that place, and whoever cuts orders off the end
//! no longer matches the head that the subject's row keeps.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Principal, ServiceId};
use crate::image::Digest;
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

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The service takes no new release.
    Hold,
    /// It takes releases again, and what runs is accepted as it is.
    LiftHold,
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
            Self::Hold | Self::Veto => true,
            Self::LiftHold | Self::LiftVeto => false,
        }
    }

    /// Whether it can be about that subject.
    #[must_use]
    pub fn fits(self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Hold | Self::LiftHold, Subject::Service(_))
            | (Self::Veto | Self::LiftVeto, Subject::Image(_)) => true,
            (Self::Hold | Self::LiftHold, Subject::Image(_))
            | (Self::Veto | Self::LiftVeto, Subject::Service(_)) => false,
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::LiftHold => "lift hold",
            Self::Veto => "veto",
            Self::LiftVeto => "lift veto",
        })
    }
}

/// An order about one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directive {
    /// Its place among the orders about its subject, from 1.
    pub sequence: u64,
    /// When it was given, by the writer's clock.
    pub at: Timestamp,
    /// Who gave it.
    pub by: Principal,
    /// What is ordered.
    pub order: Order,
    /// Why, in their words.
    pub reason: String,
    /// The fingerprint of the order before it; `None` for the first.
    pub previous: Option<Fingerprint>,
    /// The fingerprint of this order, with the one before it in it.
    pub fingerprint: Fingerprint,
}

impl Directive {
    /// The order that follows `previous` (the sequence and fingerprint of the last one).
    #[must_use]
    pub fn after(
        previous: Option<(u64, &Fingerprint)>,
        subject: &Subject,
        at: Timestamp,
        by: Principal,
        order: Order,
        reason: String,
    ) -> Self {
        let mut directive = Self {
            sequence: previous.map_or(1, |(sequence, _)| sequence + 1),
            at,
            by,
            order,
            reason,
            previous: previous.map(|(_, fingerprint)| fingerprint.clone()),
            // Taken over everything else, below.
            fingerprint: Fingerprint::of([]),
        };
        directive.fingerprint = directive.taken_over(subject);
        directive
    }

    /// What a service or an image that it sets something of says to whoever it keeps.
    #[must_use]
    pub fn words(&self) -> String {
        let did = match self.order {
            Order::Hold => "held it",
            Order::LiftHold => "lifted the hold",
            Order::Veto => "vetoed the image",
            Order::LiftVeto => "lifted the veto",
        };
        format!("{} {did}: {}", self.by, self.reason)
    }

    fn taken_over(&self, subject: &Subject) -> Fingerprint {
        let content = serde_json::json!([
            subject.to_string(),
            self.sequence,
            self.at,
            self.by,
            self.order,
            self.reason,
            self.previous
        ]);
        Fingerprint::of(content.to_string())
    }
}

/// Where the orders about a subject are not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
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

    fn trail(subject: &Subject) -> Vec<Directive> {
        let mut trail = Vec::<Directive>::new();
        for (order, reason) in [
            (Order::Hold, "the sale begins"),
            (Order::LiftHold, "it is over"),
            (Order::Hold, "the next one begins"),
        ] {
            let last = trail.last().map(|last| (last.sequence, &last.fingerprint));
            let by = Principal::Aws("arn:aws:iam::111111111111:user/ada".into());
            let at = Timestamp::UNIX_EPOCH;
            trail.push(Directive::after(
                last,
                subject,
                at,
                by,
                order,
                reason.into(),
            ));
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
            all[0].words(),
            "arn:aws:iam::111111111111:user/ada held it: the sale begins"
        );
    }

    #[test]
    fn whatever_is_changed_is_found() {
        let all = trail(&service());
        for place in 0..all.len() {
            let mut edited = all.clone();
            edited[place].reason.push('!');
            let at = all[place].sequence;
            assert_eq!(verify(&edited, &all[2]), Err(BrokenTrail::Edited(at)));
            let mut other = all.clone();
            other[place].by = Principal::TokenHolder;
            assert_eq!(verify(&other, &all[2]), Err(BrokenTrail::Edited(at)));
        }
        let gap = [all[0].clone(), all[2].clone()];
        assert_eq!(verify(&gap, &all[2]), Err(BrokenTrail::Missing(2)));
        let cut = BrokenTrail::Head {
            expected: 3,
            found: 2,
        };
        assert_eq!(verify(&all[..2], &all[2]), Err(cut));
        let mut replaced = all.clone();
        replaced[1] = Directive::after(
            Some((1, &all[0].fingerprint)),
            &service(),
            Timestamp::UNIX_EPOCH,
            Principal::TokenHolder,
            Order::LiftHold,
            "it is over".into(),
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
            let text = serde_json::to_string(&directive).unwrap();
            let read: Directive = serde_json::from_str(&text).unwrap();
            assert_eq!(read, directive);
        }
    }
}
