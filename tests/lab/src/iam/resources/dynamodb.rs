//! Actions, resources and condition keys of DynamoDB.
//!
//! `dynamodb:LeadingKeys` holds the partition keys that a call names, for each of the actions that it is
//! made of: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>.
//! How AWS takes together the members of a transaction is not documented: each is asked about by itself,
//! and with all others of its action, as those of a batch are, so that what is granted suffices for either.
//! A key that cannot be told from the request matches no pattern but `*`, so that nothing is
//! allowed for want of a key.

use serde_json::Value;

use super::{At, Need};

/// DynamoDB's transactions and batches ask for the actions they are made of:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>.
pub(super) fn needs(at: &At<'_>) -> Vec<Need> {
    // Tables of other accounts are named by their ARN.
    let table = |name: &str| match name {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => at.arn("dynamodb", &format!("table/{name}")),
    };
    let need = |action: &str, name: &str, keys: Vec<&Value>| {
        let mut need = Need::new(format!("dynamodb:{action}"), table(name));
        let keys = keys.into_iter().map(partition_key).collect();
        need.context.insert(LEADING_KEYS.to_owned(), keys);
        need
    };
    let input = &at.0.input;
    let operation = at.0.operation.as_str();
    match operation {
        "TransactWriteItems" | "TransactGetItems" => {
            let items = input["TransactItems"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let mut needs = Vec::new();
            for item in &items {
                for (kind, action) in [
                    ("Put", "PutItem"),
                    ("Update", "UpdateItem"),
                    ("Delete", "DeleteItem"),
                    ("ConditionCheck", "ConditionCheckItem"),
                    ("Get", "GetItem"),
                ] {
                    let part = &item[kind];
                    if let Some(name) = part["TableName"].as_str() {
                        let key = if kind == "Put" {
                            &part["Item"]
                        } else {
                            &part["Key"]
                        };
                        needs.push(need(action, name, vec![key]));
                    }
                }
            }
            needs.extend(together(&needs));
            needs
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = input["RequestItems"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            tables
                .iter()
                .map(|(name, requests)| need(operation, name, batched(requests)))
                .collect()
        }
        "PutResourcePolicy" | "GetResourcePolicy" | "DeleteResourcePolicy" => {
            let resource = at.text("ResourceArn").unwrap_or("*");
            vec![Need::new(format!("dynamodb:{operation}"), resource)]
        }
        "ListTables" | "ListStreams" => vec![Need::new(format!("dynamodb:{operation}"), "*")],
        _ => {
            let name = at.text("TableName").unwrap_or("*");
            let index = at.text("IndexName");
            let mut asked = match operation {
                "PutItem" => need(operation, name, vec![&input["Item"]]),
                "GetItem" | "UpdateItem" | "DeleteItem" => {
                    need(operation, name, vec![&input["Key"]])
                }
                _ => Need::new(format!("dynamodb:{operation}"), table(name)),
            };
            if operation == "Query" {
                let keys = queried(input, index.is_some());
                asked.context.insert(LEADING_KEYS.to_owned(), keys);
            }
            if let Some(index) = index {
                asked.resource = format!("{}/index/{index}", asked.resource);
            }
            vec![asked]
        }
    }
}

/// For each action and table that several keys are named for, all of these keys.
fn together(needs: &[Need]) -> Vec<Need> {
    let mut all: Vec<Need> = Vec::new();
    for need in needs {
        let keys = need.context.get(LEADING_KEYS).into_iter().flatten();
        let same = all
            .iter_mut()
            .find(|other| (&other.action, &other.resource) == (&need.action, &need.resource));
        match same.and_then(|same| same.context.get_mut(LEADING_KEYS)) {
            Some(known) => {
                for key in keys {
                    if !known.contains(key) {
                        known.push(key.clone());
                    }
                }
            }
            None => all.push(need.clone()),
        }
    }
    let several = |need: &Need| need.context.get(LEADING_KEYS).is_some_and(|k| k.len() > 1);
    all.retain(several);
    all
}

const LEADING_KEYS: &str = "dynamodb:leadingkeys";

/// What stands for a key that cannot be told from the request.
const UNKNOWN: &str = "?";

fn partition_key(key: &Value) -> String {
    key["pk"]["S"].as_str().unwrap_or(UNKNOWN).to_owned()
}

/// The keys that a batch names in one table.
fn batched(requests: &Value) -> Vec<&Value> {
    let reads = requests["Keys"].as_array().into_iter().flatten();
    let writes = requests.as_array().into_iter().flatten();
    let writes = writes.map(|write| {
        let put = write.pointer("/PutRequest/Item");
        put.unwrap_or(&write["DeleteRequest"]["Key"])
    });
    reads.chain(writes).collect()
}

/// The values that a query's key has to equal: that of the table's partition key, or any of an index.
fn queried(input: &Value, of_index: bool) -> Vec<String> {
    let condition = input["KeyConditionExpression"].as_str().unwrap_or_default();
    let terms = condition.split(" AND ");
    let equal = terms.filter_map(|term| term.split_once('='));
    let named = |name: &str| {
        let stands_for = input["ExpressionAttributeNames"][name].as_str();
        stands_for.unwrap_or(name).to_owned()
    };
    let mut keys: Vec<String> = equal
        .map(|(name, value)| (named(name.trim()), value.trim()))
        .filter(|(name, _)| of_index || name == "pk")
        .filter_map(|(_, value)| {
            let value = &input["ExpressionAttributeValues"][value]["S"];
            value.as_str().map(str::to_owned)
        })
        .collect();
    if keys.is_empty() {
        keys.push(UNKNOWN.to_owned());
    }
    keys
}
