//! The JSON Schema of a pipeline, for editors, for `towpath lint` and for the reference.

use serde_json::Value;

use super::Pipeline;

/// The JSON Schema (draft 2020-12) of a pipeline file, made from the types that read it.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Pipeline);
    schema.insert("title".into(), "Towpath pipeline".into());
    sorted(schema.to_value())
}

/// The same value with every object's keys in the order of the alphabet. Whether `serde_json` keeps
/// them in another order depends on what else is built with it, and the schema is committed.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .into_iter()
                .map(|(key, member)| (key, sorted(member)))
                .collect();
            members.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
