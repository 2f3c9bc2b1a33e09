//! The ledger when DynamoDB does not do what it is asked.

use serde_json::{Value, json};
use towpath_aws::Aws;
use towpath_aws::config::TABLE;
use towpath_aws::ports::{AppendError, CallError, Ledger as _};
use towpath_core::release::{Entry, Release};

use crate::support::http::{Reply, Server};
use crate::support::releases::{actor, append, at, id, opened, reported};
use crate::support::{aws, settings};

fn release() -> Release {
    let entry = Entry::after(None, &id('a'), at(0), actor(), opened('a', 0));
    Release::fold(id('a'), vec![entry]).unwrap()
}

fn cancelled(codes: [&str; 2]) -> Reply {
    let reasons = codes.map(|code| json!({"Code": code, "Message": "said"}));
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "cancelled", "CancellationReasons": reasons,
    });
    Reply::json(400, &body)
}

/// Appends one entry against a DynamoDB that replies to the n-th transaction and to a look at the
/// entry as told, and returns the outcome and the tokens of the transactions.
async fn append_when(
    transact: impl Fn(usize) -> Reply + Send + 'static,
    looked: fn() -> Value,
) -> (Result<Release, AppendError>, Vec<Value>) {
    let mut tries = 0;
    let server = Server::start(move |request| match request.operation().as_str() {
        "TransactWriteItems" => {
            tries += 1;
            transact(tries)
        }
        "GetParameter" => seal_key(),
        _ => Reply::json(200, &looked()),
    });
    let outcome = append(&aws(&server.url), &release(), &[reported("x")], 1).await;
    let sent = server.requests_of("TransactWriteItems");
    let token =
        |request: &crate::support::http::Request| request.json()["ClientRequestToken"].clone();
    (outcome, sent.iter().map(token).collect())
}

fn seal_key() -> Reply {
    let parameter = json!({
        "Name": "/towpath/seals/operator", "Value": "k".repeat(48), "Version": 1, "Type": "SecureString",
    });
    Reply::json(200, &json!({ "Parameter": parameter }))
}

fn nothing() -> Value {
    json!({})
}

fn anothers() -> Value {
    json!({"Item": {"writer": {"S": "another"}}})
}

#[tokio::test]
async fn a_conflict_with_another_transaction_is_tried_again_as_the_same_append() {
    let (outcome, tokens) = append_when(
        |tries| match tries {
            1 => cancelled(["None", "TransactionConflict"]),
            2 => Reply::error(400, "TransactionInProgressException", "in progress"),
            _ => Reply::json(200, &json!({})),
        },
        nothing,
    )
    .await;
    assert_eq!(outcome.unwrap().entries().len(), 2);
    assert!(tokens.len() >= 3, "{tokens:?}");
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(tokens[0].as_str().map(str::len), Some(36));

    let (outcome, _) = append_when(|_| cancelled(["TransactionConflict", "None"]), nothing).await;
    assert!(matches!(outcome, Err(AppendError::Behind)), "{outcome:?}");
}

#[tokio::test]
async fn two_appends_of_the_same_have_tokens_of_their_own() {
    let done = |_| Reply::json(200, &json!({}));
    let (_, first) = append_when(done, nothing).await;
    let (_, second) = append_when(done, nothing).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn other_reasons_are_told_apart() {
    let (outcome, _) = append_when(|_| cancelled(["ThrottlingError", "None"]), nothing).await;
    assert!(
        matches!(outcome, Err(AppendError::Call(CallError::NotDone { .. }))),
        "{outcome:?}"
    );
    let (outcome, _) = append_when(|_| cancelled(["None", "ValidationError"]), nothing).await;
    let Err(AppendError::Call(error)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(error.code(), Some("ValidationError"));
    let missing = |_| Reply::error(400, "ResourceNotFoundException", "no such table");
    let (outcome, _) = append_when(missing, nothing).await;
    let Err(AppendError::Call(error)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn an_append_that_is_never_answered_is_unknown_unless_its_entry_tells() {
    let (outcome, tokens) = append_when(|_| Reply::Hangup, nothing).await;
    assert!(
        matches!(outcome, Err(AppendError::Call(CallError::Unknown { .. }))),
        "{outcome:?}"
    );
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    let (outcome, _) = append_when(|_| Reply::Hangup, anothers).await;
    assert!(matches!(outcome, Err(AppendError::Behind)), "{outcome:?}");
}

#[tokio::test]
async fn a_table_of_another_account_is_asked_in_its_own_region() {
    let server = Server::start(|request| match request.operation().as_str() {
        "TransactWriteItems" => Reply::json(200, &json!({})),
        "GetParameter" => seal_key(),
        _ => Reply::json(200, &json!({"Items": []})),
    });
    let arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/towpath-ledger";
    let aws = Aws::new(settings(&server.url).with(TABLE, arn));
    assert!(aws.load(&id('a')).await.unwrap().is_none());
    append(&aws, &release(), &[reported("x")], 1).await.unwrap();
    let asked = server.requests();
    for request in asked
        .iter()
        .filter(|request| request.operation() != "GetParameter")
    {
        let authorization = request.header("authorization");
        assert!(
            authorization.contains("/eu-central-1/dynamodb/"),
            "{authorization}"
        );
    }
    assert_eq!(server.requests_of("Query")[0].json()["TableName"], arn);
    let written = server.requests_of("TransactWriteItems")[0].json();
    assert_eq!(written["TransactItems"][0]["Put"]["TableName"], arn);
}
