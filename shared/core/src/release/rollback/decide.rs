//! What is done when somebody wants to roll back: decided here, for the command line and the button
//! alike.
//!
//! | what is to be rolled back | who has its service | what is done |
//! |---|---|---|
//! | a stage | a rollback | nothing: it is under way |
//! | a stage | another release | its rollout is rolled back |
//! | a stage | nobody, or a release that is not driven | a rollback to what served before is opened |
//! | a release, on its card | itself | its rollout is rolled back |
//! | a release, on its card | the rollback of it | nothing: it is under way |
//! | a release, on its card | another rollback or release | refused: that one comes first |
//! | a release, on its card | nobody, or a release that is not driven | if it serves, a rollback to what served before it is opened; else refused |
//! | a stage, to what is named | a rollback to just that | nothing: it is under way |
//! | a stage, to what is named | another rollback | a rollback to it is opened, which waits for its turn |
//! | a stage, to what is named | another release | its rollout is rolled back, and a rollback to what is named is opened, which waits for its turn |
//! | a stage, to what is named | nobody, or a release that is not driven | a rollback to it is opened |
//!
//! What is named must have served there: that is found out before anything is rolled back for it.

use super::known::{Owner, Undecided};
use super::named::{named, with_revision};
use super::{
    Lookup, NewRollback, Rollback, RollbackFacts, RollbackOf, RollbackRefused, RollbackRequest,
    RollbackTarget, Serving, StageNow, WantedRollback, ran, served_before,
};
use crate::names::{ReleaseId, StageName};
use crate::release::eligible::may_roll_back;
use crate::release::{ActiveRollout, GoodRelease, Release, ServiceId, ServiceRow};

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackDecision<'f> {
    /// It depends on something that is to be looked up first.
    Lookup(Lookup),
    /// Nothing: the rollback that is wanted is under way.
    UnderWay {
        release: &'f Release,
        /// What it brings back.
        rollback: &'f Rollback,
    },
    /// A rollout that is under way is rolled back.
    RollBack {
        /// The release that is being rolled out.
        release: &'f Release,
        /// What the stage is called in its own pipeline.
        stage: StageName,
        /// The rollback that is opened then, which waits until the service is free.
        then: Option<Box<NewRollback<'f>>>,
    },
    /// A rollback is opened.
    Open {
        rollback: Box<NewRollback<'f>>,
        /// The release from which it takes the service, which that one has not let go, and why it is
        /// not driven.
        taken_from: Option<(ReleaseId, String)>,
    },
    /// Nothing, and why.
    Refused(RollbackRefused),
}

/// What is done when somebody wants to roll back.
#[must_use]
pub fn decide_rollback<'f>(
    request: &RollbackRequest,
    facts: &'f RollbackFacts,
) -> RollbackDecision<'f> {
    let decided = match &request.of {
        RollbackOf::Stage(at) => of_stage(request, at, facts),
        RollbackOf::Release { release, stage } => of_release(request, release, stage, facts),
        RollbackOf::To(at, target) => to_target(request, at, target, facts),
    };
    decided.unwrap_or_else(|undecided| match undecided {
        Undecided::Lookup(lookup) => RollbackDecision::Lookup(lookup),
        Undecided::Refused(refused) => RollbackDecision::Refused(*refused),
    })
}

type Decided<'f> = Result<RollbackDecision<'f>, Undecided>;

fn of_stage<'f>(request: &RollbackRequest, at: &StageNow, facts: &'f RollbackFacts) -> Decided<'f> {
    let row = facts.row(&at.service)?;
    let taken_from = match facts.owner(row)? {
        Owner::Driven(release) => {
            return Ok(match release.rollback() {
                // Whoever asks twice means the same rollback, and not to roll that back.
                Some(rollback) => RollbackDecision::UnderWay { release, rollback },
                None => RollbackDecision::RollBack {
                    release,
                    stage: called_by(release, &at.stage, &at.service),
                    then: None,
                },
            });
        }
        Owner::NotDriven { release, problem } => Some((release, problem)),
        Owner::Nobody => None,
    };
    let serving = serving(row, &at.service, facts)?;
    let good = served_before(row, &serving, &at.stage)?;
    let good = (facts.needed(&good.release)?, good.is_from_before);
    Ok(RollbackDecision::Open {
        rollback: new_rollback(request, (&at.stage, &at.service), row, good, facts)?,
        taken_from,
    })
}

fn of_release<'f>(
    request: &RollbackRequest,
    id: &ReleaseId,
    stage: &StageName,
    facts: &'f RollbackFacts,
) -> Decided<'f> {
    let release = facts.needed(id)?;
    may_roll_back(release, stage, &request.by, &request.stored)
        .map_err(RollbackRefused::NotAllowed)?;
    if rollout_to(release, stage).is_some() {
        return Ok(RollbackDecision::RollBack {
            release,
            stage: stage.clone(),
            then: None,
        });
    }
    let index = release.stage_position(stage);
    let service = index.and_then(|index| release.service_id(index));
    let service = service.ok_or_else(|| RollbackRefused::NoSuchStage(stage.clone()))?;
    let row = facts.row(&service)?;
    let taken_from = match facts.owner(row)? {
        Owner::Driven(owner) => return after(owner, id, stage),
        Owner::NotDriven { release, problem } => Some((release, problem)),
        Owner::Nobody => None,
    };
    let serves = |good: &GoodRelease| good.release == *id && !good.is_from_before;
    let serving = if row.last_good.as_ref().is_some_and(serves) {
        // Going by the row, it serves: what served before it comes back.
        Serving::NotKnown
    } else if release.untrusted().is_some() && row.taken_by.as_ref() == Some(id) {
        Serving::NotDriven
    } else {
        return Err(does_not_serve(row, id, stage).into());
    };
    let good = served_before(row, &serving, stage)?;
    let good = (facts.needed(&good.release)?, good.is_from_before);
    Ok(RollbackDecision::Open {
        rollback: new_rollback(request, (stage, &service), row, good, facts)?,
        taken_from,
    })
}

fn to_target<'f>(
    request: &RollbackRequest,
    at: &StageNow,
    target: &RollbackTarget,
    facts: &'f RollbackFacts,
) -> Decided<'f> {
    let row = facts.row(&at.service)?;
    let owner = facts.owner(row)?;
    if let Owner::Driven(release) = owner
        && let Some(rollback) = release.rollback()
        && target.is_of(rollback)
    {
        return Ok(RollbackDecision::UnderWay { release, rollback });
    }
    let good = match target {
        RollbackTarget::Release(id) => named(at, id, facts)?,
        RollbackTarget::Revision(name) => with_revision(at, name, row, facts)?,
    };
    let rollback = new_rollback(request, (&at.stage, &at.service), row, good, facts)?;
    let taken_from = match owner {
        Owner::Driven(owner) if owner.rollback().is_none() => {
            return Ok(RollbackDecision::RollBack {
                release: owner,
                stage: called_by(owner, &at.stage, &at.service),
                then: Some(rollback),
            });
        }
        Owner::NotDriven { release, problem } => Some((release, problem)),
        Owner::Driven(_) | Owner::Nobody => None,
    };
    Ok(RollbackDecision::Open {
        rollback,
        taken_from,
    })
}

/// The rollout of the release to the stage, if it is under way.
pub(in crate::release) fn rollout_to<'r>(
    release: &'r Release,
    stage: &StageName,
) -> Option<&'r ActiveRollout> {
    let is_here = release.stage_position(stage) == Some(release.stage_index());
    release
        .active_rollout()
        .filter(|_| is_here && release.untrusted().is_none())
}

/// What becomes of a release that is to be rolled back while another one has its service.
fn after<'f>(owner: &'f Release, id: &ReleaseId, stage: &StageName) -> Decided<'f> {
    let (stage, release) = (stage.clone(), owner.id().clone());
    Err(match owner.rollback() {
        Some(rollback) if rollback.from.as_ref() == Some(id) => {
            return Ok(RollbackDecision::UnderWay {
                release: owner,
                rollback,
            });
        }
        Some(rollback) => RollbackRefused::OtherRollback {
            stage,
            to: rollback.called(&owner.image().tag),
            rollback: release,
        },
        None => RollbackRefused::OtherRollout {
            stage,
            owner: release,
        },
    }
    .into())
}

fn does_not_serve(row: &ServiceRow, id: &ReleaseId, stage: &StageName) -> RollbackRefused {
    let (release, stage) = (id.clone(), stage.clone());
    match &row.last_good {
        Some(good) if good.is_from_before => RollbackRefused::BeforeServes {
            release,
            stage,
            revision: good.left_running().clone(),
            first: good.release.clone(),
        },
        Some(good) => RollbackRefused::OtherServes {
            release,
            stage,
            serves: good.release.clone(),
        },
        None => RollbackRefused::NothingServes { release, stage },
    }
}

/// What serves now, which is looked at unless a release has left it there that is not driven.
fn serving(
    row: &ServiceRow,
    service: &ServiceId,
    facts: &RollbackFacts,
) -> Result<Serving, Undecided> {
    let good = row.last_good.as_ref();
    let last = row.taken_by.as_ref();
    let last = last.filter(|last| good.is_none_or(|good| good.release != **last));
    if let Some(last) = last
        && let Owner::NotDriven { .. } = facts.driven(last)?
    {
        return Ok(Serving::NotDriven);
    }
    facts.serving(service).cloned()
}

/// The rollback to what `good` ran with, or to what ran before it.
fn new_rollback<'f>(
    request: &RollbackRequest,
    (stage, service): (&StageName, &ServiceId),
    row: &ServiceRow,
    (good, before): (&'f Release, bool),
    facts: &'f RollbackFacts,
) -> Result<Box<NewRollback<'f>>, Undecided> {
    if ran(good, service, before).is_none() {
        return Err(RollbackRefused::NeverServed {
            release: good.id().clone(),
            stage: stage.clone(),
        }
        .into());
    }
    let last = row.last_good.as_ref();
    // The rules that brought what was good last are those that the service is set up for.
    let rules = match last {
        Some(last) => facts.readable(&last.release)?,
        None => None,
    };
    // What opened a release is no rule for another one, unless at least that is trusted of it.
    let rules = rules.filter(|rules| !rules.trusted_entries().is_empty());
    let rules = rules.unwrap_or(good);
    let wanted = WantedRollback {
        stage: called_by(rules, stage, service),
        from: last
            .filter(|last| !last.is_from_before && (before || last.release != *good.id()))
            .map(|last| last.release.clone()),
        before,
        by: request.by.clone(),
        reason: request.reason.clone(),
    };
    Ok(Box::new(NewRollback::new(rules, good, wanted, row.epoch)?))
}

/// What the stage is called in the release's own pipeline: it may have been renamed since.
fn called_by(release: &Release, stage: &StageName, service: &ServiceId) -> StageName {
    let here = release.home().stage_at(release.pipeline(), service);
    here.map_or(stage, |here| &here.name).clone()
}
