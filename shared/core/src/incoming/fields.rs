//! Fields of a JSON object, read one by one, so that an error names the field.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::ReadError;

/// Longest text in bytes that is taken from a field, unless the reader says otherwise: the longest
/// ARN there is (2048, of an IAM principal).
const MAX_TEXT_LEN: usize = 2_048;

/// An object whose fields are read.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    /// Where the object is, for errors: `the event`, `detail`.
    place: String,
}

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value, place: &str) -> Result<Self, ReadError> {
        match value {
            Value::Object(map) => Ok(Self {
                map,
                place: place.to_owned(),
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(ReadError::malformed(format!(
                "{place} is {}, not an object",
                kind(value)
            ))),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// The field, where it is there and not null.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn object(&self, key: &str) -> Result<Self, ReadError> {
        match self.value(key) {
            Some(value) => Self::of(value, &self.path(key)),
            None => Err(self.lacks(key)),
        }
    }

    /// The text of a field; `None` where it is absent, null or empty, which senders use alike.
    pub(super) fn optional_text(&self, key: &str) -> Result<Option<&'a str>, ReadError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > MAX_TEXT_LEN => {
                Err(ReadError::malformed(format!(
                    "{} has {} bytes, and at most {MAX_TEXT_LEN} are taken",
                    self.path(key),
                    text.len()
                )))
            }
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_)),
            ) => Err(ReadError::malformed(format!(
                "{} is {}, not text",
                self.path(key),
                kind(other)
            ))),
        }
    }

    pub(super) fn text(&self, key: &str) -> Result<&'a str, ReadError> {
        self.optional_text(key)?.ok_or_else(|| self.lacks(key))
    }

    /// A field that is a checked name.
    pub(super) fn name<T>(&self, key: &str) -> Result<T, ReadError>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(key)?;
        text.parse().map_err(|error| self.broken(key, &error))
    }

    pub(super) fn broken(&self, key: &str, error: &impl Display) -> ReadError {
        ReadError::malformed(format!("{}: {error}", self.path(key)))
    }

    pub(super) fn lacks(&self, key: &str) -> ReadError {
        ReadError::malformed(format!("{} has no `{key}`", self.place))
    }

    fn path(&self, key: &str) -> String {
        if self.place.starts_with("the ") {
            key.to_owned()
        } else {
            format!("{}.{key}", self.place)
        }
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
