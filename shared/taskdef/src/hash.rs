//! Which task definitions run the same thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::canonical::{self, Omits, Place};
use super::document::TaskDefinition;
use super::own_tags::TAG_PREFIX;

/// The SHA-256 of a task definition's canonical form, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpecHash([u8; 32]);

/// A text that is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("spec hash {0:?} is not 64 lower-case hexadecimal digits")]
pub struct SpecHashError(String);

/// The hash of everything that ECS runs or keeps of a definition. Two definitions with the same
/// hash are the same revision for all purposes, so that an ACTIVE one is used again and an approval
/// of one is an approval of the other.
///
/// - The order of lists whose order ECS ignores makes no difference, nor do defaults that ECS fills
///   in, nor describe-only fields.
/// - Tags that start with `towpath:` are left out. They are notes about a registration (which
///   release made it, and this very hash) that no task sees.
/// - Everything else counts: images, **every** environment variable (the process sees it, so a
///   revision with another `TOWPATH_RELEASE` is another revision), all other tags (permissions can
///   depend on them), and fields that nobody knows yet.
///
/// A release's own rendering always has the same hash as long as the base has not changed, since
/// what it sets depends on the release alone and replaces what the release before it had set.
pub fn spec_hash(definition: &TaskDefinition) -> SpecHash {
    hash(definition, &is_bookkeeping)
}

/// Whether a place is a note about a registration and no part of what runs.
pub(super) fn is_bookkeeping(place: Place<'_>) -> bool {
    match place {
        Place::Tag { key } => key.starts_with(TAG_PREFIX),
        Place::Image { .. } | Place::Variable { .. } | Place::Label { .. } => false,
    }
}

/// The hash of what is left of a definition without the places that `omits` says.
pub(super) fn hash(definition: &TaskDefinition, omits: Omits<'_>) -> SpecHash {
    SpecHash(Sha256::digest(canonical::bytes(definition.document(), omits)).into())
}

impl fmt::Display for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SpecHash {
    type Err = SpecHashError;

    fn from_str(text: &str) -> Result<Self, SpecHashError> {
        let refused = || SpecHashError(text.to_owned());
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| refused())?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for SpecHash {
    type Error = SpecHashError;

    fn try_from(text: String) -> Result<Self, SpecHashError> {
        text.parse()
    }
}

impl From<SpecHash> for String {
    fn from(hash: SpecHash) -> String {
        hash.to_string()
    }
}
