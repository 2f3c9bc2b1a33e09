//! One-off tasks.

use serde_json::Value;
use towpath_core::names::DeploymentId;
use towpath_deployer::ports::CallError;

use super::started_by::StartedBy;
use super::{DESCRIBE_TASKS, LIST_TASKS};
use crate::call::{failed, present, refused, unreadable};
use crate::clients::ClientSet;
use crate::http::sent_once;
use crate::raw::{Answer, replace_body};

const RUN_TASK: &str = "ecs:RunTask";
const STOP_TASK: &str = "ecs:StopTask";

pub(super) async fn run(set: &ClientSet, document: &Value) -> Result<DeploymentId, CallError> {
    let answer = Answer::default();
    set.ecs()
        .run_task()
        .customize()
        .interceptor(answer.clone())
        .mutate_request(replace_body(document))
        .config_override(sent_once!(aws_sdk_ecs, set))
        .send()
        .await
        .map_err(failed(RUN_TASK))
        .map_err(full)?;
    started(&answer.json(RUN_TASK)?)
}

/// One of these tasks. Those that run are asked for first: a task that stops meanwhile is among the
/// stopped ones then.
pub(super) async fn find(tasks: &StartedBy<'_>) -> Result<Option<DeploymentId>, CallError> {
    let mut found = tasks.running(1).await?;
    if found.is_empty() {
        found = tasks.stopped(1).await?;
    }
    found
        .pop()
        .map(|arn| arn.parse().map_err(|error| unreadable(LIST_TASKS, error)))
        .transpose()
}

pub(super) async fn describe(
    set: &ClientSet,
    cluster: &str,
    task: &DeploymentId,
) -> Result<Option<Value>, CallError> {
    let answer = Answer::default();
    set.ecs()
        .describe_tasks()
        .cluster(cluster)
        .tasks(task.as_str())
        .customize()
        .interceptor(answer.clone())
        .send()
        .await
        .map_err(failed(DESCRIBE_TASKS))?;
    let mut answer = answer.json(DESCRIBE_TASKS)?;
    if let Some(task) = answer.pointer_mut("/tasks/0") {
        return Ok(Some(task.take()));
    }
    match failure(&answer) {
        None | Some(("MISSING", _)) => Ok(None),
        Some((reason, detail)) => Err(refused(DESCRIBE_TASKS, reason, detail)),
    }
}

pub(super) async fn stop(
    set: &ClientSet,
    cluster: &str,
    task: &DeploymentId,
    reason: &str,
) -> Result<(), CallError> {
    let stopped = set
        .ecs()
        .stop_task()
        .cluster(cluster)
        .task(task.as_str())
        .reason(reason)
        .send()
        .await
        .map_err(failed(STOP_TASK));
    match stopped {
        Ok(_) => Ok(()),
        // ECS has no code of its own for a task that it does not know.
        Err(CallError::Refused { message, .. }) if message.contains("task was not found") => Ok(()),
        Err(error) => Err(error),
    }
}

/// The task that was started, or why none was: ECS answers with success that it has no room.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html>
fn started(answer: &Value) -> Result<DeploymentId, CallError> {
    if let Some(arn) = answer.pointer("/tasks/0/taskArn").and_then(Value::as_str) {
        return arn.parse().map_err(|error| unreadable(RUN_TASK, error));
    }
    let (reason, detail) = present(RUN_TASK, "task", failure(answer))?;
    Err(full(refused(RUN_TASK, reason, detail)))
}

/// The first of an answer's failures: its reason and more about it.
fn failure(answer: &Value) -> Option<(&str, &str)> {
    let failure = answer.pointer("/failures/0")?;
    let detail = failure["detail"].as_str();
    Some((
        failure["reason"].as_str()?,
        detail.unwrap_or("ECS gives no detail"),
    ))
}

/// A refusal that says that there is no room now: nothing was started, and later there may be.
fn full(error: CallError) -> CallError {
    match error {
        CallError::Refused {
            operation,
            code,
            message,
        } if is_full(&code) || is_full(&message) => CallError::NotDone {
            operation,
            message: format!("{code}: {message}"),
        },
        error @ (CallError::Refused { .. }
        | CallError::NotDone { .. }
        | CallError::Unknown { .. }) => error,
    }
}

fn is_full(text: &str) -> bool {
    let starts = ["RESOURCE:", "AGENT", "EMPTY CAPACITY PROVIDER"];
    let says = [
        "Capacity is unavailable",
        "No Container Instances were found",
        "reached the limit on the number of",
    ];
    starts.iter().any(|start| text.starts_with(start))
        || says.iter().any(|said| text.contains(said))
}
