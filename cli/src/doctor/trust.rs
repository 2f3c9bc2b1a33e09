//! What a trust policy says about who may assume a role.

use serde_json::Value;
use towpath_taskdef::json;

/// Whom a role trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The one principal, with its external id where it has one.
    Exactly,
    /// Not the principal.
    NotAtAll,
    /// The principal, with an external id that is not the one that is given.
    OtherExternalId,
    /// The principal, although no external id is asked for.
    WithoutExternalId,
    /// The principal, and these.
    Others(Vec<String>),
}

/// Reads a trust policy: whether it lets `principal` in, with this external id.
pub(crate) fn read(document: &Value, principal: &str, external_id: Option<&str>) -> Trust {
    let statements = one_or_many(&document["Statement"]);
    let allowing: Vec<_> = statements
        .iter()
        .filter(|one| one["Effect"] == "Allow" && assumes(one))
        .collect();
    let ours: Vec<_> = allowing
        .iter()
        .filter(|one| principals(one).iter().any(|named| covers(named, principal)))
        .collect();
    if ours.is_empty() {
        return Trust::NotAtAll;
    }
    let asked: Vec<_> = ours.iter().map(|one| external_ids(one)).collect();
    let admits = |ids: &Vec<String>| {
        ids.is_empty() || external_id.is_some_and(|given| ids.iter().any(|id| id == given))
    };
    if !asked.iter().any(admits) {
        return Trust::OtherExternalId;
    }
    let others: Vec<String> = allowing
        .iter()
        .flat_map(|one| principals(one))
        .filter(|named| named != principal)
        .collect();
    if !others.is_empty() {
        return Trust::Others(others);
    }
    if asked.iter().any(Vec::is_empty) {
        return Trust::WithoutExternalId;
    }
    Trust::Exactly
}

/// Whether a trust policy lets an AWS service in.
pub(crate) fn lets_in(document: &Value, service: &str) -> bool {
    one_or_many(&document["Statement"]).iter().any(|one| {
        let services = one_or_many(&one["Principal"]["Service"]);
        one["Effect"] == "Allow" && assumes(one) && services.iter().any(|named| named == service)
    })
}

/// The policy in the URL encoding in which IAM gives it.
pub(crate) fn decoded(text: &str) -> Value {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escape = (byte == b'%').then(|| after.get(..2)).flatten();
        let hex = escape.and_then(|two| std::str::from_utf8(two).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    json::parse(&bytes).unwrap_or_default()
}

fn assumes(statement: &Value) -> bool {
    let actions = one_or_many(&statement["Action"]);
    let mut actions = actions.iter().filter_map(Value::as_str);
    actions.any(|action| matches!(action, "sts:AssumeRole" | "sts:*" | "*"))
}

/// The AWS principals that a statement names; `*` where it names everybody.
fn principals(statement: &Value) -> Vec<String> {
    let principal = &statement["Principal"];
    if let Some(everybody) = principal.as_str() {
        return vec![everybody.to_owned()];
    }
    let listed = one_or_many(&principal["AWS"]);
    listed
        .iter()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect()
}

/// Whether a principal of a policy covers a role: itself, its account, or everybody.
fn covers(named: &str, role: &str) -> bool {
    let account = role.split(':').nth(4).unwrap_or_default();
    named == role
        || named == "*"
        || named == account
        || (named.ends_with(":root") && named.split(':').nth(4) == Some(account))
}

fn external_ids(statement: &Value) -> Vec<String> {
    let conditions = statement["Condition"].as_object();
    let mut ids = Vec::new();
    for (operator, keys) in conditions.into_iter().flatten() {
        if !matches!(operator.as_str(), "StringEquals" | "StringLike") {
            continue;
        }
        for (key, value) in keys.as_object().into_iter().flatten() {
            if key.eq_ignore_ascii_case("sts:ExternalId") {
                let values = one_or_many(value);
                ids.extend(
                    values
                        .iter()
                        .filter_map(|id| id.as_str().map(str::to_owned)),
                );
            }
        }
    }
    ids
}

/// A policy's member, which may be one thing or a list of them.
fn one_or_many(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.clone(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            vec![value.clone()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADVANCE: &str = "arn:aws:iam::111111111111:role/towpath-advance";

    fn policy(principal: Value, condition: Value) -> Value {
        json!({ "Statement": [{ "Effect": "Allow", "Principal": principal,
            "Action": "sts:AssumeRole", "Condition": condition }] })
    }

    #[test]
    fn a_role_trusts_exactly_one_with_an_external_id() {
        let id = json!({ "StringEquals": { "sts:ExternalId": "shop" } });
        let only = json!({ "AWS": ADVANCE });
        let two = json!({ "AWS": [ADVANCE, "arn:aws:iam::111111111111:role/other"] });
        let root = json!({ "AWS": "arn:aws:iam::111111111111:root" });
        let service = json!({ "Service": "ecs.amazonaws.com" });
        let others = |name: &str| Trust::Others(vec![name.to_owned()]);
        for (principal, condition, given, expected) in [
            (&only, &id, Some("shop"), Trust::Exactly),
            (&only, &id, Some("shap"), Trust::OtherExternalId),
            (&only, &id, None, Trust::OtherExternalId),
            (&only, &Value::Null, None, Trust::WithoutExternalId),
            (
                &two,
                &id,
                Some("shop"),
                others("arn:aws:iam::111111111111:role/other"),
            ),
            (
                &root,
                &id,
                Some("shop"),
                others("arn:aws:iam::111111111111:root"),
            ),
            (&json!("*"), &Value::Null, None, others("*")),
            (&service, &Value::Null, None, Trust::NotAtAll),
            (&Value::Null, &Value::Null, None, Trust::NotAtAll),
        ] {
            let document = policy(principal.clone(), condition.clone());
            assert_eq!(read(&document, ADVANCE, given), expected, "{document}");
        }
        assert_eq!(read(&Value::Null, ADVANCE, None), Trust::NotAtAll);
    }

    #[test]
    fn a_service_is_let_in_by_name() {
        let policy = policy(
            json!({ "Service": ["ecs.amazonaws.com", "ec2.amazonaws.com"] }),
            Value::Null,
        );
        assert!(lets_in(&policy, "ecs.amazonaws.com"));
        assert!(!lets_in(&policy, "ecs-tasks.amazonaws.com"));
        assert!(!lets_in(&Value::Null, "ecs.amazonaws.com"));
    }

    #[test]
    fn iams_url_encoding_is_taken_off() {
        let text = "%7B%22Statement%22%3A%20%5B%5D%7D";
        assert_eq!(decoded(text), json!({ "Statement": [] }));
        assert_eq!(decoded("{\"a\":\"100%\"}"), json!({ "a": "100%" }));
        assert_eq!(decoded("%7"), Value::Null);
    }
}
