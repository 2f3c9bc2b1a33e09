//! Whether the service is set up for the engine that the stage names.

use serde_json::{Map, Value, json};
use towpath_core::names::FunctionName;
use towpath_core::pipeline::{CodeDeploySettings, Controller, EngineKind, EngineSettings};
use towpath_deployer::{only_all_at_once, unfit_for};

use super::finding::Finding;
use super::functions;
use super::stage::{StageAt, StageState};
use crate::deployer::reads::{Reads, items, text};
use crate::yaml::in_line;

/// The engine that fits a service, by its controller and strategy:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>.
pub(crate) fn fitting(service: &Value) -> Result<EngineKind, String> {
    // What ECS manages itself fits none, whatever it shows.
    if text(service, "resourceManagementType") == "ECS" {
        return unfit_for(service, &EngineSettings::Rolling(Default::default()))
            .map_or(Ok(EngineKind::Rolling), |unfit| Err(unfit.to_string()));
    }
    // What a service does not show is what ECS takes by default.
    let controller = match text(&service["deploymentController"], "type") {
        "" => Controller::Ecs.as_str(),
        shown => shown,
    };
    let strategy = match text(&service["deploymentConfiguration"], "strategy") {
        "" => "ROLLING",
        shown => shown,
    };
    let Some(controller) = Controller::named(controller) else {
        return Err(format!(
            "no engine works with the deployment controller {controller}"
        ));
    };
    EngineKind::fitting(controller, strategy)
        .ok_or_else(|| format!("the strategy {strategy} is one that Towpath does not know"))
}

/// Compares the service's controller and strategy with the stage's engine.
pub(crate) fn check(seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("engine");
    let engine = seen.at.stage.engine.kind();
    let controller = seen.controller();
    vec![match fitting(&seen.service) {
        Ok(fits) if fits == engine => check.ok(format!(
            "{engine}, with the deployment controller {controller}"
        )),
        Ok(fits) => check.error(
            format!("the stage rolls out by `{engine}`, but the service is set up for `{fits}`"),
            format!(
                "write {} in the pipeline, or set the service up for {engine}",
                written(fits)
            ),
        ),
        Err(problem) => check.error(
            problem,
            "name a service of your own with the deployment controller ECS or CODE_DEPLOY, or set this one up so",
        ),
    }]
}

/// How a stage names that engine.
fn written(engine: EngineKind) -> String {
    let example = engine.example();
    let line = format!("`{}`", in_line("engine", &example));
    let names = example[engine.as_str()].as_object();
    let names: Vec<_> = names.into_iter().flat_map(Map::keys).cloned().collect();
    if names.is_empty() {
        return line;
    }
    format!(
        "{line}, with the names of your own {},",
        names.join(" and ")
    )
}

/// Looks at what the engine needs beside the service.
pub(crate) async fn check_parts<R: Reads>(reads: &R, at: &StageAt<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(settings) = at.stage.engine.codedeploy() {
        findings.extend(group(reads, at, settings).await);
    }
    if let Some(hook) = at.stage.engine.hook() {
        findings.push(self::hook(reads, at, hook).await);
    }
    findings
}

async fn group<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    settings: &CodeDeploySettings,
) -> Vec<Finding> {
    let check = at.check("codedeploy");
    let found = match deployment_group(reads, at, settings).await {
        Ok(found) => found,
        Err(error) if is_missing(error.code()) => {
            return vec![check.error(
                format!(
                    "there is no deployment group {}/{}",
                    settings.application, settings.group
                ),
                "correct application and group of the stage, or create the group",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let platform = text(&found, "computePlatform");
    if platform != "ECS" {
        return vec![check.error(
            format!("the deployment group is of the platform {platform}, not ECS"),
            "name a group of an application of the compute platform ECS",
        )];
    }
    let id = &at.place.service;
    let is_ours = |target: &Value| {
        text(target, "clusterName") == id.cluster.as_str()
            && text(target, "serviceName") == id.service.as_str()
    };
    if !items(&found, "ecsServices").iter().any(is_ours) {
        return vec![check.error(
            format!(
                "the deployment group does not target {}/{}",
                id.cluster, id.service
            ),
            "name the group that targets the stage's service, or correct its ecsServices",
        )];
    }
    let mut findings = vec![check.ok("the deployment group targets the service")];
    let of_stage = settings.configuration.as_ref().map(|it| it.as_str());
    let configuration = of_stage.or(found["deploymentConfigName"].as_str());
    let pairs = items(&found["loadBalancerInfo"], "targetGroupPairInfoList").iter();
    let listeners = pairs.flat_map(|pair| items(&pair["prodTrafficRoute"], "listenerArns"));
    let listeners = listeners.filter_map(Value::as_str);
    if let Some(unfit) = only_all_at_once(configuration, listeners) {
        findings.push(check.error(
            unfit.to_string(),
            "set another configuration in the stage's `engine` or in the deployment group",
        ));
    }
    findings
}

/// A stage's deployment group, as CodeDeploy shows it.
pub(crate) async fn deployment_group<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    settings: &CodeDeploySettings,
) -> Result<Value, towpath_deployer::ports::CallError> {
    let input =
        json!({ "applicationName": settings.application, "deploymentGroupName": settings.group });
    let read = reads.read(&at.spot, "codedeploy:GetDeploymentGroup", input);
    Ok(read.await?["deploymentGroupInfo"].clone())
}

/// Whether there is no such deployment group, as that check says.
pub(crate) fn is_missing(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("ApplicationDoesNotExistException" | "DeploymentGroupDoesNotExistException")
    )
}

/// The function that is called in the stage's own account: neither CodeDeploy nor ECS is given one
/// elsewhere.
async fn hook<R: Reads>(reads: &R, at: &StageAt<'_>, name: &FunctionName) -> Finding {
    let check = at.check("hook");
    match functions::configuration(reads, &at.spot, name.as_str()).await {
        Ok(Some(found)) => match functions::state(&check, &found) {
            fine if fine.help.is_none() => check.ok(format!("{name} can run")),
            problem => problem,
        },
        Ok(None) => check.error(
            format!(
                "there is no function {name} in {}/{}, so every hook would fail",
                at.place.service.account, at.place.service.region
            ),
            "correct `hook` of the stage, or install the function there: infra/deployer in the \
             deployer's own account, infra/target-account in others",
        ),
        Err(error) => check.unknown(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    #[test]
    fn the_controller_and_the_strategy_tell_the_engine() {
        let service = |controller: &str, strategy: &str| {
            json!({ "deploymentController": { "type": controller },
                "deploymentConfiguration": { "strategy": strategy } })
        };
        assert_eq!(
            written(EngineKind::CodeDeploy),
            "`engine: {codedeploy: {application: shop-api, group: production}}`, with the names of \
             your own application and group,"
        );
        assert_eq!(written(EngineKind::Ecs), "`engine: {ecs: {}}`");
        for (controller, strategy, engine) in [
            ("CODE_DEPLOY", "", Ok(EngineKind::CodeDeploy)),
            ("ECS", "ROLLING", Ok(EngineKind::Rolling)),
            ("", "", Ok(EngineKind::Rolling)),
            ("ECS", "BLUE_GREEN", Ok(EngineKind::Ecs)),
            ("ECS", "LINEAR", Ok(EngineKind::Ecs)),
            ("ECS", "CANARY", Ok(EngineKind::Ecs)),
            (
                "EXTERNAL",
                "",
                Err("no engine works with the deployment controller EXTERNAL".to_owned()),
            ),
        ] {
            assert_eq!(fitting(&service(controller, strategy)), engine);
        }
    }

    #[test]
    fn a_service_of_express_mode_fits_no_engine() {
        let service = json!({ "deploymentController": { "type": "ECS" },
            "deploymentConfiguration": { "strategy": "CANARY" }, "resourceManagementType": "ECS" });
        let said = fitting(&service).unwrap_err();
        assert!(said.contains("ECS Express Mode"), "{said}");
    }

    #[test]
    fn a_stage_with_another_engine_is_an_error() {
        let mut seen = stage_state();
        assert_eq!(
            report(&check(&seen)),
            ["ok: codedeploy, with the deployment controller CODE_DEPLOY"]
        );
        seen.service["deploymentController"]["type"] = json!("ECS");
        assert_eq!(
            report(&check(&seen)),
            ["error: the stage rolls out by `codedeploy`, but the service is set up for `rolling`"]
        );
    }

    #[tokio::test]
    async fn a_canary_behind_a_network_load_balancer_is_an_error() {
        let at = stage_state().at;
        let group = |configuration: &str, kind: &str| {
            json!({ "deploymentGroupInfo": { "computePlatform": "ECS",
                "deploymentConfigName": configuration,
                "loadBalancerInfo": { "targetGroupPairInfoList": [{ "prodTrafficRoute": {
                    "listenerArns": [format!("arn:aws:elasticloadbalancing:eu-west-1:1:listener/{kind}/shop/1/2")] } }] },
                "ecsServices": [{ "clusterName": "shop", "serviceName": "api" }] } })
        };
        for (configuration, kind, refused) in [
            ("CodeDeployDefault.ECSCanary10Percent5Minutes", "net", true),
            ("CodeDeployDefault.ECSCanary10Percent5Minutes", "app", false),
            ("CodeDeployDefault.ECSAllAtOnce", "net", false),
        ] {
            let answers = Replies::default()
                .say("codedeploy:GetDeploymentGroup", group(configuration, kind))
                .say(
                    "lambda:GetFunctionConfiguration",
                    json!({ "State": "Active" }),
                );
            let told = report(&check_parts(&answers, &at).await);
            let said = told.iter().any(|it| {
                it.starts_with("error: ") && it.contains("listener of a Network Load Balancer")
            });
            assert_eq!(said, refused, "{configuration} {kind}: {told:?}");
        }
    }

    #[tokio::test]
    async fn the_group_targets_the_service_and_the_hook_is_there() {
        let at = stage_state().at;
        let group = |service: &str| {
            json!({ "deploymentGroupInfo": { "computePlatform": "ECS",
                "ecsServices": [{ "clusterName": "shop", "serviceName": service }] } })
        };
        let fine = Replies::default()
            .say("codedeploy:GetDeploymentGroup", group("api"))
            .say(
                "lambda:GetFunctionConfiguration",
                json!({ "State": "Active" }),
            );
        assert_eq!(
            report(&check_parts(&fine, &at).await),
            [
                "ok: the deployment group targets the service",
                "ok: towpath-lifecycle-hook can run"
            ]
        );
        let wrong = fine
            .first("codedeploy:GetDeploymentGroup", group("other"))
            .refuse(
                "lambda:GetFunctionConfiguration",
                "ResourceNotFoundException",
            );
        assert_eq!(
            report(&check_parts(&wrong, &at).await),
            [
                "error: the deployment group does not target shop/api",
                "error: there is no function towpath-lifecycle-hook in 111111111111/eu-west-1, so every hook would fail"
            ]
        );
        let gone = wrong.refuse(
            "codedeploy:GetDeploymentGroup",
            "DeploymentGroupDoesNotExistException",
        );
        assert_eq!(
            report(&check_parts(&gone, &at).await)[0],
            "error: there is no deployment group shop/production"
        );
    }
}
