//! A file as a tree of values, each with the place where it stands.

use std::fmt;
use towpath_taskdef::repeated_key;

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The character in the line, from 1.
    pub(crate) column: usize,
}

impl Position {
    /// Where every file begins.
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

/// A value of YAML or JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: Position,
    pub(crate) value: Node,
}

/// Deepest nesting that is read: a pipeline has some ten levels.
pub(crate) const MAX_DEPTH: usize = 48;

/// Why a file is not a tree of values, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) at: Position,
    pub(crate) problem: String,
    pub(crate) help: String,
}

impl Unreadable {
    pub(crate) fn new(at: Position, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            at,
            problem: problem.into(),
            help: help.into(),
        }
    }

    pub(crate) fn too_deep(at: Position) -> Self {
        Self::new(
            at,
            format!("the file is nested more than {MAX_DEPTH} levels deep"),
            "no pipeline needs that: look for a missing closing bracket",
        )
    }

    /// A key that stands twice in one map, at the second place.
    pub(crate) fn repeated(key: &str, first: Position, second: Position) -> Self {
        Self::new(
            second,
            format!(
                "key `{}` stands here for the second time, first in line {}",
                repeated_key(key),
                first.line
            ),
            "keep one of the two",
        )
    }
}

impl Value {
    /// What kind of value it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "keys with values",
        }
    }
}

impl Node {
    /// The same value without its places.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => number.clone().into(),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }

    /// How many levels of lists and keys are below it.
    pub(crate) fn depth(&self) -> usize {
        let deepest = |below: &mut dyn Iterator<Item = &Self>| {
            below.map(|node| node.depth() + 1).max().unwrap_or(0)
        };
        match &self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
            Value::List(items) => deepest(&mut items.iter()),
            Value::Map(entries) => deepest(&mut entries.iter().map(|entry| &entry.value)),
        }
    }

    /// Where the value at a path of keys stands, such as `stages.0.name`, or as much of that path
    /// as there is: a key by its own place, the item of a list by that of its value.
    pub(crate) fn position_of(&self, path: &str) -> Position {
        self.find(path).unwrap_or(self.at)
    }

    fn find(&self, path: &str) -> Option<Position> {
        match &self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
            Value::List(items) => {
                let (index, rest) = path.split_once('.').unwrap_or((path, ""));
                let item = items.get(index.parse::<usize>().ok()?)?;
                Some(item.position_of(rest))
            }
            // A key may itself contain dots, so the longest key that fits is meant.
            Value::Map(entries) => entries
                .iter()
                .filter_map(|entry| Some((entry, below(path, &entry.key)?)))
                .max_by_key(|(entry, _)| entry.key.len())
                .map(|(entry, rest)| entry.value.find(rest).unwrap_or(entry.key_at)),
        }
    }
}

/// What is left of a path after its first key, if that is `key`.
fn below<'a>(path: &'a str, key: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(key)?;
    if rest.is_empty() {
        Some("")
    } else {
        rest.strip_prefix('.')
    }
}
