//! The rows by which `advance` is woken, a release's summary and a bulletin, and how they are updated.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use jiff::Timestamp;
use towpath_core::names::ReleaseId;
use towpath_deployer::backoff::pauses;
use towpath_deployer::ports::{CallError, OpenRelease};

use super::item::{SUMMARY, release_key, sortable, text};
use super::summary::{Attention, OPEN, woken_text};
use crate::aws::Aws;
use crate::call::classify;

/// The operation's name in errors.
pub(super) const UPDATE: &str = "dynamodb:UpdateItem";

/// How often an update is tried again that a transaction got in the way of.
const MORE_TRIES: usize = 3;
/// The shortest pause before.
const PAUSE: Duration = Duration::from_millis(40);

/// A row that wakes `advance`.
pub(super) struct Row {
    pub(super) key: AttributeValue,
    pub(super) sort: &'static str,
    pub(super) as_long_as: AsLongAs,
}

/// What holds of a row as long as it is updated.
pub(super) enum AsLongAs {
    There,
    /// Its attribute `open` has that value.
    OpenAs(&'static str),
}

impl Row {
    pub(super) fn summary(release: &ReleaseId) -> Self {
        Self {
            key: release_key(release),
            sort: SUMMARY,
            as_long_as: AsLongAs::There,
        }
    }
}

impl Aws {
    /// An update of a row, under the condition on which it is updated.
    pub(super) async fn update_of(&self, row: Row) -> Result<UpdateItemFluentBuilder, CallError> {
        let table = self.settings().table()?;
        let set = self.clients().ledger().await?;
        let update = set
            .dynamodb()
            .update_item()
            .table_name(table)
            .key("pk", row.key)
            .key("sk", text(row.sort));
        Ok(match row.as_long_as {
            AsLongAs::There => update.condition_expression("attribute_exists(pk)"),
            AsLongAs::OpenAs(open) => update
                .condition_expression("#still_open = :still_open")
                .expression_attribute_names("#still_open", "open")
                .expression_attribute_values(":still_open", text(open)),
        })
    }

    /// The update that has `advance` look at a row, and the sweeper, if that comes to nothing.
    pub(super) async fn wakes(
        &self,
        row: Row,
        at: Timestamp,
    ) -> Result<UpdateItemFluentBuilder, CallError> {
        let attention = Attention::woken(at);
        let wake = attention.wake_text(0).unwrap_or_default();
        let update = self.update_of(row).await?;
        Ok(waking(update, wake, attention.due_text()))
    }

    /// The same for a release that was seen to be due and may not be any more.
    pub(super) async fn wakes_due(
        &self,
        release: &OpenRelease,
        at: Timestamp,
        again: Timestamp,
    ) -> Result<UpdateItemFluentBuilder, CallError> {
        let seen = release.due.map(sortable).unwrap_or_default();
        let wake = woken_text(at, release.woken + 1);
        let update = self.update_of(Row::summary(&release.release)).await?;
        Ok(waking(update, wake, sortable(again))
            .condition_expression("#open = :open AND #due = :seen")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":open", text(OPEN))
            .expression_attribute_values(":seen", text(seen)))
    }
}

fn waking(update: UpdateItemFluentBuilder, wake: String, due: String) -> UpdateItemFluentBuilder {
    update
        .update_expression("SET #wake = :wake, #due = :due")
        .expression_attribute_names("#wake", "wake")
        .expression_attribute_names("#due", "due")
        .expression_attribute_values(":wake", text(wake))
        .expression_attribute_values(":due", text(due))
}

/// Sends an update, again where a transaction on the same item got in its way: DynamoDB refuses it
/// then, and no SDK repeats it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>
pub(super) async fn patiently(
    update: UpdateItemFluentBuilder,
) -> Result<(), SdkError<UpdateItemError, HttpResponse>> {
    for pause in pauses(PAUSE, MORE_TRIES) {
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

/// Sends an update that is not needed any more where its condition does not hold.
pub(super) async fn where_it_holds(update: UpdateItemFluentBuilder) -> Result<(), CallError> {
    whether_it_holds(update).await.map(drop)
}

/// Sends an update. Whether its condition held.
pub(super) async fn whether_it_holds(update: UpdateItemFluentBuilder) -> Result<bool, CallError> {
    match patiently(update).await {
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Ok(()) => Ok(true),
        Err(error) => Err(classify(UPDATE, &error)),
    }
}
