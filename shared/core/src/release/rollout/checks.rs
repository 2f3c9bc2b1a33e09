//! What checks have come to in a rollout, and what is waited for about them.

use jiff::Timestamp;

use crate::names::{CheckName, DeploymentId};
use crate::pipeline::HookPoint;
use crate::release::CheckResult;

/// The checks of a rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checks {
    /// Those that have run.
    pub results: Vec<(HookPoint, Vec<CheckResult>)>,
    /// The questions of the deployment that were reported.
    pub calls: Vec<HookCall>,
    /// Their one-off tasks.
    pub tasks: Vec<CheckTask>,
    /// When they were last looked at without a decision.
    pub watched_at: Option<Timestamp>,
}

/// A deployment asks whether it may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    pub deployment: DeploymentId,
    pub at: HookPoint,
    /// What CodeDeploy's answer has to carry; `None` for ECS, which asks again.
    pub execution: Option<String>,
    /// When it asked.
    pub since: Timestamp,
    /// When `advance` had answered it, or was refused to, if it has.
    pub answered_at: Option<Timestamp>,
}

/// The one-off task of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckTask {
    pub check: CheckName,
    /// The task's ARN.
    pub task: DeploymentId,
    /// Since when it runs.
    pub since: Timestamp,
}

impl Checks {
    /// What came out of a check at a point, if it has run there.
    #[must_use]
    pub fn result_of(&self, check: &CheckName, point: HookPoint) -> Option<&CheckResult> {
        let at_point = self.results.iter().filter(|(at, _)| *at == point);
        at_point
            .flat_map(|(_, results)| results)
            .find(|result| result.check == *check)
    }

    /// Those that failed, each with its hook point.
    pub fn failed(&self) -> impl Iterator<Item = (HookPoint, &CheckResult)> {
        self.results
            .iter()
            .flat_map(|(at, results)| results.iter().map(|result| (*at, result)))
            .filter(|(_, result)| !result.passed)
    }

    /// Whether that is the one-off task of one of them.
    #[must_use]
    pub fn is_task(&self, id: &DeploymentId) -> bool {
        self.tasks.iter().any(|task| task.task == *id)
    }
}
