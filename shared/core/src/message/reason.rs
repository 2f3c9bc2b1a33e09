//! Why things end as they do, in sentences: the one place that makes them.

mod approval;
mod detail;
mod event;
mod hold;

use std::fmt;

pub use self::event::reason_of;
use crate::release::{EndReason, NotRestored, Reason, RollbackReason, ServiceId, WhyNotRestored};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves { name } => write!(f, "{name} serves"),
            Self::NoTasksWanted { name } => {
                write!(f, "{name} is deployed, and no tasks are wanted")
            }
            Self::RunsAlready { tag } => write!(f, "{tag} runs already"),
            Self::NotPlanned { said } | Self::VetoedBefore { said } | Self::Deployment { said } => {
                f.write_str(said)
            }
            Self::Superseded { by } => write!(f, "{by} is newer and has arrived here too"),
            Self::CannotRollBack { problem } => write!(
                f,
                "{problem}; bring that back, or allow it with `rollback: optional`"
            ),
            Self::NoLoadBalancer => {
                f.write_str("the service has no load balancer that CodeDeploy could shift")
            }
            Self::StartedElsewhere { found } => {
                write!(f, "{found} was started outside of Towpath")
            }
            Self::Refused(refused) => refused.fmt(f),
            Self::GroupTaken { times } => write!(
                f,
                "other deployments had its deployment group, {times} times in a row"
            ),
            Self::NotStarted {
                within,
                group_taken_by: Some(by),
            } => write!(
                f,
                "it could not be started within {within}: {by} had its deployment group"
            ),
            Self::NotStarted {
                within,
                group_taken_by: None,
            } => write!(f, "it could not be started within {within}"),
            Self::Unfinished {
                deployment,
                at,
                until,
                rolling_back,
            } => {
                write!(f, "it was still {at} at {until}; look at {deployment}")?;
                because(f, rolling_back.as_ref())
            }
            Self::StillServes {
                deployment,
                because,
            } => write!(f, "{because}; it still serves: look at {deployment}"),
            Self::ScalingNotRestored {
                because,
                service,
                scaling,
            } => {
                write!(f, "{because}; ")?;
                put_back(f, scaling, service)
            }
            Self::Unwanted(reason) => reason.fmt(f),
        }
    }
}

impl fmt::Display for RollbackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RolledBack { by, reason } => {
                write!(f, "{by} rolled it back")?;
                because(f, reason.as_ref())
            }
            Self::Rejected { by, reason } => {
                write!(f, "{by} rejected it")?;
                because(f, reason.as_ref())
            }
            Self::Vetoed { by, reason } => write!(f, "{by} vetoed the image: {reason}"),
            Self::NobodyDecided { stage, until } => {
                write!(f, "nobody decided about {stage} before {until}")
            }
            Self::ChecksFailed { checks } => joined(f, checks),
            Self::NotFinished {
                within,
                hook,
                causes,
            } => {
                write!(f, "it had not finished within {within}")?;
                because(f, hook.as_ref())?;
                if causes.is_empty() {
                    return Ok(());
                }
                f.write_str(": ")?;
                joined(f, causes)
            }
            Self::NotLetThrough { said } => write!(f, "could not let traffic through: {said}"),
            Self::LeftInPlace { said } => f.write_str(said),
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves { name, stage } => write!(f, "{name} serves in {stage}"),
            Self::NoTasksWanted { name, stage } => write!(
                f,
                "{name} is deployed to {stage}, which wants no tasks now: nothing of it has run there"
            ),
            Self::Stage { stage, because } => write!(f, "{stage}: {because}"),
            Self::NoStages => f.write_str("its pipeline has no stages"),
            Self::NoService => f.write_str("its stage has no service"),
            Self::NotTrusted { problem } => f.write_str(problem),
        }
    }
}

/// Why auto scaling is not as it was before, and how it is put back.
fn put_back(f: &mut fmt::Formatter<'_>, scaling: &NotRestored, service: &ServiceId) -> fmt::Result {
    let NotRestored { why_not, state } = scaling;
    write!(f, "{why_not}; ")?;
    match why_not {
        WhyNotRestored::Refused(_) => {}
        WhyNotRestored::WouldChangeCount { target, desired } => {
            if let Some(once) = target.once(*desired) {
                write!(f, "{once}, ")?;
            }
        }
    }
    let (account, command) = (&service.account, state.command(service));
    write!(
        f,
        "put auto scaling back in account {account} with `{command}`"
    )
}

/// What it is for, if that is known, after what it is the reason for.
fn because(f: &mut fmt::Formatter<'_>, reason: Option<impl fmt::Display>) -> fmt::Result {
    match reason {
        Some(reason) => write!(f, ": {reason}"),
        None => Ok(()),
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display]) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str("; ")?;
        }
        part.fmt(f)?;
    }
    Ok(())
}
