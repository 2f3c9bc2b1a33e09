//! What a release waits for, in one sentence: the same one wherever it is told.

use super::asking::{asks, replaces};
use super::style::{PLAIN, Style};
use crate::names::CheckName;
use crate::release::{BlockedBy, DeploymentStatus, Release, Waiting, WaitsOn};

/// Where a release stands and what it waits for; `None` once it has ended.
#[must_use]
pub fn waiting(release: &Release) -> Option<String> {
    Some(at_stage(&release.waiting()?))
}

/// What a release waits for, behind its stage.
pub(super) fn at_stage(waiting: &Waiting) -> String {
    format!("{}: {}", waiting.stage, sentence(waiting, PLAIN))
}

/// What it waits for at its stage, until when, and what happens then.
pub(super) fn sentence(waiting: &Waiting, style: Style) -> String {
    let Waiting {
        pipeline,
        stage,
        on,
    } = waiting;
    match on {
        WaitsOn::Start => "about to start".to_owned(),
        WaitsOn::Blocked(BlockedBy::Hold { hold }) => format!(
            "on hold: {}; {} lifts it",
            (style.whole)(&hold.to_string()),
            (style.whole)(&format!(
                "`towpath release-hold {pipeline} {stage} --reason …`"
            ))
        ),
        WaitsOn::Blocked(BlockedBy::Owner { release }) => {
            format!("waits for {release}, which is being rolled out there")
        }
        WaitsOn::Blocked(BlockedBy::Turn { release }) => {
            format!("waits for {release}, which came before it")
        }
        WaitsOn::Approval(open) => format!(
            "{}{}; {}{}",
            if open.of_traffic {
                "green is ready, waits for approval of its traffic"
            } else {
                "waits for approval"
            },
            asks(open, style),
            replaces(open, style),
            open.voided
                .as_ref()
                .map_or_else(String::new, |reason| format!(
                    "; what was approved no longer counts: {}",
                    (style.quote)(&reason.to_string())
                ))
        ),
        WaitsOn::Preparation { until } => {
            format!(
                "preparing; fails if not through by {}",
                (style.time)(*until)
            )
        }
        WaitsOn::DeploymentGroup { taken_by, until } => {
            let by = match taken_by {
                Some(by) => (style.quote)(by.as_str()),
                None => "another deployment".to_owned(),
            };
            format!(
                "waits for {by}, which has its deployment group; fails if that lasts until {}",
                (style.time)(*until)
            )
        }
        WaitsOn::Deployment {
            deployment,
            status,
            until,
        } => {
            let shown = (style.quote)(&status.to_string());
            let id = (style.quote)(deployment.as_str());
            match status {
                DeploymentStatus::InProgress { .. } | DeploymentStatus::Ready { .. } => format!(
                    "rolling out: {shown} ({id}); rolled back if not through by {}",
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
                | DeploymentStatus::Replaced { .. } => shown,
            }
        }
        WaitsOn::Bake { checks, until } => {
            let checks: Vec<_> = checks.iter().map(CheckName::as_str).collect();
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
        WaitsOn::RollbackToBegin {
            deployment,
            status,
            until,
        } => format!(
            "Towpath rolls it back, which AWS has not begun yet: {} ({}); left as it is, and its stage held, if that lasts until {}",
            (style.quote)(&status.to_string()),
            (style.quote)(deployment.as_str()),
            (style.time)(*until)
        ),
        WaitsOn::Rollback {
            reason,
            since: _,
            until,
        } => format!(
            "Towpath rolls it back: {}; fails if not through by {}",
            (style.quote)(&reason.to_string()),
            (style.time)(*until)
        ),
        WaitsOn::RollbackByAws { reason, until } => format!(
            "AWS rolls it back: {}; fails if not through by {}",
            (style.quote)(&reason.to_string()),
            (style.time)(*until)
        ),
    }
}
