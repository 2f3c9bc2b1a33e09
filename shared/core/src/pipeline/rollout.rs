//! How a stage's service is rolled out: one variant per engine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{CodeDeployName, ContainerName, FunctionName};

/// The engine that rolls a stage's service out, with its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rollout {
    /// ECS replaces the tasks itself (deployment controller `ECS`).
    Rolling(RollingRollout),
    /// CodeDeploy shifts traffic from blue to green (deployment controller `CODE_DEPLOY`).
    #[serde(rename = "codedeploy")]
    CodeDeploy(CodeDeployRollout),
}

impl Rollout {
    /// The engine's name as people see it.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Rolling(_) => "rolling",
            Self::CodeDeploy(_) => "codedeploy",
        }
    }
}

/// Settings of a rolling update. The service's own deployment configuration applies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RollingRollout {}

/// Settings of a CodeDeploy blue/green rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeDeployRollout {
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
    /// load balancer settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["app"]))]
    pub container: Option<ContainerName>,
    /// The function that CodeDeploy calls to run the checks: Towpath's `lifecycle-hook` in the
    /// stage's account. Needed when the stage has checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["towpath-lifecycle-hook"]))]
    pub hook: Option<FunctionName>,
}
