//! Tables under an AWS managed key (`aws/dynamodb`). That key's policy, which nobody can change, admits
//! the table's own account only, so that such a table lets no other account in, whatever its own policy
//! says: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-considerations.html>.
//!
//! How AWS words that refusal is not documented.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::gateway::parse::Request;
use crate::lock::lock;

/// The key that DynamoDB takes when encryption is turned on and none is named.
const ALIAS: &str = "alias/aws/dynamodb";

/// The ARNs of those tables.
#[derive(Debug, Default)]
pub(crate) struct ManagedKeys(Mutex<BTreeSet<String>>);

impl ManagedKeys {
    /// Whether `resource` is such a table, or an index of one.
    pub(crate) fn keep(&self, resource: &str) -> bool {
        let tables = lock(&self.0);
        let table = resource.split("/index/").next().unwrap_or(resource);
        tables.contains(table)
    }

    /// Remembers what a successful call changed.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSESpecification.html>
    pub(crate) fn observe(&self, request: &Request) {
        let input = &request.input;
        let name = input["TableName"].as_str().unwrap_or_default();
        let table = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!(
                "arn:aws:dynamodb:{}:{}:table/{name}",
                request.region, request.account
            )
        };
        let chosen = &input["SSESpecification"];
        match (request.service.as_str(), request.operation.as_str()) {
            ("dynamodb", "CreateTable" | "UpdateTable") if chosen.is_object() => {
                let key = chosen["KMSMasterKeyId"].as_str().unwrap_or(ALIAS);
                if chosen["Enabled"] == true && key.ends_with(ALIAS) {
                    lock(&self.0).insert(table);
                } else {
                    lock(&self.0).remove(&table);
                }
            }
            ("dynamodb", "CreateTable" | "DeleteTable") => {
                lock(&self.0).remove(&table);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::gateway::parse::Protocol;

    const TABLE: &str = "arn:aws:dynamodb:eu-central-1:111111111111:table/ledger";

    fn keep_after(calls: &[(&str, Value)]) -> bool {
        let keys = ManagedKeys::default();
        for (operation, encryption) in calls {
            let mut input = json!({ "TableName": "ledger" });
            if !encryption.is_null() {
                input["SSESpecification"] = encryption.clone();
            }
            keys.observe(&Request {
                access_key: String::new(),
                account: "111111111111".to_owned(),
                region: "eu-central-1".to_owned(),
                service: "dynamodb".to_owned(),
                operation: (*operation).to_owned(),
                protocol: Protocol::Json("1.0"),
                input,
            });
        }
        assert_eq!(keys.keep(TABLE), keys.keep(&format!("{TABLE}/index/open")));
        keys.keep(TABLE)
    }

    #[test]
    fn encryption_that_names_no_key_is_aws_managed() {
        let on = json!({ "Enabled": true, "SSEType": "KMS" });
        let alias = json!({ "Enabled": true, "KMSMasterKeyId": "alias/aws/dynamodb" });
        let own = json!({ "Enabled": true, "KMSMasterKeyId": "arn:aws:kms:eu-central-1:111111111111:key/1" });
        let off = json!({ "Enabled": false });
        for (calls, expected) in [
            (vec![("CreateTable", Value::Null)], false),
            (vec![("CreateTable", on.clone())], true),
            (vec![("CreateTable", alias)], true),
            (vec![("CreateTable", own.clone())], false),
            (
                vec![("CreateTable", on.clone()), ("UpdateTable", own)],
                false,
            ),
            (
                vec![("CreateTable", on.clone()), ("UpdateTable", off)],
                false,
            ),
            (
                vec![("CreateTable", on.clone()), ("UpdateTable", Value::Null)],
                true,
            ),
            (
                vec![("CreateTable", on), ("DeleteTable", Value::Null)],
                false,
            ),
        ] {
            assert_eq!(keep_after(&calls), expected, "{calls:?}");
        }
    }
}
