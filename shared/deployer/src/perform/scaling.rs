//! Suspending auto scaling and putting it back. Setting all three flags is idempotent.

use towpath_core::release::{Event, Place, ScalableTarget, ScalingState};

use crate::ports::{CallError, Ports};
use crate::service::Service;

pub(super) async fn suspend<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    Ok(vec![match forced(ports, place).await? {
        // An earlier run has suspended it, and its answer was lost.
        Some((target, _)) if target.state == state => Event::ScalingSuspended { state },
        Some((target, desired)) => Event::ScalingLeft {
            target,
            desired,
            restoring: false,
        },
        None => {
            set(ports, place, state).await?;
            Event::ScalingSuspended { state }
        }
    }])
}

pub(super) async fn restore<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    Ok(vec![match forced(ports, place).await? {
        Some((target, _)) if target.state == state => Event::ScalingRestored { state },
        Some((target, desired)) => Event::ScalingLeft {
            target,
            desired,
            restoring: true,
        },
        None => {
            set(ports, place, state).await?;
            Event::ScalingRestored { state }
        }
    }])
}

/// The target and the number of tasks, if somebody has changed that meanwhile, to none say: any call
/// about the target would undo it.
async fn forced<P: Ports>(
    ports: &P,
    place: &Place,
) -> Result<Option<(ScalableTarget, u32)>, CallError> {
    let (target, service) = tokio::join!(ports.scaling(place), ports.describe_service(place));
    let (Some(target), Some(service)) = (target?, service?) else {
        return Ok(None);
    };
    let desired = Service(&service).desired_count();
    Ok(target.forced_from(desired).map(|_| (target, desired)))
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
