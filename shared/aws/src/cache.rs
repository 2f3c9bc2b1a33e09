//! What a process keeps of what it has read: task definitions, secrets and the keys of seals.

mod definitions;
mod seals;
mod secrets;

use jiff::{SignedDuration, Timestamp};

pub(crate) use definitions::Definitions;
pub(crate) use seals::Seals;
pub use secrets::Secret;
pub(crate) use secrets::Secrets;

/// How long a secret or a key is kept before it is read again.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_secs(300);

/// A clock that was set back must not keep anything for longer.
pub(crate) fn is_within(age: SignedDuration, at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < age
}
