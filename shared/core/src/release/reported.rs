//! Reports of AWS about deployments, and from where they are taken.
//!
//! A report names its deployment by an id that is no secret, and an event of any account that may
//! send them reaches the deployer. So a report counts only if it comes from the account and region of
//! the stage, and from the service that makes the stage's deployments.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Accepted, Event, Refusal, Release};
use crate::names::{AccountId, DeploymentId, Region};
use crate::pipeline::Controller;

/// Who reported, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporter {
    /// The account in which it happened, as EventBridge says.
    pub account: AccountId,
    /// The region in which it happened.
    pub region: Region,
    /// What reports.
    pub sender: Sender,
}

/// What reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sender {
    /// CodeDeploy, about a deployment.
    CodeDeploy,
    /// ECS, about a deployment of a service or a hook of it.
    Ecs,
    /// ECS, about a task.
    Task,
}

impl fmt::Display for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sender = match self.sender {
            Sender::CodeDeploy => "CodeDeploy",
            Sender::Ecs => "ECS",
            Sender::Task => "a task",
        };
        write!(f, "{sender} in {}/{}", self.account, self.region)
    }
}

/// Who reports about deployments of the stage at which the release is.
pub(crate) fn reporter(release: &Release) -> Option<Reporter> {
    let (stage, _) = release.current()?;
    let place = release.service_id(release.stage_index())?;
    Some(Reporter {
        account: place.account,
        region: place.region,
        sender: match stage.engine.capabilities().controller {
            Controller::CodeDeploy => Sender::CodeDeploy,
            Controller::Ecs => Sender::Ecs,
        },
    })
}

/// How many reports are written down in one stage.
const MAX_REPORTS: usize = 120;

pub(super) fn accept_report(
    release: &Release,
    deployment: DeploymentId,
    state: String,
    from: Reporter,
) -> Result<Accepted, Refusal> {
    let followed = release
        .active_rollout()
        .filter(|live| live.is_followed_as(&deployment));
    let Some((live, mut expected)) = followed.zip(reporter(release)) else {
        return Ok(Accepted::Known);
    };
    if live.checks.is_task(&deployment) {
        expected.sender = Sender::Task;
    }
    if from != expected {
        return Err(Refusal::ForeignReport {
            deployment,
            from,
            expected,
        });
    }
    let report = Event::DeploymentReported { deployment, state };
    let reported = |event: &Event| matches!(event, Event::DeploymentReported { .. });
    let known = release.entries().iter().any(|entry| entry.event == report);
    // It is only a hint: what stands otherwise is found by looking, a little later.
    if known || release.count_here(reported) >= MAX_REPORTS {
        return Ok(Accepted::Known);
    }
    Ok(Accepted::Add(vec![report]))
}
