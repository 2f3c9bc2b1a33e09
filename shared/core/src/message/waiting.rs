//! What a release waits for, in one sentence: the same one wherever it is told.

use super::asking::{asks, replaces};
use super::style::{PLAIN, Style};
use crate::pipeline::HookPoint;
use crate::release::{BlockedBy, DeploymentStatus, Release, Waiting, WaitsOn};

/// Where a release stands and what it waits for; `None` once it has ended.
#[must_use]
pub fn waiting(release: &Release) -> Option<String> {
    let waiting = release.waiting()?;
    Some(format!(
        "{}: {}",
        waiting.stage.name,
        sentence(&waiting, PLAIN)
    ))
}

/// What it waits for at its stage, until when, and what happens then.
pub(super) fn sentence(waiting: &Waiting<'_>, style: Style) -> String {
    let Waiting {
        pipeline,
        stage,
        on,
    } = waiting;
    match on {
        WaitsOn::Start => "about to start".to_owned(),
        WaitsOn::Blocked(BlockedBy::Hold { reason }) => format!(
            "on hold: {}; {} lifts it",
            (style.whole)(reason),
            (style.whole)(&format!(
                "`towpath release-hold {pipeline} {} --reason …`",
                stage.name
            ))
        ),
        WaitsOn::Blocked(BlockedBy::Owner { release }) => {
            format!("waits for {release}, which is being rolled out there")
        }
        WaitsOn::Blocked(BlockedBy::Turn { release }) => {
            format!("waits for {release}, which came before it")
        }
        WaitsOn::Approval {
            approval,
            plan,
            of_traffic,
            voided,
        } => format!(
            "{}{}; {}{}",
            if *of_traffic {
                "green is ready, waits for approval of its traffic"
            } else {
                "waits for approval"
            },
            asks(stage.approval.as_ref(), approval, style),
            replaces(plan, style),
            voided.map_or_else(String::new, |reason| format!(
                "; what was approved no longer counts: {}",
                (style.quote)(reason)
            ))
        ),
        WaitsOn::Preparation { until } => {
            format!(
                "preparing; fails if not through by {}",
                (style.time)(*until)
            )
        }
        WaitsOn::DeploymentGroup { taken, until } => {
            let by = match &taken.by {
                Some(by) => (style.quote)(by.as_str()),
                None => "another deployment".to_owned(),
            };
            format!(
                "waits for {by}, which has its deployment group; fails if that lasts until {}",
                (style.time)(*until)
            )
        }
        WaitsOn::Deployment { deployment, until } => {
            let status = (style.quote)(&deployment.status.to_string());
            let id = (style.quote)(deployment.id.as_str());
            match &deployment.status {
                DeploymentStatus::InProgress { .. } | DeploymentStatus::Ready { .. } => format!(
                    "rolling out: {status} ({id}); rolled back if not through by {}",
                    (style.time)(*until)
                ),
                DeploymentStatus::Shifted { .. }
                | DeploymentStatus::RollingBack { .. }
                | DeploymentStatus::Halted { .. }
                | DeploymentStatus::Succeeded
                | DeploymentStatus::RolledBack { .. }
                | DeploymentStatus::Failed { .. }
                | DeploymentStatus::FailedInPlace { .. }
                | DeploymentStatus::Stopped { .. }
                | DeploymentStatus::Replaced { .. } => status,
            }
        }
        WaitsOn::Bake { until } => {
            let checks = stage.checks_at(HookPoint::Bake);
            let checks: Vec<_> = checks.map(|check| check.name.as_str()).collect();
            let watched = if checks.is_empty() {
                "that it still serves".to_owned()
            } else {
                checks.join(", ")
            };
            format!(
                "serves and bakes until {} (watched: {watched})",
                (style.time)(*until)
            )
        }
        WaitsOn::Rollback { reason, since: _ } => {
            format!(
                "Towpath rolls it back: {}",
                (style.quote)(&reason.to_string())
            )
        }
        WaitsOn::RollbackByAws { reason } => {
            format!("AWS rolls it back: {}", (style.quote)(reason))
        }
    }
}
