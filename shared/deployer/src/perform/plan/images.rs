//! The images that a rollout changes, for people.

use std::collections::BTreeMap;

use towpath_core::release::{Changes, ImageChange};
use towpath_taskdef::{Container, TaskDefinition};

/// The images that the pipeline replaces in a definition.
pub(super) fn that_are_set(definition: &TaskDefinition, changes: &Changes) -> Vec<ImageChange> {
    let before = by_container(definition);
    changes
        .images
        .iter()
        .map(|(container, to)| ImageChange {
            container: container.clone(),
            from: before.get(container.as_str()).cloned().unwrap_or_default(),
            to: to.clone(),
        })
        .collect()
}

/// The images that bringing a revision back changes.
pub(super) fn that_differ(running: &TaskDefinition, back: &TaskDefinition) -> Vec<ImageChange> {
    let before = by_container(running);
    let change = |container: Container<'_>| {
        let (name, to) = (container.name()?, container.image()?);
        Some(ImageChange {
            container: name.parse().ok()?,
            from: before.get(name).cloned().unwrap_or_default(),
            to: to.to_owned(),
        })
    };
    let changes = back.containers().filter_map(change);
    changes.filter(|change| change.from != change.to).collect()
}

fn by_container(definition: &TaskDefinition) -> BTreeMap<String, String> {
    definition
        .containers()
        .filter_map(|c| Some((c.name()?.to_owned(), c.image()?.to_owned())))
        .collect()
}
