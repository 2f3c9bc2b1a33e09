//! What one release does about another: superseding the one before it, waking the one behind it,
//! telling the one whose place it takes.

use towpath_core::names::ReleaseId;
use towpath_core::release::{
    Accepted, Actor, Candidate, Event, Incoming, Release, ServiceId, ServiceRow, Successor, accept,
};

use crate::ports::{Append, AppendError, CallError, LoadError, Ports};

/// How often another writer of the other release may be first.
const MAX_CONFLICTS: u8 = 5;

pub(super) async fn supersede<P: Ports>(
    ports: &P,
    newer: &Release,
    older: &ReleaseId,
    service: &ServiceId,
) -> Result<Vec<Event>, CallError> {
    let incoming = Incoming::Superseded {
        by: Candidate::of(newer),
        service: service.clone(),
    };
    notify(ports, older, &incoming).await?;
    Ok(vec![Event::Overtook {
        older: older.clone(),
    }])
}

pub(super) async fn notify_predecessor<P: Ports>(
    ports: &P,
    earlier: &ReleaseId,
    successor: &Successor,
) -> Result<Vec<Event>, CallError> {
    notify(ports, earlier, &Incoming::Succeeded(successor.clone())).await?;
    Ok(vec![Event::PredecessorNotified {
        predecessor: earlier.clone(),
        service: successor.service.clone(),
    }])
}

/// Has another release learn a fact, if that adds anything to it.
async fn notify<P: Ports>(
    ports: &P,
    other: &ReleaseId,
    incoming: &Incoming,
) -> Result<(), CallError> {
    for _ in 0..MAX_CONFLICTS {
        let release = match ports.load(other).await {
            Ok(Some(release)) => release,
            Ok(None) => return Ok(()),
            Err(LoadError::Call(error)) => return Err(error),
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
                // The other release is beyond help, and must not keep this one.
                tracing::error!(release.id = %other, %error, "a release that should be told cannot be read");
                return Ok(());
            }
        };
        let now = ports.now();
        let Ok(Accepted::Add(events)) = accept(&release, incoming.clone(), now) else {
            return Ok(());
        };
        let actor = Actor::Function("advance".into());
        let append = Append {
            release: &release,
            events: &events,
            actor: &actor,
            at: now,
            wake: true,
            due: None,
        };
        match ports.append(append).await {
            Ok(_) => return Ok(()),
            Err(
                AppendError::Conflict | AppendError::ServiceCondition | AppendError::Deployment(_),
            ) => {}
            Err(AppendError::Call(error)) => return Err(error),
        }
    }
    Err(CallError::NotDone {
        operation: "ledger:append",
        message: format!("others wrote to {other} first again and again"),
    })
}

pub(crate) async fn notify_next<P: Ports>(
    ports: &P,
    release: &ReleaseId,
    service: &ServiceId,
) -> Result<Vec<Event>, CallError> {
    let row = row(ports, service).await?;
    // Where releases wait in order, it is the oldest one's turn.
    let waiting = row
        .waiting
        .into_iter()
        .chain(row.candidate)
        .map(|candidate| candidate.release)
        .find(|next| next != release);
    let waiting = waiting.filter(|_| row.owner.is_none());
    if let Some(next) = &waiting {
        ports.wake(next, ports.now()).await?;
    }
    Ok(vec![Event::NextNotified {
        service: service.clone(),
        next: waiting,
    }])
}

async fn row<P: Ports>(ports: &P, service: &ServiceId) -> Result<ServiceRow, CallError> {
    match ports.service(service).await {
        Ok(row) => Ok(row),
        Err(LoadError::Call(error)) => Err(error),
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
            Err(CallError::Unknown {
                operation: "ledger:service",
                message: error.to_string(),
            })
        }
    }
}
