//! The canonical form of a task definition: one text for all documents that mean the same to ECS.
//!
//! Keys are sorted, lists whose order ECS ignores are sorted, and what ECS would fill in anyway is
//! left out, as are empty lists, maps and structures of the model. Fields that the model does not
//! know are taken as they are, in their order: nobody knows yet what may be ignored in them.
//!
//! The form is for comparing and hashing only; it is never registered.

mod rules;

use serde_json::{Map, Value};

use super::json;
use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure};
use rules::Surroundings;
pub(crate) use rules::{Order, order};

/// The canonical form as compact JSON.
pub(crate) fn bytes(document: &Map<String, Value>) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::with_capacity(4096),
        surroundings: Surroundings::of(document),
    };
    writer.structure(document, &REGISTER_TASK_DEFINITION_REQUEST);
    writer.out
}

/// The canonical form as a document, for comparing it part by part.
pub(crate) fn document(document: &Map<String, Value>) -> Map<String, Value> {
    match json::parse(&bytes(document)) {
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
}

impl Writer<'_> {
    fn structure(&mut self, members: &Map<String, Value>, structure: &Structure) {
        self.out.push(b'{');
        for (name, value) in sorted(members) {
            let start = self.out.len();
            let Some(shape) = structure.member(name) else {
                self.key(name);
                self.verbatim(value);
                continue;
            };
            if rules::is_filled_in(structure, name, value, members, &self.surroundings) {
                continue;
            }
            self.key(name);
            let value_start = self.out.len();
            match rules::normalised(structure, name, value) {
                Some(value) => self.verbatim(&Value::String(value)),
                None => self.value(value, shape, order(structure, name)),
            }
            if matches!(&self.out[value_start..], b"{}" | b"[]" | b"null") {
                self.out.truncate(start);
            }
        }
        self.out.push(b'}');
    }

    fn value(&mut self, value: &Value, shape: &Shape, order: Order) {
        match (shape, value) {
            (Shape::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure);
            }
            (Shape::List(element), Value::Array(values)) => self.list(values, element, order),
            (Shape::Map(element), Value::Object(members)) => {
                self.out.push(b'{');
                for (key, value) in sorted(members) {
                    self.key(key);
                    self.value(value, element, Order::AsWritten);
                }
                self.out.push(b'}');
            }
            // A value of another kind than the model says is ECS's to judge, and kept as it is.
            (Shape::Scalar | Shape::Structure(_) | Shape::List(_) | Shape::Map(_), _) => {
                self.verbatim(value);
            }
        }
    }

    fn list(&mut self, values: &[Value], element: &Shape, order: Order) {
        self.out.push(b'[');
        let start = self.out.len();
        let mut ends = Vec::with_capacity(values.len());
        for value in values {
            self.value(value, element, Order::AsWritten);
            ends.push(self.out.len());
        }
        let mut elements: Vec<(usize, std::ops::Range<usize>)> = (0..values.len())
            .map(|index| {
                let from = index.checked_sub(1).map_or(start, |before| ends[before]);
                (index, from..ends[index])
            })
            .collect();
        // Stable, so that two entries of one name keep their order: the later one wins.
        match order {
            Order::AsWritten => {}
            Order::By(field) => {
                let key = |index: usize| values[index].get(field).and_then(Value::as_str);
                elements.sort_by(|a, b| key(a.0).cmp(&key(b.0)));
            }
            Order::Whole => {
                elements.sort_by(|a, b| self.out[a.1.clone()].cmp(&self.out[b.1.clone()]));
            }
        }
        let mut sorted = Vec::with_capacity(self.out.len() - start + values.len());
        for (_, range) in elements {
            if !sorted.is_empty() {
                sorted.push(b',');
            }
            sorted.extend_from_slice(&self.out[range]);
        }
        self.out.truncate(start);
        self.out.extend_from_slice(&sorted);
        self.out.push(b']');
    }

    /// A value as it is, but for the order of keys, which JSON gives no meaning.
    fn verbatim(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                self.out.push(b'{');
                for (key, value) in sorted(members) {
                    self.key(key);
                    self.verbatim(value);
                }
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

fn sorted(members: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut members: Vec<_> = members.iter().map(|(key, value)| (&**key, value)).collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    members
}
