//! What each function does with what it is given: one file per function.
//!
//! Intake handlers authenticate, load, accept or refuse, append and return. Only
//! [`advance`] changes deployments.

pub mod advance;
pub mod approval;
pub mod deployment_event;
pub mod image_push;
pub mod lifecycle_hook;
pub mod sweeper;

mod bulletin;
mod distrusted;
mod record;
mod stored;

pub use record::record;

pub use crate::recorded::Recorded;

use crate::drive::DriveError;
use crate::ports::{AppendError, CallError, LoadError};

/// Why an invocation failed. On Lambda a failure is a retry, and after the retries a dead letter
/// with this text; what a retry cannot mend is answered instead, unless nothing else could keep
/// it from being lost.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The event is not of a shape that this function knows.
    #[error("the event cannot be read: {0}")]
    Malformed(String),
    /// A pipeline that the event concerns cannot be used. The others were dealt with.
    #[error("{0}")]
    Pipeline(String),
    /// The function is not set up.
    #[error("{0}")]
    NotSetUp(String),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The ledger could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The ledger could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A release could not be driven.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The invocation's time was used up.
    #[error("the function's time was used up before it was done")]
    OutOfTime,
}

impl HandlerError {
    /// The kind of error, as a dead letter names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MalformedEvent",
            Self::Pipeline(_) => "UnusablePipeline",
            Self::NotSetUp(_) => "NotSetUp",
            Self::Call(_) => "CallFailed",
            Self::Load(_) => "LedgerNotRead",
            Self::Append(_) => "LedgerNotWritten",
            Self::Drive(_) => "ReleaseNotDriven",
            Self::OutOfTime => "OutOfTime",
        }
    }

    /// Whether the same event would fail in the same way again.
    fn is_final(&self) -> bool {
        match self {
            Self::Malformed(_) | Self::Pipeline(_) | Self::NotSetUp(_) => true,
            Self::Call(error)
            | Self::Load(LoadError::Call(error))
            | Self::Append(AppendError::Call(error)) => match error {
                CallError::Refused { .. } => true,
                CallError::NotDone { .. } | CallError::Unknown { .. } => false,
            },
            Self::Load(LoadError::Unreadable { .. } | LoadError::Distrusted(_))
            | Self::Append(
                AppendError::Conflict | AppendError::ServiceCondition | AppendError::Deployment(_),
            )
            | Self::Drive(_)
            | Self::OutOfTime => false,
        }
    }

    /// Whether something that the function needs could not be reached: it may be reached in a moment.
    fn is_outage(&self) -> bool {
        match self {
            Self::Call(error)
            | Self::Load(LoadError::Call(error))
            | Self::Append(AppendError::Call(error)) => match error {
                CallError::NotDone { .. } | CallError::Unknown { .. } => true,
                CallError::Refused { .. } => false,
            },
            Self::Malformed(_)
            | Self::Pipeline(_)
            | Self::NotSetUp(_)
            | Self::Load(LoadError::Unreadable { .. } | LoadError::Distrusted(_))
            | Self::Append(
                AppendError::Conflict | AppendError::ServiceCondition | AppendError::Deployment(_),
            )
            | Self::Drive(_)
            | Self::OutOfTime => false,
        }
    }

    /// What came of dealing with several pipelines: those that cannot be used are named together,
    /// and any other failure counts by itself.
    fn of_pipelines(outcomes: Vec<Result<(), Self>>) -> Result<(), Self> {
        let mut unusable = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(()) => {}
                Err(Self::Pipeline(problem)) => unusable.push(problem),
                Err(error) => return Err(error),
            }
        }
        if unusable.is_empty() {
            Ok(())
        } else {
            Err(Self::Pipeline(unusable.join("; ")))
        }
    }
}
