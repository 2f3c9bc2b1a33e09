//! What of a call's input the journal shows: enough to tell what was done to what, no secrets,
//! no bulk.

use serde_json::{Map, Value, json};

use super::parse::Request;

/// The longest text that is shown whole, in characters.
const TEXT: usize = 200;
/// The longest list that is shown whole.
const ITEMS: usize = 20;
/// How deep nested members are shown.
const DEPTH: usize = 4;

/// The key parameters of a call.
pub(crate) fn parameters(request: &Request) -> Value {
    let input = &request.input;
    match (request.service.as_str(), request.operation.as_str()) {
        ("dynamodb", _) => dynamodb(input),
        ("ssm", "PutParameter") => only(input, &["Name", "Type", "Overwrite", "Tier"]),
        // Messages carry tokens with which approvals are given.
        ("sns", "Publish" | "PublishBatch") => only(input, &["TopicArn", "TargetArn", "Subject"]),
        ("sqs", "SendMessage" | "SendMessageBatch") => only(input, &["QueueUrl"]),
        ("secretsmanager" | "kms", _) => only(input, &["SecretId", "Name", "KeyId"]),
        ("sts", _) => only(input, &["RoleArn", "RoleSessionName", "DurationSeconds"]),
        ("lambda", "Invoke") => only(input, &["FunctionName", "InvocationType"]),
        ("events", "PutEvents") => {
            let entries = input["Entries"].as_array().cloned().unwrap_or_default();
            let shown: Vec<Value> = entries
                .iter()
                .map(|entry| only(entry, &["Source", "DetailType", "EventBusName"]))
                .collect();
            json!({ "Entries": shown })
        }
        _ => shorten(input, DEPTH),
    }
}

fn only(input: &Value, members: &[&str]) -> Value {
    let shown: Map<String, Value> = members
        .iter()
        .filter_map(|&member| Some((member.to_owned(), shorten(input.get(member)?, DEPTH))))
        .collect();
    Value::Object(shown)
}

/// Tables, keys and conditions; of items only their keys.
fn dynamodb(input: &Value) -> Value {
    const MEMBERS: &[&str] = &[
        "TableName",
        "IndexName",
        "Key",
        "ConditionExpression",
        "KeyConditionExpression",
        "UpdateExpression",
        "ConsistentRead",
        "Limit",
        "ScanIndexForward",
    ];
    let mut shown = only(input, MEMBERS);
    if let Some(item) = input.get("Item") {
        shown["Key"] = only(item, &["pk", "sk"]);
    }
    if let Some(items) = input.get("TransactItems").and_then(Value::as_array) {
        let operations: Vec<Value> = items
            .iter()
            .filter_map(Value::as_object)
            .flat_map(|item| {
                item.iter()
                    .map(|(kind, part)| json!({ kind: dynamodb(part) }))
            })
            .collect();
        shown["TransactItems"] = Value::Array(operations);
    }
    if let Some(tables) = input.get("RequestItems").and_then(Value::as_object) {
        shown["Tables"] = tables.keys().cloned().collect();
    }
    shown
}

fn shorten(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) if text.chars().count() > TEXT => {
            let start: String = text.chars().take(TEXT).collect();
            Value::String(format!("{start}… ({} bytes)", text.len()))
        }
        Value::Array(items) if depth == 0 => json!(format!("[{} items]", items.len())),
        Value::Array(items) => items
            .iter()
            .take(ITEMS)
            .map(|item| shorten(item, depth - 1))
            .collect(),
        Value::Object(members) if depth == 0 => json!(format!("{{{} members}}", members.len())),
        Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, value)| {
                    let shown = if is_secret(name) {
                        json!("(hidden)")
                    } else {
                        shorten(value, depth - 1)
                    };
                    (name.clone(), shown)
                })
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let page = ["nexttoken", "clienttoken", "clientrequesttoken"].contains(&name.as_str());
    let secret = [
        "secret",
        "password",
        "token",
        "authorization",
        "privatekey",
        "credential",
    ];
    // `secrets` in a task definition are references; `environment` may hold anything.
    !page
        && name != "secrets"
        && (name == "environment" || secret.iter().any(|word| name.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse::Protocol;

    fn shown(service: &str, operation: &str, input: Value) -> String {
        parameters(&Request {
            access_key: String::new(),
            account: String::new(),
            region: String::new(),
            service: service.to_owned(),
            operation: operation.to_owned(),
            protocol: Protocol::Json("1.1"),
            input,
        })
        .to_string()
    }

    #[test]
    fn no_secret_gets_into_the_journal() {
        let secret = "hunter2-hunter2";
        for (service, operation, input) in [
            (
                "ssm",
                "PutParameter",
                json!({"Name": "/x", "Type": "SecureString", "Value": secret}),
            ),
            (
                "sns",
                "Publish",
                json!({"TopicArn": "t", "Message": secret}),
            ),
            (
                "dynamodb",
                "PutItem",
                json!({"TableName": "t", "Item": {"pk": {"S": "k"}, "data": {"S": secret}}}),
            ),
            (
                "ecs",
                "RegisterTaskDefinition",
                json!({"containerDefinitions": [{"environment": [{"value": secret}]}]}),
            ),
            ("other", "Login", json!({"a": {"sessionToken": secret}})),
        ] {
            let text = shown(service, operation, input);
            assert!(!text.contains(secret), "{service} {operation}: {text}");
        }
    }

    #[test]
    fn what_was_done_to_what_is_shown() {
        let text = shown(
            "dynamodb",
            "TransactWriteItems",
            json!({"TransactItems": [{"Put": {"TableName": "ledger", "Item": {"pk": {"S": "RELEASE#1"}}}}]}),
        );
        assert!(
            text.contains("RELEASE#1") && text.contains("ledger"),
            "{text}"
        );
        let text = shown(
            "ecs",
            "UpdateService",
            json!({"cluster": "prod", "service": "shop"}),
        );
        assert!(text.contains("prod") && text.contains("shop"), "{text}");
    }
}
