//! The rows that say whose a deployment is, as members of the transaction that first names it. AWS's
//! reports find their release by them, so that a row never passes to another release.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use towpath_core::names::{DeploymentId, ReleaseId};
use towpath_core::release::Entry;

use super::item::{DEPLOYMENT, Item, deployment_key, text};

/// The deployments that entries name, each once: a transaction may name an item only once.
pub(super) fn named(entries: &[Entry]) -> BTreeSet<&DeploymentId> {
    entries
        .iter()
        .flat_map(|entry| entry.event.new_deployments())
        .collect()
}

/// Whether entries say that the deployment was started for their release.
pub(super) fn starts(entries: &[Entry], id: &DeploymentId) -> bool {
    entries.iter().any(|entry| entry.event.starts(id))
}

/// Writes down whose the deployment is, unless it is another release's.
pub(super) fn write(
    table: &str,
    id: &DeploymentId,
    release: &ReleaseId,
) -> Result<TransactWriteItem, BuildError> {
    let item = Item::from([
        ("pk".into(), deployment_key(id)),
        ("sk".into(), text(DEPLOYMENT)),
        ("release".into(), text(release)),
    ]);
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk) OR #release = :release")
        .expression_attribute_names("#release", "release")
        .expression_attribute_values(":release", text(release));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}
