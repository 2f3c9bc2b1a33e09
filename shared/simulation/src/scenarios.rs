//! The scenarios, in rooms: one a line.

mod arrivals;
mod decisions;
mod engines;
mod operations;

use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;

use crate::pipelines;
use crate::scenario::Scenario;

/// The call by which ECS starts a deployment.
const UPDATE: &str = "ecs:UpdateService";
/// The call by which CodeDeploy does.
const CREATE: &str = "codedeploy:CreateDeployment";
/// The call with which a plan begins.
const LOOK: &str = "ecs:DescribeServices";

/// All of them.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let rooms = [
        engines::all(),
        decisions::all(),
        arrivals::all(),
        operations::all(),
    ];
    rooms.into_iter().flatten().collect()
}

/// The scenario of a name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().find(|it| it.name == name)
}

fn pipeline(stage: &Value) -> Pipeline {
    pipelines::of(json!([patient(stage.clone())]))
}

/// The stage, whose checks ask more than once before they fail.
fn patient(mut stage: Value) -> Value {
    let checks = stage.get_mut("checks").and_then(Value::as_array_mut);
    for check in checks.into_iter().flatten() {
        if let Some(http) = check.get_mut("http") {
            http["attempts"] = json!(3);
        }
    }
    stage
}
