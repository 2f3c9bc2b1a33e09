//! The ledger in DynamoDB: one table, described in [`item`] and [`summary`].
//!
//! Everything that one append writes goes into one transaction, under three conditions: the entries
//! are not there yet, the summary's head is the one that the writer saw, and the service's row
//! allows what is written about it. So two writers never both succeed, whichever of them was first.

mod bulletin;
mod deployment;
mod directive;
mod hook;
mod item;
mod read;
mod service;
mod summary;
mod write;

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use jiff::Timestamp;
use towpath_core::image::Digest;
use towpath_core::names::{AccountId, DeploymentId, PipelineName, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{Actor, Event, HookReport, Release, ServiceId, ServiceRow};

pub use summary::Listed;

use self::item::{SUMMARY, number, release_key, text};
use self::summary::Attention;
use crate::aws::Aws;
use crate::call::{classify, failed};
use crate::ports::{Append, AppendError, CallError, Ledger, LoadError, OpenRelease};

impl Ledger for Aws {
    async fn load(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        self.load_release(id).await
    }

    async fn open(
        &self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        self.open_release(id, events, actor, at).await
    }

    async fn append(&self, append: Append<'_>) -> Result<Release, AppendError> {
        self.append_entries(append).await
    }

    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, CallError> {
        self.deployment_row(deployment).await
    }

    async fn newest(
        &self,
        pipeline: &PipelineName,
    ) -> Result<Option<(ReleaseId, Timestamp)>, CallError> {
        let newest = self.releases_of(pipeline, 1).await?.into_iter().next();
        Ok(newest.map(|listed| (listed.summary.release, listed.summary.arrived_at)))
    }

    async fn veto(&self, digest: &Digest) -> Result<Option<String>, CallError> {
        self.veto_of(digest).await
    }

    async fn service(&self, id: &ServiceId) -> Result<ServiceRow, LoadError> {
        Ok(self.service_row(id).await?)
    }

    async fn hook_reports(
        &self,
        account: &AccountId,
        id: &ReleaseId,
    ) -> Result<Vec<HookReport>, CallError> {
        self.reports_of(account, id).await
    }

    async fn hook_report(
        &self,
        account: &AccountId,
        id: &ReleaseId,
        deployment: &DeploymentId,
        at: HookPoint,
    ) -> Result<Option<HookReport>, CallError> {
        self.report_of(account, id, deployment, at).await
    }

    async fn report(
        &self,
        release: &Release,
        account: &AccountId,
        report: &HookReport,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        self.write_report(release, account, report, at).await
    }

    async fn wake(&self, id: &ReleaseId, at: Timestamp) -> Result<(), CallError> {
        let attention = Attention {
            wake: true,
            due: None,
            at,
        };
        let update = self.update_summary(id).await?;
        // No entry is written, which is what the head 0 says.
        let wake = attention.wake_text(0).unwrap_or_default();
        let update = update
            .update_expression("SET #wake = :wake, #due = :due")
            .expression_attribute_names("#wake", "wake")
            .expression_attribute_names("#due", "due")
            .expression_attribute_values(":wake", text(wake))
            .expression_attribute_values(":due", text(attention.due_text()));
        patiently(update).await.map_err(failed(UPDATE))
    }

    async fn set_due(&self, release: &Release, due: Option<Timestamp>) -> Result<(), CallError> {
        let attention = Attention {
            wake: false,
            due,
            at: Timestamp::UNIX_EPOCH,
        };
        let head = release.entries().last().map_or(0, |entry| entry.sequence);
        let update = self.update_summary(release.id()).await?;
        // With `wake` still there this write would wake `advance` once more.
        let update = update
            .update_expression("SET #due = :due REMOVE #wake")
            .condition_expression("#head = :head")
            .expression_attribute_names("#head", "head")
            .expression_attribute_names("#wake", "wake")
            .expression_attribute_names("#due", "due")
            .expression_attribute_values(":head", number(head))
            .expression_attribute_values(":due", text(attention.due_text()));
        match patiently(update).await {
            Ok(()) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(classify(UPDATE, &error)),
        }
    }

    async fn watched(&self, limit: usize) -> Result<Vec<OpenRelease>, CallError> {
        self.watched_releases(limit).await
    }
}

const UPDATE: &str = "dynamodb:UpdateItem";

/// The pauses before an update is tried again that a transaction had in its hands.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(40),
    Duration::from_millis(80),
    Duration::from_millis(160),
];

/// Sends an update, again where a transaction on the same item got in its way: DynamoDB refuses it
/// then, and no SDK repeats it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>
async fn patiently(
    update: UpdateItemFluentBuilder,
) -> Result<(), SdkError<UpdateItemError, HttpResponse>> {
    for pause in PAUSES {
        match update.clone().send().await {
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(UpdateItemError::is_transaction_conflict_exception) =>
            {
                tokio::time::sleep(pause).await;
            }
            sent => return sent.map(|_| ()),
        }
    }
    update.send().await.map(|_| ())
}

impl Aws {
    async fn update_summary(&self, id: &ReleaseId) -> Result<UpdateItemFluentBuilder, CallError> {
        let table = self.settings().table()?;
        let set = self.clients().ledger().await?;
        Ok(set
            .dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", release_key(id))
            .key("sk", text(SUMMARY))
            .condition_expression("attribute_exists(pk)"))
    }
}
