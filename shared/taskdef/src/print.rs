//! Printing for people and for files: one text for one document, with the fields in the order in
//! which ECS documents them.
//!
//! Only the order of keys is set, which JSON gives no meaning; lists keep theirs.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure};

/// A document as JSON with two spaces of indentation and a line feed at its end.
///
/// Members that ECS's model knows come first, in its order, then others and the keys of maps by
/// name. Characters that could steer a terminal are escaped, which JSON reads as the same.
pub fn pretty(document: &Map<String, Value>) -> String {
    let ordered = ordered(document);
    // `{:#}` prints a value as indented JSON.
    let mut text = printable(&format!("{ordered:#}")).into_owned();
    text.push('\n');
    text
}

/// A document with the same order of keys as [`pretty`] has.
pub fn ordered(document: &Map<String, Value>) -> Value {
    structure(document, &REGISTER_TASK_DEFINITION_REQUEST)
}

/// JSON in which no character steers a terminal, and which reads as the same. The line feeds between
/// its parts stay.
pub fn printable(json: &str) -> Cow<'_, str> {
    if !json.contains(is_steering) {
        return Cow::Borrowed(json);
    }
    let mut printable = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_steering(c) {
            // All of them are in the first plane, where one escape is one character. Writing to a
            // string cannot fail.
            let _ = write!(printable, "\\u{:04x}", u32::from(c));
        } else {
            printable.push(c);
        }
    }
    Cow::Owned(printable)
}

/// Control characters beyond those that JSON has to escape, and those that turn the direction of
/// writing round. In JSON they can only be inside strings.
fn is_steering(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn structure(members: &Map<String, Value>, structure: &Structure) -> Value {
    let known = structure.members.iter().filter_map(|(name, shape)| {
        let (name, member) = members.get_key_value(*name)?;
        Some((name.clone(), value(member, shape)))
    });
    let mut unknown: Vec<_> = members
        .iter()
        .filter(|(name, _)| structure.member(name).is_none())
        .map(|(name, member)| (name.clone(), by_name(member)))
        .collect();
    unknown.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(known.chain(unknown).collect())
}

fn value(value: &Value, shape: &Shape) -> Value {
    match (shape, value) {
        (Shape::Structure(of), Value::Object(members)) => structure(members, of),
        (Shape::List(element), Value::Array(values)) => values
            .iter()
            .map(|entry| self::value(entry, element))
            .collect(),
        // In a map, and where the kind is not the model's, nothing but names can give an order.
        (Shape::Scalar(_) | Shape::Map(_) | Shape::List(_) | Shape::Structure(_), _) => {
            by_name(value)
        }
    }
}

fn by_name(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .map(|(key, value)| (key.clone(), by_name(value)))
                .collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(values) => values.iter().map(by_name).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
