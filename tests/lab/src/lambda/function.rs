//! A function: its configuration, its execution environments, its statistics.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::environment::Environment;
use super::stats::Stats;
use crate::description::Asynchronous;

/// A function in one account and region.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) config: Config,
    /// What it does now.
    pub(crate) pool: Mutex<Pool>,
    /// What it has done.
    pub(crate) stats: Mutex<Stats>,
}

/// The configuration of a function.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Account it lives in.
    pub(crate) account: String,
    /// Region it lives in.
    pub(crate) region: String,
    /// Its name in AWS.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) binary: PathBuf,
    pub(crate) role_arn: String,
    /// Memory in MiB.
    pub(crate) memory_mb: u32,
    /// Real time after which an invocation is killed.
    pub(crate) timeout: Duration,
    /// Invocations at the same time; more are throttled.
    pub(crate) reserved_concurrency: Option<u32>,
    /// Its environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// How asynchronous invocations are retried.
    pub(crate) asynchronous: Asynchronous,
    /// The SQS queue for what it could not handle.
    pub(crate) dead_letters: Option<String>,
}

/// The execution environments of a function.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    /// Those that wait for an invocation.
    pub(crate) idle: Vec<Arc<Environment>>,
    /// Invocations in flight.
    pub(crate) in_flight: u32,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Request id of the invocation.
    pub(crate) request_id: String,
    /// What the function answered, or the description of its error.
    pub(crate) payload: Bytes,
    /// `None`: it succeeded. Otherwise what `X-Amz-Function-Error` says.
    pub(crate) function_error: Option<&'static str>,
}

impl Config {
    /// The function's ARN, without a version.
    pub(crate) fn arn(&self) -> String {
        format!(
            "arn:aws:lambda:{}:{}:function:{}",
            self.region, self.account, self.name
        )
    }

    /// The name of its log. Functions of accounts other than `home` may be named as those there.
    pub(crate) fn log_name(&self, home: &str) -> String {
        if self.account == home {
            format!("{}.log", self.name)
        } else {
            format!("{}.{}.log", self.name, self.account)
        }
    }

    /// The configuration as `GetFunctionConfiguration` shows it. Values of environment variables
    /// are shown as AWS shows them: whole.
    pub(crate) fn describe(&self) -> Value {
        json!({
            "FunctionName": self.name,
            "FunctionArn": self.arn(),
            "Description": self.description,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": self.role_arn,
            "MemorySize": self.memory_mb,
            "Timeout": self.timeout.as_secs(),
            "Environment": { "Variables": self.environment },
            "PackageType": "Zip",
            "Architectures": [if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }],
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "Version": "$LATEST",
            "TracingConfig": { "Mode": "PassThrough" },
        })
    }
}

impl Answer {
    /// An answer for a failure that the function could not report itself.
    pub(crate) fn failed(request_id: &str, kind: &str, message: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {message}");
        let payload = json!({ "errorType": kind, "errorMessage": message });
        Self {
            request_id: request_id.to_owned(),
            payload: payload.to_string().into(),
            function_error: Some("Unhandled"),
        }
    }

    /// The answer as JSON; what is not JSON is shown as text.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.payload)
            .unwrap_or_else(|_not_json| json!(String::from_utf8_lossy(&self.payload)))
    }
}
