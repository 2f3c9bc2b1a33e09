//! DynamoDB, one call at a time: moto's conditional writes are not atomic under threads.
//!
//! The same order serves the table's stream. The items that a write touches are read before and
//! after it, so the stream has exactly what changed, whatever the operation: a write that
//! changed nothing leaves no record, and one that was refused leaves none.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::dispatch::{Answer, Incoming, forward};
use super::parse::Request;
use super::{table_arn, transaction};
use crate::lab::Lab;
use crate::lambda::stream;

/// One item before and after a write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// `pk` and `sk`.
    pub(crate) keys: Value,
    /// `None`: it was not there.
    pub(crate) before: Option<Value>,
    /// `None`: it is gone.
    pub(crate) after: Option<Value>,
}

/// Carries out a call of DynamoDB.
///
/// # Errors
/// When tables are named that one call cannot reach; otherwise as [`forward`].
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    match table_arn::at_home(incoming)? {
        Some(own) => carry_out(lab, &own).await,
        None => carry_out(lab, incoming).await,
    }
}

async fn carry_out(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let table = &lab.description.table.name;
    let of_functions =
        request.account == lab.settings.account && request.region == lab.settings.region;
    let transaction = if of_functions && request.operation == "TransactWriteItems" {
        transaction::writes(&request.input, table)
    } else {
        None
    };
    let keys = match &transaction {
        Some(writes) => writes.iter().map(|write| write.keys.clone()).collect(),
        None if of_functions && lab.streams.is_mapped() => touched(request, table),
        None => Vec::new(),
    };
    let _turn = lab.dynamodb_turn.lock().await;
    if keys.is_empty() {
        return forward(lab, incoming).await;
    }
    let before = images(lab, table, &keys).await;
    let reply = match &transaction {
        Some(writes) => transaction::carry_out(lab, incoming, writes, &before).await?,
        None => forward(lab, incoming).await?,
    };
    if reply.status == 200 {
        let after = images(lab, table, &keys).await;
        let changes = keys
            .into_iter()
            .zip(before.into_iter().zip(after))
            .filter(|(_, (before, after))| before != after)
            .map(|(keys, (before, after))| Change {
                keys,
                before,
                after,
            })
            .collect();
        stream::record(lab, changes);
    }
    Ok(reply)
}

/// The keys of the items in `table` that a write touches, each once.
fn touched(request: &Request, table: &str) -> Vec<Value> {
    let input = &request.input;
    let is_table = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        name == table || name.ends_with(&format!(":table/{table}"))
    };
    let mut keys: Vec<Value> = Vec::new();
    let mut add = |attributes: &Value| {
        let key: Map<String, Value> = ["pk", "sk"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), attributes.get(name)?.clone())))
            .collect();
        let key = Value::Object(key);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    match request.operation.as_str() {
        "PutItem" if is_table(&input["TableName"]) => add(&input["Item"]),
        "UpdateItem" | "DeleteItem" if is_table(&input["TableName"]) => add(&input["Key"]),
        "TransactWriteItems" => {
            for item in input["TransactItems"].as_array().into_iter().flatten() {
                for (kind, member) in [("Put", "Item"), ("Update", "Key"), ("Delete", "Key")] {
                    if is_table(&item[kind]["TableName"]) {
                        add(&item[kind][member]);
                    }
                }
            }
        }
        "BatchWriteItem" => {
            let tables = input["RequestItems"].as_object().into_iter().flatten();
            for (_, writes) in tables.filter(|(name, _)| is_table(&json!(name))) {
                for write in writes.as_array().into_iter().flatten() {
                    let put = &write["PutRequest"]["Item"];
                    add(if put.is_object() {
                        put
                    } else {
                        &write["DeleteRequest"]["Key"]
                    });
                }
            }
        }
        _ => {}
    }
    keys
}

/// The present items under `keys`, in their order.
async fn images(lab: &Lab, table: &str, keys: &[Value]) -> Vec<Option<Value>> {
    let gets: Vec<Value> = keys
        .iter()
        .map(|key| json!({"Get": {"TableName": table, "Key": key}}))
        .collect();
    let input = json!({ "TransactItems": gets });
    match lab.dynamodb("TransactGetItems", &input).await {
        Ok(found) => {
            let responses = found["Responses"].as_array().cloned().unwrap_or_default();
            let item = |index: usize| {
                let item = responses.get(index)?.get("Item")?.clone();
                item.as_object()
                    .is_some_and(|item| !item.is_empty())
                    .then_some(item)
            };
            (0..keys.len()).map(item).collect()
        }
        Err(error) => {
            // The write itself will say what is wrong with its keys.
            tracing::debug!(%error, "the items that a write touches could not be read");
            vec![None; keys.len()]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse::Protocol;

    fn keys(operation: &str, input: Value) -> Vec<Value> {
        let request = Request {
            access_key: String::new(),
            account: String::new(),
            region: String::new(),
            service: "dynamodb".to_owned(),
            operation: operation.to_owned(),
            protocol: Protocol::Json("1.0"),
            input,
        };
        touched(&request, "ledger")
    }

    #[test]
    fn a_transaction_touches_each_item_it_writes_once() {
        let key = |sk: &str| json!({"pk": {"S": "R"}, "sk": {"S": sk}});
        let mut item = key("1");
        item["data"] = json!({"S": "x"});
        let found = keys(
            "TransactWriteItems",
            json!({"TransactItems": [
                {"Put": {"TableName": "ledger", "Item": item}},
                {"Update": {"TableName": "ledger", "Key": key("2")}},
                {"Update": {"TableName": "other", "Key": key("3")}},
                {"ConditionCheck": {"TableName": "ledger", "Key": key("4")}},
                {"Delete": {"TableName": "arn:aws:dynamodb:eu:1:table/ledger", "Key": key("1")}},
            ]}),
        );
        assert_eq!(found, vec![key("1"), key("2")]);
    }

    #[test]
    fn reads_and_other_tables_touch_nothing() {
        assert_eq!(
            keys(
                "GetItem",
                json!({"TableName": "ledger", "Key": {"pk": {"S": "a"}}})
            ),
            Vec::<Value>::new()
        );
        assert_eq!(
            keys(
                "PutItem",
                json!({"TableName": "other", "Item": {"pk": {"S": "a"}}})
            ),
            Vec::<Value>::new()
        );
    }
}
