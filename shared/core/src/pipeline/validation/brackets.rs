//! Double brackets, which SSM stores in no value.

use serde_json::Value;

use crate::pipeline::Pipeline;
use crate::pipeline::finding::Found;

/// SSM takes no value with text in double brackets, which it reserves for references:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.
/// Of JSON's own brackets only the closing ones can stand side by side, which SSM does take.
pub(super) fn find(pipeline: &Pipeline, found: &mut Found) {
    // A pipeline that has no form in JSON is refused by `to_stored`.
    if let Ok(value) = serde_json::to_value(pipeline) {
        find_in(&value, &mut Vec::new(), found);
    }
}

fn find_in(value: &Value, path: &mut Vec<String>, found: &mut Found) {
    match value {
        Value::String(text) => {
            if has_brackets(text) {
                add(path, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                find_in(item, path, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                path.push(key.clone());
                if has_brackets(key) {
                    add(path, found);
                }
                find_in(member, path, found);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_brackets(text: &str) -> bool {
    text.contains("{{") || text.contains("}}")
}

fn add(path: &[String], found: &mut Found) {
    found.add(
        path.join("."),
        "SSM cannot store text with `{{` or `}}`",
        "write it without double brackets",
    );
}
