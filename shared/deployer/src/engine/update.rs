//! The service deployment of an update, looked for in the list of the service's: nobody may have heard
//! that the update was made.

use jiff::{SignedDuration, Timestamp};
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::release::{Place, Start};

use super::service_deployment::{Standing, brings};
use crate::ports::{CallError, Ports, ServiceDeploymentBrief};

/// An update of a service, and what its deployment is told by.
pub(super) struct Update<'a> {
    pub(super) place: &'a Place,
    /// The revision that it brings.
    pub(super) revision: &'a TaskDefinitionArn,
    pub(super) before: Vec<DeploymentId>,
    /// No deployment from before then is its.
    pub(super) since: Option<Timestamp>,
    /// The revision that the service ran before, where that is another one: whatever the clock says
    /// that `since` is read from, a deployment which is newer than the newest of that revision is new.
    pub(super) previous: Option<&'a TaskDefinitionArn>,
}

/// How far the clocks of AWS and of this function may be apart.
const SKEW: SignedDuration = SignedDuration::from_secs(10);

/// How far a function's clock may be off where the list itself says what came after what. Deployments
/// from long before that ECS has rolled back stay listed above the one that it went back to.
const WRONG_CLOCK: SignedDuration = SignedDuration::from_mins(15);

/// Among how many of a service's newest deployments the one is searched for that it ran before.
const SEARCHED: usize = 10;

impl<'a> Update<'a> {
    /// The update that starts a rollout, made at the earliest when it was first meant.
    pub(super) fn of(start: &'a Start) -> Self {
        Self {
            place: &start.place,
            revision: &start.revision,
            before: Vec::new(),
            since: Some(start.since.checked_sub(SKEW).unwrap_or(Timestamp::MIN)),
            previous: Some(&start.previous).filter(|previous| **previous != start.revision),
        }
    }

    /// The update's deployment in the list of the service's.
    pub(super) async fn listed<P: Ports>(
        &self,
        ports: &P,
        over: Over,
    ) -> Result<Option<DeploymentId>, CallError> {
        let recent = ports.recent_service_deployments(self.place).await?;
        self.among(ports, &recent, over).await
    }

    /// The update's deployment among those of the service's, the newest first.
    pub(super) async fn among<P: Ports>(
        &self,
        ports: &P,
        recent: &[ServiceDeploymentBrief],
        over: Over,
    ) -> Result<Option<DeploymentId>, CallError> {
        let mut follows_previous = self.previous.is_some();
        for (nth, brief) in recent.iter().enumerate() {
            follows_previous &= nth < SEARCHED;
            let earlier = if follows_previous {
                WRONG_CLOCK
            } else {
                SignedDuration::ZERO
            };
            if !self.is_in_time(brief, earlier) {
                continue;
            }
            let brought = brings(ports, self.place, brief).await?;
            follows_previous &= brought.as_ref() != self.previous;
            let counts = match over {
                Over::Counts => true,
                Over::IsNone => !Standing::of(&brief.status).is_over(),
            };
            if counts
                && !self.before.contains(&brief.id)
                && brought.as_ref() == Some(self.revision)
                && ports.release_of(&brief.id).await?.is_none()
            {
                return Ok(Some(brief.id.clone()));
            }
        }
        Ok(None)
    }

    /// Whether it is from no earlier than that before the update.
    fn is_in_time(&self, brief: &ServiceDeploymentBrief, earlier: SignedDuration) -> bool {
        self.since.is_none_or(|since| {
            let since = since.checked_sub(earlier).unwrap_or(Timestamp::MIN);
            brief.created_at.is_some_and(|at| at >= since)
        })
    }

    /// Whether it is the update's, and not known to be another one's.
    pub(super) async fn is_its<P: Ports>(
        &self,
        ports: &P,
        brief: &ServiceDeploymentBrief,
    ) -> Result<bool, CallError> {
        Ok(!self.before.contains(&brief.id)
            && self.is_in_time(brief, SignedDuration::ZERO)
            && brings(ports, self.place, brief).await?.as_ref() == Some(self.revision)
            && ports.release_of(&brief.id).await?.is_none())
    }
}

/// Whether a deployment that is over counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    Counts,
    IsNone,
}
