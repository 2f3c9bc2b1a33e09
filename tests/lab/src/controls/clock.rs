//! Controls of virtual time.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ControlError, parse};
use crate::lab::Lab;
use crate::time::{self, Advanced, TimeError};

/// The longest jump, in seconds: some thirty years.
const MAX_SECONDS: f64 = 1e9;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Advance {
    seconds: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speed {
    speed: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Idle {
    timeout_seconds: Option<f64>,
}

/// The clock's rule and the time.
pub(super) fn show(lab: &Lab) -> Value {
    let mut shown = json!(lab.clock.reading());
    shown["now"] = json!(lab.clock.now().to_string());
    shown
}

/// Moves time, timer by timer.
pub(super) async fn advance(lab: &Arc<Lab>, body: &Advance) -> Answer {
    if !(0.0..=MAX_SECONDS).contains(&body.seconds) {
        return Err(ControlError::Input(format!(
            "seconds has to be between 0 and {MAX_SECONDS}"
        )));
    }
    let span = SignedDuration::try_from_secs_f64(body.seconds)
        .map_err(|error| ControlError::Input(error.to_string()))?;
    Ok(shown(time::advance(lab, span).await?))
}

/// Moves time to the next timer.
pub(super) async fn next(lab: &Arc<Lab>) -> Answer {
    Ok(shown(time::next(lab).await?))
}

fn shown(advanced: Advanced) -> Value {
    json!({ "now": advanced.now.to_string(), "fired": advanced.fired })
}

/// Changes the speed.
pub(super) fn speed(lab: &Lab, body: &Speed) -> Answer {
    if !(0.0..=MAX_SECONDS).contains(&body.speed) {
        return Err(ControlError::Input(format!(
            "speed has to be between 0 and {MAX_SECONDS}"
        )));
    }
    lab.clock.set_speed(body.speed);
    lab.timers.changed.notify_one();
    Ok(show(lab))
}

/// Waits until nothing is in hand.
pub(super) async fn idle(lab: &Lab, body: &[u8]) -> Answer {
    let idle: Idle = if body.is_empty() {
        Idle::default()
    } else {
        parse(body)?
    };
    let limit = match idle.timeout_seconds {
        None => time::PATIENCE,
        Some(seconds) => Duration::try_from_secs_f64(seconds)
            .map_err(|error| ControlError::Input(error.to_string()))?,
    };
    lab.activity
        .quiet(limit)
        .await
        .map_err(TimeError::Restless)?;
    Ok(json!({ "now": lab.clock.now().to_string() }))
}
