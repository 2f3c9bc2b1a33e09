//! The Slack workspace: cards, limits, clicks.

use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Answer, Lab, send};

const CHANNEL: &str = "C0DEPLOYS0";

/// The value of an SSM parameter, as functions read it.
async fn parameter(lab: &Lab, name: &str) -> String {
    let read = lab
        .call(
            "ssm",
            "AmazonSSM.GetParameter",
            json!({"Name": name, "WithDecryption": true}),
        )
        .await;
    read.body["Parameter"]["Value"]
        .as_str()
        .expect("a value")
        .to_owned()
}

async fn slack(lab: &Lab, method: &str, token: &str, input: Value) -> Answer {
    let request = lab
        .client
        .post(format!("{}/slack/api/{method}", lab.base))
        .bearer_auth(token)
        .json(&input);
    send(request).await.expect("an answer")
}

fn card() -> Value {
    json!([
        {"type": "section", "text": {"type": "mrkdwn", "text": "shop-api to production?"}},
        {"type": "actions", "block_id": "decide", "elements": [
            {"type": "button", "action_id": "approve", "value": "token-1", "style": "primary", "text": {"type": "plain_text", "text": "Approve"}},
        ]},
    ])
}

#[tokio::test]
async fn messages_are_posted_edited_and_shown() {
    let lab = Lab::start();
    let token = parameter(&lab, "/lab/slack/bot-token").await;
    let me = slack(&lab, "auth.test", &token, json!({})).await;
    assert_eq!(
        (&me.body["ok"], me.headers["x-oauth-scopes"].is_string()),
        (&json!(true), true)
    );

    let posted = slack(
        &lab,
        "chat.postMessage",
        &token,
        json!({"channel": CHANNEL, "text": "hi", "blocks": card()}),
    )
    .await;
    let ts = posted.body["ts"].as_str().expect("a ts").to_owned();
    let reply = slack(
        &lab,
        "chat.postMessage",
        &token,
        json!({"channel": CHANNEL, "text": "more", "thread_ts": ts}),
    )
    .await;
    assert_ne!(reply.body["ts"], json!(ts));
    slack(
        &lab,
        "chat.update",
        &token,
        json!({"channel": CHANNEL, "ts": ts, "text": "done", "blocks": []}),
    )
    .await;

    let whisper = json!({"channel": CHANNEL, "user": "U0ALICE000", "text": "only you"});
    assert_eq!(
        slack(&lab, "chat.postEphemeral", &token, whisper)
            .await
            .body["ok"],
        true
    );

    let shown = lab.look("slack/messages").await;
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["ephemeral"][0]["user"], "U0ALICE000");
    assert_eq!(shown["messages"][0]["text"], "done");
    assert_eq!(shown["messages"][0]["edits"][0]["text_before"], "hi");
    assert_eq!(shown["messages"][1]["thread_ts"], json!(ts));
}

/// Calls a method that takes no JSON.
async fn read(lab: &Lab, method: &str, token: &str, form: &[(&str, &str)]) -> Value {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = lab
        .client
        .post(format!("{}/slack/api/{method}", lab.base))
        .bearer_auth(token)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    send(request).await.expect("an answer").body
}

fn texts(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().expect("messages").iter();
    messages.filter_map(|it| it["text"].as_str()).collect()
}

#[tokio::test]
async fn what_was_posted_is_read_again_with_its_metadata() {
    let lab = Lab::start();
    let token = parameter(&lab, "/lab/slack/bot-token").await;
    let about = json!({"event_type": "release", "event_payload": {"release": "r-1", "entry": 3}});
    let mut sent = Vec::new();
    for (text, metadata) in [
        ("one", about.clone()),
        (
            "two",
            json!({"event_type": "not this", "event_payload": {}}),
        ),
        ("three", Value::Null),
    ] {
        let input = json!({"channel": CHANNEL, "text": text, "metadata": metadata});
        let answer = slack(&lab, "chat.postMessage", &token, input).await;
        sent.push(answer.body["ts"].as_str().expect("a ts").to_owned());
    }
    for text in ["first", "second"] {
        let below =
            json!({"channel": CHANNEL, "text": text, "thread_ts": sent[0], "metadata": about});
        slack(&lab, "chat.postMessage", &token, below).await;
    }
    // An edit that says nothing of it leaves it.
    let edit = json!({"channel": CHANNEL, "ts": sent[0], "text": "one, edited"});
    slack(&lab, "chat.update", &token, edit).await;

    let all = [
        ("channel", CHANNEL),
        ("include_all_metadata", "true"),
        ("limit", "2"),
    ];
    let newest = read(&lab, "conversations.history", &token, &all).await;
    assert_eq!(texts(&newest), ["three", "two"]);
    assert_eq!(newest["has_more"], true);
    let cursor = newest["response_metadata"]["next_cursor"]
        .as_str()
        .expect("a cursor");
    let more = [&all[..], &[("cursor", cursor)]].concat();
    let oldest = read(&lab, "conversations.history", &token, &more).await;
    assert_eq!(texts(&oldest), ["one, edited"], "none of a thread");
    assert_eq!(oldest["messages"][0]["metadata"], about);
    assert_eq!(oldest["messages"][0]["bot_id"], "B0TOWPATH");
    assert_eq!(oldest["response_metadata"]["next_cursor"], "");
    assert_eq!(
        newest["messages"][1].get("metadata"),
        None,
        "of a wrong name"
    );
    let without = read(
        &lab,
        "conversations.history",
        &token,
        &[("channel", CHANNEL)],
    )
    .await;
    assert_eq!(without["messages"][2].get("metadata"), None);
    let later = [("channel", CHANNEL), ("oldest", sent[1].as_str())];
    let later = read(&lab, "conversations.history", &token, &later).await;
    assert_eq!(texts(&later), ["three"]);

    let thread = [
        ("channel", CHANNEL),
        ("ts", sent[0].as_str()),
        ("oldest", sent[2].as_str()),
    ];
    let thread = read(&lab, "conversations.replies", &token, &thread).await;
    assert_eq!(texts(&thread), ["one, edited", "first", "second"]);
}

#[tokio::test]
async fn a_function_can_be_crashed_at_a_call_of_slack() {
    let lab = Lab::start();
    let token = parameter(&lab, "/lab/slack/bot-token").await;
    let post = json!({"call": {"service": "slack", "target": "chat.postMessage", "token": token,
        "input": {"channel": CHANNEL, "text": "hi"}}});
    let fine = lab
        .invoke("lab-echo", "RequestResponse", post.clone())
        .await;
    assert_eq!(fine.body["body"]["ok"], true, "{fine:?}");
    for (outcome, posted) in [("crash-after", 2), ("crash-before", 2)] {
        lab.tell(
            "faults",
            json!([{"service": "slack", "nth": 1, "outcome": outcome}]),
        )
        .await;
        let crashed = lab
            .invoke("lab-echo", "RequestResponse", post.clone())
            .await;
        assert_eq!(crashed.body["errorType"], "Runtime.ExitError", "{outcome}");
        let shown = lab.look("slack/messages").await;
        assert_eq!(
            shown["messages"].as_array().map(Vec::len),
            Some(posted),
            "{outcome}"
        );
        lab.control("DELETE", "faults", json!({})).await;
    }
}

#[tokio::test]
async fn slack_refuses_what_slack_refuses() {
    let lab = Lab::start();
    let token = parameter(&lab, "/lab/slack/bot-token").await;
    lab.tell(
        "slack/channels",
        json!({"id": "C0OUTSIDE0", "is_member": false}),
    )
    .await;
    lab.tell(
        "slack/channels",
        json!({"id": "C0ARCHIVED", "is_archived": true}),
    )
    .await;
    lab.tell(
        "slack/users",
        json!({"id": "U0GUEST000", "is_restricted": true}),
    )
    .await;
    let long = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(3001)}}]);
    for (method, token, input, error) in [
        (
            "chat.postMessage",
            "xoxb-wrong",
            json!({"channel": CHANNEL, "text": "x"}),
            "invalid_auth",
        ),
        (
            "chat.postMessage",
            token.as_str(),
            json!({"channel": "nowhere", "text": "x"}),
            "channel_not_found",
        ),
        (
            "chat.postMessage",
            &token,
            json!({"channel": "C0OUTSIDE0", "text": "x"}),
            "not_in_channel",
        ),
        (
            "chat.postMessage",
            &token,
            json!({"channel": "C0ARCHIVED", "text": "x"}),
            "is_archived",
        ),
        (
            "chat.postMessage",
            &token,
            json!({"channel": CHANNEL}),
            "no_text",
        ),
        (
            "chat.postMessage",
            &token,
            json!({"channel": CHANNEL, "text": "x", "blocks": long}),
            "invalid_blocks",
        ),
        (
            "chat.postMessage",
            &token,
            json!({"channel": CHANNEL, "text": "x", "thread_ts": "1.1"}),
            "thread_not_found",
        ),
        (
            "chat.update",
            &token,
            json!({"channel": CHANNEL, "ts": "1.1", "text": "x"}),
            "message_not_found",
        ),
        (
            "conversations.history",
            &token,
            json!({"channel": "C0OUTSIDE0"}),
            "not_in_channel",
        ),
        (
            "conversations.history",
            &token,
            json!({"channel": CHANNEL, "cursor": "mine"}),
            "invalid_cursor",
        ),
        (
            "conversations.replies",
            &token,
            json!({"channel": CHANNEL, "ts": "1.1"}),
            "thread_not_found",
        ),
        (
            "users.info",
            &token,
            json!({"user": "nobody"}),
            "user_not_found",
        ),
        ("files.upload", &token, json!({}), "unknown_method"),
    ] {
        let answer = slack(&lab, method, token, input).await;
        assert_eq!(
            (answer.status, &answer.body["ok"], &answer.body["error"]),
            (200, &json!(false), &json!(error))
        );
    }
    let guest = slack(&lab, "users.info", &token, json!({"user": "U0GUEST000"})).await;
    assert_eq!(guest.body["user"]["is_restricted"], true);

    lab.tell("faults", json!([{"service": "slack", "operation": "chat.postMessage", "nth": 1, "outcome": "throttled"}])).await;
    let limited = slack(
        &lab,
        "chat.postMessage",
        &token,
        json!({"channel": CHANNEL, "text": "x"}),
    )
    .await;
    assert_eq!(
        (limited.status, &limited.headers["retry-after"]),
        (429, &json!("1"))
    );
    assert_eq!(lab.look("slack/messages").await["messages"], json!([]));
}

fn header<'a>(event: &'a Value, name: &str) -> &'a str {
    event["headers"][name].as_str().expect("a header")
}

/// What the function got: timestamp, signature, raw body, payload.
fn clicked(lab: &Lab, n: usize) -> (String, String, String, Value) {
    use base64::Engine as _;
    let event = lab.received("lab-echo")[n].clone();
    let body = event["body"].as_str().expect("a body");
    let body = base64::engine::general_purpose::STANDARD
        .decode(body)
        .expect("base64");
    let body = String::from_utf8(body).expect("text");
    let payload = form_urlencoded::parse(body.as_bytes())
        .find(|(name, _)| name == "payload")
        .expect("a payload")
        .1;
    let payload = serde_json::from_str(&payload).expect("JSON");
    let header = |name| header(&event, name).to_owned();
    (
        header("x-slack-request-timestamp"),
        header("x-slack-signature"),
        body,
        payload,
    )
}

fn signed(secret: &str, timestamp: &str, body: &str) -> String {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn a_click_is_signed_with_the_secret_and_the_virtual_time() {
    let lab = Lab::start();
    let token = parameter(&lab, "/lab/slack/bot-token").await;
    let secret = parameter(&lab, "/lab/slack/signing-secret").await;
    // As an editor leaves them, with the end of a line.
    for (name, value) in [("bot-token", &token), ("signing-secret", &secret)] {
        let put = json!({"Name": format!("/lab/slack/{name}"), "Value": format!("{value}\n"),
            "Type": "SecureString", "Overwrite": true});
        let put = lab.call("ssm", "AmazonSSM.PutParameter", put).await;
        assert_eq!(put.status, 200, "{put:?}");
    }
    lab.advance(3 * 3600).await;
    let before = lab.received("lab-echo").len();
    let posted = slack(
        &lab,
        "chat.postMessage",
        &token,
        json!({"channel": CHANNEL, "text": "hi", "blocks": card()}),
    )
    .await;
    let ts = &posted.body["ts"];
    let click = json!({"channel": CHANNEL, "ts": ts, "action_id": "approve", "user": "U0ALICE000"});
    let answer = lab.tell("slack/click", click.clone()).await;
    assert_eq!(
        (&answer["status"], &answer["in_time"]),
        (&json!(200), &json!(true))
    );

    let (timestamp, signature, body, payload) = clicked(&lab, before);
    assert_eq!(signature, signed(&secret, &timestamp, &body));
    let now: jiff::Timestamp = lab.look("clock").await["now"]
        .as_str()
        .expect("a time")
        .parse()
        .expect("a time");
    assert_eq!(timestamp, now.as_second().to_string());
    assert_eq!(payload["type"], "block_actions");
    assert_eq!(payload["user"]["id"], "U0ALICE000");
    assert_eq!(payload["container"]["message_ts"], *ts);
    assert_eq!(payload["actions"][0]["value"], "token-1");
    assert_eq!(payload["actions"][0]["block_id"], "decide");

    let mut forged = click.clone();
    forged["signature"] = json!("another secret");
    forged["timestamp_offset_seconds"] = json!(-301);
    forged["team"] = json!("T0EVIL0000");
    lab.tell("slack/click", forged).await;
    let (old, signature, body, payload) = clicked(&lab, before + 1);
    assert_ne!(signature, signed(&secret, &old, &body));
    assert_eq!(old.parse::<i64>().expect("a number"), now.as_second() - 301);
    assert_eq!(payload["team"]["id"], "T0EVIL0000");

    let mut missing = click;
    missing["action_id"] = json!("reject");
    let refused = lab.control("POST", "slack/click", missing).await;
    assert_eq!(refused.status, 404);
    assert!(
        refused.body["message"]
            .as_str()
            .is_some_and(|text| text.contains("approve")),
        "it says what is there"
    );
}
