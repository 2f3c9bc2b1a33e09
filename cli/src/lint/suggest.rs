//! Ways out: what the author most probably meant.

use crate::reference::yaml;
use crate::shape::{Choice, Field, Shape, Struct};

/// For a key that is not known: the key that is meant, the place it belongs to, or all that there
/// are.
pub(super) fn key(unknown: &str, fields: &Struct) -> String {
    let known: Vec<_> = fields
        .fields
        .iter()
        .map(|field| field.key.as_str())
        .collect();
    if let Some(meant) = closest(unknown, &known) {
        return format!("did you mean `{meant}`?");
    }
    let below = |field: &Field| match &field.shape {
        Shape::Struct(inner) => inner.field(unknown).is_some(),
        Shape::Text(_)
        | Shape::Bool
        | Shape::Integer { .. }
        | Shape::Number
        | Shape::List(_)
        | Shape::Map { .. }
        | Shape::Choice(_)
        | Shape::Any => false,
    };
    if let Some(field) = fields.fields.iter().find(|field| below(field)) {
        return format!("it belongs below `{}`", field.key);
    }
    if known.is_empty() {
        return "remove it: there are no settings here".to_owned();
    }
    format!("remove it; known here: {}", list(&known))
}

/// For an alternative that is not known: the one that is meant, or all that there are.
pub(super) fn alternative(unknown: &str, choice: &Choice) -> String {
    let known: Vec<_> = choice.variants.iter().map(|v| v.name.as_str()).collect();
    match closest(unknown, &known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write one of {}", alternatives(choice)),
    }
}

/// All alternatives; those with settings with their colon.
pub(super) fn alternatives(choice: &Choice) -> String {
    let shown: Vec<_> = choice
        .variants
        .iter()
        .map(|variant| match variant.content {
            Some(_) => format!("{}: …", variant.name),
            None => variant.name.clone(),
        })
        .collect();
    list(&shown)
}

/// How a key is written.
pub(super) fn example(field: &Field) -> String {
    format!(
        "write it like `{}`",
        yaml::in_line(&field.key, &field.example)
    )
}

/// `a`, `b` and the others, in backticks.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    shown.join(", ")
}

/// The known name that is so close to the unknown one that it must be meant.
fn closest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_lowercase();
    let unknown = plain(unknown);
    // Whatever is this long is no slip of the finger, and comparing costs the square.
    if unknown.len() > 40 {
        return None;
    }
    known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&unknown, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .min()
        .map(|(_, name)| name)
}
