//! CodeDeploy asks at a point of a deployment whether to go on.
//!
//! What CodeDeploy sends names the deployment and nothing else; which event it is at is read from
//! the deployment.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html>

use std::time::Duration;

use towpath_core::names::DeploymentId;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{Mark, Place, Release, Verdict};

use super::verify::{Asked, verify};
use crate::handlers::HandlerError;
use crate::ports::{Checker, Clock, CodeDeploy, DeploymentProgress, Ledger};

/// Answers what came of the checks. Where that cannot be known and asking again would not help, the
/// answer is no, so that nobody waits for the hour that CodeDeploy gives; the error still goes the
/// way of errors, because somebody has to mend its cause.
pub(super) async fn answer<P>(
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
