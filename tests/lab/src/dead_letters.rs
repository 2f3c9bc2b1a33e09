//! Dead letters: what could not be delivered or handled, in SQS queues that any client can read,
//! and in one list for people.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::{Value, json};

use crate::lab::Lab;
use crate::lambda::function::Function;
use crate::lock::lock;
use crate::moto::Place;

/// What was given up.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Letter {
    /// Virtual time.
    pub(crate) time: String,
    /// Who gave up: `lambda`, `stream`, `events`, `sns`.
    pub(crate) source: String,
    pub(crate) function: String,
    /// Why, as AWS names it.
    pub(crate) condition: String,
    /// The queue it was sent to, once it was.
    pub(crate) queue: Option<String>,
    /// The message.
    pub(crate) body: Value,
    /// Message attributes.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(crate) attributes: Value,
}

/// All dead letters so far.
#[derive(Debug, Default)]
pub(crate) struct DeadLetters(Mutex<Vec<Letter>>);

impl DeadLetters {
    /// All so far, oldest first.
    pub(crate) fn all(&self) -> Vec<Letter> {
        lock(&self.0).clone()
    }
}

impl Letter {
    /// A letter given up now.
    pub(crate) fn new(
        lab: &Lab,
        source: &str,
        function: &str,
        condition: &str,
        body: Value,
    ) -> Self {
        Self {
            time: lab.clock.now().to_string(),
            source: source.to_owned(),
            function: function.to_owned(),
            condition: condition.to_owned(),
            queue: None,
            body,
            attributes: Value::Null,
        }
    }
}

/// Sends a letter to the function's queue. The right to do so, like those to read the stream and to
/// write logs, follows from the description's triggers and is not among a function's statements.
pub(crate) async fn send(lab: &Arc<Lab>, function: &Function, mut letter: Letter) {
    let config = &function.config;
    if let Some(queue) = &config.dead_letters {
        let place = Place {
            account: &config.account,
            region: &config.region,
        };
        let mut input = json!({
            "QueueUrl": format!("{}/{}/{queue}", lab.settings.base_url, config.account),
            "MessageBody": letter.body.to_string(),
        });
        if let Some(attributes) = letter.attributes.as_object() {
            input["MessageAttributes"] = attributes
                .iter()
                .map(|(name, value)| {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    (
                        name.clone(),
                        json!({"DataType": "String", "StringValue": text}),
                    )
                })
                .collect();
        }
        match lab
            .moto
            .json(place, "sqs", "AmazonSQS.SendMessage", &input)
            .await
        {
            Ok(_) => letter.queue = Some(queue.clone()),
            Err(error) => {
                tracing::error!(%error, queue, "a dead letter could not be sent");
                letter.condition = format!("{} (lost: the queue refused it)", letter.condition);
            }
        }
    }
    keep(lab, letter);
}

/// Keeps a letter that goes to no queue.
pub(crate) fn keep(lab: &Lab, letter: Letter) {
    lock(&lab.dead_letters.0).push(letter);
}
