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

    /// What is wrong with a task definition that has these containers, if one is missing:
    /// "`environment` names the container wbe, which …".
    #[must_use]
    pub fn missing(&self, definition: &str, known: &[&str]) -> Option<String> {
        let missing = self
            .0
            .iter()
            .filter(|(name, _)| !known.contains(&name.as_str()));
        let missing: Vec<_> = missing
            .map(|(name, places)| {
                let names = if places.len() == 1 { "names" } else { "name" };
                let name = repeated(name.as_str());
                format!("{} {names} the container {name}", places.join(" and "))
            })
            .collect();
        let which = if missing.len() > 1 {
            "none of which"
        } else {
            "which"
        };
        let has = if missing.len() > 1 {
            "has"
        } else {
            "does not have"
        };
        (!missing.is_empty()).then(|| {
            format!(
                "{}, {which} {} {has}, but {}",
                missing.join(", "),
                repeated(definition),
                known
                    .iter()
                    .map(|name| repeated(name))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
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
            assert_eq!(named.missing("shop:7", known).as_deref(), expected);
        }
    }
}
