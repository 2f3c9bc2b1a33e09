//! Reading JSON without losing anything.
//!
//! `serde_json` takes the last of two equal keys and rounds numbers to 64 bits without a word.
//! Here both are errors, with their place.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Longest document that is read, in bytes: 16 times what ECS takes, so that a definition that is
/// too long is still shown as such, and a file that is none is refused early.
pub const LONGEST: usize = 1024 * 1024;

/// Why a text cannot be read without loss.
#[derive(Debug, Error)]
pub enum JsonError {
    /// The text is longer than [`LONGEST`].
    #[error(
        "{0} bytes are more than the 1048576 that are read; a task definition has at most 65536"
    )]
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
        "number {number} at line {line}, column {column} cannot be kept exactly; write it as a string or with fewer digits"
    )]
    Inexact {
        /// The number as it is written.
        number: String,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
}

/// Reads one JSON value. Order of keys, empty values and numbers are kept as they are.
///
/// # Errors
/// [`JsonError`], if the text is not JSON or cannot be kept exactly.
pub fn read(text: &[u8]) -> Result<Value, JsonError> {
    if text.len() > LONGEST {
        return Err(JsonError::TooLong(text.len()));
    }
    // A byte order mark, which editors on Windows leave, is no part of the text.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Exactly
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| syntax(&error))?;
    check_numbers(text)?;
    Ok(value)
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
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!("key {key:?} is there twice")));
            }
            let value = access.next_value_seed(Exactly)?;
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

/// Finds the numbers in a text that is known to be JSON and checks each.
fn check_numbers(text: &[u8]) -> Result<(), JsonError> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_string(text, at + 1),
            b'-' | b'0'..=b'9' => {
                let length = text[at..]
                    .iter()
                    .take_while(|byte| {
                        matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
                    })
                    .count();
                let number = &text[at..at + length];
                // Nearly all numbers are short and whole, and need no closer look.
                let is_plain =
                    length <= 18 && number[0] != b'-' && number.iter().all(u8::is_ascii_digit);
                if !is_plain {
                    let number = String::from_utf8_lossy(number);
                    if !is_kept(&number) {
                        let (line, column) = place(text, at);
                        return Err(JsonError::Inexact {
                            number: number.into_owned(),
                            line,
                            column,
                        });
                    }
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

/// The position after a string's closing quote.
fn end_of_string(text: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Whether the number that `serde_json` makes of a text is worth the same.
fn is_kept(number: &str) -> bool {
    let Ok(kept) = serde_json::from_str::<Number>(number) else {
        return false;
    };
    decimal(number) == decimal(&kept.to_string())
}

/// A decimal number as its sign, its digits without zeros at either end, and the power of ten of
/// the first of them.
fn decimal(number: &str) -> (bool, String, i64) {
    let (negative, number) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0').to_owned();
    if digits.is_empty() {
        return (negative, digits, 0);
    }
    // An exponent beyond any number is refused by serde_json before; it is only kept apart here.
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let power = exponent.saturating_add(whole.len() as i64 - leading as i64);
    (negative, digits, power)
}

/// Line and column, both from 1, of a byte.
fn place(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = at
        - before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |n| n + 1)
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        read(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn numbers_that_64_bits_hold_are_kept_as_written() {
        for text in [
            "1",
            "0",
            "-1",
            "1.0",
            "0.5",
            "18446744073709551615",
            "-9223372036854775808",
            "1e2",
            "0.1",
        ] {
            let value = read(text.as_bytes()).expect(text);
            assert_eq!(decimal(&value.to_string()), decimal(text), "{text}");
        }
        assert_eq!(read(b"1").expect("reads").to_string(), "1");
        assert_eq!(read(b"1.0").expect("reads").to_string(), "1.0");
    }

    #[test]
    fn a_number_that_would_be_rounded_is_refused_with_its_place() {
        insta::assert_snapshot!(error("{\n \"a\": 18446744073709551616000001}"), @"number 18446744073709551616000001 at line 2, column 7 cannot be kept exactly; write it as a string or with fewer digits");
        for text in [
            "0.1234567890123456789",
            "-9223372036854775809",
            "[1,-0.30000000000000000001]",
            "1e-400",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn digits_inside_strings_are_no_numbers() {
        let text = r#"{"a\"1": "\\", "b": "0.1234567890123456789\u0041"}"#;
        assert!(read(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        insta::assert_snapshot!(error("{\"a\": 1,\n\"a\": 2}"), @r#"key "a" is there twice at line 2, column 3"#);
        insta::assert_snapshot!(error("[[{\"a\": {\"b\": 1, \"b\": 1}}]]"), @r#"key "b" is there twice at line 1, column 20"#);
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        insta::assert_snapshot!(error("{\"a\": }"), @r#"expected value at line 1, column 7"#);
        insta::assert_snapshot!(error("{} {}"), @r#"trailing characters at line 1, column 4"#);
        insta::assert_snapshot!(error(""), @r#"EOF while parsing a value at line 1, column 0"#);
        let deep = "[".repeat(100_000);
        insta::assert_snapshot!(error(&deep), @r#"recursion limit exceeded at line 1, column 128"#);
        assert!(matches!(
            read(&vec![b' '; LONGEST + 1]),
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

        #[test]
        fn any_finite_number_is_read_back(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
            let text = serde_json::to_string(&number).expect("finite");
            let value = read(text.as_bytes()).expect("exact");
            prop_assert_eq!(value.as_f64(), Some(number));
        }
    }
}
