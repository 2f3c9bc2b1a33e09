//! The points of a rollout at which checks run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The point of a rollout at which a check runs, in the order in which a rollout passes them:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#appspec-hooks-ecs>
/// and <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html>.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HookPoint {
    /// Before the green tasks are created. With every engine: before anything is changed.
    BeforeInstall,
    /// After the green tasks are running, before they get any traffic.
    AfterInstall,
    /// After the test listener sends its traffic to green.
    #[default]
    AfterTestTraffic,
    /// Before production traffic moves.
    BeforeTraffic,
    /// After production traffic has moved.
    AfterTraffic,
    /// While the stage's `bake` time passes, after production traffic has moved. With every engine.
    Bake,
}

impl HookPoint {
    /// All of them, in the order of a rollout.
    pub const ALL: [Self; 6] = [
        Self::BeforeInstall,
        Self::AfterInstall,
        Self::AfterTestTraffic,
        Self::BeforeTraffic,
        Self::AfterTraffic,
        Self::Bake,
    ];

    /// CodeDeploy's name of the lifecycle event; `None` where CodeDeploy has none.
    #[must_use]
    pub fn lifecycle_event(self) -> Option<&'static str> {
        match self {
            Self::BeforeInstall => Some("BeforeInstall"),
            Self::AfterInstall => Some("AfterInstall"),
            Self::AfterTestTraffic => Some("AfterAllowTestTraffic"),
            Self::BeforeTraffic => Some("BeforeAllowTraffic"),
            Self::AfterTraffic => Some("AfterAllowTraffic"),
            Self::Bake => None,
        }
    }

    /// The hook point of a CodeDeploy lifecycle event; `None` where CodeDeploy calls no function.
    #[must_use]
    pub fn of_lifecycle_event(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|point| point.lifecycle_event() == Some(name))
    }

    /// The stage of a native ECS deployment at which its Lambda hook is called; `None` where it
    /// has none.
    #[must_use]
    pub fn lifecycle_stage(self) -> Option<&'static str> {
        match self {
            Self::BeforeInstall => Some("PRE_SCALE_UP"),
            Self::AfterInstall => Some("POST_SCALE_UP"),
            Self::AfterTestTraffic => Some("POST_TEST_TRAFFIC_SHIFT"),
            Self::BeforeTraffic => Some("PRE_PRODUCTION_TRAFFIC_SHIFT"),
            Self::AfterTraffic => Some("POST_PRODUCTION_TRAFFIC_SHIFT"),
            Self::Bake => None,
        }
    }

    /// The hook point of a stage of a native ECS deployment; `None` at the other stages.
    #[must_use]
    pub fn of_lifecycle_stage(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|point| point.lifecycle_stage() == Some(name))
    }
}

impl fmt::Display for HookPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeforeInstall => "before_install",
            Self::AfterInstall => "after_install",
            Self::AfterTestTraffic => "after_test_traffic",
            Self::BeforeTraffic => "before_traffic",
            Self::AfterTraffic => "after_traffic",
            Self::Bake => "bake",
        })
    }
}
