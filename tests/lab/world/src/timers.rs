//! What is due when: every wait of the simulated services is one entry here, so that hours of
//! canary steps, bake times and deadlines pass as fast as they are asked for.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{codedeploy, ecr, ecs};

/// Who wakes up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Timer {
    /// A task reaches its next status.
    Task(ecs::TaskTimer),
    /// A service's scheduler looks again.
    Service(ecs::ServiceTimer),
    /// A native ECS deployment moves on or runs out of time.
    Native(ecs::NativeTimer),
    /// A CodeDeploy deployment moves on or runs out of time.
    CodeDeploy(codedeploy::DeploymentTimer),
    /// A basic image scan is through.
    Scan(ecr::ScanTimer),
}

/// Pending timers in time order; equal times keep the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    pending: BTreeMap<(Timestamp, u64), Timer>,
    count: u64,
}

impl Timers {
    pub(crate) fn set(&mut self, at: Timestamp, timer: Timer) {
        self.count += 1;
        self.pending.insert((at, self.count), timer);
    }

    /// Forgets the timers that match: a wait that is over must not hold the clock.
    pub(crate) fn cancel(&mut self, matches: impl Fn(&Timer) -> bool) {
        self.pending.retain(|_, timer| !matches(timer));
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.pending.keys().next().map(|(at, _)| *at)
    }

    /// Takes the earliest timer that is due at `now`.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<(Timestamp, Timer)> {
        let entry = self.pending.first_entry()?;
        if entry.key().0 > now {
            return None;
        }
        let ((at, _), timer) = entry.remove_entry();
        Some((at, timer))
    }
}

/// A moment later; at the end of time it stays there.
pub(crate) fn later(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

pub(crate) fn seconds(count: u64) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(count).unwrap_or(i64::MAX))
}

pub(crate) fn minutes(count: u64) -> SignedDuration {
    seconds(count.saturating_mul(60))
}
