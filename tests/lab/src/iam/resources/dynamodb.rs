//! Actions, resources and condition keys of DynamoDB.

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
        let keys: Vec<String> = keys.into_iter().filter_map(partition_key).collect();
        if !keys.is_empty() {
            need.context.insert("dynamodb:leadingkeys".to_owned(), keys);
        }
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
            needs
        }
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = input["RequestItems"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            tables
                .keys()
                .map(|name| need(operation, name, Vec::new()))
                .collect()
        }
        "PutResourcePolicy" | "GetResourcePolicy" | "DeleteResourcePolicy" => {
            let resource = at.text("ResourceArn").unwrap_or("*");
            vec![Need::new(format!("dynamodb:{operation}"), resource)]
        }
        "ListTables" | "ListStreams" => vec![Need::new(format!("dynamodb:{operation}"), "*")],
        _ => {
            let name = at.text("TableName").unwrap_or("*");
            let keys = vec![if operation == "PutItem" {
                &input["Item"]
            } else {
                &input["Key"]
            }];
            match at.text("IndexName") {
                Some(index) => vec![Need::new(
                    format!("dynamodb:{operation}"),
                    format!("{}/index/{index}", table(name)),
                )],
                None => vec![need(operation, name, keys)],
            }
        }
    }
}

fn partition_key(key: &Value) -> Option<String> {
    key["pk"]["S"].as_str().map(str::to_owned)
}
