//! Finding one's own messages again in Slack.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_core::message::{Message, MessageKey};
use towpath_core::pipeline::Destination;
use towpath_core::release::SentMessage;
use towpath_deployer::ports::{CallError, Messenger};

use crate::support::aws;
use crate::support::http::{Reply, Request, Server};
use crate::support::releases::{at, id};

const HISTORY: &str = "/slack/conversations.history";
const REPLIES: &str = "/slack/conversations.replies";

/// What the card of a release is about.
pub(crate) fn card_key() -> MessageKey {
    MessageKey::Card { release: id('a') }
}

fn channel() -> Destination {
    Destination::Slack("C0123456789".parse().unwrap())
}

fn message(id: &str) -> SentMessage {
    SentMessage {
        to: "C0123456789".into(),
        id: id.into(),
    }
}

/// The arguments of a form.
fn form(request: &Request) -> BTreeMap<String, String> {
    let body = String::from_utf8(request.body.clone()).unwrap();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8();
        text.unwrap().into_owned()
    };
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A Slack whose channel has these messages in pages, and that knows the bot.
fn slack(pages: Vec<Vec<Value>>) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/" => Reply::json(
            200,
            &json!({"Parameter": {"Value": "xoxb-1", "Version": 1}}),
        ),
        "/slack/auth.test" => Reply::json(200, &json!({"ok": true, "bot_id": "B1"})),
        HISTORY | REPLIES => {
            let cursor = form(request).get("cursor").cloned();
            let page: usize = cursor.map_or(0, |cursor| {
                cursor.trim_end_matches("==").parse().expect("a page")
            });
            let next = (page + 1 < pages.len()).then(|| format!("{}==", page + 1));
            Reply::json(
                200,
                &json!({"ok": true, "messages": pages[page],
                    "response_metadata": {"next_cursor": next.unwrap_or_default()}}),
            )
        }
        path => panic!("{path} is not asked"),
    })
}

async fn sent(
    server: &Server,
    below: Option<&SentMessage>,
    since: Timestamp,
) -> Result<Vec<(MessageKey, SentMessage)>, CallError> {
    aws(&server.url).sent(&channel(), below, since).await
}

/// A message as Slack shows it, of that bot.
fn shown(ts: &str, bot: &str, metadata: &Value) -> Value {
    json!({"type": "message", "ts": ts, "bot_id": bot, "text": "…", "metadata": metadata})
}

fn metadata(payload: Value) -> Value {
    json!({"event_type": "towpath_message", "event_payload": payload})
}

fn of_card() -> Value {
    metadata(
        json!({"what": "card", "release": id('a'), "deployer": "111111111111/eu-west-1/towpath"}),
    )
}

#[tokio::test]
async fn what_is_sent_says_what_it_is_about() {
    let server = Server::start(|request| match request.path.as_str() {
        "/" => Reply::json(
            200,
            &json!({"Parameter": {"Value": "xoxb-1", "Version": 1}}),
        ),
        _ => Reply::json(
            200,
            &json!({"ok": true, "channel": "C0123456789", "ts": "1.2"}),
        ),
    });
    let card = Message {
        subject: None,
        text: "shop-api 3f2c1ab".into(),
        blocks: None,
    };
    let aws = aws(&server.url);
    aws.send(&channel(), &card, None, &card_key())
        .await
        .unwrap();
    assert_eq!(server.requests()[1].json()["metadata"], of_card());
}

#[tokio::test]
async fn ones_own_messages_are_found_and_nobody_elses() {
    let entry = metadata(json!({"what": "entry", "release": id('a'), "sequence": 12,
        "deployer": "111111111111/eu-west-1/towpath"}));
    let of_another_deployer = metadata(
        json!({"what": "card", "release": id('a'), "deployer": "222222222222/eu-west-1/towpath"}),
    );
    let of_no_deployer = metadata(json!({"what": "card", "release": id('a')}));
    let of_another_kind =
        json!({"event_type": "other", "event_payload": of_card()["event_payload"]});
    let server = slack(vec![
        vec![
            shown("1772442009.000100", "B1", &of_card()),
            shown("1772442008.000100", "B2", &of_card()),
            shown("1772442007.000100", "B1", &of_another_deployer),
            shown("1772442006.000100", "B1", &of_no_deployer),
            shown("1772442005.000100", "B1", &of_another_kind),
            json!({"type": "message", "ts": "1772442004.000100", "user": "U1", "text": "hi"}),
        ],
        vec![
            shown("1772442003.000100", "B1", &entry),
            shown("1772442002.000100", "B1", &of_card()),
        ],
    ]);
    let found = sent(&server, None, at(0)).await.unwrap();
    let told = MessageKey::Entry {
        release: id('a'),
        sequence: 12,
    };
    let expected = [
        (card_key(), message("1772442002.000100")),
        (told, message("1772442003.000100")),
        (card_key(), message("1772442009.000100")),
    ];
    assert_eq!(found, expected);

    let asked = server.requests();
    let asked: Vec<_> = asked
        .iter()
        .filter(|it| it.path == HISTORY)
        .map(form)
        .collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0]["channel"], "C0123456789");
    assert_eq!(asked[0]["include_all_metadata"], "true");
    assert_eq!(asked[0]["oldest"], format!("{}.000000", at(0).as_second()));
    assert!(!asked[0].contains_key("cursor"));
    assert_eq!(asked[1]["cursor"], "1==");
}

#[tokio::test]
async fn a_thread_is_read_below_its_card() {
    let server = slack(vec![vec![]]);
    let card = message("1772442002.000100");
    assert_eq!(sent(&server, Some(&card), at(0)).await.unwrap(), []);
    let asked = server.requests();
    let asked = asked
        .iter()
        .find(|it| it.path == REPLIES)
        .map(form)
        .unwrap();
    assert_eq!(asked["ts"], "1772442002.000100");
    assert_eq!(asked["include_all_metadata"], "true");
}

#[tokio::test]
async fn nothing_is_said_to_be_missing_that_was_not_read() {
    let server = Server::start(|request| match request.path.as_str() {
        "/" => Reply::json(
            200,
            &json!({"Parameter": {"Value": "xoxb-1", "Version": 1}}),
        ),
        "/slack/auth.test" => Reply::json(200, &json!({"ok": true, "bot_id": "B1"})),
        _ => Reply::json(
            200,
            &json!({"ok": false, "error": "missing_scope", "needed": "channels:history"}),
        ),
    });
    let error = sent(&server, None, at(0)).await.unwrap_err();
    assert_eq!(error.code(), Some("missing_scope"));
    assert!(error.to_string().contains("channels:history"), "{error}");

    let endless = slack(vec![Vec::new(); 100]);
    let error = sent(&endless, None, at(0)).await.unwrap_err();
    assert_eq!(error.code(), Some("TooManyMessages"));

    let by_mail = aws(&endless.url).sent(&Destination::Sns, None, at(0)).await;
    assert_eq!(by_mail.unwrap(), []);
}
