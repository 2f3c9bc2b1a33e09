//! A release that is not trusted: somebody has written an entry who may not write it. It has ended
//! with the entries before that one, and nothing is added to it.

use super::Release;
use crate::release::{Conclusion, EndReason, Entry, Event, Outcome};

/// Why a release is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted {
    /// How many of its entries, from the first one on, are trusted.
    pub trusted: u64,
    /// Which entry is not, and why.
    pub reason: String,
}

impl Release {
    /// Takes the release for one that is not trusted. Where an entry that is trusted says how it
    /// ended, it has ended so; whatever later entries say, it has ended as not trusted otherwise.
    #[must_use]
    pub fn distrusted(mut self, untrusted: Untrusted) -> Self {
        let reason = EndReason::NotTrusted {
            problem: untrusted.reason.clone(),
        };
        self.untrusted = Some(untrusted);
        let mut trusted = self.trusted_entries().iter();
        let ended = trusted.any(|entry| matches!(entry.event, Event::Ended { .. }));
        if let Some(last) = self.entries.last()
            && !ended
        {
            let conclusion = Conclusion::new(Outcome::NotTrusted, reason);
            self.conclusion = Some((conclusion, last.at));
        }
        self
    }

    /// The entries that were written by who may write them, as far as that is known: all of them, as
    /// long as nobody has found otherwise.
    #[must_use]
    pub fn trusted_entries(&self) -> &[Entry] {
        let Some(untrusted) = &self.untrusted else {
            return &self.entries;
        };
        let trusted = |entry: &Entry| entry.sequence <= untrusted.trusted;
        &self.entries[..self.entries.partition_point(trusted)]
    }

    /// Why the release is not trusted, if it is not.
    #[must_use]
    pub fn untrusted(&self) -> Option<&Untrusted> {
        self.untrusted.as_ref()
    }
}
