//! Evaluation of checks: whether the answers of green pass, and what alarms, metrics and tasks come to.
//!
//! Whoever makes the requests hands over what came back; nothing here connects to anything.

mod alarm;
mod fault;
mod judge;
mod metric;
mod task;
mod watch;

pub use alarm::{Alarm, judge_alarms};
pub use judge::{decided, judge};
pub use metric::{Reading, Span as MetricSpan, judge_metric, span};
pub use task::{
    LogStream, TaskState, judge_task, log_stream, log_tail, read_task, run_task, task_definition,
};
pub use watch::{Finding, Watch};

/// Largest part of an answer's body in bytes that is read. What a health endpoint says is smaller.
pub const MAX_BODY: usize = 64 * 1_024;

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The response, or why there was none: `connection refused`.
    pub outcome: Result<Response, String>,
}

/// A response to a check's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The body, or its first [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
    /// Whether there is more of the body than was read.
    pub truncated: bool,
    /// The time in milliseconds from the beginning of the request to the end of what was read.
    pub elapsed_ms: u64,
}

/// Whether a check has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it has.
    pub passed: bool,
    /// What was seen against what was expected, on one line, for people: `GET http://… answered
    /// 500 in 3 of 3 attempts, expected 200 in at least 1`. Of bodies it shows nothing but the
    /// single values that the check asks for.
    pub detail: String,
}
