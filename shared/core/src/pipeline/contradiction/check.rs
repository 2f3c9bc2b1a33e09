//! Contradictions within one check.

use super::Found;
use crate::check::target::{AddressPolicy, CheckUrl, Denied, Host};
use crate::pipeline::{AlarmCheck, Check, CheckKind, HttpCheck, MetricCheck, TaskCheck};
use crate::{repeated, repeated_key};

/// Longest time in seconds that one answer may take.
const LONGEST_ANSWER: u32 = 20;

/// Headers that the connection itself sets.
const OWN_HEADERS: [&str; 4] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn find(check: &Check, path: &str, found: &mut Found) {
    match &check.kind {
        CheckKind::Http(http) => find_in_http(http, &format!("{path}.http"), found),
        CheckKind::Alarm(alarm) => find_in_alarm(alarm, &format!("{path}.alarm"), found),
        CheckKind::Metric(metric) => find_in_metric(metric, &format!("{path}.metric"), found),
        CheckKind::Task(task) => find_in_task(task, &format!("{path}.task"), found),
    }
}

/// Most alarms that one check looks at, and that DescribeAlarms takes at once.
const MOST_ALARMS: usize = 100;

fn find_in_alarm(alarm: &AlarmCheck, path: &str, found: &mut Found) {
    let count = alarm.names.len();
    if count == 0 || count > MOST_ALARMS {
        found.add(
            format!("{path}.names"),
            format!("{count} alarms cannot be looked at"),
            format!("name 1 to {MOST_ALARMS} alarms"),
        );
    }
}

/// Most dimensions of a metric:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Dimension>.
const MOST_DIMENSIONS: usize = 30;

fn find_in_metric(metric: &MetricCheck, path: &str, found: &mut Found) {
    for (key, text) in [("namespace", &metric.namespace), ("name", &metric.name)] {
        if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
            found.add(
                format!("{path}.{key}"),
                format!("`{}` is not the {key} of a metric", repeated(text)),
                "use 1 to 255 characters",
            );
        }
    }
    if metric.dimensions.len() > MOST_DIMENSIONS {
        found.add(
            format!("{path}.dimensions"),
            format!("{} dimensions are too many", metric.dimensions.len()),
            format!("a metric has at most {MOST_DIMENSIONS}"),
        );
    }
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

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html>
fn is_statistic(text: &str) -> bool {
    let percentile = || {
        let percent = text.strip_prefix('p')?.parse::<f64>().ok()?;
        Some((0.0..=100.0).contains(&percent))
    };
    ["Average", "Sum", "Minimum", "Maximum", "SampleCount"].contains(&text)
        || percentile().unwrap_or(false)
}

/// The longest text of all overrides of a task:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>.
const LONGEST_OVERRIDES: usize = 8_192;

fn find_in_task(task: &TaskCheck, path: &str, found: &mut Found) {
    if task.command.is_empty() {
        found.add(
            format!("{path}.command"),
            "a task without a command would run the service itself",
            "name the command and its arguments, one word each",
        );
    }
    let length: usize = task.command.iter().map(String::len).sum::<usize>()
        + task
            .environment
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum::<usize>();
    if length > LONGEST_OVERRIDES / 2 {
        found.add(
            path,
            format!("command and environment have {length} characters, more than ECS takes"),
            "put the script into the image, and name it",
        );
    }
}

fn find_in_http(http: &HttpCheck, path: &str, found: &mut Found) {
    url(&http.url, &format!("{path}.url"), found);
    if !(100..=599).contains(&http.status) {
        found.add(
            format!("{path}.status"),
            format!("{} is not an HTTP status", http.status),
            "use one from 100 to 599",
        );
    }
    headers(http, path, found);
    if http.body_contains.as_deref() == Some("") {
        found.add(
            format!("{path}.body_contains"),
            "every body contains an empty text",
            "write the text, or leave the key out",
        );
    }
    for pointer in http.json.keys() {
        if !(pointer.is_empty() || pointer.starts_with('/')) {
            found.add(
                format!("{path}.json.{pointer}"),
                format!("`{}` is not a JSON pointer", repeated(pointer)),
                format!("write `/{}`", repeated(pointer)),
            );
        }
    }
    timing(http, path, found);
}

/// The URL is read by what reads it when the check runs. Of addresses only those are found that no
/// check ever goes to: which others are allowed is the deployer's setting.
fn url(text: &str, path: &str, found: &mut Found) {
    match text.parse::<CheckUrl>() {
        Err(error) => found.add(path, error.to_string(), "write it as https://host/path"),
        Ok(url) => {
            let Host::Address(address) = url.host() else {
                return;
            };
            if let Err(denied @ Denied::Never { .. }) = AddressPolicy::default().admit(*address) {
                found.add(
                    path,
                    denied.to_string(),
                    "name the load balancer's listener that tests green",
                );
            }
        }
    }
}

fn headers(http: &HttpCheck, path: &str, found: &mut Found) {
    for (name, value) in &http.headers {
        let path = format!("{path}.headers.{name}");
        let shown = repeated_key(name);
        // <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            found.add(
                &path,
                format!("`{shown}` is not the name of a header"),
                "use letters, digits and -",
            );
        } else if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            found.add(
                &path,
                format!("`{shown}` is set by the connection itself"),
                "leave it out",
            );
        }
        if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            found.add(
                &path,
                format!("the value of `{shown}` has characters that a header cannot carry"),
                "use printable ASCII",
            );
        }
    }
}

fn timing(http: &HttpCheck, path: &str, found: &mut Found) {
    if http.attempts == 0 || http.attempts > 100 {
        found.add(
            format!("{path}.attempts"),
            format!("{} requests make no check", http.attempts),
            "make 1 to 100",
        );
        return;
    }
    if http.successes == 0 || http.successes > http.attempts {
        found.add(
            format!("{path}.successes"),
            format!(
                "{} successes cannot be told from {} attempts",
                http.successes, http.attempts
            ),
            format!("ask for 1 to {}", http.attempts),
        );
    }
    if http.timeout.seconds() > LONGEST_ANSWER {
        found.add(
            format!("{path}.timeout"),
            format!("{} is too long to wait for one answer", http.timeout),
            format!("wait at most {LONGEST_ANSWER}s, and make more attempts"),
        );
    }
}

/// The longest time in seconds that the hook function may spend on a check.
pub(super) fn longest(check: &Check) -> u64 {
    match &check.kind {
        CheckKind::Http(http) => {
            let attempts = u64::from(http.attempts);
            attempts * u64::from(http.timeout.seconds())
                + attempts.saturating_sub(1) * u64::from(http.interval.seconds())
        }
        // What `advance` runs is looked at again and again, whatever it takes.
        CheckKind::Alarm(_) | CheckKind::Metric(_) | CheckKind::Task(_) => 0,
    }
}
