//! Suspending auto scaling and putting it back. Setting all three flags is idempotent.

use towpath_core::release::{ActionKind, Event, Place, ScalingState};

use super::service::Service;
use crate::ports::{CallError, Ports};

pub(super) async fn suspend<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    set(ports, place, state).await?;
    Ok(vec![Event::ScalingSuspended { state }])
}

pub(super) async fn restore<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    if let Some(reason) = forced(ports, place).await? {
        return Ok(vec![Event::ActionRefused {
            action: ActionKind::RestoreScaling,
            reason,
        }]);
    }
    set(ports, place, state).await?;
    Ok(vec![Event::ScalingRestored { state }])
}

/// Why the target is not to be touched, if somebody has changed the number of tasks meanwhile, to
/// none say: that would be undone by it.
async fn forced<P: Ports>(ports: &P, place: &Place) -> Result<Option<String>, CallError> {
    let (target, service) = tokio::join!(ports.scaling(place), ports.describe_service(place));
    let (Some(target), Some(service)) = (target?, service?) else {
        return Ok(None);
    };
    Ok(target.forced(Service(&service).desired_count()))
}

/// Sets the state. A target that somebody has deregistered meanwhile has nothing to be suspended or
/// resumed, and is not made anew: without its bounds, AWS refuses to.
async fn set<P: Ports>(ports: &P, place: &Place, state: ScalingState) -> Result<(), CallError> {
    match ports.set_scaling(place, state).await {
        Err(refused @ CallError::Refused { .. }) => match ports.scaling(place).await? {
            None => Ok(()),
            Some(_) => Err(refused),
        },
        done @ (Ok(()) | Err(CallError::NotDone { .. } | CallError::Unknown { .. })) => done,
    }
}
