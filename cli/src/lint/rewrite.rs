//! Ways out that keep what the author wrote: the same value, in the form that is taken here.

mod keys;

use serde_json::{Value as Json, json};
use towpath_core::pipeline::{PLACEHOLDERS, Span};
use towpath_taskdef::image::Tag;
use towpath_taskdef::{repeated, repeated_key};

use super::{leaf, suggest};
use crate::schema_node::{Choice, Field, Kind, SchemaNode};
use crate::yaml;
use crate::yaml::document::{Entry, Node, Value};

/// Where a value stands.
pub(super) struct Place<'a> {
    /// The keys that lead there.
    pub(super) path: &'a [String],
    /// The key that it is the value of, if the pipeline knows that key.
    pub(super) field: Option<&'a Field>,
    /// The first container of the stage.
    pub(super) container: Option<&'a str>,
}

/// What to write instead of a value of another kind, if it can be told from the value.
pub(super) fn of(node: &Node, shape: &SchemaNode, place: &Place<'_>) -> Option<String> {
    let key = place.path.last()?;
    match (shape, &node.value) {
        (SchemaNode::Text(kind), Value::Bool(_) | Value::Number(_)) => {
            Some(quoted(&scalar(node)?, kind.as_ref(), key, place.field))
        }
        (SchemaNode::List(item), Value::Text(text)) => {
            // The words of a command are its items.
            if key == "command" {
                let words: Vec<&str> = text.split_whitespace().collect();
                let fits = words.iter().all(|word| takes(item, word));
                return fits.then(|| written(key, &json!(command(&words))));
            }
            takes(item, text).then(|| written(key, &json!([value_of(text, item)])))
        }
        (SchemaNode::Text(_), Value::Map(entries)) => {
            let name = name_among(entries).filter(|name| takes(shape, name))?;
            Some(format!("write `{}` alone", repeated(name)))
        }
        (SchemaNode::List(item), Value::Map(entries)) => {
            let names: Vec<&str> = match name_among(entries) {
                Some(name) => vec![name],
                None => entries.iter().map(|entry| entry.key.as_str()).collect(),
            };
            let has_rules = matches!(**item, SchemaNode::Text(Some(_)));
            let fits = has_rules && names.iter().all(|name| takes(item, name));
            (fits && !names.is_empty()).then(|| written(key, &json!(names)))
        }
        // An item of a list has no key to be written by.
        (SchemaNode::Struct(fields), Value::Text(name)) if is_index(key) => {
            keys::named(name, fields, place)
        }
        (SchemaNode::Struct(_), Value::List(_)) if is_index(key) => None,
        (SchemaNode::Struct(fields), Value::Text(_) | Value::List(_)) => {
            keys::of(node, fields, key, place)
        }
        (SchemaNode::Map { key: Some(_), .. }, Value::List(items)) => {
            let pairs = pairs(items)?;
            Some(written(key, &json!({ place.container?: pairs })))
        }
        // Without the container that comes between.
        (SchemaNode::Map { key: None, .. }, Value::Text(_) | Value::Number(_) | Value::Bool(_)) => {
            let outer = place.path.iter().rev().nth(1)?;
            let text = scalar(node)?;
            // `app: "A=B"`, below the container already.
            let pair = match text.split_once('=') {
                Some((name, _)) if !is_name(name, key) => return None,
                Some((name, value)) => return Some(written(key, &json!({ name: free(value) }))),
                None if ["environment", "docker_labels"].contains(&outer.as_str()) => {
                    json!({ key: free(&text) })
                }
                None => return None,
            };
            Some(written(outer, &json!({ place.container?: pair })))
        }
        (SchemaNode::Map { key: None, .. }, Value::List(items)) => {
            Some(written(key, &Json::Object(pairs(items)?)))
        }
        (
            SchemaNode::Text(_)
            | SchemaNode::Bool
            | SchemaNode::Integer { .. }
            | SchemaNode::Number
            | SchemaNode::List(_)
            | SchemaNode::Map { .. }
            | SchemaNode::Struct(_)
            | SchemaNode::Choice(_)
            | SchemaNode::Any,
            _,
        ) => None,
    }
}

/// What a thing is called that is written with more than its name.
fn name_among(entries: &[Entry]) -> Option<&str> {
    let entry = entries
        .iter()
        .find(|entry| ["name", "id"].contains(&entry.key.as_str()))?;
    match &entry.value.value {
        Value::Text(name) => Some(name),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn is_index(key: &str) -> bool {
    key.parse::<usize>().is_ok()
}

/// Whether a text may be the name of a value below `key`.
fn is_name(name: &str, key: &str) -> bool {
    let is_word = !name.is_empty() && !name.contains(char::is_whitespace);
    is_word && (key != "json" || name.starts_with('/'))
}

/// The rule for tags that takes a text which was written without one: `tags: main-*`.
pub(super) fn as_tag_rule(text: &str, choice: &Choice, key: &str) -> Option<String> {
    if !choice.variants.iter().any(|one| one.name == "commit") {
        return None;
    }
    if text.eq_ignore_ascii_case("latest") {
        return Some(
            "`latest` names another image each day, and is never deployed: push each image under the hash of its commit, and write `tags: commit`"
                .to_owned(),
        );
    }
    let is_commit = |c: char| !c.is_ascii_alphanumeric();
    if text
        .split(is_commit)
        .any(|word| ["sha", "hash", "commit"].contains(&word))
    {
        return Some(written(key, &json!("commit")));
    }
    let has = |marks: &str| text.contains(|c| marks.contains(c));
    let wanted = if has("\\[](){}^$+|") {
        "regex"
    } else if has("<>=~") {
        "semver"
    } else if has("*?") {
        "glob"
    } else {
        // One tag is all that it takes.
        let family = format!("{text}-*");
        let glob = choice.variants.iter().find(|one| one.name == "glob")?;
        let is_tag = takes(glob.content.as_ref()?, &family) && text.parse::<Tag>().is_ok();
        return is_tag.then(|| {
            let tag = repeated(text);
            let glob = yaml::in_line(key, &json!({ "glob": repeated(&family) }));
            format!(
                "`{tag}` is one tag, which names another image after each push: push each image under the hash of its commit, and write `tags: commit`; or push it as `{tag}-…`, and write `{glob}`"
            )
        });
    };
    let variant = choice.variants.iter().find(|one| one.name == wanted)?;
    let content = variant.content.as_ref()?;
    takes(content, text).then(|| written(key, &json!({ wanted: text })))
}

/// How an alternative is written that has settings.
pub(super) fn with_settings(name: &str, shape: &SchemaNode, key: &str) -> String {
    let SchemaNode::Struct(fields) = shape else {
        return format!("write `{name}:` and its settings below it");
    };
    let required = fields.fields.iter().filter(|field| field.required);
    let settings: serde_json::Map<_, _> = required
        .map(|field| (field.key.clone(), field.example.clone()))
        .collect();
    written(key, &json!({ name: settings }))
}

/// `key: value`, without what may be a secret.
fn written(key: &str, value: &Json) -> String {
    let shown = yaml::in_line(&repeated_key(key), &without_secrets(value));
    format!("write `{shown}`")
}

/// An example with `key: value` in it, of which the author puts in the rest.
fn like(key: &str, value: &Json) -> String {
    let shown = yaml::in_line(&repeated_key(key), &without_secrets(value));
    format!("write it like `{shown}`")
}

fn without_secrets(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(repeated(text)),
        Json::Array(items) => items.iter().map(without_secrets).collect(),
        Json::Object(members) => {
            let member =
                |(key, value): (&String, &Json)| (repeated_key(key), without_secrets(value));
            members.iter().map(member).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

/// What stands for a value that is not repeated.
const LEFT_OUT: &str = "…";

/// A text that may be anything, as it is repeated: not at all, since it may be a secret that has no
/// look of one, unless it is a placeholder.
fn free(text: &str) -> &str {
    let is_placeholder = PLACEHOLDERS.iter().any(|name| {
        text.strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            == Some(name)
    });
    if is_placeholder { text } else { LEFT_OUT }
}

/// A text that is taken by a shape, as it is repeated: one that has rules is a name.
fn value_of<'a>(text: &'a str, shape: &SchemaNode) -> &'a str {
    match shape {
        SchemaNode::Text(Some(_)) => text,
        SchemaNode::List(item) => value_of(text, item),
        SchemaNode::Text(None)
        | SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::Map { .. }
        | SchemaNode::Struct(_)
        | SchemaNode::Choice(_)
        | SchemaNode::Any => free(text),
    }
}

/// A command without its arguments.
fn command<'a>(words: &[&'a str]) -> Vec<&'a str> {
    match words {
        [] => Vec::new(),
        [program] if !program.contains('=') => vec![program],
        [program, ..] if !program.contains('=') => vec![program, LEFT_OUT],
        [..] => vec![LEFT_OUT],
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Whether a text is taken by a shape of texts.
fn takes(shape: &SchemaNode, text: &str) -> bool {
    match shape {
        SchemaNode::Text(kind) => kind
            .as_ref()
            .is_none_or(|kind| leaf::judge(kind, text).is_none()),
        SchemaNode::List(item) => takes(item, text),
        SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::Map { .. }
        | SchemaNode::Struct(_)
        | SchemaNode::Choice(_)
        | SchemaNode::Any => false,
    }
}

/// `{name: A, value: b}` and `A=b`, as task definitions and Compose write variables, as a map.
fn pairs(items: &[Node]) -> Option<serde_json::Map<String, Json>> {
    let pair = |node: &Node| match &node.value {
        Value::Map(entries) => {
            let of = |key: &str| {
                let entry = entries.iter().find(|entry| entry.key == key)?;
                scalar(&entry.value)
            };
            Some((
                of("name").or_else(|| of("key"))?,
                json!(free(&of("value")?)),
            ))
        }
        Value::Text(text) => {
            let (name, value) = text.split_once('=')?;
            Some((name.to_owned(), json!(free(value))))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => None,
    };
    let pairs: Option<serde_json::Map<_, _>> = items.iter().map(pair).collect();
    pairs.filter(|pairs| !pairs.is_empty())
}

/// For a number or a truth value where text must stand: quotes where they are enough.
fn quoted(text: &str, kind: Option<&Kind>, key: &str, field: Option<&Field>) -> String {
    let fault = kind.and_then(|kind| Some((kind, leaf::judge(kind, text)?)));
    match (fault, field) {
        (None, Some(field)) if !is_enough_in_quotes(text, kind, key) => suggest::example(field),
        (None, _) => "put it in quotes".to_owned(),
        (Some((kind, fault)), _) if kind.name == "Span" => {
            let example = field.and_then(|field| field.example.as_str());
            with_unit(text, example).unwrap_or(fault.help)
        }
        (Some((_, fault)), _) => fault.help,
    }
}

/// Whether a number or a truth value in quotes is taken where text of any kind is well-formed.
fn is_enough_in_quotes(text: &str, kind: Option<&Kind>, key: &str) -> bool {
    match (kind.map(|kind| kind.name.as_str()), key) {
        (Some("Region" | "Registry"), _) | (None, "statistic" | "url") => false,
        (Some("RepositoryName"), _) | (None, "external_id") => text.len() >= 2,
        (_, _) => true,
    }
}

/// A length of time that lacks its unit: in seconds, and in the unit that brings it closest to what
/// is usual there.
fn with_unit(number: &str, usual: Option<&str>) -> Option<String> {
    let usual = f64::from(usual?.parse::<Span>().ok()?.seconds());
    let in_unit = |unit: char| {
        let text = format!("{number}{unit}");
        let seconds = text.parse::<Span>().ok()?.seconds();
        Some((text, seconds))
    };
    let far = |seconds: u32| (f64::from(seconds) / usual).ln().abs();
    let units = ['s', 'm', 'h', 'd'].into_iter().filter_map(in_unit);
    let (closest, seconds) = units.min_by(|left, right| far(left.1).total_cmp(&far(right.1)))?;
    match in_unit('s') {
        // Less than a minute is hardly meant where hours are usual.
        Some((text, least)) if least >= 60 && least != seconds => {
            Some(format!("write its unit: `{text}`, or `{closest}`"))
        }
        Some(_) | None => Some(format!("write its unit: `{closest}`")),
    }
}
