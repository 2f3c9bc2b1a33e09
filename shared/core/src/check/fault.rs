//! What is wrong with one answer.

use serde_json::Value;
use towpath_taskdef::json;

use super::{Answer, Response};
use crate::message::one_line;
use crate::pipeline::HttpCheck;

/// Longest value in characters that is shown of a body.
const MAX_VALUE_LEN: usize = 80;

/// The first thing about an answer that the check does not accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// There was no response.
    NoAnswer(String),
    /// Another status came.
    Status(u16),
    /// It took too long, in milliseconds.
    Slow(u64),
    /// The text is not in the body, or not in the part of it that was read.
    Lacks { truncated: bool },
    /// The body has values to look at and is not JSON.
    NotJson { truncated: bool },
    /// A value is another than the check asks for.
    Value { pointer: String, seen: String },
}

impl Fault {
    /// The first fault of an answer.
    pub(super) fn of(http: &HttpCheck, answer: &Answer) -> Option<Self> {
        let response = match &answer.outcome {
            Ok(response) => response,
            Err(reason) => return Some(Self::NoAnswer(one_line(reason, MAX_VALUE_LEN))),
        };
        if response.status != http.status {
            return Some(Self::Status(response.status));
        }
        if response.elapsed_ms > longest_ms(http) {
            return Some(Self::Slow(response.elapsed_ms));
        }
        in_text(http, response).or_else(|| in_json(http, response))
    }

    /// Whether two faults are one for whoever reads about them: how slow differs each time.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Slow(_), Self::Slow(_)) => true,
            (this, that) => this == that,
        }
    }

    /// The worse of two that are alike.
    pub(super) fn worse(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Slow(this), Self::Slow(that)) => Self::Slow(this.max(*that)),
            (this, _) => this,
        }
    }

    /// What happened, to follow a URL: `answered 500`.
    pub(super) fn seen(&self, http: &HttpCheck) -> String {
        let status = http.status;
        match self {
            Self::NoAnswer(reason) => format!("failed ({reason})"),
            Self::Status(seen) => format!("answered {seen}"),
            Self::Slow(ms) => format!("took {ms} ms"),
            Self::Lacks { truncated } => {
                let text = show_text(http.body_contains.as_deref().unwrap_or_default());
                let what = if *truncated {
                    "the first 64 KiB of its body lack"
                } else {
                    "its body lacks"
                };
                format!("answered {status} but {what} {text}")
            }
            Self::NotJson { truncated: false } => {
                format!("answered {status} but its body is not JSON")
            }
            Self::NotJson { truncated: true } => {
                format!("answered {status} but its body has more than 64 KiB")
            }
            Self::Value { pointer, seen } => {
                format!("answered {status} but {} is {seen}", show_pointer(pointer))
            }
        }
    }

    /// What was expected in the place of this fault, to follow the status; empty if it is the
    /// status itself.
    pub(super) fn expected(&self, http: &HttpCheck) -> String {
        match self {
            Self::NoAnswer(_) | Self::Status(_) => String::new(),
            Self::Slow(_) => format!(" within {}", http.timeout),
            Self::Lacks { .. } => {
                let text = show_text(http.body_contains.as_deref().unwrap_or_default());
                format!(" with {text} in its body")
            }
            Self::NotJson { .. } => " with a body of JSON".to_owned(),
            Self::Value { pointer, .. } => {
                let wanted = http.json.get(pointer).map(show).unwrap_or_default();
                format!(" with {} {wanted}", show_pointer(pointer))
            }
        }
    }
}

fn longest_ms(http: &HttpCheck) -> u64 {
    u64::from(http.timeout.seconds()) * 1_000
}

fn in_text(http: &HttpCheck, response: &Response) -> Option<Fault> {
    let text = http.body_contains.as_deref()?;
    let is_there = String::from_utf8_lossy(&response.body).contains(text);
    (!is_there).then_some(Fault::Lacks {
        truncated: response.truncated,
    })
}

fn in_json(http: &HttpCheck, response: &Response) -> Option<Fault> {
    if http.json.is_empty() {
        return None;
    }
    let truncated = response.truncated;
    if truncated {
        return Some(Fault::NotJson { truncated });
    }
    let Ok(body) = json::parse(&response.body) else {
        return Some(Fault::NotJson { truncated });
    };
    http.json.iter().find_map(|(pointer, wanted)| {
        let seen = body.pointer(pointer);
        if seen.is_some_and(|seen| is_same(seen, wanted)) {
            return None;
        }
        Some(Fault::Value {
            pointer: pointer.clone(),
            seen: seen.map_or_else(|| "missing".to_owned(), show),
        })
    })
}

/// Whether two values are the same. Numbers are what they count, however they are written.
fn is_same(this: &Value, that: &Value) -> bool {
    match (this, that) {
        (Value::Number(this), Value::Number(that)) => {
            this == that || (this.is_f64() || that.is_f64()) && this.as_f64() == that.as_f64()
        }
        (Value::Array(this), Value::Array(that)) => {
            this.len() == that.len() && this.iter().zip(that).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(this), Value::Object(that)) => {
            this.len() == that.len()
                && this
                    .iter()
                    .all(|(key, a)| that.get(key).is_some_and(|b| is_same(a, b)))
        }
        (this, that) => this == that,
    }
}

/// A value as it is shown: only single ones, and of those not more than is read at a glance.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => show_text(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            one_line(&value.to_string(), MAX_VALUE_LEN)
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn show_text(text: &str) -> String {
    format!("\"{}\"", one_line(text, MAX_VALUE_LEN))
}

fn show_pointer(pointer: &str) -> String {
    if pointer.is_empty() {
        "the body".to_owned()
    } else {
        one_line(pointer, MAX_VALUE_LEN)
    }
}
