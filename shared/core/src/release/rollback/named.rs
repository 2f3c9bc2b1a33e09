//! What somebody names to be brought back: which release's entries say that it ran there.

use super::known::Undecided;
use super::request::names;
use super::{RollbackFacts, RollbackRefused, StageNow, ran};
use crate::names::ReleaseId;
use crate::release::{Release, ServiceRow};

/// The release that is named, and whether what ran before it is meant. Where it is a rollback, what
/// that brought back is meant.
pub(super) fn named<'f>(
    at: &StageNow,
    id: &ReleaseId,
    facts: &'f RollbackFacts,
) -> Result<(&'f Release, bool), Undecided> {
    let target = facts.needed(id)?;
    let (good, before) = match target.rollback() {
        Some(rollback) => (
            facts.needed(&rollback.good_release)?,
            rollback.is_from_before,
        ),
        None => (target, false),
    };
    if ran(good, &at.service, before).is_some() {
        return Ok((good, before));
    }
    let position = good.stage_position(&at.stage);
    let was = position.and_then(|position| good.service_id(position));
    let (release, stage) = (id.clone(), at.stage.clone());
    Err(match was.filter(|was| *was != at.service) {
        Some(was) => RollbackRefused::Elsewhere {
            release,
            stage,
            was: Box::new(was),
            service: Box::new(at.service.clone()),
        },
        None => RollbackRefused::NeverServed { release, stage },
    }
    .into())
}

/// A release by whose entries a revision ran in the service, and whether it ran before it: of those
/// that the row knows, and of the pipeline's newest. One that served with the revision is preferred,
/// since its image is known.
pub(super) fn with_revision<'f>(
    at: &StageNow,
    name: &str,
    row: &ServiceRow,
    facts: &'f RollbackFacts,
) -> Result<(&'f Release, bool), Undecided> {
    let known = row.last_good.iter().chain(&row.history);
    let known: Vec<_> = known.map(|good| good.release.clone()).collect();
    for before in [false, true] {
        if let Some(found) = ran_with(at, name, &known, before, facts)? {
            return Ok((found, before));
        }
        let newest = facts.newest(&at.pipeline)?;
        if let Some(found) = ran_with(at, name, newest, before, facts)? {
            return Ok((found, before));
        }
    }
    Err(RollbackRefused::NeverRan {
        revision: name.to_owned(),
        stage: at.stage.clone(),
    }
    .into())
}

/// The first of the releases that ran there with the revision, or before which it ran. One that cannot
/// be read keeps none of the others from being found.
fn ran_with<'f>(
    at: &StageNow,
    name: &str,
    candidates: &[ReleaseId],
    before: bool,
    facts: &'f RollbackFacts,
) -> Result<Option<&'f Release>, Undecided> {
    for id in candidates {
        if let Some(release) = facts.readable(id)?
            && let Some((revision, _)) = ran(release, &at.service, before)
            && names(name, revision)
        {
            return Ok(Some(release));
        }
    }
    Ok(None)
}
