//! AWS CodeDeploy: the lab's answers, read as the adapter reads AWS's.

use serde_json::{Value, json};
use towpath_core::names::DeploymentId;
use towpath_core::release::{ActionKind, Place};
use towpath_deployer::ports::{
    CallError, CodeDeploy, DeploymentGroup, DeploymentInfo, DeploymentProgress, NewDeployment, Wait,
};

use super::Port;
use super::ecs::{parsed, seconds};
use crate::fate::How;
use crate::planted::Flaw;
use crate::set_up;
use crate::simulation::Simulation;

const GET_GROUP: &str = "codedeploy:GetDeploymentGroup";
const CREATE: &str = "codedeploy:CreateDeployment";
const GET: &str = "codedeploy:GetDeployment";
const GET_TARGET: &str = "codedeploy:GetDeploymentTarget";
const LIST: &str = "codedeploy:ListDeployments";
const BATCH_GET: &str = "codedeploy:BatchGetDeployments";
const CONTINUE: &str = "codedeploy:ContinueDeployment";
const STOP: &str = "codedeploy:StopDeployment";
const ANSWER_HOOK: &str = "codedeploy:PutLifecycleEventHookExecutionStatus";

impl Port {
    fn codedeploy(
        &self,
        simulation: &mut Simulation,
        (account, region): (&str, &str),
        named: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let operation = named.strip_prefix("codedeploy:").unwrap_or(named);
        let principal = self.by.function;
        simulation
            .aws(
                (account, region),
                principal,
                ("codedeploy", operation),
                input,
            )
            .map_err(|error| crate::simulation::refused(named, error))
    }

    async fn get(
        &self,
        at: (&str, &str),
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError> {
        let input = json!({ "deploymentId": id });
        self.call(GET, How::Read, |simulation, stale| {
            match self.codedeploy(simulation, at, GET, &input) {
                Ok(answer) => {
                    let info = &answer["deploymentInfo"];
                    let created = seconds(&info["createTime"]);
                    if stale && created.is_some_and(|at| simulation.is_fresh(at)) {
                        return Ok(None);
                    }
                    let mut read = info_of(GET, info)?;
                    if simulation.flaw == Some(Flaw::RollbackTakenForSuccess)
                        && read.rolled_back_by.is_some()
                    {
                        read.status = "Succeeded".into();
                        simulation.lies += 1;
                    }
                    Ok(Some(read))
                }
                Err(error) if error.code() == Some("DeploymentDoesNotExistException") => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }
}

fn at(place: &Place) -> (&str, &str) {
    (
        place.service.account.as_str(),
        place.service.region.as_str(),
    )
}

impl CodeDeploy for Port {
    async fn deployment_group(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Option<DeploymentGroup>, CallError> {
        let input = json!({ "applicationName": application, "deploymentGroupName": group });
        self.call(GET_GROUP, How::ReadNow, |simulation, _| {
            match self.codedeploy(simulation, at(place), GET_GROUP, &input) {
                Ok(answer) => Ok(Some(group_of(&answer["deploymentGroupInfo"]))),
                Err(error) if is_missing(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn create_deployment(
        &self,
        place: &Place,
        new: &NewDeployment,
    ) -> Result<DeploymentId, CallError> {
        let mut input = json!({
            "applicationName": new.application,
            "deploymentGroupName": new.group,
            "revision": { "revisionType": "AppSpecContent",
                "appSpecContent": { "content": new.appspec } },
            "description": new.description,
            "autoRollbackConfiguration": { "enabled": true, "events": ["DEPLOYMENT_FAILURE",
                "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"] },
        });
        if let Some(configuration) = &new.configuration {
            input["deploymentConfigName"] = json!(configuration);
        }
        if new.ignore_alarms {
            input["overrideAlarmConfiguration"] = json!({ "enabled": false });
        }
        self.call(CREATE, How::Change, |simulation, _| {
            let kinds = [ActionKind::Start, ActionKind::RollBack];
            simulation.before_change(&self.by, place, &kinds);
            let appspec: Value = serde_json::from_str(&new.appspec).unwrap_or_default();
            let named = appspec.pointer("/Resources/0/TargetService/Properties/TaskDefinition");
            let revision = parsed(CREATE, named.unwrap_or(&Value::Null))?;
            let shown = simulation.service(&place.service);
            let answer = self.codedeploy(simulation, at(place), CREATE, &input)?;
            simulation.before_start_on(&self.by, place, &revision, shown.as_ref());
            parsed(CREATE, &answer["deploymentId"])
        })
        .await
    }

    async fn deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError> {
        self.get(at(place), id).await
    }

    async fn deployment_here(
        &self,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError> {
        let home = set_up::home();
        self.get((home.account.as_str(), home.region.as_str()), id)
            .await
    }

    async fn progress(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<DeploymentProgress, CallError> {
        let target = format!("{}:{}", place.service.cluster, place.service.service);
        let input = json!({ "deploymentId": id, "targetId": target });
        self.call(GET_TARGET, How::ReadNow, |simulation, stale| {
            match self.codedeploy(simulation, at(place), GET_TARGET, &input) {
                Ok(answer) => {
                    let progress = progress_of(&answer["deploymentTarget"]["ecsTarget"]);
                    Ok(if stale {
                        one_event_ago(progress)
                    } else {
                        progress
                    })
                }
                Err(error)
                    if matches!(
                        error.code(),
                        Some(
                            "DeploymentNotStartedException"
                                | "DeploymentTargetDoesNotExistException"
                        )
                    ) =>
                {
                    Ok(DeploymentProgress::default())
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn recent_deployments(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Vec<DeploymentInfo>, CallError> {
        let input = json!({ "applicationName": application, "deploymentGroupName": group });
        self.call(LIST, How::Read, |simulation, stale| {
            if simulation.flaw == Some(Flaw::NoAdoption) {
                return Ok(Vec::new());
            }
            let listed = self.codedeploy(simulation, at(place), LIST, &input)?;
            let ids = listed["deployments"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let mut infos = Vec::new();
            for batch in ids.chunks(25) {
                let input = json!({ "deploymentIds": batch });
                let answer = self.codedeploy(simulation, at(place), BATCH_GET, &input)?;
                let found = answer["deploymentsInfo"].as_array().cloned();
                infos.extend(found.unwrap_or_default());
            }
            if stale {
                infos.retain(|info| {
                    let created_at = seconds(&info["createTime"]);
                    !simulation.leaves_out(&info["deploymentId"], created_at)
                });
            }
            infos.sort_by_key(|info| std::cmp::Reverse(seconds(&info["createTime"])));
            infos.iter().map(|info| info_of(BATCH_GET, info)).collect()
        })
        .await
    }

    async fn stop_deployment(&self, place: &Place, id: &DeploymentId) -> Result<(), CallError> {
        let input = json!({ "deploymentId": id, "autoRollbackEnabled": true });
        self.call(STOP, How::Change, |simulation, _| {
            let kinds = [ActionKind::RollBack, ActionKind::Start];
            simulation.before_change(&self.by, place, &kinds);
            match self.codedeploy(simulation, at(place), STOP, &input) {
                Err(error) if error.code() == Some("DeploymentAlreadyCompletedException") => Ok(()),
                sent => sent.map(drop),
            }
        })
        .await
    }

    async fn continue_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
        wait: Wait,
    ) -> Result<(), CallError> {
        let named = match wait {
            Wait::Ready => "READY_WAIT",
            Wait::Termination => "TERMINATION_WAIT",
        };
        let input = json!({ "deploymentId": id, "deploymentWaitType": named });
        self.call(CONTINUE, How::Change, |simulation, _| {
            match wait {
                Wait::Ready => simulation.before_letting_through(&self.by, place),
                Wait::Termination => {
                    let kinds = [ActionKind::Start, ActionKind::RollBack];
                    simulation.before_change(&self.by, place, &kinds);
                }
            }
            match self.codedeploy(simulation, at(place), CONTINUE, &input) {
                Err(error)
                    if matches!(
                        error.code(),
                        Some(
                            "DeploymentAlreadyCompletedException"
                                | "DeploymentIsNotInReadyStateException"
                                | "InvalidDeploymentStatusException"
                        )
                    ) =>
                {
                    Ok(())
                }
                sent => sent.map(drop),
            }
        })
        .await
    }

    async fn answer_hook(
        &self,
        place: Option<&Place>,
        id: &DeploymentId,
        execution: &str,
        passed: bool,
    ) -> Result<(), CallError> {
        let home = set_up::home();
        let here = (home.account.as_str(), home.region.as_str());
        let status = if passed { "Succeeded" } else { "Failed" };
        let input = json!({ "deploymentId": id, "lifecycleEventHookExecutionId": execution,
            "status": status });
        self.call(ANSWER_HOOK, How::Change, |simulation, _| {
            let at = place.map_or(here, at);
            match self.codedeploy(simulation, at, ANSWER_HOOK, &input) {
                Err(error) if error.code() == Some("LifecycleEventAlreadyCompletedException") => {
                    Ok(())
                }
                sent => sent.map(drop),
            }
        })
        .await
    }
}

/// How a deployment was shown that has come to its event just now.
fn one_event_ago(mut progress: DeploymentProgress) -> DeploymentProgress {
    let mut events = progress.lifecycle.iter();
    let current = events.position(|(_, status)| status == "InProgress");
    if let Some(before) = current.and_then(|current| current.checked_sub(1)) {
        progress.lifecycle[before].1 = "InProgress".into();
        progress.lifecycle[before + 1].1 = "Pending".into();
    }
    progress
}

fn is_missing(error: &CallError) -> bool {
    matches!(
        error.code(),
        Some("ApplicationDoesNotExistException" | "DeploymentGroupDoesNotExistException")
    )
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn group_of(info: &Value) -> DeploymentGroup {
    let option = &info["blueGreenDeploymentConfiguration"]["deploymentReadyOption"];
    let waits = option["actionOnTimeout"] == "STOP_DEPLOYMENT";
    let minutes = option["waitTimeInMinutes"].as_u64().unwrap_or_default();
    DeploymentGroup {
        platform: text(&info["computePlatform"]),
        targets: list(&info["ecsServices"])
            .map(|it| (text(&it["clusterName"]), text(&it["serviceName"])))
            .collect(),
        configuration: info["deploymentConfigName"].as_str().map(str::to_owned),
        listeners: list(&info["loadBalancerInfo"]["targetGroupPairInfoList"])
            .flat_map(|pair| list(&pair["prodTrafficRoute"]["listenerArns"]))
            .map(text)
            .collect(),
        ready_minutes: waits.then(|| u32::try_from(minutes).unwrap_or_default()),
    }
}

fn info_of(operation: &'static str, info: &Value) -> Result<DeploymentInfo, CallError> {
    let other = |id: &Value| {
        let id = id.as_str().filter(|id| !id.is_empty());
        id.and_then(|id| id.parse().ok())
    };
    let error = info.get("errorInformation");
    let rollback = &info["rollbackInfo"];
    Ok(DeploymentInfo {
        id: parsed(operation, &info["deploymentId"])?,
        status: text(&info["status"]),
        description: text(&info["description"]),
        error: error.map(|error| (text(&error["code"]), text(&error["message"]))),
        ended_at: seconds(&info["completeTime"]),
        rolled_back_by: other(&rollback["rollbackDeploymentId"]),
        rolls_back: other(&rollback["rollbackTriggeringDeploymentId"]),
    })
}

fn progress_of(target: &Value) -> DeploymentProgress {
    let green = list(&target["taskSetsInfo"]).find(|set| set["taskSetLabel"] == "Green");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    let percentage = |weight: f64| weight.clamp(0.0, 100.0).round() as u8;
    DeploymentProgress {
        lifecycle: list(&target["lifecycleEvents"])
            .map(|event| (text(&event["lifecycleEventName"]), text(&event["status"])))
            .collect(),
        green_traffic: green
            .map(|set| percentage(set["trafficWeight"].as_f64().unwrap_or_default())),
        // AWS spells it so.
        green: green
            .and_then(|set| set["identifer"].as_str())
            .map(str::to_owned),
    }
}
