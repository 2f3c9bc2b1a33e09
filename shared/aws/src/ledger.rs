//! The ledger in DynamoDB: one table, described in [`item`] and [`summary`].
//!
//! Everything that one append writes goes into one transaction, under three conditions: the entries
//! are not there yet, the summary's head is the one that the writer saw, and the service's row
//! allows what is written about it. So two writers never both succeed, whichever of them was first.

mod bulletin;
mod cancelled;
mod deployment;
mod directive;
mod hook;
mod item;
mod read;
mod service;
mod summary;
mod wake;
mod write;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use towpath_core::names::{AccountId, DeploymentId, PipelineName, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{
    Actor, Block, Candidate, Event, HookReport, Release, ServiceId, ServiceRow, Summary,
};
use towpath_deployer::ports::{Append, AppendError, CallError, Ledger, LoadError, OpenRelease};
use towpath_taskdef::image::Digest;

pub use read::Stored;
pub use summary::Listed;

use self::item::{SERVICE, number, service_key, text, waiting_item};
use self::summary::{Attention, closed};
use self::wake::{AsLongAs, Row, UPDATE, patiently, where_it_holds, whether_it_holds};
use crate::aws::Aws;
use crate::call::failed;

impl Ledger for Aws {
    async fn load(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        self.load_release(id).await
    }

    async fn load_unverified(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        self.load_as_stored(id).await
    }

    async fn close(&self, release: &Release) -> Result<(), CallError> {
        let (Some(summary), Some(untrusted)) = (Summary::of(release), release.untrusted()) else {
            return Ok(());
        };
        let update = self.update_of(Row::summary(release.id())).await?;
        where_it_holds(closed(update, &summary, untrusted)).await
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

    async fn veto(&self, digest: &Digest) -> Result<Option<Block>, CallError> {
        self.veto_of(digest).await
    }

    async fn service(&self, id: &ServiceId) -> Result<ServiceRow, LoadError> {
        Ok(self.service_row(id).await?)
    }

    async fn dequeue(&self, service: &ServiceId, waiting: &Candidate) -> Result<(), CallError> {
        let row = Row {
            key: service_key(service),
            sort: SERVICE,
            as_long_as: AsLongAs::There,
        };
        let update = self.update_of(row).await?;
        let itself = AttributeValue::Ss(vec![waiting_item(waiting)]);
        let update = update
            .update_expression("DELETE #waiting :itself")
            .expression_attribute_names("#waiting", "waiting")
            .expression_attribute_values(":itself", itself);
        where_it_holds(update).await
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
        // No entry is written, which is what the head 0 says.
        let update = self.wakes(Row::summary(id), at).await?;
        patiently(update).await.map_err(failed(UPDATE))
    }

    async fn wake_due(
        &self,
        release: &OpenRelease,
        at: Timestamp,
        again: Timestamp,
    ) -> Result<bool, CallError> {
        let update = self.wakes_due(release, at, again).await?;
        whether_it_holds(update).await
    }

    async fn set_due(&self, release: &Release, due: Option<Timestamp>) -> Result<(), CallError> {
        let attention = Attention {
            wake: false,
            due,
            at: Timestamp::UNIX_EPOCH,
        };
        let head = release.entries().last().map_or(0, |entry| entry.sequence);
        let update = self.update_of(Row::summary(release.id())).await?;
        // With `wake` still there this write would wake `advance` once more.
        let update = update
            .update_expression("SET #due = :due REMOVE #wake")
            .condition_expression("#head = :head")
            .expression_attribute_names("#head", "head")
            .expression_attribute_names("#wake", "wake")
            .expression_attribute_names("#due", "due")
            .expression_attribute_values(":head", number(head))
            .expression_attribute_values(":due", text(attention.due_text()));
        where_it_holds(update).await
    }

    async fn watched(&self, limit: usize) -> Result<Vec<OpenRelease>, CallError> {
        self.watched_releases(limit).await
    }
}
