//! Taking a native deployment back. One that is under way is turned around, which sends the
//! traffic back first; one that is over is followed by another one, to what ran before.

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId};
use towpath_core::release::{RollBack, Tried};

use super::started::{alias_of, newest_after, unknown};
use crate::engine::contract::{RollbackStart, StartedRollback};
use crate::engine::service_deployment::{ServiceDeployment, Standing, brings};
use crate::engine::service_state::replaced_by;
use crate::engine::update::{Over, Update};
use crate::ports::{CallError, PauseAnswer, Ports};
use crate::service::Service;

pub(super) async fn roll_back<P: Ports>(
    ports: &P,
    back: &RollBack,
    tried: Tried,
) -> Result<RollbackStart, CallError> {
    let seen = ServiceDeployment::read(ports, &back.place, &back.deployment).await?;
    if back.over || has_passed(seen.as_ref(), back.fresh) {
        return bring_back(ports, back, tried, seen.as_ref()).await;
    }
    let pause = seen.as_ref().and_then(ServiceDeployment::pause);
    match turn_around(ports, back, pause).await {
        // What is not shown to be there yet may not be known to be there, either.
        Err(CallError::Refused {
            operation, code, ..
        }) if seen.is_none() && code == "ServiceDeploymentNotFoundException" => {
            return Err(CallError::NotDone {
                operation,
                message: format!("ECS does not show {} yet", back.deployment),
            });
        }
        turned => turned?,
    }
    // It may have come too far while it was asked to turn around.
    let turned = ServiceDeployment::read(ports, &back.place, &back.deployment).await?;
    if has_passed(turned.as_ref(), back.fresh) {
        return bring_back(ports, back, tried, turned.as_ref()).await;
    }
    Ok(RollbackStart::Begun(StartedRollback {
        waited: seen.and_then(|seen| seen.waits()),
        ..StartedRollback::default()
    }))
}

/// Whether the deployment has passed the point up to which it can be turned around. ECS forgets
/// deployments in time; what it has forgotten is over, and what was just started is not shown yet.
fn has_passed(seen: Option<&ServiceDeployment>, fresh: bool) -> bool {
    match seen.map(ServiceDeployment::standing) {
        None => !fresh,
        Some(Standing::CleaningUp | Standing::Successful) => true,
        // What came of one that ended otherwise is seen when it is looked at.
        Some(
            Standing::UnderWay
            | Standing::Turning
            | Standing::RolledBack
            | Standing::RollbackFailed
            | Standing::Stopped,
        ) => false,
    }
}

/// Tells a deployment that asks to go back, and stops one that does not ask, or not any more.
async fn turn_around<P: Ports>(
    ports: &P,
    back: &RollBack,
    pause: Option<PauseId>,
) -> Result<(), CallError> {
    let (place, id) = (&back.place, &back.deployment);
    if let Some(pause) = pause {
        let answered = ports
            .answer_pause(place, id, &pause, PauseAnswer::RollBack)
            .await;
        match answered {
            Err(CallError::Refused { .. }) => {}
            Ok(()) | Err(CallError::NotDone { .. } | CallError::Unknown { .. }) => return answered,
        }
    }
    ports.stop_service_deployment(place, id).await
}

/// Updates the service to what ran before, unless an earlier try or somebody else has, or somebody
/// else has taken the service elsewhere.
async fn bring_back<P: Ports>(
    ports: &P,
    back: &RollBack,
    tried: Tried,
    seen: Option<&ServiceDeployment>,
) -> Result<RollbackStart, CallError> {
    let (place, to) = (&back.place, &back.previous);
    let mut update = Update {
        place,
        revision: to,
        before: vec![back.deployment.clone()],
        // What is rolled back was there first. Both times are ECS's.
        since: seen.and_then(ServiceDeployment::created_at),
        previous: None,
    };
    if let Some(service) = ports.describe_service(place).await? {
        let runs = Service(&service).revision();
        if runs.as_ref() == Some(to) {
            return brought_back(ports, back, &update).await;
        }
        if let (Some(runs), Some(ours)) = (runs, back.revision.as_ref())
            && runs != *ours
        {
            return Ok(RollbackStart::Replaced(replaced_by(&runs)));
        }
        // An earlier try may have brought it back, and ECS may have gone back from that: it is not
        // begun a second time.
        if tried != Tried::Never
            && update.since.is_some()
            && let Some(begun_before) = update.listed(ports, Over::Counts).await?
        {
            return begun(ports, back, begun_before, &Value::Null).await;
        }
        update.before.extend(Service(&service).current_deployment());
    }
    let service = ports.update_service(place, to).await?;
    let deployment = update.started(ports, &service).await?;
    begun(ports, back, deployment, &service).await
}

/// Which deployment has brought back what ran before, where the service runs that again.
async fn brought_back<P: Ports>(
    ports: &P,
    back: &RollBack,
    update: &Update<'_>,
) -> Result<RollbackStart, CallError> {
    let recent = ports.recent_service_deployments(&back.place).await?;
    if let Some(deployment) = update.among(ports, &recent, Over::Counts).await? {
        return begun(ports, back, deployment, &Value::Null).await;
    }
    match newest_after(&recent, &back.deployment) {
        // Somebody else's, and ECS has gone back from it by itself.
        Some(newest) if Standing::of(&newest.status).is_over() => {
            let by = brings(ports, &back.place, newest).await?;
            Ok(RollbackStart::Replaced(replaced_by(
                by.as_ref().unwrap_or(&back.previous),
            )))
        }
        Some(_) | None => Err(unknown(format!(
            "the service runs {} again, and the deployment that brings it is not to be seen",
            back.previous.short()
        ))),
    }
}

async fn begun<P: Ports>(
    ports: &P,
    back: &RollBack,
    deployment: DeploymentId,
    service: &Value,
) -> Result<RollbackStart, CallError> {
    Ok(RollbackStart::Begun(StartedRollback {
        alias: alias_of(ports, &back.place, service, &back.previous).await,
        deployment: Some(deployment),
        ..StartedRollback::default()
    }))
}
