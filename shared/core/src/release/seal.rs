//! The seal of an entry: which kind of writer wrote it, proven by a key that only writers of that
//! kind may read.
//!
//! | event | who may write it |
//! |---|---|
//! | opened by a push | image-push, sweeper; operator, who asks for the newest one |
//! | opened as a rollback | approval, operator |
//! | what AWS reports of a deployment | deployment-event |
//! | a vote, a reply that was refused | approval |
//! | a request to roll back | approval, operator |
//! | a veto | operator |
//! | everything else | advance |
//!
//! `advance` acts on a release only if its seals hold. It seals what it adds after it has verified what
//! was there, and a seal covers the fingerprint of the entry before it: so the last entry of its own
//! vouches for all before it, and only that one and what follows are verified again. Hook functions
//! write no entries: see [`HookReport`](super::HookReport).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{StoredEntry, Writer};
use crate::names::{Fingerprint, ReleaseId};

/// What the HMAC is made for, so that none that a key was ever used for elsewhere fits.
const DOMAIN: &[u8] = b"towpath entry seal 1";

/// Shortest key in bytes: as long as the HMAC.
const MIN_KEY_LEN: usize = 32;

/// The key of a kind of writer. Nothing of it is ever shown.
#[derive(Clone)]
pub struct SealKey {
    version: u64,
    mac: Hmac<Sha256>,
}

/// A key that protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key has {0} bytes: generate one of at least 32 random bytes")]
pub struct ShortKey(usize);

impl SealKey {
    /// The key of that version of its parameter.
    ///
    /// # Errors
    /// When it is too short to protect anything.
    pub fn new(version: u64, key: &[u8]) -> Result<Self, ShortKey> {
        let short = ShortKey(key.len());
        if key.len() < MIN_KEY_LEN {
            return Err(short);
        }
        let mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| short)?;
        Ok(Self { version, mac })
    }

    /// The version of its parameter.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The seal of a writer of that kind on an entry of a release.
    #[must_use]
    pub fn seal(&self, writer: Writer, release: &ReleaseId, stored: &StoredEntry) -> Seal {
        let mac = self.over(writer, release, stored).finalize();
        Seal {
            writer,
            version: self.version,
            mac: mac.into_bytes().into(),
        }
    }

    fn over(&self, writer: Writer, release: &ReleaseId, stored: &StoredEntry) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        let StoredEntry { entry, text, .. } = stored;
        let previous = entry.previous.as_ref().map_or("", Fingerprint::as_str);
        for part in [
            DOMAIN,
            writer.name().as_bytes(),
            &self.version.to_be_bytes(),
            release.as_str().as_bytes(),
            &entry.sequence.to_be_bytes(),
            previous.as_bytes(),
            text.at.as_bytes(),
            text.actor.as_bytes(),
            text.event.as_bytes(),
        ] {
            // Each part behind its length, so that no two lists of parts make the same bytes.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// Who says to have written an entry, and the proof: `approval/3/<HMAC in lower-case digits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    pub writer: Writer,
    /// Which version of that kind's key.
    pub version: u64,
    mac: [u8; 32],
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            writer,
            version,
            mac,
        } = self;
        write!(f, "{writer}/{version}/{}", hex::encode(mac))
    }
}

/// A text that is no seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form <writer>/<version>/<64 hexadecimal digits>")]
pub struct NoSeal;

impl FromStr for Seal {
    type Err = NoSeal;

    fn from_str(text: &str) -> Result<Self, NoSeal> {
        let mut parts = text.split('/');
        let (Some(writer), Some(version), Some(digits), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoSeal);
        };
        let mut mac = [0_u8; 32];
        hex::decode_to_slice(digits, &mut mac).map_err(|_| NoSeal)?;
        let seal = Self {
            writer: writer.parse().map_err(|_| NoSeal)?,
            version: version.parse().map_err(|_| NoSeal)?,
            mac,
        };
        // One spelling for each.
        (seal.to_string() == text).then_some(seal).ok_or(NoSeal)
    }
}

/// What is known of a version of a kind's key.
#[derive(Debug, Clone)]
pub enum KeyState {
    Counts(SealKey),
    /// It counts no more, as the key was changed twice since: what it sealed is evidence of what
    /// was, and nothing is done on its word.
    Withdrawn(SealKey),
    /// There is none.
    Unknown,
}

/// An entry whose seal does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenSeal {
    /// It has none.
    #[error("entry {0} has no seal")]
    Missing(u64),
    /// Writers of that kind do not write such entries.
    #[error("entry {entry} is sealed by {writer}, which does not write such entries")]
    NotTheirs { entry: u64, writer: Writer },
    /// It was not made with the key for this entry in this place.
    #[error("entry {entry} was not written by {writer}: its seal does not fit")]
    Forged {
        entry: u64,
        /// The kind that it names.
        writer: Writer,
    },
    /// The key that it was made with counts no more.
    #[error(
        "entry {entry} is sealed with version {version} of the key of {writer}, which counts no more"
    )]
    Withdrawn {
        entry: u64,
        writer: Writer,
        version: u64,
    },
    /// There is no such key.
    #[error(
        "entry {entry} is sealed with version {version} of the key of {writer}, which there is not"
    )]
    NoKey {
        entry: u64,
        writer: Writer,
        version: u64,
    },
}

impl BrokenSeal {
    #[must_use]
    pub fn entry(&self) -> u64 {
        match self {
            Self::Missing(entry)
            | Self::NotTheirs { entry, .. }
            | Self::Forged { entry, .. }
            | Self::Withdrawn { entry, .. }
            | Self::NoKey { entry, .. } => *entry,
        }
    }
}

/// The entries that no other one vouches for: the last that `advance` says to have written, and all
/// after it; all, if it has written none.
#[must_use]
pub fn unvouched(entries: &[StoredEntry]) -> &[StoredEntry] {
    let by_advance = |stored: &StoredEntry| {
        stored
            .seal
            .is_some_and(|seal| seal.writer == Writer::Advance)
    };
    let from = entries.iter().rposition(by_advance).unwrap_or_default();
    entries.get(from..).unwrap_or_default()
}

/// The keys that verifying these entries takes.
#[must_use]
pub fn keys_of(entries: &[StoredEntry]) -> BTreeSet<(Writer, u64)> {
    let seals = entries.iter().filter_map(|stored| stored.seal);
    seals.map(|seal| (seal.writer, seal.version)).collect()
}

/// Checks the seals of these entries of a release, whose chain holds.
///
/// # Errors
/// The first entry whose seal does not. [`BrokenSeal::Withdrawn`] only where every seal fits the key
/// that it names: who wrote the entries is proven, as far as that key was nobody else's.
pub fn verify_seals(
    release: &ReleaseId,
    entries: &[StoredEntry],
    key: impl Fn(Writer, u64) -> KeyState,
) -> Result<(), BrokenSeal> {
    let mut withdrawn = None;
    for stored in entries {
        let entry = stored.entry.sequence;
        let seal = stored.seal.ok_or(BrokenSeal::Missing(entry))?;
        let Seal {
            writer,
            version,
            mac,
        } = seal;
        if !writer.may_write(&stored.entry.event) {
            return Err(BrokenSeal::NotTheirs { entry, writer });
        }
        let key = match key(writer, version) {
            KeyState::Counts(key) => key,
            KeyState::Withdrawn(key) => {
                withdrawn.get_or_insert(BrokenSeal::Withdrawn {
                    entry,
                    writer,
                    version,
                });
                key
            }
            KeyState::Unknown => {
                return Err(BrokenSeal::NoKey {
                    entry,
                    writer,
                    version,
                });
            }
        };
        // Takes the same time wherever the two differ.
        key.over(writer, release, stored)
            .verify_slice(&mac)
            .map_err(|_| BrokenSeal::Forged { entry, writer })?;
    }
    withdrawn.map_or(Ok(()), Err)
}
