//! Verification runs: of green before production traffic moves to it, and of what serves after.

mod alarm;
mod http;
mod metric;
mod point;
mod task;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alarm::AlarmCheck;
pub use http::HttpCheck;
pub use metric::{Comparison, MetricCheck, OnNoData};
pub use point::HookPoint;
pub use task::TaskCheck;

use super::Span;
use crate::names::CheckName;

/// One verification run.
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

/// What a check looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// An HTTP request, usually to the test listener. The hook function makes it.
    Http(HttpCheck),
    /// CloudWatch alarms that must be OK. `advance` asks, as for all kinds but HTTP.
    Alarm(AlarmCheck),
    /// A CloudWatch metric that must compare as described.
    Metric(MetricCheck),
    /// A one-off ECS task that must exit with 0.
    Task(TaskCheck),
}

impl CheckKind {
    /// What the hook function runs, which has the network to reach green and may change nothing.
    /// The others ask AWS, or let it run a task, and are `advance`'s.
    #[must_use]
    pub fn in_hook_function(&self) -> Option<&HttpCheck> {
        match self {
            Self::Http(http) => Some(http),
            Self::Alarm(_) | Self::Metric(_) | Self::Task(_) => None,
        }
    }

    /// Whether the hook function runs it.
    #[must_use]
    pub fn runs_in_hook_function(&self) -> bool {
        self.in_hook_function().is_some()
    }

    /// The longest time that `advance` gives it until it is decided, and the key that sets it.
    #[must_use]
    pub fn time_limit(&self) -> Option<(&'static str, Span)> {
        match self {
            Self::Task(task) => Some(("task.timeout", task.timeout)),
            Self::Metric(metric) => Some(match metric.on_no_data {
                OnNoData::Wait => ("metric.wait", metric.wait),
                OnNoData::Pass | OnNoData::Fail => ("metric.window", metric.window),
            }),
            Self::Http(_) | Self::Alarm(_) => None,
        }
    }

    /// The key by which a pipeline names the kind.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Alarm(_) => "alarm",
            Self::Metric(_) => "metric",
            Self::Task(_) => "task",
        }
    }
}

/// A check as it is written: the key names what is checked.
///
/// Spelled out instead of flattened by serde, which would read the settings without knowing their
/// types, and would not tell which key is unknown.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Check", extend("oneOf" = [
    {"required": ["http"]}, {"required": ["alarm"]}, {"required": ["metric"]}, {"required": ["task"]},
]))]
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
    /// CloudWatch alarms that must be in the state `OK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"names": ["shop-api-5xx"]}]))]
    alarm: Option<AlarmCheck>,
    /// A CloudWatch metric that must compare as described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"namespace": "AWS/ApplicationELB", "name": "HTTPCode_Target_5XX_Count", "statistic": "Sum", "must_be": "at_most", "threshold": 5}]))]
    metric: Option<MetricCheck>,
    /// A one-off task of the new revision that must exit with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"container": "app", "command": ["./manage", "migrate"]}]))]
    task: Option<TaskCheck>,
}

/// A check that does not say what it checks, or says it twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KindlessCheck {
    /// It has no key that says what is checked.
    #[error(
        "check `{}` does not say what it checks: give it one of the keys `http`, `alarm`, `metric` and `task`",
        towpath_taskdef::repeated(.0.as_str())
    )]
    None(CheckName),
    /// It has several.
    #[error("check `{}` says twice what it checks: make a check of each", towpath_taskdef::repeated(.0.as_str()))]
    Several(CheckName),
}

impl TryFrom<CheckKeys> for Check {
    type Error = KindlessCheck;

    fn try_from(keys: CheckKeys) -> Result<Self, KindlessCheck> {
        let CheckKeys {
            name,
            at,
            http,
            alarm,
            metric,
            task,
        } = keys;
        let mut kinds = [
            http.map(CheckKind::Http),
            alarm.map(CheckKind::Alarm),
            metric.map(CheckKind::Metric),
            task.map(CheckKind::Task),
        ]
        .into_iter()
        .flatten();
        match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Ok(Self { name, at, kind }),
            (None, _) => Err(KindlessCheck::None(name)),
            (Some(_), Some(_)) => Err(KindlessCheck::Several(name)),
        }
    }
}

impl From<Check> for CheckKeys {
    fn from(check: Check) -> Self {
        let Check { name, at, kind } = check;
        let mut keys = Self {
            name,
            at,
            http: None,
            alarm: None,
            metric: None,
            task: None,
        };
        match kind {
            CheckKind::Http(http) => keys.http = Some(http),
            CheckKind::Alarm(alarm) => keys.alarm = Some(alarm),
            CheckKind::Metric(metric) => keys.metric = Some(metric),
            CheckKind::Task(task) => keys.task = Some(task),
        }
        keys
    }
}
