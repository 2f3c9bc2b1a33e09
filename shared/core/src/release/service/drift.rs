//! What a service is found to run, held against what its row says of it.
//!
//! | its row says | it runs | drift |
//! |---|---|---|
//! | nothing | anything | untouched |
//! | what the last rollout left | that | as left |
//! | what the last rollout left | something else | changed |
//! | what succeeded last, but not what was left since | that | as left |
//! | what succeeded last, but not what was left since | something else | not known: a lifted hold has accepted it, or a rollout has failed |

use jiff::{SignedDuration, Timestamp};

use super::{GoodRelease, ServiceRow};
use crate::release::Revision;

/// Whether a service runs what Towpath left in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift<'a> {
    /// Towpath has left nothing there yet.
    Untouched,
    /// It runs this, as Towpath left it.
    AsLeft(&'a Revision),
    /// It does not run this, which succeeded last, and Towpath does not know what was left since.
    NotKnown(&'a GoodRelease),
    /// It does not run this, which Towpath left: somebody else has changed it.
    Changed(&'a Revision),
}

/// For how long AWS may show what was so before a change: "up to about five minutes".
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub const SHOWN: SignedDuration = SignedDuration::from_mins(5);

impl ServiceRow {
    /// How what the service is found to run compares with what it should run by this row, while no
    /// release has it.
    #[must_use]
    pub fn drift(&self, running: &Revision) -> Drift<'_> {
        match (&self.baseline, &self.last_good) {
            (Some(left), _) if left == running => Drift::AsLeft(left),
            (Some(left), _) => Drift::Changed(left),
            (None, Some(good)) if good.left_running() == running => {
                Drift::AsLeft(good.left_running())
            }
            (None, Some(good)) => Drift::NotKnown(good),
            (None, None) => Drift::Untouched,
        }
    }

    /// The revision that ran before the last one, as long as AWS may still show the service with that.
    #[must_use]
    pub fn shown_before(&self, now: Timestamp) -> Option<&Revision> {
        let last = self.last_good.as_ref()?;
        let before = self.history.first()?.left_running();
        let is_other = before != last.left_running();
        (is_other && now.duration_since(last.at) < SHOWN).then_some(before)
    }

    /// Whether no release was ever rolled out to the service.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.owner.is_none() && self.taken_by.is_none() && self.last_good.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn good(revision: u64, minute: i64) -> GoodRelease {
        GoodRelease {
            release: "shop-api-0000000000000001".parse().unwrap(),
            digest: None,
            revision: sample::revision(revision),
            anew: None,
            at: sample::minute(minute),
            is_from_before: false,
        }
    }

    #[test]
    fn what_ran_before_may_be_shown_for_five_minutes() {
        let row = ServiceRow {
            last_good: Some(good(8, 10)),
            history: vec![good(7, 0)],
            ..ServiceRow::default()
        };
        assert_eq!(
            row.shown_before(sample::minute(14)),
            Some(&sample::revision(7))
        );
        assert_eq!(row.shown_before(sample::minute(15)), None);
        // The same again, or nothing before it, is nothing that could be mistaken.
        let same = ServiceRow {
            history: vec![good(8, 0)],
            ..row.clone()
        };
        assert_eq!(same.shown_before(sample::minute(11)), None);
        let first = ServiceRow {
            history: Vec::new(),
            ..row
        };
        assert_eq!(first.shown_before(sample::minute(11)), None);
    }
}
