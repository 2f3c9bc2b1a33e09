//! Controls that only show something.

use serde_json::{Value, json};

use crate::iam::report;
use crate::lab::Lab;
use crate::lock::lock;

/// Where everything is.
pub(super) fn health(lab: &Lab) -> Value {
    let mut shown = lab.places();
    shown["status"] = json!("ok");
    shown["in_hand"] = json!(lab.activity.in_hand());
    shown
}

/// Calls after a number, and the number to ask with next.
pub(super) fn journal(lab: &Lab, since: u64) -> Value {
    let entries = lab.journal.since(since);
    let last = entries.last().map_or(since, |entry| entry.n);
    json!({ "entries": entries, "last": last })
}

/// Events after a number, each with the rules that took it.
pub(super) fn events(lab: &Lab, since: u64) -> Value {
    let events = lab.buses.since(since);
    let last = events.last().map_or(since, |event| event.n);
    json!({ "events": events, "last": last })
}

/// What was given up.
pub(super) fn dead_letters(lab: &Lab) -> Value {
    json!({ "dead_letters": lab.dead_letters.all() })
}

/// Granted, used, never used, refused.
pub(super) fn iam(lab: &Lab) -> Value {
    json!({ "enforced": lab.settings.enforce_iam, "roles": report::report(&lab.roles) })
}

/// What runs where.
pub(super) fn overview(lab: &Lab) -> Value {
    lock(&lab.world).overview()
}

/// What was published to topics.
pub(super) fn sns(lab: &Lab) -> Value {
    json!({ "messages": lab.topics.published() })
}

/// What the bot posted.
pub(super) fn slack(lab: &Lab) -> Value {
    json!({ "messages": lab.slack.messages(), "ephemeral": lab.slack.whispers() })
}
