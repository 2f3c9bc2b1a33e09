//! What comes of an incoming fact.

use super::Event;

/// What an incoming fact adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// These events.
    Add(Vec<Event>),
    /// Nothing: it is known, or does not matter any more.
    Known,
}
