//! Checks that `advance` runs: their tasks are started once, and they are looked at until they are
//! decided.

use jiff::{SignedDuration, Timestamp};

use super::context::RolloutContext;
use super::{Step, later, perform};
use crate::names::{DeploymentId, Fingerprint};
use crate::pipeline::{Check, CheckKind, HookPoint};
use crate::release::{Action, DueCheck};

/// The pause before checks are looked at again.
const POLL: SignedDuration = SignedDuration::from_secs(60);

/// The checks at a point that are run here and not decided yet.
pub(super) fn undecided<'a>(own: RolloutContext<'a>, point: HookPoint) -> Vec<&'a Check> {
    let RolloutContext { stage, live, .. } = own;
    stage
        .checks_at(point)
        .filter(|check| !check.kind.runs_in_hook_function())
        .filter(|check| live.checks.result_of(&check.name, point).is_none())
        .collect()
}

/// What is done about checks now: their tasks are started, or they are looked at. Nothing if they
/// were looked at just now.
pub(super) fn run(
    own: RolloutContext<'_>,
    at: HookPoint,
    deployment: Option<&DeploymentId>,
    since: Timestamp,
    undecided: Vec<&Check>,
    decide: bool,
) -> Option<Step> {
    let RolloutContext {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    let task_of = |check: &Check| {
        live.checks
            .tasks
            .iter()
            .find(|task| task.check == check.name)
    };
    for check in &undecided {
        if let CheckKind::Task(task) = &check.kind
            && task_of(check).is_none()
        {
            let action = Action::RunTask {
                place: place.clone(),
                stage: stage.name.clone(),
                check: check.name.clone(),
                task: Box::new(task.clone()),
                revision: live.revision.clone()?,
                started_by: started_by(own, check),
            };
            return Some(perform(release, vec![action]));
        }
    }
    if !decide && due(own).is_some_and(|due| now < due) {
        return None;
    }
    let checks = undecided
        .into_iter()
        .map(|check| DueCheck {
            check: check.clone(),
            since: task_of(check).map_or(since, |task| task.since),
            task: task_of(check).map(|task| task.task.clone()),
        })
        .collect();
    let action = Action::RunChecks {
        place: place.clone(),
        stage: stage.name.clone(),
        at,
        deployment: deployment.cloned(),
        checks,
        decide,
    };
    Some(perform(release, vec![action]))
}

/// When checks that were looked at are looked at again; `None` when they were not yet.
pub(super) fn due(own: RolloutContext<'_>) -> Option<Timestamp> {
    own.live.checks.watched_at.map(|at| later(at, POLL))
}

/// What a check's task says that started it. ECS takes 128 characters of a few kinds, so the stage
/// and the check are there as a hash.
fn started_by(own: RolloutContext<'_>, check: &Check) -> String {
    let hash = Fingerprint::of(format!("{}\n{}", own.stage.name, check.name));
    format!("towpath/{}/{}", own.release.id(), &hash.as_str()[..16])
}
