//! The clock: the system's, or in the lab a virtual one in which hours pass in seconds.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::Deserialize;
use towpath_deployer::ports::Clock;

use crate::config::{CLOCK_FILE, Settings};

/// The clock that the settings ask for: the machine's, or the one that a file describes, which is
/// read again each time.
#[derive(Debug)]
pub struct SystemClock {
    file: Option<PathBuf>,
    /// What the file said last, for when it is just being written.
    last: Mutex<Option<Virtual>>,
}

/// What a clock file says: `virtual_ms` was the time when the machine's clock was at `real_ms`, and
/// since then it has gone `speed` times as fast.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
struct Virtual {
    virtual_ms: i64,
    real_ms: i64,
    speed: f64,
}

impl SystemClock {
    /// The clock that the settings ask for.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            file: settings.get(CLOCK_FILE).map(PathBuf::from),
            last: Mutex::default(),
        }
    }

    fn read(&self, path: &Path) -> Option<Virtual> {
        let read = std::fs::read(path)
            .map_err(|error| error.to_string())
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(clock) => *last = Some(clock),
            Err(error) => {
                tracing::warn!(path = %path.display(), error, "the clock file cannot be read");
            }
        }
        *last
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the time comes from"
    )]
    fn now(&self) -> Timestamp {
        match self.file.as_deref().and_then(|path| self.read(path)) {
            Some(clock) => clock.at(SystemTime::now()),
            None => Timestamp::now(),
        }
    }
}

impl Virtual {
    /// The virtual time when the machine's clock shows `real`.
    fn at(self, real: SystemTime) -> Timestamp {
        let real_ms = real
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |since| since.as_secs_f64() * 1e3);
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since 1970 need 41 of the 52 bits"
        )]
        let passed = (real_ms - self.real_ms as f64) * self.speed;
        // Finer than the milliseconds of the file, so that two moments stay two at any speed. The
        // cast saturates, and what no timestamp can say is clamped.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "saturating is what is wanted"
        )]
        let passed = (passed * 1e6) as i128;
        let nanoseconds = i128::from(self.virtual_ms)
            .saturating_mul(1_000_000)
            .saturating_add(passed);
        let nanoseconds = nanoseconds.clamp(
            Timestamp::MIN.as_nanosecond(),
            Timestamp::MAX.as_nanosecond(),
        );
        Timestamp::from_nanosecond(nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(real_ms: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(real_ms)
    }

    #[test]
    fn virtual_time_goes_at_its_own_speed() {
        let clock = Virtual {
            virtual_ms: 1_000_000,
            real_ms: 500_000,
            speed: 60.0,
        };
        assert_eq!(clock.at(at(500_000)).as_millisecond(), 1_000_000);
        assert_eq!(clock.at(at(501_000)).as_millisecond(), 1_060_000);
    }

    #[test]
    fn no_clock_file_makes_it_panic() {
        for (virtual_ms, real_ms, speed) in [
            (i64::MAX, 0, 1.0),
            (i64::MIN, i64::MAX, 1e300),
            (0, i64::MIN, f64::INFINITY),
            (0, 0, f64::NAN),
        ] {
            let clock = Virtual {
                virtual_ms,
                real_ms,
                speed,
            };
            let now = clock.at(at(1));
            assert!(now >= Timestamp::MIN && now <= Timestamp::MAX);
        }
    }

    #[test]
    fn the_file_is_read_again_each_time() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let settings = Settings::of([(CLOCK_FILE, file.path().display().to_string())]);
        let clock = SystemClock::new(&settings);
        let set = |virtual_ms: i64| {
            let text = format!(r#"{{"virtual_ms":{virtual_ms},"real_ms":0,"speed":0}}"#);
            std::fs::write(file.path(), text).unwrap();
        };
        set(1_000);
        assert_eq!(clock.now().as_millisecond(), 1_000);
        set(9_000);
        assert_eq!(clock.now().as_millisecond(), 9_000);
        // Half-written, it says what it said before.
        std::fs::write(file.path(), "{").unwrap();
        assert_eq!(clock.now().as_millisecond(), 9_000);
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "it is what the clock is compared with"
    )]
    fn a_file_that_was_never_there_falls_back_to_the_machines_clock() {
        let settings = Settings::of([(CLOCK_FILE, "/nonexistent/clock.json".into())]);
        let before = Timestamp::now();
        assert!(SystemClock::new(&settings).now() >= before);
    }
}
