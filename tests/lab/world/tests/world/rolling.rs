//! Rolling deployments, their circuit breaker and their history.

use serde_json::{Value, json};
use towpath_lab_world::Behaviour;

use crate::bench::{ACCOUNT, Bench, PRODUCTION, REGION, text};

const EVENT: &str = "ECS Deployment State Change";

fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}

fn bench(configuration: Value) -> Bench {
    let mut bench = Bench::with_image();
    bench.service("ECS", 2, configuration);
    bench.events.clear();
    bench
}

fn update(bench: &mut Bench, tag: &str) -> Value {
    let definition = bench.register(tag);
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "taskDefinition": definition}),
    )["service"]
        .clone()
}

fn rollout(bench: &mut Bench) -> String {
    text(&bench.describe()["deployments"][0]["rolloutState"])
}

/// The newest first.
fn history(bench: &mut Bench) -> Vec<(String, Value)> {
    let listed = bench.ecs(
        "ListServiceDeployments",
        json!({"cluster": "shop", "service": "api"}),
    );
    let listed = listed["serviceDeployments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let arns: Vec<Value> = listed
        .iter()
        .map(|held| held["serviceDeploymentArn"].clone())
        .collect();
    let described = bench.ecs(
        "DescribeServiceDeployments",
        json!({"serviceDeploymentArns": arns}),
    );
    let described = described["serviceDeployments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    described
        .into_iter()
        .rev()
        .map(|held| (text(&held["status"]), held))
        .collect()
}

#[test]
fn a_service_starts_and_is_steady() {
    let mut bench = Bench::with_image();
    let created = bench.service("ECS", 2, json!({}));
    assert_eq!(created["deployments"][0]["rolloutState"], "IN_PROGRESS");
    let service = bench.describe();
    assert_eq!(service["runningCount"], 2);
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert!(text(&service["events"][0]["message"]).ends_with("has reached a steady state."));
    assert_eq!(
        bench.details("ECS Service Action", "eventName"),
        ["SERVICE_STEADY_STATE"]
    );
    assert_eq!(bench.get(PRODUCTION).status, 200);
}

#[test]
fn an_update_replaces_old_tasks_without_a_gap() {
    let mut bench = bench(json!({}));
    let new = bench.push("v2", Behaviour::Healthy);
    let answer = update(&mut bench, "v2");
    let id = text(&answer["deployments"][0]["id"]);
    assert!(text(&answer["currentServiceDeployment"]).contains(":service-deployment/shop/api/"));
    for _ in 0..60 {
        assert_eq!(bench.get(PRODUCTION).status, 200);
        bench.pass(1);
    }
    assert_eq!(rollout(&mut bench), "COMPLETED");
    assert_eq!(bench.share(&new), 10);
    assert_eq!(
        bench.details(EVENT, "eventName"),
        [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED"
        ]
    );
    assert_eq!(bench.details(EVENT, "deploymentId"), [id.clone(), id]);
    let service = bench.describe();
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(1));
    let statuses: Vec<String> = history(&mut bench)
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses, ["SUCCESSFUL", "SUCCESSFUL"]);
}

#[test]
fn percentages_bound_how_many_tasks_run() {
    let mut bench = bench(json!({"minimumHealthyPercent": 50, "maximumPercent": 100}));
    bench.push("v2", Behaviour::Healthy);
    update(&mut bench, "v2");
    for _ in 0..120 {
        bench.pass(1);
        let service = bench.describe();
        let running = service["runningCount"].as_u64().unwrap_or_default();
        let pending = service["pendingCount"].as_u64().unwrap_or_default();
        assert!(
            running >= 1 && running + pending <= 2,
            "{running} running, {pending} pending"
        );
    }
    assert_eq!(rollout(&mut bench), "COMPLETED");
}

#[test]
fn the_circuit_breaker_rolls_back_to_the_last_completed_deployment() {
    let mut bench = bench(breaker(true));
    let old = bench.describe();
    let bad = bench.push("v2", Behaviour::CrashLoop);
    let failed = text(&update(&mut bench, "v2")["deployments"][0]["id"]);
    bench.until(600, "the failure", |bench| {
        bench
            .details(EVENT, "eventName")
            .iter()
            .any(|name| name == "SERVICE_DEPLOYMENT_FAILED")
    });
    bench.until(120, "the rollback", |bench| rollout(bench) == "COMPLETED");
    let service = bench.describe();
    let back = text(&old["deployments"][0]["id"]);
    assert_eq!(service["deployments"][0]["id"], json!(back));
    assert_eq!(service["taskDefinition"], old["taskDefinition"]);
    assert_eq!(
        service["deployments"][0]["rolloutStateReason"],
        json!(format!(
            "ECS deployment circuit breaker: rolling back to deploymentId {back}."
        ))
    );
    assert_eq!(
        bench.details(EVENT, "deploymentId"),
        [failed.clone(), failed, back.clone(), back]
    );
    assert_eq!(bench.share(&bad), 0);
    let (status, latest) = history(&mut bench).into_iter().next().expect("a history");
    assert_eq!(status, "ROLLBACK_SUCCESSFUL");
    assert_eq!(latest["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert_eq!(latest["deploymentCircuitBreaker"]["failureCount"], 3);
    assert!(
        text(&latest["rollback"]["serviceRevisionArn"]).contains(":service-revision/shop/api/")
    );
}

#[test]
fn without_rollback_the_deployment_stays_failed_and_old_tasks_serve() {
    let mut bench = bench(breaker(false));
    bench.push("v2", Behaviour::CrashLoop);
    update(&mut bench, "v2");
    bench.until(600, "the failure", |bench| rollout(bench) == "FAILED");
    bench.pass(600);
    let service = bench.describe();
    assert_eq!(
        service["deployments"][0]["rolloutStateReason"],
        "ECS deployment circuit breaker: tasks failed to start."
    );
    let failures = service["deployments"][0]["failedTasks"].as_u64();
    assert!(failures.is_some_and(|count| count >= 3), "{failures:?}");
    assert_eq!(service["deployments"][1]["runningCount"], 2);
    assert_eq!(bench.get(PRODUCTION).status, 200);
    assert_eq!(
        history(&mut bench)
            .first()
            .map(|(status, _)| status.clone())
            .as_deref(),
        Some("STOPPED")
    );
}

#[test]
fn stopped_tasks_say_why() {
    let mut bench = bench(breaker(false));
    bench.push("v2", Behaviour::CrashLoop);
    update(&mut bench, "v2");
    bench.until(600, "the failure", |bench| rollout(bench) == "FAILED");
    let listed = bench.ecs(
        "ListTasks",
        json!({"cluster": "shop", "serviceName": "api", "desiredStatus": "STOPPED"}),
    );
    let described = bench.ecs(
        "DescribeTasks",
        json!({"cluster": "shop", "tasks": listed["taskArns"]}),
    );
    let crashed = described["tasks"]
        .as_array()
        .and_then(|tasks| {
            tasks
                .iter()
                .find(|task| task["stopCode"] == "EssentialContainerExited")
                .cloned()
        })
        .expect("a crashed task");
    assert_eq!(
        crashed["stoppedReason"],
        "Essential container in task exited"
    );
    assert_eq!(crashed["containers"][0]["exitCode"], 1);
}

#[test]
fn a_missing_image_trips_the_breaker_with_its_reason() {
    let mut bench = bench(breaker(true));
    update(&mut bench, "never-pushed");
    bench.until(600, "the rollback", |bench| {
        history(bench)
            .first()
            .is_some_and(|(status, _)| status == "ROLLBACK_SUCCESSFUL")
    });
    let reasons = bench.details("ECS Task State Change", "stoppedReason");
    assert!(
        reasons
            .iter()
            .any(|reason| reason.starts_with("CannotPullContainerError"))
    );
}

#[test]
fn a_second_update_supersedes_the_first() {
    let mut bench = bench(json!({}));
    bench.push("v2", Behaviour::Healthy);
    let third = bench.push("v3", Behaviour::Healthy);
    update(&mut bench, "v2");
    bench.pass(10);
    update(&mut bench, "v3");
    bench.until(200, "the end", |bench| rollout(bench) == "COMPLETED");
    assert_eq!(bench.share(&third), 10);
    let statuses: Vec<String> = history(&mut bench)
        .into_iter()
        .map(|(status, _)| status)
        .collect();
    assert_eq!(statuses, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
    assert_eq!(
        bench.details(EVENT, "eventName"),
        [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED"
        ]
    );
}

#[test]
fn a_service_scaled_to_nothing_deploys_at_once() {
    let mut bench = bench(json!({}));
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "desiredCount": 0}),
    );
    bench.pass(30);
    assert_eq!(bench.describe()["runningCount"], 0);
    assert_eq!(bench.get(PRODUCTION).status, 503);
    bench.push("v2", Behaviour::Healthy);
    update(&mut bench, "v2");
    bench.pass(5);
    assert_eq!(rollout(&mut bench), "COMPLETED");
}

#[test]
fn an_alarm_fails_the_deployment_and_rolls_back() {
    let mut bench =
        bench(json!({"alarms": {"alarmNames": ["5xx"], "enable": true, "rollback": true}}));
    bench.until(900, "the first deployment", |bench| {
        rollout(bench) == "COMPLETED"
    });
    bench.push("v2", Behaviour::UnhealthyGreen);
    update(&mut bench, "v2");
    bench.pass(90);
    assert_eq!(
        rollout(&mut bench),
        "IN_PROGRESS",
        "alarms are watched for a while"
    );
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    let (status, latest) = history(&mut bench).into_iter().next().expect("a history");
    assert_eq!(status, "ROLLBACK_IN_PROGRESS");
    assert_eq!(latest["alarms"]["status"], "TRIGGERED");
    assert_eq!(latest["alarms"]["triggeredAlarmNames"], json!(["5xx"]));
    bench.until(600, "the rollback", |bench| rollout(bench) == "COMPLETED");
    assert_eq!(bench.get(PRODUCTION).status, 200);
}

#[test]
fn an_alarm_that_is_on_already_does_not_fail_the_deployment() {
    let mut bench =
        bench(json!({"alarms": {"alarmNames": ["5xx"], "enable": true, "rollback": true}}));
    bench.until(900, "the first deployment", |bench| {
        rollout(bench) == "COMPLETED"
    });
    bench
        .world
        .set_alarm(ACCOUNT, REGION, "5xx", true, bench.now);
    bench.push("v2", Behaviour::Healthy);
    update(&mut bench, "v2");
    bench.until(900, "the second", |bench| rollout(bench) != "IN_PROGRESS");
    let (status, _) = history(&mut bench).into_iter().next().expect("a history");
    assert_eq!(status, "SUCCESSFUL");
}

#[test]
fn desired_count_alone_makes_no_deployment() {
    let mut bench = bench(json!({}));
    let before = bench.describe();
    bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "desiredCount": 4}),
    );
    bench.pass(60);
    let after = bench.describe();
    assert_eq!(after["runningCount"], 4);
    assert_eq!(
        before["deployments"][0]["id"],
        after["deployments"][0]["id"]
    );
    assert_eq!(
        before["currentServiceDeployment"],
        after["currentServiceDeployment"]
    );
    let same = bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "taskDefinition": before["taskDefinition"]}),
    );
    assert_eq!(
        same["service"]["currentServiceDeployment"],
        before["currentServiceDeployment"]
    );
    let forced = bench.ecs(
        "UpdateService",
        json!({"cluster": "shop", "service": "api", "forceNewDeployment": true}),
    );
    assert_ne!(
        forced["service"]["currentServiceDeployment"],
        before["currentServiceDeployment"]
    );
}

#[test]
fn revisions_keep_the_images_by_digest() {
    let mut bench = bench(json!({}));
    let digest = bench.push("v2", Behaviour::Healthy);
    update(&mut bench, "v2");
    let (_, latest) = history(&mut bench).into_iter().next().expect("a history");
    let arn = latest["targetServiceRevision"]["arn"].clone();
    let revision = bench.ecs(
        "DescribeServiceRevisions",
        json!({"serviceRevisionArns": [arn]}),
    );
    assert_eq!(
        revision["serviceRevisions"][0]["containerImages"][0]["imageDigest"],
        json!(digest)
    );
    let missing = bench.ecs(
        "DescribeServiceRevisions",
        json!({"serviceRevisionArns": ["arn:aws:ecs:x:1:service-revision/a/b/1"]}),
    );
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
}

#[test]
fn a_rolling_deployment_can_be_stopped() {
    let mut bench = bench(json!({}));
    let new = bench.push("v2", Behaviour::Healthy);
    let arn = text(&update(&mut bench, "v2")["currentServiceDeployment"]);
    bench.pass(10);
    bench.ecs(
        "StopServiceDeployment",
        json!({"serviceDeploymentArn": arn, "stopType": "ROLLBACK"}),
    );
    bench.until(120, "the rollback", |bench| {
        history(bench)
            .first()
            .is_some_and(|(status, _)| status == "ROLLBACK_SUCCESSFUL")
    });
    assert_eq!(bench.share(&new), 0);
    assert!(
        bench.describe()["taskDefinition"]
            .as_str()
            .is_some_and(|arn| arn.ends_with(":1"))
    );
}
