//! What becomes of a fact that is brought to a release.

use towpath_core::release::{Refusal, Release};

/// What became of a fact.
#[derive(Debug)]
pub enum Recorded {
    /// It is in the ledger now.
    Added(Box<Release>),
    /// It was there already, or does not matter any more.
    Known(Box<Release>),
    /// It is not taken.
    Refused(Refusal),
    NoSuchRelease,
}
