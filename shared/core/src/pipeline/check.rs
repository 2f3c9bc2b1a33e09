//! Verification runs against green, before and while production traffic moves to it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::names::CheckName;

/// One verification run against green.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "CheckKeys", into = "CheckKeys")]
#[schemars(with = "CheckKeys")]
pub struct Check {
    /// The check's name, unique in its stage; it is shown wherever its failure is.
    pub name: CheckName,
    /// When it runs; by default as soon as green answers at the test listener.
    pub at: HookPoint,
    /// What is checked.
    pub kind: CheckKind,
}

/// A check as it is written: the key names what is checked.
///
/// Spelled out instead of flattened by serde, which would read the settings without knowing their
/// types, and would not tell which key is unknown.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Check", extend("oneOf" = [{"required": ["http"]}]))]
struct CheckKeys {
    /// The check's name, unique in its stage; it is shown wherever its failure is.
    #[schemars(extend("examples" = ["health"]))]
    name: CheckName,
    /// When it runs; by default as soon as green answers at the test listener.
    #[serde(default)]
    #[schemars(extend("examples" = ["before_traffic"]))]
    at: HookPoint,
    /// An HTTP request that must be answered as described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"url": "http://test.shop.example.com/health"}]))]
    http: Option<HttpCheck>,
}

/// A check that does not say what it checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("check `{0}` does not say what it checks: give it the key `http`")]
pub struct KindlessCheck(CheckName);

impl TryFrom<CheckKeys> for Check {
    type Error = KindlessCheck;

    fn try_from(keys: CheckKeys) -> Result<Self, KindlessCheck> {
        let CheckKeys { name, at, http } = keys;
        match http {
            Some(http) => Ok(Self {
                name,
                at,
                kind: CheckKind::Http(http),
            }),
            None => Err(KindlessCheck(name)),
        }
    }
}

impl From<Check> for CheckKeys {
    fn from(check: Check) -> Self {
        let Check { name, at, kind } = check;
        match kind {
            CheckKind::Http(http) => Self {
                name,
                at,
                http: Some(http),
            },
        }
    }
}

/// The point of a deployment at which a check runs, in the order in which a deployment passes them:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-ecs>.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HookPoint {
    /// Before the green tasks are created.
    BeforeInstall,
    /// After the green tasks are running, before they get any traffic.
    AfterInstall,
    /// After the test listener sends its traffic to green.
    #[default]
    AfterTestTraffic,
    /// Before production traffic moves.
    BeforeTraffic,
    /// After production traffic has moved.
    AfterTraffic,
}

impl HookPoint {
    /// All of them, in the order of a deployment.
    pub const ALL: [Self; 5] = [
        Self::BeforeInstall,
        Self::AfterInstall,
        Self::AfterTestTraffic,
        Self::BeforeTraffic,
        Self::AfterTraffic,
    ];

    /// CodeDeploy's name of the lifecycle event.
    #[must_use]
    pub fn lifecycle_event(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::AfterInstall => "AfterInstall",
            Self::AfterTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeTraffic => "BeforeAllowTraffic",
            Self::AfterTraffic => "AfterAllowTraffic",
        }
    }

    /// The hook point of a CodeDeploy lifecycle event; `None` where CodeDeploy calls no function.
    #[must_use]
    pub fn of_lifecycle_event(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|point| point.lifecycle_event() == name)
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeInstall => "before_install",
            Self::AfterInstall => "after_install",
            Self::AfterTestTraffic => "after_test_traffic",
            Self::BeforeTraffic => "before_traffic",
            Self::AfterTraffic => "after_traffic",
        })
    }
}

/// What a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// An HTTP request, usually to the test listener.
    Http(HttpCheck),
}

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
