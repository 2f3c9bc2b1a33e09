//! What others do to a service or its deployment meanwhile, and what brings the old version back.

use super::*;

/// How somebody's own change of the service ends.
async fn changed_by_hand(world: &World, change: &Value) -> Result<Value, Error> {
    let mut input = json!({ "cluster": STAGE, "service": "shop-api" });
    for (member, value) in change.as_object().into_iter().flatten() {
        input[member] = value.clone();
    }
    world.lab.aws("ecs", "UpdateService", &input).await?;
    let ended = async |world: &World| {
        let newest = deployments(world).await?;
        Ok(["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]
            .iter()
            .any(|status| newest[0]["status"] == *status))
    };
    world
        .until("the change has come through or not", ended)
        .await?;
    Ok(deployments(world).await?[0]["status"].clone())
}

/// The hook function asks ECS before it shows what it has just made.
fn not_visible_yet(operations: &[&str]) -> Value {
    let fault = |operation: &&str| json!({ "service": "ecs", "operation": operation, "caller": "towpath-lifecycle-hook", "first": 1, "outcome": "stale" });
    operations.iter().map(fault).collect()
}

/// The task definition with which the service was created.
async fn first_definition(world: &World) -> Result<Value, Error> {
    let deployments = deployments(world).await?;
    let first = deployments
        .last()
        .map(|it| it["targetServiceRevisionArn"].clone());
    let first = json!({ "serviceRevisionArns": [first] });
    let first = world.lab.aws("ecs", "DescribeServiceRevisions", &first);
    Ok(first.await?["serviceRevisions"][0]["taskDefinition"].take())
}

#[tokio::test]
async fn infrastructure_may_be_changed_and_what_runs_may_not() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    // Before the first release, too.
    let around = json!({ "healthCheckGracePeriodSeconds": 30, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");

    // Also while ECS does not show yet what the deployment brings.
    world
        .fail(&not_visible_yet(&["DescribeServiceRevisions"]))
        .await?;
    let around = json!({ "healthCheckGracePeriodSeconds": 60, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    assert_eq!(world.visit(STAGE).await?, digest);
    let hooks = world.carried_out("ecs", "DescribeServiceRevisions").await?;
    let asked = hooks
        .iter()
        .any(|call| call["caller"] == "towpath-lifecycle-hook");
    assert!(asked, "{hooks:#?}");

    let past_every_gate = json!({ "taskDefinition": first_definition(&world).await? });
    assert_eq!(
        changed_by_hand(&world, &past_every_gate).await?,
        "ROLLBACK_SUCCESSFUL"
    );
    assert_eq!(world.visit(STAGE).await?, digest);
    Ok(())
}

#[tokio::test]
async fn infrastructure_may_be_changed_where_nobody_knows_what_was_left() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    // Whoever lifts a hold takes what runs for good, and it is not known what that is.
    for order in ["hold", "release-hold"] {
        let command = [order, "shop-api", STAGE, "--reason", "looked at it"];
        world.ordered(&command).await?;
    }

    let described = ["DescribeServiceRevisions", "DescribeServiceDeployments"];
    world.fail(&not_visible_yet(&described)).await?;
    let around = json!({ "healthCheckGracePeriodSeconds": 60, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    let past_every_gate = json!({ "taskDefinition": first_definition(&world).await? });
    assert_eq!(
        changed_by_hand(&world, &past_every_gate).await?,
        "ROLLBACK_SUCCESSFUL"
    );
    assert_eq!(world.visit(STAGE).await?, digest);
    Ok(())
}

#[tokio::test]
async fn a_rollback_that_comes_late_is_let_through() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["bakeTimeInMinutes"] = json!(0);
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["bake"] = json!("2h");
    pipeline["stages"][0]["timeout"] = json!("4m");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world
        .until("ECS is done, and the release bakes", async |world| {
            Ok(deployments(world).await?[0]["status"] == "SUCCESSFUL"
                && !world
                    .events_named(TAG, "deployment_started")
                    .await?
                    .is_empty())
        })
        .await?;
    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    world.ordered(&command).await?;
    world
        .until("the rollback has begun", async |world| {
            Ok(!world
                .events_named(TAG, "rollback_started")
                .await?
                .is_empty())
        })
        .await?;

    // The hook function cannot decide for longer than the release waits.
    let fault = json!([{ "service": "dynamodb", "caller": "towpath-lifecycle-hook", "outcome": "throttled" }]);
    world.fail(&fault).await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    assert_eq!(deployments(&world).await?[0]["status"], "IN_PROGRESS");
    world.heal().await?;
    world
        .until("the old version serves again", async |world| {
            Ok(deployments(world).await?[0]["status"] != "IN_PROGRESS")
        })
        .await?;
    assert_eq!(deployments(&world).await?[0]["status"], "SUCCESSFUL");
    assert_eq!(world.running(STAGE).await?, [world.shop.initial.as_str()]);
    Ok(())
}

#[tokio::test]
async fn somebody_stops_it_in_the_console() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    let stop = json!({ "serviceDeploymentArn": deployments(&world).await?[0]["serviceDeploymentArn"],
        "stopType": "ROLLBACK" });
    world.lab.aws("ecs", "StopServiceDeployment", &stop).await?;
    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("stopped by a user"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn an_alarm_after_the_shift_brings_the_old_version_back() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["alarms"] =
        json!({ "alarmNames": ["shop-errors"], "enable": true, "rollback": true });
    let world = World::start_native(&native).await?;
    let digest = world.push(TAG, "healthy").await?;

    until_it_serves(&world, &digest).await?;
    assert_eq!(world.outcome(TAG).await?, None, "it bakes");
    let alarm = json!({ "name": "shop-errors", "state": "ALARM" });
    world.lab.post("alarms", &alarm).await?;
    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("shop-errors"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn somebody_deploys_something_else_meanwhile_and_it_is_left_alone() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    let other = json!({ "taskDefinition": "shop-api-production:1" });
    let mut definition = world
        .lab
        .aws("ecs", "DescribeTaskDefinition", &other)
        .await?["taskDefinition"]
        .take();
    let by_hand = json!({ "family": "by-hand", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "executionRoleArn": definition["executionRoleArn"],
        "containerDefinitions": definition["containerDefinitions"].take() });
    world
        .lab
        .aws("ecs", "RegisterTaskDefinition", &by_hand)
        .await?;
    let update = json!({ "cluster": STAGE, "service": "shop-api", "taskDefinition": "by-hand" });
    world.lab.aws("ecs", "UpdateService", &update).await?;
    world.ended(TAG).await?;
    let outcome = world.outcome(TAG).await?;
    assert_eq!(outcome.as_deref(), Some("superseded"));
    let stopped = world.carried_out("ecs", "StopServiceDeployment").await?;
    assert_eq!(stopped.len(), 0, "what somebody else does is theirs");
    Ok(())
}

#[tokio::test]
async fn a_service_that_would_not_wait_is_not_deployed_to() -> Result<(), Error> {
    let mut native = Native::asking();
    native.pauses_at.clear();
    let world = World::start_native(&native).await?;
    world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "failed", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("does not pause"), "{reason}");
    assert_eq!(deployments(&world).await?.len(), 1);
    Ok(())
}
