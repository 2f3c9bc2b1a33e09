//! A container at its place in the document, which its findings name.

use serde_json::Value;

use super::{Finding, Rule};
use crate::document::{Container, TaskDefinition};
use crate::repeated;

/// A container with its index.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    index: usize,
    container: Container<'a>,
}

/// All containers, in the document's order.
pub(super) fn containers(definition: &TaskDefinition) -> Vec<Placed<'_>> {
    let containers = definition.containers().enumerate();
    containers
        .map(|(index, container)| Placed { index, container })
        .collect()
}

impl<'a> Placed<'a> {
    /// The container's name, or nothing for one without.
    pub(super) fn name(&self) -> &'a str {
        self.container.name().unwrap_or_default()
    }

    /// The value at a pointer within the container.
    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        let (first, rest) = field.split_once('/').unwrap_or((field, ""));
        let value = self.container.definition().get(first)?;
        rest.split('/')
            .filter(|segment| !segment.is_empty())
            .try_fold(value, |value, segment| value.get(segment))
    }

    /// The entries of a list, if there is one.
    pub(super) fn list(&self, field: &str) -> &'a [Value] {
        let list = self.get(field).and_then(Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// The text at a pointer within the container.
    pub(super) fn text(&self, field: &str) -> Option<&'a str> {
        self.get(field).and_then(Value::as_str)
    }

    /// Essential unless it says otherwise.
    pub(super) fn is_essential(&self) -> bool {
        self.get("essential") != Some(&Value::Bool(false))
    }

    pub(super) fn path(&self, field: &str) -> String {
        format!("/containerDefinitions/{}/{field}", self.index)
    }

    pub(super) fn error(
        &self,
        rule: Rule,
        field: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        Finding::error(rule, self.path(field), message.into(), help).of_container(self.name())
    }

    pub(super) fn warning(
        &self,
        rule: Rule,
        field: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        Finding::warning(rule, self.path(field), message.into(), help).of_container(self.name())
    }
}

/// A text of the definition as a message repeats it, in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", repeated(text))
}

/// Names of the definition as a message repeats them.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(repeated).collect();
    names.join(", ")
}

/// Whether a value asks for something: `false` and what is empty say the same as leaving it out.
pub(super) fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
