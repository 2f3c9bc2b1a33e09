//! An HTTP request to green.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::Span;

/// An HTTP request that must be answered as described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpCheck {
    /// The URL, `http` or `https`. Redirects are not followed.
    #[schemars(extend("examples" = ["http://test.shop.example.com/health"]))]
    pub url: String,
    /// The status code that must come; 200 by default.
    #[serde(default = "ok")]
    #[schemars(range(min = 100, max = 599), extend("examples" = [204]))]
    pub status: u16,
    /// Request headers, for a health endpoint that wants them. Not for secrets: they are shown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"accept": "application/json"}]))]
    pub headers: BTreeMap<String, String>,
    /// Text that the body must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["ready"]))]
    pub body_contains: Option<String>,
    /// Values that the JSON body must have, by JSON pointer: `{"/status": "ok"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"/status": "ok"}]))]
    pub json: BTreeMap<String, serde_json::Value>,
    /// The longest time that one answer may take; 5s by default, 20s at most.
    #[serde(default = "five_seconds")]
    #[schemars(extend("examples" = ["2s"]))]
    pub timeout: Span,
    /// How many requests are made; 3 by default.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 100), extend("examples" = [5]))]
    pub attempts: u8,
    /// How many of them must succeed; 1 by default.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100), extend("examples" = [3]))]
    pub successes: u8,
    /// The pause between two requests; 1s by default.
    #[serde(default = "one_second")]
    #[schemars(extend("examples" = ["5s"]))]
    pub interval: Span,
}

impl HttpCheck {
    /// The longest time in seconds that it may take, with all of its attempts.
    #[must_use]
    pub fn longest_seconds(&self) -> u64 {
        let attempts = u64::from(self.attempts);
        attempts * u64::from(self.timeout.seconds())
            + attempts.saturating_sub(1) * u64::from(self.interval.seconds())
    }
}

fn ok() -> u16 {
    200
}

fn one() -> u8 {
    1
}

fn three() -> u8 {
    3
}

fn one_second() -> Span {
    Span::from_seconds(1)
}

fn five_seconds() -> Span {
    Span::from_seconds(5)
}
