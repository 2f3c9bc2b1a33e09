//! Decisions that were published to the reply topic:
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>.
//!
//! SNS does not say who published. Who may is the topic's policy; what they may decide is in the
//! token that the message carries (see [`crate::token`]).

use serde::de::IntoDeserializer as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use towpath_taskdef::json;

use super::ReadError;
use super::fields::{Fields, kind};
use crate::message::one_line;
use crate::names::MessageId;
use crate::release::Decision;

/// Largest message in bytes that is read; SNS itself would take 256 KiB.
const MAX_MESSAGE: usize = 8 * 1_024;

/// Longest reason in characters that is kept: it is shown in messages and in the audit trail.
const MAX_REASON_LEN: usize = 500;

/// Most records of one event. SNS delivers one at a time.
const MAX_RECORDS: usize = 100;

/// Somebody published a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The ARN of the topic that it came by: any other than the deployer's reply topic is no way
    /// to decide.
    pub topic: String,
    /// SNS's id of the message. A message that is delivered twice has it twice.
    pub message_id: MessageId,
    /// The token that the request carried.
    pub approval: String,
    /// What was decided.
    pub decision: Decision,
    /// Why, in their words, on one line.
    pub reason: Option<String>,
}

/// Reads each record by itself, so that one that is no reply does not lose the others.
///
/// # Errors
/// [`ReadError::Malformed`] if it is no event of SNS at all.
pub fn read(event: &Value) -> Result<Vec<Result<Reply, ReadError>>, ReadError> {
    let fields = Fields::of(event, "the event")?;
    let records = match fields.value("Records") {
        Some(Value::Array(records)) => records,
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        )
        | None => return Err(fields.broken("Records", &"not a list of records")),
    };
    if records.len() > MAX_RECORDS {
        return Err(fields.broken("Records", &format!("more than {MAX_RECORDS} of them")));
    }
    Ok(records.iter().map(reply).collect())
}

fn reply(record: &Value) -> Result<Reply, ReadError> {
    let sns = Fields::of(record, "the record")?.object("Sns")?;
    match sns.text("Type")? {
        "Notification" => {}
        other => {
            return Err(ReadError::ignored(format!(
                "`{}` of SNS is no notification",
                one_line(other, 80)
            )));
        }
    }
    let topic = sns.text("TopicArn")?;
    let message_id: MessageId = sns.name("MessageId")?;
    let message = match sns.value("Message") {
        Some(Value::String(message)) => message,
        Some(
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)),
        ) => return Err(sns.broken("Message", &format!("{}, not text", kind(other)))),
        None => return Err(sns.lacks("Message")),
    };
    let decided = Decided::read(message)
        .map_err(|why| ReadError::malformed(format!("message {message_id}: {why}")))?;
    let reason = decided.reason.unwrap_or_default();
    let reason = one_line(reason.trim(), MAX_REASON_LEN);
    Ok(Reply {
        topic: one_line(topic, 512),
        message_id,
        approval: decided.approval,
        decision: decided.decision,
        reason: Some(reason).filter(|reason| !reason.trim().is_empty()),
    })
}

/// The message that decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    approval: String,
    #[serde(deserialize_with = "word")]
    decision: Decision,
    #[serde(default)]
    reason: Option<String>,
}

/// A decision as one word. Left alone, serde would take `{"approve": null}` for it, too.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
    let word = String::deserialize(deserializer)?;
    Decision::deserialize(word.into_deserializer())
}

impl Decided {
    /// Reads a message strictly. The parser's own error is not passed on: it may quote the token.
    fn read(message: &str) -> Result<Self, String> {
        if message.len() > MAX_MESSAGE {
            return Err(format!("more than {MAX_MESSAGE} bytes"));
        }
        // Serde would also read an object's fields from a list.
        if !message.trim_start().starts_with('{') {
            return Err(FORM.to_owned());
        }
        json::read_as(message.as_bytes()).map_err(|_| FORM.to_owned())
    }
}

const FORM: &str =
    r#"it is not {"approval": "<token>", "decision": "approve" or "reject", "reason": "…"}"#;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::incoming::fixtures::fixture;

    fn event(messages: &[&str]) -> Value {
        let mut event = fixture("sns-lambda-event");
        let record = event["Records"][0].clone();
        let records = messages.iter().map(|message| {
            let mut record = record.clone();
            record["Sns"]["Message"] = json!(message);
            record
        });
        event["Records"] = records.collect();
        event
    }

    fn one(message: &str) -> Result<Reply, ReadError> {
        read(&event(&[message])).unwrap().remove(0)
    }

    #[test]
    fn a_reply_carries_its_token_and_its_reason() {
        let reply = one(r#"{"approval":"a.b.c","decision":"reject","reason":" too\nlate "}"#);
        assert_eq!(
            reply,
            Ok(Reply {
                topic: "arn:aws:sns:us-east-1:246796806071:snsNetTest".into(),
                message_id: "82833b5c-8d5d-56d0-b0e1-7511f8253eb8".parse().unwrap(),
                approval: "a.b.c".into(),
                decision: Decision::Reject,
                reason: Some("too late".into()),
            })
        );
    }

    #[test]
    fn a_reason_is_optional_and_an_empty_one_is_none() {
        for message in [
            r#"{"approval":"t","decision":"approve"}"#,
            r#"{"approval":"t","decision":"approve","reason":null}"#,
            r#"{"approval":"t","decision":"approve","reason":" \n\u202e"}"#,
        ] {
            assert_eq!(one(message).unwrap().reason, None, "{message}");
        }
    }

    #[test]
    fn a_long_reason_is_cut() {
        let long = "x".repeat(5_000);
        let message = json!({ "approval": "t", "decision": "approve", "reason": long });
        let reason = one(&message.to_string()).unwrap().reason.unwrap();
        assert_eq!(reason.chars().count(), 500);
    }

    #[test]
    fn a_message_that_is_not_exactly_a_reply_decides_nothing() {
        for message in [
            "",
            "yes",
            "null",
            r#"["t","approve"]"#,
            r#"{"approval":"t"}"#,
            r#"{"approval":"t","decision":"APPROVE"}"#,
            r#"{"approval":"t","decision":"approve","by":"me"}"#,
            r#"{"approval":"t","decision":"approve","decision":"reject"}"#,
            r#"{"approval":"t","decision":"approve","reason":"no","reason":"no"}"#,
            r#"{"approval":"t","decision":{"approve":null}}"#,
            r#"{"approval":["t"],"decision":"approve"}"#,
            r#"{"approval":"t","decision":"approve"} {}"#,
            &format!(
                r#"{{"approval":"{}","decision":"approve"}}"#,
                "t".repeat(9_000)
            ),
            &"[".repeat(8_000),
        ] {
            let error = one(message).unwrap_err();
            assert!(matches!(error, ReadError::Malformed(_)), "{message}");
        }
    }

    #[test]
    fn an_error_names_the_message_and_not_its_token() {
        let error = one(r#"{"approval":"secret-token","decision":"maybe"}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "malformed: message 82833b5c-8d5d-56d0-b0e1-7511f8253eb8: it is not \
             {\"approval\": \"<token>\", \"decision\": \"approve\" or \"reject\", \"reason\": \"…\"}"
        );
    }

    #[test]
    fn a_bad_record_leaves_the_others_alone() {
        let good = r#"{"approval":"t","decision":"approve"}"#;
        let mut event = event(&[good, "Greetings", good]);
        event["Records"].as_array_mut().unwrap().push(json!(7));
        let read = read(&event).unwrap();
        let good: Vec<bool> = read.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, true, false]);
    }

    #[test]
    fn a_confirmation_is_never_followed() {
        let mut event = event(&["x"]);
        event["Records"][0]["Sns"] = fixture("sns-subscription-confirmation");
        assert_eq!(
            read(&event).unwrap().remove(0).unwrap_err(),
            ReadError::Ignored("`SubscriptionConfirmation` of SNS is no notification".into())
        );
    }
}
