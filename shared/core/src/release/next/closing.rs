//! Closing: how a rollout ends about which AWS does nothing more, and why.
//!
//! | and | then it ends as |
//! |---|---|
//! | something else ran, or took its place | superseded |
//! | AWS refused what comes before | failed |
//! | the service ran it already | succeeded |
//! | the old version serves again | rolled back, or as what it was rolled back for says |
//! | it failed | failed |
//! | it was stopped | stopped, or as what it was rolled back for says |

use super::context::RolloutContext;
use super::wants_no_tasks;
use crate::release::rollout::{ActiveRollout, Closing, DeploymentEnd, NotStarted};
use crate::release::{
    Conclusion, DeploymentFault, External, Outcome, Reason, Release, RollbackReason, reason,
};

pub(super) fn conclusion(own: RolloutContext<'_>, closing: &Closing) -> Conclusion {
    let (end, rollback) = match closing {
        Closing::NotStarted(NotStarted::ExternalRevision(found)) => {
            let revision = found.clone();
            let found = reason::started_elsewhere(External::Revision { revision });
            return Conclusion::new(Outcome::Superseded, found);
        }
        Closing::NotStarted(NotStarted::Refused(refused)) => {
            return Conclusion::new(Outcome::Failed, refused.clone());
        }
        Closing::NotStarted(NotStarted::RunsAlready) => return succeeded(own.release),
        Closing::Over { end, rollback, .. } => (end, rollback.as_ref()),
    };
    let outcome_or = |other| rollback.map_or(other, |rollback| rollback.outcome);
    let why = |fault: &DeploymentFault| match known_cause(own.live) {
        Some(cause) => cause.into(),
        None => Reason::from(fault.clone()),
    };
    match end {
        DeploymentEnd::RolledBack(fault) => {
            Conclusion::new(outcome_or(Outcome::RolledBack), why(fault))
        }
        DeploymentEnd::Failed(fault) => Conclusion::new(Outcome::Failed, why(fault)),
        DeploymentEnd::Stopped(fault) => Conclusion::new(outcome_or(Outcome::Stopped), why(fault)),
        DeploymentEnd::Replaced(by) => {
            Conclusion::new(Outcome::Superseded, reason::started_elsewhere(by.clone()))
        }
    }
}

pub(super) fn succeeded(release: &Release) -> Conclusion {
    let name = release.name();
    let reason = if wants_no_tasks(release) {
        Reason::NoTasksWanted { name }
    } else {
        Reason::Serves { name }
    };
    Conclusion::new(Outcome::Succeeded, reason)
}

/// The cause of a failure that Towpath knows itself: the checks that failed say more than AWS, which
/// only knows that a hook answered no.
pub(super) fn known_cause(live: &ActiveRollout) -> Option<RollbackReason> {
    let rolling_back = || Some(live.progress.rollback()?.reason.clone());
    reason::failed_checks(live).or_else(rolling_back)
}
