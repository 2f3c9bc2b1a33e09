//! Hiding secrets in two documents that are to be compared.
//!
//! A secret is replaced by [`HIDDEN`]; in the second document by [`CHANGED`], if the first has
//! another value in its place. Neither shows anything of it, not even a hash, which could be guessed
//! at.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::canonical::rules::{self, Order};
use crate::model::{REGISTER_TASK_DEFINITION_REQUEST, Shape, Structure, push_segment};
use crate::secrets;

/// What stands for a secret.
const HIDDEN: &str = "(hidden)";

/// What stands for a secret that is another one than in the first document.
const CHANGED: &str = "(hidden, another value)";

/// Replaces the secrets in both documents.
pub(super) fn hide_secrets(before: &mut Map<String, Value>, after: &mut Map<String, Value>) {
    let mut first = Masker::default();
    first.structure(before, &REGISTER_TASK_DEFINITION_REQUEST, "");
    let mut second = Masker {
        before: Some(first.strings),
        ..Masker::default()
    };
    second.structure(after, &REGISTER_TASK_DEFINITION_REQUEST, "");
}

#[derive(Default)]
struct Masker {
    /// Every string that was met, by its place.
    strings: BTreeMap<String, String>,
    /// The same of the other document, if this is the second.
    before: Option<BTreeMap<String, String>>,
}

impl Masker {
    fn structure(&mut self, members: &mut Map<String, Value>, structure: &Structure, path: &str) {
        // What was written for another tool says the same in other spellings: `Name`, `Value`.
        let misspelled = ["Name", "name", "Key", "key"]
            .into_iter()
            .find_map(|name| text(members, name));
        // `{name, value}` and `{key, value}` pairs name their value.
        let pair_name = match structure.name {
            "KeyValuePair" => text(members, "name").or_else(|| misspelled.clone()),
            "Tag" => text(members, "key").or_else(|| misspelled.clone()),
            "SystemControl" => text(members, "namespace"),
            _ => None,
        };
        for (name, value) in members.iter_mut() {
            let path = below(path, name);
            match structure.member(name) {
                None if name.eq_ignore_ascii_case("value") => {
                    let named = match structure.name {
                        // A secret's value has no place here, so that this is one.
                        "Secret" => "secret",
                        _ => misspelled.as_deref().unwrap_or(name),
                    };
                    self.value(value, None, named, Order::AsWritten, &path);
                }
                None => self.value(value, None, name, Order::AsWritten, &path),
                Some(shape) => {
                    let order = rules::order(structure.name, name);
                    // The model's own names (`credentialsParameter`, `user`) name places of secrets.
                    let named = match (&pair_name, name.as_str()) {
                        (Some(pair), "value") => pair,
                        _ => "",
                    };
                    // An ARN or a parameter's name is where the secret is, not what it is.
                    if !matches!(
                        (structure.name, name.as_str()),
                        ("Secret", "valueFrom") | ("ContainerDefinition", "image")
                    ) {
                        self.value(value, Some(shape), named, order, &path);
                    }
                }
            }
        }
    }

    fn value(
        &mut self,
        value: &mut Value,
        shape: Option<&Shape>,
        name: &str,
        order: Order,
        path: &str,
    ) {
        match value {
            Value::String(text) => {
                let is_secret = secrets::is_secret_name(name) || secrets::is_secret_value(text);
                self.string(text, is_secret, path);
            }
            Value::Number(number) if secrets::is_secret_name(name) => {
                let mut text = number.to_string();
                self.string(&mut text, true, path);
                *value = Value::String(text);
            }
            Value::Array(entries) => {
                let element = match shape {
                    Some(Shape::List(element)) => Some(*element),
                    Some(Shape::Scalar(_) | Shape::Map(_) | Shape::Structure(_)) | None => None,
                };
                // `["--password", "x"]`: an option may name the argument after it.
                let mut option = String::new();
                let mut keys = BTreeMap::new();
                for (index, entry) in entries.iter_mut().enumerate() {
                    let key = key_of(entry, order, index);
                    // Of two entries with one name, each has a place of its own.
                    let nth = *keys.entry(key.clone()).and_modify(|n| *n += 1).or_insert(1);
                    let path = below(path, &format!("{key}#{nth}"));
                    let named = if option.is_empty() { name } else { &option };
                    let next = entry
                        .as_str()
                        .filter(|text| text.starts_with('-') && !text.contains(['=', ' ']))
                        .map(str::to_owned);
                    match next {
                        // The option itself is no secret.
                        Some(next) => {
                            self.strings.insert(path, next.clone());
                            option = next;
                        }
                        None => {
                            self.value(entry, element, named, Order::AsWritten, &path);
                            option.clear();
                        }
                    }
                }
            }
            Value::Object(members) => match shape {
                Some(Shape::Structure(structure)) => self.structure(members, structure, path),
                Some(Shape::Scalar(_) | Shape::Map(_) | Shape::List(_)) | None => {
                    let element = match shape {
                        Some(Shape::Map(element)) => Some(*element),
                        Some(Shape::Scalar(_) | Shape::List(_) | Shape::Structure(_)) | None => {
                            None
                        }
                    };
                    for (key, member) in members.iter_mut() {
                        let path = below(path, key);
                        // Everything below the name of a secret is secret.
                        let named = if secrets::is_secret_name(name) {
                            name
                        } else {
                            key
                        };
                        self.value(member, element, named, Order::AsWritten, &path);
                    }
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn string(&mut self, text: &mut String, is_secret: bool, path: &str) {
        self.strings.insert(path.to_owned(), text.clone());
        // A value that reads like a mask is masked too, so that no mask means two things.
        if !is_secret && !text.starts_with(HIDDEN.trim_end_matches(')')) {
            return;
        }
        let before = self.before.as_ref().and_then(|before| before.get(path));
        let mask = match before {
            Some(before) if before != text => CHANGED,
            Some(_) | None => HIDDEN,
        };
        mask.clone_into(text);
    }
}

/// The place of a part, such that no two places have the same text.
fn below(path: &str, segment: &str) -> String {
    let mut path = path.to_owned();
    push_segment(&mut path, segment);
    path
}

fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    members.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// What tells an element of a list from the others: the name in an unordered list, else its place.
fn key_of(entry: &Value, order: Order, index: usize) -> String {
    match order {
        Order::By(field) => entry
            .get(field)
            .and_then(Value::as_str)
            .map_or_else(|| index.to_string(), str::to_owned),
        Order::AsWritten | Order::Whole => index.to_string(),
    }
}
