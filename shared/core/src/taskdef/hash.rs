//! Which task definitions run the same thing, and whether a base still is what was approved.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::canonical;
use super::document::TaskDefinition;
use super::render::{Changes, TAG_PREFIX};

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
    hash(&compared(definition.document()))
}

/// The hash of everything that `changes` do not name: roles, network, volumes, commands, secrets,
/// privileges, other containers, other variables, all of it.
///
/// It is the same before and after rendering `changes`, and the same for two bases exactly if they
/// differ in nothing but what `changes` replace. If it is another than when an approval was given,
/// the base was changed by someone else and the approval is void.
pub fn protected_hash(definition: &TaskDefinition, changes: &Changes) -> SpecHash {
    let mut document = definition.document().clone();
    let containers = document
        .get_mut("containerDefinitions")
        .and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        let Some(container) = container.as_object_mut() else {
            continue;
        };
        let Some(name) = container.get("name").and_then(Value::as_str) else {
            continue;
        };
        let image = changes.images.contains_key(name);
        let variables = changes.environment.get(name);
        let labels = changes.docker_labels.get(name);
        if image {
            container.shift_remove("image");
        }
        if let Some(variables) = variables {
            remove_named(container, "environment", "name", |name| {
                variables.contains_key(name)
            });
        }
        if let Some(labels) = labels
            && let Some(known) = container
                .get_mut("dockerLabels")
                .and_then(Value::as_object_mut)
        {
            known.retain(|key, _| !labels.contains_key(key));
        }
    }
    remove_named(&mut document, "tags", "key", |key| {
        key.starts_with(TAG_PREFIX) || changes.tags.contains_key(key)
    });
    hash(&document)
}

fn hash(document: &Map<String, Value>) -> SpecHash {
    SpecHash(Sha256::digest(canonical::bytes(document)).into())
}

/// The document without its `towpath:` tags.
pub(super) fn compared(document: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
    let is_ours = |key: &str| key.starts_with(TAG_PREFIX);
    let tags = document.get("tags").and_then(Value::as_array);
    let has_ours = tags
        .into_iter()
        .flatten()
        .any(|tag| tag.get("key").and_then(Value::as_str).is_some_and(is_ours));
    if !has_ours {
        return Cow::Borrowed(document);
    }
    let mut document = document.clone();
    remove_named(&mut document, "tags", "key", is_ours);
    Cow::Owned(document)
}

fn remove_named(
    members: &mut Map<String, Value>,
    list: &str,
    field: &str,
    is_removed: impl Fn(&str) -> bool,
) {
    if let Some(list) = members.get_mut(list).and_then(Value::as_array_mut) {
        list.retain(|entry| {
            !entry
                .get(field)
                .and_then(Value::as_str)
                .is_some_and(&is_removed)
        });
    }
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
