//! Each reason as the ledger stores it and as people read it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::release::{
    ClosedReason, EndReason, HoldReason, Reason, ReplyRefusal, RollbackReason, VoidReason,
};

/// That value, stored and read again, and its sentence.
pub(super) fn says<R>(stored: &Value) -> String
where
    R: Serialize + DeserializeOwned + ToString,
{
    let reason: R = serde_json::from_value(stored.clone())
        .unwrap_or_else(|error| panic!("{stored} is a reason: {error}"));
    let again = serde_json::to_value(&reason).expect("JSON");
    assert_eq!(again, *stored, "it is stored as it was");
    reason.to_string()
}

fn check() -> Value {
    json!({ "at": "bake", "check": "errors", "passed": false, "detail": "shop-5xx is in ALARM" })
}

pub(super) fn tasks_failed() -> Value {
    json!({ "cause": { "is": "aws_said", "message": "tasks failed to start" } })
}

pub(super) fn revision(number: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:{number}")
}

fn call(message: &str) -> Value {
    json!({ "is": "call", "operation": "ecs:Call", "code": "AccessDenied", "message": message })
}

#[test]
fn why_a_rollout_is_rolled_back() {
    let (u1, by_aws) = (
        json!({ "slack": "U1" }),
        json!({ "aws": "arn:aws:iam::111111111111:user/ada" }),
    );
    let other = json!({ "at": "after_traffic", "check": "answers", "passed": false, "detail": "answered 500" });
    for (stored, sentence) in [
        (
            json!({ "is": "rolled_back", "by": u1, "reason": "orders get lost" }),
            "Slack user U1 rolled it back: orders get lost",
        ),
        (
            json!({ "is": "rolled_back", "by": by_aws }),
            "arn:aws:iam::111111111111:user/ada rolled it back",
        ),
        (
            json!({ "is": "rejected", "by": u1 }),
            "Slack user U1 rejected it",
        ),
        (
            json!({ "is": "rejected", "by": "token_holder", "reason": "not on a Friday" }),
            "holder of the e-mailed token rejected it: not on a Friday",
        ),
        (
            json!({ "is": "vetoed", "by": u1, "reason": "CVE-2026-1" }),
            "Slack user U1 vetoed the image: CVE-2026-1",
        ),
        (
            json!({ "is": "nobody_decided", "stage": "production", "until": "2026-03-02T09:00:00Z" }),
            "nobody decided about production before 2026-03-02T09:00:00Z",
        ),
        (
            json!({ "is": "checks_failed", "checks": [check(), other] }),
            "check `errors` failed at bake: shop-5xx is in ALARM; check `answers` failed at after_traffic: answered 500",
        ),
        (
            json!({ "is": "not_finished", "within": "1h" }),
            "it did not finish within 1h",
        ),
        (
            json!({ "is": "not_finished", "within": "1h", "causes": [
                { "is": "hook", "function": "gate", "at": "AfterInstall" },
                { "is": "stopped_task", "said": "container `api` exited with code 1" },
                { "is": "pause", "at": "PRE_SCALE_UP" },
            ] }),
            "it did not finish within 1h: the hook gate never answered at AfterInstall; container `api` exited with code 1; a pause at PRE_SCALE_UP waited for an action, and nobody gave one",
        ),
        (
            json!({ "is": "not_let_through", "why": call("no right") }),
            "could not let traffic through: ecs:Call: AccessDenied: no right",
        ),
        (
            json!({ "is": "left_in_place", "fault": tasks_failed() }),
            "tasks failed to start",
        ),
    ] {
        assert_eq!(says::<RollbackReason>(&stored), sentence);
        // A rollout that is rolled back ends for the same.
        assert_eq!(says::<Reason>(&stored), sentence);
    }
}

#[test]
fn why_a_rollout_has_ended() {
    let service = json!({ "account": "111111111111", "region": "eu-west-1", "cluster": "shop", "service": "api" });
    let state = json!({ "dynamic_in": false, "dynamic_out": true, "scheduled": false });
    let command = "`aws application-autoscaling register-scalable-target --region eu-west-1 \
        --service-namespace ecs --scalable-dimension ecs:service:DesiredCount \
        --resource-id service/shop/api --suspended-state \
        DynamicScalingInSuspended=false,DynamicScalingOutSuspended=true,ScheduledScalingSuspended=false`";
    let refused =
        json!({ "is": "refused", "action": "restore_scaling", "why": call("no such target") });
    let target = json!({ "dynamic_in": true, "dynamic_out": true, "scheduled": true, "least": 1, "most": 4 });
    for (stored, sentence) in [
        (
            json!({ "is": "serves", "name": "3f2c1ab" }),
            "3f2c1ab serves",
        ),
        (
            json!({ "is": "no_tasks_wanted", "name": "3f2c1ab" }),
            "3f2c1ab is deployed, and no tasks are wanted",
        ),
        (
            json!({ "is": "runs_already", "tag": "3f2c1ab" }),
            "3f2c1ab runs already",
        ),
        (
            json!({ "is": "not_planned", "why": { "is": "no_task_definition" } }),
            "the service has no task definition yet: create it with one",
        ),
        (
            json!({ "is": "vetoed_before", "veto": { "from": "order", "by": { "aws": "ada" }, "order": "veto", "reason": "it leaks" } }),
            "ada vetoed the image: it leaks",
        ),
        (
            json!({ "is": "superseded", "by": "d00dad1" }),
            "d00dad1, which is newer, took its place",
        ),
        (
            json!({ "is": "cannot_roll_back", "problem": { "is": "revision", "revision": revision(9), "status": "INACTIVE" } }),
            "it could not be rolled back: arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:9, which runs now, is INACTIVE; bring that back, or allow it with `rollback: optional`",
        ),
        (
            json!({ "is": "cannot_roll_back", "problem": { "is": "image", "image": "shop/api:old", "problem": "gone" } }),
            "it could not be rolled back: shop/api:old, which runs now, is gone from its registry; bring that back, or allow it with `rollback: optional`",
        ),
        (
            json!({ "is": "cannot_roll_back", "problem": { "is": "image", "image": "shop/api:old", "problem": "archived" } }),
            "it could not be rolled back: shop/api:old, which runs now, is archived and cannot be pulled; bring that back, or allow it with `rollback: optional`",
        ),
        (
            json!({ "is": "cannot_roll_back", "problem": { "is": "image", "image": "shop/api:old", "problem": "activating" } }),
            "it could not be rolled back: shop/api:old, which runs now, is being restored from the archive and cannot be pulled yet; bring that back, or allow it with `rollback: optional`",
        ),
        (
            json!({ "is": "no_load_balancer" }),
            "the service has no load balancer that CodeDeploy could shift",
        ),
        (
            json!({ "is": "started_elsewhere", "found": { "is": "revision", "revision": revision(9) } }),
            "shop:9 was started outside of Towpath",
        ),
        (
            json!({ "is": "started_elsewhere", "found": { "is": "deployment", "deployment": "ecs-svc/3", "revision": revision(9) } }),
            "ecs-svc/3 of shop:9 was started outside of Towpath",
        ),
        (
            json!({ "is": "started_elsewhere", "found": { "is": "deployment", "deployment": "d-3" } }),
            "d-3 was started outside of Towpath",
        ),
        (
            json!({ "is": "started_elsewhere", "found": { "is": "deployment", "revision": revision(9) } }),
            "a deployment of shop:9 was started outside of Towpath",
        ),
        (
            json!({ "is": "started_elsewhere", "found": { "is": "deployment" } }),
            "another deployment was started outside of Towpath",
        ),
        (
            json!({ "is": "refused", "action": "register", "why": call("too many containers") }),
            "could not register the task definition: ecs:Call: AccessDenied: too many containers",
        ),
        (
            json!({ "is": "group_taken", "times": 60 }),
            "other deployments had its deployment group, 60 times in a row",
        ),
        (
            json!({ "is": "not_started", "within": "1h" }),
            "it could not be started within 1h",
        ),
        (
            json!({ "is": "not_started", "within": "1h", "group_taken_by": "d-3" }),
            "it could not be started within 1h: d-3 had its deployment group",
        ),
        (
            json!({ "is": "deployment", "fault": tasks_failed() }),
            "tasks failed to start",
        ),
        (
            json!({ "is": "deployment", "fault": {
                "cause": { "is": "rollback_failed", "deployment": "d-2", "because": tasks_failed()["cause"] } } }),
            "the rollback d-2 failed: tasks failed to start; look at what serves",
        ),
        (
            json!({ "is": "unfinished", "deployment": "d-1", "at": { "is": "rolling_back" },
                "until": "2026-03-02T11:00:00Z", "rolling_back": { "is": "not_finished", "within": "1h" } }),
            "it was still being rolled back at 2026-03-02T11:00:00Z; look at d-1: it did not finish within 1h",
        ),
        (
            json!({ "is": "unfinished", "deployment": "d-1",
                "at": { "is": "under_way", "status": { "is": "in_progress", "at": { "is": "named", "name": "Install" } } }, "until": "2026-03-02T11:00:00Z" }),
            "it was still Install at 2026-03-02T11:00:00Z; look at d-1",
        ),
        (
            json!({ "is": "still_serves", "deployment": "d-1",
                "because": { "is": "checks_failed", "checks": [check()] } }),
            "check `errors` failed at bake: shop-5xx is in ALARM; it still serves: look at d-1",
        ),
        (
            json!({ "is": "scaling_not_restored", "because": { "is": "serves", "name": "3f2c1ab" },
                "service": service, "why_not": refused, "state": state }),
            &format!(
                "3f2c1ab serves; could not restore auto scaling: ecs:Call: AccessDenied: no such target; put auto scaling back in account 111111111111 with {command}"
            ),
        ),
        (
            json!({ "is": "scaling_not_restored", "because": { "is": "serves", "name": "3f2c1ab" },
                "service": service, "state": state,
                "why_not": { "is": "would_change_count", "target": target, "desired": 0 } }),
            &format!(
                "3f2c1ab serves; could not restore auto scaling: the service wants 0 tasks, its scalable target is for 1 to 4, and AWS would change that to 1 with any call about the target; once the service wants at least 1 tasks, put auto scaling back in account 111111111111 with {command}"
            ),
        ),
    ] {
        assert_eq!(says::<Reason>(&stored), sentence);
    }
}

#[test]
fn why_a_release_has_ended() {
    for (stored, sentence) in [
        (
            json!({ "is": "serves", "name": "3f2c1ab", "stage": "production" }),
            "3f2c1ab serves in production",
        ),
        (
            json!({ "is": "no_tasks_wanted", "name": "3f2c1ab", "stage": "production" }),
            "3f2c1ab is deployed to production, which wants no tasks now: nothing of it has run there",
        ),
        (
            json!({ "is": "stage", "stage": "test", "because": { "is": "superseded", "by": "d00dad1" } }),
            "test: d00dad1, which is newer, took its place",
        ),
        (json!({ "is": "no_stages" }), "its pipeline has no stages"),
        (json!({ "is": "no_service" }), "its stage has no service"),
        (
            json!({ "is": "not_trusted", "problem": "entry 9 is forged" }),
            "entry 9 is forged",
        ),
    ] {
        assert_eq!(says::<EndReason>(&stored), sentence);
    }
}

#[test]
fn why_a_stage_is_on_hold() {
    let nine = json!({ "is": "revision", "revision": revision(9) });
    let late = json!({ "is": "not_finished", "within": "1h" });
    let ada = json!({ "aws": "ada" });
    for (stored, sentence) in [
        (
            json!({ "is": "manual_change", "runs": revision(7), "left": revision(6), "difference": { "places": ["cpu"] } }),
            "shop:7 runs, which Towpath did not deploy: it left shop:6 (it differs in cpu). Lifting the hold accepts what runs",
        ),
        (
            json!({ "is": "manual_change", "runs": revision(7), "left": revision(6), "difference": { "places": ["cpu", "memory"], "more": 3 } }),
            "shop:7 runs, which Towpath did not deploy: it left shop:6 (it differs in cpu, memory and 3 more places). Lifting the hold accepts what runs",
        ),
        (
            json!({ "is": "manual_change", "runs": revision(7), "left": revision(6) }),
            "shop:7 runs, which Towpath did not deploy: it left shop:6. Lifting the hold accepts what runs",
        ),
        (
            json!({ "is": "started_elsewhere", "found": nine, "tag": "3f2c1ab", "was_deploying": false }),
            "shop:9 was started outside of Towpath; 3f2c1ab was about to be rolled out",
        ),
        (
            json!({ "is": "started_elsewhere", "found": nine, "tag": "3f2c1ab", "was_deploying": true }),
            "shop:9 was started outside of Towpath; 3f2c1ab was being rolled out",
        ),
        (
            json!({ "is": "left_in_place", "tag": "3f2c1ab", "fault": tasks_failed() }),
            "3f2c1ab failed and was not rolled back: tasks failed to start; look at what serves",
        ),
        (
            json!({ "is": "rolled_back", "tag": "3f2c1ab", "because": late }),
            "3f2c1ab was rolled back: it did not finish within 1h",
        ),
        (
            json!({ "is": "not_rolled_back", "tag": "3f2c1ab", "because": late }),
            "3f2c1ab was to be rolled back: it did not finish within 1h; look at what serves",
        ),
        (
            json!({ "is": "refused", "tag": "3f2c1ab",
                "refused": { "action": "roll_back", "why": call("no right") } }),
            "3f2c1ab could not be rolled back: could not roll back: ecs:Call: AccessDenied: no right; look at what serves",
        ),
        (
            json!({ "is": "rollback", "by": ada, "good_release": "shop-api-0123456789abcdef" }),
            "ada rolled it back to shop-api-0123456789abcdef",
        ),
        (
            json!({ "is": "rollback", "by": ada, "reason": "it is slow", "good_release": "shop-api-0123456789abcdef", "before": revision(5) }),
            "ada rolled it back to shop:5, which ran before shop-api-0123456789abcdef: it is slow",
        ),
        (
            json!({ "is": "rollback", "by": ada, "reason": "it is slow", "good_release": "shop-api-0123456789abcdef",
                "failed": { "is": "deployment", "fault": tasks_failed() } }),
            "it was to be rolled back to shop-api-0123456789abcdef, as ada asked: it is slow; that did not come through: tasks failed to start; look at what serves",
        ),
        (
            json!({ "is": "rollback", "by": ada, "good_release": "shop-api-0123456789abcdef",
                "failed": { "is": "deployment", "fault": {
                    "cause": { "is": "no_primary" }, "left": { "is": "rollback_failed" } } } }),
            "it was to be rolled back to shop-api-0123456789abcdef, as ada asked; that did not come through: the service has no primary deployment; rolling back failed too; look at what serves",
        ),
    ] {
        assert_eq!(says::<HoldReason>(&stored), sentence);
    }
}

#[test]
fn why_an_approval_or_a_reply_does_not_count() {
    for (stored, sentence) in [
        (
            "definition_changed",
            "the task definition that would be deployed has changed since",
        ),
        (
            "another_rolled_out",
            "another release was rolled out since people were asked",
        ),
    ] {
        assert_eq!(says::<VoidReason>(&json!({ "is": stored })), sentence);
    }
    for (stored, sentence) in [
        (
            json!({ "is": "token", "problem": "mismatch" }),
            "the token does not allow this decision",
        ),
        (
            json!({ "is": "vote", "refusal": { "no_such_stage": "test" } }),
            "the pipeline has no stage `test`",
        ),
        (
            json!({ "is": "vote", "refusal": { "decided": { "by": "token_holder", "decided": "reject" } } }),
            "holder of the e-mailed token has already decided to reject; the first decision counts",
        ),
    ] {
        assert_eq!(says::<ReplyRefusal>(&stored), sentence);
    }
}

#[test]
fn why_a_request_is_closed() {
    let ended = json!({ "is": "ended", "outcome": "failed", "reason": { "is": "no_service" } });
    for (stored, sentence) in [
        (
            json!({ "is": "not_trusted", "problem": "entry 9 is forged" }),
            "the release is not trusted: entry 9 is forged",
        ),
        (
            ended.clone(),
            "the release has ended (failed): its stage has no service",
        ),
        (json!({ "is": "no_stages" }), "the release has no stages"),
        (
            json!({ "is": "asks_nobody", "stage": "test" }),
            "test asks nobody",
        ),
        (json!({ "is": "expired" }), "it has expired"),
        (
            json!({ "is": "rolling_back" }),
            "the rollout is being rolled back",
        ),
        (
            json!({ "is": "begun" }),
            "the rollout has begun already: roll back instead",
        ),
        (
            json!({ "is": "let_through" }),
            "traffic was let through already: roll back instead",
        ),
        (
            json!({ "is": "replaced" }),
            "another request has taken its place",
        ),
        (
            json!({ "is": "none_open" }),
            "another request has taken its place, or none is open",
        ),
    ] {
        assert_eq!(says::<ClosedReason>(&stored), sentence);
    }
    let refusal =
        json!({ "is": "vote", "refusal": { "closed": { "approval": "test-1", "why": ended } } });
    assert_eq!(
        says::<ReplyRefusal>(&refusal),
        "the request test-1 is closed: the release has ended (failed): its stage has no service"
    );
}

#[test]
fn what_is_no_reason_is_not_taken_for_one() {
    for stored in [
        json!("it failed"),
        json!({ "is": "of_tomorrow" }),
        json!({ "is": "serves" }),
    ] {
        assert!(
            serde_json::from_value::<Reason>(stored.clone()).is_err(),
            "{stored}"
        );
    }
    // What begins a rollback is not everything for which a rollout ends.
    let serves = json!({ "is": "serves", "name": "3f2c1ab" });
    assert!(serde_json::from_value::<RollbackReason>(serves).is_err());
}
