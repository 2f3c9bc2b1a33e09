//! The button that rolls back: what it does is the core's to decide.

use towpath_core::names::{ReleaseId, SlackUser, StageName};
use towpath_core::release::{
    Actor, Event, Found, Incoming, Principal, Release, RollbackFacts, RollbackOf, RollbackRequest,
    ServiceId, ServiceRow, StoredNow,
};

use super::super::HandlerError;
use super::super::record::record_into;
use crate::ports::{AppendError, Clock, Ledger, LoadError};
use crate::recorded::Recorded;
use crate::rollback::{self, Rollbacks, RolledBack};

/// Why the click does nothing, if it does not.
pub(super) async fn roll_back<P: Ledger + Clock>(
    ports: &P,
    release: Release,
    stage: &StageName,
    user: &SlackUser,
    stored: StoredNow,
) -> Result<Option<String>, HandlerError> {
    let by = Principal::Slack(user.clone());
    let clicked = Clicked {
        ports,
        actor: Actor::Person(by.clone()),
    };
    let id = release.id().clone();
    let request = RollbackRequest {
        of: RollbackOf::Release {
            release: id.clone(),
            stage: stage.clone(),
        },
        by,
        reason: None,
        stored,
    };
    let mut known = RollbackFacts::default();
    known.releases.insert(id, Found::Release(Box::new(release)));
    Ok(
        match rollback::roll_back(&clicked, &request, known).await? {
            RolledBack::Refused(refused) => Some(refused.to_string()),
            RolledBack::UnderWay { .. } | RolledBack::Rollout { .. } | RolledBack::Opened(_) => {
                None
            }
        },
    )
}

/// What somebody who has clicked can reach: the ledger. What serves is for it to say, since this
/// function has no right to look at services.
struct Clicked<'a, P> {
    ports: &'a P,
    actor: Actor,
}

impl<P: Ledger + Clock> Rollbacks for Clicked<'_, P> {
    type Error = HandlerError;

    async fn row(&self, service: &ServiceId) -> Result<ServiceRow, HandlerError> {
        Ok(self.ports.service(service).await?)
    }

    async fn find(&self, id: &ReleaseId) -> Result<Found, HandlerError> {
        match self.ports.load(id).await {
            Ok(Some(release)) => Ok(Found::Release(Box::new(release))),
            Ok(None) => Ok(Found::Missing),
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
                Ok(Found::Unreadable(error.to_string()))
            }
            Err(error @ LoadError::Call(_)) => Err(error.into()),
        }
    }

    async fn record(
        &self,
        release: &Release,
        incoming: Incoming,
    ) -> Result<Recorded, HandlerError> {
        record_into(self.ports, release.clone(), &self.actor, incoming).await
    }

    async fn open(&self, id: &ReleaseId, events: &[Event]) -> Result<bool, HandlerError> {
        let now = self.ports.now();
        match self.ports.open(id, events, &self.actor, now).await {
            Ok(()) => Ok(true),
            Err(AppendError::Conflict) => Ok(false),
            Err(
                error @ (AppendError::ServiceCondition
                | AppendError::Deployment(_)
                | AppendError::Call(_)),
            ) => Err(error.into()),
        }
    }
}
