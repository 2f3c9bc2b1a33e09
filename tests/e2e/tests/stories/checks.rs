//! Checks that the deployer runs itself: one-off tasks, alarms and metrics, before a rollout, in
//! the middle of it and after it.

use serde_json::{Value, json};
use towpath_e2e::{Error, Shop, World};

const MIGRATE: [&str; 2] = ["./manage", "migrate"];
const ALARM: &str = "shop-api-5xx";

/// A world whose pipeline is one of the example's stages, with other checks.
async fn world_with(stage: usize, checks: Value, bake: Option<&str>) -> Result<World, Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    let mut only = pipeline["stages"][stage].clone();
    only["checks"] = checks;
    if let Some(bake) = bake {
        only["bake"] = json!(bake);
    }
    pipeline["stages"] = json!([only]);
    world.shop.apply(&world.lab, &pipeline).await?;
    Ok(world)
}

fn migration(at: &str) -> Value {
    json!([{ "name": "migrate", "at": at, "task": { "container": "app", "command": MIGRATE, "timeout": "2m" } }])
}

async fn script(world: &World, outcome: Value) -> Result<(), Error> {
    let mut script =
        json!({ "command": MIGRATE, "log": ["applying 0007", "no such table: orders"] });
    for (key, value) in outcome.as_object().into_iter().flatten() {
        script[key] = value.clone();
    }
    world.lab.post("scripts", &script).await.map(|_| ())
}

/// The calls of an operation by `advance` that AWS carried out.
async fn by_advance(world: &World, service: &str, operation: &str) -> Result<Vec<Value>, Error> {
    let mut calls = world.carried_out(service, operation).await?;
    calls.retain(|call| call["caller"] == "towpath-advance");
    Ok(calls)
}

/// The result of the only check of a release.
async fn result(world: &World, tag: &str) -> Result<(bool, String), Error> {
    let checked = world.events_named(tag, "checked").await?;
    assert_eq!(checked.len(), 1, "{checked:#?}");
    let result = &checked[0]["results"][0];
    let detail = result["detail"].as_str().unwrap_or_default().to_owned();
    Ok((result["passed"] == true, detail))
}

/// The tasks that the checks of this world have started.
async fn tasks(world: &World) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for call in world.calls("ecs", "RunTask").await? {
        for status in ["RUNNING", "STOPPED"] {
            let input = json!({ "cluster": call["parameters"]["cluster"], "desiredStatus": status,
                "startedBy": call["parameters"]["startedBy"] });
            let listed = world.lab.aws("ecs", "ListTasks", &input).await?;
            found.extend(listed["taskArns"].as_array().cloned().unwrap_or_default());
        }
    }
    found.sort_by_key(Value::to_string);
    found.dedup();
    Ok(found)
}

#[tokio::test]
async fn a_migration_runs_the_new_version_before_anything_is_changed() -> Result<(), Error> {
    let world = world_with(0, migration("before_install"), None).await?;
    script(&world, json!({ "exit_code": 0 })).await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    let outcome = world.ended("3f2c1ab").await?;
    assert_eq!(outcome, "succeeded", "{}", world.reason("3f2c1ab").await?);
    let (passed, detail) = result(&world, "3f2c1ab").await?;
    assert!(passed && detail.ends_with("exited with 0"), "{detail}");
    assert_eq!(world.running("test").await?, [digest.as_str()]);

    let runs = by_advance(&world, "ecs", "RunTask").await?;
    let updates = by_advance(&world, "ecs", "UpdateService").await?;
    assert_eq!((runs.len(), updates.len()), (1, 1));
    assert!(runs[0]["n"].as_u64() < updates[0]["n"].as_u64());
    let input = json!({ "cluster": "test", "services": [Shop::NAME] });
    let service = world.lab.aws("ecs", "DescribeServices", &input).await?;
    assert_eq!(
        runs[0]["parameters"]["networkConfiguration"],
        service["services"][0]["networkConfiguration"]
    );
    let input = json!({ "cluster": "test", "tasks": tasks(&world).await? });
    let task = world.lab.aws("ecs", "DescribeTasks", &input).await?["tasks"][0].clone();
    assert_eq!(task["containers"][0]["imageDigest"], digest);
    // AWS told of the task's end, so that nobody had to ask again.
    let reported = world.events_named("3f2c1ab", "deployment_reported").await?;
    assert!(
        reported
            .iter()
            .any(|event| event["deployment"] == task["taskArn"] && event["state"] == "STOPPED"),
        "{reported:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_migration_that_fails_says_why_and_nothing_was_changed() -> Result<(), Error> {
    let world = world_with(0, migration("before_install"), None).await?;
    script(&world, json!({ "exit_code": 1 })).await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "failed");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("check `migrate` failed at before_install")
            && reason.contains("exited with 1 (Essential container in task exited), expected 0")
            && reason.ends_with("its log ends: applying 0007 | no such table: orders"),
        "{reason}"
    );
    assert_eq!(by_advance(&world, "ecs", "UpdateService").await?.len(), 0);
    assert_eq!(world.running("test").await?, world.shop.first());

    script(&world, json!({ "exit_code": null })).await?;
    world.push("4f2c1ab", "healthy").await?;
    assert_eq!(world.ended("4f2c1ab").await?, "failed");
    let reason = world.reason("4f2c1ab").await?;
    assert!(
        reason.contains("was still RUNNING after 2m, and was stopped; its log ends: applying"),
        "{reason}"
    );
    assert_eq!(by_advance(&world, "ecs", "StopTask").await?.len(), 1);
    assert_eq!(by_advance(&world, "ecs", "UpdateService").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_task_that_cannot_be_run_is_a_check_that_failed() -> Result<(), Error> {
    let world = world_with(0, migration("bake"), Some("10m")).await?;
    world.push("3f2c1ab", "healthy").await?;
    world
        .until("the new version is being rolled out", async |world| {
            Ok(!by_advance(world, "ecs", "UpdateService").await?.is_empty())
        })
        .await?;
    let updated = by_advance(&world, "ecs", "UpdateService").await?;
    let inactive = json!({ "taskDefinition": updated[0]["parameters"]["taskDefinition"] });
    world
        .lab
        .aws("ecs", "DeregisterTaskDefinition", &inactive)
        .await?;
    assert_eq!(world.ended("3f2c1ab").await?, "rolled_back");
    let (passed, detail) = result(&world, "3f2c1ab").await?;
    assert!(
        !passed && detail.starts_with("its task could not be run: ecs:RunTask: "),
        "{detail}"
    );
    Ok(())
}

#[tokio::test]
async fn a_check_in_a_container_that_is_not_there_is_refused_before_anything_is_changed()
-> Result<(), Error> {
    let mut checks = migration("bake");
    checks[0]["task"]["container"] = json!("worker");
    let world = world_with(0, checks, Some("10m")).await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "failed");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("the check `migrate` names the container worker, which shop-api-test does not have, but app"),
        "{reason}"
    );
    for operation in ["RegisterTaskDefinition", "UpdateService"] {
        assert_eq!(by_advance(&world, "ecs", operation).await?.len(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn one_task_runs_whatever_becomes_of_its_starter() -> Result<(), Error> {
    for fault in ["crash-after", "answer-lost", "crash-before", "throttled"] {
        let world = world_with(0, migration("before_install"), None).await?;
        script(&world, json!({ "exit_code": 0 })).await?;
        world
            .fail(
                &json!([{ "service": "ecs", "operation": "RunTask", "nth": 1, "outcome": fault }]),
            )
            .await?;
        world.push("3f2c1ab", "healthy").await?;
        let outcome = world.ended("3f2c1ab").await?;
        let reason = world.reason("3f2c1ab").await?;
        assert_eq!(outcome, "succeeded", "{fault}: {reason}");
        assert_eq!(tasks(&world).await?.len(), 1, "{fault}");
        let started = world.events_named("3f2c1ab", "task_started").await?;
        assert_eq!(started.len(), 1, "{fault}");
        let was_lost = ["crash-after", "answer-lost"].contains(&fault);
        assert_eq!(started[0]["found"], was_lost, "{fault}");
    }
    Ok(())
}

#[tokio::test]
async fn a_task_that_was_lost_is_found_where_ecs_refuses_to_list_by_status_and_starter()
-> Result<(), Error> {
    let world = world_with(0, migration("before_install"), None).await?;
    script(&world, json!({ "exit_code": 0, "seconds": 1 })).await?;
    // It has stopped when it is looked for again.
    let faults = json!([
        { "service": "ecs", "operation": "ListTasks", "caller": "towpath-advance",
          "having": ["startedBy", "desiredStatus"], "outcome": "refused" },
        { "service": "ecs", "operation": "RunTask", "nth": 1, "outcome": "crash-after" },
    ]);
    world.fail(&faults).await?;
    world.push("3f2c1ab", "healthy").await?;
    let outcome = world.ended("3f2c1ab").await?;
    assert_eq!(outcome, "succeeded", "{}", world.reason("3f2c1ab").await?);
    assert_eq!(tasks(&world).await?.len(), 1);
    let started = world.events_named("3f2c1ab", "task_started").await?;
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["found"], true);
    let listed = by_advance(&world, "ecs", "ListTasks").await?;
    let by_family = |call: &&Value| call["parameters"]["family"] == "shop-api-test";
    assert_eq!(listed.iter().filter(by_family).count(), 1, "{listed:#?}");
    Ok(())
}

#[tokio::test]
async fn a_task_on_green_decides_whether_traffic_moves() -> Result<(), Error> {
    let world = world_with(1, migration("after_test_traffic"), None).await?;
    script(&world, json!({ "exit_code": 0 })).await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    let outcome = world.ended("3f2c1ab").await?;
    assert_eq!(outcome, "succeeded", "{}", world.reason("3f2c1ab").await?);
    assert_eq!(world.visit("staging").await?, digest);
    let answer = "PutLifecycleEventHookExecutionStatus";
    let answers = by_advance(&world, "codedeploy", answer).await?;
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(answers[0]["parameters"]["status"], "Succeeded");

    script(&world, json!({ "exit_code": 3 })).await?;
    world.push("4f2c1ab", "healthy").await?;
    let outcome = world.ended("4f2c1ab").await?;
    let reason = world.reason("4f2c1ab").await?;
    assert!(
        ["failed", "rolled_back"].contains(&outcome.as_str()),
        "{outcome}: {reason}"
    );
    assert!(
        reason.contains("check `migrate` failed at after_test_traffic")
            && reason.contains("exited with 3"),
        "{reason}"
    );
    assert_eq!(world.visit("staging").await?, digest);
    let answers = by_advance(&world, "codedeploy", answer).await?;
    assert_eq!(answers.len(), 2, "{answers:#?}");
    assert_eq!(answers[1]["parameters"]["status"], "Failed");
    Ok(())
}

#[tokio::test]
async fn a_metric_waits_for_its_samples() -> Result<(), Error> {
    let dimensions = json!({ "Service": Shop::NAME });
    let checks = json!([{ "name": "latency", "at": "after_traffic", "metric": {
        "namespace": "Shop", "name": "Latency", "dimensions": dimensions, "statistic": "Average",
        "must_be": "less_than", "threshold": 0.3, "minimum_samples": 3, "wait": "20m" } }]);
    let world = world_with(1, checks, None).await?;
    let measure = async |values: &[f64]| {
        let metric = json!({ "namespace": "Shop", "name": "Latency", "dimensions": dimensions, "values": values });
        world.lab.post("metrics", &metric).await.map(|_| ())
    };
    world.push("3f2c1ab", "healthy").await?;
    let asks = async |tag: &'static str| {
        world
            .until(&format!("{tag} asks"), async |world| {
                Ok(!world.events_named(tag, "hook_called").await?.is_empty())
            })
            .await
    };
    asks("3f2c1ab").await?;
    // In the minute in which the check began, and so not about green alone.
    measure(&[9.0, 9.0, 9.0, 9.0]).await?;
    world.pass(120).await?;
    measure(&[0.1, 0.2]).await?;
    world.pass(120).await?;
    assert_eq!(
        world.events_named("3f2c1ab", "checked").await?,
        [] as [Value; 0]
    );
    measure(&[0.3]).await?;
    let outcome = world.ended("3f2c1ab").await?;
    assert_eq!(outcome, "succeeded", "{}", world.reason("3f2c1ab").await?);
    let (passed, detail) = result(&world, "3f2c1ab").await?;
    assert!(
        passed && detail.contains("is 0.2 over 3 samples, expected less than 0.3"),
        "{detail}"
    );

    world.push("4f2c1ab", "healthy").await?;
    asks("4f2c1ab").await?;
    let outcome = world.ended("4f2c1ab").await?;
    let reason = world.reason("4f2c1ab").await?;
    assert_ne!(outcome, "succeeded");
    assert!(
        reason.contains("has 0 samples after 20m") && reason.contains("at least 3 samples"),
        "{reason}"
    );
    Ok(())
}

#[tokio::test]
async fn an_alarm_before_the_rollout_keeps_it_from_starting() -> Result<(), Error> {
    let checks = json!([{ "name": "calm", "at": "before_install", "alarm": { "names": [ALARM, "nobody-made-it"] } }]);
    let world = world_with(0, checks, None).await?;
    make_alarm(&world, "ALARM").await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "failed");
    let (passed, detail) = result(&world, "3f2c1ab").await?;
    assert!(!passed);
    assert!(
        detail.contains("alarm `shop-api-5xx` is ALARM (set by a control of the lab)")
            && detail.contains("alarm `nobody-made-it` does not exist; expected OK"),
        "{detail}"
    );
    assert_eq!(by_advance(&world, "ecs", "UpdateService").await?.len(), 0);
    Ok(())
}

async fn make_alarm(world: &World, state: &str) -> Result<(), Error> {
    let alarm = json!({ "AlarmName": ALARM, "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum",
        "Period": 60, "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold" });
    world
        .lab
        .aws("monitoring", "PutMetricAlarm", &alarm)
        .await?;
    set_alarm(world, state).await
}

async fn set_alarm(world: &World, state: &str) -> Result<(), Error> {
    let set = json!({ "name": ALARM, "state": state });
    let set = world.lab.post("alarms", &set).await?;
    assert_eq!(set["exists_in_cloudwatch"], true);
    Ok(())
}

/// The new version serves and is watched; then the alarm goes off.
async fn an_alarm_while_it_bakes(index: usize, stage: &'static str) -> Result<(), Error> {
    let checks = json!([{ "name": "calm", "at": "bake", "alarm": { "names": [ALARM] } }]);
    let world = world_with(index, checks, Some("10m")).await?;
    make_alarm(&world, "OK").await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    let (passed, detail) = result(&world, "3f2c1ab").await?;
    assert!(passed && detail == "alarm `shop-api-5xx` is OK", "{detail}");

    world.push("4f2c1ab", "healthy").await?;
    world
        .until("the new version is watched", async |world| {
            let seen = world.events_named("4f2c1ab", "deployment_observed").await?;
            let serves = |event: &Value| {
                let status = event["status"].to_string().to_lowercase();
                status.contains("shifted") || status.contains("succeeded")
            };
            Ok(seen.iter().any(serves))
        })
        .await?;
    world.pass(120).await?;
    assert_eq!(world.outcome("4f2c1ab").await?, None);
    set_alarm(&world, "ALARM").await?;
    let outcome = world.ended("4f2c1ab").await?;
    let reason = world.reason("4f2c1ab").await?;
    assert_eq!(outcome, "rolled_back", "{reason}");
    assert!(
        reason.contains("check `calm` failed at bake: alarm `shop-api-5xx` is ALARM"),
        "{reason}"
    );
    world
        .until("the old version runs again", async |world| {
            Ok(world.running(stage).await? == [digest.as_str()])
        })
        .await?;
    assert_eq!(world.events_named("4f2c1ab", "held").await?.len(), 1);
    // The next push does not undo it.
    world.push("5f2c1ab", "healthy").await?;
    world.pass(600).await?;
    assert_eq!(world.outcome("5f2c1ab").await?, None);
    assert_eq!(world.running(stage).await?, [digest.as_str()]);
    Ok(())
}

#[tokio::test]
async fn an_alarm_takes_a_rolling_rollout_back() -> Result<(), Error> {
    an_alarm_while_it_bakes(0, "test").await
}

#[tokio::test]
async fn an_alarm_takes_a_blue_green_rollout_back() -> Result<(), Error> {
    an_alarm_while_it_bakes(1, "staging").await
}
