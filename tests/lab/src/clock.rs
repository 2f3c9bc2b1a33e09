//! Virtual time: `speed` virtual seconds pass in each real one, and it can be moved forward.
//!
//! Functions are processes of their own; they read the clock from a small file that is replaced
//! as a whole whenever the clock's rule changes:
//! `{"virtual_ms": …, "real_ms": …, "speed": …}`, meaning
//! `now = virtual_ms + (Unix time in ms − real_ms) × speed`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::lock::lock;

/// The lab's one clock.
#[derive(Debug)]
pub(crate) struct Clock {
    state: Mutex<State>,
    file: PathBuf,
}

#[derive(Debug)]
struct State {
    virtual_ms: i64,
    real_ms: i64,
    speed: f64,
    frozen: u32,
    /// Milliseconds by which time was moved by hand so far.
    moved_ms: i64,
}

/// A moment from which ages are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since {
    virtual_ms: i64,
    real_ms: i64,
    moved_ms: i64,
}

/// The rule by which virtual time follows real time, as functions read it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Reading {
    /// Virtual Unix time in milliseconds at `real_ms`.
    pub(crate) virtual_ms: i64,
    /// Real Unix time in milliseconds at which `virtual_ms` held.
    pub(crate) real_ms: i64,
    /// Virtual seconds per real second; 0 while time stands still.
    pub(crate) speed: f64,
}

/// While this lives, virtual time moves only by [`Clock::jump_to`].
#[derive(Debug)]
pub(crate) struct Frozen<'a>(&'a Clock);

impl Clock {
    /// A clock that shows `start` now and is written to `file`.
    ///
    /// # Errors
    /// When `file` cannot be written.
    pub(crate) fn new(start: Timestamp, speed: f64, file: PathBuf) -> io::Result<Self> {
        let clock = Self {
            state: Mutex::new(State {
                virtual_ms: start.as_millisecond(),
                real_ms: real_ms(),
                speed: speed.max(0.0),
                frozen: 0,
                moved_ms: 0,
            }),
            file,
        };
        let reading = clock.reading();
        write(&clock.file, &reading)?;
        Ok(clock)
    }

    /// Where functions read the time.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The virtual time now.
    pub(crate) fn now(&self) -> Timestamp {
        timestamp(lock(&self.state).now_ms())
    }

    /// This moment, for [`Clock::age`].
    pub(crate) fn mark(&self) -> Since {
        let state = lock(&self.state);
        Since {
            virtual_ms: state.now_ms(),
            real_ms: real_ms(),
            moved_ms: state.moved_ms,
        }
    }

    /// How old is what waits for functions since then. They run, and are killed for running too long,
    /// in real time: what waits for one grows no older by virtual time that only goes faster, but
    /// by real time, and by what time was moved by hand.
    pub(crate) fn age(&self, since: Since) -> SignedDuration {
        let state = lock(&self.state);
        let passed = state.now_ms().saturating_sub(since.virtual_ms);
        let moved = state.moved_ms.saturating_sub(since.moved_ms);
        let lived = real_ms().saturating_sub(since.real_ms).max(0);
        SignedDuration::from_millis(passed.min(moved.saturating_add(lived)))
    }

    /// The rule that holds now.
    pub(crate) fn reading(&self) -> Reading {
        let state = lock(&self.state);
        Reading {
            virtual_ms: state.virtual_ms,
            real_ms: state.real_ms,
            speed: state.effective_speed(),
        }
    }

    /// Changes the speed from now on.
    pub(crate) fn set_speed(&self, speed: f64) {
        self.change(|state| state.speed = speed.max(0.0));
    }

    /// Moves to `to`, unless it is already later: time never runs backwards.
    pub(crate) fn jump_to(&self, to: Timestamp) {
        // Rounded up, so that what is due at `to` is due afterwards.
        let ms = to.as_millisecond() + i64::from(to.as_nanosecond() % 1_000_000 > 0);
        self.change(|state| {
            let by = ms.saturating_sub(state.virtual_ms).max(0);
            state.virtual_ms = state.virtual_ms.saturating_add(by);
            state.moved_ms = state.moved_ms.saturating_add(by);
        });
    }

    /// Stops time until the guard is dropped.
    pub(crate) fn freeze(&self) -> Frozen<'_> {
        self.change(|state| state.frozen += 1);
        Frozen(self)
    }

    /// The real time until `due`; `None` while time stands still before it.
    pub(crate) fn real_until(&self, due: Timestamp) -> Option<Duration> {
        let state = lock(&self.state);
        let virtual_ms = due.as_millisecond().saturating_sub(state.now_ms());
        if virtual_ms <= 0 {
            return Some(Duration::ZERO);
        }
        let speed = state.effective_speed();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of at most years")]
        let real_ms = virtual_ms as f64 / speed;
        (speed > 0.0).then(|| {
            Duration::try_from_secs_f64(real_ms / 1000.0).unwrap_or(Duration::from_secs(86_400))
        })
    }

    fn change(&self, edit: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        state.virtual_ms = state.now_ms();
        state.real_ms = real_ms();
        edit(&mut state);
        let reading = Reading {
            virtual_ms: state.virtual_ms,
            real_ms: state.real_ms,
            speed: state.effective_speed(),
        };
        // Written under the lock, so that an older rule never replaces a newer one.
        if let Err(error) = write(&self.file, &reading) {
            tracing::error!(%error, file = %self.file.display(), "functions cannot see the time");
        }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0
            .change(|state| state.frozen = state.frozen.saturating_sub(1));
    }
}

impl State {
    fn effective_speed(&self) -> f64 {
        if self.frozen > 0 { 0.0 } else { self.speed }
    }

    fn now_ms(&self) -> i64 {
        let elapsed = real_ms().saturating_sub(self.real_ms).max(0);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "milliseconds of at most years, rounded down"
        )]
        let passed = (elapsed as f64 * self.effective_speed()) as i64;
        self.virtual_ms.saturating_add(passed)
    }
}

/// Real Unix time in milliseconds.
pub(crate) fn real_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or_default()
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

fn write(file: &Path, reading: &Reading) -> io::Result<()> {
    let next = file.with_extension("next");
    std::fs::write(&next, serde_json::to_vec(reading)?)?;
    std::fs::rename(&next, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(speed: f64) -> (tempfile::TempDir, Clock) {
        let dir = tempfile::tempdir().expect("a folder");
        let start = Timestamp::from_second(1_800_000_000).expect("in range");
        let clock = Clock::new(start, speed, dir.path().join("clock.json")).expect("writable");
        (dir, clock)
    }

    #[test]
    fn time_stands_still_at_speed_0_and_moves_when_told() {
        let (_dir, clock) = clock(0.0);
        let start = clock.now();
        let later = start + SignedDuration::from_hours(5);

        assert_eq!(clock.real_until(later), None);
        clock.jump_to(later);
        assert_eq!(clock.now(), later);
        clock.jump_to(start);
        assert_eq!(clock.now(), later, "time never runs backwards");
    }

    #[test]
    fn a_frozen_clock_waits_for_the_guard() {
        let (_dir, clock) = clock(1_000_000.0);
        let frozen = clock.freeze();
        let now = clock.now();
        assert_eq!(clock.real_until(now + SignedDuration::from_secs(1)), None);
        drop(frozen);
        assert!(
            clock
                .real_until(now + SignedDuration::from_secs(1))
                .is_some()
        );
    }

    #[test]
    fn what_waits_for_a_function_ages_in_real_time_and_by_hand() {
        let (_dir, clock) = clock(1_000_000.0);
        let (since, start) = (clock.mark(), clock.now());
        // An hour takes less than four real milliseconds.
        while clock.now().duration_since(start) < SignedDuration::from_hours(1) {
            std::hint::spin_loop();
        }
        assert!(clock.age(since) < SignedDuration::from_mins(5));

        clock.set_speed(0.0);
        clock.jump_to(clock.now() + SignedDuration::from_hours(5));
        let age = clock.age(since);
        let by_hand = SignedDuration::from_hours(5);
        assert!(age >= by_hand, "{age}");
        assert!(age < by_hand + SignedDuration::from_mins(5), "{age}");
    }

    #[test]
    fn functions_read_the_same_time_from_the_file() {
        let (_dir, clock) = clock(0.0);
        clock.jump_to(Timestamp::from_second(1_800_000_500).expect("in range"));

        let text = std::fs::read(clock.file()).expect("written");
        let rule: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(rule["virtual_ms"], 1_800_000_500_000_i64);
        assert_eq!(rule["speed"], 0.0);
    }
}
