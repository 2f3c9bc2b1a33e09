//! Why things end as they do, in sentences: the one place that makes them.

use std::fmt;

use crate::release::{
    BlockedBy, EndReason, Event, FailedCheck, NotRestored, Reason, RefusedAction, RollbackReason,
    ServiceId, UnansweredHook, Unfinished, WhyNotRestored,
};

/// The reason that an event gives, in a sentence.
#[must_use]
pub fn reason_of(event: &Event) -> Option<String> {
    match event {
        Event::RollbackStarted { reason, .. } => Some(reason.to_string()),
        Event::RolloutEnded { reason, .. } => Some(reason.to_string()),
        Event::Ended { reason, .. } => Some(reason.to_string()),
        Event::ReplyRefused { reason, .. }
        | Event::Vetoed { reason, .. }
        | Event::ApprovalVoided { reason, .. }
        | Event::Held { reason, .. }
        | Event::ActionRefused { reason, .. } => Some(reason.clone()),
        Event::Voted { reason, .. } | Event::RollbackRequested { reason, .. } => reason.clone(),
        Event::Blocked { by, .. } => match by {
            BlockedBy::Hold { reason } => Some(reason.clone()),
            BlockedBy::Owner { .. } | BlockedBy::Turn { .. } => None,
        },
        Event::Opened { rollback, .. } => rollback.as_ref().and_then(|it| it.reason.clone()),
        Event::DeploymentReported { .. }
        | Event::HookCalled { .. }
        | Event::HookAnswered { .. }
        | Event::TaskStarted { .. }
        | Event::Watched { .. }
        | Event::Checked { .. }
        | Event::Superseded { .. }
        | Event::Overtook { .. }
        | Event::Woke { .. }
        | Event::Planned { .. }
        | Event::ApprovalRequested { .. }
        | Event::RolloutStarted { .. }
        | Event::Intended { .. }
        | Event::Registered { .. }
        | Event::ScalingSuspended { .. }
        | Event::ScalingLeft { .. }
        | Event::DeploymentStarted { .. }
        | Event::RunsAlready { .. }
        | Event::DeploymentObserved { .. }
        | Event::BaselineChanged { .. }
        | Event::GroupTaken { .. }
        | Event::GroupFreed { .. }
        | Event::TrafficAllowed { .. }
        | Event::ScalingRestored { .. }
        | Event::Replaced { .. }
        | Event::BroughtBack { .. }
        | Event::ToldEarlier { .. }
        | Event::CardShown { .. }
        | Event::Notified { .. } => None,
    }
}

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
            Self::NoWayBack { problem } => write!(
                f,
                "{problem}; bring that back, or allow it with `way_back: optional`"
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

impl fmt::Display for RefusedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, said } = self;
        write!(f, "could not {action}: {said}")
    }
}

impl fmt::Display for FailedCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, result } = self;
        write!(
            f,
            "check `{}` failed at {at}: {}",
            result.check, result.detail
        )
    }
}

impl fmt::Display for UnansweredHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, at } = self;
        write!(f, "the hook {function} never answered at {at}")
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RollingBack => "being rolled back",
            Self::NotRolledBack => "not rolled back",
            Self::UnderWay { at } => at,
        })
    }
}

impl fmt::Display for WhyNotRestored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::WouldChangeCount { target, desired } => f.write_str(&target.left(*desired, true)),
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
