//! Running the checks of a hook point, and reporting what comes out.

use std::time::Duration;

use futures_util::future::join_all;
use towpath_core::names::DeploymentId;
use towpath_core::pipeline::{Check, HookPoint, HttpCheck, Stage};
use towpath_core::release::{
    Accepted, CheckResult, HookReport, Release, ServiceId, Verdict, accept, checks_of, verdict,
};

use crate::handlers::HandlerError;
use crate::ports::{AppendError, CallError, Checker, Clock, Ledger};

/// What is kept of the time for writing the result down and answering.
const RESERVE: Duration = Duration::from_secs(10);

/// A deployment that asks whether it may go on, and where it is.
pub(super) struct Asked<'a> {
    pub(super) stage: &'a Stage,
    pub(super) service: &'a ServiceId,
    pub(super) deployment: &'a DeploymentId,
    pub(super) point: HookPoint,
}

/// How often another writer of the release may be first.
const MAX_CONFLICTS: u8 = 10;

/// Runs the checks of a hook point that this function runs, unless they have run before, and
/// reports what came out: what the deployment is told is the answer to that. `execution` is what an
/// answer has to carry that `advance` gives later, where other checks take their time.
pub(super) async fn verify<P>(
    ports: &P,
    release: &Release,
    asked: &Asked<'_>,
    execution: Option<&str>,
    time_left: &impl Fn() -> Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + Checker + Clock,
{
    let Asked {
        stage,
        service,
        deployment,
        point,
    } = *asked;
    let id = release.id();
    let mut release = release.clone();
    let mut results = None;
    for _ in 0..MAX_CONFLICTS {
        let known = verdict(&release, &[], stage, deployment, point);
        if known != Verdict::Undecided {
            return Ok(known);
        }
        let earlier = ports
            .hook_report(&service.account, id, deployment, point)
            .await?;
        let is_new = earlier.is_none();
        let report = match earlier {
            // What came of another question says nothing of this one.
            Some(earlier) if is_another(earlier.execution.as_deref(), execution) => {
                return Err(asked_before(deployment, point));
            }
            // Somebody else's run of the same checks was first, and its answer is the answer.
            Some(earlier) => earlier,
            None => {
                let results = match &results {
                    Some(results) => results,
                    None => results.insert(run_due(ports, &release, asked, time_left).await),
                };
                HookReport {
                    stage: stage.name.clone(),
                    deployment: deployment.clone(),
                    at: point,
                    results: results.clone(),
                    execution: execution.map(ToOwned::to_owned),
                }
            }
        };
        let now = ports.now();
        match accept(&release, report.clone().incoming(), now) {
            // The rollout is over, and then nothing may move.
            Ok(Accepted::Known) if release.active_rollout().is_none() => {
                return Ok(Verdict::Failed);
            }
            Ok(Accepted::Known) => return Ok(known),
            Ok(Accepted::Add(_)) => {}
            Err(_) => return Ok(Verdict::Failed),
        }
        let reported = if is_new {
            ports.report(&release, &service.account, &report, now).await
        } else {
            Ok(())
        };
        match reported {
            Ok(()) => return Ok(verdict(&release, &report.results, stage, deployment, point)),
            Err(AppendError::Conflict) => {}
            Err(
                error @ (AppendError::ServiceCondition
                | AppendError::Deployment(_)
                | AppendError::Call(_)),
            ) => return Err(error.into()),
        }
        match ports.load(id).await? {
            Some(reloaded) => release = reloaded,
            None => return Ok(Verdict::Failed),
        }
    }
    Err(HandlerError::Append(AppendError::Conflict))
}

/// Whether they are two questions of CodeDeploy's.
fn is_another(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

/// The deployment is shown at a hook point at which it has had its answer: it is to be looked at again.
pub(super) fn asked_before(deployment: &DeploymentId, point: HookPoint) -> HandlerError {
    let lags = CallError::NotDone {
        operation: "codedeploy:GetDeploymentTarget",
        message: format!("{deployment} still shows {point}, where it has asked before"),
    };
    lags.into()
}

/// Runs the checks of the hook point that this function runs, unless `advance` has taken over what
/// came out of them.
async fn run_due<P: Checker>(
    ports: &P,
    release: &Release,
    asked: &Asked<'_>,
    time_left: &impl Fn() -> Duration,
) -> Vec<CheckResult> {
    if checks_of(release, asked.deployment, asked.point)
        .next()
        .is_some()
    {
        return Vec::new();
    }
    let time = time_left().saturating_sub(RESERVE);
    let due = asked
        .stage
        .checks_at(asked.point)
        .filter_map(|check| check.kind.in_hook_function().map(|http| (check, http)));
    join_all(due.map(|(check, http)| run(ports, check, http, time))).await
}

async fn run<P: Checker>(
    ports: &P,
    check: &Check,
    http: &HttpCheck,
    time: Duration,
) -> CheckResult {
    let verdict = ports.check_http(http, time).await;
    CheckResult {
        check: check.name.clone(),
        passed: verdict.passed,
        detail: verdict.detail,
    }
}
