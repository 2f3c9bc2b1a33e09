//! Why tasks stopped, in words:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>.

use aws_sdk_ecs::types::{Container, Task, TaskStopCode};
use towpath_core::message::one_line;

/// The most reasons that are told; ECS remembers the tasks of an hour, and each may have its own.
const MAX_SHOWN: usize = 3;

/// The longest reason that is told, in characters.
const MAX_REASON_LEN: usize = 200;

/// Why these tasks failed, the one that stopped last first: at most [`MAX_SHOWN`] reasons, and how
/// many more there are. Tasks that stopped for the same reason are told once, with their number;
/// those that were told to stop, because fewer are wanted, have not failed.
pub(super) fn reasons(mut tasks: Vec<Task>) -> Vec<String> {
    tasks.sort_by_key(|task| {
        let stopped = task.stopped_at().map(|at| (at.secs(), at.subsec_nanos()));
        std::cmp::Reverse(stopped)
    });
    let mut told: Vec<(String, usize)> = Vec::new();
    let failed = tasks.iter().filter(|task| !was_scaled_in(task));
    for reason in failed.filter_map(reason) {
        match told.iter_mut().find(|(earlier, _)| *earlier == reason) {
            Some((_, times)) => *times += 1,
            None => told.push((reason, 1)),
        }
    }
    let more = told.len().saturating_sub(MAX_SHOWN);
    let more = match more {
        0 => None,
        1 => Some("1 more reason".to_owned()),
        _ => Some(format!("{more} more reasons")),
    };
    told.into_iter()
        .take(MAX_SHOWN)
        .map(|(reason, times)| match times {
            1 => reason,
            _ => format!("{times} tasks: {reason}"),
        })
        .chain(more)
        .collect()
}

/// Whether ECS stopped it because fewer tasks are wanted. For a failed health check it stops tasks
/// by the same code.
fn was_scaled_in(task: &Task) -> bool {
    task.stop_code() == Some(&TaskStopCode::ServiceSchedulerInitiated)
        && task
            .stopped_reason()
            .is_some_and(|why| why.starts_with("Scaling activity initiated by"))
}

fn reason(task: &Task) -> Option<String> {
    let why = task.stopped_reason().filter(|reason| !reason.is_empty());
    let failed: Vec<_> = task.containers().iter().filter_map(failure).collect();
    let text = match (failed.is_empty(), why) {
        (true, None) => return None,
        (true, Some(why)) => why.to_owned(),
        (false, None) => failed.join(", "),
        // ECS repeats the container's reason in the task's: the container's says which one.
        (false, Some(why)) if failed.iter().any(|failure| failure.contains(why)) => {
            failed.join(", ")
        }
        (false, Some(why)) => format!("{} ({why})", failed.join(", ")),
    };
    Some(one_line(&text, MAX_REASON_LEN))
}

/// What went wrong with a container, if it did.
fn failure(container: &Container) -> Option<String> {
    let name = container.name().unwrap_or("?");
    let reason = container.reason().filter(|reason| !reason.is_empty());
    match (container.exit_code(), reason) {
        (Some(0) | None, None) => None,
        (Some(0) | None, Some(reason)) => Some(format!("container `{name}`: {reason}")),
        (Some(code), None) => Some(format!("container `{name}` exited with code {code}")),
        (Some(code), Some(reason)) => Some(format!(
            "container `{name}` exited with code {code}: {reason}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    fn task(at: i64, why: Option<&str>, containers: Vec<Container>) -> Task {
        Task::builder()
            .stopped_at(DateTime::from_secs(at))
            .set_stopped_reason(why.map(str::to_owned))
            .set_containers(Some(containers))
            .build()
    }

    fn container(name: &str, code: Option<i32>, reason: Option<&str>) -> Container {
        Container::builder()
            .name(name)
            .set_exit_code(code)
            .set_reason(reason.map(str::to_owned))
            .build()
    }

    #[test]
    fn a_crash_names_the_container_and_its_exit_code() {
        let crashed = task(
            1,
            Some("Essential container in task exited"),
            vec![
                container("log-router", Some(0), None),
                container("app", Some(137), Some("OutOfMemoryError: Container killed")),
            ],
        );
        assert_eq!(
            reasons(vec![crashed]),
            [
                "container `app` exited with code 137: OutOfMemoryError: Container killed \
              (Essential container in task exited)"
            ]
        );
    }

    #[test]
    fn a_pull_error_is_told_once() {
        let error = "CannotPullContainerError: pull image manifest has been retried 1 time(s)";
        let failed = |at| task(at, Some(error), vec![container("app", None, Some(error))]);
        assert_eq!(
            reasons(vec![failed(1), failed(2)]),
            [format!("2 tasks: container `app`: {error}")]
        );
    }

    #[test]
    fn a_task_that_was_scaled_in_has_not_failed() {
        let stopped = |why: &str| {
            Task::builder()
                .stop_code(TaskStopCode::ServiceSchedulerInitiated)
                .stopped_reason(why)
                .containers(container("app", Some(143), None))
                .build()
        };
        let scaled = stopped("Scaling activity initiated by (deployment ecs-svc/1)");
        let unhealthy = stopped("Task failed container health checks");
        assert_eq!(
            reasons(vec![scaled, unhealthy]),
            ["container `app` exited with code 143 (Task failed container health checks)"]
        );
    }

    #[test]
    fn a_few_reasons_are_told_and_none_at_length() {
        let failed = |at: i64| {
            let why = format!("reason {at}: {}", "x".repeat(999));
            task(at, Some(&why), vec![])
        };
        let told = reasons((0..100).map(failed).collect());
        assert_eq!(told.len(), 4);
        assert!(told[0].starts_with("reason 99: xxx"), "{told:?}");
        assert!(told.iter().all(|it| it.chars().count() <= 200), "{told:?}");
        assert_eq!(told[3], "97 more reasons");
        let told = reasons((0..4).map(failed).collect());
        assert_eq!(told[3], "1 more reason");
    }

    #[test]
    fn the_newest_reason_comes_first() {
        let health = task(
            5,
            Some("Task failed ELB health checks in (target-group x)"),
            vec![],
        );
        let crash = task(3, None, vec![container("app", Some(1), None)]);
        let silent = task(9, None, vec![container("app", Some(0), None)]);
        assert_eq!(
            reasons(vec![crash, silent, health]),
            [
                "Task failed ELB health checks in (target-group x)",
                "container `app` exited with code 1"
            ]
        );
    }
}
