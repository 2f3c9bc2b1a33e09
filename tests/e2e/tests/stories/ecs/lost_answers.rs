//! Processes that die, and answers that are lost, late or old.

use super::*;

/// Whatever happens at a call, there is one deployment, and it succeeds.
async fn goes_wrong(service: &str, operation: &str, outcome: &str) -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let fault = json!([{ "service": service, "operation": operation, "caller": "towpath-advance",
        "nth": 1, "outcome": outcome }]);
    world.fail(&fault).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    assert_eq!(deployments(&world).await?.len(), 2, "{operation} {outcome}");
    let met = world.calls(service, operation).await?;
    assert!(met.iter().any(|call| call["fault"] == outcome));
    Ok(())
}

#[tokio::test]
async fn it_dies_after_it_has_started_the_deployment() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "crash-after").await
}

#[tokio::test]
async fn the_answer_to_the_start_is_lost() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "answer-lost").await
}

#[tokio::test]
async fn the_answer_to_the_start_names_the_deployment_from_before() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "stale").await
}

/// The release to which the ledger says that a deployment belongs.
async fn owner(world: &World, deployment: &Value) -> Result<Value, Error> {
    let key = format!("DEPLOYMENT#{}", deployment.as_str().unwrap_or_default());
    let input = json!({ "TableName": "towpath-ledger",
        "Key": { "pk": { "S": key }, "sk": { "S": "DEPLOYMENT" } } });
    let row = world.lab.aws("dynamodb", "GetItem", &input).await?;
    Ok(row["Item"]["release"]["S"].clone())
}

#[tokio::test]
async fn what_cannot_be_told_yet_is_no_success_and_takes_nobodys_deployment() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let serve = async |tag: &str| {
        world.asks(tag).await?;
        world.click(tag, "towpath_approve", APPROVER).await?;
        world.ended(tag).await
    };
    let first = world.push(TAG, "healthy").await?;
    serve(TAG).await?;
    ended_as(&world, "succeeded", &first).await?;
    let firsts = deployments(&world).await?[0]["serviceDeploymentArn"].clone();

    // Answers and lists are from before the start for a while.
    let second = "4a5b6c7";
    let faults = json!([
        { "service": "ecs", "operation": "UpdateService", "caller": "towpath-advance",
          "members": ["currentServiceDeployment"], "outcome": "stale" },
        { "service": "ecs", "operation": "ListServiceDeployments", "caller": "towpath-advance",
          "first": 4, "outcome": "stale" },
    ]);
    world.fail(&faults).await?;
    let digest = world.push(second, "healthy").await?;
    world
        .until("the service is updated", async |world| {
            Ok(deployments(world).await?.len() == 3)
        })
        .await?;
    world.rest().await?;
    let started = world.events_named(second, "deployment_started").await?;
    assert_eq!(started, [] as [Value; 0], "it is not known which it is");
    assert_eq!(world.outcome(second).await?, None);
    assert_eq!(world.visit(STAGE).await?, first, "no traffic has moved");

    serve(second).await?;
    assert_eq!(world.outcome(second).await?.as_deref(), Some("succeeded"));
    assert_eq!(world.visit(STAGE).await?, digest);
    assert_eq!(deployments(&world).await?.len(), 3, "it is updated once");
    let release = async |tag: &str| Ok::<_, Error>(world.ledger().release(tag).await?.id);
    assert_eq!(owner(&world, &firsts).await?, release(TAG).await?);
    let seconds = &deployments(&world).await?[0]["serviceDeploymentArn"];
    assert_eq!(owner(&world, seconds).await?, release(second).await?);
    Ok(())
}

#[tokio::test]
async fn a_rollback_is_not_over_because_the_answer_names_what_is_rolled_back() -> Result<(), Error>
{
    let mut native = Native::blue_green();
    native.configuration["bakeTimeInMinutes"] = json!(0);
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["bake"] = json!("2h");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world
        .until("ECS is done, and the release bakes", async |world| {
            let started = world.events_named(TAG, "deployment_started").await?;
            Ok(deployments(world).await?[0]["status"] == "SUCCESSFUL" && !started.is_empty())
        })
        .await?;
    let fault = json!([{ "service": "ecs", "operation": "UpdateService",
        "caller": "towpath-advance", "outcome": "stale" }]);
    world.fail(&fault).await?;
    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    world.ordered(&command).await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let known = deployments(&world).await?;
    assert_eq!(known.len(), 3, "{known:#?}");
    let begun = world.events_named(TAG, "rollback_started").await?;
    assert_eq!(begun[0]["deployment"], known[0]["serviceDeploymentArn"]);
    Ok(())
}

#[tokio::test]
async fn what_runs_already_is_brought_back_by_nothing() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["alarms"] =
        json!({ "alarmNames": ["shop-errors"], "enable": true, "rollback": true });
    let world = World::start_native(&native).await?;
    let good = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    let bad = world.push("4a5b6c7", "healthy").await?;
    until_it_serves(&world, &bad).await?;
    let alarm = json!({ "name": "shop-errors", "state": "ALARM" });
    world.lab.post("alarms", &alarm).await?;
    assert_eq!(world.ended("4a5b6c7").await?, "rolled_back");

    let good_release = world.ledger().release(TAG).await?.id;
    let command = [
        "rollback",
        "shop-api",
        STAGE,
        "--to",
        &good_release,
        "--reason",
        "make sure",
    ];
    let rollback = world.ordered(&command).await?["rollback"].clone();
    world
        .until("the rollback ends", async |world| {
            let releases = world.releases().await?;
            Ok(releases
                .iter()
                .any(|one| rollback == one.id && one.outcome.is_some()))
        })
        .await?;
    let releases = world.releases().await?;
    let back = releases.iter().find(|one| rollback == one.id);
    assert_eq!(
        back.and_then(|one| one.outcome.as_deref()),
        Some("succeeded")
    );
    assert_eq!(world.visit(STAGE).await?, good);
    assert_eq!(deployments(&world).await?.len(), 3, "nothing was started");
    Ok(())
}

#[tokio::test]
async fn it_dies_after_it_has_let_traffic_through() -> Result<(), Error> {
    goes_wrong("ecs", "ContinueServiceDeployment", "crash-after").await
}

#[tokio::test]
async fn a_hook_that_cannot_reach_the_ledger_is_asked_again() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let fault = json!([{ "service": "dynamodb", "caller": "towpath-lifecycle-hook", "outcome": "throttled" }]);
    world.fail(&fault).await?;
    let digest = world.push(TAG, "healthy").await?;

    world
        .until("the hook is called in vain", async |world| {
            let calls = world.lab.get("journal").await?;
            let entries = calls["entries"].as_array().cloned().unwrap_or_default();
            Ok(entries
                .iter()
                .any(|call| call["caller"] == "towpath-lifecycle-hook"))
        })
        .await?;
    world.pass(120).await?;
    world.heal().await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await
}

#[tokio::test]
async fn a_service_that_is_shown_as_before_the_end_was_not_taken_elsewhere() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(TAG, "healthy").await?;
    world
        .until("the deployment is started", async |world| {
            let started = world.events_named(TAG, "deployment_started").await?;
            Ok(!started.is_empty())
        })
        .await?;
    let fault = json!([{ "service": "ecs", "operation": "DescribeServices",
        "caller": "towpath-advance", "first": 1, "outcome": "stale" }]);
    world.fail(&fault).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let looks = world.events_named(TAG, "deployment_observed").await?;
    let not_shown = json!({ "is": "not_shown", "by": "ecs" });
    let stale = |look: &Value| look["status"]["at"] == not_shown;
    assert!(looks.iter().any(stale), "{looks:#?}");
    Ok(())
}

#[tokio::test]
async fn a_deployment_that_is_not_shown_yet_has_not_failed() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    // It is found in the list, so that the first look at it is a later one.
    let faults = json!([
        { "service": "ecs", "operation": "UpdateService", "caller": "towpath-advance",
          "members": ["currentServiceDeployment"], "outcome": "stale" },
        { "service": "ecs", "operation": "DescribeServiceDeployments",
          "caller": "towpath-advance", "first": 1, "outcome": "stale" },
    ]);
    world.fail(&faults).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let looks = world.events_named(TAG, "deployment_observed").await?;
    let not_shown = json!({ "is": "not_shown", "by": "ecs" });
    assert_eq!(looks[0]["status"]["at"], not_shown);
    Ok(())
}
