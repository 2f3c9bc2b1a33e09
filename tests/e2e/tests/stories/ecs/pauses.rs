//! Deployments that ECS pauses: for an approval, in a canary, or for somebody else.

use super::*;

#[tokio::test]
async fn traffic_waits_for_an_approval() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.pass(3600).await?;
    assert_eq!(world.visit(STAGE).await?, world.shop.initial);
    assert_eq!(
        world.calls("ecs", "ContinueServiceDeployment").await?.len(),
        0
    );
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), 1);
    Ok(())
}

/// The pause stands at the stage at which the hook runs the checks, beside it.
#[tokio::test]
async fn nobody_is_asked_about_what_its_checks_have_not_passed() -> Result<(), Error> {
    let mut native = Native::asking();
    native.pauses_at = vec!["POST_TEST_TRAFFIC_SHIFT"];
    let world = World::start_native(&native).await?;
    world.push(TAG, "unhealthy-green").await?;
    world.ended(TAG).await?;
    assert_eq!(
        world.events_named(TAG, "approval_requested").await?,
        [] as [Value; 0]
    );

    let digest = world.push("4a5b6c7", "healthy").await?;
    world.asks("4a5b6c7").await?;
    let checked = world.events_named("4a5b6c7", "checked").await?;
    assert_eq!(checked[0]["results"][0]["passed"], true, "{checked:#?}");
    world.click("4a5b6c7", "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended("4a5b6c7").await?, "succeeded");
    assert_eq!(world.visit(STAGE).await?, digest);
    Ok(())
}

#[tokio::test]
async fn a_rejection_takes_green_away_and_the_old_version_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_reject", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "refused", &world.shop.initial).await?;
    let answered = world.carried_out("ecs", "ContinueServiceDeployment");
    let answered = answered.await?;
    assert_eq!(answered.len(), 1, "{answered:#?}");
    assert_eq!(answered[0]["parameters"]["action"], "ROLLBACK");
    assert_eq!(world.calls("ecs", "StopServiceDeployment").await?.len(), 0);
    assert_eq!(
        deployments(&world).await?[0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_nobody_answers_expires_and_the_old_version_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.ended(TAG).await?;
    ended_as(&world, "expired", &world.shop.initial).await
}

#[tokio::test]
async fn a_canary_passes_its_steps_and_each_pause_once() -> Result<(), Error> {
    let mut native = Native::asking();
    native.configuration = json!({ "strategy": "CANARY", "bakeTimeInMinutes": 5,
        "canaryConfiguration": { "canaryPercent": 10.0, "canaryBakeTimeInMinutes": 30 } });
    let world = World::start_native(&native).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let observed = world.events_named(TAG, "deployment_observed").await?;
    let canary = observed
        .iter()
        .any(|event| event["status"].to_string().contains("\"traffic\":10"));
    assert!(canary, "{observed:#?}");
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), 2, "one per step");
    let asked = world.events_named(TAG, "approval_requested").await?;
    assert_eq!(asked.len(), 1, "people are asked once");
    Ok(())
}

/// A service that pauses where its owner, and not Towpath, asks people.
fn pausing() -> Native {
    Native {
        pauses_at: vec!["PRE_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"],
        ..Native::blue_green()
    }
}

/// Answers the pause by hand at which the newest deployment waits, if it does.
async fn continue_by_hand(world: &World) -> Result<(), Error> {
    let newest = deployments(world).await?[0]["serviceDeploymentArn"].clone();
    let asked = json!({ "serviceDeploymentArns": [newest] });
    let described = world.lab.aws("ecs", "DescribeServiceDeployments", &asked);
    let hooks = described.await?["serviceDeployments"][0]["lifecycleHookDetails"].take();
    let waits = |hook: &&Value| hook["status"] == "AWAITING_ACTION";
    if let Some(hook) = hooks.as_array().and_then(|hooks| hooks.iter().find(waits)) {
        let go_on = json!({ "serviceDeploymentArn": newest, "hookId": hook["hookId"], "action": "CONTINUE" });
        world
            .lab
            .aws("ecs", "ContinueServiceDeployment", &go_on)
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn somebody_elses_pause_is_theirs_and_keeps_no_rollback() -> Result<(), Error> {
    let world = World::start_native(&pausing()).await?;
    let good = world.push(TAG, "healthy").await?;
    let by_hand = async |world: &World, tag: &str| {
        world
            .until("somebody answers its pauses", async |world| {
                continue_by_hand(world).await?;
                Ok(world.outcome(tag).await?.is_some())
            })
            .await
    };
    by_hand(&world, TAG).await?;
    ended_as(&world, "succeeded", &good).await?;
    world.pass(1).await?;
    let worse = world.push("4a5b6c7", "healthy").await?;
    by_hand(&world, "4a5b6c7").await?;
    assert_eq!(world.running(STAGE).await?, [worse]);
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    let answered_by_hand = continued.await?.len();
    assert_eq!(answered_by_hand, 4);

    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    let rollback = world.ordered(&command).await?["rollback"].clone();
    let outcome = async |world: &World| {
        let releases = world.releases().await?;
        let back = releases.into_iter().find(|one| rollback == one.id);
        Ok::<_, Error>(back.and_then(|one| one.outcome))
    };
    world
        .until("the rollback ends", async |world| {
            Ok(outcome(world).await?.is_some())
        })
        .await?;
    assert_eq!(outcome(&world).await?.as_deref(), Some("succeeded"));
    assert_eq!(world.running(STAGE).await?, [good.as_str()]);
    assert_eq!(world.visit(STAGE).await?, good);
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), answered_by_hand + 2);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_pause_that_nobody_answers_is_the_reason() -> Result<(), Error> {
    let world = World::start_native(&pausing()).await?;
    world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains("a pause at PRE_SCALE_UP waited for an action, and nobody gave one"),
        "{reason}"
    );
    Ok(())
}
