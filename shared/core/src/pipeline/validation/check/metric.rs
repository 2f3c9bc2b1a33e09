//! Contradictions within a metric check: what CloudWatch takes for a metric.

use towpath_taskdef::{repeated, repeated_key};

use crate::pipeline::MetricCheck;
use crate::pipeline::finding::Found;

/// Most dimensions of a metric:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension>.
const MAX_DIMENSIONS: usize = 30;

/// Longest value of a dimension:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>.
const MAX_VALUE_LEN: usize = 1_024;

/// Most digits after a percentile's point:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html>.
const MAX_DECIMALS: usize = 10;

pub(super) fn find(metric: &MetricCheck, path: &str, found: &mut Found) {
    name(metric, path, found);
    dimensions(metric, &format!("{path}.dimensions"), found);
    if !is_statistic(&metric.statistic) {
        found.add(
            format!("{path}.statistic"),
            format!("`{}` is not a statistic", repeated(&metric.statistic)),
            "use Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99",
        );
    }
    let window = metric.window.seconds();
    if window == 0 || !window.is_multiple_of(60) || window > 86_400 {
        found.add(
            format!("{path}.window"),
            format!("CloudWatch keeps no periods of {}", metric.window),
            "use whole minutes, at most 24h",
        );
    }
    if !metric.threshold.is_finite() {
        found.add(
            format!("{path}.threshold"),
            "the threshold is not a finite number",
            "write a number",
        );
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Metric.html>
fn name(metric: &MetricCheck, path: &str, found: &mut Found) {
    let namespace = &metric.namespace;
    if !is_ascii_text(namespace, 255) || namespace.starts_with(':') {
        found.add(
            format!("{path}.namespace"),
            format!("`{}` is not the namespace of a metric", repeated(namespace)),
            "use 1 to 255 printable ASCII characters, not beginning with `:`, such as AWS/ApplicationELB",
        );
    }
    let name = &metric.name;
    if name.trim().is_empty() || name.chars().count() > 255 || name.contains(char::is_control) {
        found.add(
            format!("{path}.name"),
            format!("`{}` is not the name of a metric", repeated_key(name)),
            "use 1 to 255 characters, such as HTTPCode_Target_5XX_Count",
        );
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
fn dimensions(metric: &MetricCheck, path: &str, found: &mut Found) {
    if metric.dimensions.len() > MAX_DIMENSIONS {
        found.add(
            path,
            format!("{} dimensions are too many", metric.dimensions.len()),
            format!("a metric has at most {MAX_DIMENSIONS}"),
        );
    }
    for (name, value) in &metric.dimensions {
        let path = format!("{path}.{name}");
        if !is_ascii_text(name, 255) || name.starts_with(':') {
            found.add(
                &path,
                format!("`{}` is not the name of a dimension", repeated_key(name)),
                "use 1 to 255 printable ASCII characters, not beginning with `:`, such as TargetGroup",
            );
        }
        if !is_ascii_text(value, MAX_VALUE_LEN) {
            found.add(
                &path,
                format!("`{}` is not the value of a dimension", repeated(value)),
                format!("use 1 to {MAX_VALUE_LEN} printable ASCII characters"),
            );
        }
    }
}

/// Printable ASCII, not of spaces alone.
fn is_ascii_text(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !text.trim().is_empty()
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html>
fn is_statistic(text: &str) -> bool {
    ["Average", "Sum", "Minimum", "Maximum", "SampleCount"].contains(&text)
        || text.strip_prefix('p').is_some_and(is_percent)
}

/// `99` or `99.9`, from 0 to 100.
fn is_percent(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (text, None),
    };
    digits(whole)
        && whole.len() <= 3
        && decimals.is_none_or(|text| digits(text) && text.len() <= MAX_DECIMALS)
        && text
            .parse::<f64>()
            .is_ok_and(|percent| (0.0..=100.0).contains(&percent))
}
