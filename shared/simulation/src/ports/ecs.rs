//! Amazon ECS: the lab's answers, passed on.

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::{ActionKind, Place};
use towpath_deployer::ports::{CallError, Ecs, PauseAnswer, ServiceDeploymentBrief};

use super::Port;
use crate::fate::How;
use crate::planted::Flaw;
use crate::simulation::Simulation;

const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
const DESCRIBE_TASK_DEFINITION: &str = "ecs:DescribeTaskDefinition";
const LIST_TASK_DEFINITIONS: &str = "ecs:ListTaskDefinitions";
const REGISTER: &str = "ecs:RegisterTaskDefinition";
const UPDATE_SERVICE: &str = "ecs:UpdateService";
const LIST_TASKS: &str = "ecs:ListTasks";
const DESCRIBE_TASKS: &str = "ecs:DescribeTasks";
const RUN_TASK: &str = "ecs:RunTask";
const STOP_TASK: &str = "ecs:StopTask";
const DESCRIBE_DEPLOYMENTS: &str = "ecs:DescribeServiceDeployments";
const LIST_DEPLOYMENTS: &str = "ecs:ListServiceDeployments";
const DESCRIBE_REVISIONS: &str = "ecs:DescribeServiceRevisions";
const STOP: &str = "ecs:StopServiceDeployment";
const CONTINUE: &str = "ecs:ContinueServiceDeployment";

impl Port {
    fn ecs(
        &self,
        simulation: &mut Simulation,
        place: &Place,
        named: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let operation = named.strip_prefix("ecs:").unwrap_or(named);
        self.ask(simulation, place, ("ecs", operation, named), input)
    }
}

impl Ecs for Port {
    async fn describe_service(&self, place: &Place) -> Result<Option<Value>, CallError> {
        let input =
            json!({ "cluster": place.service.cluster, "services": [place.service.service] });
        self.call(DESCRIBE_SERVICES, How::Read, |simulation, stale| {
            if stale && let Some(before) = simulation.shown_before(&place.service) {
                let now = simulation.now;
                simulation.seen.shown_as_before(&place.service, now);
                return Ok(Some(before));
            }
            let mut answer = self.ecs(simulation, place, DESCRIBE_SERVICES, &input)?;
            let service = answer.pointer_mut("/services/0").map(Value::take);
            let service = service.filter(|service| service["status"] != "INACTIVE");
            Ok(simulation.shown(&self.by, place, service))
        })
        .await
    }

    async fn describe_task_definition(
        &self,
        place: &Place,
        reference: &str,
    ) -> Result<Option<Value>, CallError> {
        let input = json!({ "taskDefinition": reference, "include": ["TAGS"] });
        self.call(
            DESCRIBE_TASK_DEFINITION,
            How::ReadNow,
            |simulation, _| match self.ecs(simulation, place, DESCRIBE_TASK_DEFINITION, &input) {
                Ok(described) => Ok(Some(described)),
                Err(error) if error.code() == Some("ClientException") => Ok(None),
                Err(error) => Err(error),
            },
        )
        .await
    }

    async fn task_definition_as_read(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Option<Value>, CallError> {
        self.describe_task_definition(place, revision.as_str())
            .await
    }

    async fn newest_revisions(
        &self,
        place: &Place,
        family: &str,
        limit: u8,
    ) -> Result<Vec<TaskDefinitionArn>, CallError> {
        let input = json!({ "familyPrefix": family, "status": "ACTIVE", "sort": "DESC",
            "maxResults": limit });
        self.call(LIST_TASK_DEFINITIONS, How::Read, |simulation, stale| {
            if simulation.flaw == Some(Flaw::NoAdoption) {
                return Ok(Vec::new());
            }
            let answer = self.ecs(simulation, place, LIST_TASK_DEFINITIONS, &input)?;
            let listed = texts(&answer, "taskDefinitionArns")
                .filter(|arn| arn.contains(&format!("/{family}:")));
            let mut revisions = Vec::new();
            for arn in listed {
                let named = json!({ "taskDefinition": arn });
                if stale {
                    let it = self.ecs(simulation, place, DESCRIBE_TASK_DEFINITION, &named)?;
                    let registered_at = seconds(&it["taskDefinition"]["registeredAt"]);
                    if simulation.leaves_out(&named, registered_at) {
                        continue;
                    }
                }
                revisions.extend(arn.parse().ok());
            }
            Ok(revisions)
        })
        .await
    }

    async fn register_task_definition(
        &self,
        place: &Place,
        document: &Value,
    ) -> Result<TaskDefinitionArn, CallError> {
        self.call(REGISTER, How::Change, |simulation, _| {
            simulation.before_change(&self.by, place, &[ActionKind::Register]);
            let document = simulation.registering(&self.by, document);
            let answer = self.ecs(simulation, place, REGISTER, &document)?;
            let arn = parsed(REGISTER, &answer["taskDefinition"]["taskDefinitionArn"])?;
            simulation.registered(&self.by, place, &document);
            Ok(arn)
        })
        .await
    }

    async fn update_service(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Value, CallError> {
        let input = json!({ "cluster": place.service.cluster, "service": place.service.service,
            "taskDefinition": revision });
        self.call(UPDATE_SERVICE, How::ChangeShown, |simulation, stale| {
            let kinds = [ActionKind::Start, ActionKind::RollBack];
            simulation.before_change(&self.by, place, &kinds);
            simulation.before_start(&self.by, place, revision);
            simulation.about_to_change(&place.service);
            let mut answer = self.ecs(simulation, place, UPDATE_SERVICE, &input)?;
            let mut shown = answer["service"].take();
            // The lab's answers from before show what was asked for, too.
            if stale && let Some(mut before) = simulation.shown_before(&place.service) {
                before["taskDefinition"] = shown["taskDefinition"].take();
                shown = before;
            }
            Ok(shown)
        })
        .await
    }

    async fn stopped_reasons(
        &self,
        place: &Place,
        started_by: &str,
    ) -> Result<Vec<String>, CallError> {
        self.call(LIST_TASKS, How::ReadNow, |simulation, _| {
            let listed = self.tasks(simulation, place, "STOPPED", started_by)?;
            if listed.is_empty() {
                return Ok(Vec::new());
            }
            let input = json!({ "cluster": place.service.cluster, "tasks": listed });
            let described = self.ecs(simulation, place, DESCRIBE_TASKS, &input)?;
            let tasks = described["tasks"].as_array().cloned().unwrap_or_default();
            let mut reasons: Vec<_> = tasks
                .iter()
                .filter_map(|task| task["stoppedReason"].as_str())
                .filter(|reason| !reason.starts_with("Scaling activity"))
                .map(str::to_owned)
                .collect();
            reasons.sort();
            reasons.dedup();
            reasons.truncate(3);
            Ok(reasons)
        })
        .await
    }

    async fn run_task(&self, place: &Place, document: &Value) -> Result<DeploymentId, CallError> {
        self.call(RUN_TASK, How::Change, |simulation, _| {
            simulation.before_change(&self.by, place, &[ActionKind::RunTask]);
            let answer = self.ecs(simulation, place, RUN_TASK, document)?;
            let task = parsed(RUN_TASK, &answer["tasks"][0]["taskArn"])?;
            let started_by = document["startedBy"].as_str().unwrap_or_default();
            simulation.ran_task(started_by, &task);
            Ok(task)
        })
        .await
    }

    async fn task_started_by(
        &self,
        place: &Place,
        _: &TaskDefinitionArn,
        started_by: &str,
    ) -> Result<Option<DeploymentId>, CallError> {
        self.call(LIST_TASKS, How::Read, |simulation, stale| {
            let mut found = self.tasks(simulation, place, "RUNNING", started_by)?;
            found.extend(self.tasks(simulation, place, "STOPPED", started_by)?);
            let Some(arn) = found.first() else {
                return Ok(None);
            };
            let named = json!({ "cluster": place.service.cluster, "tasks": [arn] });
            let described = self.ecs(simulation, place, DESCRIBE_TASKS, &named)?;
            let created_at = seconds(&described["tasks"][0]["createdAt"]);
            if stale && simulation.leaves_out(&named, created_at) {
                return Ok(None);
            }
            Ok(arn.parse().ok())
        })
        .await
    }

    async fn task(&self, place: &Place, task: &DeploymentId) -> Result<Option<Value>, CallError> {
        let input = json!({ "cluster": place.service.cluster, "tasks": [task] });
        self.call(DESCRIBE_TASKS, How::ReadNow, |simulation, _| {
            let mut answer = self.ecs(simulation, place, DESCRIBE_TASKS, &input)?;
            Ok(answer.pointer_mut("/tasks/0").map(Value::take))
        })
        .await
    }

    async fn stop_task(
        &self,
        place: &Place,
        task: &DeploymentId,
        reason: &str,
    ) -> Result<(), CallError> {
        let input = json!({ "cluster": place.service.cluster, "task": task, "reason": reason });
        self.call(STOP_TASK, How::Change, |simulation, _| {
            simulation.before_stopping(&self.by, place, task);
            self.ecs(simulation, place, STOP_TASK, &input).map(drop)
        })
        .await
    }

    async fn service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<Value>, CallError> {
        let input = json!({ "serviceDeploymentArns": [id] });
        self.call(DESCRIBE_DEPLOYMENTS, How::Read, |simulation, stale| {
            let mut answer = self.ecs(simulation, place, DESCRIBE_DEPLOYMENTS, &input)?;
            let found = answer.pointer_mut("/serviceDeployments/0").map(Value::take);
            let hidden = |found: &Value| {
                let created = seconds(&found["createdAt"]);
                created.is_some_and(|at| simulation.is_fresh(at))
            };
            Ok(found.filter(|found| !(stale && hidden(found))))
        })
        .await
    }

    async fn recent_service_deployments(
        &self,
        place: &Place,
    ) -> Result<Vec<ServiceDeploymentBrief>, CallError> {
        let input = json!({ "cluster": place.service.cluster, "service": place.service.service,
            "maxResults": 100 });
        self.call(LIST_DEPLOYMENTS, How::Read, |simulation, stale| {
            if simulation.flaw == Some(Flaw::NoAdoption) {
                return Ok(Vec::new());
            }
            let answer = self.ecs(simulation, place, LIST_DEPLOYMENTS, &input)?;
            let listed = answer["serviceDeployments"].as_array();
            let mut briefs = Vec::new();
            for listed in listed.into_iter().flatten() {
                let created_at = seconds(&listed["createdAt"]);
                let named = &listed["serviceDeploymentArn"];
                if stale && simulation.leaves_out(named, created_at) {
                    continue;
                }
                briefs.push(ServiceDeploymentBrief {
                    id: parsed(LIST_DEPLOYMENTS, &listed["serviceDeploymentArn"])?,
                    target: listed["targetServiceRevisionArn"]
                        .as_str()
                        .map(str::to_owned),
                    created_at,
                    status: listed["status"].as_str().unwrap_or_default().to_owned(),
                });
            }
            briefs.sort_by_key(|brief| std::cmp::Reverse(brief.created_at));
            Ok(briefs)
        })
        .await
    }

    async fn task_definition_of(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<TaskDefinitionArn>, CallError> {
        let revision = self.service_revision(place, service_revision).await?;
        let definition = revision.and_then(|it| it["taskDefinition"].as_str().map(str::to_owned));
        Ok(definition.and_then(|it| it.parse().ok()))
    }

    async fn service_revision(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<Value>, CallError> {
        let input = json!({ "serviceRevisionArns": [service_revision] });
        self.call(DESCRIBE_REVISIONS, How::ReadNow, |simulation, _| {
            let mut answer = self.ecs(simulation, place, DESCRIBE_REVISIONS, &input)?;
            Ok(answer.pointer_mut("/serviceRevisions/0").map(Value::take))
        })
        .await
    }

    async fn stop_service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<(), CallError> {
        let input = json!({ "serviceDeploymentArn": id, "stopType": "ROLLBACK" });
        self.call(STOP, How::Change, |simulation, _| {
            simulation.before_change(&self.by, place, &[ActionKind::RollBack]);
            match self.ecs(simulation, place, STOP, &input) {
                Err(error) if error.code() == Some("ConflictException") => Ok(()),
                sent => sent.map(drop),
            }
        })
        .await
    }

    async fn answer_pause(
        &self,
        place: &Place,
        id: &DeploymentId,
        pause: &PauseId,
        answer: PauseAnswer,
    ) -> Result<(), CallError> {
        let action = match answer {
            PauseAnswer::Continue => "CONTINUE",
            PauseAnswer::RollBack => "ROLLBACK",
        };
        let input = json!({ "serviceDeploymentArn": id, "hookId": pause, "action": action });
        self.call(CONTINUE, How::Change, |simulation, _| {
            match answer {
                PauseAnswer::Continue => simulation.before_letting_through(&self.by, place),
                PauseAnswer::RollBack => {
                    simulation.before_change(&self.by, place, &[ActionKind::RollBack]);
                }
            }
            self.ecs(simulation, place, CONTINUE, &input).map(drop)
        })
        .await
    }
}

impl Port {
    fn tasks(
        &self,
        simulation: &mut Simulation,
        place: &Place,
        status: &str,
        started_by: &str,
    ) -> Result<Vec<String>, CallError> {
        let input = json!({ "cluster": place.service.cluster, "desiredStatus": status,
            "startedBy": started_by });
        let listed = self.ecs(simulation, place, LIST_TASKS, &input)?;
        Ok(texts(&listed, "taskArns").map(str::to_owned).collect())
    }
}

fn texts<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let listed = answer[member].as_array();
    listed.into_iter().flatten().filter_map(Value::as_str)
}

/// A time as the JSON protocols write it.
pub(super) fn seconds(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds since the epoch fit"
    )]
    Timestamp::from_millisecond((seconds * 1e3).round() as i64).ok()
}

/// A name in an answer.
pub(super) fn parsed<T: std::str::FromStr>(
    operation: &'static str,
    value: &Value,
) -> Result<T, CallError> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| CallError::Unknown {
        operation,
        message: format!("the answer cannot be read: {value}"),
    })
}
