//! Whom a statement of a trust policy or of a resource's policy speaks of.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use serde_json::Value;

use super::policy::Context;

/// Who calls, as such policies see it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller<'a> {
    /// A role (its ARN, not the session's) or the root of an account.
    Principal { arn: &'a str, account: &'a str },
    /// A service of AWS, on behalf of a resource. EventBridge does not name the resource's account
    /// beside it, and no document says that SNS does: what asks for `aws:SourceAccount` lets neither
    /// in. <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
    Service {
        /// Its name, such as `events.amazonaws.com`.
        name: &'a str,
        /// ARN of the resource.
        source: &'a str,
    },
}

/// The principals that a statement names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Principals {
    /// ARNs, accounts or `*`.
    aws: Vec<String>,
    /// Names of services.
    services: Vec<String>,
}

impl Principals {
    /// Reads the principals of a statement; without any it speaks of nobody.
    pub(crate) fn of(statement: &Value) -> Self {
        match statement.get("Principal") {
            Some(Value::String(everyone)) => Self {
                aws: vec![everyone.clone()],
                services: Vec::new(),
            },
            Some(principal) => Self {
                aws: texts(&principal["AWS"]),
                services: texts(&principal["Service"]),
            },
            None => Self::default(),
        }
    }

    /// Whether they name the caller, by itself or by its account.
    pub(crate) fn name(&self, caller: &Caller<'_>) -> bool {
        match *caller {
            Caller::Principal { arn, account } => {
                let root = format!("arn:aws:iam::{account}:root");
                let named = |principal: &String| {
                    ["*", arn, account, root.as_str()].contains(&principal.as_str())
                };
                self.aws.iter().any(named)
            }
            Caller::Service { name, .. } => self.services.iter().any(|service| service == name),
        }
    }
}

impl Caller<'_> {
    /// The condition keys that say who calls.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub(crate) fn context(&self) -> Context {
        let pairs = match *self {
            Caller::Principal { arn, account } => {
                vec![("aws:principalarn", arn), ("aws:principalaccount", account)]
            }
            Caller::Service { source, .. } => vec![("aws:sourcearn", source)],
        };
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| (key.to_owned(), vec![value.to_owned()]))
            .collect()
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_principal_is_named_by_itself_or_by_its_account_and_a_service_by_its_name() {
        let role = "arn:aws:iam::222222222222:role/hook";
        let caller = Caller::Principal {
            arn: role,
            account: "222222222222",
        };
        let named =
            |principal: Value| Principals::of(&json!({ "Principal": principal })).name(&caller);
        assert!(named(json!("*")));
        assert!(named(json!({ "AWS": role })));
        assert!(named(json!({ "AWS": ["111111111111", "222222222222"] })));
        assert!(named(json!({ "AWS": "arn:aws:iam::222222222222:root" })));
        assert!(!named(
            json!({ "AWS": "arn:aws:iam::222222222222:role/other" })
        ));
        assert!(!named(json!({ "Service": "lambda.amazonaws.com" })));

        let events = Caller::Service {
            name: "events.amazonaws.com",
            source: "arn:aws:events:eu-central-1:222222222222:rule/forward",
        };
        let trust = Principals::of(&json!({ "Principal": { "Service": "events.amazonaws.com" } }));
        assert!(trust.name(&events));
        assert!(!trust.name(&caller));
    }
}
