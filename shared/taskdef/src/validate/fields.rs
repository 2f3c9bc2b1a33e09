//! Rules for single fields: each is of the kind that ECS's model says, within its limits, and what the
//! model requires is there.

use crate::{repeated, visible};
use serde_json::{Map, Number, Value};

use super::limits;
use super::{Finding, Rule};
use crate::document::{Container, TaskDefinition};
use crate::model::{REGISTER_TASK_DEFINITION_REQUEST, Scalar, Shape, Structure, push_repeated};

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let mut walk = Walk {
        path: String::new(),
        found: Vec::new(),
    };
    walk.structure(definition.document(), &REGISTER_TASK_DEFINITION_REQUEST);
    let containers: Vec<Container<'_>> = definition.containers().collect();
    findings.extend(walk.found.into_iter().map(|finding| {
        let place = of_container(&finding.path).and_then(|(index, _)| containers.get(index));
        let name = place.and_then(Container::name).unwrap_or_default();
        finding.of_container(name)
    }));
}

/// The index of the container that a pointer leads into, and what follows.
fn of_container(path: &str) -> Option<(usize, &str)> {
    let rest = path.strip_prefix("/containerDefinitions/")?;
    let (index, rest) = rest.split_once('/').unwrap_or((rest, ""));
    Some((index.parse().ok()?, rest))
}

struct Walk {
    path: String,
    found: Vec<Finding>,
}

impl Walk {
    fn structure(&mut self, members: &Map<String, Value>, structure: &'static Structure) {
        for required in structure.required {
            // Where it is there under another spelling, that is told.
            if !members.keys().any(|name| is_spelling(name, required)) {
                let help = match structure.member(required) {
                    Some(shape) => format!("add {required:?}: {}", expected(shape)),
                    None => format!("add {required:?}"),
                };
                let message = format!("{} has no {required:?}", self.here());
                self.add(Rule::FieldMissing, message, help);
            }
        }
        for (name, value) in members {
            self.below(name, |walk| match structure.member(name) {
                Some(shape) => {
                    walk.value(value, shape);
                    walk.limits(value, structure, name);
                }
                None => walk.unknown(name, structure),
            });
        }
    }

    fn value(&mut self, value: &Value, shape: &'static Shape) {
        match (shape, value) {
            (Shape::Structure(structure), Value::Object(members)) => {
                self.structure(members, structure);
            }
            (Shape::List(element), Value::Array(values)) => {
                for (index, value) in values.iter().enumerate() {
                    self.below(&index.to_string(), |walk| walk.value(value, element));
                }
            }
            (Shape::Map(element), Value::Object(values)) => {
                for (key, value) in values {
                    self.below(key, |walk| walk.value(value, element));
                }
            }
            (Shape::Scalar(Scalar::Text), Value::String(text)) => self.text(text),
            (Shape::Scalar(Scalar::Boolean), Value::Bool(_)) => {}
            (Shape::Scalar(Scalar::OneOf(known)), Value::String(text)) => self.one_of(text, known),
            (Shape::Scalar(Scalar::Integer { least, most }), Value::Number(number)) => {
                match number.as_i64() {
                    Some(whole) => self.within(whole, *least, *most),
                    None => self.fraction(number),
                }
            }
            (Shape::Scalar(_) | Shape::List(_) | Shape::Map(_) | Shape::Structure(_), _) => {
                self.other_kind(value, shape);
            }
        }
    }

    fn other_kind(&mut self, value: &Value, shape: &Shape) {
        let message = format!("{} must be {}, not {}", self.here(), kind(shape), is(value));
        let help = if self.path.ends_with("/healthCheck/command") {
            "write a list: [\"CMD-SHELL\", \"…\"]".to_owned()
        } else {
            help(value, shape)
        };
        self.add(Rule::FieldKind, message, help);
    }

    /// What a container is started with ends at a NUL.
    fn text(&mut self, text: &str) {
        if text.contains('\0') {
            let message = format!("{} has a NUL character", self.here());
            let path = self.path.clone();
            let finding = Finding::warning(Rule::FieldValue, path, message, "remove it");
            self.found.push(finding);
        }
    }

    fn fraction(&mut self, number: &Number) {
        let message = format!("{} must be a whole number, not {number}", self.here());
        let help = match number.as_f64() {
            Some(value) if value.fract() == 0.0 && value.abs() < 1e9 => format!("write {value:.0}"),
            Some(_) | None => "round it".to_owned(),
        };
        self.add(Rule::FieldKind, message, help);
    }

    fn one_of(&mut self, text: &str, known: &[&str]) {
        if known.contains(&text) {
            return;
        }
        let meant = known.iter().find(|known| known.eq_ignore_ascii_case(text));
        let help = match meant {
            Some(meant) => format!("write {meant:?}"),
            None => format!("write {}", alternatives(known)),
        };
        let text = repeated(text);
        let message = format!("{} is \"{text}\", which is none of its values", self.here());
        self.add(Rule::FieldValue, message, help);
    }

    fn within(&mut self, whole: i64, least: i64, most: i64) {
        if (least..=most).contains(&whole) {
            return;
        }
        let limits = if most == i64::MAX {
            format!("less than {least}")
        } else {
            format!("not from {least} to {most}")
        };
        let message = format!("{} is {whole}, which is {limits}", self.here());
        self.add(
            Rule::FieldValue,
            message,
            "write such a number, or leave it out",
        );
    }

    fn limits(&mut self, value: &Value, structure: &Structure, member: &str) {
        if let (Some(whole), Some((least, most))) =
            (value.as_i64(), limits::of(structure.name, member))
        {
            self.within(whole, least, most);
        }
        if let (Some(text), true) = (value.as_str(), limits::is_name(structure.name, member)) {
            if text.is_empty() {
                let message = format!("{} is empty", self.here());
                self.add(Rule::FieldValue, message, "fill it in, or leave it out");
            } else if has_placeholder(text) {
                let text = repeated(text);
                let message = format!("{} is \"{text}\", with a placeholder", self.here());
                self.add(
                    Rule::FieldValue,
                    message,
                    "fill the template in before it is read",
                );
            }
        }
    }

    /// A field that is known but for its spelling. ECS takes no notice of fields that it does not
    /// know, so what is in this one would be lost; any other unknown field may be a new one.
    fn unknown(&mut self, name: &str, structure: &Structure) {
        let mut known = structure.members.iter().map(|(known, _)| *known);
        if let Some(meant) = known.find(|known| is_spelling(name, known)) {
            let message = format!("{} is not known to ECS, which would drop it", self.here());
            self.add(Rule::FieldName, message, format!("write {meant:?}"));
        }
    }

    fn below(&mut self, segment: &str, look: impl FnOnce(&mut Self)) {
        let end = self.path.len();
        push_repeated(&mut self.path, segment);
        look(self);
        self.path.truncate(end);
    }

    /// The place in words: the way to it from its container, or from the top.
    fn here(&self) -> String {
        let way = of_container(&self.path).map_or(self.path.as_str(), |(_, rest)| rest);
        let way = way.trim_start_matches('/');
        if way.is_empty() {
            return "it".to_owned();
        }
        visible(way).replace('/', ".")
    }

    fn add(&mut self, rule: Rule, message: String, help: impl Into<String>) {
        let path = self.path.clone();
        self.found.push(Finding::error(rule, path, message, help));
    }
}

/// Whether a text has a part that some tool was to replace: `${NAME}`, `{{ name }}` or `<NAME>`. Names and images have none of these characters.
pub(super) fn has_placeholder(text: &str) -> bool {
    ["${", "{{", "<"].iter().any(|start| text.contains(start))
}

/// Whether a field's name differs from a known one in capitals, `_` and `-` alone.
pub(super) fn is_spelling(name: &str, known: &str) -> bool {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    plain(name) == plain(known)
}

/// What a shape asks for.
fn kind(shape: &Shape) -> &'static str {
    match shape {
        Shape::Scalar(Scalar::Text | Scalar::OneOf(_)) => "text",
        Shape::Scalar(Scalar::Integer { .. }) => "a whole number",
        Shape::Scalar(Scalar::Boolean) => "true or false",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Structure(_) => "an object",
    }
}

/// What a value is.
fn is(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What to write instead. Values are shown only where they cannot be secrets.
fn help(value: &Value, shape: &Shape) -> String {
    match (shape, value) {
        (Shape::Scalar(Scalar::Integer { .. }), Value::String(text)) if is_digits(text) => {
            format!("write {text}, without quotes")
        }
        (Shape::Scalar(Scalar::Boolean), Value::String(text))
            if matches!(&*text.to_ascii_lowercase(), "true" | "false") =>
        {
            format!("write {}, without quotes", text.to_ascii_lowercase())
        }
        (Shape::Scalar(Scalar::Text), Value::Number(_) | Value::Bool(_)) => {
            "put it in quotes".to_owned()
        }
        (_, Value::Null) => format!("remove it, or write {}", expected(shape)),
        (_, _) => format!("write {}", expected(shape)),
    }
}

/// How a value of a shape is written.
fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Scalar(Scalar::Text) => "text in quotes".to_owned(),
        Shape::Scalar(Scalar::OneOf(known)) => alternatives(known),
        Shape::Scalar(Scalar::Integer { .. }) => "a whole number, without quotes".to_owned(),
        Shape::Scalar(Scalar::Boolean) => "true or false, without quotes".to_owned(),
        Shape::List(element) => match element {
            Shape::Scalar(Scalar::Text) => "a list of texts: [\"…\", \"…\"]".to_owned(),
            Shape::Scalar(_) | Shape::List(_) | Shape::Map(_) => {
                format!("a list: [{}]", expected(element))
            }
            Shape::Structure(_) => format!("a list of {}", expected(element)),
        },
        Shape::Map(_) => "{\"NAME\": \"VALUE\"}".to_owned(),
        Shape::Structure(structure) => {
            let shown: Vec<_> = match structure.required {
                [] => structure.members.iter().map(|(name, _)| *name).collect(),
                required => required.to_vec(),
            };
            let shown: Vec<_> = shown
                .iter()
                .take(3)
                .map(|name| format!("\"{name}\": …"))
                .collect();
            format!("{{{}}}", shown.join(", "))
        }
    }
}

fn alternatives(known: &[&str]) -> String {
    let known: Vec<_> = known.iter().map(|known| format!("{known:?}")).collect();
    known.join(" or ")
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}
