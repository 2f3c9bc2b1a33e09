//! Contradictions within one check.

mod http;
mod metric;
mod pointer;
mod task;

use crate::pipeline::finding::Found;
use crate::pipeline::{AlarmCheck, Check, CheckKind, Stage};

pub(super) fn find(stage: &Stage, check: &Check, path: &str, found: &mut Found) {
    match &check.kind {
        CheckKind::Http(http) => http::find(http, &format!("{path}.http"), found),
        CheckKind::Alarm(alarm) => find_in_alarm(alarm, &format!("{path}.alarm"), found),
        CheckKind::Metric(metric) => metric::find(metric, &format!("{path}.metric"), found),
        CheckKind::Task(task) => task::find(stage, task, &format!("{path}.task"), found),
    }
}

/// Most alarms that one check looks at, and that DescribeAlarms takes at once.
const MAX_ALARMS: usize = 100;

fn find_in_alarm(alarm: &AlarmCheck, path: &str, found: &mut Found) {
    let count = alarm.names.len();
    if count == 0 || count > MAX_ALARMS {
        found.add(
            format!("{path}.names"),
            format!("{count} alarms cannot be looked at"),
            format!("name 1 to {MAX_ALARMS} alarms"),
        );
    }
}

/// The longest time in seconds that the hook function may spend on a check.
pub(super) fn longest(check: &Check) -> u64 {
    match &check.kind {
        CheckKind::Http(http) => {
            let attempts = u64::from(http.attempts);
            attempts * u64::from(http.timeout.seconds())
                + attempts.saturating_sub(1) * u64::from(http.interval.seconds())
        }
        // What `advance` runs is looked at again and again, whatever it takes.
        CheckKind::Alarm(_) | CheckKind::Metric(_) | CheckKind::Task(_) => 0,
    }
}
