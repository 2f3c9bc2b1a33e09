//! CodeDeploy deployments that end before their time: stopped, by alarm, or unable to install.

use serde_json::json;
use towpath_lab_world::Behaviour;

use crate::{
    bench::{ACCOUNT, Bench, PRODUCTION, REGION, TEST, pairs, text},
    codedeploy_paths::{NOTICE, bench},
};

#[test]
fn a_stop_with_rollback_gives_traffic_back() {
    let mut bench = bench();
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(300, "the canary", |bench| bench.share(&new) == 1);
    bench.codedeploy(
        "StopDeployment",
        json!({"deploymentId": id, "autoRollbackEnabled": true}),
    );
    assert_eq!(bench.status(&id), "Stopped");
    assert_eq!(bench.share(&new), 0);
    assert_eq!(
        bench.lifecycle(&id).get(6),
        Some(&("AllowTraffic".to_owned(), "Failed".to_owned()))
    );
    bench.pass(60);
    assert_eq!(bench.task_sets(), pairs(&[("1", "PRIMARY")]));
    let again = bench.refused("codedeploy", "StopDeployment", json!({"deploymentId": id}));
    assert_eq!(again, "DeploymentAlreadyCompletedException");
}

#[test]
fn a_stop_without_rollback_leaves_things_as_they_are() {
    let mut bench = bench();
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(300, "the canary", |bench| bench.share(&new) == 1);
    bench.codedeploy(
        "StopDeployment",
        json!({"deploymentId": id, "autoRollbackEnabled": false}),
    );
    bench.pass(600);
    assert_eq!(bench.share(&new), 1);
    assert!(bench.deployment(&id).get("rollbackInfo").is_none());
    assert_eq!(bench.details(NOTICE, "state"), ["START", "STOP"]);

    // The next deployment clears up what this one left behind.
    let third = bench.push("v3", Behaviour::Healthy);
    let next = bench.deploy(
        "v3",
        &[],
        json!({"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"}),
    );
    bench.until(900, "the next", |bench| bench.status(&next) == "Succeeded");
    bench.pass(30);
    assert_eq!(bench.share(&third), 10);
    assert_eq!(bench.task_sets(), pairs(&[("3", "PRIMARY")]));
}

#[test]
fn an_alarm_stops_the_deployment_and_rolls_it_back() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({"alarmConfiguration": {"enabled": true, "alarms": [{"name": "5xx"}]}}));
    let new = bench.push("v2", Behaviour::DegradesAfterShift);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(300, "test traffic", |bench| {
        bench.get(TEST).body.contains(&new)
    });
    assert_eq!(bench.get(TEST).status, 200);
    bench.until(60, "the canary", |bench| bench.share(&new) == 1);
    assert!(
        (0..10).any(|_| bench.get(PRODUCTION).status == 500),
        "it degrades under production traffic"
    );
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Stopped");
    assert_eq!(info["errorInformation"]["code"], "ALARM_ACTIVE");
    assert!(text(&info["errorInformation"]["message"]).ends_with("Activated alarms: <5xx>"));
    assert!((0..20).all(|_| bench.get(PRODUCTION).status == 200));
}

#[test]
fn an_alarm_that_is_on_already_stops_the_next_deployment_unless_overridden() {
    let mut bench = Bench::with_image();
    bench.blue_green(json!({"alarmConfiguration": {"enabled": true, "alarms": [{"name": "5xx"}]}}));
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(60, "the stop", |bench| bench.status(&id) == "Stopped");
    assert_eq!(
        bench.lifecycle(&id).get(1),
        Some(&("Install".to_owned(), "Failed".to_owned()))
    );
    bench.pass(60);
    let forced = bench.deploy(
        "v2",
        &[],
        json!({"overrideAlarmConfiguration": {"enabled": false}}),
    );
    bench.until(900, "the forced one", |bench| {
        bench.status(&forced) == "Succeeded"
    });
}

#[test]
fn crashing_tasks_fail_the_install_after_an_hour() {
    let mut bench = bench();
    bench.push("v2", Behaviour::CrashLoop);
    let id = bench.deploy("v2", &[], json!({}));
    bench.pass(3500);
    assert_eq!(bench.status(&id), "InProgress");
    bench.pass(200);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Failed");
    assert_eq!(info["errorInformation"]["code"], "TIMEOUT");
    assert_eq!(
        bench.lifecycle(&id).get(1),
        Some(&("Install".to_owned(), "Failed".to_owned()))
    );
    bench.pass(60);
    assert_eq!(bench.task_sets(), pairs(&[("1", "PRIMARY")]));
    assert!(!bench.details("ECS Service Action", "eventName").is_empty());
}

#[test]
fn a_missing_image_fails_the_install_too() {
    let mut bench = bench();
    let id = bench.deploy("never-pushed", &[], json!({}));
    bench.pass(3700);
    assert_eq!(bench.status(&id), "Failed");
    let reasons = bench.details("ECS Task State Change", "stoppedReason");
    assert!(
        reasons
            .iter()
            .any(|reason| reason.starts_with("CannotPullContainerError"))
    );
}

#[test]
fn a_rollback_during_the_termination_wait_makes_blue_primary_again() {
    let mut bench = bench();
    let new = bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(900, "all traffic", |bench| {
        bench.deployment(&id)["instanceTerminationWaitTimeStarted"] == true
    });
    assert_eq!(bench.share(&new), 10);
    bench.codedeploy(
        "StopDeployment",
        json!({"deploymentId": id, "autoRollbackEnabled": true}),
    );
    assert_eq!(bench.share(&new), 0);
    bench.pass(60);
    assert_eq!(bench.task_sets(), pairs(&[("1", "PRIMARY")]));
    assert!(
        bench.describe()["taskDefinition"]
            .as_str()
            .is_some_and(|arn| arn.ends_with(":1"))
    );
}

#[test]
fn a_hook_whose_function_does_not_exist_fails_at_once() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let id = bench.deploy("v2", &["BeforeInstall"], json!({}));
    bench.until(60, "the hook", |bench| bench.invocations.len() == 1);
    let (function, payload) = bench.invocations.last().cloned().expect("an invocation");
    bench
        .world
        .invocation_refused(&function, &payload, bench.now);
    let info = bench.deployment(&id);
    assert_eq!(info["status"], "Failed");
    assert_eq!(info["errorInformation"]["code"], "INVALID_LAMBDA_FUNCTION");
    bench
        .world
        .invocation_refused("other", &json!({}), bench.now);
    assert_eq!(bench.status(&id), "Failed");
}

#[test]
fn a_listener_that_forwards_elsewhere_cannot_be_shifted() {
    let mut bench = bench();
    bench.push("v2", Behaviour::Healthy);
    let elsewhere = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/other/1";
    bench
        .world
        .forward(PRODUCTION, &[(elsewhere.to_owned(), 1.0)]);
    let id = bench.deploy("v2", &[], json!({}));
    bench.until(60, "the failure", |bench| bench.status(&id) == "Failed");
    let message = text(&bench.deployment(&id)["errorInformation"]["message"]);
    assert!(message.ends_with("Primary taskset target group must be behind listener"));
}
