//! What hook functions report, each in a partition of its account.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | report | `HOOK#<account>#<release>` | `REPORT#<deployment>#<hook point>` | `report`, `wake` |
//!
//! A hook function may write the partitions of its own account and no others: DynamoDB compares the
//! key with the account of whoever calls. Its report counts only if nobody has written to the release
//! since the function read it, so that what a deployment is told follows what was decided.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};
use jiff::Timestamp;
use towpath_core::names::{AccountId, DeploymentId, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{HookReport, Release};
use towpath_deployer::backoff::pauses;
use towpath_deployer::ports::{AppendError, CallError};

use super::cancelled::{condition_failed, failure};
use super::item::{BadItem, Item, SUMMARY, number, parsed_json, release_key, text};
use super::read::{paged, readable};
use super::summary::{Attention, DISTRUST};
use super::write::writer;
use crate::aws::Aws;
use crate::call::{classify, refused, unreadable};

const GET: &str = "dynamodb:GetItem";
const WRITE: &str = "dynamodb:TransactWriteItems";

/// What the sort keys of reports begin with.
const REPORT: &str = "REPORT#";

/// More reports than a release has in an account: a stage has six hook points, and a deployment that
/// is started anew has them again.
const MAX_REPORTS: usize = 100;

/// How often a transaction that another one got in the way of is tried again.
const MORE_TRIES: usize = 3;
/// The shortest pause before.
const PAUSE: Duration = Duration::from_millis(40);

impl Aws {
    pub(super) async fn reports_of(
        &self,
        account: &AccountId,
        id: &ReleaseId,
    ) -> Result<Vec<HookReport>, CallError> {
        let query = self.query().await?;
        let query = query
            .key_condition_expression("pk = :partition AND begins_with(sk, :report)")
            .expression_attribute_values(":partition", key(account, id))
            .expression_attribute_values(":report", text(REPORT))
            .consistent_read(true);
        Ok(readable(&paged(query, MAX_REPORTS).await?, report_in))
    }

    pub(super) async fn report_of(
        &self,
        account: &AccountId,
        id: &ReleaseId,
        deployment: &DeploymentId,
        at: HookPoint,
    ) -> Result<Option<HookReport>, CallError> {
        let sort = sort_key(deployment, at);
        let item = self.item(key(account, id), &sort).await?;
        item.map(|item| report_in(&item))
            .transpose()
            .map_err(|error| unreadable(GET, error))
    }

    pub(super) async fn write_report(
        &self,
        release: &Release,
        account: &AccountId,
        report: &HookReport,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        let table = self.settings().table().map_err(CallError::from)?;
        let items = members(&table, release, account, report, at)?;
        let set = self.clients().ledger().await?;
        let token = writer(release.entries().last().map(|entry| &entry.fingerprint));
        let mut pauses = pauses(PAUSE, MORE_TRIES);
        loop {
            let sent = set
                .dynamodb()
                .transact_write_items()
                .set_transact_items(Some(items.clone()))
                .client_request_token(&token)
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(());
            };
            match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let reasons = cancelled.cancellation_reasons();
                    if reasons.iter().any(condition_failed) {
                        return Err(AppendError::Conflict);
                    }
                    if let Some(error) = failure(WRITE, reasons) {
                        return Err(error.into());
                    }
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => {}
                Some(_) | None => return Err(classify(WRITE, &error).into()),
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(AppendError::Conflict),
            }
        }
    }
}

fn members(
    table: &str,
    release: &Release,
    account: &AccountId,
    report: &HookReport,
    at: Timestamp,
) -> Result<Vec<TransactWriteItem>, CallError> {
    let invalid = |error: &dyn std::fmt::Display| refused(WRITE, "InvalidRequest", error);
    let head = release.entries().last().map_or(0, |entry| entry.sequence);
    let item = report_item(release.id(), account, report, head, at).map_err(|e| invalid(&e))?;
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .build();
    let unchanged = ConditionCheck::builder()
        .table_name(table)
        .key("pk", release_key(release.id()))
        .key("sk", text(SUMMARY))
        .condition_expression("#head = :head AND attribute_not_exists(#distrust)")
        .expression_attribute_names("#head", "head")
        .expression_attribute_names("#distrust", DISTRUST)
        .expression_attribute_values(":head", number(head))
        .build();
    Ok(vec![
        TransactWriteItem::builder()
            .put(put.map_err(|e| invalid(&e))?)
            .build(),
        TransactWriteItem::builder()
            .condition_check(unchanged.map_err(|e| invalid(&e))?)
            .build(),
    ])
}

fn key(account: &AccountId, id: &ReleaseId) -> AttributeValue {
    text(format!("HOOK#{account}#{id}"))
}

fn sort_key(deployment: &DeploymentId, at: HookPoint) -> String {
    format!("{REPORT}{deployment}#{at}")
}

fn report_item(
    id: &ReleaseId,
    account: &AccountId,
    report: &HookReport,
    head: u64,
    at: Timestamp,
) -> Result<Item, serde_json::Error> {
    let attention = Attention {
        wake: true,
        due: None,
        at,
    };
    let wake = attention.wake_text(head).unwrap_or_default();
    Ok(Item::from([
        ("pk".into(), key(account, id)),
        ("sk".into(), text(sort_key(&report.deployment, report.at))),
        ("report".into(), text(serde_json::to_string(report)?)),
        ("wake".into(), text(wake)),
    ]))
}

fn report_in(item: &Item) -> Result<HookReport, BadItem> {
    parsed_json(item, "report")
}
