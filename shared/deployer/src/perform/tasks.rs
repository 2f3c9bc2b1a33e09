//! Why a deployment's tasks failed, added to what its engine says of it. It is a courtesy: that it
//! cannot be read must not keep a failure from being recorded, nor a rollback from being begun.

use towpath_core::pipeline::Rollout;
use towpath_core::release::Place;

use super::observe::WayBack;
use crate::ports::Ports;

/// Why the tasks stopped that ECS started in the name of that deployment or task set.
pub(super) async fn started_by<P: Ports>(ports: &P, place: &Place, name: &str) -> Vec<String> {
    match ports.stopped_reasons(place, name).await {
        Ok(reasons) => reasons,
        Err(error) => {
            tracing::warn!(%error, "why the tasks of {name} stopped is not known");
            Vec::new()
        }
    }
}

/// Why tasks stopped of a deployment that is being taken back.
pub(super) async fn of_deployment<P: Ports>(
    ports: &P,
    rollout: &Rollout,
    back: &WayBack<'_>,
) -> Vec<String> {
    let place = back.place;
    match rollout {
        Rollout::Rolling(_) | Rollout::Ecs(_) => {
            let name = back.tasks.unwrap_or(back.deployment);
            started_by(ports, place, name.as_str()).await
        }
        Rollout::CodeDeploy(_) => match ports.progress(place, back.deployment).await {
            Ok(progress) => of_task_set(ports, place, progress.green.as_deref()).await,
            Err(error) => {
                tracing::warn!(%error, "the task set of {} is not known", back.deployment);
                Vec::new()
            }
        },
    }
}

/// Why tasks of a task set stopped, if CodeDeploy has made one.
pub(super) async fn of_task_set<P: Ports>(
    ports: &P,
    place: &Place,
    set: Option<&str>,
) -> Vec<String> {
    match set {
        Some(set) => started_by(ports, place, set).await,
        None => Vec::new(),
    }
}

/// What is said, with why tasks failed.
pub(super) fn explained(said: &str, tasks: &[String]) -> String {
    let said = said.trim_end_matches('.');
    match (said.is_empty(), tasks.is_empty()) {
        (false, true) => said.to_owned(),
        (false, false) => format!("{said}: {}", tasks.join("; ")),
        (true, false) => tasks.join("; "),
        (true, true) => "ECS gave no reason".into(),
    }
}
