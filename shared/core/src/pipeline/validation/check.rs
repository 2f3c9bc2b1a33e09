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
            format!("{count} alarms cannot be checked"),
            format!("name 1 to {MAX_ALARMS} alarms"),
        );
    }
}
