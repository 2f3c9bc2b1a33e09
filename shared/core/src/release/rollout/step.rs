//! What a deployment is at that is under way, as values.

use serde::{Deserialize, Serialize};

use crate::release::AwsService;

/// What a deployment is at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum DeploymentStep {
    /// AWS has just accepted it.
    Starting,
    /// Its traffic was just let through.
    LetThrough,
    /// AWS does not show it yet.
    NotShown {
        /// Who does not.
        by: AwsService,
    },
    /// Its tasks are started.
    Tasks(TaskCounts),
    /// ECS counts it as successful already, and it is not over.
    CountedEarly {
        /// Its tasks.
        tasks: TaskCounts,
        /// How many of an older version still run.
        older: u32,
    },
    /// A pause waits for somebody to answer it.
    Paused {
        /// The lifecycle stage at which it does.
        at: String,
        /// Its tasks, where they are counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tasks: Option<TaskCounts>,
    },
    /// What AWS calls it: a lifecycle event of CodeDeploy's, a lifecycle stage of ECS's, or a status.
    Named {
        /// The name.
        name: String,
        /// Its tasks, where they are counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tasks: Option<TaskCounts>,
    },
}

/// What a deployment is at that has all of the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ShiftedStep {
    /// The old tasks are kept until their time is over.
    KeepingOldTasks,
    /// The old tasks are being stopped.
    StoppingOldTasks,
    /// It was seen to serve, and AWS does not show that now.
    NotShown {
        /// Who does not.
        by: AwsService,
    },
}

/// How many tasks of a deployment there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCounts {
    /// How many run.
    pub running: u32,
    /// How many are wanted.
    pub wanted: u32,
    /// How many have failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(tasks: &u32) -> bool {
    *tasks == 0
}

impl DeploymentStep {
    /// What AWS calls it.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named {
            name: name.into(),
            tasks: None,
        }
    }
}
