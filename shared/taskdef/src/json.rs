//! Reading JSON without losing anything: the one reader of every text that others may have written.
//!
//! `serde_json` takes the last of two equal keys and rounds numbers to 64 bits without a word.
//! Here both are errors, with their place. And where any crate of a program turns its `raw_value`
//! feature on, `serde_json` takes an object with one key of its own as a text to be read again, so
//! that a label could become structure; here every key is just a key.

mod numbers;

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use thiserror::Error;

use crate::repeated_key;

/// Longest text that is read, in bytes: more than any event, ledger item or answer of AWS that is read
/// here has, and 16 times the task definition that ECS takes, so that one that is too long is still
/// shown as such.
pub const MAX_LEN: usize = 1024 * 1024;

/// Why a text cannot be read without loss.
#[derive(Debug, Error)]
pub enum JsonError {
    /// The text is longer than [`MAX_LEN`].
    #[error("{0} bytes are more than the 1048576 that are read")]
    TooLong(usize),
    /// It is no JSON, is nested deeper than 127 levels, or has a key twice.
    #[error("{reason} at line {line}, column {column}")]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// A number has more digits than 64 bits hold, so it would come out as another one.
    #[error(
        "the number at line {line}, column {column} cannot be kept exactly; write it as a string or with fewer digits"
    )]
    Inexact {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// It is JSON, and does not say what it should.
    #[error("{0}")]
    Shape(String),
}

impl JsonError {
    /// Where it is, without anything of the text, which may be a secret.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::TooLong(_) => "too long".to_owned(),
            Self::Syntax { line, column, .. } | Self::Inexact { line, column, .. } => {
                format!("line {line}, column {column}")
            }
            Self::Shape(_) => "another shape".to_owned(),
        }
    }
}

/// Reads one JSON value. Order of keys, empty values and numbers are kept as they are.
///
/// # Errors
/// [`JsonError`], if the text is not JSON or cannot be kept exactly.
pub fn read(text: &[u8]) -> Result<Value, JsonError> {
    if text.len() > MAX_LEN {
        return Err(JsonError::TooLong(text.len()));
    }
    // A byte order mark, which editors on Windows leave, is no part of the text.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let value = parse(text).map_err(|error| syntax(&error))?;
    numbers::check(text)?;
    Ok(value)
}

/// Reads what a JSON text says. A key that is there twice is refused at any depth, also where the type
/// would have passed over it.
///
/// # Errors
/// [`JsonError`], if the text is not JSON, cannot be kept exactly, or is of another shape.
pub fn read_as<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    serde_json::from_value(read(text)?).map_err(|error| JsonError::Shape(describe_error(&error)))
}

/// Reads JSON whose numbers may be rounded to 64 bits: measurements, and answers of which no number is
/// looked at to its last digit. A key that is there twice is refused all the same.
///
/// # Errors
/// `serde_json`'s own, with the place.
pub fn parse(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Exactly.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// What serde says of a value of the wrong kind, without the text that it found: that may be a secret.
#[must_use]
pub fn describe_error(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let mut described = String::with_capacity(message.len());
    let mut rest = message.as_str();
    // <https://docs.rs/serde/latest/serde/de/enum.Unexpected.html>
    while let Some(at) = rest.find("string \"") {
        let (before, from) = rest.split_at(at);
        let text = &from["string ".len()..];
        described.push_str(before);
        described.push_str("text");
        rest = &text[end_of_text(text)..];
    }
    described.push_str(rest);
    for unknown in ["unknown variant `", "unknown field `", "duplicate field `"] {
        let Some((before, from)) = described.split_once(unknown) else {
            continue;
        };
        // What is expected follows, in back-ticks too, and has none in it.
        let Some(end) = from.find("`, expected").or_else(|| from.rfind('`')) else {
            continue;
        };
        described = format!(
            "{before}{unknown}{}{}",
            repeated_key(&from[..end]),
            &from[end..]
        );
    }
    described
}

/// Where a text in quotes that `Debug` has written ends, with its last quote.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn syntax(error: &serde_json::Error) -> JsonError {
    let full = error.to_string();
    // The place is given in fields of its own.
    let reason = full
        .rsplit_once(" at line ")
        .map_or(&*full, |(reason, _)| reason);
    JsonError::Syntax {
        reason: reason.to_owned(),
        line: error.line(),
        column: error.column(),
    }
}

/// Builds a value and refuses a key that an object already has.
struct Exactly;

impl<'de> DeserializeSeed<'de> for Exactly {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Exactly {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(Exactly)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match members.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(access.next_value_seed(Exactly)?);
                }
                Entry::Occupied(occupied) => {
                    let key = repeated_key(occupied.key());
                    return Err(A::Error::custom(format_args!(
                        "key \"{key}\" is there twice"
                    )));
                }
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        read(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        insta::assert_snapshot!(error("{\"a\": 1,\n\"a\": 2}"), @r#"key "a" is there twice at line 2, column 3"#);
        insta::assert_snapshot!(error("[[{\"a\": {\"b\": 1, \"b\": 1}}]]"), @r#"key "b" is there twice at line 1, column 20"#);
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_where_a_type_would_pass_over_it() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Said {
            Hello { to: String },
        }
        let said = |text: &str| read_as::<Said>(text.as_bytes()).map_err(|error| error.to_string());
        let Said::Hello { to } = said(r#"{"type": "hello", "to": "ada"}"#).expect("reads");
        assert_eq!(to, "ada");
        for text in [
            r#"{"type": "hello", "to": "ada", "to": "eve"}"#,
            r#"{"type": "hello", "type": "hello", "to": "ada"}"#,
            r#"{"type": "hello", "to": "ada", "unknown": {"x": 1, "x": 1}}"#,
        ] {
            let problem = said(text).expect_err(text);
            assert!(problem.contains("is there twice"), "{problem}");
        }
        insta::assert_snapshot!(said(r#"{"type": "bye"}"#).expect_err("no such type"), @"unknown variant `bye`, expected `hello`");
    }

    #[test]
    fn what_serde_says_has_no_text_of_the_document() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Said {
            #[expect(dead_code, reason = "it is only read")]
            count: u8,
        }
        let said = |text: &str| {
            let error = serde_json::from_str::<Said>(text).expect_err(text);
            describe_error(&error)
        };
        insta::assert_snapshot!(said(r#"{"count": "hunter\"2"}"#), @"invalid type: text, expected u8 at line 1 column 21");
        insta::assert_snapshot!(said(r#""hunter2""#), @"invalid type: text, expected struct Said at line 1 column 9");
        insta::assert_snapshot!(said(r#"{"xoxb-1": 1}"#), @"unknown field `… (not shown: it may be a secret)`, expected `count` at line 1 column 9");
        insta::assert_snapshot!(said(r#"{"count": 1, "count": 1}"#), @"duplicate field `count` at line 1 column 20");
    }

    #[test]
    fn no_key_means_anything_to_the_reader() {
        for key in [
            "$serde_json::private::RawValue",
            "$serde_json::private::Number",
        ] {
            let text = format!(r#"{{"labels":{{"{key}":"{{\"a\":1}}"}}}}"#);
            assert_eq!(read(text.as_bytes()).expect("reads").to_string(), text);
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        insta::assert_snapshot!(error("{\"a\": }"), @r#"expected value at line 1, column 7"#);
        insta::assert_snapshot!(error("{} {}"), @r#"trailing characters at line 1, column 4"#);
        insta::assert_snapshot!(error(""), @r#"EOF while parsing a value at line 1, column 0"#);
        let deep = "[".repeat(100_000);
        insta::assert_snapshot!(error(&deep), @r#"recursion limit exceeded at line 1, column 128"#);
        assert!(matches!(
            read(&vec![b' '; MAX_LEN + 1]),
            Err(JsonError::TooLong(_))
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(value) = read(&bytes) {
                prop_assert_eq!(Some(value), serde_json::from_slice(&bytes).ok());
            }
        }
    }
}
