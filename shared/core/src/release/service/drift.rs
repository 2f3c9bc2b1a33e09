//! What a service is found to run, held against what its row says of it.
//!
//! | its row says | it runs | drift |
//! |---|---|---|
//! | nothing | anything | untouched |
//! | what the last rollout left | that | as left |
//! | what the last rollout left | something else | changed |
//! | what succeeded last, but not what was left since | that | as left |
//! | what succeeded last, but not what was left since | something else | not known: a lifted hold has accepted it, or a rollout has failed |

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

    /// Whether no release was ever rolled out to the service.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.owner.is_none() && self.taken_by.is_none() && self.last_good.is_none()
    }
}
