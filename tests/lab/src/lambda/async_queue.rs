//! Asynchronous invocations: accepted at once, tried again after function errors, given up into
//! the function's queue of dead letters.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::sync::Arc;

use bytes::Bytes;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::function::{Answer, Function};
use super::host;
use crate::clock::Since;
use crate::dead_letters::{self, Letter};
use crate::lab::Lab;
use crate::timers::Wake;

/// An event in a function's queue.
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    pub(crate) function: Arc<Function>,
    /// The event.
    pub(crate) payload: Bytes,
    /// Request id, the same for every attempt.
    pub(crate) request_id: String,
    /// Invocations so far that ended in a function error.
    pub(crate) failures: u32,
    /// Attempts so far that were throttled.
    pub(crate) throttles: u32,
    pub(crate) accepted: Since,
}

/// Accepts an event; it is delivered in the background.
pub(crate) fn accept(lab: &Arc<Lab>, function: &Arc<Function>, payload: Bytes, request_id: String) {
    let queued = Queued {
        function: Arc::clone(function),
        payload,
        request_id,
        failures: 0,
        throttles: 0,
        accepted: lab.clock.mark(),
    };
    attempt(lab, queued);
}

/// Delivers an event in the background; called again by the timer of its next attempt.
pub(crate) fn attempt(lab: &Arc<Lab>, queued: Queued) {
    let busy = lab
        .activity
        .begin(format!("event for {}", queued.function.config.name));
    let lab = Arc::clone(lab);
    tokio::spawn(async move {
        deliver(&lab, queued).await;
        drop(busy);
    });
}

async fn deliver(lab: &Arc<Lab>, mut queued: Queued) {
    let config = &queued.function.config.asynchronous;
    let age = lab.clock.age(queued.accepted);
    let oldest = SignedDuration::from_secs(i64::from(config.maximum_event_age_seconds));
    if age > oldest {
        return give_up(lab, &queued, "EventAgeExceeded", None).await;
    }
    let payload = queued.payload.clone();
    match host::deliver(lab, &queued.function, payload, &queued.request_id, "async").await {
        Ok(answer) if answer.function_error.is_none() => {}
        Ok(answer) => {
            queued.failures += 1;
            if queued.failures > config.maximum_retry_attempts {
                return give_up(lab, &queued, "RetriesExhausted", Some(&answer)).await;
            }
            // One minute before the first retry, two before the second.
            let wait = SignedDuration::from_mins(i64::from(queued.failures));
            retry(lab, queued, wait);
        }
        Err(host::Throttled) => {
            // Exponential, from one second to five minutes.
            let wait = SignedDuration::from_secs((1 << queued.throttles.min(9)).min(300));
            queued.throttles += 1;
            retry(lab, queued, wait);
        }
    }
}

fn retry(lab: &Lab, queued: Queued, wait: SignedDuration) {
    let due = lab.clock.now() + wait;
    lab.timers.add(due, Wake::Event(Box::new(queued)));
}

/// The record of an on-failure destination.
async fn give_up(lab: &Arc<Lab>, queued: &Queued, condition: &str, answer: Option<&Answer>) {
    let config = &queued.function.config;
    let payload: Value = serde_json::from_slice(&queued.payload).unwrap_or_default();
    let mut record = json!({
        "version": "1.0",
        "timestamp": lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        "requestContext": {
            "requestId": queued.request_id,
            "functionArn": format!("{}:$LATEST", config.arn()),
            "condition": condition,
            "approximateInvokeCount": queued.failures + queued.throttles,
        },
        "requestPayload": payload,
    });
    if let Some(answer) = answer {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": answer.function_error,
        });
        record["responsePayload"] = answer.json();
    }
    let letter = Letter::new(lab, "lambda", &config.name, condition, record);
    dead_letters::send(lab, &queued.function, letter).await;
}
