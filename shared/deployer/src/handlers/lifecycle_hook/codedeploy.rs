//! CodeDeploy asks at a point of a deployment whether to go on.
//!
//! What CodeDeploy sends names the deployment and nothing else; which event it is at is read from
//! the deployment. AWS does not say that the deployment shows the event already when the function
//! starts, nor that it is shown itself, so that what is not is looked for again before it is refused.
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html>

use std::cell::Cell;
use std::time::Duration;

use towpath_core::names::DeploymentId;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{Checkpoints, CorrelationTag, HookCall, Place, Release, Verdict};

use super::verify::{Asked, asked_before, verify};
use super::{is_about, is_at};
use crate::backoff::pauses_up_to;
use crate::handlers::HandlerError;
use crate::ports::{Checker, Clock, CodeDeploy, DeploymentProgress, Ledger};

/// Answers what came of the checks. What cannot be reached is waited for while there is time; an answer
/// that gets lost all the same is given by `advance`, for it is reported. Where the answer cannot be
/// known and asking again would not help, it is no, so that nobody waits for the hour that CodeDeploy
/// gives; the error still goes the way of errors, because somebody has to mend its cause.
pub(super) async fn answer<P>(
    ports: &P,
    deployment: &DeploymentId,
    execution: &str,
    time_left: &impl Fn() -> Duration,
) -> Result<(), HandlerError>
where
    P: Ledger + CodeDeploy + Checker + Clock,
{
    // A check that has too little time fails.
    let left_for_checks = time_left() / 2;
    let ask = async || asks(ports, deployment, execution, time_left).await;
    let told = patiently(deployment, time_left, left_for_checks, ask).await;
    let tell = async |passed| {
        let answer = async || {
            Ok(ports
                .answer_hook(None, deployment, execution, passed)
                .await?)
        };
        patiently(deployment, time_left, ONE_MORE, answer).await
    };
    let passed = match told {
        Ok(Verdict::Passed) => true,
        Ok(Verdict::Failed) => false,
        Ok(Verdict::Undecided) => {
            tracing::info!(%deployment, "hook to be answered when its checks are decided");
            return Ok(());
        }
        Err(error) => {
            if error.is_final() {
                tracing::warn!(%deployment, %error, "hook refused: what the checks say cannot be known");
                tell(false).await?;
            }
            return Err(error);
        }
    };
    tell(passed).await?;
    tracing::info!(%deployment, passed, "hook answered");
    Ok(())
}

/// The first pause before what could not be reached is tried again.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// The pause from which on they grow no more.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// What one more try to answer takes at most.
const ONE_MORE: Duration = Duration::from_secs(15);

/// Does it again, with pauses that grow, while something that it needs cannot be reached and more than
/// `enough` of the time is left: Lambda begins the function three times within a few minutes, and an
/// outage may last longer.
async fn patiently<T>(
    deployment: &DeploymentId,
    time_left: &impl Fn() -> Duration,
    enough: Duration,
    call: impl AsyncFn() -> Result<T, HandlerError>,
) -> Result<T, HandlerError> {
    let mut pauses = pauses_up_to(SHORTEST_PAUSE, LONGEST_PAUSE);
    loop {
        let error = match call().await {
            Err(error) if error.is_outage() => error,
            other => return other,
        };
        match pauses.next() {
            Some(pause) if time_left() >= pause + enough => {
                tracing::warn!(%deployment, %error, "a hook cannot be dealt with yet; trying again in a moment");
                tokio::time::sleep(pause).await;
            }
            Some(_) | None => return Err(error),
        }
    }
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
    let Some((tag, release)) = find(ports, deployment, time_left).await? else {
        tracing::warn!(%deployment, "hook refused: the deployment is not one of ours");
        return Ok(Verdict::Failed);
    };
    is_about(&release);
    is_at(&tag.stage);
    if release.untrusted().is_some() {
        tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the release is not trusted");
        return Ok(Verdict::Failed);
    }
    let position = release.stage_position(&tag.stage);
    let service = position.and_then(|position| release.service_id(position));
    let Some((stage, service)) = release.pipeline().stage(&tag.stage).zip(service) else {
        return Err(HandlerError::Malformed(format!(
            "{} has no stage {}",
            tag.release, tag.stage
        )));
    };
    // The function runs in the stage's own account, so it reaches the service without a role.
    let place = Place {
        service,
        role: None,
    };
    let point = match asked_at(&release, deployment, execution) {
        // Lambda has begun the function again, and the deployment may have gone on since.
        Some(point) => Some(point),
        None => point_of(ports, &release, &place, deployment, time_left).await?,
    };
    let Some(point) = point else {
        tracing::warn!(release.id = %release.id(), %deployment, "hook refused: the deployment is at no point that has checks");
        return Ok(Verdict::Failed);
    };
    let mut asked = Asked {
        stage,
        service: &place.service,
        deployment,
        point,
    };
    if let Some(earlier) = reported_earlier(ports, &release, &asked, execution).await? {
        asked.point = earlier;
    }
    verify(ports, &release, &asked, Some(execution), time_left).await
}

/// The release whose tag the deployment carries.
async fn find<P: Ledger + CodeDeploy>(
    ports: &P,
    deployment: &DeploymentId,
    time_left: &impl Fn() -> Duration,
) -> Result<Option<(CorrelationTag, Release)>, HandlerError> {
    let look = async || Ok(ports.deployment_here(deployment).await?);
    let Some(info) = until_shown(deployment, time_left, look).await? else {
        return Ok(None);
    };
    let Ok(tag) = info.description.parse::<CorrelationTag>() else {
        return Ok(None);
    };
    Ok(ports
        .load(&tag.release)
        .await?
        .map(|release| (tag, release)))
}

/// The pauses before a deployment that is not shown, or shows no hook point, is looked at again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// The hook point at which the deployment is. A call that asks has one, but the deployment may not
/// show it yet: nothing, or the one before, at which another execution has asked.
async fn point_of<P: CodeDeploy>(
    ports: &P,
    release: &Release,
    place: &Place,
    deployment: &DeploymentId,
    time_left: &impl Fn() -> Duration,
) -> Result<Option<HookPoint>, HandlerError> {
    let is_old = Cell::new(None);
    let look = async || {
        let shown = shown_by(&ports.progress(place, deployment).await?);
        let old = shown.filter(|point| calls(release, deployment).any(|call| call.at == *point));
        is_old.set(old);
        Ok(shown.filter(|_| old.is_none()))
    };
    let shown = until_shown(deployment, time_left, look).await?;
    match is_old.get() {
        // What another question was answered says nothing of this one.
        Some(point) => Err(asked_before(deployment, point)),
        None => Ok(shown),
    }
}

/// The hook point at which the deployment asked with that execution, where that is known.
fn asked_at(release: &Release, deployment: &DeploymentId, execution: &str) -> Option<HookPoint> {
    let mut calls = calls(release, deployment);
    let call = calls.find(|call| call.execution.as_deref() == Some(execution))?;
    Some(call.at)
}

/// The hook point before the one that is shown at which the deployment asked with that execution, where
/// only the report of it is known: `advance` has not taken that over yet.
async fn reported_earlier<P: Ledger>(
    ports: &P,
    release: &Release,
    asked: &Asked<'_>,
    execution: &str,
) -> Result<Option<HookPoint>, HandlerError> {
    let (account, deployment) = (&asked.service.account, asked.deployment);
    let is_known = |point| calls(release, deployment).any(|call| call.at == point);
    if is_known(asked.point) {
        return Ok(None);
    }
    let hooks = Checkpoints::of(asked.stage).hooks;
    let earlier = HookPoint::ALL
        .into_iter()
        .take_while(|point| *point != asked.point)
        .filter(|point| hooks.contains(point) && !is_known(*point));
    for point in earlier {
        let report = ports.hook_report(account, release.id(), deployment, point);
        let report = report.await?;
        if report.is_some_and(|report| report.execution.as_deref() == Some(execution)) {
            return Ok(Some(point));
        }
    }
    Ok(None)
}

/// What the deployment has asked so far, as the ledger knows.
fn calls<'a>(
    release: &'a Release,
    deployment: &'a DeploymentId,
) -> impl Iterator<Item = &'a HookCall> {
    let live = release.active_rollout().into_iter();
    let calls = live.flat_map(|live| &live.checks.calls);
    calls.filter(move |call| call.deployment == *deployment)
}

/// What a call that asks has, and CodeDeploy may not show yet.
async fn until_shown<T>(
    deployment: &DeploymentId,
    time_left: &impl Fn() -> Duration,
    look: impl AsyncFn() -> Result<Option<T>, HandlerError>,
) -> Result<Option<T>, HandlerError> {
    let enough = time_left() / 2;
    for pause in PAUSES {
        let shown = look().await?;
        // What is left has to do for the checks and the answer.
        if shown.is_some() || time_left().saturating_sub(pause) < enough {
            return Ok(shown);
        }
        tracing::info!(%deployment, "CodeDeploy does not show yet which deployment asks, or at which point");
        tokio::time::sleep(pause).await;
    }
    look().await
}

fn shown_by(progress: &DeploymentProgress) -> Option<HookPoint> {
    let current = progress
        .lifecycle
        .iter()
        .rev()
        .find(|(_, status)| status == "InProgress")?;
    HookPoint::of_lifecycle_event(&current.0)
}
