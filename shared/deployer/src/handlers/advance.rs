//! `advance`: the only function that changes deployments, and the one that tells people. It is fed
//! by the ledger's stream, which delivers what is written under one partition key in order: a release
//! is driven only for what was written to its own, so that no two runs drive it at once, and people are
//! told once. A report, which is under another one, only wakes its release.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures_util::future::join_all;
use serde_json::Value;
use towpath_core::incoming::stream::{self, About};
use towpath_core::release::Actor;

use super::{HandlerError, bulletin, distrusted};
use crate::drive::{DriveError, drive};
use crate::ports::{LoadError, Ports};

/// Drives every release and tells every bulletin that the batch names, each once and all at once.
/// `function` is the function's own name. The answer tells the event source mapping which records to
/// deliver again:
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
///
/// # Errors
/// Never for the sake of one: those that fail are named in the answer, and the others go on.
pub async fn handle<P: Ports>(
    ports: &P,
    function: &str,
    event: &Value,
    time_left: impl Fn() -> Duration,
) -> Result<DynamoDbEventResponse, HandlerError> {
    let mut named: BTreeMap<About, String> = BTreeMap::new();
    for record in stream::read(event) {
        if let Some(about) = record.about {
            // The first record about something is where a failure must begin again.
            named.entry(about).or_insert(record.sequence_number);
        }
    }
    let actor = Actor::Function("advance".into());
    let done = named.into_iter().map(|(about, sequence)| {
        let (actor, time_left) = (&actor, &time_left);
        async move {
            advance(ports, function, &about, actor, time_left)
                .await
                .then_some(sequence)
        }
    });
    let mut answer = DynamoDbEventResponse::default();
    for sequence in join_all(done).await.into_iter().flatten() {
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = Some(sequence);
        answer.batch_item_failures.push(failure);
    }
    Ok(answer)
}

/// Whether it failed.
async fn advance<P: Ports>(
    ports: &P,
    function: &str,
    about: &About,
    actor: &Actor,
    time_left: impl Fn() -> Duration,
) -> bool {
    match about {
        About::Release(release) => match drive(ports, release, actor, time_left).await {
            Ok(driven) => {
                tracing::info!(release.id = %release, ?driven, "release driven");
                false
            }
            Err(DriveError::Load(LoadError::Distrusted(distrust))) => {
                match distrusted::end(ports, function, &distrust).await {
                    Ok(()) => false,
                    Err(error) => {
                        tracing::error!(release.id = %release, %error, "what is to be done about a release that is not trusted could not be done");
                        true
                    }
                }
            }
            Err(error) => {
                tracing::error!(release.id = %release, %error, "a release could not be driven");
                true
            }
        },
        About::Report(release) => match ports.wake(release, ports.now()).await {
            Ok(()) => false,
            // Whoever may write reports may have named any release.
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                tracing::warn!(release.id = %release, "a report is about a release that is not there");
                false
            }
            Err(error) => {
                tracing::error!(release.id = %release, %error, "a release could not be woken for a report");
                true
            }
        },
        About::Bulletin(id) => match bulletin::notify(ports, id).await {
            Ok(()) => false,
            Err(error) => {
                tracing::error!(bulletin.id = %id, %error, "a bulletin could not be told");
                true
            }
        },
    }
}
