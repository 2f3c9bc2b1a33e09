//! The pauses before a call is made again. Each is longer than the one before, and random within its
//! bounds: those who were refused in the same moment must not all come back in the same moment.
//! <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// The pauses before a call is made again at most `times` times: the first lasts between `shortest`
/// and twice as long, and each further one twice as long as the one before.
#[must_use]
pub fn pauses(shortest: Duration, times: usize) -> ExponentialBackoff {
    growing(shortest)
        .without_max_delay()
        .with_max_times(times)
        .build()
}

/// Such pauses without an end, which stop growing at between `longest` and twice as long.
#[must_use]
pub(crate) fn pauses_up_to(shortest: Duration, longest: Duration) -> ExponentialBackoff {
    growing(shortest)
        .with_max_delay(longest)
        .without_max_times()
        .build()
}

fn growing(shortest: Duration) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(shortest)
        .with_jitter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_bounds_and_differ() {
        let shortest = Duration::from_millis(100);
        let mut firsts = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let all: Vec<_> = pauses(shortest, 3).collect();
            for (pause, times) in all.iter().zip([1, 2, 4]) {
                let bounds = shortest * times..=shortest * times * 2;
                assert!(bounds.contains(pause), "{all:?}");
            }
            assert_eq!(all.len(), 3);
            firsts.insert(all[0]);
        }
        assert!(firsts.len() > 10, "{firsts:?}");
    }

    #[test]
    fn pauses_without_an_end_stop_growing() {
        let (shortest, longest) = (Duration::from_secs(1), Duration::from_secs(8));
        let mut pauses = pauses_up_to(shortest, longest).skip(20);
        let late = pauses.next();
        assert!(late.is_some_and(|it| (longest..=longest * 2).contains(&it)));
    }
}
