//! Dead-letter queues: what a function could not handle, after all retries.

use serde_json::json;

use super::finding::{Check, Finding};
use crate::deployer::reads::{Reads, Spot};

/// Looks at one queue.
pub(crate) async fn check<R: Reads>(reads: &R, queue: &str) -> Vec<Finding> {
    let check = Check {
        name: "dead-letters",
        about: queue,
    };
    let input = json!({ "QueueName": queue });
    let url = match reads.read(&Spot::Home, "sqs:GetQueueUrl", input).await {
        Ok(found) => found["QueueUrl"].clone(),
        Err(error) if is_missing(error.code()) => {
            return vec![check.error(
                "the queue is not there, so what cannot be handled is lost",
                "apply the deployer's Terraform module again",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let input = json!({
        "QueueUrl": url,
        "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    });
    let read = reads.read(&Spot::Home, "sqs:GetQueueAttributes", input);
    let attributes = match read.await {
        Ok(found) => found["Attributes"].clone(),
        Err(error) => return vec![check.unknown(&error)],
    };
    let count = |name: &str| {
        attributes[name]
            .as_str()
            .and_then(|n| n.parse::<u64>().ok())
    };
    let waiting = count("ApproximateNumberOfMessages").unwrap_or(0)
        + count("ApproximateNumberOfMessagesNotVisible").unwrap_or(0);
    vec![match waiting {
        0 => check.ok("empty"),
        count => check.error(
            format!("{count} that could not be handled, after all retries"),
            format!(
                "read why: aws sqs receive-message --visibility-timeout 0 --attribute-names All \
                 --message-attribute-names All --queue-url {}; once the cause is mended, send the event again or purge the queue",
                url.as_str().unwrap_or(queue)
            ),
        ),
    }]
}

/// SQS's name for it in its JSON protocol, and the one that it had before.
fn is_missing(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;

    #[tokio::test]
    async fn what_waits_in_a_queue_is_counted() {
        let holding = |visible: &str, taken: &str| {
            let attributes = json!({ "ApproximateNumberOfMessages": visible,
                "ApproximateNumberOfMessagesNotVisible": taken });
            Replies::default()
                .say("sqs:GetQueueUrl", json!({ "QueueUrl": "https://q" }))
                .say(
                    "sqs:GetQueueAttributes",
                    json!({ "Attributes": attributes }),
                )
        };
        for (answers, expected) in [
            (holding("0", "0"), "ok: empty"),
            (
                holding("2", "1"),
                "error: 3 that could not be handled, after all retries",
            ),
            (
                Replies::default().refuse("sqs:GetQueueUrl", "QueueDoesNotExist"),
                "error: the queue is not there, so what cannot be handled is lost",
            ),
        ] {
            let found = check(&answers, "towpath-advance-dead-letters").await;
            assert_eq!(report(&found), [expected]);
        }
    }
}
