//! Why things end as they do, in sentences: the one place that makes them.

mod approval;
mod detail;
mod event;
mod fault;
mod hold;
mod misfit;
mod parts;
mod planned;
mod remark;
mod scaling;
mod status;

use std::fmt;

pub(super) use self::detail::scaling_left;
pub use self::event::reason_of;
pub(super) use self::parts::{Fact, InParts, Parts};
use crate::release::{EndReason, NotRestored, Reason, RollbackReason, ServiceId, WhyNotRestored};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for Reason {
    fn parts(&self) -> Parts {
        let says = |words: String| Parts::of(Fact::RolloutEnded(self.clone()), words);
        match self {
            Self::Serves { name } => says(format!("{name} serves")),
            Self::NoTasksWanted { name } => {
                says(format!("{name} is deployed, and no tasks are wanted"))
            }
            Self::RunsAlready { tag } => says(format!("{tag} runs already")),
            Self::NotPlanned { why } => says(why.to_string()),
            Self::VetoedBefore { veto } => says(veto.to_string()),
            Self::Superseded { by } => says(format!("{by}, which is newer, took its place")),
            Self::CannotRollBack { problem } => says(format!(
                "{problem}; bring that back, or allow it with `rollback: optional`"
            )),
            Self::NoLoadBalancer => {
                says("the service has no load balancer that CodeDeploy could shift".to_owned())
            }
            Self::StartedElsewhere { found } => {
                says(format!("{found} was started outside of Towpath"))
            }
            Self::Refused(refused) => refused.parts(),
            Self::GroupTaken { times } => says(format!(
                "other deployments had its deployment group, {times} times in a row"
            )),
            Self::NotStarted {
                within,
                group_taken_by,
                said,
            } => {
                let why = match (group_taken_by, said) {
                    (Some(by), _) => format!(": {by} had its deployment group"),
                    (None, Some(said)) => format!(": {said}"),
                    (None, None) => String::new(),
                };
                says(format!("it could not be started within {within}{why}"))
            }
            Self::StartUnknown { within, said } => {
                let why = said.as_ref().map(|said| format!(": {said}"));
                says(format!(
                    "it was to be started within {within}, and whether it was is not known{}",
                    why.unwrap_or_default()
                ))
            }
            Self::Deployment { fault } => fault::ended(fault),
            Self::Unfinished {
                deployment,
                at,
                until,
                rolling_back,
            } => {
                let still = says(format!(
                    "it was still {at} at {until}; look at {deployment}"
                ));
                match rolling_back {
                    Some(because) => still.then(": ", because.parts()),
                    None => still,
                }
            }
            Self::StillServes {
                deployment,
                because,
            } => {
                let serves = says(format!("it still serves: look at {deployment}"));
                because.parts().then("; ", serves)
            }
            Self::ScalingNotRestored {
                because,
                service,
                scaling,
            } => {
                let why_not = scaling.why_not.parts();
                (because.parts().then("; ", why_not)).then("; ", put_back(scaling, service))
            }
            Self::Unwanted(reason) => reason.parts(),
        }
    }
}

impl fmt::Display for RollbackReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for RollbackReason {
    fn parts(&self) -> Parts {
        let says = |words: String| Parts::of(Fact::RolledBack(self.clone()), words);
        let because = |reason: &Option<String>| {
            let reason = reason.as_ref();
            reason.map_or_else(String::new, |reason| format!(": {reason}"))
        };
        match self {
            Self::RolledBack { by, reason } => {
                says(format!("{by} rolled it back{}", because(reason)))
            }
            Self::Rejected { by, reason } => says(format!("{by} rejected it{}", because(reason))),
            Self::Vetoed { by, reason } => says(format!("{by} vetoed the image: {reason}")),
            Self::NobodyDecided { stage, until } => {
                says(format!("nobody decided about {stage} before {until}"))
            }
            Self::ChecksFailed { checks } => Parts::list(checks.iter().map(InParts::parts)),
            Self::NotFinished { within, causes } => {
                let late = says(format!("it did not finish within {within}"));
                late.then(": ", Parts::list(causes.iter().map(InParts::parts)))
            }
            Self::HookSilent { hook, within } => says(format!("{hook} within {within}")),
            Self::NotLetThrough { why } => says(format!("could not let traffic through: {why}")),
            Self::LeftInPlace { fault } => fault.parts(),
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for EndReason {
    fn parts(&self) -> Parts {
        let says = |words: String| Parts::of(Fact::ReleaseEnded(self.clone()), words);
        match self {
            Self::Serves { name, stage } => says(format!("{name} serves in {stage}")),
            Self::NoTasksWanted { name, stage } => says(format!(
                "{name} is deployed to {stage}, which wants no tasks now: nothing of it has run there"
            )),
            Self::Stage { stage, because } => says(stage.to_string()).then(": ", because.parts()),
            Self::NoStages => says("its pipeline has no stages".to_owned()),
            Self::NoService => says("its stage has no service".to_owned()),
            Self::NotTrusted { problem } => says(problem.clone()),
        }
    }
}

/// How auto scaling is put back.
fn put_back(scaling: &NotRestored, service: &ServiceId) -> Parts {
    let NotRestored { why_not, state } = scaling;
    let once = match why_not {
        WhyNotRestored::Refused(_) => None,
        WhyNotRestored::WouldChangeCount { target, desired } => target.once(*desired),
    };
    let once = once.map_or_else(String::new, |once| format!("{once}, "));
    let (account, command) = (&service.account, state.command(service));
    let words = format!("{once}put auto scaling back in account {account} with `{command}`");
    Parts::of(Fact::ScalingNotRestored(scaling.clone()), words)
}
