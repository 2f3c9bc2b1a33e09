//! Services whose traffic ECS itself moves: blue/green and canary, with checks, pauses and alarms.

mod lost_answers;
mod other_hands;
mod pauses;
mod traffic;

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, Native, Reached, World};

const TAG: &str = "3f2c1ab";
const STAGE: &str = "production";

/// Nothing of the release is left but what it says it left.
async fn ended_as(world: &World, outcome: &str, serves: &str) -> Result<(), Error> {
    let reason = world.reason(TAG).await?;
    let ended = world.outcome(TAG).await?;
    assert_eq!(ended.as_deref(), Some(outcome), "{reason}");
    assert_eq!(world.running(STAGE).await?, [serves]);
    assert_eq!(world.visit(STAGE).await?, serves);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

/// The service deployments that ECS knows, the newest first, and at last the service's first one.
async fn deployments(world: &World) -> Result<Vec<Value>, Error> {
    let input = json!({ "cluster": STAGE, "service": "shop-api" });
    let listed = world.lab.aws("ecs", "ListServiceDeployments", &input);
    let listed = listed.await?;
    let listed = listed["serviceDeployments"]
        .as_array()
        .into_iter()
        .flatten();
    Ok(listed.rev().cloned().collect())
}

/// Lets time pass until visitors get this image.
async fn until_it_serves(world: &World, digest: &str) -> Result<(), Error> {
    world
        .until("visitors get the new image", async |world| {
            Ok(world.visit(STAGE).await? == digest)
        })
        .await
}

#[tokio::test]
async fn a_healthy_image_is_checked_behind_the_test_listener_and_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let checked = world.events_named(TAG, "checked").await?;
    assert_eq!(checked.len(), 1, "{checked:#?}");
    assert_eq!(checked[0]["results"][0]["passed"], true);
    assert_eq!(deployments(&world).await?.len(), 2);
    assert_eq!(world.calls("ecs", "StopServiceDeployment").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_image_that_fails_its_check_never_gets_production_traffic() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    world.push(TAG, "unhealthy-green").await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("check `health` failed"), "{reason}");
    assert!(reason.contains("answered 500"), "{reason}");
    assert_eq!(
        deployments(&world).await?[0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    Ok(())
}
