//! Checks that `advance` runs: what CloudWatch says, and one-off tasks.

use towpath_core::names::{CheckName, DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::{HookPoint, TaskCheck};
use towpath_core::release::{CheckResult, DueCheck, Event, Place};

use crate::ports::{CallError, Ports};

/// A one-off task to run.
pub(super) struct Run<'a> {
    pub(super) place: &'a Place,
    pub(super) stage: &'a StageName,
    pub(super) check: &'a CheckName,
    pub(super) task: &'a TaskCheck,
    pub(super) revision: &'a TaskDefinitionArn,
    /// What the task says that started it: the text by which it is found again.
    pub(super) started_by: &'a str,
}

/// Checks to look at.
pub(super) struct Due<'a> {
    pub(super) place: &'a Place,
    pub(super) stage: &'a StageName,
    pub(super) at: HookPoint,
    pub(super) deployment: Option<&'a DeploymentId>,
    pub(super) checks: &'a [DueCheck],
    /// Whether they are to be decided now.
    pub(super) decide: bool,
}

pub(super) async fn start_task<P: Ports>(
    _ports: &P,
    _run: &Run<'_>,
    _again: bool,
) -> Result<Vec<Event>, CallError> {
    Ok(Vec::new())
}

pub(super) async fn look<P: Ports>(_ports: &P, due: &Due<'_>) -> Result<Vec<Event>, CallError> {
    let results = due.checks.iter().map(|due| CheckResult {
        check: due.check.name.clone(),
        passed: false,
        detail: "checks of this kind are not run yet".into(),
    });
    Ok(vec![Event::Checked {
        stage: due.stage.clone(),
        deployment: due.deployment.cloned(),
        at: due.at,
        results: results.collect(),
    }])
}
