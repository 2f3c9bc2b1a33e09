//! Ways out: what the author most probably meant.

use crate::schema_node::{Choice, Field, SchemaNode, Struct, Variant};
use crate::typo::closest;
use crate::yaml;

/// For a key that is not known: the key that is meant, the place it belongs to, or all that there
/// are.
pub(super) fn key(unknown: &str, fields: &Struct) -> String {
    let known: Vec<_> = fields
        .fields
        .iter()
        .map(|field| field.key.as_str())
        .collect();
    if let Some(meant) = suggestion(unknown, fields) {
        return format!("did you mean `{meant}`?");
    }
    let below = |field: &Field| match &field.shape {
        SchemaNode::Struct(inner) => inner.field(unknown).is_some(),
        SchemaNode::Text(_)
        | SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::List(_)
        | SchemaNode::Map { .. }
        | SchemaNode::Choice(_)
        | SchemaNode::Any => false,
    };
    if let Some(field) = fields.fields.iter().find(|field| below(field)) {
        return format!("it belongs below `{}`", field.key);
    }
    if known.is_empty() {
        return "remove it: there are no settings here".to_owned();
    }
    format!("remove it; known here: {}", list(&known))
}

/// The known key that an unknown one must mean.
pub(super) fn suggestion<'a>(unknown: &str, fields: &'a Struct) -> Option<&'a str> {
    let known: Vec<_> = fields
        .fields
        .iter()
        .map(|field| field.key.as_str())
        .collect();
    closest(unknown, &known).or_else(|| by_word(unknown, &known))
}

/// The alternative that an unknown one must mean.
pub(super) fn meant_variant<'a>(unknown: &str, choice: &'a Choice) -> Option<&'a Variant> {
    let known: Vec<_> = choice.variants.iter().map(|v| v.name.as_str()).collect();
    let by_sense = |name: &&&str| OTHER_NAMES.contains(&(unknown, **name));
    let meant = closest(unknown, &known).or_else(|| known.iter().find(by_sense).copied())?;
    choice.variants.iter().find(|one| one.name == meant)
}

/// What others call an alternative, and its name here.
const OTHER_NAMES: [(&str, &str); 6] = [
    // The latest revision of the family, as ECS resolves a family without a revision.
    ("latest", "family"),
    ("latest", "newest_wins"),
    ("newest", "newest_wins"),
    ("supersede", "newest_wins"),
    ("replace", "newest_wins"),
    ("fifo", "queue"),
];

/// For an alternative that is not known: the one that is meant, or all that there are.
pub(super) fn alternative(unknown: &str, choice: &Choice) -> String {
    match meant_variant(unknown, choice) {
        Some(meant) => format!("did you mean `{}`?", meant.name),
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

/// Words that AWS and others put around a name, and that say nothing here.
const AROUND: [&str; 10] = [
    "arn",
    "aws",
    "channel",
    "deployment",
    "ecr",
    "ecs",
    "id",
    "lifecycle",
    "name",
    "names",
];

/// The known name of which an unknown one has a word, such as `group` for `deploymentGroupName`.
fn by_word<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut words = words(unknown);
    words.retain(|word| !AROUND.contains(&word.as_str()));
    let [word] = words.as_slice() else {
        return None;
    };
    let is_meant = |name: &&&str| name.starts_with(word.as_str()) || word.starts_with(**name);
    known
        .iter()
        .filter(|_| word.len() >= 4)
        .find(is_meant)
        .copied()
}

/// The words of `deploymentGroupName` or `slack_channel`, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars().take(60) {
        if c == '_' || c == '-' || c.is_uppercase() {
            words.push(String::new());
        }
        if let (true, Some(last)) = (c.is_alphanumeric(), words.last_mut()) {
            last.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
