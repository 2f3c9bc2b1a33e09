//! The canonical form of a task definition: one text for all documents that mean the same to ECS.
//!
//! Keys are sorted, lists whose order ECS ignores are sorted, and what ECS would fill in anyway is
//! left out, as are empty lists, maps and structures of the model. Fields that the model does not
//! know are taken as they are, in their order: nobody knows yet what may be ignored in them.
//!
//! The form is for comparing and hashing only; it is never registered.

pub(super) mod rules;

use serde_json::{Map, Value};

use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Scalar, Shape, Structure};
use crate::json;
use rules::{MemberRule, Order, Surroundings};

/// A place in a document that a comparison may leave out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A container's image.
    Image { container: &'a str },
    /// An environment variable of a container.
    Variable { container: &'a str, name: &'a str },
    /// A Docker label of a container.
    Label { container: &'a str, key: &'a str },
    /// A tag of the task definition.
    Tag { key: &'a str },
}

/// Says which places are left out.
pub(super) type Omits<'a> = &'a dyn Fn(Place<'_>) -> bool;

/// The canonical form as compact JSON.
pub(super) fn bytes(document: &Map<String, Value>, omits: Omits<'_>) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::with_capacity(16 * 1024),
        surroundings: Surroundings::of(document),
        container: "",
        omits,
    };
    writer.structure(document, &REGISTER_TASK_DEFINITION_REQUEST);
    writer.out
}

/// The canonical form as a document, for comparing it part by part.
pub(super) fn document(document: &Map<String, Value>, omits: Omits<'_>) -> Map<String, Value> {
    match json::parse(&bytes(document, omits)) {
        Ok(Value::Object(canonical)) => canonical,
        // What was just written is an object, and no deeper than what it was written from. Should it
        // ever not be read, the document itself is compared.
        Ok(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        )
        | Err(_) => document.clone(),
    }
}

struct Writer<'a> {
    out: Vec<u8>,
    surroundings: Surroundings<'a>,
    /// The name of the container that is being written.
    container: &'a str,
    omits: Omits<'a>,
}

impl<'a> Writer<'a> {
    fn structure(&mut self, members: &'a Map<String, Value>, structure: &Structure) {
        if structure.name == "ContainerDefinition" {
            self.container = text(members, "name").unwrap_or_default();
        }
        let rules = rules::of(structure.name);
        self.out.push(b'{');
        for_each_sorted(members, |name, value| match structure.member(name) {
            Some(shape) => {
                let rule = rules::of_member(rules, name);
                self.member(members, structure, name, value, shape, rule);
            }
            None => {
                self.key(name);
                self.verbatim(value);
            }
        });
        self.out.push(b'}');
    }

    fn member(
        &mut self,
        siblings: &Map<String, Value>,
        structure: &Structure,
        name: &str,
        value: &'a Value,
        shape: &Shape,
        rule: MemberRule,
    ) {
        if rule.is_filled_in(value, siblings, &self.surroundings) {
            return;
        }
        let container = self.container;
        if (structure.name, name) == ("ContainerDefinition", "image")
            && (self.omits)(Place::Image { container })
        {
            return;
        }
        let start = self.out.len();
        self.key(name);
        let value_start = self.out.len();
        match rule.normalised(value) {
            Some(number) => self.scalar(&number.to_string()),
            None => match (structure.name, name, value) {
                ("ContainerDefinition", "environment", Value::Array(entries)) => {
                    let omits = self.omits;
                    self.list(entries, shape, rule.order, &|entry| {
                        named(entry, "name")
                            .is_some_and(|name| omits(Place::Variable { container, name }))
                    });
                }
                ("RegisterTaskDefinitionRequest", "tags", Value::Array(entries)) => {
                    let omits = self.omits;
                    self.list(entries, shape, rule.order, &|entry| {
                        named(entry, "key").is_some_and(|key| omits(Place::Tag { key }))
                    });
                }
                ("ContainerDefinition", "dockerLabels", Value::Object(labels)) => {
                    let omits = self.omits;
                    self.map(labels, shape, &|key| omits(Place::Label { container, key }));
                }
                _ => self.value(value, shape, rule.order),
            },
        }
        if matches!(&self.out[value_start..], b"{}" | b"[]" | b"null") {
            self.out.truncate(start);
        }
    }

    fn value(&mut self, value: &'a Value, shape: &Shape, order: Order) {
        match (shape, value) {
            (Shape::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure);
            }
            (Shape::List(_), Value::Array(values)) => self.list(values, shape, order, &|_| false),
            (Shape::Map(_), Value::Object(members)) => self.map(members, shape, &|_| false),
            // A value of another kind than the model says is ECS's to judge, and kept as it is.
            (Shape::Scalar(_) | Shape::Structure(_) | Shape::List(_) | Shape::Map(_), _) => {
                self.verbatim(value);
            }
        }
    }

    fn map(
        &mut self,
        members: &'a Map<String, Value>,
        shape: &Shape,
        is_omitted: &dyn Fn(&str) -> bool,
    ) {
        let element = element(shape);
        self.out.push(b'{');
        for_each_sorted(members, |key, value| {
            if !is_omitted(key) {
                self.key(key);
                self.value(value, element, Order::AsWritten);
            }
        });
        self.out.push(b'}');
    }

    fn list(
        &mut self,
        values: &'a [Value],
        shape: &Shape,
        order: Order,
        is_omitted: &dyn Fn(&Value) -> bool,
    ) {
        let element = element(shape);
        let mut values: Vec<&Value> = values.iter().filter(|value| !is_omitted(value)).collect();
        self.out.push(b'[');
        match order {
            Order::AsWritten => {}
            // Stable, so that two entries of one name keep their order: the later one wins.
            Order::By(field) => values.sort_by_cached_key(|value| named(value, field)),
            Order::Whole => return self.set(&values, element),
        }
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.value(value, element, Order::AsWritten);
        }
        self.out.push(b']');
    }

    /// The rest of a list whose elements are sorted by their own canonical forms.
    fn set(&mut self, values: &[&'a Value], element: &Shape) {
        let start = self.out.len();
        let mut elements: Vec<Vec<u8>> = values
            .iter()
            .map(|value| {
                self.value(value, element, Order::AsWritten);
                self.out.drain(start..).collect()
            })
            .collect();
        elements.sort_unstable();
        self.out.extend(elements.join(&b','));
        self.out.push(b']');
    }

    /// A value as it is, but for the order of keys, which JSON gives no meaning.
    fn verbatim(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                self.out.push(b'{');
                for_each_sorted(members, |key, value| {
                    self.key(key);
                    self.verbatim(value);
                });
                self.out.push(b'}');
            }
            Value::Array(values) => {
                self.out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.verbatim(value);
                }
                self.out.push(b']');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.scalar(value);
            }
        }
    }

    fn key(&mut self, key: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        self.scalar(&key);
        self.out.push(b':');
    }

    fn scalar(&mut self, value: &impl serde::Serialize) {
        // Writing strings and numbers to memory has no way to fail.
        let written = serde_json::to_writer(&mut self.out, value);
        debug_assert!(written.is_ok());
    }
}

/// The shape of what a list or map holds.
fn element(shape: &Shape) -> &Shape {
    match shape {
        Shape::List(element) | Shape::Map(element) => element,
        Shape::Scalar(_) | Shape::Structure(_) => &Shape::Scalar(Scalar::Text),
    }
}

fn for_each_sorted<'a>(members: &'a Map<String, Value>, mut write: impl FnMut(&'a str, &'a Value)) {
    if members.keys().is_sorted() {
        for (key, value) in members {
            write(key, value);
        }
    } else {
        let mut members: Vec<_> = members.iter().collect();
        members.sort_unstable_by_key(|(key, _)| *key);
        for (key, value) in members {
            write(key, value);
        }
    }
}

fn named<'a>(entry: &'a Value, field: &str) -> Option<&'a str> {
    text(entry.as_object()?, field)
}

fn text<'a>(members: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    members.get(field).and_then(Value::as_str)
}
