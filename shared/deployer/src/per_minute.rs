//! How often something may be done in a minute: what strangers can cause, such as lines of the log,
//! stays bounded however many of them come.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// A bound for one process.
#[derive(Debug)]
pub struct PerMinute {
    most: u64,
    minute: Mutex<Option<Minute>>,
}

#[derive(Debug, Clone, Copy)]
struct Minute {
    began: Timestamp,
    done: u64,
    left_out: u64,
}

impl PerMinute {
    /// At most so many in a minute.
    #[must_use]
    pub const fn new(most: u64) -> Self {
        Self {
            most,
            minute: Mutex::new(None),
        }
    }

    /// Whether it may be done once more now, and how often it was left out since it was done last.
    pub fn admit(&self, now: Timestamp) -> Option<u64> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let mut current = minute.take().unwrap_or(Minute {
            began: now,
            done: 0,
            left_out: 0,
        });
        // A clock that was set back begins a minute, too.
        if now.duration_since(current.began).abs() >= MINUTE {
            current.began = now;
            current.done = 0;
        }
        let admitted = current.done < self.most;
        let left_out = current.left_out;
        if admitted {
            current.done += 1;
            current.left_out = 0;
        } else {
            current.left_out += 1;
        }
        *minute = Some(current);
        admitted.then_some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_admits_so_many_and_the_next_says_how_many_were_left_out() {
        let bound = PerMinute::new(2);
        let at = |seconds: i64| bound.admit(Timestamp::from_second(1_000 + seconds).unwrap());
        let admitted: Vec<_> = [0, 1, 2, 30, 59].into_iter().map(at).collect();
        assert_eq!(admitted, [Some(0), Some(0), None, None, None]);
        let admitted: Vec<_> = [60, 61, 62].into_iter().map(at).collect();
        assert_eq!(admitted, [Some(3), Some(0), None]);
        assert_eq!(at(-1), Some(1), "a clock that was set back");
    }
}
