//! The simulated services and what they ask of the lab: events to deliver, functions to invoke.

use std::sync::Arc;

pub(crate) use towpath_lab_world::{ApiError, Call, Effect, World};

use crate::events::bus;
use crate::lab::Lab;
use crate::lambda::hooks;
use crate::lock::lock;

/// Does something with the world at the present time, then carries out what follows from it.
pub(crate) fn with<T>(lab: &Arc<Lab>, act: impl FnOnce(&mut World, jiff::Timestamp) -> T) -> T {
    let now = lab.clock.now();
    let (result, effects) = {
        let mut world = lock(&lab.world);
        let result = act(&mut world, now);
        (result, world.take_effects())
    };
    for effect in effects {
        match effect {
            Effect::Emit(event) => bus::publish(lab, event),
            Effect::Invoke {
                account,
                region,
                function,
                payload,
                token,
            } => hooks::invoke(lab, &account, &region, &function, payload, token),
        }
    }
    // The earliest timer may be another one now.
    lab.timers.changed.notify_one();
    result
}
