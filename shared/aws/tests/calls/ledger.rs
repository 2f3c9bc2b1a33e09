//! The ledger when DynamoDB does not do what it is asked.

use serde_json::{Value, json};
use towpath_aws::Aws;
use towpath_aws::config::TABLE;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{Entry, Home, HookReport, Order, Principal, Release, Subject};
use towpath_deployer::ports::{
    AppendError, CallError, Directives as _, Issue, Ledger as _, Notify,
};
use towpath_taskdef::image::Digest;

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
    assert!(matches!(outcome, Err(AppendError::Conflict)), "{outcome:?}");
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

/// A DynamoDB that cancels each transaction for these reasons.
fn cancelling(codes: [&'static str; 2]) -> Server {
    Server::start(move |request| match request.operation().as_str() {
        "TransactWriteItems" => cancelled(codes),
        "GetParameter" => seal_key(),
        _ => Reply::json(200, &json!({})),
    })
}

fn not_done<T: std::fmt::Debug>(outcome: &Result<T, AppendError>) -> bool {
    matches!(outcome, Err(AppendError::Call(CallError::NotDone { .. })))
}

#[tokio::test]
async fn a_throttled_table_has_taken_no_report_and_no_order_and_takes_it_later() {
    let report = HookReport {
        stage: "test".parse().unwrap(),
        deployment: "ecs-svc/1".parse().unwrap(),
        at: HookPoint::AfterInstall,
        results: Vec::new(),
        execution: None,
    };
    let subject = Subject::Image(Digest::of(b"image"));
    let home = Home {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    };
    for (codes, is_not_done) in [
        (["None", "ThrottlingError"], true),
        (["ProvisionedThroughputExceeded", "None"], true),
        (["None", "ValidationError"], false),
        (["ConditionalCheckFailed", "ThrottlingError"], false),
    ] {
        let server = cancelling(codes);
        let aws = aws(&server.url);
        let reported = aws
            .report(&release(), &"222222222222".parse().unwrap(), &report, at(1))
            .await;
        assert_eq!(not_done(&reported), is_not_done, "{codes:?}: {reported:?}");
        let issue = Issue {
            subject: &subject,
            order: Order::Veto,
            by: &Principal::Deployer,
            reason: "it loses orders",
            notify: Notify {
                tag: None,
                home: &home,
                pipelines: &[],
            },
            at: at(1),
        };
        let ordered = aws.issue(issue).await;
        assert_eq!(not_done(&ordered), is_not_done, "{codes:?}: {ordered:?}");
    }
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
    assert!(matches!(outcome, Err(AppendError::Conflict)), "{outcome:?}");
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
