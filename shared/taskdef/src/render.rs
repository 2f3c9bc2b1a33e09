//! Rendering: the base with exactly the listed changes made, and nothing else touched.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use thiserror::Error;

use super::document::TaskDefinition;
use super::hash::{self, SpecHash};
use super::own_tags::{TAG_COMMIT, TAG_PREFIX, TAG_RELEASE, TAG_SPEC};
use crate::image::ImageRef;
use crate::repeated;
use crate::resource_tag::is_reserved;

/// What is to be changed. Maps of maps are keyed by container name first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// New images by container name.
    pub images: BTreeMap<String, ImageRef>,
    /// Environment variables to set, by container and variable name.
    pub environment: BTreeMap<String, BTreeMap<String, String>>,
    /// Docker labels to set, by container and label.
    pub docker_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// Tags of the task definition to set.
    pub tags: BTreeMap<String, String>,
    /// The release this is rendered for. With it, all `towpath:` tags of the base are replaced by
    /// the release's own and the spec hash.
    pub release: Option<ReleaseMark>,
}

/// What is noted in the tags of a revision that is registered for a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseMark {
    /// The release's id.
    pub release: String,
    /// The commit, if it is known.
    pub commit: Option<String>,
}

/// A task definition that is ready to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The definition; [`TaskDefinition::document`] is RegisterTaskDefinition's input.
    pub definition: TaskDefinition,
    /// What an approval is bound to, and an identical revision found by.
    pub spec_hash: SpecHash,
    /// JSON pointers of fields that ECS's published model does not know; they are kept.
    pub unknown_fields: Vec<String>,
    /// Keys of tags that AWS set itself (`aws:…`) and does not let anyone else register; they are
    /// left out.
    pub reserved_tags: Vec<String>,
}

/// Why the changes cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// No container has the name.
    #[error(
        "container {name:?} is not in the task definition \"{}\", which has {}",
        repeated(.family), listed(.known)
    )]
    NoContainer {
        /// The name that was asked for.
        name: String,
        /// The definition's family.
        family: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Two containers have the name.
    #[error(
        "container {name:?} is in the task definition \"{}\" more than once; give each container a name of its own",
        repeated(.family)
    )]
    Ambiguous {
        /// The name that was asked for.
        name: String,
        /// The definition's family.
        family: String,
    },
    /// ECS refuses a variable that is both plain and secret.
    #[error(
        "environment variable {variable:?} of container {container:?} is one of its secrets; remove it there or set another"
    )]
    IsSecret {
        /// The container's name.
        container: String,
        /// The variable's name.
        variable: String,
    },
    /// What is to be changed is of another kind than ECS's model says.
    #[error("task definition has no {expected} at {path}, where a value is to be set")]
    Shape {
        /// JSON pointer of the place.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
}

/// Makes `changes` to a copy of `base`.
///
/// An existing variable, label or tag gets its new value where it stands; a new one is appended. No
/// other value, and no order, is touched.
///
/// # Errors
/// [`RenderError`], if a container is not there or cannot be told, or a change has no place.
pub fn render(base: &TaskDefinition, changes: &Changes) -> Result<Rendered, RenderError> {
    let mut document = base.document().clone();
    let containers = changes
        .images
        .keys()
        .chain(changes.environment.keys())
        .chain(changes.docker_labels.keys());
    for name in containers {
        check_container(base, name)?;
    }
    if let Some(Value::Array(containers)) = document.get_mut("containerDefinitions") {
        for (index, container) in containers.iter_mut().enumerate() {
            if let Value::Object(container) = container {
                change_container(container, index, changes)?;
            }
        }
    }
    let reserved_tags = remove_tags(&mut document, is_reserved);
    if changes.release.is_some() {
        remove_tags(&mut document, |key| key.starts_with(TAG_PREFIX));
    }
    for (key, value) in &changes.tags {
        set_named(&mut document, "tags", "key", key, value, "")?;
    }
    let mut definition = TaskDefinition::from_document(document);
    // The tags set below are no part of the hash, so it can be taken before they are there.
    let spec_hash = hash::spec_hash(&definition);
    if let Some(mark) = &changes.release {
        let mut document = definition.into_map();
        mark_release(&mut document, mark, spec_hash)?;
        definition = TaskDefinition::from_document(document);
    }
    Ok(Rendered {
        unknown_fields: definition.unknown_fields(),
        definition,
        spec_hash,
        reserved_tags,
    })
}

fn check_container(base: &TaskDefinition, name: &str) -> Result<(), RenderError> {
    let names = || base.containers().filter_map(|container| container.name());
    match names().filter(|known| *known == name).count() {
        0 => Err(RenderError::NoContainer {
            name: name.to_owned(),
            family: base.family().to_owned(),
            known: names().map(str::to_owned).collect(),
        }),
        1 => Ok(()),
        _ => Err(RenderError::Ambiguous {
            name: name.to_owned(),
            family: base.family().to_owned(),
        }),
    }
}

fn change_container(
    container: &mut Map<String, Value>,
    index: usize,
    changes: &Changes,
) -> Result<(), RenderError> {
    let Some(name) = container.get("name").and_then(Value::as_str) else {
        return Ok(());
    };
    let name = name.to_owned();
    let path = format!("/containerDefinitions/{index}");
    if let Some(image) = changes.images.get(&name) {
        container.insert("image".to_owned(), Value::String(image.to_string()));
    }
    for (variable, value) in changes.environment.get(&name).into_iter().flatten() {
        if is_secret(container, variable) {
            return Err(RenderError::IsSecret {
                container: name,
                variable: variable.clone(),
            });
        }
        set_named(container, "environment", "name", variable, value, &path)?;
    }
    if let Some(labels) = changes.docker_labels.get(&name) {
        let known = container
            .entry("dockerLabels")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(known) = known else {
            return Err(RenderError::Shape {
                path: format!("{path}/dockerLabels"),
                expected: "map",
            });
        };
        for (key, value) in labels {
            known.insert(key.clone(), Value::String(value.clone()));
        }
    }
    Ok(())
}

fn is_secret(container: &Map<String, Value>, variable: &str) -> bool {
    let secrets = container.get("secrets").and_then(Value::as_array);
    secrets
        .into_iter()
        .flatten()
        .any(|secret| secret.get("name").and_then(Value::as_str) == Some(variable))
}

/// Sets the value of every entry of this name, or appends one.
fn set_named(
    members: &mut Map<String, Value>,
    list: &'static str,
    field: &'static str,
    name: &str,
    value: &str,
    path: &str,
) -> Result<(), RenderError> {
    let entries = members
        .entry(list)
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(entries) = entries else {
        return Err(RenderError::Shape {
            path: format!("{path}/{list}"),
            expected: "list",
        });
    };
    let mut is_set = false;
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        if entry.get(field).and_then(Value::as_str) == Some(name) {
            entry.insert("value".to_owned(), Value::String(value.to_owned()));
            is_set = true;
        }
    }
    if !is_set {
        entries.push(json!({ field: name, "value": value }));
    }
    Ok(())
}

/// Removes tags and says which.
fn remove_tags(
    document: &mut Map<String, Value>,
    is_removed: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut removed = Vec::new();
    if let Some(Value::Array(tags)) = document.get_mut("tags") {
        tags.retain(|tag| match tag.get("key").and_then(Value::as_str) {
            Some(key) if is_removed(key) => {
                removed.push(key.to_owned());
                false
            }
            Some(_) | None => true,
        });
    }
    removed
}

fn mark_release(
    document: &mut Map<String, Value>,
    mark: &ReleaseMark,
    spec_hash: SpecHash,
) -> Result<(), RenderError> {
    let spec = spec_hash.to_string();
    let tags = [
        (TAG_RELEASE, Some(&mark.release)),
        (TAG_COMMIT, mark.commit.as_ref()),
        (TAG_SPEC, Some(&spec)),
    ];
    for (key, value) in tags {
        if let Some(value) = value {
            set_named(document, "tags", "key", key, value, "")?;
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "no containers".to_owned(),
        names => names
            .iter()
            .map(|name| format!("\"{}\"", repeated(name)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
