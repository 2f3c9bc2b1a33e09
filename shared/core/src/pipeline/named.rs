//! The containers that a stage names, each of which its task definition has to have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use towpath_taskdef::repeated;

use super::{CheckKind, Stage};
use crate::names::ContainerName;

/// The containers that a stage names, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamedContainers(BTreeMap<ContainerName, Vec<String>>);

/// Containers that a stage names and its task definition does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingContainers {
    /// They, and the places that name each.
    pub named: BTreeMap<ContainerName, Vec<String>>,
    /// The task definition.
    pub definition: String,
    /// Those that it has.
    pub known: Vec<String>,
}

impl NamedContainers {
    /// Those of a stage.
    #[must_use]
    pub fn of(stage: &Stage) -> Self {
        let mut named = Self::default();
        for name in &stage.containers {
            named.add(name, "`containers`".into());
        }
        for name in stage.environment.keys() {
            named.add(name, "`environment`".into());
        }
        for name in stage.docker_labels.keys() {
            named.add(name, "`docker_labels`".into());
        }
        for check in &stage.checks {
            if let CheckKind::Task(task) = &check.kind {
                named.add(
                    &task.container,
                    format!("the check `{}`", repeated(check.name.as_str())),
                );
            }
        }
        named
    }

    /// Whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a task definition with these containers does not have, if one is missing.
    #[must_use]
    pub fn missing(&self, definition: &str, known: &[&str]) -> Option<MissingContainers> {
        let missing = self.0.iter();
        let missing = missing.filter(|(name, _)| !known.contains(&name.as_str()));
        let named: BTreeMap<_, _> = missing
            .map(|(name, places)| (name.clone(), places.clone()))
            .collect();
        (!named.is_empty()).then(|| MissingContainers {
            named,
            definition: definition.to_owned(),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    fn add(&mut self, name: &ContainerName, place: String) {
        self.0.entry(name.clone()).or_default().push(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Pipeline;

    #[test]
    fn each_place_that_names_a_container_is_told() {
        let text = serde_json::json!({
            "pipeline": "shop", "repository": "shop",
            "stages": [{
                "name": "production", "cluster": "production", "service": "shop",
                "containers": ["web"],
                "environment": {"wbe": {"A": "b"}},
                "docker_labels": {"side": {"a": "b"}, "wbe": {"c": "d"}},
                "checks": [{"name": "migrate", "at": "before_install",
                    "task": {"container": "job", "command": ["./migrate"]}}],
                "engine": {"rolling": {}},
            }],
        });
        let pipeline = Pipeline::from_json(&text.to_string()).expect("a pipeline");
        let named = NamedContainers::of(&pipeline.stages[0]);
        for (known, expected) in [
            (&["web", "wbe", "side", "job"][..], None),
            (
                &["web", "side", "job"],
                Some(
                    "`environment` and `docker_labels` name the container wbe, which shop:7 does not have, but web, side, job",
                ),
            ),
            (
                &["web", "wbe"],
                Some(
                    "the check `migrate` names the container job, `docker_labels` names the container side, none of which shop:7 has, but web, wbe",
                ),
            ),
        ] {
            assert_eq!(
                named
                    .missing("shop:7", known)
                    .map(|it| it.to_string())
                    .as_deref(),
                expected
            );
        }
    }
}
