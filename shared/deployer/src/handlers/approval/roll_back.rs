//! The button that rolls back: a release that is being rolled out is taken back, and one that
//! serves is followed by a rollback that brings back what served before it.

use towpath_core::names::{ReleaseId, SlackUser, StageName};
use towpath_core::release::{
    Actor, Good, Incoming, MOST_ATTEMPTS, Principal, Refusal, Release, ServiceId, ServiceRow,
    StoredNow, WantedRollback, open_rollback,
};

use super::super::take::take_into;
use super::super::{HandlerError, Taken};
use super::slack::refused;
use crate::ports::{AppendError, Clock, Ledger, LoadError};
use crate::verified;

/// Why the click does nothing, if it does not.
pub(super) async fn roll_back<P: Ledger + Clock>(
    ports: &P,
    release: Release,
    stage: &StageName,
    user: &SlackUser,
    stored: StoredNow,
) -> Result<Option<String>, HandlerError> {
    let id = release.id().clone();
    let by = Principal::Slack(user.clone());
    let actor = Actor::Person(by.clone());
    let incoming = Incoming::RollBack {
        stage: stage.clone(),
        by,
        reason: None,
        stored,
    };
    Ok(
        match take_into(ports, release.clone(), &actor, incoming).await? {
            Taken::Added(_) => {
                tracing::info!(release.id = %id, stage.name = %stage, by = %actor, "rollback written down");
                None
            }
            Taken::Known(_) => None,
            Taken::NoSuchRelease => Some(format!("there is no release {id}")),
            Taken::Refused(Refusal::NotRollingOut { .. }) => {
                let problem = bring_back(ports, &release, stage, user).await?;
                if let Some(problem) = &problem {
                    tracing::warn!(release.id = %id, stage.name = %stage, problem, "rollback refused");
                }
                problem
            }
            Taken::Refused(
                refusal @ (Refusal::NotEligible { .. }
                | Refusal::NoLongerEligible { .. }
                | Refusal::PipelineRemoved { .. }
                | Refusal::NotKnown { .. }
                | Refusal::Closed { .. }
                | Refusal::Decided { .. }
                | Refusal::NoSuchStage(_)
                | Refusal::NotAnOperator { .. }
                | Refusal::ForeignReport { .. }
                | Refusal::NoLongerOperator { .. }),
            ) => Some(refused(&id, &refusal)),
        },
    )
}

/// Opens the rollback to what served before the release, if the release serves; else why not. That
/// the person may was found out before, when the release was asked to take its rollout back.
async fn bring_back<P: Ledger + Clock>(
    ports: &P,
    release: &Release,
    stage: &StageName,
    user: &SlackUser,
) -> Result<Option<String>, HandlerError> {
    let id = release.id();
    let by = Principal::Slack(user.clone());
    let Some(service) = service_of(release, stage) else {
        return Ok(Some(Refusal::NoSuchStage(stage.clone()).to_string()));
    };
    let row = ports.service(&service).await?;
    if let Some(owner) = &row.owner {
        match busy(ports, id, stage, owner).await? {
            Owner::Busy(problem) => return Ok(Some(problem)),
            Owner::Wanted => return Ok(None),
            Owner::NotDriven => {}
        }
    }
    let serves = |good: &Good| good.release == *id && !good.before;
    let serves = row.good.as_ref().is_some_and(serves);
    // What a release leaves that is not trusted was never good: what served before it is brought back.
    let left = release.untrusted().is_some() && row.taken_by.as_ref() == Some(id);
    if !serves && !left {
        return Ok(Some(does_not_serve(&row, id, stage)));
    }
    let good = if serves {
        row.way_back()
    } else {
        row.good.as_ref()
    };
    let Some(good) = good else {
        let problem = format!(
            "nothing that served in {stage} before this release is known, so there is nothing to bring back"
        );
        return Ok(Some(problem));
    };
    let Some(before) = ports.load(&good.release).await? else {
        let problem = format!("the ledger has no release {} to bring back", good.release);
        return Ok(Some(problem));
    };
    // What a release says that is not trusted is no rule for another one.
    let rules = if serves { release } else { &before };
    // It may be called otherwise there.
    let named = rules.home().stage_at(rules.pipeline(), &service);
    let wanted = WantedRollback {
        stage: named.map_or_else(|| stage.clone(), |stage| stage.name.clone()),
        from: serves.then(|| id.clone()),
        before: good.before,
        by: by.clone(),
        reason: None,
    };
    let actor = Actor::Person(by);
    for attempt in 0..MOST_ATTEMPTS {
        let wanted = wanted.clone();
        let (opened, events) = match open_rollback(rules, &before, wanted, row.epoch, attempt) {
            Ok(opened) => opened,
            Err(error) => return Ok(Some(error.to_string())),
        };
        match ports.open(&opened, &events, &actor, ports.now()).await {
            Ok(()) => {
                tracing::info!(release.id = %opened, stage.name = %stage, by = %actor, "rollback opened");
                return Ok(None);
            }
            Err(AppendError::Behind) => {
                let known = ports.load(&opened).await?;
                if known.is_some_and(|known| known.conclusion().is_none()) {
                    // Somebody clicked twice, or two people did at once.
                    return Ok(None);
                }
            }
            Err(
                error @ (AppendError::Service | AppendError::Deployment(_) | AppendError::Call(_)),
            ) => return Err(error.into()),
        }
    }
    Ok(Some(format!(
        "{MOST_ATTEMPTS} rollbacks in a row have ended without having changed anything: `towpath history` says why"
    )))
}

fn service_of(release: &Release, stage: &StageName) -> Option<ServiceId> {
    release.service_id(release.stage_position(stage)?)
}

/// What another release that has the service is to a rollback.
enum Owner {
    /// It is being rolled out: what is said of that.
    Busy(String),
    /// It is the rollback that the person wants.
    Wanted,
    /// It is not driven: the rollback takes the service from it.
    NotDriven,
}

async fn busy<P: Ledger>(
    ports: &P,
    id: &ReleaseId,
    stage: &StageName,
    owner: &ReleaseId,
) -> Result<Owner, HandlerError> {
    let not_driven = |problem: String| {
        tracing::error!(release.id = %owner, stage.name = %stage, problem, "a rollback is opened although a release that is not driven has the service");
        Ok(Owner::NotDriven)
    };
    let found = match ports.load(owner).await {
        Ok(found) => found,
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
            return not_driven(error.to_string());
        }
        Err(LoadError::Call(error)) => return Err(error.into()),
    };
    if let Some(problem) = found.as_ref().and_then(verified::not_driven) {
        return not_driven(problem);
    }
    let rollback = found.as_ref().and_then(Release::rollback);
    if rollback.is_some_and(|rollback| rollback.from.as_ref() == Some(id)) {
        return Ok(Owner::Wanted);
    }
    Ok(Owner::Busy(format!(
        "{owner} is being rolled out to {stage} now: roll back on its card, or click again when it is through"
    )))
}

fn does_not_serve(row: &ServiceRow, id: &ReleaseId, stage: &StageName) -> String {
    match &row.good {
        Some(good) if good.before => format!(
            "{} serves in {stage} now, as before {}, and not this release",
            good.revision.short(),
            good.release
        ),
        Some(good) => format!(
            "{} serves in {stage} now, and not this release: roll back on its card",
            good.release
        ),
        None => format!("{id} does not serve in {stage}, so there is nothing to take back"),
    }
}
