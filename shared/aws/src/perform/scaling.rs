//! Suspending auto scaling and putting it back. Setting all three flags is idempotent.

use towpath_core::release::{Event, Place, ScalingState};

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
    set(ports, place, state).await?;
    Ok(vec![Event::ScalingRestored { state }])
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
