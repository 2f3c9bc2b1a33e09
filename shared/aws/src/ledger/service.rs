//! How an append changes a service's row, as one member of its transaction.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem, Update};
use towpath_core::release::{Good, ServiceChange, ServiceWrite};

use super::item::{SERVICE, number, service_key, sortable, text};

/// The release is not older than the candidate: by push time, and by id where two were pushed at
/// the same instant, which is the order of `Candidate::is_newer_than`.
const NOT_OVERTAKEN: &str = "(attribute_not_exists(#candidate) OR #pushed < :pushed \
                             OR (#pushed = :pushed AND #candidate <= :release))";
const OWNED: &str = "#owner = :release AND #epoch = :epoch";

/// The member of the transaction that makes `change`.
pub(super) fn write(table: &str, change: &ServiceChange) -> Result<TransactWriteItem, BuildError> {
    match &change.write {
        ServiceWrite::Arrive => arrive(table, change),
        ServiceWrite::Take { epoch } => take(table, change, *epoch),
        ServiceWrite::Fence { epoch } => fence(table, change, *epoch),
        ServiceWrite::Free { epoch, good } => free(table, change, *epoch, good.as_ref()),
    }
}

fn arrive(table: &str, change: &ServiceChange) -> Result<TransactWriteItem, BuildError> {
    let update = update(table, change)
        .update_expression("SET #candidate = :release, #pushed = :pushed")
        .condition_expression(NOT_OVERTAKEN)
        .expression_attribute_names("#candidate", "candidate")
        .expression_attribute_names("#pushed", "candidate_pushed_at")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":pushed", text(sortable(change.pushed_at)));
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

fn take(table: &str, change: &ServiceChange, epoch: u64) -> Result<TransactWriteItem, BuildError> {
    let before = epoch.saturating_sub(1);
    // A service that was never taken has no epoch.
    let untouched = if before == 0 {
        "(attribute_not_exists(#epoch) OR #epoch = :before)"
    } else {
        "#epoch = :before"
    };
    let update = update(table, change)
        .update_expression(
            "SET #owner = :release, #epoch = :epoch, #candidate = :release, #pushed = :pushed",
        )
        .condition_expression(format!(
            "attribute_not_exists(#owner) AND attribute_not_exists(#hold) \
             AND {untouched} AND {NOT_OVERTAKEN}"
        ))
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#hold", "hold")
        .expression_attribute_names("#epoch", "epoch")
        .expression_attribute_names("#candidate", "candidate")
        .expression_attribute_names("#pushed", "candidate_pushed_at")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":pushed", text(sortable(change.pushed_at)))
        .expression_attribute_values(":epoch", number(epoch))
        .expression_attribute_values(":before", number(before));
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

fn fence(table: &str, change: &ServiceChange, epoch: u64) -> Result<TransactWriteItem, BuildError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", service_key(&change.service))
        .key("sk", text(SERVICE))
        .condition_expression(OWNED)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#epoch", "epoch")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":epoch", number(epoch));
    Ok(TransactWriteItem::builder()
        .condition_check(check.build()?)
        .build())
}

fn free(
    table: &str,
    change: &ServiceChange,
    epoch: u64,
    good: Option<&Good>,
) -> Result<TransactWriteItem, BuildError> {
    let mut update = update(table, change)
        .condition_expression(OWNED)
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#epoch", "epoch")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":epoch", number(epoch));
    update = match good {
        None => update.update_expression("REMOVE #owner"),
        Some(good) => update
            .update_expression("REMOVE #owner SET #good = :good")
            .expression_attribute_names("#good", "good")
            .expression_attribute_values(
                ":good",
                text(
                    serde_json::to_string(good)
                        .map_err(|error| BuildError::other(error.to_string()))?,
                ),
            ),
    };
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

fn update(table: &str, change: &ServiceChange) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
    Update::builder()
        .table_name(table)
        .key("pk", service_key(&change.service))
        .key("sk", text(SERVICE))
}
