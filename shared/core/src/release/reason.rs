//! Why things end as they do, in the words that the ledger keeps. Each is made in one place, so that
//! whoever tells people knows what it is that a reason repeats.

use super::{ActionKind, CheckResult, Principal};
use crate::pipeline::HookPoint;

/// Somebody rejected the rollout.
pub(crate) fn rejected(by: &Principal, reason: Option<&str>) -> String {
    format!("{by} rejected it{}", because(reason))
}

/// Somebody wants the rollout back.
pub(crate) fn rolled_back(by: &Principal, reason: Option<&str>) -> String {
    format!("{by} rolled it back{}", because(reason))
}

/// Somebody vetoed the image.
pub(crate) fn vetoed(by: &Principal, reason: &str) -> String {
    format!("{by} vetoed the image: {reason}")
}

/// A check failed.
pub(crate) fn failed_check(at: HookPoint, result: &CheckResult) -> String {
    format!("check `{}` failed at {at}: {}", result.check, result.detail)
}

/// An action could not be performed, by AWS's word or by Towpath's own.
pub(crate) fn refused(action: ActionKind, reason: &str) -> String {
    format!("could not {action}: {reason}")
}

/// Something runs that Towpath did not start.
pub(crate) fn started_elsewhere(found: &str) -> String {
    format!("{found} was started outside of Towpath")
}

fn because(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}
