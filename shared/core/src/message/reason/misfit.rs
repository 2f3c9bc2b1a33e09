//! What was found that does not fit what a pipeline asks for, and what is to be done about it.

use std::fmt;

use towpath_taskdef::image::listed;
use towpath_taskdef::repeated;

use super::parts::{Fact, InParts, Parts};
use crate::pipeline::MissingContainers;
use crate::release::{
    ImageProblem, Misfit, OtherStrategy, RefusedAction, Registration, ServiceId, SetUpProblem,
    WhyRefused,
};

impl fmt::Display for RefusedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, why } = self;
        write!(f, "could not {action}: {why}")
    }
}

impl InParts for RefusedAction {
    fn parts(&self) -> Parts {
        Parts::of(Fact::ActionRefused(self.clone()), self.to_string())
    }
}

impl fmt::Display for WhyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call {
                operation,
                code,
                message,
            } => write!(f, "{operation}: {code}: {message}"),
            Self::Misfit(misfit) => misfit.fmt(f),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCluster { service } => {
                let ServiceId {
                    account,
                    region,
                    cluster,
                    ..
                } = service;
                write!(
                    f,
                    "cluster `{cluster}` does not exist, or was deleted ({account}, {region}); create it, or correct the stage"
                )
            }
            Self::NoService { service } => {
                let ServiceId {
                    account,
                    region,
                    cluster,
                    service,
                } = service;
                write!(
                    f,
                    "service `{service}` does not exist in cluster `{cluster}` ({account}, {region}); create it, or correct the stage"
                )
            }
            Self::DeletedService { service, status } => write!(
                f,
                "service `{}` in cluster `{}` is {status}: it was deleted, and takes no deployment any more; create it again, or correct the stage",
                service.service, service.cluster
            ),
            Self::NoTaskDefinition => {
                f.write_str("the service has no task definition yet: create it with one")
            }
            Self::ExpressService => f.write_str(
                "it is a service of ECS Express Mode, which ECS deploys by itself (`UpdateExpressGatewayService`), and Towpath does not deploy those; create a service of your own with CreateService, or take the stage out of the pipeline",
            ),
            Self::Controller {
                engine,
                found,
                needs,
            } => write!(
                f,
                "the service's deployment controller is {found}, but the engine `{engine}` needs {needs}; it can only be chosen when a service is created"
            ),
            Self::Strategy(other) => other.fmt(f),
            Self::NoDeploymentGroup { application, group } => write!(
                f,
                "CodeDeploy has no application `{application}` with a deployment group `{group}`; create it, or correct the stage"
            ),
            Self::OtherPlatform {
                application,
                platform,
            } => write!(
                f,
                "the CodeDeploy application `{application}` is for {platform}, not for ECS"
            ),
            Self::OtherService {
                group,
                targets,
                service,
            } => write!(
                f,
                "the deployment group `{group}` deploys to {}, not to {}/{}",
                targets.join(", "),
                service.cluster,
                service.service
            ),
            Self::OnlyAllAtOnce {
                configuration,
                supported,
                listener,
            } => write!(
                f,
                "traffic is to move by {configuration}, but {listener} is a listener of a Network Load Balancer, behind which CodeDeploy supports {supported} only; name that one, or have ECS itself roll the service out (`engine: {{ecs: {{}}}}`), which shifts the traffic of Network Load Balancers in steps too"
            ),
            Self::GroupDoesNotWait { group } => write!(
                f,
                "people are to be asked before traffic moves, but the deployment group `{group}` does not wait: set its `deploymentReadyOption` to `STOP_DEPLOYMENT` with a wait time, or ask `before_rollout`"
            ),
            Self::SetUp { problems } => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&problems.join("; "))
            }
            Self::AppSpec { problem } => problem.fmt(f),
            Self::NoTargetContainer { container, known } => write!(
                f,
                "the service sends traffic to the container `{container}`, which the task definition does not have, but {}; correct the service's load balancers, or the task definition",
                known.join(", ")
            ),
            Self::NoTargetPort { container, port } => write!(
                f,
                "the service sends traffic to port {port} of the container `{container}`, which the task definition does not map; map containerPort {port}, or correct the service's load balancers"
            ),
            Self::NoNamedPort { by, port } => write!(
                f,
                "{by} sends the service's traffic to the port `{port}`, and the task definition has no port mapping of that name; give one `name: {port}`, or correct the service"
            ),
            Self::NoTemplate { parameter } => write!(
                f,
                "the template parameter `{parameter}` does not exist; create it, or correct the stage's `base`"
            ),
            Self::NoTemplateVersion { parameter, version } => {
                write!(f, "version {version} of the template {parameter} is gone")
            }
            Self::NoRevision { revision } => write!(
                f,
                "the task definition `{revision}` does not exist or is inactive"
            ),
            Self::RevisionGone { revision } => {
                write!(f, "the revision {revision} that was planned on is gone")
            }
            Self::NoNewestRevision { family } => {
                write!(f, "ECS described the family `{family}` without an ARN")
            }
            Self::Unusable {
                revision: Some(revision),
                said,
            } => write!(
                f,
                "the task definition `{revision}` cannot be used: {said}"
            ),
            Self::Unusable {
                revision: None,
                said,
            }
            | Self::Ledger { said } => f.write_str(said),
            Self::Invalid { findings } => f.write_str(&findings.join("; ")),
            Self::NotAsPlanned => f.write_str(
                "what would be registered is not what was planned; push the image again, under another tag: under the same one it is this release",
            ),
            Self::NoContainers { missing } => write!(
                f,
                "{missing}; correct the pipeline's file, or the task definition"
            ),
            Self::Image { image, problem } => write!(
                f,
                "the image {image} {problem}, so that no task of it would start: {}, and push it under another tag",
                help(*problem)
            ),
            Self::Platform { image, needs } => write!(
                f,
                "the image is for {}, and the service's tasks run on {needs}, so that none of it would start: build it for {needs} (docker build --platform), and push it under another tag, or correct `runtimePlatform` in the task definition",
                listed(image)
            ),
            Self::Unfounded { why } => why.fmt(f),
        }
    }
}

impl fmt::Display for OtherStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            engine,
            found,
            needs,
            fits,
        } = self;
        write!(
            f,
            "the service's deployment strategy is {found}, but the engine `{engine}` needs {}; change its deployment configuration",
            one_of(needs)
        )?;
        match fits {
            Some(fits) => write!(f, ", or write `{}`", rolled_out_by(fits)),
            None => Ok(()),
        }
    }
}

/// How a stage says that it is rolled out by that engine.
fn rolled_out_by(engine: &str) -> String {
    format!("engine: {{{engine}: {{}}}}")
}

/// What is to be done about an image that cannot be pulled.
fn help(problem: ImageProblem) -> &'static str {
    match problem {
        ImageProblem::Archived => {
            "restore it (aws ecr update-image-storage-class --target-storage-class STANDARD)"
        }
        ImageProblem::Activating => "wait until it is ACTIVE",
        ImageProblem::Gone => "build it again",
    }
}

/// Names of which one is needed: "A, B or C".
fn one_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

impl fmt::Display for SetUpProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strategy(other) => other.fmt(f),
            Self::Headless => f.write_str(
                "people are to be asked before traffic moves, but no load balancer, Service Connect, VPC Lattice or gateway leads traffic to the service, so that its new tasks work before anybody is asked; ask `before_rollout`",
            ),
            Self::NotAdvanced { of, missing } => {
                let of = match of {
                    Registration::LoadBalancer => "a load balancer",
                    Registration::VpcLattice => "a VPC Lattice configuration",
                };
                let missing: Vec<_> = missing.iter().map(|member| format!("`{member}`")).collect();
                write!(
                    f,
                    "{of} of the service has no {} in its `advancedConfiguration`, without which ECS cannot shift its traffic; set it",
                    missing.join(" and no ")
                )
            }
            Self::NoHookFunction { at, stage } => write!(
                f,
                "there are checks at {at}, but the rollout names no `hook` function that runs them; name it, and have the service call it at {stage}"
            ),
            Self::NoHook {
                at,
                function,
                stage,
            } => write!(
                f,
                "there are checks at {at}, but the service has no lifecycle hook to `{function}` at {stage}: traffic would move unchecked; add one to its deployment configuration"
            ),
            Self::HookGoesOn { function, stage } => write!(
                f,
                "the service's lifecycle hook to `{function}` at {stage} goes on when its time is up: set the action of its `timeoutConfiguration` to ROLLBACK"
            ),
            Self::NoPause { at } => write!(
                f,
                "people are to be asked before traffic moves, but the service does not pause: add a PAUSE lifecycle hook at {} to its deployment configuration, or ask `before_rollout`",
                one_of(at)
            ),
            Self::PausesBeforeChecks { checks, from, to } => write!(
                f,
                "people would be asked before the checks at {checks} have run: move the service's PAUSE lifecycle hook from {from} to {to}"
            ),
            Self::PauseGoesOn => f.write_str(
                "the service's PAUSE lifecycle hook goes on when its time is up, whatever people say: set the action of its `timeoutConfiguration` to ROLLBACK",
            ),
        }
    }
}

impl fmt::Display for MissingContainers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            named,
            definition,
            known,
        } = self;
        let missing: Vec<_> = named
            .iter()
            .map(|(name, places)| {
                let names = if places.len() == 1 { "names" } else { "name" };
                let name = repeated(name.as_str());
                format!("{} {names} the container {name}", places.join(" and "))
            })
            .collect();
        let (which, has) = match missing.len() {
            1 => ("which", "does not have"),
            _ => ("none of which", "has"),
        };
        let known: Vec<_> = known.iter().map(|name| repeated(name)).collect();
        write!(
            f,
            "{}, {which} {} {has}, but {}",
            missing.join(", "),
            repeated(definition),
            known.join(", ")
        )
    }
}
