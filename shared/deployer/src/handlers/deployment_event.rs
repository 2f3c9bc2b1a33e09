//! `deployment-event`: CodeDeploy or ECS reported a change of a deployment.
//!
//! Reports come late, twice, out of order, and for deployments that are nobody's here. They are
//! written down as hints; what is true is asked of AWS by `advance`.

use serde_json::Value;
use towpath_core::incoming::{ReadError, deployment};
use towpath_core::names::{DeploymentId, ReleaseId};
use towpath_core::release::{Actor, Incoming, Release};

use super::HandlerError;
use super::record::record;
use crate::ports::{Clock, Ledger};
use crate::recorded::Recorded;

/// Writes the report down for the release whose deployment it is.
///
/// # Errors
/// When the event cannot be read or the ledger cannot be used.
pub async fn handle<P: Ledger + Clock>(ports: &P, event: &Value) -> Result<(), HandlerError> {
    let report = match deployment::read(event) {
        Ok(report) => report,
        Err(ReadError::Ignored(reason)) => {
            tracing::info!(reason, "event ignored");
            return Ok(());
        }
        Err(ReadError::Malformed(problem)) => return Err(HandlerError::Malformed(problem)),
    };
    let Some(deployment) = report.deployment else {
        tracing::info!(
            state = report.state,
            "report ignored: it names no deployment"
        );
        return Ok(());
    };
    let Some(id) = ports.release_of(&deployment).await? else {
        tracing::info!(deployment = %deployment, state = report.state, "report ignored: not a deployment of ours");
        return Ok(());
    };
    let incoming = Incoming::DeploymentReported {
        deployment: deployment.clone(),
        state: report.state,
        from: report.from,
    };
    let actor = Actor::Function("deployment-event".into());
    match record(ports, &id, &actor, incoming.clone()).await? {
        Recorded::Added(_) => tracing::info!(release.id = %id, "report written down"),
        Recorded::Known(release) => match follower(ports, &release, &deployment).await? {
            Some(owner) => {
                tracing::info!(release.id = %owner, "report passed to the release that has the service now");
                if let Recorded::Refused(refusal) = record(ports, &owner, &actor, incoming).await? {
                    tracing::warn!(release.id = %owner, %refusal, "report refused");
                }
            }
            None => {
                tracing::info!(release.id = %id, "report seen before, or too late to matter")
            }
        },
        Recorded::Refused(refusal) => tracing::warn!(release.id = %id, %refusal, "report refused"),
        Recorded::NoSuchRelease => {
            tracing::warn!(release.id = %id, "report for a release that is not in the ledger")
        }
    }
    Ok(())
}

/// The release that has the service now to which an earlier one made the deployment, and may be
/// following it: where ECS goes back from a rolling deployment, it goes back to the last one that
/// completed, which stays the earlier release's.
async fn follower<P: Ledger>(
    ports: &P,
    release: &Release,
    deployment: &DeploymentId,
) -> Result<Option<ReleaseId>, HandlerError> {
    let Some(service) = release.service_of(deployment) else {
        return Ok(None);
    };
    let owner = ports.service(&service).await?.owner;
    Ok(owner.filter(|owner| owner != release.id()))
}
