//! A release that is not trusted: somebody has written an entry who may not write it. It has ended
//! with the entries before that one, and nothing is added to it.

use super::Release;
use crate::release::{Conclusion, Event, Outcome};

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
        let mut trusted = self.entries.iter();
        let ended = trusted.any(|entry| {
            entry.sequence <= untrusted.trusted && matches!(entry.event, Event::Ended { .. })
        });
        if let Some(last) = self.entries.last()
            && !ended
        {
            let conclusion = Conclusion::new(Outcome::NotTrusted, untrusted.reason.clone());
            self.conclusion = Some((conclusion, last.at));
        }
        self.untrusted = Some(untrusted);
        self
    }

    /// Why the release is not trusted, if it is not.
    #[must_use]
    pub fn untrusted(&self) -> Option<&Untrusted> {
        self.untrusted.as_ref()
    }
}
