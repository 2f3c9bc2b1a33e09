//! Why a deployment does not come through.

use std::fmt;

use super::parts::{Fact, InParts, Parts};
use crate::release::{AwsSaid, AwsService, DeploymentFault, FaultCause, FaultLeft, LateCause};

impl fmt::Display for DeploymentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

impl InParts for DeploymentFault {
    fn parts(&self) -> Parts {
        let Self { cause, tasks, left } = self;
        // Where AWS does not say why, its tasks may.
        let is_silent = matches!(**cause, FaultCause::NoReason { .. });
        let said = if is_silent && !tasks.is_empty() {
            Parts::default()
        } else {
            cause.parts()
        };
        let stopped = |why: &String| LateCause::StoppedTask { said: why.clone() }.parts();
        let said = said.then(": ", Parts::list(tasks.iter().map(stopped)));
        match left {
            Some(left) => said.then("; ", left.parts()),
            None => said,
        }
    }
}

/// Why a deployment has ended, and what is to be done where its rollback has failed.
pub(super) fn ended(fault: &DeploymentFault) -> Parts {
    if fault.has_failed_rollback() {
        fault.parts().look_at_what_serves()
    } else {
        fault.parts()
    }
}

impl InParts for FaultCause {
    fn parts(&self) -> Parts {
        let says = |words: String| Parts::of(Fact::CauseOfFault(self.clone()), words);
        match self {
            Self::AwsSaid(said) | Self::StoppedByUser { said } => says(said.to_string()),
            Self::NoReason { by } => says(format!("{by} gives no reason")),
            Self::EventFailed { event, hook, said } => {
                let mut words = format!("{event} failed");
                if let Some(hook) = hook {
                    words.push_str(&format!(" at the hook {hook}"));
                }
                if let Some(said) = said {
                    words.push_str(&format!(": {said}"));
                }
                says(words)
            }
            Self::HookTimedOut { function, said } => {
                let never = format!("the hook {function} never answered");
                says(match said.as_ref().map(ToString::to_string) {
                    // ECS names the hook itself.
                    Some(said) if said.contains(function.as_str()) => said,
                    Some(said) => format!("{said}: {never}"),
                    None => never,
                })
            }
            Self::StoppedByTowpath { because } => {
                says("Towpath stopped it".to_owned()).then(": ", because.parts())
            }
            Self::BroughtBack { by: Some(by) } => says(format!("{by} brings the old version back")),
            Self::BroughtBack { by: None } => {
                says("another deployment brings the old version back".to_owned())
            }
            Self::RollbackFailed {
                deployment,
                because,
            } => says(format!("the rollback {deployment} failed")).then(": ", because.parts()),
            Self::Unknown { by, deployment } => {
                says(format!("{by} knows no deployment {deployment}"))
            }
            Self::ServiceDeleted => says("the service was deleted".to_owned()),
            Self::NoPrimary => says("the service has no primary deployment".to_owned()),
        }
    }
}

impl InParts for FaultLeft {
    fn parts(&self) -> Parts {
        let words = match self {
            Self::RollbackFailed { by: Some(by) } => format!("the rollback {by} failed too"),
            Self::RollbackFailed { by: None } => "rolling back failed too".to_owned(),
            Self::Traffic { percent } => {
                format!("{percent}% of traffic goes to the new version and nothing rolls it back")
            }
        };
        Parts::of(Fact::LeftByFault(self.clone()), words)
    }
}

impl fmt::Display for AwsSaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message } = self;
        if let Some(code) = code {
            write!(f, "{code}: ")?;
        }
        f.write_str(message.trim_end_matches('.'))
    }
}

impl fmt::Display for AwsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ecs => "ECS",
            Self::Codedeploy => "CodeDeploy",
        })
    }
}
