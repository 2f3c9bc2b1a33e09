//! The end of an invocation cuts every call, and the functions hand back before it. Time is virtual:
//! AWS takes every connection and never says a word.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use towpath_aws::Aws;
use towpath_core::check::LogStream;
use towpath_core::message::Message;
use towpath_core::pipeline::Destination;
use towpath_deployer::handlers::{advance, deployment_event, lifecycle_hook};
use towpath_deployer::ports::{CallError, CodeDeploy, Ecs, Ledger, Logs, Messenger};

use crate::sent::card_key as key;
use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::releases::{at, id, new_deployment, place};

/// An AWS that never answers.
fn silent() -> (TcpListener, Aws) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let aws = aws(&format!("http://{}", listener.local_addr().unwrap()));
    (listener, aws)
}

/// How a call ends that is begun with so many seconds left, and after how many.
async fn call<T: std::fmt::Debug>(
    aws: &Aws,
    left: u64,
    call: impl Future<Output = Result<T, CallError>>,
) -> (CallError, u64) {
    aws.deadline().begin(Duration::from_secs(left));
    let begun = Instant::now();
    let error = call.await.unwrap_err();
    (
        error,
        begun
            .elapsed()
            .as_millis()
            .div_ceil(1_000)
            .try_into()
            .unwrap(),
    )
}

fn is_unknown(error: &CallError) -> bool {
    matches!(error, CallError::Unknown { .. })
}

#[tokio::test(start_paused = true)]
async fn a_call_that_aws_does_not_answer_is_cut_while_there_is_time_to_write_that_down() {
    let (_listener, aws) = silent();
    let place = place();
    let stream = LogStream {
        region: place.service.region.clone(),
        group: "g".into(),
        stream: "s".into(),
    };
    // Without the end in sight each takes as long as calls may.
    let (error, took) = call(&aws, 300, aws.describe_service(&place)).await;
    assert!(
        is_unknown(&error) && (20..=21).contains(&took),
        "{took} s: {error}"
    );

    let (error, took) = call(&aws, 12, aws.describe_service(&place)).await;
    assert!(
        is_unknown(&error) && (7..=8).contains(&took),
        "{took} s: {error}"
    );
    let (error, took) = call(&aws, 12, aws.create_deployment(&place, &new_deployment())).await;
    assert!(
        is_unknown(&error) && (7..=8).contains(&took),
        "{took} s: {error}"
    );
    // One that is signed by hand.
    let (error, took) = call(&aws, 12, aws.log_lines(&place, &stream)).await;
    assert!(
        is_unknown(&error) && (7..=8).contains(&took),
        "{took} s: {error}"
    );
    // The ledger's calls go on, as long as there is time for an answer.

    let (error, took) = call(&aws, 12, aws.wake(&id('a'), at(0))).await;
    assert!(
        is_unknown(&error) && (11..=12).contains(&took),
        "{took} s: {error}"
    );
}

#[tokio::test(start_paused = true)]
async fn no_call_is_begun_that_could_not_be_waited_for() {
    let server = Server::start(|_| Reply::json(200, &json!({})));
    let aws = aws(&server.url);
    let place = place();
    let outcomes = [
        call(&aws, 5, aws.create_deployment(&place, &new_deployment())).await,
        call(&aws, 5, aws.send(&channel(), &card(), None, &key())).await,
        call(&aws, 1, aws.wake(&id('a'), at(0))).await,
    ];
    for (error, took) in outcomes {
        assert!(matches!(error, CallError::NotDone { .. }), "{error}");
        assert!(error.to_string().contains("time is used up"), "{error}");
        assert!(took <= 1, "{took} s: {error}");
    }
    assert!(server.requests().is_empty());
}

fn channel() -> Destination {
    Destination::Slack("C1".parse().unwrap())
}

fn card() -> Message {
    Message {
        subject: None,
        text: "hello".into(),
        blocks: Some(json!([])),
    }
}

/// Slack is asked by real time, since the token has to come first, over the network.
#[tokio::test]
async fn slack_that_does_not_answer_is_cut_as_well() {
    let server = Server::start(|request| {
        if request.operation() == "GetParameter" {
            Reply::json(200, &json!({"Parameter": {"Value": "xoxb-1"}}))
        } else {
            Reply::Silence
        }
    });
    let aws = aws(&server.url);
    let (error, took) = call(&aws, 7, aws.send(&channel(), &card(), None, &key())).await;
    assert!(is_unknown(&error) && took <= 3, "{took} s: {error}");
    assert_eq!(server.requests().len(), 2);
}

/// What a function answers that began with so many seconds left, and whether it was in time.
async fn answered<R>(aws: &Aws, left: u64, handled: impl AsyncFnOnce(Instant) -> R) -> R {
    let left = Duration::from_secs(left);
    aws.deadline().begin(left);
    let end = Instant::now() + left;
    let answer = handled(end).await;
    assert!(Instant::now() < end, "Lambda would have killed it");
    answer
}

#[tokio::test(start_paused = true)]
async fn each_function_hands_back_what_it_did_not_come_to_before_it_is_killed() {
    let (_listener, aws) = silent();
    let left = |end: Instant| move || end.saturating_duration_since(Instant::now());
    for seconds in [2, 5, 10, 15, 60] {
        let event = json!({"Records": [{
            "eventName": "MODIFY",
            "dynamodb": {
                "SequenceNumber": "100",
                "Keys": {"pk": {"S": format!("RELEASE#{}", id('a'))}, "sk": {"S": "SUMMARY"}},
            },
        }]});
        let answer = answered(&aws, seconds, async |end| {
            advance::handle(&aws, "towpath-advance", &event, left(end)).await
        })
        .await;
        let failures = answer.unwrap().batch_item_failures;
        assert_eq!(failures.len(), 1, "its record is delivered again");

        let event = fixture("ecs-lambda-hook-post-test-traffic-shift.json");
        let answer = answered(&aws, seconds, async |end| {
            lifecycle_hook::handle(&aws, &event, left(end)).await
        })
        .await;
        // ECS takes a function that fails for a no.
        assert_eq!(answer.unwrap()["hookStatus"], "IN_PROGRESS");

        let event = fixture("codedeploy-deployment-state-change-success.json");
        let answer = answered(&aws, seconds, async |_| {
            deployment_event::handle(&aws, &event).await
        })
        .await;
        let error = answer.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("dynamodb:"), "Lambda asks again: {said}");
    }
}

fn fixture(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/events/");
    let text = std::fs::read_to_string(format!("{folder}{name}")).unwrap();
    serde_json::from_str(&text).unwrap()
}
