//! The list of all orders, whoever they are about: what shows that one was removed together with
//! everything about its subject.

use super::{Directive, Subject};
use crate::names::Fingerprint;

/// One order in the list of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its place among all orders.
    pub place: u64,
    /// What it is about.
    pub subject: Subject,
    /// Its place among the orders about that.
    pub sequence: u64,
    pub fingerprint: Fingerprint,
}

/// Where the list of all orders and the orders themselves do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLog {
    /// The list lacks an order.
    #[error("order {0} of all is missing in the list of orders")]
    NotListed(u64),
    /// An order is there, and is not listed: the list was removed, or somebody has added the order.
    #[error(
        "order {sequence} about {subject} is order {place} of all, and is not in the list of orders"
    )]
    Unlisted {
        /// Its place among all orders, as it says.
        place: u64,
        /// What it is about.
        subject: Subject,
        /// Its place among the orders about that.
        sequence: u64,
    },
    /// An order is listed, and is not there, or another one is in its place.
    #[error(
        "order {place} of all was order {sequence} about {subject}, and that is not there any more: it was removed, or replaced"
    )]
    Gone {
        /// Its place among all orders.
        place: u64,
        /// What it is about.
        subject: Subject,
        /// Its place among the orders about that.
        sequence: u64,
    },
    /// An order was chained to another one than that which is there before it.
    #[error("order {0} of all was replaced: the one after it was chained to another")]
    Replaced(u64),
    /// The last orders were removed, or the head was edited.
    #[error("the last of all orders was {expected}, but the last one that is listed is {found}")]
    Head {
        /// The last order that the head names; 0 for none.
        expected: u64,
        /// The last order that is listed; 0 for none.
        found: u64,
    },
}

/// Checks the list of all orders, in its order, against the orders themselves. `order` is that about a
/// subject at a sequence, if it is there.
///
/// # Errors
/// The first place where they do not fit together.
pub fn verify_log<'a>(
    log: &[Logged],
    head: Option<(u64, &Fingerprint)>,
    order: impl Fn(&Subject, u64) -> Option<&'a Directive>,
) -> Result<(), BrokenLog> {
    let mut previous: Option<&Fingerprint> = None;
    for (place, logged) in (1..).zip(log) {
        if logged.place != place {
            return Err(BrokenLog::NotListed(place));
        }
        let there = order(&logged.subject, logged.sequence);
        let there = there.filter(|order| order.fingerprint == logged.fingerprint);
        let Some(there) = there.filter(|order| order.place == place) else {
            return Err(BrokenLog::Gone {
                place,
                subject: logged.subject.clone(),
                sequence: logged.sequence,
            });
        };
        if there.before.as_ref() != previous {
            return Err(BrokenLog::Replaced(place - 1));
        }
        previous = Some(&logged.fingerprint);
    }
    let found = log.last().map(|last| (last.place, &last.fingerprint));
    if found == head {
        return Ok(());
    }
    Err(BrokenLog::Head {
        expected: head.map_or(0, |(place, _)| place),
        found: found.map_or(0, |(place, _)| place),
    })
}

/// Checks that the orders about a subject which are there are in the list of all orders.
///
/// # Errors
/// The first one that is not.
pub fn verify_listed(
    log: &[Logged],
    subject: &Subject,
    directives: &[Directive],
) -> Result<(), BrokenLog> {
    let is_listed = |directive: &Directive| {
        log.iter().any(|logged| {
            logged.place == directive.place
                && logged.subject == *subject
                && logged.sequence == directive.sequence
                && logged.fingerprint == directive.fingerprint
        })
    };
    match directives.iter().find(|directive| !is_listed(directive)) {
        None => Ok(()),
        Some(unlisted) => Err(BrokenLog::Unlisted {
            place: unlisted.place,
            subject: subject.clone(),
            sequence: unlisted.sequence,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::trail;
    use super::*;
    use towpath_taskdef::image::Digest;

    #[test]
    fn an_order_that_is_gone_with_all_about_its_subject_is_missed() {
        let image = Subject::Image(Digest::of(b"image"));
        let all = trail(&image);
        let logged = |directive: &Directive| Logged {
            place: directive.place,
            subject: image.clone(),
            sequence: directive.sequence,
            fingerprint: directive.fingerprint.clone(),
        };
        let log: Vec<_> = all.iter().map(logged).collect();
        let head = Some((3, &all[2].fingerprint));
        let there = |_: &Subject, sequence: u64| all.iter().find(|one| one.sequence == sequence);
        assert_eq!(verify_log(&log, head, there), Ok(()));
        assert_eq!(verify_log(&[], None, there), Ok(()));
        assert_eq!(verify_listed(&log, &image, &all), Ok(()));
        let unlisted = |place| {
            Err(BrokenLog::Unlisted {
                place,
                subject: image.clone(),
                sequence: place,
            })
        };
        assert_eq!(verify_listed(&[], &image, &all), unlisted(1));
        assert_eq!(verify_listed(&log[..2], &image, &all), unlisted(3));
        let gone = BrokenLog::Gone {
            place: 1,
            subject: image.clone(),
            sequence: 1,
        };
        assert_eq!(verify_log(&log, head, |_, _| None), Err(gone));
        let unlisted = [log[0].clone(), log[2].clone()];
        assert_eq!(
            verify_log(&unlisted, head, there),
            Err(BrokenLog::NotListed(2))
        );
        let cut = BrokenLog::Head {
            expected: 3,
            found: 2,
        };
        assert_eq!(verify_log(&log[..2], head, there), Err(cut));
    }
}
