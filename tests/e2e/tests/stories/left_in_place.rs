//! What somebody deploys by hand fails, and ECS leaves it in place: people are told, and one command
//! returns to what served before.

use serde_json::json;
use towpath_e2e::{Error, Shop, World};

const GOOD: &str = "3f2c1ab";

/// What the service says of its newest deployment.
async fn rollout_state(world: &World) -> Result<String, Error> {
    let of = json!({ "cluster": "test", "services": [Shop::NAME] });
    let described = world.lab.aws("ecs", "DescribeServices", &of).await?;
    let state = &described["services"][0]["deployments"][0]["rolloutState"];
    Ok(state.as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_failure_outside_of_a_release_is_told_and_rolled_back() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][0]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let good = world.push(GOOD, "healthy").await?;
    assert_eq!(world.ended(GOOD).await?, "succeeded");
    let (code, told) = world.towpath(&["status"]).await?;
    assert_eq!(code, 0, "{told}");

    let broken = world.push("broken", "crash-loop").await?;
    let revision = world
        .register_edited("shop-api-test", |edited| {
            let image = edited["containerDefinitions"][0]["image"].as_str();
            let image = image.unwrap_or_default().replace(&good, &broken);
            edited["containerDefinitions"][0]["image"] = json!(image);
        })
        .await?;
    let by_hand = json!({ "cluster": "test", "service": Shop::NAME, "taskDefinition": revision,
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": true, "rollback": false } } });
    world.lab.aws("ecs", "UpdateService", &by_hand).await?;
    world
        .until("ECS gives up", async |world| {
            Ok(rollout_state(world).await? == "FAILED")
        })
        .await?;

    let (code, told) = world.towpath(&["status"]).await?;
    assert_eq!(code, 1, "{told}");
    for said in [
        "FAILED",
        "left in place",
        "circuit breaker",
        "towpath rollback shop-api test",
    ] {
        assert!(told.contains(said), "{told}");
    }
    let report = world.ordered(&["rollback", "shop-api", "test"]).await?;
    assert_eq!(report["to"]["tag"], GOOD, "{report}");
    world
        .until("what was good serves again", async |world| {
            Ok(rollout_state(world).await? == "COMPLETED"
                && world.running("test").await? == [good.as_str()])
        })
        .await?;
    Ok(())
}
