//! `infra/functions.json`: the one description of the functions, from which Terraform makes
//! resources and the lab makes itself.

pub(crate) mod told;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use self::told::Told;
use crate::iam::policy::Statement;

/// The whole description, with its placeholders filled in.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Description {
    /// Version of the file's form; this is version 1.
    pub(crate) version: u32,
    /// Starts every name in AWS, such as `towpath`.
    pub(crate) prefix: String,
    /// The ledger's table.
    pub(crate) table: Table,
    /// SNS topics: key in this file → name.
    #[serde(default)]
    pub(crate) topics: BTreeMap<String, String>,
    /// SSM parameters: key in this file → name.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, String>,
    /// The SSM parameter that says that there is a deployer.
    pub(crate) installation: String,
    /// Environment of all functions.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// The functions: short name → function.
    pub(crate) functions: BTreeMap<String, Function>,
}

/// A DynamoDB table keyed by `pk` and `sk`, both strings.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Its global secondary indexes.
    #[serde(default)]
    pub(crate) indexes: Vec<Index>,
    /// What a stream record carries.
    #[serde(default = "both_images")]
    pub(crate) stream_view_type: String,
}

/// A global secondary index with string keys, projecting everything.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// Attribute of its partition key.
    pub(crate) partition: String,
    /// Attribute of its sort key.
    pub(crate) sort: Option<String>,
}

/// One Lambda function.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Function {
    #[serde(default)]
    pub(crate) description: String,
    /// Memory in MiB.
    pub(crate) memory_mb: u32,
    /// Seconds of real time after which an invocation is killed.
    pub(crate) timeout_seconds: u32,
    /// Invocations at the same time; more are throttled.
    pub(crate) reserved_concurrency: Option<u32>,
    /// Its own environment, on top of everybody's.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
    /// What invokes it.
    #[serde(default)]
    pub(crate) triggers: Triggers,
    /// How its asynchronous invocations are retried.
    #[serde(rename = "async", default)]
    pub(crate) asynchronous: Asynchronous,
    /// Whether what it could not handle is kept in a queue.
    #[serde(default = "yes")]
    pub(crate) dead_letters: bool,
    /// What its role allows.
    #[serde(default)]
    pub(crate) statements: Vec<Statement>,
}

/// What invokes a function.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Triggers {
    /// EventBridge rules with a pattern.
    pub(crate) events: Vec<EventRule>,
    /// EventBridge rules with a schedule.
    pub(crate) schedules: Vec<Schedule>,
    /// The table's stream.
    pub(crate) stream: Option<Stream>,
    /// Keys of `topics`.
    pub(crate) topics: Vec<String>,
    /// A function URL.
    pub(crate) url: Option<Url>,
}

/// A rule on the default bus.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventRule {
    /// Name of the rule, after prefix and function.
    pub(crate) name: String,
    /// Event pattern.
    pub(crate) pattern: Value,
    /// What the function gets instead of the event.
    pub(crate) input: Option<Value>,
    /// How often a failed delivery is tried again.
    #[serde(default = "event_attempts")]
    pub(crate) maximum_retry_attempts: u32,
    /// How long, in virtual seconds, a delivery is tried.
    #[serde(default = "event_age")]
    pub(crate) maximum_event_age_seconds: u32,
}

/// A rule with a schedule.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Schedule {
    /// Name of the rule, after prefix and function.
    pub(crate) name: String,
    /// `rate(…)`.
    pub(crate) expression: String,
    /// What the function gets instead of the event.
    pub(crate) input: Option<Value>,
}

/// The event source mapping of the table's stream.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stream {
    /// A record is taken when one of these patterns matches it; none takes all.
    #[serde(default)]
    pub(crate) filters: Vec<Value>,
    /// Records in one invocation.
    #[serde(default = "batch_size")]
    pub(crate) batch_size: usize,
    /// Batches at the same time; records of one partition key stay in order.
    #[serde(default = "one")]
    pub(crate) parallelization_factor: usize,
    /// Attempts after the first; `-1` or absent: until the records are too old.
    pub(crate) maximum_retry_attempts: Option<i64>,
    /// Virtual seconds after which a record is given up; `-1` or absent: never.
    pub(crate) maximum_record_age_seconds: Option<i64>,
    /// Whether a failed batch is halved.
    #[serde(default)]
    pub(crate) bisect_on_error: bool,
}

/// A function URL.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Url {
    /// `NONE` or `AWS_IAM`.
    pub(crate) auth: String,
}

/// How asynchronous invocations are retried.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Asynchronous {
    /// Attempts after the first, 0 to 2.
    pub(crate) maximum_retry_attempts: u32,
    /// Virtual seconds for which an event is tried.
    pub(crate) maximum_event_age_seconds: u32,
}

impl Default for Asynchronous {
    fn default() -> Self {
        Self {
            maximum_retry_attempts: 2,
            maximum_event_age_seconds: 21_600,
        }
    }
}

fn yes() -> bool {
    true
}

fn both_images() -> String {
    "NEW_AND_OLD_IMAGES".to_owned()
}

fn event_attempts() -> u32 {
    185
}

fn event_age() -> u32 {
    86_400
}

fn batch_size() -> usize {
    100
}

fn one() -> usize {
    1
}

/// Why the description cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DescriptionError {
    /// The file cannot be read.
    #[error("cannot read '{file}': name the description of the functions with --functions-json")]
    Read {
        file: String,
        #[source]
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("'{file}' is not a description of functions")]
    Form {
        file: String,
        #[source]
        source: serde_json::Error,
    },
    /// A placeholder that nobody fills in.
    #[error("unknown placeholder in \"{0}\": there are ${{account}}, ${{region}} and ${{prefix}}")]
    Placeholder(String),
    /// A version this lab does not know.
    #[error("the description has version {0}, this lab reads version 1")]
    Version(u32),
}

/// Reads the description, fills in its placeholders, and widens it by what the installer told.
///
/// # Errors
/// When the file cannot be read, or is not a description.
pub(crate) fn read(
    file: &Path,
    account: &str,
    region: &str,
    told: &Told,
) -> Result<Description, DescriptionError> {
    let name = || file.display().to_string();
    let bytes = std::fs::read(file).map_err(|source| DescriptionError::Read {
        file: name(),
        source,
    })?;
    let form = |source| DescriptionError::Form {
        file: name(),
        source,
    };
    let mut value: Value = serde_json::from_slice(&bytes).map_err(form)?;
    let prefix = value["prefix"].as_str().unwrap_or_default().to_owned();
    let known = [
        ("${account}", account),
        ("${region}", region),
        ("${prefix}", prefix.as_str()),
    ];
    fill(&mut value, &known)?;
    let mut description: Description = serde_json::from_value(value).map_err(form)?;
    if description.version != 1 {
        return Err(DescriptionError::Version(description.version));
    }
    told.widen(&mut description);
    Ok(description)
}

fn fill(value: &mut Value, known: &[(&str, &str)]) -> Result<(), DescriptionError> {
    match value {
        Value::String(text) => {
            for (placeholder, meaning) in known {
                *text = text.replace(placeholder, meaning);
            }
            // What names a condition key is a policy variable, which IAM fills in.
            let variable = |rest: &str| rest.split('}').next().is_some_and(|it| it.contains(':'));
            if !text.split("${").skip(1).all(variable) {
                return Err(DescriptionError::Placeholder(text.clone()));
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, known)),
        Value::Object(members) => members.values_mut().try_for_each(|item| fill(item, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

impl Description {
    /// The name of a function in AWS.
    pub(crate) fn function_name(&self, short: &str) -> String {
        format!("{}-{short}", self.prefix)
    }

    /// The name of the queue that takes what a function could not handle.
    pub(crate) fn dead_letter_queue(&self, short: &str) -> String {
        format!("{}-{short}-dead-letters", self.prefix)
    }
}
