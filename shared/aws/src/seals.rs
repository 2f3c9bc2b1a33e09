//! The keys with which entries are sealed: SecureStrings of SSM, one for each kind of writer, below
//! one path.
//!
//! Which version of a parameter a seal was made with is written in the seal. A version never changes,
//! so that it is read once; which one is current is read again after some minutes. The current version
//! and the one before it count: who changes a key stops nothing that is open, and who changes it twice
//! takes from a stolen one what it was good for. What was sealed with one before those is evidence of
//! what was, such as of what served.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::SignedDuration;
use towpath_core::names::{ParameterName, ReleaseId};
use towpath_core::release::{
    BrokenSeal, KeyState, SealKey, StoredEntry, Writer, keys_of, unvouched, verify_seals,
};
use towpath_deployer::ports::{CallError, Clock as _};

use crate::aws::Aws;
use crate::cache::{KEPT, is_within};
use crate::call::{failed, present, refused, unreadable};
use crate::config::SEAL_WRITER;

const GET: &str = "ssm:GetParameter";
const GET_ALL: &str = "ssm:GetParameters";

/// After how long it is asked again for what was not there, or could not be read.
const SOON: SignedDuration = SignedDuration::from_secs(20);

/// Whether Parameter Store says that there is no such parameter, or no such version of it.
fn is_missing(code: &str) -> bool {
    matches!(code, "ParameterNotFound" | "ParameterVersionNotFound")
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
        match self.seal_key(writer, None).await {
            Ok(key) => {
                self.seals()
                    .with(|known| known.note(writer, key.clone(), now));
                Ok((writer, key))
            }
            Err(error) => {
                // The last one counts still, unless it was changed twice since.
                let last = self.seals().with(|known| known.last(writer));
                let Some(key) = last else {
                    return Err(error);
                };
                tracing::warn!(%error, "the key of seals could not be read again: the one that is known goes on counting");
                Ok((writer, key))
            }
        }
    }

    /// Reads what an append will need, beside the ledger. What fails here fails again where it is
    /// needed, and is told there.
    pub(crate) async fn prepare_seal(&self) {
        match self.settings().seal_writer() {
            // The command line mostly reads.
            Ok(None | Some(Writer::Operator)) | Err(_) => {}
            Ok(Some(Writer::Advance)) => {
                let _told_later = self.read_all_keys().await;
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
        self.read_all_keys().await?;
        let entries = unvouched(entries);
        self.read_versions(&keys_of(entries)).await?;
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
        self.read_versions(&keys_of(entries)).await?;
        Ok(self.seals().with(|known| {
            verify_seals(release, entries, |writer, version| {
                let key = known.keys.get(&(writer, version)).cloned();
                key.map_or(KeyState::Unknown, KeyState::Counts)
            })
        }))
    }

    /// Reads the current versions of all keys, unless that was done a short while ago. Where they
    /// cannot be read, those that are known go on counting.
    async fn read_all_keys(&self) -> Result<(), CallError> {
        let _turn = self.seals().turn.lock().await;
        let now = self.now();
        let known = self.seals().with(|known| known.read_again);
        // A clock that was set back must not keep anything for longer.
        if known.is_some_and(|at| now < at && at.duration_since(now) <= KEPT) {
            return Ok(());
        }
        let (error, read_again) = match self.current_keys().await {
            Ok(keys) => {
                self.seals().with(|known| {
                    for (writer, key) in keys {
                        known.note(writer, key, now);
                    }
                });
                (None, KEPT)
            }
            Err(error) if known.is_some() => (Some(error), SOON),
            Err(error) => return Err(error),
        };
        if let Some(error) = error {
            tracing::warn!(%error, "the keys of seals could not be read again: those that are known go on counting");
        }
        let read_again = now.checked_add(read_again).ok();
        self.seals().with(|known| known.read_again = read_again);
        Ok(())
    }

    async fn current_keys(&self) -> Result<Vec<(Writer, SealKey)>, CallError> {
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
            let Some(writer) = writer else {
                continue;
            };
            match key_in(GET_ALL, parameter) {
                Ok(key) => keys.push((*writer, key)),
                // Of one kind nothing is believed then; the others go on.
                Err(error) => tracing::error!(%error, "a key of seals cannot be used"),
            }
        }
        Ok(keys)
    }

    /// Reads the versions that are named and not known. One that there is not is asked for again
    /// after a while: a key may have been changed just now.
    async fn read_versions(&self, named: &BTreeSet<(Writer, u64)>) -> Result<(), CallError> {
        let now = self.now();
        let unknown: Vec<_> = self.seals().with(|known| {
            let is_unknown = |of: &&(Writer, u64)| {
                let missing = known.missing.get(*of);
                !known.keys.contains_key(*of)
                    && !missing.is_some_and(|at| is_within(SOON, *at, now))
            };
            named.iter().filter(is_unknown).copied().collect()
        });
        let read = unknown.iter().map(async |(writer, version)| {
            let key = match self.seal_key(*writer, Some(*version)).await {
                Ok(key) => Some(key),
                Err(error) if error.code().is_some_and(is_missing) => None,
                Err(error) => return Err(error),
            };
            Ok::<_, CallError>(((*writer, *version), key))
        });
        for read in join_all(read).await {
            let (of, key) = read?;
            self.seals().with(|known| match key {
                Some(key) => {
                    known.keys.insert(of, key);
                }
                None => {
                    known.missing.insert(of, now);
                }
            });
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
