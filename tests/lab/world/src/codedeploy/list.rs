//! ListDeployments and GetApplicationRevision.

use serde_json::{Value, json};

use super::{
    applications,
    deployment::{Deployment, Status},
    groups,
};
use crate::{
    World,
    call::{Answer, ApiError, Call, epoch, text},
};

/// Statuses that exist, including those that ECS deployments never have.
const STATUSES: [&str; 8] = [
    "Created",
    "Queued",
    "InProgress",
    "Baking",
    "Succeeded",
    "Failed",
    "Stopped",
    "Ready",
];

pub(super) fn deployments(world: &mut World, call: &Call) -> Answer {
    match (call.str("applicationName"), call.str("deploymentGroupName")) {
        (Some(_), Some(_)) => {
            groups::find(world, call)?;
        }
        (Some(_), None) => {
            return Err(ApiError::new(
                "DeploymentGroupNameRequiredException",
                "Deployment group name must be specified",
            ));
        }
        (None, Some(_)) => {
            return Err(ApiError::new(
                "ApplicationNameRequiredException",
                "Application name must be specified",
            ));
        }
        (None, None) => {}
    }
    let statuses = call.strings("includeOnlyStatuses");
    if let Some(unknown) = statuses
        .iter()
        .find(|status| !STATUSES.contains(&status.as_str()))
    {
        return Err(ApiError::new(
            "InvalidDeploymentStatusException",
            format!("The status {unknown} is not valid"),
        ));
    }
    let bound = |name: &str| {
        call.input
            .pointer(&format!("/createTimeRange/{name}"))
            .and_then(Value::as_f64)
    };
    let (start, end) = (bound("start"), bound("end"));
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(ApiError::new(
            "InvalidTimeRangeException",
            "The start of the time range must not be after its end",
        ));
    }
    let place = call.place();
    let mut found: Vec<&Deployment> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| held.place == place)
        .filter(|held| {
            call.str("applicationName")
                .is_none_or(|name| held.application == name)
        })
        .filter(|held| {
            call.str("deploymentGroupName")
                .is_none_or(|name| held.group == name)
        })
        .filter(|held| {
            statuses.is_empty() || statuses.iter().any(|name| name == held.status.name())
        })
        .filter(|held| {
            let created = epoch(held.created_at).as_f64().unwrap_or_default();
            start.is_none_or(|start| created >= start) && end.is_none_or(|end| created <= end)
        })
        .collect();
    // No document promises an order, so that nobody may rely on the newest coming first.
    found.sort_by_key(|held| held.number);
    let ids = found
        .into_iter()
        .map(|held| Value::from(held.id.clone()))
        .collect();
    super::paged(call, "deployments", ids)
}

/// The one way to read the content of an AppSpec that was deployed.
pub(super) fn revision(world: &mut World, call: &Call) -> Answer {
    applications::find(world, call)?;
    let application = call.str("applicationName").unwrap_or_default();
    let wanted = call
        .member("revision")
        .ok_or_else(|| ApiError::new("RevisionRequiredException", "Revision must be specified"))?;
    let sha256 = wanted
        .get("appSpecContent")
        .and_then(|holder| text(holder, "sha256"))
        .unwrap_or_default();
    let place = call.place();
    let mut users: Vec<&Deployment> = world
        .codedeploy
        .deployments
        .values()
        .filter(|held| {
            held.place == place && held.application == application && held.sha256 == sha256
        })
        .collect();
    users.sort_by_key(|held| held.number);
    let (Some(first), Some(last)) = (users.first(), users.last()) else {
        return Err(ApiError::new(
            "RevisionDoesNotExistException",
            "The specified revision does not exist",
        ));
    };
    let mut groups: Vec<&str> = users
        .iter()
        .filter(|held| held.status == Status::Succeeded)
        .map(|held| held.group.as_str())
        .collect();
    groups.dedup();
    Ok(json!({
        "applicationName": application,
        "revision": {
            "revisionType": "AppSpecContent",
            "appSpecContent": {"content": first.content, "sha256": sha256},
        },
        "revisionInfo": {
            "deploymentGroups": groups,
            "firstUsedTime": epoch(first.created_at),
            "lastUsedTime": epoch(last.created_at),
            "registerTime": epoch(first.created_at),
        },
    }))
}
