//! The way of every fact into the ledger: load, accept or refuse, append, and again if somebody
//! else wrote first.

use towpath_core::names::ReleaseId;
use towpath_core::release::{Accepted, Actor, Incoming, Release, accept};
use tracing::Instrument as _;

use super::HandlerError;
use crate::ports::{Append, AppendError, Clock, Ledger};
use crate::recorded::Recorded;

/// How often another writer may be first. Each time, that writer got on.
const MAX_CONFLICTS: u8 = 10;

/// Takes a fact into the ledger of a release, and has `advance` look at it.
///
/// # Errors
/// When the ledger cannot be used, or others write to the release first again and again.
pub async fn record<P: Ledger + Clock>(
    ports: &P,
    id: &ReleaseId,
    actor: &Actor,
    incoming: Incoming,
) -> Result<Recorded, HandlerError> {
    match ports.load(id).await? {
        Some(release) => record_into(ports, release, actor, incoming).await,
        None => Ok(Recorded::NoSuchRelease),
    }
}

/// Takes a fact into the ledger of a release that is loaded already.
pub(super) async fn record_into<P: Ledger + Clock>(
    ports: &P,
    release: Release,
    actor: &Actor,
    incoming: Incoming,
) -> Result<Recorded, HandlerError> {
    // Whatever is logged on the way says of which release it is.
    let span = tracing::info_span!("release", release.id = %release.id());
    let written = Box::pin(write(ports, release, actor, incoming));
    written.instrument(span).await
}

async fn write<P: Ledger + Clock>(
    ports: &P,
    mut release: Release,
    actor: &Actor,
    incoming: Incoming,
) -> Result<Recorded, HandlerError> {
    let id = release.id().clone();
    for _ in 0..MAX_CONFLICTS {
        let now = ports.now();
        let events = match accept(&release, incoming.clone(), now) {
            Ok(Accepted::Add(events)) => events,
            Ok(Accepted::Known) => return Ok(Recorded::Known(Box::new(release))),
            Err(refusal) => return Ok(Recorded::Refused(refusal)),
        };
        let append = Append {
            release: &release,
            events: &events,
            actor,
            at: now,
            wake: true,
            due: None,
        };
        match ports.append(append).await {
            Ok(release) => return Ok(Recorded::Added(Box::new(release))),
            Err(AppendError::Conflict) => {}
            Err(
                error @ (AppendError::ServiceCondition
                | AppendError::Deployment(_)
                | AppendError::Call(_)),
            ) => return Err(error.into()),
        }
        match ports.load(&id).await? {
            Some(reloaded) => release = reloaded,
            None => return Ok(Recorded::NoSuchRelease),
        }
    }
    Err(HandlerError::Append(AppendError::Conflict))
}
