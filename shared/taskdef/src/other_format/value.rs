//! JSON of something else, told by its keys.

use serde_json::{Map, Value};

use super::keys::Top;
use super::{Kind, OtherFormat};
use crate::model::push_repeated;

/// How many places that nobody has filled in make a skeleton. One or two are told as what they are.
const SKELETON: usize = 3;

/// Most places that are named.
const MAX_NAMED: usize = 4;

/// What a document is that is no task definition, if it can be told.
pub(crate) fn of_value(value: &Value) -> Option<OtherFormat> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
        Value::String(text) if text.contains(":task-definition/") => {
            Some(OtherFormat::new(Kind::ArnAlone))
        }
        Value::String(text) => holds_json(text).then(|| OtherFormat::new(Kind::JsonInText)),
        Value::Array(entries) => of_list(entries).map(OtherFormat::new),
        Value::Object(members) => of_members(members),
    }
}

fn holds_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

pub(super) fn of_list(entries: &[Value]) -> Option<Kind> {
    let has = |keys: &[&str]| {
        let has_one = |entry: &Value| keys.iter().any(|key| entry.get(key).is_some());
        entries.iter().any(has_one)
    };
    if has(&["imageUri"]) {
        return Some(Kind::ImageDefinitions);
    }
    if has(&[
        "containerDefinitions",
        "taskDefinition",
        "taskDefinitionArn",
    ]) {
        return Some(Kind::Definitions);
    }
    if has(&["name", "image", "Name", "Image"]) {
        return Some(Kind::Containers);
    }
    let is_arn = |entry: &Value| {
        let arn = entry.as_str();
        arn.is_some_and(|arn| arn.contains(":task-definition/"))
    };
    entries.iter().any(is_arn).then_some(Kind::Listing)
}

fn of_members(members: &Map<String, Value>) -> Option<OtherFormat> {
    let inner = members.get("taskDefinition").and_then(Value::as_object);
    let definition = inner.unwrap_or(members);
    let has = |key: &str| definition.contains_key(key);
    if !has("family") || !has("containerDefinitions") {
        return Top::of_json(definition).kind().map(OtherFormat::new);
    }
    let containers = definition.get("containerDefinitions");
    if containers.and_then(Value::as_str).is_some_and(holds_json) {
        let place = "/containerDefinitions".to_owned();
        return Some(OtherFormat::at(Kind::JsonInText, place));
    }
    let intrinsic = places(definition, &is_intrinsic).into_iter().next();
    match intrinsic {
        Some(place) => Some(OtherFormat::at(Kind::Intrinsic, place)),
        None => skeleton(definition),
    }
}

/// `{"Ref": …}`, `{"Fn::Sub": …}`, but as the value of a map whose keys are anybody's.
fn is_intrinsic(key: &str, value: &Value) -> bool {
    let Value::Object(members) = value else {
        return false;
    };
    let mut names = members.keys();
    match (names.next(), names.next()) {
        (Some(name), None) => {
            let is_map = ["dockerLabels", "labels", "options", "driverOpts"].contains(&key);
            name.starts_with("Fn::") || (name == "Ref" && !is_map)
        }
        (None, _) | (Some(_), Some(_)) => false,
    }
}

/// What the AWS command line's `--generate-cli-skeleton` leaves to be filled in.
fn skeleton(definition: &Map<String, Value>) -> Option<OtherFormat> {
    let open = places(definition, &is_open);
    if open.len() < SKELETON {
        return None;
    }
    let more = open.len().saturating_sub(MAX_NAMED);
    let mut named = open[..open.len() - more].join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    Some(OtherFormat::at(Kind::Skeleton, named))
}

fn is_open(key: &str, value: &Value) -> bool {
    const LISTS: [&str; 6] = [
        "command",
        "dnsServers",
        "dnsSearchDomains",
        "dockerSecurityOptions",
        "entryPoint",
        "links",
    ];
    const NAMES: [&str; 9] = [
        "containerName",
        "credentialsParameter",
        "executionRoleArn",
        "family",
        "image",
        "name",
        "sourceContainer",
        "taskRoleArn",
        "valueFrom",
    ];
    match value {
        Value::String(text) => text.is_empty() && NAMES.contains(&key),
        Value::Array(entries) => match entries.as_slice() {
            [Value::String(text)] => text.is_empty() && LISTS.contains(&key),
            _ => false,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The pointers of all values that are as asked for, by their keys and themselves.
fn places(members: &Map<String, Value>, is: &dyn Fn(&str, &Value) -> bool) -> Vec<String> {
    let mut search = Search {
        is,
        path: String::new(),
        found: Vec::new(),
    };
    search.members(members);
    search.found
}

struct Search<'a> {
    is: &'a dyn Fn(&str, &Value) -> bool,
    path: String,
    found: Vec<String>,
}

impl Search<'_> {
    fn members(&mut self, members: &Map<String, Value>) {
        for (key, value) in members {
            self.value(key, value);
        }
    }

    fn value(&mut self, key: &str, value: &Value) {
        let end = self.path.len();
        push_repeated(&mut self.path, key);
        match value {
            _ if (self.is)(key, value) => self.found.push(self.path.clone()),
            Value::Object(members) => self.members(members),
            Value::Array(entries) => {
                for (index, value) in entries.iter().enumerate() {
                    self.value(&index.to_string(), value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
        self.path.truncate(end);
    }
}
