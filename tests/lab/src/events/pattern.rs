//! Event patterns with content filtering.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>
//!
//! A pattern is checked when it is read: what EventBridge would refuse is refused, and what is
//! not known here is refused rather than ignored.

mod read;

use std::net::IpAddr;

use serde_json::{Number, Value};

use super::wildcard::Wildcard;

/// A checked pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Node);

/// Why a value is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event pattern is not valid at '{path}': {reason}")]
pub(crate) struct PatternError {
    /// Where, with dots between the names.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) reason: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Node {
    /// All have to match.
    fields: Vec<(String, Field)>,
    /// `$or`: at least one has to match; empty when there is none.
    any: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Object(Node),
    /// At least one has to match.
    Leaf(Vec<Test>),
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Value),
    Prefix(String),
    PrefixFold(String),
    Suffix(String),
    SuffixFold(String),
    EqualsFold(String),
    Wildcard(Wildcard),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
    Cidr(IpAddr, u8),
    /// Matches when the field is there and none of these does.
    AnythingBut(Vec<Test>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

type Parsed<T> = Result<T, PatternError>;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Where and why EventBridge would refuse it.
    pub(crate) fn new(value: &Value) -> Parsed<Self> {
        let members = value
            .as_object()
            .ok_or_else(|| wrong("", "a pattern is an object"))?;
        if members.is_empty() {
            return Err(wrong("", "a pattern cannot be empty"));
        }
        read::node(members, "").map(Self)
    }

    /// Whether the pattern matches an event (or a stream record).
    pub(crate) fn matches(&self, event: &Value) -> bool {
        self.0.matches(Some(event))
    }
}

fn wrong(path: &str, reason: impl Into<String>) -> PatternError {
    PatternError {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

impl Node {
    /// Matches a value, or its absence. A list matches when one of its elements does.
    fn matches(&self, value: Option<&Value>) -> bool {
        if let Some(Value::Array(items)) = value {
            return items.iter().any(|item| self.matches(Some(item)));
        }
        let members = value.and_then(Value::as_object);
        let fields = self.fields.iter().all(|(name, field)| {
            let value = members.and_then(|members| members.get(name));
            match field {
                Field::Object(node) => node.matches(value),
                Field::Leaf(tests) => tests.iter().any(|test| test.matches(value)),
            }
        });
        fields && (self.any.is_empty() || self.any.iter().any(|node| node.matches(value)))
    }
}

impl Test {
    fn matches(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            // Only leaves exist for EventBridge: an object is not one.
            (Self::Exists(wanted), value) => {
                *wanted == value.is_some_and(|value| !value.is_object())
            }
            (_, None) => false,
            (Self::AnythingBut(tests), Some(Value::Array(items))) => items
                .iter()
                .any(|item| !tests.iter().any(|test| test.matches(Some(item)))),
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.matches(Some(item))),
            (Self::AnythingBut(tests), Some(value)) => {
                !tests.iter().any(|test| test.matches(Some(value)))
            }
            (Self::Equals(Value::Number(wanted)), Some(Value::Number(number))) => {
                same(wanted, number)
            }
            (Self::Equals(wanted), Some(value)) => wanted == value,
            (Self::Numeric(pairs), Some(value)) => value
                .as_f64()
                .is_some_and(|number| pairs.iter().all(|pair| compares(*pair, number))),
            (_, Some(Value::String(text))) => self.matches_text(text),
            (_, Some(_)) => false,
        }
    }

    fn matches_text(&self, text: &str) -> bool {
        match self {
            Self::Prefix(start) => text.starts_with(start),
            Self::PrefixFold(start) => text.to_lowercase().starts_with(start),
            Self::Suffix(end) => text.ends_with(end),
            Self::SuffixFold(end) => text.to_lowercase().ends_with(end),
            Self::EqualsFold(wanted) => text.to_lowercase() == *wanted,
            Self::Wildcard(wildcard) => wildcard.matches(text),
            Self::Cidr(network, length) => text
                .parse()
                .is_ok_and(|address| within(*network, *length, address)),
            Self::Equals(_) | Self::Exists(_) | Self::Numeric(_) | Self::AnythingBut(_) => false,
        }
    }
}

/// `1` and `1.0` are the same number.
fn same(one: &Number, other: &Number) -> bool {
    one == other || one.as_f64() == other.as_f64()
}

fn compares((comparison, wanted): (Comparison, f64), number: f64) -> bool {
    match comparison {
        Comparison::Less => number < wanted,
        Comparison::LessOrEqual => number <= wanted,
        Comparison::Equal => (number - wanted).abs() < f64::EPSILON,
        Comparison::GreaterOrEqual => number >= wanted,
        Comparison::Greater => number > wanted,
    }
}

fn within(network: IpAddr, length: u8, address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let ((network, size), (address, other)) = (bits(network), bits(address));
    let differing = network ^ address;
    size == other && (length == 0 || differing >> (128 - u32::from(length)) == 0)
}

#[cfg(test)]
mod tests;
