//! Appending: entries, summary and service row in one transaction, or nothing of it.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};
use jiff::Timestamp;
use towpath_core::names::{DeploymentId, Fingerprint, ReleaseId};
use towpath_core::release::{
    Actor, Entry, Event, Release, SealKey, ServiceChange, Summary, Writer, service_change,
};
use towpath_deployer::backoff::pauses;
use towpath_deployer::ports::{Append, AppendError, CallError};

use super::cancelled::{condition_failed, failure};
use super::item::{Item, entry_item, entry_key, number, release_key, string};
use super::summary::{Attention, DISTRUST, summary_item};
use super::{deployment, service};
use crate::aws::Aws;
use crate::call::{classify, failed, refused};
use crate::clients::ClientSet;

const OPERATION: &str = "dynamodb:TransactWriteItems";

/// How often a transaction that another one got in the way of is tried again.
const MORE_TRIES: usize = 3;
/// The shortest pause before.
const PAUSE: Duration = Duration::from_millis(40);

impl Aws {
    pub(super) async fn open_release(
        &self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        let entries = chain(None, id, events, actor, at);
        let release = Release::fold(id.clone(), entries.clone())
            .map_err(|error| refused(OPERATION, "NotARelease", error))?;
        self.commit(Batch {
            release: &release,
            seen: None,
            entries: &entries,
            elsewhere: BTreeSet::new(),
            service: None,
            attention: Attention::woken(at),
        })
        .await
    }

    pub(super) async fn append_entries(&self, append: Append<'_>) -> Result<Release, AppendError> {
        let before = append.release;
        let mut after = before.clone();
        if append.events.is_empty() {
            return Ok(after);
        }
        let last = before.entries().last();
        let entries = chain(
            last.map(|entry| (entry.sequence, &entry.fingerprint)),
            before.id(),
            append.events,
            append.actor,
            append.at,
        );
        for entry in &entries {
            after.push(entry.clone());
        }
        self.commit(Batch {
            release: &after,
            seen: Some(last.map_or(0, |entry| entry.sequence)),
            entries: &entries,
            elsewhere: BTreeSet::new(),
            service: service_change(before, append.events, append.at),
            attention: Attention {
                wake: append.wake,
                due: append.due,
                at: append.at,
            },
        })
        .await?;
        Ok(after)
    }

    async fn commit(&self, mut batch: Batch<'_>) -> Result<(), AppendError> {
        let table = self.settings().table().map_err(CallError::from)?;
        let set = self.clients().ledger().await?;
        let seal = self.own_seal().await?;
        let mut writer = batch.writer();
        let mut items = batch.transaction(&table, &writer, &seal)?;
        let mut pauses = pauses(PAUSE, MORE_TRIES);
        loop {
            let sent = set
                .dynamodb()
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                // The SDK sends the same token again when it repeats the request, and so do we.
                // <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken>
                .client_request_token(&writer)
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(());
            };
            let problem = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    batch.cancelled(cancelled.cancellation_reasons())
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                    Problem::Conflict
                }
                Some(_) | None => Problem::Failed(classify(OPERATION, &error)),
            };
            match problem {
                Problem::Conflict => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(AppendError::Conflict),
                },
                Problem::Deployment(id) if deployment::starts(batch.entries, &id) => {
                    return Err(AppendError::Deployment(id));
                }
                Problem::Deployment(id) => {
                    batch.elsewhere.insert(id);
                    // Another transaction has another token.
                    writer = batch.writer();
                    items = batch.transaction(&table, &writer, &seal)?;
                }
                Problem::ServiceCondition => return Err(AppendError::ServiceCondition),
                // The entries that are in the way may be ours, written by a try whose answer was
                // lost.
                Problem::WrittenByOthers => {
                    return match self.written(&set, &table, &batch, &writer).await? {
                        Written::ByUs => Ok(()),
                        Written::ByAnother | Written::Not => Err(AppendError::Conflict),
                    };
                }
                Problem::Failed(error @ CallError::Refused { .. }) => return Err(error.into()),
                Problem::Failed(
                    error @ (CallError::NotDone { .. } | CallError::Unknown { .. }),
                ) => {
                    return match self.written(&set, &table, &batch, &writer).await {
                        Ok(Written::ByUs) => Ok(()),
                        Ok(Written::ByAnother) => Err(AppendError::Conflict),
                        Ok(Written::Not) | Err(_) => Err(error.into()),
                    };
                }
            }
        }
    }

    /// Who wrote the entry that this batch begins with.
    async fn written(
        &self,
        set: &ClientSet,
        table: &str,
        batch: &Batch<'_>,
        writer: &str,
    ) -> Result<Written, CallError> {
        let Some(first) = batch.entries.first() else {
            return Ok(Written::Not);
        };
        let answer = set
            .dynamodb()
            .get_item()
            .table_name(table)
            .key("pk", release_key(batch.release.id()))
            .key("sk", entry_key(first.sequence))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed("dynamodb:GetItem"))?;
        Ok(match answer.item {
            None => Written::Not,
            Some(item) if string(&item, "writer") == Ok(writer) => Written::ByUs,
            Some(_) => Written::ByAnother,
        })
    }
}

/// What is written together.
struct Batch<'a> {
    /// The release as it is afterwards.
    release: &'a Release,
    /// The last entry that the writer saw; `None` when it saw no release.
    seen: Option<u64>,
    entries: &'a [Entry],
    /// The deployments that are named and are known to be other releases'.
    elsewhere: BTreeSet<DeploymentId>,
    service: Option<ServiceChange>,
    attention: Attention,
}

/// Why a transaction was not carried out.
enum Problem {
    /// Another one had the same items in its hands: it may still fail.
    Conflict,
    /// Entries are there already, or the summary has moved on, or is closed.
    WrittenByOthers,
    /// The deployment is another release's.
    Deployment(DeploymentId),
    /// The service's row does not allow it.
    ServiceCondition,
    /// Anything else.
    Failed(CallError),
}

/// Who wrote an entry.
enum Written {
    ByUs,
    ByAnother,
    Not,
}

impl Batch<'_> {
    fn writer(&self) -> String {
        writer(self.entries.last().map(|entry| &entry.fingerprint))
    }

    /// The deployments whose rows are written.
    fn deployments(&self) -> impl Iterator<Item = &DeploymentId> {
        let named = deployment::named(self.entries).into_iter();
        named.filter(|id| !self.elsewhere.contains(*id))
    }

    fn transaction(
        &self,
        table: &str,
        writer: &str,
        (kind, key): &(Writer, SealKey),
    ) -> Result<Vec<TransactWriteItem>, CallError> {
        let invalid = |error: &dyn std::fmt::Display| refused(OPERATION, "InvalidRequest", error);
        let mut items = Vec::with_capacity(self.entries.len() + 2);
        for entry in self.entries {
            let release = self.release.id();
            let mut stored = entry.clone().into_stored();
            stored.seal = Some(key.seal(*kind, release, &stored));
            let item = entry_item(release, stored, writer).map_err(|e| invalid(&e))?;
            let put = put(table, item).condition_expression("attribute_not_exists(pk)");
            items.push(put.build().map_err(|e| invalid(&e))?);
        }
        let summary = Summary::of(self.release).ok_or_else(|| invalid(&"it has no entries"))?;
        let summary = put(table, summary_item(&summary, self.attention));
        let summary = match self.seen {
            None => summary.condition_expression("attribute_not_exists(pk)"),
            // It has verified the seals: what a summary says against them is not true.
            Some(seen) if *kind == Writer::Advance => summary
                .condition_expression("#head = :seen")
                .expression_attribute_names("#head", "head")
                .expression_attribute_values(":seen", number(seen)),
            Some(seen) => summary
                .condition_expression("#head = :seen AND attribute_not_exists(#distrust)")
                .expression_attribute_names("#head", "head")
                .expression_attribute_names("#distrust", DISTRUST)
                .expression_attribute_values(":seen", number(seen)),
        };
        items.push(summary.build().map_err(|e| invalid(&e))?);
        let mut items: Vec<_> = items
            .into_iter()
            .map(|put| TransactWriteItem::builder().put(put).build())
            .collect();
        for id in self.deployments() {
            let row = deployment::write(table, id, self.release.id());
            items.push(row.map_err(|e| invalid(&e))?);
        }
        if let Some(change) = &self.service {
            items.extend(service::write(table, change).map_err(|e| invalid(&e))?);
        }
        Ok(items)
    }

    /// What the reasons for a cancelled transaction, one for each of its items in their order,
    /// mean.
    fn cancelled(&self, reasons: &[CancellationReason]) -> Problem {
        // Entries and summary come first; the rows of deployments and the service's row follow.
        let ours = self.entries.len() + 1;
        if reasons.iter().take(ours).any(condition_failed) {
            return Problem::WrittenByOthers;
        }
        let mut rows = reasons.iter().skip(ours);
        let taken = self
            .deployments()
            .zip(&mut rows)
            .find(|(_, reason)| condition_failed(reason));
        if let Some((id, _)) = taken {
            return Problem::Deployment(id.clone());
        }
        if rows.any(condition_failed) {
            return Problem::ServiceCondition;
        }
        match failure(OPERATION, reasons) {
            None => Problem::Conflict,
            Some(error) => Problem::Failed(error),
        }
    }
}

fn put(table: &str, item: Item) -> aws_sdk_dynamodb::types::builders::PutBuilder {
    Put::builder().table_name(table).set_item(Some(item))
}

fn chain(
    last: Option<(u64, &Fingerprint)>,
    release: &ReleaseId,
    events: &[Event],
    actor: &Actor,
    at: Timestamp,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::with_capacity(events.len());
    for event in events {
        let previous = match entries.last() {
            Some(entry) => Some((entry.sequence, &entry.fingerprint)),
            None => last,
        };
        let entry = Entry::after(previous, release, at, actor.clone(), event.clone());
        entries.push(entry);
    }
    entries
}

/// The name of this one append, at most the 36 characters of a request token. Two writers that want
/// to write the very same entries at the very same time must not both be told that they did, so
/// that it is made of more than what is written.
pub(super) fn writer(last: Option<&Fingerprint>) -> String {
    // Its keys are random in every process, and others each time.
    let mut random = RandomState::new().build_hasher();
    random.write_u8(0);
    let mut other = RandomState::new().build_hasher();
    other.write_u8(1);
    let last = last.map(Fingerprint::as_str);
    let name = format!("{last:?} {:x} {:x}", random.finish(), other.finish());
    Fingerprint::of(name).as_str()[..36].to_owned()
}
