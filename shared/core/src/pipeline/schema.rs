//! The JSON Schema of a pipeline, for editors, for `towpath lint` and for the reference.

use serde_json::Value;

use super::Pipeline;

/// The JSON Schema (draft 2020-12) of a pipeline file, made from the types that read it, with the keys
/// in the order of the types (the workspace has `serde_json` keep it).
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Pipeline);
    schema.insert("title".into(), "Towpath pipeline".into());
    schema.to_value()
}
