//! What the lab is doing at this moment, and a way to wait until it does nothing.
//!
//! Whoever hands work on takes the new [`Busy`] before it lets go of its own, so there is no
//! instant at which work exists and the lab looks quiet. Work that waits for virtual time is not
//! busy: it is a timer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Notify;

use crate::lock::lock;

/// The register of work in hand.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    work: Mutex<(u64, BTreeMap<u64, String>)>,
    changed: Notify,
}

/// A piece of work in hand, until dropped.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    id: u64,
}

impl Activity {
    /// Registers a piece of work; `what` is shown to whoever waits too long for quiet.
    pub(crate) fn begin(self: &Arc<Self>, what: impl Into<String>) -> Busy {
        let mut work = lock(&self.work);
        work.0 += 1;
        let id = work.0;
        work.1.insert(id, what.into());
        Busy {
            activity: Arc::clone(self),
            id,
        }
    }

    /// What is in hand now.
    pub(crate) fn in_hand(&self) -> Vec<String> {
        lock(&self.work).1.values().cloned().collect()
    }

    /// Waits until nothing is in hand, at most `limit` of real time.
    ///
    /// # Errors
    /// What was still in hand when the time was up.
    pub(crate) async fn quiet(&self, limit: Duration) -> Result<(), Vec<String>> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if lock(&self.work).1.is_empty() {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, wait)
            .await
            .map_err(|_elapsed| self.in_hand())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut work = lock(&self.activity.work);
        work.1.remove(&self.id);
        if work.1.is_empty() {
            self.activity.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn quiet_waits_for_the_last_piece_of_work() {
        let activity = Arc::new(Activity::default());
        let first = activity.begin("first");
        let second = activity.begin("second");
        drop(first);

        let held = activity.quiet(Duration::from_millis(1)).await;
        assert_eq!(held, Err(vec!["second".to_owned()]));

        let waiter = tokio::spawn({
            let activity = Arc::clone(&activity);
            async move { activity.quiet(Duration::from_secs(60)).await }
        });
        drop(second);
        assert_eq!(waiter.await.expect("no panic"), Ok(()));
    }
}
