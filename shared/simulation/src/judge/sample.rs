//! A made-up world for the tests of the judge.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use towpath_core::message::Message;
use towpath_core::release::{Order, ServiceId, Subject};

use super::people::People;
use super::told::Told;
use crate::deliver::What;
use crate::people::Ordered;

/// The digest of everything.
pub(super) const DIGEST: &str =
    "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

pub(super) fn service() -> ServiceId {
    ServiceId {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        cluster: "test".parse().unwrap(),
        service: "api".parse().unwrap(),
    }
}

pub(super) fn minute(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

/// A card of a release, which asks for an approval if it is open.
pub(super) fn card(text: &str, asks: bool) -> Message {
    let value = json!({ "release": "shop-1", "approval": "test-1" }).to_string();
    let mut blocks = vec![json!({ "type": "context",
        "elements": [{ "text": format!("`registry/shop@{DIGEST}` · `shop-1`") }] })];
    if asks {
        blocks.push(json!({ "type": "actions", "block_id": "approval-test-1",
            "elements": [{ "value": value }] }));
    }
    Message {
        subject: None,
        text: text.to_owned(),
        blocks: Some(json!(blocks)),
    }
}

/// Somebody clicks, and is answered or not.
pub(super) fn clicks(
    people: &mut People,
    (user, action): (&str, &str),
    minutes: (i64, Option<i64>),
) {
    let value = json!({ "release": "shop-1", "approval": "test-1", "stage": "test" });
    let payload = json!({ "user": { "id": user },
        "actions": [{ "action_id": action, "value": value.to_string() }] });
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish();
    let what = What::Decision(json!({ "body": body }));
    happens(people, &what, minutes);
}

/// Somebody gives an order.
pub(super) fn orders(people: &mut People, order: Order, subject: Subject, at: i64) {
    let what = What::Order(Ordered { subject, order });
    happens(people, &what, (at, Some(at)));
}

fn happens(people: &mut People, what: &What, (from, until): (i64, Option<i64>)) {
    people.arrives(1, what, &Told::default(), minute(from));
    let answer = json!({ "statusCode": 200 });
    let answer = until.map(|_| &answer);
    people.answered(1, answer, minute(until.unwrap_or(from)));
}
