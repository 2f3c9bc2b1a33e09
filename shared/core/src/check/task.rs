//! One-off tasks: how they are run, and what came of them.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{Finding, Watch};
use crate::appspec::setting;
use crate::message::one_line;
use crate::names::{ContainerName, DeploymentId, Fingerprint, Region, TaskDefinitionArn};
use crate::pipeline::TaskCheck;

/// Longest reason in characters that is shown.
const MAX_REASON_LEN: usize = 300;

/// Longest end of a log in characters that is shown.
const MAX_TAIL_LEN: usize = 1_000;

/// For so long ECS may not know a task that it has started:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>, "eventual
/// consistency".
const UNSEEN: SignedDuration = SignedDuration::from_mins(2);

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It has not stopped: `PROVISIONING`, `PENDING`, `RUNNING` and so on.
    UnderWay(String),
    Stopped {
        /// What the check's container exited with; `None` when it never ran.
        exit_code: Option<i64>,
        /// Why, in ECS's words, if it says so.
        reason: String,
    },
    /// ECS does not know it: not yet, or not any more.
    Unknown,
}

/// Where a container's log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    pub region: Region,
    /// The log group.
    pub group: String,
    /// The log stream.
    pub stream: String,
}

/// The body of a `RunTask` that runs a check in the network and on the capacity of a service, as
/// `DescribeServices` describes it:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
///
/// The client token follows from `started_by`, so that a call which is made twice runs one task.
#[must_use]
pub fn run_task(
    service: &Value,
    check: &TaskCheck,
    revision: &TaskDefinitionArn,
    started_by: &str,
) -> Value {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("taskDefinition", json!(revision));
    put("count", json!(1));
    put("startedBy", json!(started_by));
    put("clientToken", json!(Fingerprint::of(started_by)));
    put("overrides", check.overrides());
    if let Some(cluster) = service.get("clusterArn") {
        put("cluster", cluster.clone());
    }
    // ECS takes the one or the other.
    let capacity = ["capacityProviderStrategy", "launchType"];
    let capacity = capacity
        .into_iter()
        .find_map(|key| Some((key, setting(service, key)?)));
    let rest = ["platformVersion", "networkConfiguration"];
    let rest = rest
        .into_iter()
        .filter_map(|key| Some((key, setting(service, key)?)));
    for (key, value) in capacity.into_iter().chain(rest) {
        put(key, value.clone());
    }
    Value::Object(body)
}

/// How a task stands, as `DescribeTasks` describes it; `None` stands for one that it does not know.
#[must_use]
pub fn read_task(task: Option<&Value>, container: &ContainerName) -> TaskState {
    let Some(task) = task else {
        return TaskState::Unknown;
    };
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        one_line(text.unwrap_or_default(), MAX_REASON_LEN)
    };
    let status = text(task, "lastStatus");
    if status != "STOPPED" {
        return TaskState::UnderWay(status);
    }
    let containers = task.get("containers").and_then(Value::as_array);
    let container = containers
        .into_iter()
        .flatten()
        .find(|found| found["name"] == container.as_str());
    let own = container.map_or(String::new(), |container| text(container, "reason"));
    let of_task = text(task, "stoppedReason");
    let reason = match (own.is_empty(), of_task.is_empty()) {
        (true, _) => of_task,
        // ECS repeats the container's reason in the task's.
        (false, false) if !of_task.contains(&own) => format!("{own}; {of_task}"),
        (false, _) => own,
    };
    TaskState::Stopped {
        exit_code: container.and_then(|container| container["exitCode"].as_i64()),
        reason,
    }
}

/// What the check's task came to. One that is still under way when its time is up is
/// [`Finding::Bad`], and is to be stopped.
#[must_use]
pub fn judge_task(
    check: &TaskCheck,
    watch: &Watch,
    task: &DeploymentId,
    state: &TaskState,
) -> Finding {
    let (id, container) = (id_of(task), &check.container);
    let because = |reason: &str| match reason {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    match state {
        TaskState::Stopped {
            exit_code: Some(0), ..
        } => Finding::Good(format!("`{container}` of task {id} exited with 0")),
        TaskState::Stopped {
            exit_code: Some(code),
            reason,
        } => Finding::Bad(format!(
            "`{container}` of task {id} exited with {code}{}, expected 0",
            because(reason)
        )),
        TaskState::Stopped {
            exit_code: None,
            reason,
        } => Finding::Bad(format!(
            "`{container}` of task {id} never ran{}, expected it to exit with 0",
            because(reason)
        )),
        TaskState::Unknown if watch.has_lasted(UNSEEN) || watch.decide => Finding::Bad(format!(
            "ECS does not know task {id} any more, so nobody can tell whether it exited with 0"
        )),
        TaskState::UnderWay(status) if watch.has_lasted(check.timeout.into()) => {
            Finding::Bad(format!(
                "task {id} was still {status} after {}, and was stopped",
                check.timeout
            ))
        }
        TaskState::UnderWay(status) if watch.decide => Finding::Bad(format!(
            "task {id} was still {status} when the bake time was over, and was stopped"
        )),
        TaskState::UnderWay(_) | TaskState::Unknown => Finding::Open,
    }
}

/// The task definition that a described task runs.
#[must_use]
pub fn task_definition(task: &Value) -> Option<&str> {
    task.get("taskDefinitionArn")?.as_str()
}

/// Where a container of a task writes its log, as the answer of `DescribeTaskDefinition` says; only
/// the `awslogs` driver's can be read:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>.
#[must_use]
pub fn log_stream(
    definition: &Value,
    container: &ContainerName,
    task: &DeploymentId,
) -> Option<LogStream> {
    let containers = definition.pointer("/taskDefinition/containerDefinitions")?;
    let found = containers
        .as_array()?
        .iter()
        .find(|found| found["name"] == container.as_str())?;
    let log = found.get("logConfiguration")?;
    if log["logDriver"] != "awslogs" {
        return None;
    }
    let option = |name: &str| log["options"][name].as_str();
    let prefix = option("awslogs-stream-prefix")?;
    Some(LogStream {
        region: option("awslogs-region")?.parse().ok()?,
        group: option("awslogs-group")?.to_owned(),
        stream: format!("{prefix}/{container}/{}", id_of(task)),
    })
}

/// The end of a log on one line, for people; `None` without any.
#[must_use]
pub fn log_tail(lines: &[String]) -> Option<String> {
    let mut kept = Vec::new();
    let mut left = MAX_TAIL_LEN;
    for line in lines.iter().rev() {
        let line = one_line(line.trim_end(), left);
        let length = line.chars().count() + 3;
        if line.is_empty() {
            continue;
        }
        kept.push(line);
        if length >= left {
            break;
        }
        left -= length;
    }
    kept.reverse();
    (!kept.is_empty()).then(|| kept.join(" | "))
}

/// The id at the end of a task's ARN.
fn id_of(task: &DeploymentId) -> &str {
    let arn = task.as_str();
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}

#[cfg(test)]
mod tests;
