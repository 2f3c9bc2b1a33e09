//! Where a deployment stops on its way: the hooks that it calls, and the pause for people.

use serde::{Deserialize, Serialize};

use crate::pipeline::{ApprovalPoint, HookPoint, Stage};

/// What a deployment must wait for before production traffic moves, and who runs its checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoints {
    /// The points at which the deployment is to call the hook function.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookPoint>,
    /// Whether the deployment must wait for an approval before production traffic moves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pause: bool,
}

impl Checkpoints {
    /// What a deployment to the stage has to wait for: the hook points at which it asks, in the
    /// order of a deployment, and whether its traffic waits for an approval.
    #[must_use]
    pub fn of(stage: &Stage) -> Self {
        let asks = |point: &HookPoint| match point {
            // What the hook function does not run has run before the deployment begins.
            HookPoint::BeforeInstall => stage
                .checks_at(*point)
                .any(|check| check.kind.runs_in_hook_function()),
            HookPoint::AfterInstall
            | HookPoint::AfterTestTraffic
            | HookPoint::BeforeTraffic
            | HookPoint::AfterTraffic => stage.checks_at(*point).next().is_some(),
            HookPoint::Bake => false,
        };
        Self {
            hooks: HookPoint::ALL.into_iter().filter(asks).collect(),
            pause: stage
                .approval
                .as_ref()
                .is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic),
        }
    }
}
