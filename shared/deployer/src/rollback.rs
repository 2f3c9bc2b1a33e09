//! Rolls back as the core decides it: looks up what that depends on, and writes down what comes of
//! it. The button and the command line come here, each with what it can reach.

use towpath_core::names::{PipelineName, ReleaseId, StageName};
use towpath_core::release::{
    Event, Found, Image, Incoming, Lookup, MAX_ATTEMPTS, NewRollback, Refusal, Release, Rollback,
    RollbackDecision, RollbackFacts, RollbackRefused, RollbackRequest, ServiceId, ServiceRow,
    Serving, decide_rollback,
};

use crate::recorded::Recorded;

/// How often the service may change hands while it is decided what is rolled back.
const MAX_TRIES: u32 = 3;

/// How many of a pipeline's newest releases are searched for a revision.
const MAX_SEARCHED: usize = 50;

/// What rolling back asks of the ledger and of the service.
#[expect(
    async_fn_in_trait,
    reason = "everything runs on one thread, so no caller needs the futures to be Send"
)]
pub trait Rollbacks {
    /// Why a call failed.
    type Error;
    /// The row of a service.
    async fn row(&self, service: &ServiceId) -> Result<ServiceRow, Self::Error>;
    /// A release.
    async fn find(&self, id: &ReleaseId) -> Result<Found, Self::Error>;
    /// Takes a fact into the ledger of a release.
    async fn record(&self, release: &Release, incoming: Incoming) -> Result<Recorded, Self::Error>;
    /// Opens a release; whether it was not there before.
    async fn open(&self, id: &ReleaseId, events: &[Event]) -> Result<bool, Self::Error>;
    /// What serves in a service with that row, as far as it can be looked at.
    async fn serving(&self, _: &ServiceId, _: &ServiceRow) -> Result<Serving, Self::Error> {
        Ok(Serving::NotKnown)
    }
    /// The newest releases of a pipeline, at most `limit`, as far as they can be listed.
    async fn newest(&self, _: &PipelineName, _limit: usize) -> Result<Vec<ReleaseId>, Self::Error> {
        Ok(Vec::new())
    }
}

/// What was done.
#[derive(Debug)]
pub enum RolledBack {
    /// Nothing: the rollback that is wanted is under way.
    UnderWay {
        release: ReleaseId,
        /// What it brings back.
        to: BroughtBack,
    },
    /// A rollout is rolled back.
    Rollout {
        /// The release that was being rolled out.
        release: ReleaseId,
        /// Whether nobody had asked for that before.
        is_new: bool,
        /// The rollback that follows, where something else is to serve than what served before.
        then: Option<Opened>,
    },
    /// A rollback was opened.
    Opened(Opened),
    /// Nothing, and why.
    Refused(RollbackRefused),
}

/// A rollback that was opened.
#[derive(Debug)]
pub struct Opened {
    pub id: ReleaseId,
    /// Whether it was not there before.
    pub is_new: bool,
    /// What it brings back.
    pub to: BroughtBack,
    /// The release from which it takes the service, and why that one is not driven.
    pub taken_from: Option<(ReleaseId, String)>,
}

/// What a rollback brings back.
#[derive(Debug)]
pub struct BroughtBack {
    /// Which release and revision.
    pub rollback: Rollback,
    /// The image of that release.
    pub image: Image,
}

/// Rolls back what somebody wants to be rolled back; of what that depends on, `known` is known already.
///
/// # Errors
/// When a call fails.
pub async fn roll_back<P: Rollbacks>(
    ports: &P,
    request: &RollbackRequest,
    known: RollbackFacts,
) -> Result<RolledBack, P::Error> {
    let mut facts = known;
    for _ in 0..MAX_TRIES {
        if let Some(done) = as_it_is_now(ports, request, facts).await? {
            if let RolledBack::Refused(refused) = &done {
                tracing::warn!(stage.name = %request.stage(), by = %request.by, %refused, "rollback refused");
            }
            return Ok(done);
        }
        facts = RollbackFacts::default();
    }
    let stage = request.stage().clone();
    Ok(RolledBack::Refused(RollbackRefused::Unsteady(stage)))
}

/// Rolls back what is there now; `None` when that has changed meanwhile.
async fn as_it_is_now<P: Rollbacks>(
    ports: &P,
    request: &RollbackRequest,
    mut facts: RollbackFacts,
) -> Result<Option<RolledBack>, P::Error> {
    loop {
        let lookup = match decide_rollback(request, &facts) {
            RollbackDecision::Lookup(lookup) => lookup,
            RollbackDecision::Refused(refused) => return Ok(Some(RolledBack::Refused(refused))),
            RollbackDecision::UnderWay { release, rollback } => {
                return Ok(Some(RolledBack::UnderWay {
                    release: release.id().clone(),
                    to: BroughtBack::of(rollback, release.image()),
                }));
            }
            RollbackDecision::Open {
                rollback,
                taken_from,
            } => {
                if let Some((owner, problem)) = &taken_from {
                    tracing::error!(release.id = %owner, stage.name = %request.stage(), problem, "a rollback is opened although a release that is not driven has the service");
                }
                return Ok(Some(match open(ports, request, &rollback).await? {
                    Ok(opened) => RolledBack::Opened(Opened {
                        taken_from,
                        ..opened
                    }),
                    Err(refused) => RolledBack::Refused(refused),
                }));
            }
            RollbackDecision::RollBack {
                release,
                stage,
                then,
            } => return rollout(ports, request, release, stage, then.as_deref()).await,
        };
        find_target(ports, lookup, &mut facts).await?;
    }
}

async fn find_target<P: Rollbacks>(
    ports: &P,
    lookup: Lookup,
    facts: &mut RollbackFacts,
) -> Result<(), P::Error> {
    match lookup {
        Lookup::Row(service) => facts.row = Some(ports.row(&service).await?),
        Lookup::Release(id) => {
            let found = ports.find(&id).await?;
            facts.releases.insert(id, found);
        }
        Lookup::Serving(service) => {
            let row = facts.row.clone().unwrap_or_default();
            facts.serving = Some(ports.serving(&service, &row).await?);
        }
        Lookup::Newest(pipeline) => {
            facts.newest = Some(ports.newest(&pipeline, MAX_SEARCHED).await?);
        }
    }
    Ok(())
}

/// Rolls a rollout back, and opens the rollback that follows it; `None` when the release is not being
/// rolled out any more.
async fn rollout<P: Rollbacks>(
    ports: &P,
    request: &RollbackRequest,
    release: &Release,
    stage: StageName,
    then: Option<&NewRollback<'_>>,
) -> Result<Option<RolledBack>, P::Error> {
    let incoming = Incoming::RollBack {
        stage,
        by: request.by.clone(),
        reason: request.reason.clone(),
        stored: request.stored.clone(),
    };
    let id = release.id().clone();
    let refused = |refused| Ok(Some(RolledBack::Refused(refused)));
    let is_new = match ports.record(release, incoming).await? {
        Recorded::Added(_) => true,
        Recorded::Known(_) => false,
        Recorded::NoSuchRelease => return refused(RollbackRefused::NoSuchRelease(id)),
        Recorded::Refused(Refusal::NotRollingOut { .. }) => return Ok(None),
        Recorded::Refused(
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
        ) => return refused(RollbackRefused::NotAllowed(refusal)),
    };
    tracing::info!(release.id = %id, stage.name = %request.stage(), by = %request.by, is_new, "rollback of a rollout written down");
    let then = match then {
        None => None,
        Some(rollback) => match open(ports, request, rollback).await? {
            Ok(opened) => Some(opened),
            Err(why) => {
                let (release, because) = (id, Box::new(why));
                return refused(RollbackRefused::OnlyRolloutRolledBack { release, because });
            }
        },
    };
    Ok(Some(RolledBack::Rollout {
        release: id,
        is_new,
        then,
    }))
}

/// Opens a rollback, or finds it open: one that has ended without having had the service is asked for
/// anew.
async fn open<P: Rollbacks>(
    ports: &P,
    request: &RollbackRequest,
    rollback: &NewRollback<'_>,
) -> Result<Result<Opened, RollbackRefused>, P::Error> {
    for attempt in 0..MAX_ATTEMPTS {
        let (id, events) = rollback.opened(attempt);
        let is_new = ports.open(&id, &events).await?;
        if is_new {
            tracing::info!(release.id = %id, stage.name = %request.stage(), by = %request.by, "rollback opened");
        } else {
            match ports.find(&id).await? {
                Found::Release(known) if known.conclusion().is_some() => continue,
                // Nor is one waited for that nobody can read, and so nobody drives.
                Found::Unreadable(_) => continue,
                Found::Release(_) | Found::Missing => {}
            }
        }
        return Ok(Ok(Opened {
            id,
            is_new,
            to: BroughtBack::of(rollback.rollback(), rollback.image()),
            taken_from: None,
        }));
    }
    Ok(Err(RollbackRefused::InVain))
}

impl BroughtBack {
    fn of(rollback: &Rollback, image: &Image) -> Self {
        Self {
            rollback: rollback.clone(),
            image: image.clone(),
        }
    }
}
