//! Amazon ECS: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/Welcome.html>.

mod service_deployments;
mod started_by;
mod stopped;
mod task;

use aws_sdk_ecs::types::{SortOrder, TaskDefinitionField, TaskDefinitionStatus};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::Place;
use towpath_deployer::ports::{CallError, Ecs, PauseAnswer, ServiceDeploymentBrief};

use self::started_by::{Among, PAGE, StartedBy};
use crate::aws::Aws;
use crate::call::{classify, failed, present, refused, unreadable};
use crate::http::sent_once;
use crate::raw::{Answer, replace_body};

const DESCRIBE_SERVICES: &str = "ecs:DescribeServices";
const DESCRIBE_TASK_DEFINITION: &str = "ecs:DescribeTaskDefinition";
const LIST_TASK_DEFINITIONS: &str = "ecs:ListTaskDefinitions";
const REGISTER_TASK_DEFINITION: &str = "ecs:RegisterTaskDefinition";
const UPDATE_SERVICE: &str = "ecs:UpdateService";
const LIST_TASKS: &str = "ecs:ListTasks";
const DESCRIBE_TASKS: &str = "ecs:DescribeTasks";

impl Ecs for Aws {
    async fn describe_service(&self, place: &Place) -> Result<Option<Value>, CallError> {
        let set = self.clients().at(place).await?;
        let answer = Answer::default();
        set.ecs()
            .describe_services()
            .cluster(place.service.cluster.as_str())
            .services(place.service.service.as_str())
            .customize()
            .interceptor(answer.clone())
            .send()
            .await
            .map_err(failed(DESCRIBE_SERVICES))?;
        only_service(answer.json(DESCRIBE_SERVICES)?)
    }

    async fn describe_task_definition(
        &self,
        place: &Place,
        reference: &str,
    ) -> Result<Option<Value>, CallError> {
        let set = self.clients().at(place).await?;
        let answer = Answer::default();
        let sent = set
            .ecs()
            .describe_task_definition()
            .task_definition(reference)
            .include(TaskDefinitionField::Tags)
            .customize()
            .interceptor(answer.clone())
            .send()
            .await;
        match sent {
            Ok(_) => {
                let described = answer.json(DESCRIBE_TASK_DEFINITION)?;
                self.definitions().keep(place, &described);
                Ok(Some(described))
            }
            // ECS has no code of its own for a revision or family that does not exist.
            Err(error)
                if error.code() == Some("ClientException")
                    && error.message().is_some_and(|said| {
                        said.contains("Unable to describe task definition")
                    }) =>
            {
                Ok(None)
            }
            Err(error) => Err(classify(DESCRIBE_TASK_DEFINITION, &error)),
        }
    }

    async fn task_definition_as_read(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Option<Value>, CallError> {
        match self.definitions().take(place, revision) {
            Some(known) => Ok(Some(known)),
            None => {
                self.describe_task_definition(place, revision.as_str())
                    .await
            }
        }
    }

    async fn newest_revisions(
        &self,
        place: &Place,
        family: &str,
        limit: u8,
    ) -> Result<Vec<TaskDefinitionArn>, CallError> {
        let set = self.clients().at(place).await?;
        let answer = set
            .ecs()
            .list_task_definitions()
            .family_prefix(family)
            .status(TaskDefinitionStatus::Active)
            .sort(SortOrder::Desc)
            .max_results(i32::from(limit.clamp(1, 100)))
            .send()
            .await
            .map_err(failed(LIST_TASK_DEFINITIONS))?;
        let arns = answer
            .task_definition_arns
            .unwrap_or_default()
            .into_iter()
            .map(|arn| {
                arn.parse()
                    .map_err(|error| unreadable(LIST_TASK_DEFINITIONS, error))
            })
            .collect::<Result<Vec<TaskDefinitionArn>, _>>()?;
        Ok(newest(arns, family, usize::from(limit)))
    }

    async fn register_task_definition(
        &self,
        place: &Place,
        document: &Value,
    ) -> Result<TaskDefinitionArn, CallError> {
        let set = self.clients().at(place).await?;
        let answer = set
            .ecs()
            .register_task_definition()
            .customize()
            .mutate_request(replace_body(document))
            .config_override(sent_once!(aws_sdk_ecs, set))
            .send()
            .await
            .map_err(|error| register_failed(&error))?;
        let arn = answer
            .task_definition
            .and_then(|definition| definition.task_definition_arn);
        present(REGISTER_TASK_DEFINITION, "taskDefinitionArn", arn)?
            .parse()
            .map_err(|error| unreadable(REGISTER_TASK_DEFINITION, error))
    }

    async fn update_service(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
    ) -> Result<Value, CallError> {
        let set = self.clients().at(place).await?;
        let answer = Answer::default();
        // Nothing but the revision: what is omitted stays as it is, and what is sent as an empty
        // list is removed.
        set.ecs()
            .update_service()
            .cluster(place.service.cluster.as_str())
            .service(place.service.service.as_str())
            .task_definition(revision.as_str())
            .customize()
            .interceptor(answer.clone())
            .config_override(sent_once!(aws_sdk_ecs, set))
            .send()
            .await
            .map_err(failed(UPDATE_SERVICE))?;
        let mut answer = answer.json(UPDATE_SERVICE)?;
        present(
            UPDATE_SERVICE,
            "service",
            answer.get_mut("service").map(Value::take),
        )
    }

    async fn stopped_reasons(
        &self,
        place: &Place,
        started_by: &str,
    ) -> Result<Vec<String>, CallError> {
        let set = self.clients().at(place).await?;
        let cluster = place.service.cluster.as_str();
        let tasks = StartedBy {
            set: &set,
            cluster,
            text: started_by,
            among: Among::Service(place.service.service.as_str()),
        };
        // As many as DescribeTasks takes at once.
        let arns = tasks.stopped(PAGE.into()).await?;
        if arns.is_empty() {
            return Ok(Vec::new());
        }
        let described = set
            .ecs()
            .describe_tasks()
            .cluster(cluster)
            .set_tasks(Some(arns))
            .send()
            .await
            .map_err(failed(DESCRIBE_TASKS))?;
        Ok(stopped::reasons(described.tasks.unwrap_or_default()))
    }

    async fn run_task(&self, place: &Place, document: &Value) -> Result<DeploymentId, CallError> {
        task::run(&*self.clients().at(place).await?, document).await
    }

    async fn task_started_by(
        &self,
        place: &Place,
        revision: &TaskDefinitionArn,
        started_by: &str,
    ) -> Result<Option<DeploymentId>, CallError> {
        let set = self.clients().at(place).await?;
        let tasks = StartedBy {
            set: &set,
            cluster: place.service.cluster.as_str(),
            text: started_by,
            among: Among::Family(revision.family()),
        };
        task::find(&tasks).await
    }

    async fn task(&self, place: &Place, task: &DeploymentId) -> Result<Option<Value>, CallError> {
        let set = self.clients().at(place).await?;
        task::describe(&set, place.service.cluster.as_str(), task).await
    }

    async fn stop_task(
        &self,
        place: &Place,
        task: &DeploymentId,
        reason: &str,
    ) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        task::stop(&set, place.service.cluster.as_str(), task, reason).await
    }

    async fn service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<Value>, CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::describe(set.ecs(), id).await
    }

    async fn recent_service_deployments(
        &self,
        place: &Place,
    ) -> Result<Vec<ServiceDeploymentBrief>, CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::list(set.ecs(), &place.service).await
    }

    async fn task_definition_of(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<TaskDefinitionArn>, CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::task_definition_of(set.ecs(), service_revision).await
    }

    async fn service_revision(
        &self,
        place: &Place,
        service_revision: &str,
    ) -> Result<Option<Value>, CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::revision(set.ecs(), service_revision).await
    }

    async fn stop_service_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::stop(set.ecs(), id).await
    }

    async fn answer_pause(
        &self,
        place: &Place,
        id: &DeploymentId,
        pause: &PauseId,
        answer: PauseAnswer,
    ) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        service_deployments::answer_pause(set.ecs(), id, pause, answer).await
    }
}

/// The one service that was asked for.
fn only_service(mut answer: Value) -> Result<Option<Value>, CallError> {
    if let Some(service) = answer.pointer_mut("/services/0") {
        let is_inactive = service["status"] == "INACTIVE";
        return Ok((!is_inactive).then(|| service.take()));
    }
    let failure = answer.pointer("/failures/0");
    match failure.and_then(|failure| failure["reason"].as_str()) {
        None | Some("MISSING") => Ok(None),
        Some(reason) => {
            let detail = failure.and_then(|failure| failure["detail"].as_str());
            Err(refused(
                DESCRIBE_SERVICES,
                reason,
                detail.unwrap_or("ECS gives no detail"),
            ))
        }
    }
}

/// The newest revisions of exactly this family, the newest first.
fn newest(mut arns: Vec<TaskDefinitionArn>, family: &str, limit: usize) -> Vec<TaskDefinitionArn> {
    let revision = |arn: &TaskDefinitionArn| {
        let (before, revision) = arn.as_str().rsplit_once(':')?;
        let (_, name) = before.rsplit_once('/')?;
        (name == family).then(|| revision.parse::<u64>().ok())?
    };
    arns.retain(|arn| revision(arn).is_some());
    arns.sort_by_key(|arn| std::cmp::Reverse(revision(arn)));
    arns.truncate(limit);
    arns
}

fn register_failed<E>(
    error: &aws_smithy_runtime_api::client::result::SdkError<
        E,
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
    >,
) -> CallError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match classify(REGISTER_TASK_DEFINITION, error) {
        // ECS's way of throttling registrations in one family.
        CallError::Refused { message, .. } if message.contains("Too many concurrent attempts") => {
            CallError::NotDone {
                operation: REGISTER_TASK_DEFINITION,
                message,
            }
        }
        error @ (CallError::Refused { .. }
        | CallError::NotDone { .. }
        | CallError::Unknown { .. }) => error,
    }
}
