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
use towpath_core::pipeline::{Check, CheckKind, HookPoint, HttpCheck, Stage};
use towpath_core::release::{
    Actor, CheckResult, Incoming, Mark, Place, Release, Verdict, checks_of, verdict,
};

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

/// Answers what came of the checks. Where that cannot be known and asking again would not help, the
/// answer is no, so that nobody waits for the hour that CodeDeploy gives; the error still goes the
/// way of errors, because somebody has to mend its cause.
async fn answer_codedeploy<P>(
    ports: &P,
    deployment: &DeploymentId,
    execution: &str,
    time_left: Duration,
) -> Result<(), HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    let passed = match asks(ports, deployment, execution, time_left).await {
        Ok(Verdict::Passed) => true,
        Ok(Verdict::Failed) => false,
        Ok(Verdict::Undecided) => {
            tracing::info!(%deployment, "hook to be answered when its checks are decided");
            return Ok(());
        }
        Err(error) => {
            if error.is_final() {
                tracing::warn!(%deployment, %error, "hook refused: what the checks say cannot be known");
                ports
                    .answer_hook(None, deployment, execution, false)
                    .await?;
            }
            return Err(error);
        }
    };
    ports
        .answer_hook(None, deployment, execution, passed)
        .await?;
    tracing::info!(%deployment, passed, "hook answered");
    Ok(())
}

/// What the deployment is told.
async fn asks<P>(
    ports: &P,
    deployment: &DeploymentId,
    execution: &str,
    time_left: Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    let Some((mark, release)) = find(ports, deployment).await? else {
        tracing::warn!(%deployment, "hook refused: the deployment is not one of ours");
        return Ok(Verdict::Failed);
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
    let Some(point) = point_of(&progress) else {
        tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the deployment is at no point that has checks");
        return Ok(Verdict::Failed);
    };
    let asked = Asked {
        stage,
        deployment,
        point,
    };
    verify(ports, &release, &asked, Some(execution), time_left).await
}

/// A deployment that asks whether it may go on, and where it is.
struct Asked<'a> {
    stage: &'a Stage,
    deployment: &'a DeploymentId,
    point: HookPoint,
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

/// Runs the checks of a hook point that this function runs, unless they have run before, and
/// writes down what came out: what the deployment is told is the answer to that. `execution` is
/// what an answer has to carry that `advance` gives later, where other checks take their time.
async fn verify<P>(
    ports: &P,
    release: &Release,
    asked: &Asked<'_>,
    execution: Option<&str>,
    time_left: Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + Checker + Clock,
{
    let Asked {
        stage,
        deployment,
        point,
    } = *asked;
    let known = verdict(release, stage, deployment, point);
    if known != Verdict::Undecided {
        return Ok(known);
    }
    let mut results = Vec::new();
    if checks_of(release, deployment, point).next().is_none() {
        let time = time_left.saturating_sub(RESERVE);
        let due = stage
            .checks_at(point)
            .filter_map(|check| match &check.kind {
                CheckKind::Http(http) => Some((check, http)),
                CheckKind::Alarm(_) | CheckKind::Metric(_) | CheckKind::Task(_) => None,
            });
        results = join_all(due.map(|(check, http)| run(ports, check, http, time))).await;
    }
    let incoming = Incoming::Checked {
        stage: stage.name.clone(),
        deployment: deployment.clone(),
        at: point,
        results,
        execution: execution.map(ToOwned::to_owned),
    };
    let actor = Actor::Function("lifecycle-hook".into());
    Ok(match take(ports, release.id(), &actor, incoming).await? {
        // Somebody else's run of the same checks may have been first, and its answer is the answer.
        Taken::Added(release) | Taken::Known(release) => {
            if release.live().is_none() {
                // The rollout is over, and then nothing may move.
                Verdict::Failed
            } else {
                verdict(&release, stage, deployment, point)
            }
        }
        Taken::Refused(_) | Taken::NoSuchRelease => Verdict::Failed,
    })
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
