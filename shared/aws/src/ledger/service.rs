//! How an append changes a service's row, as members of its transaction.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem, Update};
use towpath_core::release::{
    Arrival, Block, GoodRelease, HoldReason, Revision, ServiceChange, ServiceWrite,
};

use super::item::{
    SERVICE, VETO, json_text, number, service_key, sortable, text, veto_key, waiting_item,
};

/// The release is not older than the candidate: as `Candidate::is_newer_than` has it.
const NOT_OVERTAKEN: &str = "(attribute_not_exists(#candidate) OR #arrived <= :arrived)";
const OWNED: &str = "#owner = :release AND #epoch = :epoch";

/// The members of the transaction that make `change`.
pub(super) fn write(
    table: &str,
    change: &ServiceChange,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let update = |update: UpdateBuilder| -> Result<Vec<TransactWriteItem>, BuildError> {
        Ok(vec![
            TransactWriteItem::builder().update(update.build()?).build(),
        ])
    };
    match &change.write {
        ServiceWrite::Arrive => update(arrive(table, change)),
        ServiceWrite::Enqueue => update(queue(table, change, "ADD")),
        ServiceWrite::Leave => update(queue(table, change, "DELETE")),
        ServiceWrite::Take { epoch } => {
            let mut members = update(take(table, change, *epoch))?;
            members.push(not_vetoed(table, change)?);
            Ok(members)
        }
        ServiceWrite::TakeForRollback { epoch } => update(take_for_rollback(table, change, *epoch)),
        ServiceWrite::Hold {
            epoch,
            reason,
            arrival,
        } => update(hold(table, change, *epoch, reason, *arrival)?),
        ServiceWrite::Fence { epoch } => Ok(vec![fence(table, change, *epoch)?]),
        ServiceWrite::LetGo {
            epoch,
            good,
            baseline,
            hold,
        } => {
            let free = LetGoWrite {
                epoch: *epoch,
                good: good.as_ref(),
                baseline: baseline.as_ref(),
                hold: hold.as_ref(),
            };
            update(free.write(table, change)?)
        }
    }
}

fn arrive(table: &str, change: &ServiceChange) -> UpdateBuilder {
    update(table, change)
        .update_expression("SET #candidate = :release, #tag = :tag, #arrived = :arrived")
        .condition_expression(NOT_OVERTAKEN)
        .expression_attribute_names("#candidate", "candidate")
        .expression_attribute_names("#tag", "candidate_tag")
        .expression_attribute_names("#arrived", "candidate_arrived_at")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":tag", text(&change.tag))
        .expression_attribute_values(":arrived", text(sortable(change.arrived_at)))
}

/// Adds the release to those that wait, or removes it; a set does either twice without harm.
fn queue(table: &str, change: &ServiceChange, verb: &str) -> UpdateBuilder {
    update(table, change)
        .update_expression(format!("{verb} #waiting :itself"))
        .expression_attribute_names("#waiting", "waiting")
        .expression_attribute_values(":itself", itself(change))
}

fn itself(change: &ServiceChange) -> AttributeValue {
    AttributeValue::Ss(vec![waiting_item(&change.candidate())])
}

fn take(table: &str, change: &ServiceChange, epoch: u64) -> UpdateBuilder {
    let untouched = untouched(epoch);
    owned_by(update(table, change), change, epoch)
        .update_expression(
            "SET #owner = :release, #taken_by = :release, #epoch = :epoch, \
             #candidate = :release, #tag = :tag, #arrived = :arrived DELETE #waiting :itself",
        )
        .condition_expression(format!(
            "attribute_not_exists(#owner) AND attribute_not_exists(#hold) \
             AND {untouched} AND {NOT_OVERTAKEN}"
        ))
        .expression_attribute_names("#hold", "hold")
        .expression_attribute_names("#taken_by", "taken_by")
        .expression_attribute_names("#candidate", "candidate")
        .expression_attribute_names("#tag", "candidate_tag")
        .expression_attribute_names("#arrived", "candidate_arrived_at")
        .expression_attribute_names("#waiting", "waiting")
        .expression_attribute_values(":tag", text(&change.tag))
        .expression_attribute_values(":arrived", text(sortable(change.arrived_at)))
        .expression_attribute_values(":before", number(epoch.saturating_sub(1)))
        .expression_attribute_values(":itself", itself(change))
}

/// A rollback takes the service from nobody; a hold, a veto or a newer release does not keep it.
fn take_for_rollback(table: &str, change: &ServiceChange, epoch: u64) -> UpdateBuilder {
    let untouched = untouched(epoch);
    owned_by(update(table, change), change, epoch)
        .update_expression(
            "SET #owner = :release, #taken_by = :release, #epoch = :epoch DELETE #waiting :itself",
        )
        .condition_expression(format!("attribute_not_exists(#owner) AND {untouched}"))
        .expression_attribute_names("#taken_by", "taken_by")
        .expression_attribute_names("#waiting", "waiting")
        .expression_attribute_values(":before", number(epoch.saturating_sub(1)))
        .expression_attribute_values(":itself", itself(change))
}

/// The epoch is the one before. A service that was never taken has none.
fn untouched(epoch: u64) -> &'static str {
    if epoch == 1 {
        "(attribute_not_exists(#epoch) OR #epoch = :before)"
    } else {
        "#epoch = :before"
    }
}

fn not_vetoed(table: &str, change: &ServiceChange) -> Result<TransactWriteItem, BuildError> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .key("pk", veto_key(&change.digest))
        .key("sk", text(VETO))
        .condition_expression("attribute_not_exists(#active)")
        .expression_attribute_names("#active", "active");
    Ok(TransactWriteItem::builder()
        .condition_check(check.build()?)
        .build())
}

/// A service that is being rolled out to is held by its owner, when that lets go of it.
fn hold(
    table: &str,
    change: &ServiceChange,
    epoch: u64,
    reason: &HoldReason,
    arrival: Option<Arrival>,
) -> Result<UpdateBuilder, BuildError> {
    let seen = if epoch == 0 {
        "(attribute_not_exists(#epoch) OR #epoch = :epoch)"
    } else {
        "#epoch = :epoch"
    };
    let unheld =
        &format!("attribute_not_exists(#owner) AND attribute_not_exists(#hold) AND {seen}");
    let update = match arrival {
        None => update(table, change)
            .update_expression("SET #hold = :hold")
            .condition_expression(unheld.as_str()),
        Some(Arrival::Candidate) => arrive(table, change)
            .update_expression(
                "SET #candidate = :release, #tag = :tag, #arrived = :arrived, #hold = :hold",
            )
            .condition_expression(format!("{unheld} AND {NOT_OVERTAKEN}")),
        Some(Arrival::InOrder) => queue(table, change, "ADD")
            .update_expression("ADD #waiting :itself SET #hold = :hold")
            .condition_expression(unheld.as_str()),
    };
    Ok(update
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#epoch", "epoch")
        .expression_attribute_names("#hold", "hold")
        .expression_attribute_values(":epoch", number(epoch))
        .expression_attribute_values(":hold", json_text(&Block::Release(reason.clone()))?))
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

/// What an owner leaves behind.
struct LetGoWrite<'a> {
    epoch: u64,
    good: Option<&'a (GoodRelease, Vec<GoodRelease>)>,
    baseline: Option<&'a Revision>,
    hold: Option<&'a HoldReason>,
}

impl LetGoWrite<'_> {
    fn write(&self, table: &str, change: &ServiceChange) -> Result<UpdateBuilder, BuildError> {
        let mut set = Vec::new();
        let mut remove = vec!["#owner"];
        let mut update = owned_by(update(table, change), change, self.epoch)
            .condition_expression(OWNED)
            .expression_attribute_names("#baseline", "baseline");
        match self.baseline {
            None => remove.push("#baseline"),
            Some(baseline) => {
                set.push("#baseline = :baseline");
                update = update.expression_attribute_values(":baseline", text(baseline));
            }
        }
        if let Some((good, earlier)) = self.good {
            set.push("#last_good = :last_good, #history = :history");
            update = update
                .expression_attribute_names("#last_good", "last_good")
                .expression_attribute_names("#history", "history")
                .expression_attribute_values(":last_good", json_text(good)?)
                .expression_attribute_values(":history", json_text(earlier)?);
        }
        if let Some(hold) = self.hold {
            set.push("#hold = :hold");
            update = update
                .expression_attribute_names("#hold", "hold")
                .expression_attribute_values(":hold", json_text(&Block::Release(hold.clone()))?);
        }
        let mut expression = format!("REMOVE {}", remove.join(", "));
        if !set.is_empty() {
            expression = format!("{expression} SET {}", set.join(", "));
        }
        Ok(update.update_expression(expression))
    }
}

/// With the names and values by which its owner is known.
fn owned_by(update: UpdateBuilder, change: &ServiceChange, epoch: u64) -> UpdateBuilder {
    update
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#epoch", "epoch")
        .expression_attribute_values(":release", text(&change.release))
        .expression_attribute_values(":epoch", number(epoch))
}

fn update(table: &str, change: &ServiceChange) -> UpdateBuilder {
    Update::builder()
        .table_name(table)
        .key("pk", service_key(&change.service))
        .key("sk", text(SERVICE))
}
