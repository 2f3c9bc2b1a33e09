//! `advance`: the only function that changes deployments. It is fed by the ledger's stream.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;
use towpath_core::incoming::stream;
use towpath_core::names::ReleaseId;
use towpath_core::release::Actor;

use super::HandlerError;
use crate::drive::drive;
use crate::ports::Ports;

/// What the event source mapping is told: which records to deliver again.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The records that failed.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A record that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its sequence number.
    pub item_identifier: String,
}

/// Drives every release that the batch names, each once and all at once.
///
/// # Errors
/// Never for a release's sake: those that fail are named in the answer, and the others go on.
pub async fn handle<P: Ports>(
    ports: &P,
    event: &Value,
    time_left: impl Fn() -> Duration,
) -> Result<BatchAnswer, HandlerError> {
    let mut releases: BTreeMap<ReleaseId, String> = BTreeMap::new();
    for record in stream::read(event) {
        if let Some(release) = record.release {
            // The first record of a release is where a failure must begin again.
            releases.entry(release).or_insert(record.sequence_number);
        }
    }
    let actor = Actor::Function("advance".into());
    let driven = releases.into_iter().map(|(release, sequence)| {
        let (actor, time_left) = (&actor, &time_left);
        async move {
            match drive(ports, &release, actor, time_left).await {
                Ok(driven) => {
                    tracing::info!(release.id = %release, ?driven, "release driven");
                    None
                }
                Err(error) => {
                    tracing::error!(release.id = %release, %error, "a release could not be driven");
                    Some(ItemFailure {
                        item_identifier: sequence,
                    })
                }
            }
        }
    });
    Ok(BatchAnswer {
        batch_item_failures: join_all(driven).await.into_iter().flatten().collect(),
    })
}
