//! What drives virtual time: the timers that come due by themselves, and the control that moves
//! time from one timer to the next.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::events::{bus, delivery};
use crate::lab::Lab;
use crate::lambda::{async_queue, stream};
use crate::lock::lock;
use crate::timers::Wake;
use crate::world;

/// How far time was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advanced {
    /// The time now.
    pub(crate) now: Timestamp,
    /// Points in time at which something fired.
    pub(crate) fired: u64,
}

/// Why time could not be moved as far as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TimeError {
    /// Something goes on and on.
    #[error("the lab does not come to rest; still in hand: {}", .0.join(", "))]
    Restless(Vec<String>),
    /// Timers that set themselves again for the same moment.
    #[error("{0} timers fired without time moving on: something sets timers for the present")]
    Standstill(u64),
}

/// Real time after which an invocation in flight is not waited for any more: the longest that
/// Lambda lets a function run.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15 * 60);

const MAX_AT_ONE_MOMENT: u64 = 100_000;

/// When anything happens next by itself.
fn next_due(lab: &Lab) -> Option<Timestamp> {
    let world = lock(&lab.world).next_due();
    let own = lab.timers.next_due();
    world.into_iter().chain(own).min()
}

/// Fires everything that is due now.
fn fire_due(lab: &Arc<Lab>) {
    let now = lab.clock.now();
    if lock(&lab.world).next_due().is_some_and(|due| due <= now) {
        world::with(lab, |world, now| world.advance(now));
    }
    while let Some(wake) = lab.timers.take_due(now) {
        match wake {
            Wake::Schedule(index) => bus::fire(lab, index),
            Wake::Event(queued) => async_queue::attempt(lab, *queued),
            Wake::Delivery(waiting) => delivery::start(lab, *waiting),
            Wake::Lane { mapping, lane } => stream::work(lab, mapping, lane),
        }
    }
}

/// Fires timers as virtual time passes by itself; never ends.
pub(crate) async fn drive(lab: Arc<Lab>) {
    loop {
        let changed = lab.timers.changed.notified();
        {
            // While somebody moves time by hand, timers are theirs.
            let _turn = lab.time_turn.lock().await;
            fire_due(&lab);
        }
        let wait = next_due(&lab).and_then(|due| lab.clock.real_until(due));
        match wait {
            Some(wait) => {
                tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep(wait) => {}
                }
            }
            None => changed.await,
        }
    }
}

/// Moves time forward by `seconds`, timer by timer, and waits for quiet after each.
///
/// # Errors
/// When the lab does not come to rest.
pub(crate) async fn advance(lab: &Arc<Lab>, span: SignedDuration) -> Result<Advanced, TimeError> {
    let _turn = lab.time_turn.lock().await;
    let frozen = lab.clock.freeze();
    let target = lab.clock.now().checked_add(span).unwrap_or(Timestamp::MAX);
    let result = step(lab, Some(target), u64::MAX).await;
    if result.is_ok() {
        lab.clock.jump_to(target);
        // The world looks at the clock when it is asked; its effects may already be due.
        fire_due(lab);
        quiet(lab).await?;
    }
    drop(frozen);
    lab.timers.changed.notify_one();
    result.map(|fired| Advanced {
        now: lab.clock.now(),
        fired,
    })
}

/// Moves time to the next timer and waits for quiet; without a timer time stays.
///
/// # Errors
/// When the lab does not come to rest.
pub(crate) async fn next(lab: &Arc<Lab>) -> Result<Advanced, TimeError> {
    let _turn = lab.time_turn.lock().await;
    let frozen = lab.clock.freeze();
    let result = step(lab, None, 1).await;
    drop(frozen);
    lab.timers.changed.notify_one();
    result.map(|fired| Advanced {
        now: lab.clock.now(),
        fired,
    })
}

async fn step(lab: &Arc<Lab>, until: Option<Timestamp>, most: u64) -> Result<u64, TimeError> {
    let mut fired = 0;
    let mut at_this_moment = 0;
    quiet(lab).await?;
    while fired < most {
        let Some(due) = next_due(lab).filter(|due| until.is_none_or(|until| *due <= until)) else {
            break;
        };
        at_this_moment = if due > lab.clock.now() {
            0
        } else {
            at_this_moment + 1
        };
        if at_this_moment > MAX_AT_ONE_MOMENT {
            return Err(TimeError::Standstill(at_this_moment));
        }
        lab.clock.jump_to(due);
        fire_due(lab);
        quiet(lab).await?;
        fired += 1;
    }
    Ok(fired)
}

async fn quiet(lab: &Lab) -> Result<(), TimeError> {
    lab.activity
        .quiet(PATIENCE)
        .await
        .map_err(TimeError::Restless)
}
