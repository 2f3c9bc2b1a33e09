//! SNS: messages are published in moto, then delivered to the functions that subscribe.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::dead_letters::{self, Letter};
use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::lab::Lab;
use crate::lambda::async_queue;
use crate::lambda::function::Function;
use crate::lambda::permission;
use crate::lock::lock;
use crate::xml;

/// A message that was published.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) message_id: String,
    /// Virtual time.
    pub(crate) time: String,
    /// The topic's ARN.
    pub(crate) topic: String,
    pub(crate) subject: Option<String>,
    pub(crate) message: String,
    /// Its attributes, as functions get them.
    pub(crate) attributes: Value,
    /// Who published it.
    pub(crate) caller: String,
}

/// Subscriptions of functions, and what was published.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    subscriptions: Mutex<BTreeMap<String, Vec<Arc<Function>>>>,
    published: Mutex<Vec<Message>>,
}

impl Topics {
    /// Subscribes a function to a topic.
    pub(crate) fn subscribe(&self, topic_arn: &str, function: Arc<Function>) {
        lock(&self.subscriptions)
            .entry(topic_arn.to_owned())
            .or_default()
            .push(function);
    }

    /// Everything that was published, oldest first.
    pub(crate) fn published(&self) -> Vec<Message> {
        lock(&self.published).clone()
    }
}

/// `Publish` and `PublishBatch`.
///
/// # Errors
/// As [`forward`].
pub(crate) async fn publish(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    // Held from before the message exists until its deliveries are held themselves.
    let _busy = lab.activity.begin("message to a topic");
    let reply = forward(lab, incoming).await?;
    if reply.status != 200 {
        return Ok(reply);
    }
    let body = String::from_utf8_lossy(&reply.body);
    let ids = xml::texts(&body, "MessageId");
    let accepted = xml::texts(&body, "Id");
    let input = &incoming.request.input;
    let topic = input["TopicArn"]
        .as_str()
        .or(input["TargetArn"].as_str())
        .unwrap_or_default();
    let prefixes: Vec<String> = if incoming.request.operation == "Publish" {
        vec![String::new()]
    } else {
        // In the order of the answer, which names the entries that were taken.
        let entry = |id: &String| {
            let start = "PublishBatchRequestEntries.member.";
            (1..=10)
                .map(|n| format!("{start}{n}."))
                .find(|prefix| input[format!("{prefix}Id")].as_str() == Some(id))
        };
        accepted.iter().filter_map(entry).collect()
    };
    for (prefix, message_id) in prefixes.iter().zip(ids) {
        let text = |member: &str| {
            input[format!("{prefix}{member}")]
                .as_str()
                .map(str::to_owned)
        };
        let message = Message {
            message_id,
            time: lab
                .clock
                .now()
                .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
                .to_string(),
            topic: topic.to_owned(),
            subject: text("Subject"),
            message: text("Message").unwrap_or_default(),
            attributes: attributes(input, prefix),
            caller: incoming.caller.name.clone(),
        };
        deliver(lab, &message);
        lock(&lab.topics.published).push(message);
    }
    Ok(reply)
}

fn attributes(input: &Value, prefix: &str) -> Value {
    let mut attributes = Map::new();
    for n in 1.. {
        let member =
            |name: &str| input[format!("{prefix}MessageAttributes.entry.{n}.{name}")].as_str();
        let Some(name) = member("Name") else {
            break;
        };
        let value = member("Value.StringValue").or(member("Value.BinaryValue"));
        attributes.insert(
            name.to_owned(),
            json!({ "Type": member("Value.DataType"), "Value": value }),
        );
    }
    Value::Object(attributes)
}

fn deliver(lab: &Arc<Lab>, message: &Message) {
    let subscribers = lock(&lab.topics.subscriptions).get(&message.topic).cloned();
    for function in subscribers.into_iter().flatten() {
        // Not tried again: a subscription has no queue for what could not be delivered.
        // <https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html>
        let topic = &message.topic;
        if let Some(why) = permission::refusal(lab, "sns.amazonaws.com", topic, &function) {
            tracing::warn!(topic, why, "a message was not delivered");
            let name = &function.config.name;
            let mut letter = Letter::new(lab, "sns", name, "NO_PERMISSIONS", json!(message));
            letter.attributes = json!({ "ERROR_MESSAGE": why });
            dead_letters::keep(lab, letter);
            continue;
        }
        let region = &function.config.region;
        let subscription = format!("{}:{}", message.topic, lab.ids.uuid());
        let endpoint = format!("https://sns.{region}.amazonaws.com/");
        let event = json!({ "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription,
            "Sns": {
                "Type": "Notification",
                "MessageId": message.message_id,
                "TopicArn": message.topic,
                "Subject": message.subject,
                "Message": message.message,
                "Timestamp": message.time,
                "SignatureVersion": "1",
                "Signature": "EXAMPLE",
                "SigningCertUrl": format!("{endpoint}SimpleNotificationService-0.pem"),
                "UnsubscribeUrl": format!("{endpoint}?Action=Unsubscribe&SubscriptionArn={subscription}"),
                "MessageAttributes": message.attributes,
            },
        }]});
        async_queue::accept(lab, &function, event.to_string().into(), lab.ids.uuid());
    }
}
