//! What is there for a pipeline: which engine each service is set up for, which containers run the
//! repository's image, which deployment group targets the service.

use serde_json::{Value, json};
use towpath_core::names::{FunctionName, Region};
use towpath_core::pipeline::{
    CodeDeploySettings, EcsSettings, EngineKind, EngineSettings, RollingSettings,
};
use towpath_core::release::{Home, Place, ServiceId};
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::{ImageRef, Registry};

use super::{StageWish, Wish};
use crate::deployer::Deployer;
use crate::deployer::reads::{Reads, Spot, items, text};
use crate::doctor::engine::fitting;
use crate::doctor::functions::configuration;
use crate::doctor::stage::running;
use crate::output::Failure;
use crate::typo::closest;

/// What was found for a pipeline.
#[derive(Debug)]
pub(crate) struct Survey {
    /// The registry, where it is not the deployer's own.
    pub(crate) registry: Option<Registry>,
    pub(crate) stages: Vec<StageFound>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageFound {
    pub(crate) place: Place,
    pub(crate) containers: Vec<String>,
    pub(crate) engine: EngineFound,
    /// Whether the service is a target of auto scaling is decided by the deployer; this is whether
    /// traffic comes to it at all.
    pub(crate) has_load_balancer: bool,
}

/// The engine that a service is set up for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineFound {
    pub(crate) settings: EngineSettings,
    /// What the engine does.
    pub(crate) says: &'static str,
    /// What else could be set, as lines of comment.
    pub(crate) hints: Vec<String>,
}

pub(crate) fn rolling_found() -> EngineFound {
    EngineFound {
        settings: EngineSettings::Rolling(RollingSettings::default()),
        says: "ECS replaces the tasks, as the service's deployment configuration says.",
        hints: Vec::new(),
    }
}

/// `hook`: the function that runs the checks, where the service calls it.
pub(crate) fn ecs_found(hook: Option<FunctionName>) -> EngineFound {
    let hint = match &hook {
        Some(_) => "`hook` runs the checks when the service's lifecycle hooks call it.",
        None => {
            "ecs: { hook: towpath-lifecycle-hook }   # once the service has a lifecycle hook to it"
        }
    };
    EngineFound {
        settings: EngineSettings::Ecs(EcsSettings { hook }),
        says: "ECS shifts traffic, as the service's deployment configuration says.",
        hints: vec![hint.to_owned()],
    }
}

/// `configuration`: the group's own deployment configuration, which applies without being named.
pub(crate) fn code_deploy_found(settings: CodeDeploySettings, configuration: &str) -> EngineFound {
    let mut hints = Vec::new();
    if !configuration.is_empty() {
        hints.push(format!(
            "configuration: {configuration}   # the group's own"
        ));
    }
    let hint = match &settings.hook {
        Some(_) => "`hook` runs the checks when CodeDeploy asks.",
        None => "hook: towpath-lifecycle-hook   # once it is installed in this account",
    };
    hints.push(hint.to_owned());
    EngineFound {
        settings: EngineSettings::CodeDeploy(settings),
        says: "CodeDeploy shifts traffic, as the deployment configuration says.",
        hints,
    }
}

/// Looks at everything that is wished for.
///
/// # Errors
/// What is not there, and the way out.
pub(crate) async fn survey<D: Deployer + Reads>(
    deployer: &D,
    prefix: &str,
    wish: &Wish,
) -> Result<Survey, Failure> {
    let home = deployer.home().await?;
    let own = home.registry();
    let named = wish.registry.clone();
    let mut registry = named.clone().filter(|named| !named.same_as(&own));
    let source = source(deployer, wish, named.as_ref().unwrap_or(&own)).await;
    let mut stages = Vec::new();
    for stage in &wish.stages {
        let (found, from) = read(deployer, prefix, &home, wish, &source, stage).await?;
        if let Some(from) = from.filter(|from| !from.same_as(&own)) {
            registry = Some(from);
        }
        stages.push(found);
    }
    match source {
        Source::Missing(nothing) if named.is_some() || registry.is_none() => Err(nothing.into()),
        // Another account's registry need not show its repositories to whoever writes a file.
        Source::Unseen(error) if registry.is_none() => Err(error.into()),
        Source::There | Source::Missing(_) | Source::Unseen(_) => Ok(Survey { registry, stages }),
    }
}

/// Whether the repository is where it is looked for.
enum Source {
    There,
    /// It is not: what to say of it.
    Missing(NoRepository),
    /// It could not be asked.
    Unseen(CallError),
}

/// There is no such repository.
#[derive(Debug, Clone, thiserror::Error)]
#[error("there is no repository {name} in {registry}: create it, or correct --repository")]
struct NoRepository {
    name: String,
    registry: String,
}

async fn source<R: Reads>(reads: &R, wish: &Wish, registry: &Registry) -> Source {
    let (spot, mut input) = (Spot::Home, json!({ "repositoryNames": [wish.repository] }));
    let spot = match registry
        .as_ecr()
        .map(|ecr| (ecr.account, ecr.region.parse::<Region>()))
    {
        Some((account, Ok(region))) => {
            input["registryId"] = json!(account);
            Spot::Region(region)
        }
        Some((_, Err(_))) | None => spot,
    };
    let read = reads.read(&spot, "ecr:DescribeRepositories", input);
    match read.await {
        Ok(_) => Source::There,
        Err(error) if error.code() == Some("RepositoryNotFoundException") => {
            Source::Missing(NoRepository {
                name: wish.repository.to_string(),
                registry: registry.to_string(),
            })
        }
        Err(error) => Source::Unseen(error),
    }
}

async fn read<D: Deployer + Reads>(
    reads: &D,
    prefix: &str,
    home: &Home,
    wish: &Wish,
    source: &Source,
    stage: &StageWish,
) -> Result<(StageFound, Option<Registry>), Failure> {
    let account = match &stage.role {
        Some(role) => role
            .arn
            .as_str()
            .split(':')
            .nth(4)
            .unwrap_or_default()
            .parse()?,
        None => home.account.clone(),
    };
    let place = Place {
        service: ServiceId {
            account,
            region: stage.region.clone().unwrap_or_else(|| home.region.clone()),
            cluster: stage.cluster.clone(),
            service: stage.service.clone(),
        },
        role: stage.role.clone(),
    };
    let spot = if place.service.account == home.account {
        Spot::Region(place.service.region.clone())
    } else {
        Spot::Place(Box::new(place.clone()))
    };
    let service = service(reads, &spot, stage, &place).await?;
    let input = json!({ "taskDefinition": running(&service) });
    let read = reads.read(&spot, "ecs:DescribeTaskDefinition", input);
    let definition = read.await?["taskDefinition"].clone();
    let (containers, registry) = containers(wish, source, stage, &definition)?;
    let engine = match fitting(&service)? {
        EngineKind::CodeDeploy => code_deploy(reads, &spot, prefix, &place).await?,
        EngineKind::Ecs => {
            let called = called_hook(&service, &hook_name(prefix));
            ecs_found(called.map(|name| name.parse()).transpose()?)
        }
        EngineKind::Rolling => rolling_found(),
    };
    let sets = items(&service, "taskSets").iter();
    let has_load_balancer = !items(&service, "loadBalancers").is_empty()
        || sets.flat_map(|set| items(set, "loadBalancers")).count() > 0;
    let found = StageFound {
        place,
        containers,
        engine,
        has_load_balancer,
    };
    Ok((found, registry))
}

async fn service<R: Reads>(
    reads: &R,
    spot: &Spot,
    stage: &StageWish,
    place: &Place,
) -> Result<Value, Failure> {
    let input = json!({ "cluster": stage.cluster, "services": [stage.service] });
    let account = &place.service.account;
    let answer = match reads.read(spot, "ecs:DescribeServices", input).await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("ClusterNotFoundException") => {
            return Err(format!(
                "stage {}: there is no cluster {} in {account}/{}: correct --stage, --region-of or \
                 --role",
                stage.name, stage.cluster, place.service.region
            )
            .into());
        }
        Err(error) if matches!(spot, Spot::Place(_)) => {
            return Err(format!(
                "stage {}: {error}: name a profile of your own for the account: --in \
                 {account}=PROFILE",
                stage.name
            )
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let mut services = items(&answer, "services").iter();
    let active = services.find(|service| text(service, "status") == "ACTIVE");
    active.cloned().ok_or_else(|| {
        format!(
            "stage {}: there is no active service {} in the cluster {}: correct --stage, or create \
             the service first",
            stage.name, stage.service, stage.cluster
        )
        .into()
    })
}

/// The containers that run the repository's image, and the registry that it comes from.
fn containers(
    wish: &Wish,
    source: &Source,
    stage: &StageWish,
    definition: &Value,
) -> Result<(Vec<String>, Option<Registry>), Failure> {
    let all: Vec<_> = items(definition, "containerDefinitions")
        .iter()
        .map(|one| (text(one, "name"), text(one, "image")))
        .collect();
    if !stage.containers.is_empty() {
        let known = |name: &str| all.iter().any(|(known, _)| *known == name);
        let unknown = stage.containers.iter().find(|one| !known(one.as_str()));
        if let Some(unknown) = unknown {
            let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "stage {}: the task definition has no container {unknown}, but {}",
                stage.name,
                names.join(", ")
            )
            .into());
        }
        let named = stage.containers.iter().map(ToString::to_string);
        return Ok((named.collect(), None));
    }
    let mut found = Vec::new();
    let mut registry = None;
    let mut others = Vec::new();
    for (name, image) in &all {
        let Ok(image) = image.parse::<ImageRef>() else {
            continue;
        };
        let is_from = |named: &Registry| named.same_as(image.registry());
        if image.repository() != &wish.repository {
            others.push(image.repository().to_string());
        } else if wish.registry.as_ref().is_none_or(is_from) {
            found.push((*name).to_owned());
            registry = Some(image.registry().clone());
        }
    }
    if found.is_empty()
        && let Source::Missing(nothing) = source
    {
        // Which container it is to be is no question before there is such a repository.
        let others: Vec<_> = others.iter().map(String::as_str).collect();
        return Err(match closest(wish.repository.as_str(), &others) {
            Some(meant) => format!(
                "{nothing}; did you mean `{meant}`, which stage {} runs?",
                stage.name
            )
            .into(),
            None => nothing.clone().into(),
        });
    }
    if found.is_empty() {
        let shown: Vec<_> = all
            .iter()
            .map(|(name, image)| format!("{name} runs {image}"))
            .collect();
        return Err(format!(
            "stage {}: no container runs an image of {}: {}; name it with --container {}=NAME",
            stage.name,
            wish.repository,
            shown.join(", "),
            stage.name
        )
        .into());
    }
    Ok((found, registry))
}

/// The name of the function that runs the checks.
fn hook_name(prefix: &str) -> String {
    format!("{prefix}-lifecycle-hook")
}

/// The function of that name as the service's lifecycle hooks call it, with its alias if they name
/// one. Other functions are a team's own, and run no checks of ours.
fn called_hook(service: &Value, name: &str) -> Option<String> {
    let hooks = items(&service["deploymentConfiguration"], "lifecycleHooks").iter();
    let mut called = hooks.filter_map(|hook| {
        let target = text(hook, "hookTargetArn");
        target
            .split_once(":function:")
            .map(|(_, function)| function)
    });
    let is_ours = |function: &&str| function.split(':').next() == Some(name);
    called.find(is_ours).map(str::to_owned)
}

/// The deployment group that targets the service, among all applications.
async fn code_deploy<R: Reads>(
    reads: &R,
    spot: &Spot,
    prefix: &str,
    place: &Place,
) -> Result<EngineFound, Failure> {
    let listed = |operation, member, input| all_pages(reads, spot, operation, member, input);
    let applications = listed("codedeploy:ListApplications", "applications", json!({})).await?;
    for application in &applications {
        let input = json!({ "applicationName": application });
        let groups = listed("codedeploy:ListDeploymentGroups", "deploymentGroups", input).await?;
        for group in &groups {
            let input = json!({ "applicationName": application, "deploymentGroupName": group });
            let read = reads.read(spot, "codedeploy:GetDeploymentGroup", input);
            let info = read.await?["deploymentGroupInfo"].clone();
            let is_ours = |target: &Value| {
                text(target, "clusterName") == place.service.cluster.as_str()
                    && text(target, "serviceName") == place.service.service.as_str()
            };
            if items(&info, "ecsServices").iter().any(is_ours) {
                let hook = hook_name(prefix);
                // Whoever may not look is not told of the function; the comment says how to add it.
                let installed = configuration(reads, spot, &hook).await.ok().flatten();
                let settings = CodeDeploySettings {
                    application: application.parse()?,
                    group: group.parse()?,
                    configuration: None,
                    container: None,
                    port: None,
                    hook: installed.map(|_| hook.parse()).transpose()?,
                };
                return Ok(code_deploy_found(
                    settings,
                    text(&info, "deploymentConfigName"),
                ));
            }
        }
    }
    Err(format!(
        "the service {} is deployed by CodeDeploy, but no deployment group targets it: create one",
        place.service
    )
    .into())
}

async fn all_pages<R: Reads>(
    reads: &R,
    spot: &Spot,
    operation: &'static str,
    member: &str,
    mut input: Value,
) -> Result<Vec<String>, CallError> {
    let mut found = Vec::new();
    loop {
        let page = reads.read(spot, operation, input.clone()).await?;
        let names = items(&page, member).iter();
        found.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
        match text(&page, "nextToken") {
            "" => return Ok(found),
            token => input["nextToken"] = json!(token),
        }
    }
}

#[cfg(test)]
mod tests;
