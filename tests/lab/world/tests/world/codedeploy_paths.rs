//! Every way a CodeDeploy deployment can go.

use serde_json::json;
use towpath_lab_world::Behaviour;

use crate::bench::{Bench, PRODUCTION, TEST, pairs, text};

pub(crate) const NOTICE: &str = "CodeDeploy Deployment State-change Notification";
const HOOKS: [&str; 5] = [
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
];
const ORDER: [&str; 8] = [
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];

pub(crate) fn bench() -> Bench {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({}));
    bench
}

#[test]
fn a_canary_shifts_ten_percent_then_everything_and_terminates_blue() {
    let mut bench = bench();
    let old = bench.push("v1", Behaviour::Healthy);
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({"description": "release r-1"}));
    assert_eq!(bench.status(&id), "Created");

    bench.until(300, "test traffic", |bench| {
        bench.get(TEST).body.contains(&new)
    });
    assert_eq!(bench.share(&new), 0, "production stays where it was");
    assert_eq!(
        bench.task_sets(),
        pairs(&[("2", "ACTIVE"), ("1", "PRIMARY")])
    );

    bench.until(60, "the canary", |bench| bench.share(&new) == 1);
    bench.pass(290);
    assert_eq!(bench.share(&new), 1, "the canary lasts five minutes");
    bench.pass(15);
    assert_eq!(bench.share(&new), 10);
    bench.pass(10);
    assert_eq!(
        bench.task_sets(),
        pairs(&[("2", "PRIMARY"), ("1", "ACTIVE")])
    );
    assert_eq!(bench.status(&id), "InProgress", "blue is still there");
    let done: Vec<(String, String)> = ORDER
        .iter()
        .map(|name| ((*name).to_owned(), "Succeeded".to_owned()))
        .collect();
    assert_eq!(bench.lifecycle(&id), done);

    bench.until(301, "the end", |bench| bench.status(&id) == "Succeeded");
    bench.pass(30);
    assert_eq!(bench.task_sets(), pairs(&[("2", "PRIMARY")]));
    assert_eq!(bench.details(NOTICE, "state"), ["START", "SUCCESS"]);
    let info = bench.deployment(&id);
    assert_eq!(info["creator"], "user");
    assert_eq!(info["description"], "release r-1");
    assert!(info["revision"]["appSpecContent"].get("content").is_none());
    assert!(!bench.get(PRODUCTION).body.contains(&old));
    assert!(
        bench.describe()["taskDefinition"]
            .as_str()
            .is_some_and(|arn| arn.ends_with(":2"))
    );
}

#[test]
fn a_linear_shift_goes_in_equal_steps() {
    let mut bench = bench();
    let new = bench.push("v2", Behaviour::Healthy);
    let more = json!({"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"});
    bench.deploy("v2", &[], more);
    bench.until(300, "the first step", |bench| bench.share(&new) == 1);
    for tenths in 2..=10 {
        bench.pass(60);
        assert_eq!(bench.share(&new), tenths);
    }
}

#[test]
fn every_hook_is_invoked_once_in_order_and_its_success_moves_on() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &HOOKS, json!({}));
    for (at, hook) in HOOKS.iter().enumerate() {
        bench.until(600, hook, |bench| bench.invocations.len() == at + 1);
        let current = bench
            .lifecycle(&id)
            .into_iter()
            .find(|(_, status)| status == "InProgress");
        assert_eq!(current.map(|(name, _)| name).as_deref(), Some(*hook));
        let (function, payload) = bench.invocations.last().cloned().expect("an invocation");
        assert_eq!(function, "check");
        assert_eq!(
            payload.as_object().map(serde_json::Map::len),
            Some(2),
            "only the two documented members"
        );
        assert_eq!(payload["DeploymentId"], json!(id));
        bench
            .report_on(&payload, "Succeeded")
            .expect("the report is taken");
        let again = bench
            .report_on(&payload, "Succeeded")
            .expect_err("once is enough");
        assert_eq!(again.code, "LifecycleEventAlreadyCompletedException");
    }
    bench.until(400, "the end", |bench| bench.status(&id) == "Succeeded");
    assert_eq!(bench.invocations.len(), HOOKS.len());
}

#[test]
fn a_failed_hook_at_each_event_fails_the_deployment_and_rolls_it_back() {
    for hook in HOOKS {
        let mut bench = bench();
        let old = bench.ecr("DescribeImages", json!({"repositoryName": "shop-api"}))["imageDetails"][0]["imageDigest"].clone();
        bench.push("v2", Behaviour::UnhealthyGreen);
        let id = bench.deploy("v2", &[hook], json!({}));
        bench.until(600, hook, |bench| bench.invocations.len() == 1);
        bench.report("Failed").expect("the report is taken");

        let info = bench.deployment(&id);
        assert_eq!(info["status"], "Failed");
        assert_eq!(info["errorInformation"]["code"], "HOOK_EXECUTION_FAILURE");
        let rollback = text(&info["rollbackInfo"]["rollbackDeploymentId"]);
        let at = ORDER
            .iter()
            .position(|name| *name == hook)
            .expect("a known event");
        for (position, (name, status)) in bench.lifecycle(&id).into_iter().enumerate() {
            let expected = match position.cmp(&at) {
                std::cmp::Ordering::Less => "Succeeded",
                std::cmp::Ordering::Equal => "Failed",
                std::cmp::Ordering::Greater => "Skipped",
            };
            assert_eq!(status, expected, "{name} when {hook} fails");
        }
        assert_eq!(
            bench.share(&text(&old)),
            10,
            "traffic is back at once when {hook} fails"
        );

        bench.until(60, "the rollback", |bench| {
            bench.status(&rollback) == "Succeeded"
        });
        bench.pass(30);
        let back = bench.deployment(&rollback);
        assert_eq!(back["creator"], "codeDeployRollback");
        assert_eq!(
            back["rollbackInfo"]["rollbackTriggeringDeploymentId"],
            json!(id)
        );
        assert_eq!(
            back["deploymentConfigName"],
            "CodeDeployDefault.ECSAllAtOnce"
        );
        assert_eq!(
            bench.task_sets(),
            pairs(&[("1", "PRIMARY")]),
            "after {hook} failed"
        );
        assert_eq!(
            bench.details(NOTICE, "state"),
            ["START", "FAILURE", "START", "SUCCESS"]
        );
    }
}

#[test]
fn a_hook_that_nobody_answers_fails_after_an_hour() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &["AfterAllowTestTraffic"], json!({}));
    bench.until(300, "the hook", |bench| bench.invocations.len() == 1);
    bench.pass(3599);
    assert_eq!(bench.status(&id), "InProgress");
    bench.pass(1);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Failed");
    assert!(text(&info["errorInformation"]["message"]).contains("within one hour"));
    let late = bench.report("Succeeded").expect_err("too late");
    assert_eq!(late.code, "LifecycleEventAlreadyCompletedException");
}

fn waits_for_approval(bench: &mut Bench) {
    bench.blue_green(json!({"blueGreenDeploymentConfiguration": {
        "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
        "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 120},
    }}));
}

#[test]
fn a_group_that_waits_is_ready_until_it_is_continued() {
    let mut bench = Bench::with_image();
    waits_for_approval(&mut bench);
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &["AfterAllowTestTraffic"], json!({}));
    let early = bench.refused(
        "codedeploy",
        "ContinueDeployment",
        json!({"deploymentId": id}),
    );
    assert_eq!(early, "DeploymentIsNotInReadyStateException");
    bench.until(300, "the hook", |bench| bench.invocations.len() == 1);
    bench.report("Succeeded").expect("the report is taken");
    bench.until(10, "ready", |bench| bench.status(&id) == "Ready");
    bench.pass(3600);
    assert_eq!(bench.share(&new), 0);
    bench.codedeploy(
        "ContinueDeployment",
        json!({"deploymentId": id, "deploymentWaitType": "READY_WAIT"}),
    );
    assert_eq!(bench.status(&id), "InProgress");
    bench.until(600, "the end", |bench| bench.status(&id) == "Succeeded");
    assert_eq!(
        bench.details(NOTICE, "state"),
        ["START", "READY", "SUCCESS"]
    );
    let late = bench.refused(
        "codedeploy",
        "ContinueDeployment",
        json!({"deploymentId": id}),
    );
    assert_eq!(late, "DeploymentAlreadyCompletedException");
}

#[test]
fn a_ready_deployment_that_nobody_continues_is_stopped() {
    let mut bench = Bench::with_image();
    waits_for_approval(&mut bench);
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(300, "ready", |bench| bench.status(&id) == "Ready");
    bench.pass(120 * 60);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Stopped");
    assert!(
        text(&info["errorInformation"]["message"])
            .ends_with("This time out period is 120 minutes.")
    );
    bench.pass(60);
    assert_eq!(bench.share(&new), 0);
    assert_eq!(
        bench
            .details(NOTICE, "state")
            .get(..3)
            .map(<[String]>::to_vec),
        Some(vec![
            "START".to_owned(),
            "READY".to_owned(),
            "STOP".to_owned()
        ])
    );
}

#[test]
fn ending_the_termination_wait_early_frees_the_group() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    let early = json!({"deploymentId": id, "deploymentWaitType": "TERMINATION_WAIT"});
    assert_eq!(
        bench.refused("codedeploy", "ContinueDeployment", early.clone()),
        "InvalidDeploymentStatusException"
    );
    bench.until(900, "all traffic", |bench| {
        bench.deployment(&id)["instanceTerminationWaitTimeStarted"] == true
    });
    bench.codedeploy("ContinueDeployment", early);
    assert_eq!(bench.status(&id), "Succeeded");
}

#[test]
fn a_service_of_no_tasks_deploys_too() {
    let mut bench = bench();
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "desiredCount": 0}),
    );
    bench.pass(60);
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(900, "the end", |bench| bench.status(&id) == "Succeeded");
    assert_eq!(bench.get(PRODUCTION).status, 503);
}

#[test]
fn without_automatic_rollback_a_failure_leaves_production_alone() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({"autoRollbackConfiguration": {"enabled": false, "events": []}}));
    let new = bench.push("v2", Behaviour::UnhealthyGreen);
    let id = bench.deploy("v2", &["AfterAllowTestTraffic"], json!({}));
    bench.until(300, "the hook", |bench| bench.invocations.len() == 1);
    bench.report("Failed").expect("the report is taken");
    bench.pass(600);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Failed");
    assert!(info.get("rollbackInfo").is_none());
    assert_eq!(bench.share(&new), 0);
    assert_eq!(bench.details(NOTICE, "state"), ["START", "FAILURE"]);
    assert_eq!(
        bench.task_sets(),
        pairs(&[("2", "ACTIVE"), ("1", "PRIMARY")])
    );
}
