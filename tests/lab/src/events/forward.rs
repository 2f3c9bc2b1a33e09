//! Events on their way to the bus of another account or region.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html>
//!
//! The rule's role is assumed by EventBridge and has to be allowed to put events on that bus; the
//! policy of a bus in another account has to admit the sender. What is not permitted is not tried
//! again: it becomes a dead letter at once.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>

use std::sync::Arc;

use serde_json::{Value, json};

use super::bus::{self, Rule, Target};
use crate::dead_letters::{self, Letter};
use crate::iam::policy::{Context, Verdict};
use crate::iam::principals::Caller;
use crate::lab::Lab;

const ACTION: &str = "events:PutEvents";

/// Sends an event on, if that is permitted.
pub(super) fn send(lab: &Arc<Lab>, rule: &Rule, event: &Value) {
    let Target::Bus {
        account,
        region,
        role,
    } = &rule.target
    else {
        return;
    };
    match refusal(lab, rule, event, role.as_deref(), account, region) {
        None => bus::publish_on(lab, account, region, event, true),
        Some(message) => {
            tracing::warn!(rule = rule.name, message, "an event was not forwarded");
            let target = bus_arn(account, region);
            let mut letter = Letter::new(lab, "events", &target, "NO_PERMISSIONS", event.clone());
            letter.attributes = json!({
                "RULE_ARN": rule.arn(),
                "TARGET_ARN": target,
                "ERROR_CODE": "NO_PERMISSIONS",
                "ERROR_MESSAGE": message,
            });
            dead_letters::keep(lab, letter);
        }
    }
}

/// Why EventBridge may not put the rule's events on that bus.
fn refusal(
    lab: &Lab,
    rule: &Rule,
    event: &Value,
    role: Option<&str>,
    account: &str,
    region: &str,
) -> Option<String> {
    if !lab.settings.enforce_iam {
        return None;
    }
    let Some(role) = role else {
        return Some("the target is in another account or Region and has no RoleArn".to_owned());
    };
    let source = rule.arn();
    let events = Caller::Service {
        name: "events.amazonaws.com",
        source: &source,
    };
    if !lab.roles.trusts(role, &events, None) {
        return Some(format!("{role} does not let EventBridge assume it"));
    }
    let sender = Caller::Principal {
        arn: role,
        account: &rule.account,
    };
    let target = bus_arn(account, region);
    let mut context = sender.context();
    context.extend(keys(event, true));
    if !lab.roles.allows(role, ACTION, &target, &context) {
        return Some(format!("{role} is not allowed {ACTION} on {target}"));
    }
    if account == rule.account {
        return None;
    }
    match lab
        .resource_policies
        .decide(&target, ACTION, &sender, &context)
    {
        Verdict::Allowed { .. } => None,
        Verdict::Forbidden | Verdict::NotAllowed => Some(format!(
            "the policy of {target} does not admit {} with {} of {}",
            rule.account, event["detail-type"], event["source"]
        )),
    }
}

/// The condition keys of an event that is put on a bus, by a rule or by a call.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html>
pub(crate) fn keys(event: &Value, by_rule: bool) -> Context {
    let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
    Context::from([
        ("events:source".to_owned(), vec![text("source")]),
        ("events:detail-type".to_owned(), vec![text("detail-type")]),
        (
            "events:eventbusinvocation".to_owned(),
            vec![by_rule.to_string()],
        ),
    ])
}

fn bus_arn(account: &str, region: &str) -> String {
    format!("arn:aws:events:{region}:{account}:event-bus/default")
}
