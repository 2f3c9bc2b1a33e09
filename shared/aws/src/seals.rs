//! The keys with which entries are sealed: SecureStrings of SSM, one for each kind of writer, below
//! one path.
//!
//! Which version of a parameter a seal was made with is written in the seal. A version never changes,
//! so that it is read once; which one is current is read again after some minutes. The current version
//! and the one before it count: who changes a key makes nothing unreadable, and who changes it twice
//! takes from a stolen one what it was good for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use towpath_core::names::{ParameterName, ReleaseId};
use towpath_core::release::{
    BrokenSeal, KeyState, SealKey, StoredEntry, Writer, keys_of, unvouched, verify_seals,
};

use crate::aws::Aws;
use crate::call::{failed, present, refused, unreadable};
use crate::config::SEAL_WRITER;
use crate::ports::{CallError, Clock as _};

const GET: &str = "ssm:GetParameter";
const GET_ALL: &str = "ssm:GetParameters";

/// How long it counts as known which version of a key is current.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// How long after it was read it is not asked again which versions are current, because of a seal that
/// names a later one.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What is known of the keys.
#[derive(Debug, Default)]
pub(crate) struct Seals {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    keys: BTreeMap<(Writer, u64), SealKey>,
    /// The current version of each key, and when that was read.
    current: BTreeMap<Writer, (u64, Timestamp)>,
    /// When all of them were read.
    all_read: Option<Timestamp>,
}

impl Known {
    fn current(&self, writer: Writer, now: Timestamp) -> Option<SealKey> {
        let (version, at) = self.current.get(&writer)?;
        let key = self.keys.get(&(writer, *version))?;
        is_within(KEPT, *at, now).then(|| key.clone())
    }

    fn state(&self, writer: Writer, version: u64) -> KeyState {
        let Some((current, _)) = self.current.get(&writer) else {
            return KeyState::Unknown;
        };
        if !counts(version, *current) {
            return if version < *current {
                KeyState::Withdrawn
            } else {
                KeyState::Unknown
            };
        }
        match self.keys.get(&(writer, version)) {
            Some(key) => KeyState::Counts(key.clone()),
            None => KeyState::Unknown,
        }
    }

    fn note(&mut self, writer: Writer, key: SealKey, now: Timestamp) {
        self.current.insert(writer, (key.version(), now));
        self.keys.insert((writer, key.version()), key);
    }
}

/// Whether seals with that version of a key count while `current` is the current one.
fn counts(version: u64, current: u64) -> bool {
    version == current || version.checked_add(1) == Some(current)
}

/// Whether Parameter Store says that there is no such parameter, or no such version of it.
fn is_missing(code: &str) -> bool {
    matches!(code, "ParameterNotFound" | "ParameterVersionNotFound")
}

/// A clock that was set back must not keep anything for longer.
fn is_within(age: SignedDuration, at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at).abs() < age
}

impl Seals {
    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Aws {
    /// Who writes, with the key that counts now.
    pub(crate) async fn own_seal(&self) -> Result<(Writer, SealKey), CallError> {
        let writer = self.settings().seal_writer()?.ok_or_else(|| {
            refused(
                "configuration",
                "Configuration",
                format_args!("the environment variable {SEAL_WRITER} is not set"),
            )
        })?;
        let now = self.now();
        if let Some(key) = self.seals().with(|known| known.current(writer, now)) {
            return Ok((writer, key));
        }
        let key = self.seal_key(writer, None).await?;
        self.seals()
            .with(|known| known.note(writer, key.clone(), now));
        Ok((writer, key))
    }

    /// Reads what an append will need, beside the ledger. What fails here fails again where it is
    /// needed, and is told there.
    pub(crate) async fn prepare_seal(&self) {
        match self.settings().seal_writer() {
            // The command line mostly reads.
            Ok(None | Some(Writer::Operator)) | Err(_) => {}
            Ok(Some(Writer::Advance)) => {
                let _told_later = self.read_all_keys(KEPT).await;
            }
            Ok(Some(
                Writer::ImagePush | Writer::Approval | Writer::DeploymentEvent | Writer::Sweeper,
            )) => {
                let _told_later = self.own_seal().await;
            }
        }
    }

    /// Whether the entries of a release, whose chain holds, were written by who may write them.
    pub(crate) async fn check_seals(
        &self,
        release: &ReleaseId,
        entries: &[StoredEntry],
    ) -> Result<Result<(), BrokenSeal>, CallError> {
        self.read_all_keys(KEPT).await?;
        let entries = unvouched(entries);
        let named = keys_of(entries);
        let later = |known: &mut Known| {
            let is_later = |(writer, version): &(Writer, u64)| {
                known
                    .current
                    .get(writer)
                    .is_none_or(|(current, _)| version > current)
            };
            named.iter().any(is_later)
        };
        if self.seals().with(later) && !self.read_all_keys(RENEWED_AFTER).await? {
            // It may have been changed since it was asked last.
            return Err(CallError::NotDone {
                operation: GET_ALL,
                message: format!("a seal of {release} names a key that was not there a moment ago"),
            });
        }
        self.read_earlier_keys(&named).await?;
        Ok(self.seals().with(|known| {
            verify_seals(release, entries, |writer, version| {
                known.state(writer, version)
            })
        }))
    }

    /// Whether all entries of a release, whose chain holds, were written by who may write them, with
    /// whatever version of their keys: what was sealed long ago was sealed with a key of then.
    ///
    /// # Errors
    /// When a key cannot be read: there is nothing to compare with then.
    pub async fn audit_seals(
        &self,
        release: &ReleaseId,
        entries: &[StoredEntry],
    ) -> Result<Result<(), BrokenSeal>, CallError> {
        let mut keys = BTreeMap::new();
        for (writer, version) in keys_of(entries) {
            let key = match self.seal_key(writer, Some(version)).await {
                Ok(key) => KeyState::Counts(key),
                Err(error) if error.code().is_some_and(is_missing) => KeyState::Unknown,
                Err(error) => return Err(error),
            };
            keys.insert((writer, version), key);
        }
        Ok(verify_seals(release, entries, |writer, version| {
            let key = keys.get(&(writer, version)).cloned();
            key.unwrap_or(KeyState::Unknown)
        }))
    }

    /// Reads the current versions of all keys, unless they were read so shortly ago. Whether it did.
    async fn read_all_keys(&self, ago: SignedDuration) -> Result<bool, CallError> {
        let now = self.now();
        let known = self.seals().with(|known| known.all_read);
        if known.is_some_and(|at| is_within(ago, at, now)) {
            return Ok(false);
        }
        let mut names = BTreeMap::new();
        for writer in Writer::ALL {
            names.insert(self.settings().seal_name(writer)?.to_string(), writer);
        }
        let set = self.clients().home().await?;
        let answer = set
            .ssm()
            .get_parameters()
            .set_names(Some(names.keys().cloned().collect()))
            .with_decryption(true)
            .send()
            .await
            .map_err(failed(GET_ALL))?;
        let mut keys = Vec::new();
        for parameter in answer.parameters.unwrap_or_default() {
            let writer = parameter.name.as_ref().and_then(|name| names.get(name));
            if let Some(writer) = writer {
                keys.push((*writer, key_in(GET_ALL, parameter)?));
            }
        }
        self.seals().with(|known| {
            for (writer, key) in keys {
                known.note(writer, key, now);
            }
            known.all_read = Some(now);
        });
        Ok(true)
    }

    /// Reads the versions before the current ones that are named and not known.
    async fn read_earlier_keys(&self, named: &BTreeSet<(Writer, u64)>) -> Result<(), CallError> {
        let missing: Vec<_> = self.seals().with(|known| {
            let is_missing = |(writer, version): &&(Writer, u64)| {
                let current = known.current.get(writer);
                current.is_some_and(|(current, _)| counts(*version, *current))
                    && !known.keys.contains_key(&(*writer, *version))
            };
            named.iter().filter(is_missing).copied().collect()
        });
        let read = missing.iter().map(async |(writer, version)| {
            let key = self.seal_key(*writer, Some(*version)).await?;
            Ok::<_, CallError>(((*writer, *version), key))
        });
        for read in join_all(read).await {
            let (of, key) = read?;
            self.seals().with(|known| known.keys.insert(of, key));
        }
        Ok(())
    }

    async fn seal_key(&self, writer: Writer, version: Option<u64>) -> Result<SealKey, CallError> {
        let name: ParameterName = self.settings().seal_name(writer)?;
        let selector = match version {
            Some(version) => format!("{name}:{version}"),
            None => name.to_string(),
        };
        let set = self.clients().home().await?;
        let answer = set
            .ssm()
            .get_parameter()
            .name(selector)
            .with_decryption(true)
            .send()
            .await
            .map_err(failed(GET))?;
        key_in(GET, present(GET, "parameter", answer.parameter)?)
    }
}

fn key_in(
    operation: &'static str,
    parameter: aws_sdk_ssm::types::Parameter,
) -> Result<SealKey, CallError> {
    let name = present(operation, "name", parameter.name)?;
    let value = present(operation, "value", parameter.value)?;
    let version = u64::try_from(parameter.version).map_err(|error| unreadable(operation, error))?;
    SealKey::new(version, value.trim().as_bytes())
        .map_err(|error| refused(operation, "ShortKey", format_args!("{name}: {error}")))
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
        let state = |version| known.state(Writer::Approval, version);
        assert!(matches!(state(1), KeyState::Withdrawn));
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
