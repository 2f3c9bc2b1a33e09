//! The keys of seals that were read.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use towpath_core::release::{KeyState, SealKey, Writer};

use super::{KEPT, is_within};

/// What is known of the keys.
#[derive(Debug, Default)]
pub(crate) struct Seals {
    known: Mutex<Known>,
    /// Held while the current versions of all keys are read, so that they are read once.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Each version that was read: it never changes.
    pub(crate) keys: BTreeMap<(Writer, u64), SealKey>,
    /// The current version of each key, and when that was read.
    current: BTreeMap<Writer, (u64, Timestamp)>,
    /// The versions that there were not, and when that was read.
    pub(crate) missing: BTreeMap<(Writer, u64), Timestamp>,
    /// When the current version of all of them is to be read again.
    pub(crate) read_again: Option<Timestamp>,
}

impl Known {
    pub(crate) fn current(&self, writer: Writer, now: Timestamp) -> Option<SealKey> {
        let (version, at) = self.current.get(&writer)?;
        let key = self.keys.get(&(writer, *version))?;
        is_within(KEPT, *at, now).then(|| key.clone())
    }

    pub(crate) fn last(&self, writer: Writer) -> Option<SealKey> {
        let (version, _) = self.current.get(&writer)?;
        self.keys.get(&(writer, *version)).cloned()
    }

    pub(crate) fn state(&self, writer: Writer, version: u64) -> KeyState {
        let current = self.current.get(&writer).map(|(current, _)| *current);
        match self.keys.get(&(writer, version)).cloned() {
            None => KeyState::Unknown,
            Some(key) if current.is_some_and(|current| is_withdrawn(version, current)) => {
                KeyState::Withdrawn(key)
            }
            Some(key) => KeyState::Counts(key),
        }
    }

    pub(crate) fn note(&mut self, writer: Writer, key: SealKey, now: Timestamp) {
        self.current.insert(writer, (key.version(), now));
        self.keys.insert((writer, key.version()), key);
    }
}

/// Whether seals with that version of a key count no more while `current` is the current one.
fn is_withdrawn(version: u64, current: u64) -> bool {
    version.saturating_add(1) < current
}

impl Seals {
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(10_000 + seconds).unwrap()
    }

    fn key(version: u64) -> SealKey {
        SealKey::new(version, format!("{version:032}").as_bytes()).unwrap()
    }

    #[test]
    fn the_current_version_and_the_one_before_it_count() {
        let mut known = Known::default();
        for version in [2, 3] {
            known.note(Writer::Approval, key(version), at(0));
        }
        known.keys.insert((Writer::Approval, 1), key(1));
        assert!(matches!(
            known.state(Writer::Approval, 1),
            KeyState::Withdrawn(_)
        ));
        let state = |version| known.state(Writer::Approval, version);
        assert!(matches!(state(2), KeyState::Counts(_)));
        assert!(matches!(state(3), KeyState::Counts(_)));
        assert!(matches!(state(4), KeyState::Unknown));
        assert!(matches!(
            known.state(Writer::Operator, 1),
            KeyState::Unknown
        ));
    }

    #[test]
    fn which_version_is_current_is_known_for_five_minutes() {
        let mut known = Known::default();
        known.note(Writer::Approval, key(3), at(0));
        assert!(known.current(Writer::Approval, at(299)).is_some());
        assert!(known.current(Writer::Approval, at(300)).is_none());
        assert!(known.current(Writer::Approval, at(-300)).is_none());
        assert!(known.current(Writer::Operator, at(0)).is_none());
    }
}
