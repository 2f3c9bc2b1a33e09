//! A pipeline's configuration: one application's way to production.
//!
//! It is authored in YAML or JSON and kept as JSON in one SSM parameter,
//! `/towpath/pipelines/<repository>/<pipeline>`. What parses here is checked: every name is of its
//! own type, unknown keys are errors, and [`Pipeline::check`] has found no contradiction.

mod approval;
mod arrivals;
mod check;
mod duration;
mod engine;
mod finding;
mod named;
mod never;
mod notify;
#[cfg(test)]
mod properties;
mod read;
mod schema;
mod stage;
mod stored;
mod tags;
mod validation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Registry, RepositoryName};

pub use approval::{ApprovalGate, ApprovalPoint};
pub use arrivals::Arrivals;
pub use check::{
    AlarmCheck, Check, CheckKind, Comparison, HookPoint, HttpCheck, KindlessCheck, MetricCheck,
    OnNoData, TaskCheck,
};
pub use duration::{InvalidSpan, Span};
pub use engine::{
    Capabilities, CodeDeploySettings, Controller, EcsSettings, EngineKind, EngineSettings,
    RollingSettings,
};
pub use finding::Problem;
pub use named::{MissingContainers, NamedContainers};
pub use never::is_elsewhere;
pub use notify::{Channel, Destination, Detail, Notify};
pub use read::{MAX_TEXT, ReadError};
pub use schema::schema;
pub use stage::{AutoScaling, Base, PLACEHOLDERS, Role, RollbackPolicy, Stage};
pub use stored::{MAX_ADVANCED, MAX_STANDARD, PARAMETER_ROOT, StoreError, Stored, Tier};
pub use tags::{InvalidPattern, TagGlob, TagPolicy, TagRegex, TagVerdict, VersionRange};

use crate::names::{PipelineName, SlackUser, StageName};

/// One application's way to production: which image tags it takes, and its ordered stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The pipeline's name, unique in the deployer.
    #[schemars(extend("examples" = ["shop-api"]))]
    pub pipeline: PipelineName,
    /// The ECR repository whose pushes the pipeline takes, such as `shop-api` or `team/shop-api`.
    #[schemars(extend("minLength" = 2, "examples" = ["shop/api"]))]
    pub repository: RepositoryName,
    /// The registry that holds the repository; by default that of the deployer's own account and
    /// region. Images of any other are not taken. The deployer has to be told of one elsewhere:
    /// `registries` of its Terraform module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["111111111111.dkr.ecr.eu-west-1.amazonaws.com"]))]
    pub registry: Option<Registry>,
    /// Which tags are taken. `latest` never is.
    #[serde(default)]
    #[schemars(extend("examples" = [{"semver": ">=1.4, <3"}]))]
    pub tags: TagPolicy,
    /// Where people are told what happens.
    #[serde(default, skip_serializing_if = "Notify::is_empty")]
    #[schemars(extend("examples" = [{"slack": "C0123456789"}]))]
    pub notify: Notify,
    /// What happens to releases that arrive at a stage while another one is there; by default the
    /// newest wins.
    #[serde(default, skip_serializing_if = "Arrivals::is_default")]
    #[schemars(extend("examples" = ["queue"]))]
    pub arrivals: Arrivals,
    /// The Slack users who may roll back from Slack, by id, besides the approvers of a stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["U0123456789"]]))]
    pub operators: Vec<SlackUser>,
    /// The stages, in the order in which a release passes them.
    #[schemars(extend("examples" = [[{"name": "test", "cluster": "shop-test", "service": "api", "containers": ["app"], "engine": {"rolling": {}}}]]))]
    pub stages: Vec<Stage>,
}

impl Pipeline {
    /// The stage of that name.
    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == *name)
    }

    /// Whether a Slack user may roll the stage back from Slack: an operator of the pipeline, or an
    /// approver of the stage.
    #[must_use]
    pub fn may_roll_back(&self, stage: &Stage, user: &SlackUser) -> bool {
        let approvers = stage.approval.iter().flat_map(|gate| &gate.slack);
        self.operators
            .iter()
            .chain(approvers)
            .any(|may| may == user)
    }

    /// Looks for contradictions between parts that are well-formed by themselves. A pipeline that
    /// has one is never stored and never run.
    ///
    /// # Errors
    /// All contradictions, in the order of the file.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        validation::find(self)
    }
}
