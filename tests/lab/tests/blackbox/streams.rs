//! The stream of the ledger's table and the function that is fed from it.

use serde_json::{Value, json};

use crate::harness::Lab;

/// The sort keys of the records that a function got, batch by batch.
fn batches(lab: &Lab) -> Vec<Vec<String>> {
    let key = |record: &Value| {
        record["dynamodb"]["Keys"]["sk"]["S"]
            .as_str()
            .expect("a key")
            .to_owned()
    };
    let records = |event: &Value| {
        event["Records"]
            .as_array()
            .expect("records")
            .iter()
            .map(key)
            .collect()
    };
    lab.received("lab-feed").iter().map(records).collect()
}

#[tokio::test]
async fn the_stream_carries_what_the_filter_takes_in_order() {
    let lab = Lab::start();
    for n in 1..=5 {
        lab.put("RELEASE#1", &n.to_string(), json!({})).await;
    }
    lab.put("OTHER#1", "1", json!({})).await;
    lab.put("RELEASE#1", "5", json!({"changed": {"S": "yes"}}))
        .await;
    let conditional = json!({
        "TableName": "lab-ledger", "Item": {"pk": {"S": "RELEASE#1"}, "sk": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    });
    let refused = lab
        .call("dynamodb", "DynamoDB_20120810.PutItem", conditional)
        .await;
    assert_eq!(refused.status, 400);
    lab.idle().await;

    assert_eq!(
        batches(&lab).concat(),
        ["1", "2", "3", "4", "5"],
        "inserts only, each once, in order"
    );
    let record = lab.received("lab-feed")[0]["Records"][0].clone();
    assert_eq!(record["eventName"], "INSERT");
    assert_eq!(record["eventSource"], "aws:dynamodb");
    assert_eq!(record["dynamodb"]["NewImage"]["pk"]["S"], "RELEASE#1");
    assert!(
        record["eventSourceARN"]
            .as_str()
            .is_some_and(|arn| arn.contains(":table/lab-ledger/stream/"))
    );
}

#[tokio::test]
async fn a_transaction_is_in_the_stream_as_a_whole_or_not_at_all() {
    let lab = Lab::start();
    let put = |sk: &str, condition: &str| {
        json!({"Put": {
            "TableName": "lab-ledger", "Item": {"pk": {"S": "RELEASE#9"}, "sk": {"S": sk}},
            "ConditionExpression": condition,
        }})
    };
    let target = "DynamoDB_20120810.TransactWriteItems";
    let new = "attribute_not_exists(pk)";
    let good = json!({"TransactItems": [put("1", new), put("2", new)]});
    assert_eq!(lab.call("dynamodb", target, good).await.status, 200);
    let bad = json!({"TransactItems": [put("3", new), put("1", new)]});
    let refused = lab.call("dynamodb", target, bad).await;
    assert!(
        refused.body["__type"]
            .as_str()
            .is_some_and(|t| t.ends_with("TransactionCanceledException"))
    );
    assert_eq!(
        refused.body["CancellationReasons"],
        json!([
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
        ])
    );
    let key = json!({"pk": {"S": "RELEASE#9"}, "sk": {"S": "3"}});
    let get = json!({"TableName": "lab-ledger", "Key": key});
    let undone = lab.call("dynamodb", "DynamoDB_20120810.GetItem", get).await;
    assert_eq!(undone.body.get("Item"), None);

    let check = |sk: &str, condition: &str| {
        json!({"ConditionCheck": {
            "TableName": "lab-ledger", "Key": {"pk": {"S": "RELEASE#9"}, "sk": {"S": sk}},
            "ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }})
    };
    let checked = json!({"TransactItems": [check("1", "attribute_exists(pk)"), check("8", new)]});
    assert_eq!(lab.call("dynamodb", target, checked).await.status, 200);
    let failing = json!({"TransactItems": [check("1", new), check("8", "attribute_exists(pk)")]});
    let failed = lab.call("dynamodb", target, failing).await;
    assert_eq!(
        failed.body["CancellationReasons"][0]["Item"]["sk"]["S"],
        "1"
    );
    assert_eq!(
        failed.body["CancellationReasons"][1]["Code"],
        "ConditionalCheckFailed"
    );

    let token = |sk: &str| json!({"TransactItems": [put(sk, new)], "ClientRequestToken": "once"});
    assert_eq!(lab.call("dynamodb", target, token("4")).await.status, 200);
    assert_eq!(
        lab.call("dynamodb", target, token("4")).await.status,
        200,
        "a repetition is not a second write"
    );
    let mismatch = lab.call("dynamodb", target, token("5")).await;
    assert!(
        mismatch.body["__type"]
            .as_str()
            .is_some_and(|t| t.ends_with("IdempotentParameterMismatchException"))
    );
    lab.idle().await;
    let mut seen = batches(&lab).concat();
    seen.sort();
    assert_eq!(seen, ["1", "2", "4"]);
}

#[tokio::test]
async fn a_poison_record_is_isolated_and_the_others_go_on() {
    let lab = Lab::start();
    // Time stands still, so the whole lane waits while the first attempt fails.
    let items: Vec<Value> = [("1", false), ("2", true), ("3", false)]
        .iter()
        .map(|(sk, poison)| {
            let mut item = json!({"pk": {"S": "RELEASE#1"}, "sk": {"S": sk}});
            if *poison {
                item["poison"] = json!({"BOOL": true});
            }
            json!({"Put": {"TableName": "lab-ledger", "Item": item}})
        })
        .collect();
    lab.call(
        "dynamodb",
        "DynamoDB_20120810.TransactWriteItems",
        json!({"TransactItems": items}),
    )
    .await;
    lab.put("RELEASE#2", "other", json!({})).await;
    lab.idle().await;
    let first = batches(&lab);
    assert!(
        first.contains(&vec!["other".to_owned()]) || first.concat().contains(&"other".to_owned()),
        "{first:?}"
    );

    lab.advance(600).await;
    let letters = lab.look("dead-letters").await;
    let letters = letters["dead_letters"].as_array().expect("a list");
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(
        letters[0]["body"]["requestContext"]["condition"],
        "RetryAttemptsExhausted"
    );
    assert_eq!(letters[0]["body"]["DDBStreamBatchInfo"]["batchSize"], 1);
    let all = batches(&lab);
    assert_eq!(
        all.last(),
        Some(&vec!["3".to_owned()]),
        "what came after the poison was handled: {all:?}"
    );
    assert_eq!(
        all.concat().iter().filter(|sk| *sk == "1").count(),
        1,
        "what came before it was not repeated"
    );
}

#[tokio::test]
async fn a_record_whose_answer_was_lost_is_delivered_again() {
    let lab = Lab::start();
    lab.tell(
        "faults",
        json!([{"service": "lambda", "caller": "stream", "nth": 1, "outcome": "answer-lost"}]),
    )
    .await;
    lab.put("RELEASE#1", "1", json!({})).await;
    lab.idle().await;
    assert_eq!(batches(&lab), [["1"]]);
    lab.advance(5).await;
    assert_eq!(batches(&lab), [["1"], ["1"]]);
    lab.advance(3600).await;
    assert_eq!(batches(&lab).len(), 2);
    assert_eq!(lab.look("dead-letters").await["dead_letters"], json!([]));
    let journal = lab.look("journal").await;
    let met = journal["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["fault"] == "answer-lost")
        .expect("the delivery that met a fault is in the journal");
    assert_eq!(
        (&met["caller"], &met["operation"], &met["status"]),
        (&json!("stream"), &json!("Invoke"), &json!(0))
    );
}
