//! What the loop asks of the world, one trait per service: implemented over AWS by the adapters
//! beside this file, and by simulations in tests.
//!
//! A method is one call of an AWS API (or the pages of one), so that a simulation can give each
//! call each of its outcomes: done, refused, failed before it took effect, done with the answer
//! lost, throttled.

#![expect(
    async_fn_in_trait,
    reason = "everything runs on one thread, so no caller needs the futures to be Send"
)]

mod bulletin;
mod codedeploy;
mod directive;
mod ecr;
mod ecs;
mod ledger;
mod messenger;
mod parameters;

use std::time::Duration;

use jiff::Timestamp;
use towpath_core::check::{Alarm, LogStream, MetricSpan, Reading, Verdict};
use towpath_core::names::AlarmName;
use towpath_core::pipeline::{HttpCheck, MetricCheck};
use towpath_core::release::{Place, ScalableTarget, ScalingState};

pub use bulletin::{Bulletins, OpenBulletin, Sending};
pub use codedeploy::{
    CodeDeploy, DeploymentGroup, DeploymentInfo, DeploymentProgress, NewDeployment, Wait,
};
pub use directive::{Directives, Issue, Issued, Notify, OrderLog, Trail};
pub use ecr::{Ecr, ImageDetail, ImageState};
pub use ecs::{Ecs, PauseAnswer, ServiceDeploymentBrief};
pub use ledger::{Append, AppendError, Distrust, Ledger, LoadError, OpenRelease, WAKE_GRACE};
pub use messenger::Messenger;
pub use parameters::{Parameter, Parameters};

/// A call that did not succeed, by what that means for whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// AWS understood and said no: asking again would get the same answer.
    #[error("{operation}: {code}: {message}")]
    Refused {
        /// The operation, such as `ecs:UpdateService`.
        operation: &'static str,
        /// The error's code, such as `ClusterNotFoundException`.
        code: String,
        /// What AWS said, without secrets.
        message: String,
    },
    /// It certainly did not happen (throttled, not connected), and may be tried again at once.
    #[error("{operation} was not carried out: {message}")]
    NotDone {
        operation: &'static str,
        message: String,
    },
    /// It may or may not have happened: the answer was lost.
    #[error("the outcome of {operation} is unknown: {message}")]
    Unknown {
        operation: &'static str,
        /// What is known.
        message: String,
    },
}

impl CallError {
    /// The error's code, if AWS refused.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::NotDone { .. } | Self::Unknown { .. } => None,
        }
    }
}

/// The time.
pub trait Clock {
    fn now(&self) -> Timestamp;
}

/// Amazon CloudWatch.
pub trait Metrics {
    /// `DescribeAlarms` for metric and composite alarms, at most 100: those that exist.
    async fn alarms(&self, place: &Place, names: &[AlarmName]) -> Result<Vec<Alarm>, CallError>;
    /// `GetMetricData` of a check's statistic and of the number of its samples.
    async fn metric(
        &self,
        place: &Place,
        check: &MetricCheck,
        span: MetricSpan,
    ) -> Result<Reading, CallError>;
}

/// Amazon CloudWatch Logs.
pub trait Logs {
    /// `GetLogEvents`: the last lines of a stream, the newest last.
    async fn log_lines(&self, place: &Place, stream: &LogStream) -> Result<Vec<String>, CallError>;
}

/// Application Auto Scaling of ECS services.
pub trait AutoScaling {
    /// The service's scalable target; `None` when it has none.
    async fn scaling(&self, place: &Place) -> Result<Option<ScalableTarget>, CallError>;
    /// Sets all three flags. AWS brings the desired count into the target's bounds besides.
    async fn set_scaling(&self, place: &Place, state: ScalingState) -> Result<(), CallError>;
}

/// The secrets that prove who sent something. They are read from SSM and kept for a few minutes.
pub trait Secrets {
    /// Slack's signing secret. With `renew` one that is at most a minute old, for when a signature does
    /// not match.
    async fn slack_signing_secret(&self, renew: bool) -> Result<Vec<u8>, CallError>;
    /// The key with which the tokens in e-mails are made.
    async fn link_key(&self) -> Result<Vec<u8>, CallError>;
}

/// Running checks.
pub trait Checker {
    /// Makes the requests of an HTTP check until its verdict is certain or the time is used up.
    async fn check_http(&self, check: &HttpCheck, time_left: Duration) -> Verdict;
}

/// Everything that `advance` needs.
pub trait Ports:
    Ledger
    + Directives
    + Bulletins
    + Ecs
    + CodeDeploy
    + AutoScaling
    + Metrics
    + Logs
    + Ecr
    + Parameters
    + Messenger
    + Clock
{
}

impl<T> Ports for T where
    T: Ledger
        + Directives
        + Bulletins
        + Ecs
        + CodeDeploy
        + AutoScaling
        + Metrics
        + Logs
        + Ecr
        + Parameters
        + Messenger
        + Clock
{
}
