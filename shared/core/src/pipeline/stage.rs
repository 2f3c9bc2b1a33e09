//! One environment of a pipeline: where it is, what is replaced there, and what gates it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApprovalGate, Check, EngineSettings, HookPoint, Span};
use crate::names::{
    AccountId, ClusterName, ContainerName, ParameterName, Region, RoleArn, ServiceName, StageName,
};

/// The names that a value under `environment` may use as `${name}`.
pub const PLACEHOLDERS: [&str; 5] = ["release", "tag", "digest", "image", "stage"];

/// One environment of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The stage's name, unique in its pipeline.
    #[schemars(extend("examples" = ["production"]))]
    pub name: StageName,
    /// The account that holds the service; by default the deployer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["222222222222"]))]
    pub account: Option<AccountId>,
    /// The region that holds the service; by default the deployer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["eu-west-1"]))]
    pub region: Option<Region>,
    /// The role that the deployer assumes to change the service; needed in another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"arn": "arn:aws:iam::222222222222:role/towpath", "external_id": "shop-4c1e9a7b30d258f6"}]))]
    pub role: Option<Role>,
    /// The ECS cluster.
    #[schemars(extend("examples" = ["shop"]))]
    pub cluster: ClusterName,
    /// The ECS service.
    #[schemars(extend("examples" = ["api"]))]
    pub service: ServiceName,
    /// The containers whose image is replaced by the release's.
    #[schemars(extend("examples" = [["app", "migrations"]]))]
    pub containers: Vec<ContainerName>,
    /// What the task definition is rendered from; by default what the service runs now.
    #[serde(default)]
    #[schemars(extend("examples" = ["family"]))]
    pub base: Base,
    /// Environment variables that are set, by container. Their values may use `${release}`,
    /// `${tag}`, `${digest}`, `${image}` (by digest, with its registry) and `${stage}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = {"$ref": "#/$defs/ContainerName"}, "examples" = [{"app": {"RELEASE": "${release}", "COMMIT": "${tag}"}}]))]
    pub environment: BTreeMap<ContainerName, BTreeMap<String, String>>,
    /// Docker labels that are set, by container. Their values may use the placeholders of
    /// `environment`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("propertyNames" = {"$ref": "#/$defs/ContainerName"}, "examples" = [{"app": {"com.example.commit": "${tag}"}}]))]
    pub docker_labels: BTreeMap<ContainerName, BTreeMap<String, String>>,
    /// Tags of the task definition that are set, beside Towpath's own. Their values may use the
    /// placeholders of `environment`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("examples" = [{"commit": "${tag}"}]))]
    pub tags: BTreeMap<String, String>,
    /// How the service is rolled out.
    #[schemars(extend("examples" = [{"codedeploy": {"application": "shop-api", "group": "production"}}]))]
    pub engine: EngineSettings,
    /// Who must agree before the rollout starts; by default nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [{"slack": ["U0123456789"]}]))]
    pub approval: Option<ApprovalGate>,
    /// What is verified on green; needs an engine that has a green.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [[{"name": "health", "http": {"url": "http://test.shop.example.com/health"}}]]))]
    pub checks: Vec<Check>,
    /// What happens to auto scaling while the rollout goes on. By default `codedeploy` suspends it,
    /// since CodeDeploy fails a deployment that a scaling event meets, and `rolling` and `ecs` leave
    /// it alone, since ECS scales what serves also while it deploys. A service whose desired count is
    /// outside of the bounds of its scalable target is left alone always: AWS would change the count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["suspend"]))]
    pub auto_scaling: Option<AutoScaling>,
    /// How long the new version is watched after production traffic has moved, before the rollout
    /// has succeeded; not at all by default. The checks `at: bake` are looked at meanwhile, and the
    /// first that fails brings the old version back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["15m"]))]
    pub bake: Option<Span>,
    /// Whether a rollout may start when what runs now could not be brought back, because its image
    /// is gone; it may not by default.
    #[serde(default, skip_serializing_if = "RollbackPolicy::is_default")]
    #[schemars(extend("examples" = ["optional"]))]
    pub rollback: RollbackPolicy,
    /// How long the rollout may take before it is given up; 1h by default. The time for which
    /// people are asked, and that of `bake`, does not count.
    #[serde(default = "one_hour")]
    #[schemars(extend("examples" = ["2h"]))]
    pub timeout: Span,
}

/// A role in a stage's account that the deployer assumes.
#[derive(
    Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The role's ARN.
    #[schemars(extend("examples" = ["arn:aws:iam::222222222222:role/towpath"]))]
    pub arn: RoleArn,
    /// The external id that the role's trust policy asks for:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html>.
    /// The module `infra/target-account` asks for 16 characters or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["shop-4c1e9a7b30d258f6"]))]
    pub external_id: Option<String>,
}

/// What the task definition is rendered from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// The revision that the service runs now.
    #[default]
    Service,
    /// The latest active revision of the service's task definition family, so that edits that
    /// Terraform registered are picked up.
    Family,
    /// A template kept in an SSM parameter of the stage's account and region, below
    /// `/towpath/templates/`: the deployer may read no others. A deployer with another prefix has it
    /// in place of `towpath`.
    Parameter(ParameterName),
}

/// What happens to auto scaling while a rollout goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoScaling {
    /// It is suspended during the rollout and then put back exactly as it was.
    Suspend,
    /// It is left alone.
    Leave,
}

/// Whether a rollout needs to be able to roll back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RollbackPolicy {
    /// It does not start without one.
    #[default]
    Required,
    /// It starts all the same, and says so.
    Optional,
}

impl RollbackPolicy {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Stage {
    /// Whether auto scaling is suspended while the rollout goes on.
    #[must_use]
    pub fn suspends_auto_scaling(&self) -> bool {
        match self.auto_scaling {
            Some(AutoScaling::Suspend) => true,
            Some(AutoScaling::Leave) => false,
            None => self.engine.capabilities().suspends_auto_scaling,
        }
    }

    /// The stage's checks at that point.
    pub fn checks_at(&self, point: HookPoint) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.at == point)
    }
}

fn one_hour() -> Span {
    Span::from_seconds(3_600)
}
