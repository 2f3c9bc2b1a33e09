//! Keys with values, made of a bare value: what people write where a tool knows by itself what it is.

use serde_json::{Map, Value as Json, json};
use towpath_core::target::CheckUrl;
use towpath_taskdef::repeated;

use super::{LEFT_OUT, Place, command, like, scalar, takes, value_of, written};
use crate::schema_node::{Field, SchemaNode, Struct};
use crate::yaml::document::{Node, Value};
use crate::yaml::flow;

/// How a value is written with the keys that it lacks: its own key, and the others that must be there.
pub(super) fn of(node: &Node, fields: &Struct, key: &str, place: &Place<'_>) -> Option<String> {
    let texts: Vec<String> = match &node.value {
        Value::Text(text) => vec![text.clone()],
        Value::List(items) => items.iter().map(scalar).collect::<Option<_>>()?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => return None,
    };
    if texts.is_empty() {
        return None;
    }
    let known = task(&texts, fields, place)
        .or_else(|| application_and_group(&texts, fields))
        .or_else(|| url(&texts, fields));
    let given = match known {
        Some(given) => given,
        None if fields.field("url").is_some() => return None,
        None => vec![belongs_to(&texts, fields)?],
    };
    let (settings, is_whole) = with_examples(given, fields);
    Some(if is_whole {
        written(key, &settings)
    } else {
        like(key, &settings)
    })
}

/// How an item of a list is written of which only the name is there: as in the list's example, with
/// that name wherever the example has its own.
pub(super) fn named(name: &str, fields: &Struct, place: &Place<'_>) -> Option<String> {
    let is_name = takes(&fields.field("name")?.shape, name);
    let example = place.field?.example.get(0)?;
    let own = example.get("name")?.as_str()?;
    let item = renamed(example, own, &repeated(name));
    is_name.then(|| format!("write it with its keys, like `{}`", flow(&item)))
}

fn renamed(example: &Json, from: &str, to: &str) -> Json {
    match example {
        Json::String(text) => json!(text.replace(from, to)),
        Json::Array(items) => items.iter().map(|item| renamed(item, from, to)).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), renamed(value, from, to)))
            .collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => example.clone(),
    }
}

/// What is known of a struct, its other required keys filled in from the examples, and whether nothing
/// had to be.
fn with_examples(given: Vec<(String, Json)>, fields: &Struct) -> (Json, bool) {
    let is_given = |key: &str| given.iter().any(|(one, _)| one == key);
    let chosen = fields
        .one_of
        .first()
        .filter(|_| !fields.one_of.iter().any(|key| is_given(key)));
    let mut settings = Map::new();
    let mut is_whole = true;
    for field in &fields.fields {
        let own = given.iter().find(|(key, _)| *key == field.key);
        if let Some((key, value)) = own {
            settings.insert(key.clone(), value.clone());
        } else if field.required || chosen == Some(&field.key) {
            is_whole = false;
            settings.insert(field.key.clone(), field.example.clone());
        }
    }
    (Json::Object(settings), is_whole)
}

/// A one-off task by its command, or by the container that runs it.
fn task(texts: &[String], fields: &Struct, place: &Place<'_>) -> Option<Vec<(String, Json)>> {
    let (container, field) = (fields.field("container")?, fields.field("command")?);
    let of_stage = place.container.filter(|name| takes(&container.shape, name));
    if let ([text], Some(name)) = (texts, of_stage)
        && text == name
    {
        return Some(vec![(container.key.clone(), json!(name))]);
    }
    let words: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    if words.is_empty() || !words.iter().all(|word| takes(&field.shape, word)) {
        return None;
    }
    let mut given = vec![(field.key.clone(), json!(command(&words)))];
    given.extend(of_stage.map(|name| (container.key.clone(), json!(name))));
    Some(given)
}

/// A deployment group below its application, as ARNs write the two, or one after the other.
fn application_and_group(texts: &[String], fields: &Struct) -> Option<Vec<(String, Json)>> {
    let (application, group) = (fields.field("application")?, fields.field("group")?);
    let (first, second) = match texts {
        [text] => text.split_once('/')?,
        [first, second] => (first.as_str(), second.as_str()),
        _ => return None,
    };
    let is_name = |field: &Field, name: &str| !name.contains('/') && takes(&field.shape, name);
    (is_name(application, first) && is_name(group, second)).then(|| {
        vec![
            (application.key.clone(), json!(first)),
            (group.key.clone(), json!(second)),
        ]
    })
}

/// A URL, with the scheme that it lacks and without its query, which may carry a secret.
fn url(texts: &[String], fields: &Struct) -> Option<Vec<(String, Json)>> {
    let (field, [text]) = (fields.field("url")?, texts) else {
        return None;
    };
    let has_scheme = ["http://", "https://"]
        .iter()
        .any(|it| text.starts_with(it));
    let host = text.split('/').next().unwrap_or_default();
    let is_host = host.starts_with(char::is_alphanumeric) && host.contains(['.', ':']);
    let whole = match (has_scheme, is_host) {
        (true, _) => text.clone(),
        (false, true) => format!("http://{text}"),
        (false, false) => return None,
    };
    // What may be a secret is repeated in no way out.
    if repeated(text) != *text {
        return None;
    }
    whole.parse::<CheckUrl>().ok()?;
    let shown = match whole.split_once('?') {
        Some((before, _)) => format!("{before}?{LEFT_OUT}"),
        None => whole,
    };
    Some(vec![(field.key.clone(), json!(shown))])
}

/// The key of the settings that a bare value belongs to: one whose rules it keeps, or the only one
/// that must be there.
fn belongs_to(texts: &[String], fields: &Struct) -> Option<(String, Json)> {
    let fits = |field: &&Field| texts.iter().all(|text| takes(&field.shape, text));
    let is_list = |field: &Field| matches!(field.shape, SchemaNode::List(_));
    let has_rules = |field: &&Field| match &field.shape {
        SchemaNode::Text(kind) => kind.is_some(),
        SchemaNode::List(item) => matches!(**item, SchemaNode::Text(Some(_))),
        SchemaNode::Bool
        | SchemaNode::Integer { .. }
        | SchemaNode::Number
        | SchemaNode::Map { .. }
        | SchemaNode::Struct(_)
        | SchemaNode::Choice(_)
        | SchemaNode::Any => false,
    };
    let known = fields.fields.iter();
    let field = known
        .clone()
        .filter(has_rules)
        .find(fits)
        .or_else(|| known.clone().filter(|field| field.required).find(fits))?;
    let texts: Vec<_> = texts
        .iter()
        .map(|text| value_of(text, &field.shape))
        .collect();
    let value = if is_list(field) {
        json!(texts)
    } else {
        json!(texts.first()?)
    };
    Some((field.key.clone(), value))
}
