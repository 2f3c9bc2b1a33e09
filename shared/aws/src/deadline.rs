//! The end of the invocation, which no call waits past: Lambda kills a function that takes longer,
//! and then nobody writes down what came of its calls.
//!
//! | from the end | what stops |
//! |---|---|
//! | 5 s | calls of AWS and Slack: one under way is cut, with an unknown outcome, and none is begun |
//! | 1 s | calls of the ledger, which write down what came of the others |
//! | 0.5 s | the function, with an error that says so |
//!
//! A function handles one invocation at a time, so that there is one deadline in a process. The
//! command line has none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use tokio::time::Instant;

use towpath_deployer::ports::CallError;

/// What is kept of an invocation's time for writing down what came of its calls.
const FOR_THE_LEDGER: Duration = Duration::from_secs(5);
/// What is kept of the ledger's time for the answer.
const FOR_THE_ANSWER: Duration = Duration::from_secs(1);
/// What is kept of the function's own time, for Lambda to get its answer.
const FOR_LAMBDA: Duration = Duration::from_millis(500);

/// When the invocation ends that is being handled.
#[derive(Debug, Clone, Default)]
pub struct Deadline(Arc<Mutex<Option<Instant>>>);

impl Deadline {
    /// A new invocation begins, which is killed when so much time has passed.
    pub fn begin(&self, time_left: Duration) {
        let end = Instant::now().checked_add(time_left);
        // A poisoned lock guards a moment that is complete whenever it is seen.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }

    /// The time until then; `None` when nothing ends it.
    fn time_left(&self) -> Option<Duration> {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// What calls may take.
    pub(crate) fn of_calls(&self) -> Bound {
        self.less(FOR_THE_LEDGER)
    }

    /// What calls of the ledger may take.
    pub(crate) fn of_the_ledger(&self) -> Bound {
        self.less(FOR_THE_ANSWER)
    }

    /// What the function may take.
    pub(crate) fn of_the_function(&self) -> Bound {
        self.less(FOR_LAMBDA)
    }

    fn less(&self, kept: Duration) -> Bound {
        Bound {
            deadline: self.clone(),
            kept,
        }
    }
}

/// How long something may take at most, as long as the invocation goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bound {
    deadline: Deadline,
    kept: Duration,
}

impl Bound {
    /// So long, or until the bound if that comes first.
    pub(crate) fn cap(&self, wanted: Duration) -> Duration {
        match self.deadline.time_left() {
            Some(left) => wanted.min(left.saturating_sub(self.kept)),
            None => wanted,
        }
    }

    /// Whether nothing is begun any more.
    pub(crate) fn is_over(&self) -> bool {
        self.cap(Duration::MAX).is_zero()
    }

    /// Nothing, as long as there is time.
    ///
    /// # Errors
    /// That `operation` is not begun any more.
    pub(crate) fn in_time(&self, operation: &'static str) -> Result<(), CallError> {
        if self.is_over() {
            return Err(CallError::NotDone {
                operation,
                message: "the function's time is used up".into(),
            });
        }
        Ok(())
    }
}

/// The SDK measures everything by this: how long a call and each of its attempts may take, and how
/// long it pauses before the next one.
impl AsyncSleep for Bound {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(self.cap(duration)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_kind_of_work_stops_before_the_next_and_a_new_invocation_has_its_own_time() {
        let deadline = Deadline::default();
        let hour = Duration::from_secs(3600);
        assert_eq!(deadline.of_calls().cap(hour), hour, "nothing ends it");
        deadline.begin(Duration::from_secs(10));
        let bounds = [
            deadline.of_calls(),
            deadline.of_the_ledger(),
            deadline.of_the_function(),
        ];
        let caps = || bounds.clone().map(|bound| bound.cap(hour).as_millis());
        assert_eq!(caps(), [5_000, 9_000, 9_500]);
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(caps(), [0, 3_000, 3_500]);
        assert!(bounds[0].is_over() && !bounds[1].is_over());
        tokio::time::advance(hour).await;
        assert_eq!(caps(), [0, 0, 0]);
        deadline.begin(Duration::from_secs(60));
        assert_eq!(caps(), [55_000, 59_000, 59_500]);
    }
}
