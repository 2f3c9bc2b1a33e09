//! The delivery of an event to a function: at least once, retried, then a dead letter.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html>
//!
//! EventBridge invokes functions asynchronously, so it has done its part when Lambda has taken
//! the event; what the function makes of it is the matter of Lambda's own queue.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::bus::{Rule, Target};
use crate::dead_letters::{self, Letter};
use crate::gateway::faults::Outcome;
use crate::gateway::record;
use crate::lab::Lab;
use crate::lambda::async_queue;
use crate::lambda::function::Function;
use crate::lambda::permission;
use crate::timers::Wake;

/// An event on its way to a target.
#[derive(Debug)]
pub(crate) struct Delivery {
    rule: Rule,
    event: Value,
    started: Timestamp,
    attempts: u32,
}

impl Delivery {
    /// A delivery that starts now.
    pub(crate) fn new(lab: &Lab, rule: Rule, event: Value) -> Self {
        Self {
            rule,
            event,
            started: lab.clock.now(),
            attempts: 0,
        }
    }
}

/// Tries to deliver in the background; called again by the timer of the next attempt.
pub(crate) fn start(lab: &Arc<Lab>, delivery: Delivery) {
    let busy = lab.activity.begin(format!("rule {}", delivery.rule.name));
    let lab = Arc::clone(lab);
    tokio::spawn(async move {
        deliver(&lab, delivery).await;
        drop(busy);
    });
}

async fn deliver(lab: &Arc<Lab>, mut delivery: Delivery) {
    let Target::Function {
        function,
        input,
        retries,
        age_seconds,
    } = delivery.rule.target.clone()
    else {
        return;
    };
    // What is not permitted is not tried again.
    // <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
    let rule = delivery.rule.arn();
    if let Some(message) = permission::refusal(lab, "events.amazonaws.com", &rule, &function) {
        tracing::warn!(rule, message, "an event was not delivered");
        give_up(lab, &function, &delivery, "NO_PERMISSIONS", &message).await;
        return;
    }
    delivery.attempts += 1;
    let payload = input.as_ref().unwrap_or(&delivery.event).to_string();
    // Lambda's own refusals are made by injected faults: the lab's queue takes everything.
    let fault = lab
        .faults
        .meet("lambda", "Invoke", "events", &delivery.event);
    if let Some(fault) = fault {
        let name = &function.config.name;
        record::delivery(lab, "events", name, &delivery.event, fault);
    }
    let refused = match fault {
        Some(Outcome::Throttled) => Some(("THROTTLING", "Rate exceeded")),
        Some(Outcome::FailedBefore) => Some(("INTERNAL_ERROR", "An internal error occurred.")),
        Some(Outcome::AnswerLost) => {
            // Taken, but EventBridge does not know: it will deliver the event a second time.
            async_queue::accept(lab, &function, payload.clone().into(), lab.ids.uuid());
            Some(("TIMEOUT", "The answer was lost."))
        }
        Some(
            Outcome::Refused
            | Outcome::Stale
            | Outcome::LatencyMs(_)
            | Outcome::CrashBefore
            | Outcome::CrashAfter,
        )
        | None => None,
    };
    let Some((code, message)) = refused else {
        async_queue::accept(lab, &function, payload.into(), lab.ids.uuid());
        return;
    };
    // Exponential with a bound, so that 185 attempts cover a day.
    let wait = SignedDuration::from_secs((1 << delivery.attempts.min(10)).min(600));
    let due = lab.clock.now() + wait;
    let oldest = SignedDuration::from_secs(i64::from(age_seconds));
    if delivery.attempts > retries || due.duration_since(delivery.started) > oldest {
        give_up(lab, &function, &delivery, code, message).await;
    } else {
        lab.timers.add(due, Wake::Delivery(Box::new(delivery)));
    }
}

/// The dead letter is the event itself; why it is one stands in its attributes.
async fn give_up(
    lab: &Arc<Lab>,
    function: &Function,
    delivery: &Delivery,
    code: &str,
    message: &str,
) {
    let rule = &delivery.rule;
    let mut letter = Letter::new(
        lab,
        "events",
        &function.config.name,
        code,
        delivery.event.clone(),
    );
    letter.attributes = json!({
        "RULE_ARN": rule.arn(),
        "TARGET_ARN": function.config.arn(),
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "RETRY_ATTEMPTS": delivery.attempts.saturating_sub(1).to_string(),
    });
    if delivery.attempts > 0 {
        letter.attributes["EXHAUSTED_RETRY_CONDITION"] = json!("MaximumRetryAttempts");
    }
    dead_letters::send(lab, function, letter).await;
}
