//! Why a deployment's tasks failed, added to what its engine says of it. It is a courtesy: that it
//! cannot be read must not keep a failure from being recorded, nor a rollback from being begun.

use towpath_core::release::{Place, RollBack};

use crate::ports::Ports;

/// Why the tasks stopped that ECS started in the name of that deployment or task set.
pub(super) async fn started_by<P: Ports>(ports: &P, place: &Place, name: &str) -> Vec<String> {
    match ports.stopped_reasons(place, name).await {
        Ok(reasons) => reasons,
        Err(error) => {
            tracing::warn!(%error, deployment = name, "could not read why tasks stopped");
            Vec::new()
        }
    }
}

/// Why tasks of a deployment of ECS's stopped.
pub(super) async fn of_deployment<P: Ports>(ports: &P, back: &RollBack) -> Vec<String> {
    let name = back.tasks.as_ref().unwrap_or(&back.deployment);
    started_by(ports, &back.place, name.as_str()).await
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
