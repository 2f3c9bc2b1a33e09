//! One attempt at a batch of stream records, and what is left to do after it.
//!
//! | outcome | what is left |
//! |---|---|
//! | success, or no failed item named | nothing |
//! | failed items named | everything from the first of them on |
//! | failure, and batches are halved | both halves |
//! | failure | the batch again, until its attempts are used up |
//! | too old, or attempts used up | nothing: the batch is a dead letter |
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::function::Answer;
use super::host;
use super::stream::{Mapping, Record};
use crate::dead_letters::{self, Letter};
use crate::lab::Lab;

/// Records that go into one invocation.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    /// The records, in order.
    pub(crate) records: Vec<Record>,
    /// Attempts that failed without any progress.
    pub(crate) failures: u32,
}

impl Slice {
    /// Records that were not tried yet.
    pub(crate) fn new(records: Vec<Record>) -> Self {
        Self {
            records,
            failures: 0,
        }
    }
}

/// What is left of a batch.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// In order; empty: nothing.
    pub(crate) slices: Vec<Slice>,
    /// How long to wait before the next attempt.
    pub(crate) wait: Option<SignedDuration>,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Records before this index are done, those from it on are not.
    FailedFrom(usize),
    Failed,
}

/// Invokes the function with the records, once.
pub(crate) async fn attempt(lab: &Arc<Lab>, mapping: &Mapping, slice: Slice) -> Rest {
    let oldest = mapping
        .config
        .maximum_record_age_seconds
        .filter(|&age| age >= 0);
    let too_old = |record: &Record| {
        let age = lab.clock.now().duration_since(record.written);
        oldest.is_some_and(|oldest| age > SignedDuration::from_secs(oldest))
    };
    if slice.records.iter().any(too_old) {
        let (old, young): (Vec<_>, Vec<_>) = slice.records.into_iter().partition(too_old);
        let failures = slice.failures;
        give_up(
            lab,
            mapping,
            &Slice {
                records: old,
                failures,
            },
            "MaximumRecordAgeExceeded",
            None,
        )
        .await;
        let slices = if young.is_empty() {
            Vec::new()
        } else {
            vec![Slice::new(young)]
        };
        return Rest { slices, wait: None };
    }
    let bodies: Vec<&Value> = slice.records.iter().map(|record| &record.body).collect();
    let payload = json!({ "Records": bodies }).to_string();
    let id = lab.ids.uuid();
    let answer = host::deliver(lab, &mapping.function, payload.into(), &id, "stream").await;
    let Ok(answer) = answer else {
        // Throttled: not an attempt, tried again until the records are too old.
        return Rest {
            slices: vec![slice],
            wait: Some(SignedDuration::from_secs(1)),
        };
    };
    match outcome(&answer, &slice.records) {
        Outcome::Done => Rest::default(),
        Outcome::FailedFrom(index) if index > 0 => Rest {
            slices: vec![Slice {
                records: slice.records[index..].to_vec(),
                failures: 1,
            }],
            wait: Some(backoff(1)),
        },
        Outcome::FailedFrom(_) | Outcome::Failed => {
            after_failure(lab, mapping, slice, &answer).await
        }
    }
}

async fn after_failure(lab: &Arc<Lab>, mapping: &Mapping, slice: Slice, answer: &Answer) -> Rest {
    let failures = slice.failures + 1;
    let wait = Some(backoff(failures));
    if mapping.config.bisect_on_error && slice.records.len() > 1 {
        // Halving a batch does not count as an attempt.
        let (first, second) = slice.records.split_at(slice.records.len().div_ceil(2));
        let slices = [first, second]
            .map(|half| Slice {
                records: half.to_vec(),
                failures: slice.failures,
            })
            .to_vec();
        return Rest { slices, wait };
    }
    let retries = mapping
        .config
        .maximum_retry_attempts
        .filter(|&retries| retries >= 0);
    if retries.is_some_and(|retries| i64::from(failures) > retries) {
        let slice = Slice { failures, ..slice };
        give_up(lab, mapping, &slice, "RetryAttemptsExhausted", Some(answer)).await;
        return Rest::default();
    }
    Rest {
        slices: vec![Slice { failures, ..slice }],
        wait,
    }
}

fn backoff(failures: u32) -> SignedDuration {
    SignedDuration::from_secs((1 << failures.saturating_sub(1).min(6)).min(60))
}

fn outcome(answer: &Answer, records: &[Record]) -> Outcome {
    if answer.function_error.is_some() {
        return Outcome::Failed;
    }
    // An empty or absent list is success; an item that is not one fails the whole batch.
    let answer = answer.json();
    let Some(failed) = answer
        .get("batchItemFailures")
        .filter(|list| !list.is_null())
    else {
        return Outcome::Done;
    };
    let Some(failed) = failed.as_array() else {
        return Outcome::Failed;
    };
    let mut first = None;
    for item in failed {
        let identifier = item["itemIdentifier"].as_str().unwrap_or_default();
        match records
            .iter()
            .position(|record| record.sequence == identifier)
        {
            Some(index) => first = Some(first.map_or(index, |first: usize| first.min(index))),
            None => return Outcome::Failed,
        }
    }
    first.map_or(Outcome::Done, Outcome::FailedFrom)
}

/// The record that Lambda sends to a stream's on-failure destination: where the records are, not
/// what they hold.
async fn give_up(
    lab: &Arc<Lab>,
    mapping: &Mapping,
    slice: &Slice,
    condition: &str,
    answer: Option<&Answer>,
) {
    let (Some(first), Some(last)) = (slice.records.first(), slice.records.last()) else {
        return;
    };
    let iso = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let config = &mapping.function.config;
    let mut body = json!({
        "requestContext": {
            "requestId": answer.map_or_else(|| lab.ids.uuid(), |answer| answer.request_id.clone()),
            "functionArn": config.arn(),
            "condition": condition,
            "approximateInvokeCount": slice.failures,
        },
        "version": "1.0",
        "timestamp": iso(lab.clock.now()),
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000",
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": iso(first.written),
            "approximateArrivalOfLastRecord": iso(last.written),
            "batchSize": slice.records.len(),
            "streamArn": lab.streams.arn.get(),
        },
    });
    if let Some(answer) = answer {
        body["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": answer.function_error,
        });
    }
    let letter = Letter::new(lab, "stream", &config.name, condition, body);
    dead_letters::send(lab, &mapping.function, letter).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize) -> Vec<Record> {
        (0..count)
            .map(|n| Record {
                body: Value::Null,
                sequence: n.to_string(),
                written: jiff::Timestamp::UNIX_EPOCH,
            })
            .collect()
    }

    fn answered(payload: &str) -> Outcome {
        let answer = Answer {
            request_id: String::new(),
            payload: payload.to_owned().into(),
            function_error: None,
        };
        outcome(&answer, &records(3))
    }

    #[test]
    fn the_answer_of_a_batch_is_read_as_lambda_reads_it() {
        for success in [
            "null",
            "{}",
            "\"ok\"",
            r#"{"batchItemFailures": null}"#,
            r#"{"batchItemFailures": []}"#,
        ] {
            assert_eq!(answered(success), Outcome::Done, "{success}");
        }
        assert_eq!(
            answered(
                r#"{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "1"}]}"#
            ),
            Outcome::FailedFrom(1)
        );
        for failure in [
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"wrong": "1"}]}"#,
            r#"{"batchItemFailures": "1"}"#,
        ] {
            assert_eq!(answered(failure), Outcome::Failed, "{failure}");
        }
    }

    #[test]
    fn attempts_come_further_and_further_apart_up_to_a_minute() {
        assert_eq!(backoff(1).as_secs(), 1);
        assert_eq!(backoff(3).as_secs(), 4);
        assert_eq!(backoff(30).as_secs(), 60);
    }
}
