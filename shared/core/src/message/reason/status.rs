//! How a deployment stands.

use std::fmt;

use super::fault;
use crate::release::{DeploymentStatus, DeploymentStep, ShiftedStep, TaskCounts};

impl fmt::Display for DeploymentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress {
                at,
                traffic: Some(percent),
            } => write!(f, "{at}, {percent}% of traffic"),
            Self::InProgress { at, traffic: None } => at.fmt(f),
            Self::Ready { .. } => f.write_str("green is ready, traffic has not moved"),
            Self::Shifted { at } => write!(f, "serves, {at}"),
            Self::RollingBack { reason, .. } => write!(f, "rolling back: {reason}"),
            Self::Halted { reason } => {
                write!(f, "{reason}; whether AWS rolls it back is not known yet")
            }
            Self::Succeeded => f.write_str("succeeded"),
            Self::RolledBack { reason } => write!(f, "rolled back: {reason}"),
            Self::Failed { reason } => write!(f, "failed: {}", fault::ended(reason)),
            Self::FailedInPlace { reason } => {
                write!(f, "failed and left in place: {reason}")
            }
            Self::Stopped { reason } => write!(f, "stopped: {reason}"),
            Self::Replaced { by } => write!(f, "replaced by {by}"),
        }
    }
}

impl fmt::Display for DeploymentStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::LetThrough => f.write_str("traffic is let through"),
            Self::NotShown { by } => write!(f, "{by} does not show it yet"),
            Self::Tasks(tasks) => tasks.fmt(f),
            Self::CountedEarly { tasks, older } => {
                write!(f, "ECS counts it as successful already; {tasks}")?;
                match older {
                    0 => Ok(()),
                    older => write!(f, ", beside {older} of an older version"),
                }
            }
            Self::Paused { at, tasks } => {
                write!(f, "{at}, where a pause waits for an action")?;
                match tasks {
                    Some(tasks) => write!(f, "; {tasks}"),
                    None => Ok(()),
                }
            }
            Self::Named { name, tasks } => {
                f.write_str(name)?;
                match tasks {
                    Some(tasks) => write!(f, ", {tasks}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for ShiftedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepingOldTasks => f.write_str("the old tasks are kept until their time is over"),
            Self::StoppingOldTasks => f.write_str("the old tasks are being stopped"),
            Self::NotShown { by } => write!(f, "though {by} does not show it yet"),
        }
    }
}

impl fmt::Display for TaskCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            running,
            wanted,
            failed,
        } = self;
        write!(f, "{running} of {wanted} tasks run")?;
        match failed {
            0 => Ok(()),
            failed => write!(f, ", {failed} failed"),
        }
    }
}
