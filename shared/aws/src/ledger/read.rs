//! Reading releases, summaries and service rows.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::future::try_join_all;
use jiff::SignedDuration;
use towpath_core::names::{DeploymentId, PipelineName, ReleaseId};
use towpath_core::release::{
    Block, BrokenSeal, Release, ServiceId, ServiceRow, StoredEntry, Untrusted, Writer, verify_chain,
};
use towpath_deployer::ports::{CallError, Clock as _, Distrust, LoadError, OpenRelease};
use towpath_taskdef::image::Digest;

use super::item::{
    BadItem, DEPLOYMENT, ENTRY, Item, SERVICE, SUMMARY, VETO, deployment_key, entry_of,
    optional_block, parsed, release_key, row_of, service_key, string, text, veto_key,
};
use super::summary::{Listed, OPEN, OPEN_INDEX, PIPELINE_INDEX, open_of, summary_of, untrusted_of};
use crate::aws::Aws;
use crate::call::{failed, unreadable};

/// How long after an entry was written the key of its seal may still be unseen: Parameter Store does
/// not say that what was written is read at once.
const LATE_KEY: SignedDuration = SignedDuration::from_mins(5);

/// What is wrong where the summary was closed and every entry holds.
const CLOSED: &str =
    "somebody closed its summary as if an entry were not trusted, and every one is";

const QUERY: &str = "dynamodb:Query";
const GET: &str = "dynamodb:GetItem";

/// How often a release's entries are read before a gap in them counts. A Query may see one half of
/// a transaction that is being written:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-isolation>.
const READS: u32 = 3;

impl Aws {
    pub(super) async fn load_release(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        let (stored, ()) = tokio::join!(self.whole_entries(id), self.prepare_seal());
        let Stored { entries, untrusted } = stored?;
        if entries.is_empty() {
            return Ok(None);
        }
        check_chain(id, &entries)?;
        // Only `advance` acts on what is there; the others write down facts, which it judges.
        let writer = self.settings().seal_writer().map_err(CallError::from)?;
        if writer != Some(Writer::Advance) {
            return folded(id, entries, untrusted).map(Some);
        }
        self.trust(id, &entries).await?;
        let release = folded(id, entries, None)?;
        match untrusted {
            // The seals alone decide: whoever may write a summary must not stop a release silently.
            Some(_) if release.conclusion().is_none() => {
                Err(LoadError::Distrusted(Box::new(Distrust {
                    release: id.clone(),
                    problem: CLOSED.into(),
                    trusted: Some(release),
                })))
            }
            Some(_) | None => Ok(Some(release)),
        }
    }

    pub(super) async fn load_as_stored(
        &self,
        id: &ReleaseId,
    ) -> Result<Option<Release>, LoadError> {
        let Stored { entries, untrusted } = self.whole_entries(id).await?;
        if entries.is_empty() {
            return Ok(None);
        }
        check_chain(id, &entries)?;
        folded(id, entries, untrusted).map(Some)
    }

    /// Whether the entries were written by who may write them. If not, what comes before the first
    /// of them that was not is known: what an entry stands on whose own seal is broken was vouched
    /// for by nobody. What was sealed with a key that counts no more is evidence all the same, and
    /// enough where there is nothing left to be done.
    async fn trust(&self, id: &ReleaseId, entries: &[StoredEntry]) -> Result<(), LoadError> {
        let mut trusted = entries;
        let mut problem = None;
        while let Err(broken) = self.check_seals(id, trusted).await? {
            if let BrokenSeal::Withdrawn { .. } = broken {
                problem.get_or_insert(broken);
                break;
            }
            let before = |stored: &&StoredEntry| stored.entry.sequence < broken.entry();
            let count = trusted.iter().take_while(before).count();
            trusted = trusted.get(..count).unwrap_or_default();
            problem = Some(broken);
        }
        let Some(problem) = problem else {
            return Ok(());
        };
        let known = trusted.iter().map(|stored| stored.entry.clone()).collect();
        let known = Release::fold(id.clone(), known).ok();
        let is_over = |release: &Release| release.conclusion().is_some();
        if trusted.len() == entries.len() && known.as_ref().is_some_and(is_over) {
            return Ok(());
        }
        if self.may_be_late(&problem, entries) {
            return Err(LoadError::Call(CallError::NotDone {
                operation: "ledger:load",
                message: format!("{id}: {problem}, or not yet"),
            }));
        }
        Err(LoadError::Distrusted(Box::new(Distrust {
            release: id.clone(),
            problem: problem.to_string(),
            trusted: known,
        })))
    }

    /// Whether a key that is not there may only be so new that not everybody sees it yet.
    fn may_be_late(&self, problem: &BrokenSeal, entries: &[StoredEntry]) -> bool {
        let BrokenSeal::NoKey { entry, .. } = problem else {
            return false;
        };
        let now = self.now();
        let is_new = |stored: &StoredEntry| now.duration_since(stored.entry.at).abs() < LATE_KEY;
        let mut sealed = entries.iter();
        sealed.any(|stored| stored.entry.sequence == *entry && is_new(stored))
    }

    /// A release's entries as they are stored: what [`verify_chain`] checks. Nothing is missing from
    /// the answer because of a gap: finding it is the check's business.
    ///
    /// # Errors
    /// When an item is not an entry, or the call fails.
    pub async fn stored_entries(&self, id: &ReleaseId) -> Result<Stored, LoadError> {
        self.stored(id).await
    }

    /// A release's summary.
    ///
    /// # Errors
    /// When the item is not a summary, or the call fails.
    pub async fn summary(&self, id: &ReleaseId) -> Result<Option<Listed>, LoadError> {
        let item = self.item(release_key(id), SUMMARY).await?;
        item.map(|item| summary_of(&item).map_err(|error| unreadable_release(id, &error)))
            .transpose()
    }

    /// The releases of a pipeline, the one whose image was pushed last first, at most `limit`. An
    /// index lags a little behind the ledger.
    ///
    /// # Errors
    /// When the call fails. An item that is not a summary is logged and left out.
    pub async fn releases_of(
        &self,
        pipeline: &PipelineName,
        limit: usize,
    ) -> Result<Vec<Listed>, CallError> {
        let query = self
            .index(PIPELINE_INDEX, "pipeline", text(pipeline))
            .await?;
        let query = query.scan_index_forward(false);
        Ok(readable(&paged(query, limit).await?, summary_of))
    }

    /// The open releases, the one that is due first first, at most `limit`. An index lags a little
    /// behind the ledger.
    ///
    /// # Errors
    /// When the call fails. An item that is not a summary is logged and left out.
    pub async fn open_releases(&self, limit: usize) -> Result<Vec<Listed>, CallError> {
        let query = self.index(OPEN_INDEX, "open", text(OPEN)).await?;
        Ok(readable(&paged(query, limit).await?, summary_of))
    }

    /// The rows of several services, in their order; the empty row where there is none yet.
    ///
    /// # Errors
    /// When an item is not a service's row, or a call fails.
    pub async fn services(&self, ids: &[ServiceId]) -> Result<Vec<ServiceRow>, CallError> {
        try_join_all(ids.iter().map(|id| self.service_row(id))).await
    }

    pub(super) async fn deployment_row(
        &self,
        id: &DeploymentId,
    ) -> Result<Option<ReleaseId>, CallError> {
        let item = self.item(deployment_key(id), DEPLOYMENT).await?;
        item.map(|item| parsed(&item, "release"))
            .transpose()
            .map_err(|error| unreadable(GET, format_args!("the row of {id}: {error}")))
    }

    pub(super) async fn service_row(&self, id: &ServiceId) -> Result<ServiceRow, CallError> {
        let item = self.item(service_key(id), SERVICE).await?;
        match item {
            None => Ok(ServiceRow::default()),
            Some(item) => row_of(&item)
                .map_err(|error| unreadable(GET, format_args!("the row of {id}: {error}"))),
        }
    }

    pub(super) async fn veto_of(&self, digest: &Digest) -> Result<Option<Block>, CallError> {
        let item = self.item(veto_key(digest), VETO).await?;
        item.map_or(Ok(None), |item| optional_block(&item, "active"))
            .map_err(|error| unreadable(GET, format_args!("the veto of {digest}: {error}")))
    }

    pub(super) async fn watched_releases(
        &self,
        limit: usize,
    ) -> Result<Vec<OpenRelease>, CallError> {
        let query = self.index(OPEN_INDEX, "open", text(OPEN)).await?;
        let query = query
            .expression_attribute_names("#due", "due")
            .expression_attribute_names("#wake", "wake")
            .select(Select::SpecificAttributes)
            .projection_expression("pk, sk, #due, #wake, moving_since, blocked_by");
        Ok(readable(&paged(query, limit).await?, open_of))
    }

    /// A release's entries without a gap.
    async fn whole_entries(&self, id: &ReleaseId) -> Result<Stored, LoadError> {
        let mut missing = 0;
        for _ in 0..READS {
            let stored = self.stored(id).await?;
            let gap = (1..)
                .zip(&stored.entries)
                .find(|(place, stored)| stored.entry.sequence != *place);
            match gap {
                None => return Ok(stored),
                Some((place, _)) => missing = place,
            }
        }
        Err(LoadError::Unreadable {
            release: id.clone(),
            problem: format!("entry {missing} is missing"),
        })
    }

    /// A release's entries, and whether its summary is closed: one Query.
    async fn stored(&self, id: &ReleaseId) -> Result<Stored, LoadError> {
        let query = self.query().await?;
        let query = query
            .key_condition_expression("pk = :release")
            .expression_attribute_values(":release", release_key(id))
            .consistent_read(true);
        stored_of(&paged(query, usize::MAX).await?).map_err(|error| unreadable_release(id, &error))
    }

    pub(super) async fn query(&self) -> Result<QueryFluentBuilder, CallError> {
        let table = self.settings().table()?;
        let set = self.clients().ledger().await?;
        Ok(set.dynamodb().query().table_name(table))
    }

    /// A query of the items of an index whose partition key has that value.
    async fn index(
        &self,
        index: &str,
        key: &str,
        value: AttributeValue,
    ) -> Result<QueryFluentBuilder, CallError> {
        let query = self.query().await?;
        Ok(query
            .index_name(index)
            .key_condition_expression("#key = :value")
            .expression_attribute_names("#key", key)
            .expression_attribute_values(":value", value))
    }

    pub(super) async fn item(
        &self,
        partition: AttributeValue,
        sort: &str,
    ) -> Result<Option<Item>, CallError> {
        let table = self.settings().table()?;
        let set = self.clients().ledger().await?;
        let answer = set
            .dynamodb()
            .get_item()
            .table_name(table)
            .key("pk", partition)
            .key("sk", text(sort))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed(GET))?;
        Ok(answer.item)
    }
}

/// The items of all pages of a query, at most `limit`.
pub(super) async fn paged(query: QueryFluentBuilder, limit: usize) -> Result<Vec<Item>, CallError> {
    let mut found: Vec<Item> = Vec::new();
    let mut from = None;
    while found.len() < limit {
        let left = i32::try_from(limit - found.len()).ok();
        let page = query
            .clone()
            .set_limit(left)
            .set_exclusive_start_key(from)
            .send()
            .await
            .map_err(failed(QUERY))?;
        found.extend(page.items.unwrap_or_default());
        match page.last_evaluated_key {
            Some(key) if !key.is_empty() => from = Some(key),
            Some(_) | None => break,
        }
    }
    Ok(found)
}

/// What the items of an index say. One that cannot be read hides none of the others.
pub(super) fn readable<T>(items: &[Item], decode: impl Fn(&Item) -> Result<T, BadItem>) -> Vec<T> {
    let logged = |item: &Item| match decode(item) {
        Ok(said) => Some(said),
        Err(error) => {
            let key = string(item, "pk").unwrap_or("?");
            tracing::error!(item.key = key, %error, "an item of the ledger cannot be read");
            None
        }
    };
    items.iter().filter_map(logged).collect()
}

/// What a release's partition holds.
#[derive(Debug, Default)]
pub struct Stored {
    pub entries: Vec<StoredEntry>,
    /// Why the release is not trusted, if its summary says so.
    pub untrusted: Option<Untrusted>,
}

fn stored_of(items: &[Item]) -> Result<Stored, BadItem> {
    let mut stored = Stored::default();
    for item in items {
        let key = string(item, "sk")?;
        if key.starts_with(ENTRY) {
            stored.entries.push(entry_of(item)?);
        } else if key == SUMMARY {
            stored.untrusted = untrusted_of(item)?;
        }
    }
    Ok(stored)
}

fn check_chain(id: &ReleaseId, entries: &[StoredEntry]) -> Result<(), LoadError> {
    verify_chain(id, entries, None).map_err(|broken| LoadError::Unreadable {
        release: id.clone(),
        problem: broken.to_string(),
    })
}

fn folded(
    id: &ReleaseId,
    entries: Vec<StoredEntry>,
    untrusted: Option<Untrusted>,
) -> Result<Release, LoadError> {
    let entries = entries.into_iter().map(|stored| stored.entry).collect();
    let release = Release::fold(id.clone(), entries).map_err(|error| LoadError::Unreadable {
        release: id.clone(),
        problem: error.to_string(),
    })?;
    Ok(match untrusted {
        None => release,
        Some(untrusted) => release.distrusted(untrusted),
    })
}

fn unreadable_release(id: &ReleaseId, error: &BadItem) -> LoadError {
    LoadError::Unreadable {
        release: id.clone(),
        problem: error.to_string(),
    }
}
