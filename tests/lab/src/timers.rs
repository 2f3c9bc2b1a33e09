//! What waits for a point in virtual time.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::events::delivery::Delivery;
use crate::lambda::async_queue::Queued;
use crate::lock::lock;

#[derive(Debug)]
pub(crate) enum Wake {
    /// A scheduled rule, by its index.
    Schedule(usize),
    /// The next attempt of an asynchronous invocation.
    Event(Box<Queued>),
    /// The next attempt of a delivery by EventBridge.
    Delivery(Box<Delivery>),
    /// The next attempt of a lane of the stream's event source mapping.
    Lane {
        /// Index of the mapping.
        mapping: usize,
        /// Index of its lane.
        lane: usize,
    },
}

/// The timers of the lab itself; the world has its own.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    waiting: Mutex<Waiting>,
    /// Told whenever the earliest timer, here or in the world, may be another one.
    pub(crate) changed: Notify,
}

/// In the order of their times, then of their numbers.
#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    wakes: BTreeMap<(Timestamp, u64), Wake>,
}

impl Timers {
    /// Adds a timer. Those due at the same time fire in the order in which they were added.
    pub(crate) fn add(&self, due: Timestamp, wake: Wake) {
        let mut waiting = lock(&self.waiting);
        waiting.last += 1;
        let n = waiting.last;
        waiting.wakes.insert((due, n), wake);
        drop(waiting);
        self.changed.notify_one();
    }

    /// When the earliest is due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        lock(&self.waiting).wakes.keys().next().map(|(due, _)| *due)
    }

    /// Takes the earliest, if it is due at `now`.
    pub(crate) fn take_due(&self, now: Timestamp) -> Option<Wake> {
        let mut waiting = lock(&self.waiting);
        let first = waiting.wakes.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
