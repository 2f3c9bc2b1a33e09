//! Each status of a deployment, and why one does not come through, as stored and as people read it.

use serde_json::{Value, json};

use super::reasons::{revision, says, tasks_failed};
use crate::release::{DeploymentFault, DeploymentStatus};

#[test]
fn why_a_deployment_does_not_come_through() {
    let said = json!({ "code": "HOOK_EXECUTION_FAILURE", "message": "One or more hooks failed." });
    let never = json!({ "message": "A lifecycle hook timed out." });
    let by_user =
        json!({ "code": "MANUAL_STOP", "message": "The deployment was stopped by a user." });
    for (cause, sentence) in [
        (
            json!({ "is": "aws_said", "message": "ECS deployment circuit breaker: tasks failed to start." }),
            "ECS deployment circuit breaker: tasks failed to start",
        ),
        (
            json!({ "is": "aws_said", "code": "ALARM_ACTIVE", "message": "shop-5xx is in ALARM" }),
            "ALARM_ACTIVE: shop-5xx is in ALARM",
        ),
        (
            json!({ "is": "no_reason", "by": "ecs" }),
            "ECS gives no reason",
        ),
        (
            json!({ "is": "event_failed", "event": "AfterInstall" }),
            "AfterInstall failed",
        ),
        (
            json!({ "is": "event_failed", "event": "AfterInstall", "hook": "gate", "said": said }),
            "AfterInstall failed at the hook gate: HOOK_EXECUTION_FAILURE: One or more hooks failed",
        ),
        (
            json!({ "is": "hook_timed_out", "function": "gate" }),
            "the hook gate never answered",
        ),
        (
            json!({ "is": "hook_timed_out", "function": "gate", "said": never }),
            "A lifecycle hook timed out: the hook gate never answered",
        ),
        (
            json!({ "is": "hook_timed_out", "function": "gate", "said": { "message": "gate timed out" } }),
            "gate timed out",
        ),
        (
            json!({ "is": "stopped_by_user", "said": by_user }),
            "MANUAL_STOP: The deployment was stopped by a user",
        ),
        (
            json!({ "is": "stopped_by_towpath", "because": { "is": "not_finished", "within": "1h" } }),
            "Towpath stopped it: it did not finish within 1h",
        ),
        (
            json!({ "is": "brought_back", "by": "d-2" }),
            "d-2 brings the old version back",
        ),
        (
            json!({ "is": "brought_back" }),
            "another deployment brings the old version back",
        ),
        (
            json!({ "is": "rollback_failed", "deployment": "d-2", "because": { "is": "no_reason", "by": "codedeploy" } }),
            "the rollback d-2 failed: CodeDeploy gives no reason",
        ),
        (
            json!({ "is": "unknown", "by": "codedeploy", "deployment": "d-1" }),
            "CodeDeploy knows no deployment d-1",
        ),
        (
            json!({ "is": "service_deleted" }),
            "the service was deleted",
        ),
        (
            json!({ "is": "no_primary" }),
            "the service has no primary deployment",
        ),
    ] {
        assert_eq!(
            says::<DeploymentFault>(&json!({ "cause": cause })),
            sentence
        );
    }
}

#[test]
fn what_is_known_besides_of_a_deployment_that_does_not_come_through() {
    let no_reason = json!({ "is": "no_reason", "by": "ecs" });
    let tasks = json!([
        "container `api` exited with code 1",
        "2 tasks: out of memory"
    ]);
    let mut failed = tasks_failed();
    failed["tasks"] = tasks.clone();
    for (stored, sentence) in [
        (
            failed.clone(),
            "tasks failed to start: container `api` exited with code 1; 2 tasks: out of memory",
        ),
        (
            json!({ "cause": no_reason, "tasks": tasks }),
            "container `api` exited with code 1; 2 tasks: out of memory",
        ),
        (
            json!({ "cause": no_reason, "left": { "is": "rollback_failed" } }),
            "ECS gives no reason; rolling back failed too",
        ),
        (
            json!({ "cause": no_reason, "left": { "is": "rollback_failed", "by": "d-2" } }),
            "ECS gives no reason; the rollback d-2 failed too",
        ),
        (
            json!({ "cause": no_reason, "left": { "is": "traffic", "percent": 10 } }),
            "ECS gives no reason; 10% of traffic goes to the new version and nothing rolls it back",
        ),
    ] {
        assert_eq!(says::<DeploymentFault>(&stored), sentence);
    }
}

#[test]
fn how_a_deployment_stands() {
    let why = tasks_failed();
    let at = |step: Value| json!({ "is": "in_progress", "at": step });
    let counts = |failed: u32| match failed {
        0 => json!({ "running": 1, "wanted": 2 }),
        _ => json!({ "running": 1, "wanted": 2, "failed": failed }),
    };
    for (stored, sentence) in [
        (at(json!({ "is": "starting" })), "starting"),
        (at(json!({ "is": "let_through" })), "traffic is let through"),
        (
            at(json!({ "is": "not_shown", "by": "codedeploy" })),
            "CodeDeploy does not show it yet",
        ),
        (
            at(json!({ "is": "tasks", "running": 1, "wanted": 2, "failed": 3 })),
            "1 of 2 tasks run, 3 failed",
        ),
        (
            at(json!({ "is": "counted_early", "tasks": counts(0), "older": 1 })),
            "ECS counts it as successful already; 1 of 2 tasks run, beside 1 of an older version",
        ),
        (
            at(json!({ "is": "counted_early", "tasks": counts(1), "older": 0 })),
            "ECS counts it as successful already; 1 of 2 tasks run, 1 failed",
        ),
        (
            at(json!({ "is": "paused", "at": "PRE_SCALE_UP" })),
            "PRE_SCALE_UP, where a pause waits for an action",
        ),
        (
            at(json!({ "is": "paused", "at": "PRE_SCALE_UP", "tasks": counts(0) })),
            "PRE_SCALE_UP, where a pause waits for an action; 1 of 2 tasks run",
        ),
        (
            at(json!({ "is": "named", "name": "SCALE_UP", "tasks": counts(0) })),
            "SCALE_UP, 1 of 2 tasks run",
        ),
        (
            json!({ "is": "in_progress", "at": { "is": "named", "name": "AllowTraffic" }, "traffic": 10 }),
            "AllowTraffic, 10% of traffic",
        ),
        (
            json!({ "is": "ready" }),
            "green is ready, traffic has not moved",
        ),
        (
            json!({ "is": "shifted", "at": { "is": "keeping_old_tasks" } }),
            "serves, the old tasks are kept until their time is over",
        ),
        (
            json!({ "is": "shifted", "at": { "is": "stopping_old_tasks" } }),
            "serves, the old tasks are being stopped",
        ),
        (
            json!({ "is": "shifted", "at": { "is": "not_shown", "by": "ecs" } }),
            "serves, though ECS does not show it yet",
        ),
        (
            json!({ "is": "rolling_back", "reason": why, "by": "d-2" }),
            "rolling back: tasks failed to start",
        ),
        (
            json!({ "is": "halted", "reason": why }),
            "tasks failed to start; whether AWS rolls it back is not known yet",
        ),
        (json!({ "is": "succeeded" }), "succeeded"),
        (
            json!({ "is": "rolled_back", "reason": why }),
            "rolled back: tasks failed to start",
        ),
        (
            json!({ "is": "failed", "reason": why }),
            "failed: tasks failed to start",
        ),
        (
            json!({ "is": "failed", "reason": { "cause": why["cause"], "left": { "is": "rollback_failed" } } }),
            "failed: tasks failed to start; rolling back failed too; look at what serves",
        ),
        (
            json!({ "is": "failed_in_place", "reason": why }),
            "failed and left in place: tasks failed to start",
        ),
        (
            json!({ "is": "stopped", "reason": why }),
            "stopped: tasks failed to start",
        ),
        (
            json!({ "is": "replaced", "by": { "is": "deployment", "deployment": "ecs-svc/3", "revision": revision(9) } }),
            "replaced by ecs-svc/3 of shop:9",
        ),
    ] {
        assert_eq!(says::<DeploymentStatus>(&stored), sentence);
    }
}
