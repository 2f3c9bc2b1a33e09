//! `TransactWriteItems` on the ledger's table.
//!
//! moto copies the whole table for each item of a transaction, so its transactions grow slower
//! with every item written, and it knows no idempotency tokens. Calls of DynamoDB are made one at
//! a time anyway, so here a transaction is its writes one after the other, each with its
//! condition, all undone when one of them is refused. The items of a transaction are distinct, so
//! no write changes what the condition of another one sees.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::dispatch::{Answer, Incoming, reply};
use super::errors::Failure;
use crate::lab::Lab;
use crate::lock::lock;
use crate::moto::MotoError;

/// One write of a transaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Write {
    kind: Kind,
    /// The members of the write, as in the request.
    part: Value,
    /// `pk` and `sk`.
    pub(crate) keys: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Put,
    Update,
    Delete,
    ConditionCheck,
}

/// Tokens of the transactions that succeeded, with what they wrote.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, (Timestamp, Value)>>);

/// How long DynamoDB remembers a token.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(10);

/// The writes of a transaction; `None` when it is not on `table` alone or not well formed, which
/// is for moto to say.
pub(crate) fn writes(input: &Value, table: &str) -> Option<Vec<Write>> {
    let items = input["TransactItems"].as_array()?;
    let mut writes: Vec<Write> = Vec::new();
    for item in items {
        let mut members = item.as_object()?.iter();
        let (Some((name, part)), None) = (members.next(), members.next()) else {
            return None;
        };
        let (kind, holder) = match name.as_str() {
            "Put" => (Kind::Put, "Item"),
            "Update" => (Kind::Update, "Key"),
            "Delete" => (Kind::Delete, "Key"),
            "ConditionCheck" => (Kind::ConditionCheck, "Key"),
            _ => return None,
        };
        let keys = json!({ "pk": part[holder].get("pk")?, "sk": part[holder].get("sk")? });
        if part["TableName"] != table || writes.iter().any(|write| write.keys == keys) {
            return None;
        }
        let part = part.clone();
        writes.push(Write { kind, part, keys });
    }
    (1..=100).contains(&writes.len()).then_some(writes)
}

/// Carries a transaction out. `before` are the items under the writes' keys, in their order.
///
/// # Errors
/// `TransactionCanceledException` with a reason for each write, when a condition does not hold.
pub(crate) async fn carry_out(
    lab: &Lab,
    incoming: &Incoming,
    writes: &[Write],
    before: &[Option<Value>],
) -> Answer {
    let input = &incoming.request.input;
    let token = input["ClientRequestToken"].as_str();
    let content = json!({ "TransactItems": input["TransactItems"] });
    if let Some(token) = token
        && let Some(same) = lab.tokens.seen(token, &content, lab.clock.now())
    {
        return if same {
            Ok(reply(incoming, &json!({})))
        } else {
            let message =
                "The request uses the same client token as a previous, but non-identical request.";
            Err(Failure::new(
                400,
                &name("IdempotentParameterMismatchException"),
                message,
            ))
        };
    }
    let mut reasons = Vec::new();
    let mut done = Vec::new();
    for (write, before) in writes.iter().zip(before) {
        match lab
            .dynamodb(operation(write), &request(write, before.as_ref()))
            .await
        {
            Ok(_) => {
                reasons.push(json!({ "Code": "None" }));
                done.push((write, before));
            }
            Err(error) => match reason(&error, write, before.as_ref()) {
                Some(reason) => reasons.push(reason),
                None => {
                    undo(lab, &done).await;
                    return Err(passed_on(error));
                }
            },
        }
    }
    let failed = reasons.iter().any(|reason| reason["Code"] != "None");
    if failed {
        undo(lab, &done).await;
        return Err(cancelled(reasons));
    }
    let checks: Vec<_> = done
        .into_iter()
        .filter(|(write, before)| write.kind == Kind::ConditionCheck && before.is_none())
        .collect();
    undo(lab, &checks).await;
    if let Some(token) = token {
        lab.tokens.remember(token, content, lab.clock.now());
    }
    Ok(reply(incoming, &json!({})))
}

fn operation(write: &Write) -> &'static str {
    match write.kind {
        // A check is a put of what is there already; where nothing is, the put is undone.
        Kind::Put | Kind::ConditionCheck => "PutItem",
        Kind::Update => "UpdateItem",
        Kind::Delete => "DeleteItem",
    }
}

fn request(write: &Write, before: Option<&Value>) -> Value {
    let mut request = write.part.clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("ReturnValuesOnConditionCheckFailure");
        if write.kind == Kind::ConditionCheck {
            members.remove("Key");
            members.insert("Item".to_owned(), before.unwrap_or(&write.keys).clone());
        }
    }
    request
}

/// Puts the items back as they were before.
async fn undo(lab: &Lab, done: &[(&Write, &Option<Value>)]) {
    for (write, before) in done.iter().rev() {
        let table = &write.part["TableName"];
        let undone = match before {
            Some(item) => {
                lab.dynamodb("PutItem", &json!({ "TableName": table, "Item": item }))
                    .await
            }
            None => {
                lab.dynamodb(
                    "DeleteItem",
                    &json!({ "TableName": table, "Key": write.keys }),
                )
                .await
            }
        };
        if let Err(error) = undone {
            tracing::error!(%error, "a cancelled transaction could not be undone");
        }
    }
}

/// The reason for which a write was refused; `None` when its refusal is not one that DynamoDB
/// reports as a reason.
fn reason(error: &MotoError, write: &Write, before: Option<&Value>) -> Option<Value> {
    let MotoError::Refused { body, .. } = error else {
        return None;
    };
    if !body.contains("ConditionalCheckFailedException") {
        return None;
    }
    let mut reason =
        json!({ "Code": "ConditionalCheckFailed", "Message": "The conditional request failed" });
    if let (Some(item), true) = (
        before,
        write.part["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD",
    ) {
        reason["Item"] = item.clone();
    }
    Some(reason)
}

fn cancelled(reasons: Vec<Value>) -> Failure {
    let codes: Vec<&str> = reasons
        .iter()
        .filter_map(|reason| reason["Code"].as_str())
        .collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    Failure {
        code: name("TransactionCanceledException"),
        status: 400,
        fields: Map::from_iter([
            ("Message".to_owned(), json!(message)),
            ("CancellationReasons".to_owned(), Value::Array(reasons)),
        ]),
        message,
    }
}

/// An error of moto, as the answer to the whole transaction.
fn passed_on(error: MotoError) -> Failure {
    match error {
        MotoError::Refused { status, body, .. } => {
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            let code = body["__type"].as_str().unwrap_or("InternalServerError");
            let message = body["message"]
                .as_str()
                .or(body["Message"].as_str())
                .unwrap_or_default();
            Failure::new(status, code, message)
        }
        MotoError::Start { .. } | MotoError::Silent(_) | MotoError::Http(_) => {
            Failure::new(503, "ServiceUnavailable", error.to_string())
        }
    }
}

fn name(exception: &str) -> String {
    format!("com.amazonaws.dynamodb.v20120810#{exception}")
}

impl Tokens {
    /// Whether a token was seen lately, and if so, whether with the same content.
    fn seen(&self, token: &str, content: &Value, now: Timestamp) -> Option<bool> {
        let mut tokens = lock(&self.0);
        tokens.retain(|_, (at, _)| now.duration_since(*at) <= REMEMBERED);
        tokens.get(token).map(|(_, known)| known == content)
    }

    fn remember(&self, token: &str, content: Value, now: Timestamp) {
        lock(&self.0).insert(token.to_owned(), (now, content));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(table: &str, sk: &str) -> Value {
        json!({"Put": {"TableName": table, "Item": {"pk": {"S": "R"}, "sk": {"S": sk}}}})
    }

    #[test]
    fn only_well_formed_transactions_on_the_table_are_taken() {
        let writes = |items: Value| {
            writes(&json!({ "TransactItems": items }), "ledger").map(|writes| writes.len())
        };
        assert_eq!(
            writes(json!([put("ledger", "1"), put("ledger", "2")])),
            Some(2)
        );
        assert_eq!(
            writes(json!([put("ledger", "1"), put("ledger", "1")])),
            None,
            "one item twice"
        );
        assert_eq!(writes(json!([put("ledger", "1"), put("other", "1")])), None);
        assert_eq!(writes(json!([])), None);
        assert_eq!(writes(json!([{"Steal": {}}])), None);
    }

    #[test]
    fn a_token_is_remembered_for_ten_minutes() {
        let tokens = Tokens::default();
        let now = Timestamp::UNIX_EPOCH;
        tokens.remember("t", json!(1), now);
        assert_eq!(tokens.seen("t", &json!(1), now + REMEMBERED), Some(true));
        assert_eq!(tokens.seen("t", &json!(2), now + REMEMBERED), Some(false));
        let later = now + REMEMBERED + SignedDuration::from_secs(1);
        assert_eq!(tokens.seen("t", &json!(1), later), None);
    }
}
