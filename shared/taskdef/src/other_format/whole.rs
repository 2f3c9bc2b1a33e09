//! What a whole file is, by its start, its form or its keys.

use serde_json::Value;

use super::keys::Top;
use super::text::{after_comments, is_terraform, is_toml};
use super::{Kind, value};
use crate::json;

/// What a text is, where that can be told; nothing where it may be anything.
#[must_use]
pub fn kind_of(text: &str) -> Option<Kind> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match json::read(text.as_bytes()) {
        Ok(Value::Object(members)) => match members.get("taskDefinition") {
            Some(Value::Object(inner)) => Top::of_json(inner).kind(),
            Some(_) | None => Top::of_json(&members).kind(),
        },
        Ok(Value::Array(entries)) => value::of_list(&entries),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => None,
        Err(_) => of_text(text),
    }
}

fn of_text(text: &str) -> Option<Kind> {
    let start = after_comments(text.trim_start());
    if is_terraform(text) {
        return Some(Kind::Terraform);
    }
    if is_toml(start) {
        return Some(Kind::Toml);
    }
    let is_tag = |rest: &str| rest.starts_with(['!', '?']) || rest.starts_with(char::is_alphabetic);
    if start.strip_prefix('<').is_some_and(is_tag) {
        return Some(Kind::Markup);
    }
    Top::of_yaml(text).kind()
}
