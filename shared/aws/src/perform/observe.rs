//! Looking at a deployment and taking it back, by engine.

use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::pipeline::Rollout;
use towpath_core::release::{Event, Place};

use super::{codedeploy, rolling};
use crate::ports::{CallError, Ports};

/// The deployment that is looked at.
pub(super) struct Observed<'a> {
    pub(super) place: &'a Place,
    pub(super) deployment: &'a DeploymentId,
    /// The revision that it brings.
    pub(super) revision: &'a TaskDefinitionArn,
    /// The revision that ran before.
    pub(super) before: &'a TaskDefinitionArn,
}

pub(super) async fn observe<P: Ports>(
    ports: &P,
    rollout: &Rollout,
    observed: &Observed<'_>,
) -> Result<Vec<Event>, CallError> {
    let status = match rollout {
        Rollout::Rolling(_) => rolling::observe(ports, observed).await?,
        Rollout::CodeDeploy(_) => codedeploy::observe(ports, observed).await?,
    };
    Ok(vec![Event::DeploymentObserved {
        deployment: observed.deployment.clone(),
        status,
    }])
}

pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    place: &Place,
    rollout: &Rollout,
    deployment: &DeploymentId,
    to: &TaskDefinitionArn,
    reason: &str,
) -> Result<Vec<Event>, CallError> {
    let started = match rollout {
        Rollout::Rolling(_) => rolling::roll_back(ports, place, to).await?,
        Rollout::CodeDeploy(_) => codedeploy::roll_back(ports, place, deployment).await?,
    };
    Ok(vec![Event::RollbackStarted {
        deployment: started,
        reason: reason.to_owned(),
    }])
}
