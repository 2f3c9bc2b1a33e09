//! A one-off ECS task that must exit with 0.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::names::ContainerName;
use crate::pipeline::Span;

/// A one-off task of the revision that is being rolled out, in the service's own network, which
/// must exit with 0: a migration before the rollout, a smoke test of green. It runs at most once
/// per rollout, so it need not be idempotent across releases, but a task that was stopped by AWS
/// is not run again; one whose rollout ends before it does is left to run to its end, since half a
/// migration is worse than a whole one. What the command and the environment say can be read by whoever may describe
/// tasks, so secrets belong into the task definition. When it fails, the last lines of its log are
/// told, if the container's log driver is `awslogs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskCheck {
    /// The container whose command is replaced and whose exit code counts.
    #[schemars(extend("examples" = ["app"]))]
    pub container: ContainerName,
    /// The command that the container runs.
    #[schemars(extend("examples" = [["./manage", "migrate"]]))]
    pub command: Vec<String>,
    /// Environment variables that the container gets besides those of the task definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"SMOKE_URL": "http://test.shop.example.com"}]))]
    pub environment: BTreeMap<String, String>,
    /// How long the task may take before it is stopped and the check has failed; 10m by default.
    #[serde(default = "ten_minutes")]
    #[schemars(extend("examples" = ["30m"]))]
    pub timeout: Span,
}

impl TaskCheck {
    /// What the check's task has of its own:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html>.
    pub(crate) fn overrides(&self) -> Value {
        let environment: Vec<_> = self
            .environment
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let mut container = json!({"name": self.container, "command": self.command});
        if !environment.is_empty() {
            container["environment"] = Value::Array(environment);
        }
        json!({"containerOverrides": [container]})
    }
}

fn ten_minutes() -> Span {
    Span::from_seconds(600)
}
