//! What a function has done, for `GET /_lab/functions`.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// Counts and figures of one function.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Stats {
    /// Invocations that were started.
    pub(crate) invocations: u64,
    /// When the latest of them were started, in virtual time.
    #[serde(skip)]
    pub(crate) invoked_at: Vec<Timestamp>,
    /// Invocations that ended in a function error, a crash or a timeout.
    pub(crate) errors: u64,
    /// Invocations that were killed for taking too long.
    pub(crate) timeouts: u64,
    /// Invocations refused because too many were in flight.
    pub(crate) throttles: u64,
    /// Execution environments that were started, each with its init time in real milliseconds
    /// (from the start of the process to its first request for work).
    pub(crate) cold_starts: Vec<f64>,
    /// The largest resident memory of any of its processes, in KiB.
    pub(crate) peak_memory_kib: u64,
    /// Durations of the latest invocations in real milliseconds.
    pub(crate) durations_ms: Vec<f64>,
    /// Process ids that run now.
    pub(crate) processes: Vec<u32>,
}

const KEPT: usize = 1_000;

impl Stats {
    /// Counts an invocation that begins.
    pub(crate) fn begun(&mut self, now: Timestamp) {
        self.invocations += 1;
        if self.invoked_at.len() == KEPT {
            self.invoked_at.remove(0);
        }
        self.invoked_at.push(now);
    }

    /// Counts an invocation that has ended.
    pub(crate) fn ended(&mut self, duration: Duration, failed: bool, timed_out: bool) {
        if self.durations_ms.len() == KEPT {
            self.durations_ms.remove(0);
        }
        self.durations_ms.push(duration.as_secs_f64() * 1000.0);
        self.errors += u64::from(failed);
        self.timeouts += u64::from(timed_out);
    }

    /// Takes the peak memory of a process into account, where the system tells it.
    pub(crate) fn observe_memory(&mut self, pid: u32) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok());
        self.peak_memory_kib = self.peak_memory_kib.max(peak.unwrap_or(0));
    }
}
