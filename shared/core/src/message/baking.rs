//! What is said of a version that serves and is still watched.

use jiff::Timestamp;

use crate::pipeline::{HookPoint, Stage};
use crate::release::Live;

/// That the new version has all of the traffic and bakes, until when, and what is watched; nothing
/// where it does not.
pub(crate) fn baking(
    stage: &Stage,
    live: &Live,
    time: impl Fn(Timestamp) -> String,
) -> Option<String> {
    let until = time(live.bakes_until(stage)?);
    let checks = stage.checks_at(HookPoint::Bake);
    let checks: Vec<_> = checks.map(|check| check.name.as_str()).collect();
    let watched = if checks.is_empty() {
        "that it still serves".to_owned()
    } else {
        checks.join(", ")
    };
    Some(format!(
        "serves and bakes until {until} (watched: {watched})"
    ))
}
