//! Names and values that people set: environment variables, labels, tags.

use towpath_taskdef::{repeated, repeated_key};

use crate::pipeline::PLACEHOLDERS;
use crate::pipeline::finding::Found;

pub(super) fn variable_name(name: &str, path: &str, found: &mut Found) {
    let is_bad = |c: char| c == '=' || c.is_whitespace() || c.is_control();
    if name.is_empty() || name.len() > 256 || name.contains(is_bad) {
        found.add(
            path,
            format!(
                "`{}` is not the name of an environment variable",
                repeated_key(name)
            ),
            "use 1 to 256 characters without spaces and `=`",
        );
    }
}

/// What holds for every value that may use placeholders.
pub(super) fn value_of(name: &str, value: &str, path: &str, found: &mut Found) {
    if value.contains('\0') {
        found.add(
            format!("{path}.{name}"),
            format!(
                "the value of `{}` contains a NUL character",
                repeated_key(name)
            ),
            "remove it",
        );
    }
    if let Some(unknown) = unknown_placeholder(value) {
        found.add(
            format!("{path}.{name}"),
            format!("`{}` is not known here", repeated(unknown)),
            format!("use {}", known_placeholders()),
        );
    }
}

/// The first `${…}` that nothing would replace. Of what is no name, nothing more is said than that it
/// begins: the value may be a secret with `${` in it.
fn unknown_placeholder(value: &str) -> Option<&str> {
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let from = &rest[start..];
        let Some(length) = from.find('}').filter(|&length| is_name(&from[2..length])) else {
            return Some("${");
        };
        let (placeholder, after) = from.split_at(length + 1);
        if !PLACEHOLDERS.contains(&&placeholder[2..length]) {
            return Some(placeholder);
        }
        rest = after;
    }
    None
}

/// What people write between the braces: `TAG`, `env.TAG`, `AWS::Region`, `{ tag `.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || " _.:-{".contains(c);
    text.chars().count() <= 40 && text.chars().all(is_part)
}

fn known_placeholders() -> String {
    PLACEHOLDERS.map(|name| format!("`${{{name}}}`")).join(", ")
}
