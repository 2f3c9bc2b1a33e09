//! Compares a file with the shape of a pipeline, and finds everything that differs in one go.

use towpath_taskdef::{repeated, repeated_key};

use super::{LintError, leaf, rewrite, suggest};
use crate::schema_node::{Choice, Field, Kind, SchemaNode, Struct};
use crate::yaml::document::{Entry, Node, Position, Value};

/// Everything in `node` that a pipeline of that `shape` cannot have.
pub(super) fn walk(node: &Node, shape: &SchemaNode) -> Vec<LintError> {
    let mut walk = Walk {
        path: Vec::new(),
        container: None,
        found: Vec::new(),
    };
    walk.value(node, shape, None);
    walk.found
}

struct Walk {
    path: Vec<String>,
    /// The first container of the stage that is looked at, for examples.
    container: Option<String>,
    found: Vec<LintError>,
}

impl Walk {
    fn add(&mut self, at: Position, problem: impl Into<String>, help: impl Into<String>) {
        self.found
            .push(LintError::new(at, &self.path.join("."), problem, help));
    }

    /// Looks at a value below `key`.
    fn below(&mut self, key: impl Into<String>, look: impl FnOnce(&mut Self)) {
        self.path.push(key.into());
        look(self);
        self.path.pop();
    }

    fn value(&mut self, node: &Node, shape: &SchemaNode, field: Option<&Field>) {
        match (shape, &node.value) {
            (SchemaNode::Any, _)
            | (SchemaNode::Bool, Value::Bool(_))
            | (SchemaNode::Number, Value::Number(_)) => {}
            (SchemaNode::Text(kind), Value::Text(text)) => {
                if let Some(fault) = kind.as_ref().and_then(|kind| leaf::judge(kind, text)) {
                    self.add(node.at, fault.problem, fault.help);
                }
            }
            (SchemaNode::Integer { least, most }, Value::Number(number)) => {
                if !number
                    .as_u64()
                    .is_some_and(|n| (*least..=*most).contains(&n))
                {
                    self.add(
                        node.at,
                        format!("{number} is not a whole number from {least} to {most}"),
                        field.map_or_else(|| "write such a number".to_owned(), suggest::example),
                    );
                }
            }
            (SchemaNode::List(item), Value::List(items)) => {
                for (index, node) in items.iter().enumerate() {
                    self.below(index.to_string(), |walk| walk.value(node, item, field));
                }
            }
            (SchemaNode::Map { key, value }, Value::Map(entries)) => {
                self.map(entries, key.as_ref(), value);
            }
            (SchemaNode::Struct(fields), Value::Map(entries)) => {
                self.fields(node, entries, fields);
            }
            (SchemaNode::Choice(choice), _) => self.choice(node, choice),
            (
                SchemaNode::Text(_)
                | SchemaNode::Bool
                | SchemaNode::Integer { .. }
                | SchemaNode::Number
                | SchemaNode::List(_)
                | SchemaNode::Map { .. }
                | SchemaNode::Struct(_),
                _,
            ) => self.other_kind(node, shape, field),
        }
    }

    fn other_kind(&mut self, node: &Node, shape: &SchemaNode, field: Option<&Field>) {
        let place = rewrite::Place {
            path: &self.path,
            field,
            container: self.container.as_deref(),
        };
        let help = rewrite::of(node, shape, &place).unwrap_or_else(|| match field {
            Some(field) => suggest::example(field),
            None => format!("write {}", expected(shape)),
        });
        self.add(
            node.at,
            format!(
                "{} must stand here, not {}",
                expected(shape),
                node.value.kind()
            ),
            help,
        );
    }

    fn map(&mut self, entries: &[Entry], kind: Option<&Kind>, shape: &SchemaNode) {
        for entry in entries {
            self.below(&entry.key, |walk| {
                if let Some(fault) = kind.and_then(|kind| leaf::judge(kind, &entry.key)) {
                    walk.add(entry.key_at, fault.problem, fault.help);
                }
                walk.value(&entry.value, shape, None);
            });
        }
    }

    fn fields(&mut self, node: &Node, entries: &[Entry], fields: &Struct) {
        if let Some(containers) = entries.iter().find(|entry| entry.key == "containers") {
            self.container = first_text(&containers.value);
        }
        for entry in entries {
            self.below(&entry.key, |walk| match fields.field(&entry.key) {
                // Whoever writes the key wants something: what it asked for may have been commented out.
                Some(field) if field.nullable && entry.value.value == Value::Null => walk.add(
                    entry.value.at,
                    format!("`{}` is written without a value", field.key),
                    "write its value, or remove the key",
                ),
                Some(field) => walk.value(&entry.value, &field.shape, Some(field)),
                None => walk.add(
                    entry.key_at,
                    format!("key `{}` is not known here", repeated_key(&entry.key)),
                    suggest::key(&entry.key, fields),
                ),
            });
        }
        let has = |key: &str| {
            let mut entries = entries.iter();
            entries.any(|entry| entry.key == key && entry.value.value != Value::Null)
        };
        for field in &fields.fields {
            // A required key that says nothing is told as the wrong kind of value, above.
            // One that is there under another spelling is told as that.
            let is_meant = |entry: &Entry| {
                entry.key == field.key
                    || suggest::suggestion(&entry.key, fields) == Some(&field.key)
            };
            if field.required && !entries.iter().any(is_meant) {
                self.add(
                    node.at,
                    format!("key `{}` is missing", field.key),
                    suggest::example(field),
                );
            }
        }
        let chosen = fields.one_of.iter().filter(|key| has(key)).count();
        match (fields.one_of.as_slice(), chosen) {
            ([], _) | (_, 1) => {}
            ([key], _) => self.add(
                node.at,
                format!("key `{key}` is missing"),
                fields.field(key).map_or_else(String::new, suggest::example),
            ),
            (keys, _) => self.add(
                node.at,
                format!("{chosen} of the keys {} are here", suggest::list(keys)),
                "write exactly one of them",
            ),
        }
    }

    fn choice(&mut self, node: &Node, choice: &Choice) {
        let variant = |name: &str| choice.variants.iter().find(|v| v.name == name);
        match &node.value {
            Value::Text(name) => match variant(name).map(|variant| &variant.content) {
                Some(None) => {}
                Some(Some(shape)) => self.add(
                    node.at,
                    format!("`{name}` is written as a key with its settings"),
                    rewrite::with_settings(name, shape, self.key()),
                ),
                None => match rewrite::as_tag_rule(name, choice, self.key()) {
                    Some(help) if suggest::meant_variant(name, choice).is_none() => self.add(
                        node.at,
                        format!("`{}` does not say which rule it is", repeated(name)),
                        help,
                    ),
                    Some(_) | None => self.unknown_alternative(node.at, name, choice),
                },
            },
            Value::Map(entries) => match entries.as_slice() {
                [entry] => match variant(&entry.key).map(|variant| &variant.content) {
                    Some(Some(shape)) => self.below(&entry.key, |walk| {
                        walk.value(&entry.value, shape, None);
                    }),
                    Some(None) => self.add(
                        entry.key_at,
                        format!("`{}` has no settings", entry.key),
                        format!("write `{}` alone, without a colon", entry.key),
                    ),
                    None => {
                        self.unknown_alternative(entry.key_at, &entry.key, choice);
                        // What is below it is looked at all the same, so that all is told at once.
                        if let Some(Some(shape)) =
                            suggest::meant_variant(&entry.key, choice).map(|one| &one.content)
                        {
                            self.below(&entry.key, |walk| walk.value(&entry.value, shape, None));
                        }
                    }
                },
                _ => self.add(
                    node.at,
                    format!(
                        "{} keys stand where one alternative is chosen",
                        entries.len()
                    ),
                    format!("write exactly one of {}", suggest::alternatives(choice)),
                ),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => self.add(
                node.at,
                format!(
                    "an alternative must be chosen here, not {}",
                    node.value.kind()
                ),
                format!("write one of {}", suggest::alternatives(choice)),
            ),
        }
    }

    /// The key that is looked at.
    fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn unknown_alternative(&mut self, at: Position, name: &str, choice: &Choice) {
        self.add(
            at,
            format!("`{}` is not known here", repeated_key(name)),
            suggest::alternative(name, choice),
        );
    }
}

/// What a shape asks for, in words.
fn expected(shape: &SchemaNode) -> &'static str {
    match shape {
        SchemaNode::Text(_) => "text",
        SchemaNode::Bool => "true or false",
        SchemaNode::Integer { .. } => "a whole number",
        SchemaNode::Number => "a number",
        SchemaNode::List(_) => "a list",
        SchemaNode::Map { .. } | SchemaNode::Struct(_) => "keys with values",
        SchemaNode::Choice(_) => "an alternative",
        SchemaNode::Any => "a value",
    }
}

/// The text, or the first of a list.
fn first_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::List(items) => items.first().and_then(first_text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => None,
    }
}
