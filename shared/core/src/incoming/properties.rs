//! What holds for every reader and everything that could be sent: it is read or turned away, never
//! a panic, and the reason is one short line without anything that a log or a terminal would obey.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::fixtures::{all, fixture};
use super::{ReadError, deployment, ecr, hook, slack, sns, stream, url};
use crate::message::{APPROVE, one_line};

/// Texts that are somewhere in the payloads, and texts that should be nowhere.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,20}",
        Just(String::new()),
        Just("SUCCESS".to_owned()),
        Just("PUSH".to_owned()),
        Just("arn:aws:ecs:us-west-2:123456789012:service/a/b".to_owned()),
        Just("arn:aws:ecs:us-west-2:123456789012:service-revision/a/b/1".to_owned()),
        Just("arn::::::".to_owned()),
        Just("\u{1b}[2J\u{202e}\n\0".to_owned()),
        Just("9".repeat(5_000)),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        any_text().prop_map(Value::String),
    ];
    let key = prop_oneof![
        "[a-zA-Z-]{0,12}",
        Just("detail".to_owned()),
        Just("Records".to_owned()),
        Just("executionDetails".to_owned()),
        Just("DeploymentId".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// One change somewhere in a payload: which way to go at each level, and what to put there;
/// nothing means that what is there goes away.
#[derive(Debug, Clone)]
struct Change {
    way: Vec<prop::sample::Index>,
    put: Option<Value>,
}

fn any_change() -> impl Strategy<Value = Change> {
    let way = proptest::collection::vec(any::<prop::sample::Index>(), 1..5);
    (way, proptest::option::of(any_json())).prop_map(|(way, put)| Change { way, put })
}

impl Change {
    fn apply(&self, value: &mut Value) {
        Self::at(value, &self.way, self.put.as_ref());
    }

    fn at(value: &mut Value, way: &[prop::sample::Index], put: Option<&Value>) {
        let Some((step, rest)) = way.split_first() else {
            *value = put.cloned().unwrap_or_default();
            return;
        };
        match value {
            Value::Object(map) if !map.is_empty() => {
                let key = map
                    .keys()
                    .nth(step.index(map.len()))
                    .cloned()
                    .unwrap_or_default();
                match (rest.is_empty(), put) {
                    (true, None) => {
                        map.remove(&key);
                    }
                    (_, put) => Self::at(&mut map[&key], rest, put),
                }
            }
            Value::Array(list) if !list.is_empty() => {
                let at = step.index(list.len());
                Self::at(&mut list[at], rest, put);
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => *value = put.cloned().unwrap_or_default(),
        }
    }
}

/// Gives the payload to every reader, and its text to those that read bytes.
fn read_by_all(payload: &Value) -> Result<(), TestCaseError> {
    let text = payload.to_string();
    let form: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &text)
        .finish();
    let mut in_sns = fixture("sns-lambda-event");
    in_sns["Records"][0]["Sns"]["Message"] = json!(text);
    let replies = [sns::read(payload), sns::read(&in_sns)].map(|read| match read {
        Ok(replies) => replies.into_iter().filter_map(Result::err).collect(),
        Err(error) => vec![error],
    });
    let errors = [
        ecr::read(payload).err(),
        deployment::read(payload).err(),
        hook::read(payload).err(),
        url::read(payload).err(),
        slack::read(form.as_bytes()).err(),
        slack::read(text.as_bytes()).err(),
    ];
    for record in stream::read(payload) {
        prop_assert!(record.about.is_none() || payload.get("Records").is_some());
    }
    for error in errors
        .into_iter()
        .flatten()
        .chain(replies.into_iter().flatten())
    {
        let (ReadError::Ignored(reason) | ReadError::Malformed(reason)) = &error;
        prop_assert_eq!(&one_line(reason, 300), reason);
        prop_assert!(!reason.is_empty());
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_json_is_read_or_turned_away(payload in any_json()) {
        read_by_all(&payload)?;
    }

    #[test]
    fn any_change_of_a_payload_is_read_or_turned_away(
        which in any::<prop::sample::Index>(),
        changes in proptest::collection::vec(any_change(), 1..4),
    ) {
        let (_, payload) = &all()[which.index(all().len())];
        let mut payload = payload.clone();
        for change in &changes {
            change.apply(&mut payload);
        }
        read_by_all(&payload)?;
    }

    #[test]
    fn any_change_of_a_click_is_read_or_turned_away(
        changes in proptest::collection::vec(any_change(), 1..4),
    ) {
        let mut click = fixture("slack-block-actions");
        click["actions"][0]["action_id"] = json!(APPROVE);
        click["actions"][0]["value"] =
            json!(r#"{"release":"shop-api-0123456789abcdef","approval":"production-1"}"#);
        for change in &changes {
            change.apply(&mut click);
        }
        read_by_all(&click)?;
    }

    #[test]
    fn any_bytes_are_read_or_turned_away(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(slack::read(&bytes).is_err());
        let mut form = b"payload=".to_vec();
        form.extend_from_slice(&bytes);
        prop_assert!(slack::read(&form).is_err());
    }

    #[test]
    fn no_guessed_signature_fits(
        timestamp in proptest::option::of("\\PC{0,14}|[0-9]{1,12}"),
        signature in proptest::option::of("\\PC{0,70}|v0=[0-9a-f]{64}"),
        body in proptest::collection::vec(any::<u8>(), 0..50),
        now in 0_i64..2_000_000_000,
    ) {
        let now = Timestamp::from_second(now).unwrap();
        let verified =
            slack::SlackSignature::read(timestamp.as_deref(), signature.as_deref(), now)
                .and_then(|read| read.verify(b"8f742231b10e8888abcd99yyyzzz85a5", &body));
        prop_assert!(verified.is_err());
    }
}
