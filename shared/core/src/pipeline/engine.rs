//! How a stage's service is rolled out: one variant per engine.

use std::fmt;
use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::names::{CodeDeployName, ContainerName, FunctionName};

/// The engine that rolls a stage's service out, with its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineSettings {
    /// ECS replaces the tasks itself (deployment controller `ECS`).
    Rolling(RollingSettings),
    /// CodeDeploy shifts traffic from blue to green (deployment controller `CODE_DEPLOY`).
    #[serde(rename = "codedeploy")]
    CodeDeploy(CodeDeploySettings),
    /// ECS shifts traffic from blue to green itself, at once, in steps or as a canary, as the
    /// service's own deployment configuration says (deployment controller `ECS`).
    Ecs(EcsSettings),
}

/// Which engine it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    Rolling,
    CodeDeploy,
    Ecs,
}

impl EngineKind {
    /// Every engine.
    pub const ALL: [Self; 3] = [Self::Rolling, Self::CodeDeploy, Self::Ecs];

    /// The engine that rolls out services with this deployment controller and this strategy, as AWS
    /// names it:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
    #[must_use]
    pub fn fitting(controller: Controller, strategy: &str) -> Option<Self> {
        let fits = |engine: &Self| {
            let Capabilities {
                controller: needed,
                strategies,
                ..
            } = engine.capabilities();
            needed == controller && (strategies.is_empty() || strategies.contains(&strategy))
        };
        Self::ALL.into_iter().find(fits)
    }

    /// What a stage names under `engine`: what has to be there, and no more.
    #[must_use]
    pub fn example(self) -> Value {
        match self {
            Self::Rolling | Self::Ecs => json!({ self.as_str(): {} }),
            Self::CodeDeploy => json!({ self.as_str(): {
                "application": "shop-api",
                "group": "production",
            } }),
        }
    }

    /// What it can do.
    #[must_use]
    pub fn capabilities(self) -> Capabilities {
        match self {
            Self::Rolling => Capabilities {
                controller: Controller::Ecs,
                strategies: &["ROLLING"],
                has_green: false,
                // <https://aws.amazon.com/about-aws/whats-new/2025/11/amazon-ecs-service-availability-rolling-deployments>
                suspends_auto_scaling: false,
                hook_limit: None,
            },
            Self::CodeDeploy => Capabilities {
                controller: Controller::CodeDeploy,
                strategies: &[],
                has_green: true,
                // <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-bluegreen.html>
                suspends_auto_scaling: true,
                // <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html>
                hook_limit: Some(3_600),
            },
            Self::Ecs => Capabilities {
                controller: Controller::Ecs,
                strategies: &["BLUE_GREEN", "LINEAR", "CANARY"],
                has_green: true,
                suspends_auto_scaling: false,
                hook_limit: None,
            },
        }
    }

    /// Its key in a pipeline.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rolling => "rolling",
            Self::CodeDeploy => "codedeploy",
            Self::Ecs => "ecs",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The deployment controllers of ECS services that Towpath deploys to:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentController.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    /// ECS itself.
    Ecs,
    /// CodeDeploy.
    CodeDeploy,
}

impl Controller {
    const ALL: [Self; 2] = [Self::Ecs, Self::CodeDeploy];

    /// The controller that AWS names so, if it is one of these.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// The controller as AWS names it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
        }
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an engine can do, for everything that has to know: what a pipeline may ask for, what `doctor`
/// looks at, and the stories that every engine goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The deployment controller of its services, which also reports its deployments.
    pub controller: Controller,
    /// The strategies of its services, as AWS names them; none where the controller alone decides.
    pub strategies: &'static [&'static str],
    /// Whether the new version runs beside the old one before traffic moves: it can be checked then,
    /// and people can be asked.
    pub has_green: bool,
    /// Whether a service's auto scaling is suspended while it is rolled out, unless the stage says
    /// otherwise.
    pub suspends_auto_scaling: bool,
    /// For how long a deployment waits for a hook's answer, in seconds, where that cannot be set.
    pub hook_limit: Option<u32>,
}

impl EngineSettings {
    /// What the engine can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.kind().capabilities()
    }

    /// Which engine it is.
    #[must_use]
    pub fn kind(&self) -> EngineKind {
        match self {
            Self::Rolling(_) => EngineKind::Rolling,
            Self::CodeDeploy(_) => EngineKind::CodeDeploy,
            Self::Ecs(_) => EngineKind::Ecs,
        }
    }

    /// The engine's name as people see it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.kind().as_str()
    }

    /// The settings of CodeDeploy, where that is the engine.
    #[must_use]
    pub fn codedeploy(&self) -> Option<&CodeDeploySettings> {
        match self {
            Self::CodeDeploy(settings) => Some(settings),
            Self::Rolling(_) | Self::Ecs(_) => None,
        }
    }

    /// The settings of deployments that ECS shifts itself, where that is the engine.
    #[must_use]
    pub fn ecs(&self) -> Option<&EcsSettings> {
        match self {
            Self::Ecs(settings) => Some(settings),
            Self::Rolling(_) | Self::CodeDeploy(_) => None,
        }
    }

    /// The function that runs the checks when the deployment asks, if the engine has one.
    #[must_use]
    pub fn hook(&self) -> Option<&FunctionName> {
        match self {
            Self::Rolling(_) => None,
            Self::CodeDeploy(settings) => settings.hook.as_ref(),
            Self::Ecs(settings) => settings.hook.as_ref(),
        }
    }
}

/// Settings of a rolling update. The service's own deployment configuration applies; its strategy is
/// ROLLING. It has succeeded when all tasks are new and no older one runs, also where ECS counts it
/// as successful before (`earlySuccessCriteria`). Where the service pauses (a PAUSE lifecycle hook),
/// the pause is its owner's to answer, within the stage's `timeout`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollingSettings {}

/// Settings of a CodeDeploy blue/green rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeDeploySettings {
    /// The CodeDeploy application, of compute platform ECS.
    #[schemars(extend("examples" = ["shop-api"]))]
    pub application: CodeDeployName,
    /// The deployment group that targets this stage's service.
    #[schemars(extend("examples" = ["production"]))]
    pub group: CodeDeployName,
    /// The deployment configuration, such as `CodeDeployDefault.ECSCanary10Percent5Minutes`; by
    /// default the group's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["CodeDeployDefault.ECSCanary10Percent5Minutes"]))]
    pub configuration: Option<CodeDeployName>,
    /// The container that gets the load balancer's traffic; by default the one in the service's
    /// load balancer settings. Needed where those name several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["app"]))]
    pub container: Option<ContainerName>,
    /// The container's port that gets the traffic; by default the one in the service's load
    /// balancer settings. Needed where those name several of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [8080]))]
    pub port: Option<NonZeroU16>,
    /// The function that CodeDeploy calls to run the checks: Towpath's `lifecycle-hook` in the
    /// stage's account. Needed when the stage has checks. A deployment that waits for it for 20
    /// minutes, without any word of it, is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["towpath-lifecycle-hook"]))]
    pub hook: Option<FunctionName>,
}

/// Settings of a native blue/green, linear or canary rollout. The service's own deployment
/// configuration applies: its strategy, steps, bake time, alarms and lifecycle hooks
/// (<https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-blue-green.html>).
/// ECS shifts the traffic of load balancers, Service Connect, VPC Lattice and gateways. A service
/// that has none of them is rolled out too; its new tasks work as soon as they run, so that people
/// are asked `before_rollout`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EcsSettings {
    /// The function that the service's lifecycle hooks call to run the checks: Towpath's
    /// `lifecycle-hook` in the stage's account. Needed when a deployment is to run checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["towpath-lifecycle-hook"]))]
    pub hook: Option<FunctionName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_each_engine_is_read_as_that_engine() {
        for engine in EngineKind::ALL {
            let read: EngineSettings = serde_json::from_value(engine.example()).unwrap();
            assert_eq!(read.kind(), engine);
        }
    }

    #[test]
    fn a_strategy_fits_one_engine() {
        for engine in EngineKind::ALL {
            let Capabilities {
                controller,
                strategies,
                ..
            } = engine.capabilities();
            for strategy in strategies {
                assert_eq!(EngineKind::fitting(controller, strategy), Some(engine));
            }
        }
        assert_eq!(EngineKind::fitting(Controller::Ecs, "SOMETHING"), None);
    }
}
