//! Service deployments, by which ECS moves traffic itself:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html>.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{DeploymentLifecycleHookAction, StopServiceDeploymentStopType};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::ServiceId;
use towpath_deployer::ports::{CallError, PauseAnswer, ServiceDeploymentBrief};

use crate::call::{failed, refused, unreadable};
use crate::raw::Answer;

const DESCRIBE: &str = "ecs:DescribeServiceDeployments";
const LIST: &str = "ecs:ListServiceDeployments";
const DESCRIBE_REVISIONS: &str = "ecs:DescribeServiceRevisions";
const STOP: &str = "ecs:StopServiceDeployment";
const CONTINUE: &str = "ecs:ContinueServiceDeployment";

/// How many service deployments a page holds:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListServiceDeployments.html>.
const PAGE: i32 = 100;

/// The most pages that are read: more than three months have of a service that is deployed every ten
/// minutes of each working day.
const MAX_PAGES: usize = 60;

/// A service deployment as AWS sent it: stages and states that the SDK does not know stay as they
/// are.
pub(super) async fn describe(
    client: &Client,
    id: &DeploymentId,
) -> Result<Option<Value>, CallError> {
    let answer = Answer::default();
    client
        .describe_service_deployments()
        .service_deployment_arns(id.as_str())
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(failed(DESCRIBE))?;
    only(DESCRIBE, answer.json(DESCRIBE)?, "/serviceDeployments/0")
}

/// The one thing that was asked for; `None` when it is missing.
fn only(operation: &'static str, mut answer: Value, at: &str) -> Result<Option<Value>, CallError> {
    if let Some(found) = answer.pointer_mut(at) {
        return Ok(Some(found.take()));
    }
    match answer.pointer("/failures/0/reason").and_then(Value::as_str) {
        None | Some("MISSING") => Ok(None),
        Some(reason) => {
            let detail = answer.pointer("/failures/0/detail").and_then(Value::as_str);
            Err(refused(
                operation,
                reason,
                detail.unwrap_or("ECS gives no detail"),
            ))
        }
    }
}

/// The service's deployments that ECS keeps, those of three months, the newest first. ECS does not say in
/// which order it lists them. Without a filter by time: one that reaches back to their end is refused,
/// `Before and After time filter must be within the last 3 months`.
/// <https://github.com/hashicorp/terraform-provider-aws/issues/43445>
pub(super) async fn list(
    client: &Client,
    service: &ServiceId,
) -> Result<Vec<ServiceDeploymentBrief>, CallError> {
    let mut listed = Vec::new();
    let mut token = None;
    for _ in 0..MAX_PAGES {
        let page = client
            .list_service_deployments()
            .cluster(service.cluster.as_str())
            .service(service.service.as_str())
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(failed(LIST))?;
        listed.extend(page.service_deployments.unwrap_or_default());
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    if token.is_some() {
        return Err(CallError::NotDone {
            operation: LIST,
            message: format!("the list did not end after {} deployments", listed.len()),
        });
    }
    let mut briefs = listed
        .into_iter()
        .map(|brief| {
            let id = brief.service_deployment_arn.unwrap_or_default();
            Ok(ServiceDeploymentBrief {
                id: id.parse().map_err(|error| unreadable(LIST, error))?,
                target: brief.target_service_revision_arn,
                created_at: brief.created_at.and_then(time),
                status: brief
                    .status
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
            })
        })
        .collect::<Result<Vec<_>, CallError>>()?;
    briefs.sort_by_key(|brief| std::cmp::Reverse(brief.created_at));
    Ok(briefs)
}

fn time(at: DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// A service revision as AWS sent it: what the SDK does not know stays as it is.
pub(super) async fn revision(
    client: &Client,
    service_revision: &str,
) -> Result<Option<Value>, CallError> {
    let answer = Answer::default();
    client
        .describe_service_revisions()
        .service_revision_arns(service_revision)
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(failed(DESCRIBE_REVISIONS))?;
    only(
        DESCRIBE_REVISIONS,
        answer.json(DESCRIBE_REVISIONS)?,
        "/serviceRevisions/0",
    )
}

pub(super) async fn task_definition_of(
    client: &Client,
    service_revision: &str,
) -> Result<Option<TaskDefinitionArn>, CallError> {
    let Some(revision) = revision(client, service_revision).await? else {
        return Ok(None);
    };
    let definition = revision.get("taskDefinition").and_then(Value::as_str);
    definition
        .map(|definition| {
            definition
                .parse()
                .map_err(|error| unreadable(DESCRIBE_REVISIONS, error))
        })
        .transpose()
}

/// Stopping with `ROLLBACK` sends the traffic back first. Asking again for it is no harm, so that
/// the SDK may repeat it.
pub(super) async fn stop(client: &Client, id: &DeploymentId) -> Result<(), CallError> {
    let sent = client
        .stop_service_deployment()
        .service_deployment_arn(id.as_str())
        .stop_type(StopServiceDeploymentStopType::Rollback)
        .send()
        .await
        .map_err(failed(STOP));
    match sent {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("ConflictException") => Ok(()),
        Err(error) => Err(error),
    }
}

/// The action is always named: ECS takes an omitted one for `CONTINUE`, and a call that says less
/// than it means is one to misread.
pub(super) async fn answer_pause(
    client: &Client,
    id: &DeploymentId,
    pause: &PauseId,
    answer: PauseAnswer,
) -> Result<(), CallError> {
    let action = match answer {
        PauseAnswer::Continue => DeploymentLifecycleHookAction::Continue,
        PauseAnswer::RollBack => DeploymentLifecycleHookAction::Rollback,
    };
    client
        .continue_service_deployment()
        .service_deployment_arn(id.as_str())
        .hook_id(pause.as_str())
        .action(action)
        .send()
        .await
        .map_err(failed(CONTINUE))?;
    Ok(())
}
