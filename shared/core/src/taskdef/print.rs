//! Printing for people and for files: one text for one document, with the fields in the order in
//! which ECS documents them.
//!
//! Only the order of keys is set, which JSON gives no meaning; lists keep theirs.

use serde_json::{Map, Value};

use super::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure};

/// A document as JSON with two spaces of indentation and a line feed at its end.
///
/// Members that ECS's model knows come first, in its order, then others and the keys of maps by
/// name.
pub fn pretty(document: &Map<String, Value>) -> String {
    let ordered = structure(document, &REGISTER_TASK_DEFINITION_REQUEST);
    // `{:#}` prints a value as indented JSON.
    format!("{ordered:#}\n")
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
        (Shape::Scalar | Shape::Map(_) | Shape::List(_) | Shape::Structure(_), _) => by_name(value),
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
