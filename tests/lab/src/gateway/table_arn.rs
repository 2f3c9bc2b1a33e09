//! Tables named by their ARN, which is how those of other accounts are reached.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-cross-account-access.html>
//!
//! moto keeps tables by account and name, so such a call is made again as the table's own account
//! would make it. Whether the caller may make it is decided before.

use std::collections::BTreeSet;

use serde_json::Value;

use super::dispatch::Incoming;
use super::errors::Failure;

/// The call as the table's own account makes it; `None` when every table is named by its name.
///
/// # Errors
/// When the tables are not all of one account, or not of the region that was asked.
pub(crate) fn at_home(incoming: &Incoming) -> Result<Option<Incoming>, Failure> {
    let mut input = incoming.request.input.clone();
    let mut places = BTreeSet::new();
    rename(&mut input, &mut places);
    let invalid = |message: &str| Failure::new(400, "ValidationException", message);
    let mut places = places.into_iter();
    let (account, region) = match (places.next(), places.next()) {
        (None, _) => return Ok(None),
        (Some(place), None) => place,
        (Some(_), Some(_)) => {
            return Err(invalid(
                "The tables of a request must be in one account and Region.",
            ));
        }
    };
    if region != incoming.request.region {
        return Err(invalid(
            "The table is in another Region than the endpoint: tables are reached in their own Region only.",
        ));
    }
    let mut own = incoming.clone();
    own.http.body = input.to_string().into();
    own.request.input = input;
    own.request.account = account;
    Ok(Some(own))
}

/// Puts names in the place of ARNs and notes the accounts and regions that they named.
fn rename(value: &mut Value, places: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), member) {
                    ("TableName", Value::String(table)) => {
                        if let Some((place, short)) = split(table) {
                            places.insert(place);
                            *table = short;
                        }
                    }
                    ("RequestItems", Value::Object(tables)) => {
                        for (name, mut requests) in std::mem::take(tables) {
                            rename(&mut requests, places);
                            let name = match split(&name) {
                                Some((place, short)) => {
                                    places.insert(place);
                                    short
                                }
                                None => name,
                            };
                            tables.insert(name, requests);
                        }
                    }
                    // What items hold is theirs, whatever its name.
                    ("TransactItems", member) => rename(member, places),
                    ("Put" | "Update" | "Delete" | "ConditionCheck" | "Get", member) => {
                        rename(member, places);
                    }
                    (_, _) => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, places)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Account and region, and the name, of a table's ARN.
fn split(table: &str) -> Option<((String, String), String)> {
    let parts: Vec<&str> = table.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "dynamodb", region, account, resource] => {
            let name = resource.strip_prefix("table/")?;
            Some((
                ((*account).to_owned(), (*region).to_owned()),
                name.to_owned(),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arns_become_names_wherever_a_table_is_named_and_nowhere_else() {
        let arn = "arn:aws:dynamodb:eu:1:table/ledger";
        let put = |table: &str| {
            json!({ "TransactItems": [{ "Put": { "TableName": table,
                "Item": { "TableName": { "S": arn } } } }] })
        };
        let mut input = put(arn);
        let mut places = BTreeSet::new();
        rename(&mut input, &mut places);
        assert_eq!(input, put("ledger"));
        assert_eq!(
            places.into_iter().collect::<Vec<_>>(),
            [("1".to_owned(), "eu".to_owned())]
        );

        let mut batch = json!({ "RequestItems": { arn: { "Keys": [] } } });
        rename(&mut batch, &mut BTreeSet::new());
        assert_eq!(
            batch,
            json!({ "RequestItems": { "ledger": { "Keys": [] } } })
        );

        let mut named = put("ledger");
        let mut places = BTreeSet::new();
        rename(&mut named, &mut places);
        assert!(places.is_empty());
    }
}
