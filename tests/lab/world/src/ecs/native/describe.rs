//! What DescribeServiceDeployments shows of a native deployment.

use serde_json::{Value, json};

use super::{HookRun, Native};
use crate::call::{epoch, put};

/// `lifecycleHookDetails`.
pub(in crate::ecs) fn hook_details(native: &Native) -> Vec<Value> {
    details(&native.hooks)
}

/// The same of the pause of a rolling deployment.
pub(in crate::ecs) fn pause_details(pause: &HookRun) -> Vec<Value> {
    details(std::slice::from_ref(pause))
}

fn details(runs: &[HookRun]) -> Vec<Value> {
    runs.iter()
        .map(|run| {
            let mut described = json!({
                "hookId": run.id,
                "targetType": run.kind.name(),
                "status": run.status.name(),
                "expiresAt": epoch(run.expires_at),
                "timeoutAction": if run.continues { "CONTINUE" } else { "ROLLBACK" },
            });
            put(&mut described, "targetArn", run.target.clone());
            described
        })
        .collect()
}

impl Native {
    pub(in crate::ecs) fn stage_name(&self) -> &'static str {
        self.stage.name()
    }

    /// Test and production weight of the revision that is being deployed.
    pub(in crate::ecs) fn target_weights(&self) -> (f64, f64) {
        (self.test_share, self.production_share)
    }

    /// The same of a revision that was there before.
    pub(in crate::ecs) fn source_weights(&self, serves: bool) -> Option<(f64, f64)> {
        serves.then_some((100.0 - self.test_share, 100.0 - self.production_share))
    }
}
