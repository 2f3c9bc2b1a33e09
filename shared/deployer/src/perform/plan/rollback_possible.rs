//! Whether a rollout could be rolled back, and whether what it starts from is what was left.

use towpath_core::names::TaskDefinitionArn;
use towpath_core::release::{DifferentPlaces, Place, RollbackImpossible};
use towpath_taskdef::{self as taskdef, Diff, TaskDefinition};

use super::describe;
use super::pulling::Pulls;
use crate::engine::Problem;
use crate::ports::{CallError, Ports};

/// Why what runs now could not be brought back, if so: its revision was deregistered, which no
/// service can be updated to, or one of its images that are to be replaced cannot be pulled any more.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html>
pub(super) fn cannot_roll_back(
    current: &TaskDefinitionArn,
    running: &TaskDefinition,
    pulls: &Pulls,
) -> Option<RollbackImpossible> {
    if let Some(described) = running.described()
        && described.status != "ACTIVE"
    {
        return Some(RollbackImpossible::Revision {
            revision: current.clone(),
            status: described.status.to_owned(),
        });
    }
    let (image, problem) = pulls.of_running()?;
    Some(RollbackImpossible::Image { image, problem })
}

/// Where what runs differs from what Towpath left, if something else runs.
pub(super) async fn drift<P: Ports>(
    ports: &P,
    place: &Place,
    left: Option<&TaskDefinitionArn>,
    current: &TaskDefinitionArn,
) -> Result<Option<DifferentPlaces>, Problem> {
    let Some(left) = left.filter(|left| *left != current) else {
        return Ok(None);
    };
    let (before, after) = tokio::join!(
        describe(ports, place, left.as_str()),
        describe(ports, place, current.as_str())
    );
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(Problem::Call(error @ CallError::NotDone { .. })), _)
        | (_, Err(Problem::Call(error @ CallError::NotDone { .. }))) => return Err(error.into()),
        // A revision that is gone cannot be compared; that something else runs is known.
        (Err(_), _) | (_, Err(_)) => return Ok(None),
    };
    Ok(places(&taskdef::diff(&before, &after)))
}

/// How many differing places are named.
const MAX_PLACES: usize = 5;

/// The places that differ, without the values: those may be secret.
fn places(diff: &Diff) -> Option<DifferentPlaces> {
    let changes = diff.changes().iter();
    let mut places: Vec<_> = changes.map(|change| change.path.to_string()).collect();
    let more = places.len().saturating_sub(MAX_PLACES);
    places.truncate(MAX_PLACES);
    (!places.is_empty()).then_some(DifferentPlaces { places, more })
}
