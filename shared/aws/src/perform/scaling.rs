//! Suspending auto scaling and putting it back. Setting all three flags is idempotent.

use towpath_core::release::{Event, Place, ScalingState};

use crate::ports::{CallError, Ports};

pub(super) async fn suspend<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    ports.set_scaling(place, state).await?;
    Ok(vec![Event::ScalingSuspended { state }])
}

pub(super) async fn restore<P: Ports>(
    ports: &P,
    place: &Place,
    state: ScalingState,
) -> Result<Vec<Event>, CallError> {
    ports.set_scaling(place, state).await?;
    Ok(vec![Event::ScalingRestored { state }])
}
