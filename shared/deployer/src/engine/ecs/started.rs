//! Which service deployment an update has started.
//!
//! The answer to UpdateService names the service's current deployment, and that may be the one from
//! before the update: <https://github.com/kayac/ecspresso/pull/945>. So what an answer names counts
//! only if it was not there before and brings the revision that the update brings; else it is looked
//! for in the list of the service's deployments. What is not found there either is unknown, and is
//! looked for again.

use std::time::Duration;

use serde_json::Value;
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_core::release::Place;

use crate::engine::service_deployment::ServiceDeployment;
use crate::engine::update::{Over, Update};
use crate::ports::{CallError, Ports, ServiceDeploymentBrief};
use crate::service::Service;

/// The pauses after which the list is looked at again: it may lag behind the update.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1000)];

impl Update<'_> {
    /// The deployment that the update has started, which was answered with this service. The update
    /// has been carried out, so that whatever keeps its deployment from being known leaves that
    /// unknown, and never has the update made again.
    pub(super) async fn started<P: Ports>(
        &self,
        ports: &P,
        service: &Value,
    ) -> Result<DeploymentId, CallError> {
        let found = match self.named_by(ports, service).await {
            Ok(None) => self.appears(ports).await,
            found => found,
        };
        match found {
            Ok(Some(id)) => Ok(id),
            Ok(None) => Err(unknown(format!(
                "no service deployment of {} is to be seen yet",
                self.revision.short()
            ))),
            Err(error) => Err(unknown(format!(
                "which service deployment it has started cannot be told: {error}"
            ))),
        }
    }

    /// The deployment that a service's description names, if it is the update's.
    async fn named_by<P: Ports>(
        &self,
        ports: &P,
        service: &Value,
    ) -> Result<Option<DeploymentId>, CallError> {
        let Some(named) = Service(service).current_deployment() else {
            return Ok(None);
        };
        if self.before.contains(&named) {
            return Ok(None);
        }
        let Some(seen) = ports.service_deployment(self.place, &named).await? else {
            return Ok(None);
        };
        let brief = ServiceDeployment(seen).brief(named);
        Ok(self.is_its(ports, &brief).await?.then_some(brief.id))
    }

    /// The deployment in the list, as soon as it is there. It has just been started, so that it is
    /// not over.
    async fn appears<P: Ports>(&self, ports: &P) -> Result<Option<DeploymentId>, CallError> {
        for pause in PAUSES {
            if let Some(found) = self.listed(ports, Over::IsNone).await? {
                return Ok(Some(found));
            }
            tokio::time::sleep(pause).await;
        }
        self.listed(ports, Over::IsNone).await
    }
}

/// The newest of the service's deployments that has followed `ours`, or was created in the same moment.
pub(super) fn newest_after<'a>(
    recent: &'a [ServiceDeploymentBrief],
    ours: &DeploymentId,
) -> Option<&'a ServiceDeploymentBrief> {
    let since = recent.iter().find(|it| it.id == *ours)?.created_at;
    recent
        .iter()
        .find(|it| it.id != *ours && it.created_at >= since)
}

/// The id in whose name ECS starts the tasks of the deployment, and reports about it, if the service
/// shows it: in the answer to an update, or else when it is looked at.
pub(super) async fn alias_of<P: Ports>(
    ports: &P,
    place: &Place,
    service: &Value,
    revision: &TaskDefinitionArn,
) -> Option<DeploymentId> {
    if let Some(shown) = Service(service).primary_of(revision) {
        return Some(shown);
    }
    // It helps to explain and to be told; the deployment is found without it.
    let service = ports.describe_service(place).await.ok()??;
    Service(&service).primary_of(revision)
}

pub(super) fn unknown(message: String) -> CallError {
    CallError::Unknown {
        operation: "ecs:UpdateService",
        message,
    }
}
