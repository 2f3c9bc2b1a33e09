//! CodeDeploy asks at a point of a deployment whether to go on.
//!
//! What CodeDeploy sends names the deployment and nothing else; which event it is at is read from
//! the deployment. AWS does not say that the deployment shows the event already when the function
//! starts, so that one that shows none is looked at again before it is refused.
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
    time_left: &impl Fn() -> Duration,
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
    time_left: &impl Fn() -> Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    let Some((mark, release)) = find(ports, deployment).await? else {
        tracing::warn!(%deployment, "hook refused: the deployment is not one of ours");
        return Ok(Verdict::Failed);
    };
    if release.untrusted().is_some() {
        tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the release is not trusted");
        return Ok(Verdict::Failed);
    }
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
    let point = point_of(ports, &place, deployment, time_left).await?;
    let Some(point) = point else {
        tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the deployment is at no point that has checks");
        return Ok(Verdict::Failed);
    };
    let asked = Asked {
        stage,
        service: &place.service,
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

/// The pauses before a deployment that shows no hook point is looked at again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The hook point at which the deployment is. A call that asks has one, but the deployment may not
/// show it yet.
async fn point_of<P: CodeDeploy>(
    ports: &P,
    place: &Place,
    deployment: &DeploymentId,
    time_left: &impl Fn() -> Duration,
) -> Result<Option<HookPoint>, HandlerError> {
    let enough = time_left() / 2;
    for pause in PAUSES {
        let shown = shown_by(&ports.progress(place, deployment).await?);
        // What is left has to do for the checks and the answer.
        if shown.is_some() || time_left().saturating_sub(pause) < enough {
            return Ok(shown);
        }
        tracing::info!(%deployment, "the deployment does not show yet at which point it asks");
        tokio::time::sleep(pause).await;
    }
    let last = ports.progress(place, deployment).await?;
    Ok(shown_by(&last))
}

fn shown_by(progress: &DeploymentProgress) -> Option<HookPoint> {
    let current = progress
        .lifecycle
        .iter()
        .rev()
        .find(|(_, status)| status == "InProgress")?;
    HookPoint::of_lifecycle_event(&current.0)
}
