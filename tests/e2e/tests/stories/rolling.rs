//! Rolling updates that pause, and those that ECS counts as successful before all tasks are new.

use serde_json::{Value, json};
use towpath_e2e::{Error, World};

const TAG: &str = "3f2c1ab";

/// The example with its first stage alone, whose service is set up so.
async fn only_test(stage: &Value, service: &Value) -> Result<World, Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    if let Some(stages) = pipeline["stages"].as_array_mut() {
        stages.truncate(1);
    }
    for (key, value) in stage.as_object().into_iter().flatten() {
        pipeline["stages"][0][key] = value.clone();
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    let mut update = json!({ "cluster": "test", "service": "shop-api" });
    for (key, value) in service.as_object().into_iter().flatten() {
        update[key] = value.clone();
    }
    world.lab.aws("ecs", "UpdateService", &update).await?;
    world.pass(120).await?;
    Ok(world)
}

/// Whether the release was once seen to be at this.
async fn was_at(world: &World, step: &str) -> Result<bool, Error> {
    let observed = world.events_named(TAG, "deployment_observed").await?;
    let at = |event: &Value| event["status"]["at"]["is"] == step;
    Ok(observed.iter().any(at))
}

fn pausing() -> Value {
    json!({ "deploymentConfiguration": { "lifecycleHooks": [
        { "targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"] }] } })
}

async fn newest(world: &World) -> Result<Value, Error> {
    let input = json!({ "cluster": "test", "service": "shop-api" });
    let listed = world.lab.aws("ecs", "ListServiceDeployments", &input);
    let listed = listed.await?["serviceDeployments"].take();
    let newest = listed.as_array().and_then(|listed| listed.last());
    let newest = newest.map(|newest| newest["serviceDeploymentArn"].clone());
    let input = json!({ "serviceDeploymentArns": [newest] });
    let described = world.lab.aws("ecs", "DescribeServiceDeployments", &input);
    Ok(described.await?["serviceDeployments"][0].take())
}

#[tokio::test]
async fn a_pause_of_the_services_own_is_waited_for_and_said() -> Result<(), Error> {
    let world = only_test(&json!({}), &pausing()).await?;
    let digest = world.push(TAG, "healthy").await?;
    world
        .until("it is seen to pause", async |world| {
            was_at(world, "paused").await
        })
        .await?;
    let paused = newest(&world).await?;
    assert_eq!(paused["targetServiceRevision"]["runningTaskCount"], 0);
    let go_on = json!({ "serviceDeploymentArn": paused["serviceDeploymentArn"],
        "hookId": paused["lifecycleHookDetails"][0]["hookId"], "action": "CONTINUE" });
    world
        .lab
        .aws("ecs", "ContinueServiceDeployment", &go_on)
        .await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("test").await?, [digest]);
    let answered = world
        .carried_out("ecs", "ContinueServiceDeployment")
        .await?;
    assert_eq!(answered.len(), 1, "only its owner has answered it");
    Ok(())
}

#[tokio::test]
async fn a_pause_that_nobody_answers_is_the_reason_and_keeps_no_rollback_waiting()
-> Result<(), Error> {
    let world = only_test(&json!({ "timeout": "4m" }), &pausing()).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "rolled_back");
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains("a pause at PRE_SCALE_UP waited for an action, and nobody gave one"),
        "{reason}"
    );
    assert_eq!(world.running("test").await?, world.shop.first());
    assert_eq!(newest(&world).await?["status"], "SUCCESSFUL");
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_ecs_counts_early_has_succeeded_when_all_tasks_are_new() -> Result<(), Error> {
    let early = json!({ "desiredCount": 4, "deploymentConfiguration": {
        "minimumHealthyPercent": 50, "maximumPercent": 100, "earlySuccessCriteria": {
            "enable": true, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED" } } });
    let world = only_test(&json!({}), &early).await?;
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert!(was_at(&world, "counted_early").await?);
    assert_eq!(world.running("test").await?, [digest]);
    Ok(())
}

#[tokio::test]
async fn what_ecs_has_rolled_back_while_nobody_knew_is_not_started_again() -> Result<(), Error> {
    let world = only_test(&json!({}), &json!({})).await?;
    // Whoever comes next does not find it in the list at once.
    let faults = json!([
        { "service": "ecs", "operation": "UpdateService", "caller": "towpath-advance",
          "nth": 1, "outcome": "crash-after" },
        { "service": "ecs", "operation": "ListServiceDeployments", "caller": "towpath-advance",
          "first": 1, "outcome": "stale" },
    ]);
    world.fail(&faults).await?;
    world.push(TAG, "crash-loop").await?;
    assert_eq!(world.ended(TAG).await?, "rolled_back");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("circuit breaker"), "{reason}");
    let updates = world.carried_out("ecs", "UpdateService").await?;
    let ours = updates.iter();
    let ours = ours.filter(|call| call["caller"] == "towpath-advance");
    assert_eq!(ours.count(), 1, "{updates:#?}");
    assert_eq!(world.events_named(TAG, "not_seen").await?.len(), 1);
    assert_eq!(world.running("test").await?, world.shop.first());
    Ok(())
}

/// The service's deployments, the newest last.
async fn deployments(world: &World) -> Result<Vec<Value>, Error> {
    let input = json!({ "cluster": "test", "service": "shop-api" });
    let listed = world.lab.aws("ecs", "ListServiceDeployments", &input);
    let listed = listed.await?["serviceDeployments"].take();
    Ok(listed.as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_way_back_that_ecs_has_gone_back_from_while_nobody_knew_is_not_begun_again()
-> Result<(), Error> {
    let world = only_test(&json!({ "bake": "2h" }), &json!({})).await?;
    let digest = world.push(TAG, "healthy").await?;
    world
        .until("the release bakes", async |world| {
            let observed = world.events_named(TAG, "deployment_observed").await?;
            Ok(observed.iter().any(|it| it["status"]["is"] == "succeeded"))
        })
        .await?;
    let known = deployments(&world).await?.len();
    let fault = json!([{ "service": "ecs", "operation": "UpdateService",
        "caller": "towpath-advance", "nth": 1, "outcome": "crash-after" }]);
    world.fail(&fault).await?;
    let command = [
        "rollback",
        "shop-api",
        "test",
        "--reason",
        "orders get lost",
    ];
    world.ordered(&command).await?;
    world
        .until("the way back begins", async |world| {
            Ok(deployments(world).await?.len() > known)
        })
        .await?;
    let back = newest(&world).await?["serviceDeploymentArn"].take();
    let stop = json!({ "serviceDeploymentArn": back, "stopType": "ROLLBACK" });
    world.lab.aws("ecs", "StopServiceDeployment", &stop).await?;

    assert_eq!(world.ended(TAG).await?, "failed");
    let begun = world.events_named(TAG, "rollback_started").await?;
    assert_eq!(begun.len(), 1, "{begun:#?}");
    assert_eq!(begun[0]["deployment"], back);
    assert_eq!(deployments(&world).await?.len(), known + 1);
    assert_eq!(world.running("test").await?, [digest]);
    Ok(())
}

/// What ECS shows of services is from before the last change for so many looks, beginning with this one.
async fn shows_what_was(world: &World, looks: std::ops::Range<u32>) -> Result<(), Error> {
    let faults: Value = looks
        .map(|nth| {
            json!({ "service": "ecs", "operation": "DescribeServices",
                "caller": "towpath-advance", "nth": nth, "outcome": "stale" })
        })
        .collect();
    world.fail(&faults).await
}

#[tokio::test]
async fn a_service_that_is_shown_as_before_the_start_is_not_taken_for_a_rollback()
-> Result<(), Error> {
    let world = only_test(&json!({}), &json!({})).await?;
    // After the looks for the plan and before the start.
    shows_what_was(&world, 3..5).await?;
    let digest = world.push(TAG, "healthy").await?;
    let ended = world.ended(TAG).await?;
    assert_eq!(ended, "succeeded", "{}", world.reason(TAG).await?);
    assert!(was_at(&world, "not_shown").await?);
    assert_eq!(world.running("test").await?, [digest]);
    let met = world.calls("ecs", "DescribeServices").await?;
    assert!(met.iter().any(|call| call["fault"] == "stale"));
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_shown_as_before_the_start_keeps_no_rollback_waiting() -> Result<(), Error>
{
    let world = only_test(&json!({}), &json!({})).await?;
    world.push(TAG, "healthy").await?;
    world.rest().await?;
    let started = world.events_named(TAG, "deployment_started").await?;
    assert_eq!(started.len(), 1);
    shows_what_was(&world, 1..2).await?;
    let command = [
        "rollback",
        "shop-api",
        "test",
        "--reason",
        "orders get lost",
    ];
    world.ordered(&command).await?;
    let ended = world.ended(TAG).await?;
    assert_eq!(ended, "rolled_back", "{}", world.reason(TAG).await?);
    assert_eq!(world.running("test").await?, world.shop.first());
    let met = world.calls("ecs", "DescribeServices").await?;
    assert!(met.iter().any(|call| call["fault"] == "stale"));
    Ok(())
}
