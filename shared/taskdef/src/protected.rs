//! Whether a base still is what was approved.

use std::collections::BTreeMap;

use super::canonical::Place;
use super::document::TaskDefinition;
use super::hash::{SpecHash, hash, is_bookkeeping};
use super::render::Changes;

/// The hash of everything that `changes` do not name: roles, network, volumes, commands, secrets,
/// privileges, other containers, other variables, all of it.
///
/// It is the same before and after rendering `changes`, and the same for two bases exactly if they
/// differ in nothing but what `changes` replace. If it is another than when an approval was given,
/// the base was changed by someone else and the approval is void.
pub fn protected_hash(definition: &TaskDefinition, changes: &Changes) -> SpecHash {
    hash(definition, &|place| match place {
        Place::Image { container } => changes.images.contains_key(container),
        Place::Variable { container, name } => has(&changes.environment, container, name),
        Place::Label { container, key } => has(&changes.docker_labels, container, key),
        Place::Tag { key } => is_bookkeeping(place) || changes.tags.contains_key(key),
    })
}

fn has(of: &BTreeMap<String, BTreeMap<String, String>>, container: &str, name: &str) -> bool {
    of.get(container)
        .is_some_and(|values| values.contains_key(name))
}
