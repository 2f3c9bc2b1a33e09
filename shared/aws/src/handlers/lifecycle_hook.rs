//! `lifecycle-hook`: CodeDeploy asks at a point of a deployment whether to go on.
//!
//! What CodeDeploy sends names the deployment and nothing else; which event it is at is read from
//! the deployment. The same question gets the same answer, however often it is asked. What is not
//! known for certain is answered with no, so that no traffic moves.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html>

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use towpath_core::incoming::{ReadError, hook};
use towpath_core::names::DeploymentId;
use towpath_core::pipeline::{Check, CheckKind, HookPoint};
use towpath_core::release::{Actor, CheckResult, Incoming, Mark, Place, Release, checks_of};

use super::HandlerError;
use super::take::{Taken, take};
use crate::ports::{Checker, Clock, CodeDeploy, DeploymentProgress, Ledger};

/// What is kept of the time for writing the result down and answering.
const RESERVE: Duration = Duration::from_secs(10);

/// Runs the checks of the hook point and answers CodeDeploy.
///
/// # Errors
/// When the result cannot be written down or CodeDeploy cannot be answered: Lambda asks again.
pub async fn handle<P>(ports: &P, event: &Value, time_left: Duration) -> Result<Value, HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    match hook::read(event) {
        Ok(hook::Hook::CodeDeploy {
            deployment,
            execution,
        }) => {
            answer_codedeploy(ports, &deployment, &execution, time_left).await?;
            Ok(Value::Null)
        }
        Ok(hook::Hook::Ecs(hook)) => {
            // No pipeline can name this engine, so somebody hung the function on a service of
            // their own. Without a pipeline there is nothing to verify: not known, so no.
            tracing::warn!(service = ?hook.service, "hook refused: the service is not rolled out by a pipeline");
            Ok(json!({ "hookStatus": "FAILED" }))
        }
        Err(ReadError::Ignored(reason) | ReadError::Malformed(reason)) => {
            Err(HandlerError::Malformed(reason))
        }
    }
}

async fn answer_codedeploy<P>(
    ports: &P,
    deployment: &DeploymentId,
    execution: &str,
    time_left: Duration,
) -> Result<(), HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    let Some((mark, release)) = find(ports, deployment).await? else {
        tracing::warn!(%deployment, "hook refused: the deployment is not one of ours");
        return Ok(ports.answer_hook(deployment, execution, false).await?);
    };
    let position = release.stage_position(&mark.stage);
    let service = position.and_then(|position| release.service_id(position));
    let Some((stage, service)) = release.pipeline().stage(&mark.stage).zip(service) else {
        return Err(HandlerError::Malformed(format!(
            "{} has no stage {}",
            mark.release, mark.stage
        )));
    };
    // The function runs in the stage's own account, so it reaches the service without a role.
    let place = Place {
        service,
        role: None,
    };
    let progress = ports.progress(&place, deployment).await?;
    let passed = match point_of(&progress) {
        Some(point) => {
            verify(
                ports,
                &release,
                &mark,
                deployment,
                point,
                &stage.checks,
                time_left,
            )
            .await?
        }
        None => {
            tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the deployment is at no point that has checks");
            false
        }
    };
    ports.answer_hook(deployment, execution, passed).await?;
    tracing::info!(release.id = %release.id(), %deployment, passed, "hook answered");
    Ok(())
}

/// The release whose mark the deployment carries.
async fn find<P: Ledger + CodeDeploy>(
    ports: &P,
    deployment: &DeploymentId,
) -> Result<Option<(Mark, Release)>, HandlerError> {
    let Some(info) = ports.deployment_here(deployment).await? else {
        return Ok(None);
    };
    let Ok(mark) = info.description.parse::<Mark>() else {
        return Ok(None);
    };
    Ok(ports
        .load(&mark.release)
        .await?
        .map(|release| (mark, release)))
}

/// The hook point at which the deployment is.
fn point_of(progress: &DeploymentProgress) -> Option<HookPoint> {
    let current = progress
        .lifecycle
        .iter()
        .rev()
        .find(|(_, status)| status == "InProgress")?;
    HookPoint::of_lifecycle_event(&current.0)
}

/// Whether the checks of a hook point pass: as written down before, or as they come out now.
async fn verify<P>(
    ports: &P,
    release: &Release,
    mark: &Mark,
    deployment: &DeploymentId,
    point: HookPoint,
    checks: &[Check],
    time_left: Duration,
) -> Result<bool, HandlerError>
where
    P: Ledger + Checker + Clock,
{
    if let Some(known) = checks_of(release, deployment, point) {
        return Ok(all_passed(known));
    }
    let time = time_left.saturating_sub(RESERVE);
    let due = checks.iter().filter(|check| check.at == point);
    let results = join_all(due.map(|check| run(ports, check, time))).await;
    let incoming = Incoming::Checked {
        stage: mark.stage.clone(),
        deployment: deployment.clone(),
        at: point,
        results: results.clone(),
    };
    let actor = Actor::Function("lifecycle-hook".into());
    Ok(match take(ports, release.id(), &actor, incoming).await? {
        Taken::Added => all_passed(&results),
        // Somebody else's run of the same checks was first, and its answer is the answer; or the
        // rollout is over, and then nothing may move.
        Taken::Known(release) => checks_of(&release, deployment, point).is_some_and(all_passed),
        Taken::Refused(_) | Taken::NoSuchRelease => false,
    })
}

fn all_passed(results: &[CheckResult]) -> bool {
    results.iter().all(|result| result.passed)
}

async fn run<P: Checker>(ports: &P, check: &Check, time: Duration) -> CheckResult {
    let verdict = match &check.kind {
        CheckKind::Http(http) => ports.check_http(http, time).await,
    };
    CheckResult {
        check: check.name.clone(),
        passed: verdict.passed,
        detail: verdict.detail,
    }
}
