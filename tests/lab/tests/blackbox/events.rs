//! What happens by itself: events, schedules, streams, topics, and virtual time.

use crate::harness::Lab;
use serde_json::{Value, json};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";

#[tokio::test]
async fn a_push_reaches_the_function_whose_pattern_takes_it() {
    let lab = Lab::start();
    lab.call(
        "ecr",
        &format!("{ECR}.CreateRepository"),
        json!({"repositoryName": "shop-api"}),
    )
    .await;
    let pushed = lab
        .tell("push", json!({"repository": "shop-api", "tag": "3f2c1ab"}))
        .await;
    lab.tell("push", json!({"repository": "shop-api", "tag": "latest"}))
        .await;
    lab.idle().await;

    let received = lab.received("lab-echo");
    assert_eq!(
        received.len(),
        1,
        "latest is taken by no rule: {received:?}"
    );
    assert_eq!(received[0]["detail"]["image-digest"], pushed["digest"]);
    let events = lab.look("events").await;
    let rules: Vec<_> = events["events"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| e["rules"].clone())
        .collect();
    assert_eq!(rules, [json!(["lab-echo-push"]), json!([])]);
}

#[tokio::test]
async fn schedules_fire_on_virtual_time_only() {
    let lab = Lab::start();
    lab.idle().await;
    assert_eq!(lab.received("lab-echo"), Vec::<Value>::new());
    let advanced = lab.advance(15 * 60).await;
    assert_eq!(advanced["fired"], 3);
    assert_eq!(lab.received("lab-echo"), vec![json!({"tick": true}); 3]);
    let before = lab.look("clock").await["now"].clone();
    lab.tell("clock/next", Value::Null).await;
    assert_ne!(lab.look("clock").await["now"], before);
    assert_eq!(lab.received("lab-echo").len(), 4);
}

#[tokio::test]
async fn events_can_be_put_and_are_refused_one_by_one() {
    let lab = Lab::start();
    let entry =
        |source: &str, detail: &str| json!({"Source": source, "DetailType": "t", "Detail": detail});
    let entries = [
        entry("towpath", "{}"),
        entry("towpath", "no"),
        entry("aws.ecs", "{}"),
    ];
    let put = lab
        .call("events", "AWSEvents.PutEvents", json!({"Entries": entries}))
        .await;
    assert_eq!(put.body["FailedEntryCount"], 2);
    assert!(put.body["Entries"][0]["EventId"].is_string());
    assert_eq!(put.body["Entries"][1]["ErrorCode"], "MalformedDetail");
    assert_eq!(
        put.body["Entries"][2]["ErrorCode"],
        "NotAuthorizedForSourceException"
    );
    assert_eq!(
        lab.look("events").await["events"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_delivery_that_lambda_refuses_is_retried_and_then_a_dead_letter() {
    let lab = Lab::start();
    lab.tell(
        "faults",
        json!([{"service": "lambda", "caller": "events", "nth": 1, "outcome": "throttled"}]),
    )
    .await;
    let event = json!({"source": "aws.ecr", "detail-type": "x", "detail": {"action-type": "PUSH", "image-tag": "a"}});
    lab.tell("events", event.clone()).await;
    lab.idle().await;
    assert_eq!(lab.received("lab-echo").len(), 0);
    lab.advance(10).await;
    assert_eq!(lab.received("lab-echo").len(), 1);

    lab.tell(
        "faults",
        json!([{"service": "lambda", "caller": "events", "outcome": "throttled"}]),
    )
    .await;
    lab.tell("events", event).await;
    lab.advance(25 * 3600).await;
    let letters = lab.look("dead-letters").await;
    let letter = letters["dead_letters"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|l| l["source"] == "events")
        .cloned();
    let letter = letter.expect("the event was given up");
    assert_eq!(letter["attributes"]["ERROR_CODE"], "THROTTLING");
    assert_eq!(letter["body"]["source"], "aws.ecr");
    assert_eq!(letter["queue"], "lab-echo-dead-letters");
}

/// EventBridge sends no account, so that a policy that asks for one keeps it out:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html>
#[tokio::test]
async fn a_rule_invokes_a_function_whose_policy_names_it_and_asks_for_no_account() {
    let lab = Lab::start();
    let rule = "arn:aws:events:eu-central-1:111111111111:rule/lab-echo-push";
    let event = json!({"source": "aws.ecr", "detail-type": "x", "detail": {"action-type": "PUSH", "image-tag": "a"}});
    let permission = |more: Value| {
        let mut permission = json!({"StatementId": "lab-echo-push", "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com"});
        let members = permission.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        permission
    };
    let other = format!("{rule}-other");
    for (asked, reaches) in [
        (json!({"SourceArn": rule}), true),
        (
            json!({"SourceArn": rule, "SourceAccount": "111111111111"}),
            false,
        ),
        (json!({"SourceArn": other}), false),
        (json!({"Principal": "sns.amazonaws.com"}), false),
    ] {
        let before = lab.received("lab-echo").len();
        lab.policy("DELETE", "lab-echo", "/lab-echo-push", Value::Null)
            .await;
        let added = lab
            .policy("POST", "lab-echo", "", permission(asked.clone()))
            .await;
        assert_eq!(added.status, 200, "{added:?}");
        lab.tell("events", event.clone()).await;
        lab.idle().await;
        let received = lab.received("lab-echo").len() - before;
        assert_eq!(received == 1, reaches, "{asked}");
    }
    let letters = lab.look("dead-letters").await["dead_letters"].clone();
    let letters = letters.as_array().expect("a list");
    assert_eq!(letters.len(), 3, "not tried again: {letters:?}");
    let attributes = &letters[0]["attributes"];
    assert_eq!(attributes["ERROR_CODE"], "NO_PERMISSIONS");
    assert_eq!(attributes["RETRY_ATTEMPTS"], "0");
    assert!(letters[0]["queue"].is_string(), "{letters:?}");
}

#[tokio::test]
async fn a_topic_reaches_no_function_whose_policy_does_not_name_it() {
    let lab = Lab::start();
    lab.policy("DELETE", "lab-echo", "/topic-replies", Value::Null)
        .await;
    let topic = "arn:aws:sns:eu-central-1:111111111111:lab-replies";
    let parameters = [
        ("Action", "Publish"),
        ("TopicArn", topic),
        ("Message", "hello"),
    ];
    lab.query("AKIAROOT", "sns", &parameters).await;
    lab.idle().await;
    assert!(lab.received("lab-echo").is_empty());
    let letters = lab.look("dead-letters").await["dead_letters"].clone();
    assert_eq!(letters[0]["source"], "sns", "{letters}");
}

#[tokio::test]
async fn messages_to_a_topic_reach_its_functions() {
    let lab = Lab::start();
    let topic = "arn:aws:sns:eu-central-1:111111111111:lab-replies";
    let parameters = [
        ("Action", "Publish"),
        ("TopicArn", topic),
        ("Subject", "hello"),
        ("Message", "{\"decision\":\"approve\"}"),
        ("MessageAttributes.entry.1.Name", "kind"),
        ("MessageAttributes.entry.1.Value.DataType", "String"),
        ("MessageAttributes.entry.1.Value.StringValue", "reply"),
    ];
    let published = lab.query("AKIAROOT", "sns", &parameters).await;
    assert_eq!(published.status, 200, "{published:?}");
    lab.idle().await;

    let received = lab.received("lab-echo");
    let sns = &received[0]["Records"][0]["Sns"];
    assert_eq!(
        (&sns["TopicArn"], &sns["Subject"]),
        (&json!(topic), &json!("hello"))
    );
    assert_eq!(sns["Message"], "{\"decision\":\"approve\"}");
    assert_eq!(
        sns["MessageAttributes"]["kind"],
        json!({"Type": "String", "Value": "reply"})
    );
    let shown = lab.look("sns/messages").await;
    assert_eq!(shown["messages"][0]["message_id"], sns["MessageId"]);
}
