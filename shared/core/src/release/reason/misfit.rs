//! What was found that does not fit what a pipeline asks for: nothing is planned on it, and a rollout
//! to it does not begin.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Platform;

use super::ImageProblem;
use crate::appspec::AppSpecError;
use crate::names::{CodeDeployName, FunctionName, ParameterName};
use crate::pipeline::{EngineKind, HookPoint, MissingContainers};
use crate::release::{Revision, ServiceId, Unfounded};

/// What does not fit, or is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Misfit {
    NoCluster {
        /// The service that was looked for there.
        service: ServiceId,
    },
    NoService {
        service: ServiceId,
    },
    /// It is still described, and takes no deployment any more.
    DeletedService {
        service: ServiceId,
        /// What ECS calls its status.
        status: String,
    },
    /// It was created without one.
    NoTaskDefinition,
    /// It is one of ECS Express Mode, which ECS deploys by itself.
    ExpressService,
    Controller {
        engine: String,
        /// The service's.
        found: String,
        /// The one that the engine works with.
        needs: String,
    },
    Strategy(OtherStrategy),
    NoDeploymentGroup {
        application: CodeDeployName,
        group: CodeDeployName,
    },
    /// CodeDeploy's application is not for ECS.
    OtherPlatform {
        application: CodeDeployName,
        /// What it is for.
        platform: String,
    },
    /// The deployment group is another service's.
    OtherService {
        group: CodeDeployName,
        /// What it deploys to, as `cluster/service`.
        targets: Vec<String>,
        service: ServiceId,
    },
    /// CodeDeploy moves the traffic of a Network Load Balancer all at once, or not at all.
    OnlyAllAtOnce {
        /// The configuration by which it is to move.
        configuration: String,
        /// The one that CodeDeploy supports there.
        supported: String,
        listener: String,
    },
    /// The deployment group does not wait for people.
    GroupDoesNotWait {
        group: CodeDeployName,
    },
    /// ECS would not wait for what the stage wants it to wait for, or cannot shift traffic.
    SetUp {
        problems: Vec<SetUpProblem>,
    },
    /// CodeDeploy cannot be told where the service's traffic goes.
    AppSpec {
        problem: AppSpecError,
    },
    /// The service sends traffic to a container that the task definition does not have.
    NoTargetContainer {
        container: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The service sends traffic to a port that the task definition does not map.
    NoTargetPort {
        container: String,
        port: u64,
    },
    /// The service sends traffic to a port by a name that the task definition does not give.
    NoNamedPort {
        /// What does: Service Connect, VPC Lattice or a gateway.
        by: String,
        port: String,
    },
    NoTemplate {
        parameter: ParameterName,
    },
    /// The version that was planned on.
    NoTemplateVersion {
        parameter: ParameterName,
        version: i64,
    },
    NoRevision {
        /// The revision, or the family.
        revision: String,
    },
    /// The revision that was planned on.
    RevisionGone {
        revision: Revision,
    },
    /// ECS shows a family's newest revision without its name.
    NoNewestRevision {
        family: String,
    },
    /// A task definition or a template that nothing can be made of.
    Unusable {
        /// Which, where it is not the one that was planned on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
        /// What is wrong, as the reader of task definitions says it.
        said: String,
    },
    /// What would be registered could never run, or ECS would refuse it.
    Invalid {
        /// Each thing that is wrong, as the validator of task definitions says it.
        findings: Vec<String>,
    },
    /// What would be registered is not what was planned.
    NotAsPlanned,
    /// The pipeline names containers that are not there.
    NoContainers {
        missing: MissingContainers,
    },
    /// The release's image cannot be pulled.
    Image {
        image: String,
        problem: ImageProblem,
    },
    /// The image is for none of what the service's tasks run on.
    Platform {
        /// What the image is for.
        image: BTreeSet<Platform>,
        /// What tasks run on.
        needs: String,
    },
    /// The ledger does not say that what is to be brought back ran there.
    Unfounded {
        why: Unfounded,
    },
    /// What the ledger says is not trusted, or cannot be read.
    Ledger {
        /// What is wrong, as the reader of the ledger says it.
        said: String,
    },
}

/// The service's deployment strategy is none that the engine works with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherStrategy {
    pub engine: String,
    /// The service's.
    pub found: String,
    /// Those that the engine works with.
    pub needs: Vec<String>,
    /// The engine that works with the service's, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fits: Option<String>,
}

impl OtherStrategy {
    /// That this engine was to roll out a service with this strategy.
    #[must_use]
    pub fn of(engine: EngineKind, found: &str) -> Self {
        let needs = engine.capabilities();
        let fits = EngineKind::fitting(needs.controller, found);
        Self {
            engine: engine.to_string(),
            found: found.to_owned(),
            needs: needs
                .strategies
                .iter()
                .copied()
                .map(str::to_owned)
                .collect(),
            fits: fits.map(|engine| engine.to_string()),
        }
    }
}

/// What of a service's own configuration does not fit a stage that ECS itself rolls out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SetUpProblem {
    Strategy(OtherStrategy),
    /// People are to be asked before traffic moves, and nothing leads traffic to it.
    Headless,
    /// ECS cannot shift the traffic of what it is registered with.
    NotAdvanced {
        /// What that is.
        of: Registration,
        /// The members of its configuration that are missing.
        missing: Vec<String>,
    },
    /// There are checks, and no function runs them.
    NoHookFunction {
        at: HookPoint,
        /// ECS's lifecycle stage of that point.
        stage: String,
    },
    /// There are checks, and the service does not call the function that runs them.
    NoHook {
        at: HookPoint,
        function: FunctionName,
        /// ECS's lifecycle stage of that point.
        stage: String,
    },
    /// It goes on when nothing is heard of the hook.
    HookGoesOn {
        function: FunctionName,
        /// ECS's lifecycle stage at which that is called.
        stage: String,
    },
    /// People are to be asked before traffic moves, and it does not pause.
    NoPause {
        /// The lifecycle stages at which it could.
        at: Vec<String>,
    },
    /// People would be asked before the checks have run.
    PausesBeforeChecks {
        /// Where those run.
        checks: HookPoint,
        /// The lifecycle stage at which it pauses.
        from: String,
        /// The one at which it should.
        to: String,
    },
    /// It goes on when people say nothing.
    PauseGoesOn,
}

/// What a service is registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    LoadBalancer,
    VpcLattice,
}
