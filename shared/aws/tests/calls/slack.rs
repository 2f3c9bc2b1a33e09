//! Slack and SNS: messages for people.

use serde_json::json;
use towpath_aws::Aws;
use towpath_aws::config::CLOCK_FILE;
use towpath_core::message::Message;
use towpath_core::pipeline::{Channel, Destination};
use towpath_core::release::SentMessage;
use towpath_deployer::ports::{CallError, Messenger};

use crate::sent::card_key as key;
use crate::support::http::{Reply, Request, Server};
use crate::support::{aws, settings};

const TOKEN: &str = "xoxb-1234";

fn card() -> Message {
    Message {
        subject: None,
        text: "shop-api 3f2c1ab".into(),
        blocks: Some(json!([{"type": "divider"}])),
    }
}

fn line() -> Message {
    Message {
        text: "done".into(),
        blocks: None,
        ..card()
    }
}

fn mail() -> Message {
    Message {
        subject: Some("a subject".into()),
        text: "a text".into(),
        blocks: None,
    }
}

fn channel(id: &str) -> Destination {
    Destination::Slack(id.parse().unwrap())
}

fn posted() -> SentMessage {
    SentMessage {
        to: "C1".into(),
        id: "1.2".into(),
    }
}

/// A Slack that answers this, with the token where it belongs.
fn slack(answer: impl Fn(&Request) -> Reply + Send + 'static) -> Server {
    Server::start(move |request| match request.operation().as_str() {
        "GetParameter" => token(TOKEN),
        _ => answer(request),
    })
}

fn token(value: &str) -> Reply {
    Reply::json(
        200,
        &json!({"Parameter": {"Name": "/towpath/slack/bot-token", "Value": value, "Version": 1}}),
    )
}

#[tokio::test]
async fn a_card_is_posted_edited_and_replied_to() {
    let server = slack(|_| Reply::json(200, &json!({"ok": true, "channel": "C1", "ts": "1.2"})));
    let aws = aws(&server.url);
    let sent = aws
        .send(&channel("C1"), &card(), None, &key())
        .await
        .unwrap();
    assert_eq!(sent, posted());
    aws.edit(Channel::Slack, &posted(), &card()).await.unwrap();
    aws.send(&channel("C1"), &line(), Some(&posted()), &key())
        .await
        .unwrap();

    let requests = server.requests();
    let paths: Vec<_> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    // The token is read once.
    assert_eq!(
        paths,
        [
            "/",
            "/slack/chat.postMessage",
            "/slack/chat.update",
            "/slack/chat.postMessage"
        ]
    );
    assert_eq!(requests[0].json()["WithDecryption"], true);
    assert_eq!(requests[1].header("authorization"), "Bearer xoxb-1234");
    assert_eq!(requests[1].json()["blocks"], json!([{"type": "divider"}]));
    assert_eq!(requests[2].json()["ts"], "1.2");
    assert_eq!(requests[3].json()["thread_ts"], "1.2");
    assert_eq!(requests[3].json()["text"], "done");
    let of_mail = aws.edit(Channel::Sns, &posted(), &card()).await;
    assert!(
        matches!(of_mail, Err(CallError::Refused { .. })),
        "{of_mail:?}"
    );
}

#[tokio::test]
async fn two_messages_that_are_sent_at_once_read_the_token_once() {
    let server = slack(|_| Reply::json(200, &json!({"ok": true, "channel": "C1", "ts": "1.2"})));
    let aws = aws(&server.url);
    let card = card();
    let (c1, c2, key) = (channel("C1"), channel("C2"), key());
    let (one, other) = tokio::join!(
        aws.send(&c1, &card, None, &key),
        aws.send(&c2, &card, None, &key)
    );
    one.unwrap();
    other.unwrap();
    assert_eq!(server.requests_of("GetParameter").len(), 1);
}

async fn post(answer: impl Fn(&Request) -> Reply + Send + 'static) -> CallError {
    let server = slack(answer);
    let error = aws(&server.url)
        .send(&channel("C1"), &card(), None, &key())
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    error
}

#[tokio::test]
async fn each_way_of_failing_is_told_apart() {
    let error =
        post(|_| Reply::json(200, &json!({"ok": false, "error": "channel_not_found"}))).await;
    assert_eq!(error.code(), Some("channel_not_found"));

    let wrong = json!({"ok": false, "error": "invalid_blocks",
        "response_metadata": {"messages": ["[ERROR] no more than 50 items allowed"]}});
    let error = post(move |_| Reply::json(200, &wrong)).await;
    assert_eq!(
        error.to_string(),
        "slack:chat.postMessage: invalid_blocks: [ERROR] no more than 50 items allowed"
    );

    let error = post(|_| Reply::Answer(429, vec![("retry-after", "30".into())], Vec::new())).await;
    assert_eq!(
        error.to_string(),
        "slack:chat.postMessage was not carried out: rate limited: try again after 30 seconds"
    );
    let error = post(|_| Reply::json(200, &json!({"ok": false, "error": "ratelimited"}))).await;
    assert!(matches!(error, CallError::NotDone { .. }), "{error}");

    for answer in [
        || Reply::Hangup,
        || Reply::Answer(503, Vec::new(), Vec::new()),
        || Reply::Answer(200, Vec::new(), b"<html>".to_vec()),
        || Reply::Answer(200, Vec::new(), b"{}".to_vec()),
        || Reply::json(200, &json!({"ok": true})),
        || Reply::json(200, &json!({"ok": false, "error": "internal_error"})),
    ] {
        let error = post(move |_| answer()).await;
        assert!(matches!(error, CallError::Unknown { .. }), "{error}");
    }
}

/// Slack goes over to the new token; within a minute of its last reading the old one counts.
#[tokio::test]
async fn a_rotated_token_is_read_again_once_a_minute() {
    let mut reads = 0;
    let server = Server::start(move |request| match request.operation().as_str() {
        "GetParameter" => {
            reads += 1;
            token(if reads == 1 { "xoxb-old" } else { "xoxb-new" })
        }
        _ if request.header("authorization") == "Bearer xoxb-new" => {
            Reply::json(200, &json!({"ok": true, "channel": "C1", "ts": "1.2"}))
        }
        _ => Reply::json(200, &json!({"ok": false, "error": "token_revoked"})),
    });
    let clock = tempfile::NamedTempFile::new().unwrap();
    let set = |seconds: u64| {
        let now = json!({"virtual_ms": seconds * 1000, "real_ms": 0, "speed": 0.0});
        std::fs::write(clock.path(), now.to_string()).unwrap();
    };
    set(0);
    let path = clock.path().to_str().unwrap().to_owned();
    let aws = Aws::new(settings(&server.url).with(CLOCK_FILE, path));

    let error = aws
        .send(&channel("C1"), &card(), None, &key())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Refused { .. }), "{error}");
    set(59);
    aws.send(&channel("C1"), &card(), None, &key())
        .await
        .unwrap_err();
    assert_eq!(server.requests_of("GetParameter").len(), 1);

    set(61);
    aws.send(&channel("C1"), &card(), None, &key())
        .await
        .unwrap();
    aws.send(&channel("C1"), &line(), Some(&posted()), &key())
        .await
        .unwrap();
    assert_eq!(server.requests_of("GetParameter").len(), 2);
}

#[tokio::test]
async fn a_refused_token_that_was_not_rotated_is_a_refusal() {
    let error = post(|_| Reply::json(200, &json!({"ok": false, "error": "invalid_auth"}))).await;
    assert_eq!(error.code(), Some("invalid_auth"));
}

#[tokio::test]
async fn a_notice_goes_to_the_request_topic_once() {
    let published = br#"<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
        <PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"#;
    let mut calls = 0;
    let server = Server::start(move |_| {
        calls += 1;
        match calls {
            1 => Reply::Answer(200, Vec::new(), published.to_vec()),
            _ => Reply::Hangup,
        }
    });
    let aws = aws(&server.url);
    aws.send(&Destination::Sns, &mail(), None, &key())
        .await
        .unwrap();
    let form = String::from_utf8(server.requests()[0].body.clone()).unwrap();
    assert!(form.contains("Subject=a%20subject"), "{form}");
    assert!(
        form.contains("TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A111111111111%3Arequests"),
        "{form}"
    );
    let lost = aws.send(&Destination::Sns, &mail(), None, &key()).await;
    assert!(matches!(lost, Err(CallError::Unknown { .. })), "{lost:?}");
    assert_eq!(server.requests().len(), 2);
}
