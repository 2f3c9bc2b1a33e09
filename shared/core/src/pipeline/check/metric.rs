//! A CloudWatch metric that must compare as described.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pipeline::Span;

/// A CloudWatch metric, taken over a window of time up to now:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>.
/// From `after_test_traffic` on only whole minutes since the check began count, so that the version
/// before does not speak for the new one. What is decided at `bake` has passed when the bake time is
/// over, and has failed as soon as it fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricCheck {
    /// The metric's namespace.
    #[schemars(extend("examples" = ["AWS/ApplicationELB"]))]
    pub namespace: String,
    /// The metric's name.
    #[schemars(extend("examples" = ["HTTPCode_Target_5XX_Count"]))]
    pub name: String,
    /// The metric's dimensions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"TargetGroup": "targetgroup/green/0123456789abcdef"}]))]
    pub dimensions: BTreeMap<String, String>,
    /// The statistic: `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount` or a percentile such
    /// as `p99`. Where the window lies in two of CloudWatch's periods, the worse percentile counts.
    #[schemars(extend("examples" = ["Sum"]))]
    pub statistic: String,
    /// How the value must compare with the threshold.
    #[schemars(extend("examples" = ["at_most"]))]
    pub must_be: Comparison,
    /// The threshold, in the metric's own unit.
    #[schemars(extend("examples" = [5]))]
    pub threshold: f64,
    /// The time that is looked at, up to now; 5m by default.
    #[serde(default = "five_minutes")]
    #[schemars(extend("examples" = ["10m"]))]
    pub window: Span,
    /// How many samples there must be in that time for the value to say anything; 1 by default.
    #[serde(default = "one")]
    #[schemars(range(min = 1), extend("examples" = [100]))]
    pub minimum_samples: u32,
    /// What too few samples mean; by default the check waits for more. A metric that is only written
    /// when something goes wrong, such as a count of errors, wants `pass`.
    #[serde(default)]
    #[schemars(extend("examples" = ["fail"]))]
    pub on_no_data: OnNoData,
    /// How long is waited for samples before the check has failed; 10m by default.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("examples" = ["30m"]))]
    pub wait: Span,
}

// Thresholds are read from text, so they are never NaN.
impl Eq for MetricCheck {}

/// How a value must compare with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Less than it.
    LessThan,
    /// It or less.
    AtMost,
    /// It or more.
    AtLeast,
    /// More than it.
    MoreThan,
}

impl Comparison {
    /// Whether the value compares so with the threshold.
    #[must_use]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::LessThan => value < threshold,
            Self::AtMost => value <= threshold,
            Self::AtLeast => value >= threshold,
            Self::MoreThan => value > threshold,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LessThan => "less than",
            Self::AtMost => "at most",
            Self::AtLeast => "at least",
            Self::MoreThan => "more than",
        })
    }
}

/// What too few samples mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnNoData {
    /// The check waits for more, and has failed when its time is up.
    #[default]
    Wait,
    /// The check has passed, once its window has.
    Pass,
    /// The check has failed, once its window has passed.
    Fail,
}

fn one() -> u32 {
    1
}

fn five_minutes() -> Span {
    Span::from_seconds(300)
}

fn ten_minutes() -> Span {
    Span::from_seconds(600)
}
