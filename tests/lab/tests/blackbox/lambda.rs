//! Lambda as seen from outside: invocations, retries, timeouts, crashes, concurrency, URLs.

use crate::harness::{Lab, send};
use serde_json::{Value, json};

#[tokio::test]
async fn a_function_is_invoked_and_its_warm_process_used_again() {
    let lab = Lab::start();

    let first = lab
        .invoke("lab-echo", "RequestResponse", json!({"a": "ü"}))
        .await;
    let second = lab.invoke("lab-echo", "RequestResponse", json!({})).await;

    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(first.headers["x-amz-executed-version"], "$LATEST");
    assert_eq!(first.body["event"]["a"], "ü");
    assert_eq!(first.body["function"], "lab-echo");
    assert_eq!(first.body["setting"], "in eu-central-1");
    assert_eq!(
        first.body["arn"],
        "arn:aws:lambda:eu-central-1:111111111111:function:lab-echo"
    );
    assert_eq!(first.body["clock"]["speed"], 0.0);
    assert_eq!(first.body["pid"], second.body["pid"]);
    let stats = lab.stats("lab-echo").await;
    assert_eq!(stats["invocations"], 2);
    assert_eq!(stats["cold_starts"].as_array().map(Vec::len), Some(1));
    assert!(stats["peak_memory_kib"].as_u64() > Some(100));
}

#[tokio::test]
async fn failures_are_told_apart_from_answers() {
    let lab = Lab::start();

    let failed = lab
        .invoke("lab-echo", "RequestResponse", json!({"fail": "no luck"}))
        .await;
    assert_eq!(
        (failed.status, &failed.headers["x-amz-function-error"]),
        (200, &json!("Unhandled"))
    );
    assert_eq!(failed.body["errorMessage"], "no luck");

    let crashed = lab
        .invoke("lab-echo", "RequestResponse", json!({"crash": 7}))
        .await;
    assert_eq!(crashed.headers["x-amz-function-error"], "Unhandled");
    assert_eq!(crashed.body["errorType"], "Runtime.ExitError");
    assert!(
        crashed.body["errorMessage"]
            .as_str()
            .is_some_and(|text| text.ends_with("exit status 7"))
    );

    let hung = lab
        .invoke("lab-echo", "RequestResponse", json!({"hang": true}))
        .await;
    assert_eq!(hung.body["errorType"], "Sandbox.Timedout");
    assert!(
        hung.body["errorMessage"]
            .as_str()
            .is_some_and(|text| text.ends_with("Task timed out after 3.00 seconds"))
    );

    let again = lab.invoke("lab-echo", "RequestResponse", json!({})).await;
    assert_eq!(
        again.body["function"], "lab-echo",
        "a new process takes over"
    );
    let broken = lab.invoke("lab-broken", "RequestResponse", json!({})).await;
    assert_eq!(broken.body["errorType"], "Runtime.ExitError");

    let stats = lab.stats("lab-echo").await;
    assert_eq!(
        (&stats["errors"], &stats["timeouts"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(stats["cold_starts"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_as_lambda_refuses() {
    let lab = Lab::start();
    let missing = lab.invoke("nobody", "RequestResponse", json!({})).await;
    assert_eq!(
        (missing.status, &missing.headers["x-amzn-errortype"]),
        (404, &json!("ResourceNotFoundException"))
    );
    let dry = lab.invoke("lab-echo", "DryRun", json!({})).await;
    assert_eq!(dry.status, 204);
    let kind = lab.invoke("lab-echo", "Sometime", json!({})).await;
    assert_eq!(kind.status, 400);
    let url = format!("{}/2015-03-31/functions/lab-echo/invocations", lab.base);
    let auth =
        "AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/lambda/aws4_request, Signature=0";
    let request = lab
        .client
        .post(url)
        .header("authorization", auth)
        .body("{not json");
    let malformed = send(request).await.expect("an answer");
    assert_eq!(
        malformed.headers["x-amzn-errortype"],
        "InvalidRequestContentException"
    );
    assert_eq!(lab.stats("lab-echo").await["invocations"], 0);
}

#[tokio::test]
async fn an_asynchronous_event_is_tried_three_times_and_then_a_dead_letter() {
    let lab = Lab::start();
    let accepted = lab
        .invoke("lab-echo", "Event", json!({"fail": "always"}))
        .await;
    assert_eq!(accepted.status, 202);
    lab.idle().await;
    assert_eq!(lab.stats("lab-echo").await["invocations"], 1);

    lab.advance(59).await;
    assert_eq!(
        lab.stats("lab-echo").await["invocations"],
        1,
        "the first retry comes after a minute"
    );
    lab.advance(1).await;
    assert_eq!(lab.stats("lab-echo").await["invocations"], 2);
    assert_eq!(lab.look("dead-letters").await["dead_letters"], json!([]));
    lab.advance(120).await;
    assert_eq!(lab.stats("lab-echo").await["invocations"], 3);

    let letters = lab.look("dead-letters").await;
    let letter = &letters["dead_letters"][0];
    assert_eq!(
        letter["body"]["requestContext"]["condition"],
        "RetriesExhausted"
    );
    assert_eq!(
        letter["body"]["requestContext"]["approximateInvokeCount"],
        3
    );
    assert_eq!(letter["body"]["requestPayload"], json!({"fail": "always"}));
    assert_eq!(letter["body"]["responsePayload"]["errorMessage"], "always");

    let queue = format!("{}/111111111111/lab-echo-dead-letters", lab.base);
    let received = lab
        .call(
            "sqs",
            "AmazonSQS.ReceiveMessage",
            json!({"QueueUrl": queue}),
        )
        .await;
    let body = received.body["Messages"][0]["Body"]
        .as_str()
        .expect("a message");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body, letter["body"], "any client can read the queue");
}

#[tokio::test]
async fn reserved_concurrency_throttles_and_asynchronous_events_wait() {
    let lab = Lab::start();
    let held = lab.invoke(
        "lab-one-at-a-time",
        "RequestResponse",
        json!({"hang": true}),
    );
    let second = async {
        // The first is in flight once its process has asked for work.
        while lab.received("lab-one-at-a-time").is_empty() {
            tokio::task::yield_now().await;
        }
        let refused = lab
            .invoke("lab-one-at-a-time", "RequestResponse", json!({}))
            .await;
        let queued = lab.invoke("lab-one-at-a-time", "Event", json!({})).await;
        let stats = lab.stats("lab-one-at-a-time").await;
        let pid = stats["processes"][0].as_u64().expect("a process");
        std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .expect("kill runs");
        (refused, queued)
    };
    let (held, (refused, queued)) = tokio::join!(held, second);

    assert_eq!(held.body["errorType"], "Runtime.ExitError");
    assert_eq!(
        (refused.status, &refused.headers["x-amzn-errortype"]),
        (429, &json!("TooManyRequestsException"))
    );
    assert_eq!(queued.status, 202);
    lab.advance(10).await;
    let stats = lab.stats("lab-one-at-a-time").await;
    assert_eq!(
        (&stats["invocations"], &stats["errors"]),
        (&json!(2), &json!(1)),
        "the event was handled in the end"
    );
}

#[tokio::test]
async fn what_a_slow_machine_keeps_waiting_is_not_given_up_because_virtual_time_goes_fast() {
    const NAME: &str = "lab-one-at-a-time";
    // The minute for which its events are kept is a hundredth of a second.
    let lab = Lab::start_with(&["--speed", "6000"]);
    let held = lab.invoke(NAME, "RequestResponse", json!({"hang": true}));
    let waiting = async {
        while lab.received(NAME).is_empty() {
            tokio::task::yield_now().await;
        }
        lab.invoke(NAME, "Event", json!({})).await;
        // Tried after 1, 2, 4, 8, 16 and 32 seconds, it has waited for more than a minute.
        let given_up = loop {
            let given_up = lab.look("dead-letters").await["dead_letters"].clone();
            let stats = lab.stats(NAME).await;
            if given_up != json!([]) || stats["throttles"].as_u64() > Some(7) {
                break given_up;
            }
        };
        let pid = lab.stats(NAME).await["processes"][0].clone();
        std::process::Command::new("kill")
            .args(["-9", &pid.to_string()])
            .status()
            .expect("kill runs");
        given_up
    };
    let (_, given_up) = tokio::join!(held, waiting);
    assert_eq!(given_up, json!([]));
}

#[tokio::test]
async fn a_function_url_hands_over_requests_in_payload_format_2() {
    let lab = Lab::start();
    let request = lab
        .client
        .post(format!("{}/_url/echo/slack/interactive?a=1&a=2", lab.base))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("X-Slack-Signature", "v0=1")
        .body("payload=%7B%7D");
    let answer = send(request).await.expect("an answer");

    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["x-from"], "function");
    let event = &answer.body;
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["rawPath"], "/slack/interactive");
    assert_eq!(event["queryStringParameters"]["a"], "1,2");
    assert_eq!(event["headers"]["x-slack-signature"], "v0=1");
    assert_eq!(event["requestContext"]["accountId"], "anonymous");
    assert_eq!(
        (&event["isBase64Encoded"], &event["body"]),
        (&json!(true), &json!("cGF5bG9hZD0lN0IlN0Q="))
    );
    let none = send(lab.client.get(format!("{}/_url/feed/", lab.base)))
        .await
        .expect("an answer");
    assert_eq!(none.status, 404);
}
