//! Services to which something else than a load balancer leads traffic.

use super::*;

/// A service that no load balancer leads to is rolled out, and rolled back, as any other.
async fn reached_otherwise(reached: Reached) -> Result<(), Error> {
    let world = World::start_native(&Native::without_balancer(reached)).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.ended(TAG).await?;
    let reason = world.reason(TAG).await?;
    assert_eq!(
        world.outcome(TAG).await?.as_deref(),
        Some("succeeded"),
        "{reason}"
    );
    assert_eq!(world.running(STAGE).await?, [digest.as_str()]);
    assert_eq!(deployments(&world).await?.len(), 2);

    let command = ["rollback", "shop-api", STAGE, "--to"];
    let release = world.ledger().release(TAG).await?.id;
    let bad = world.push("4a5b6c7", "healthy").await?;
    assert_eq!(world.ended("4a5b6c7").await?, "succeeded");
    assert_eq!(world.running(STAGE).await?, [bad]);
    let command: Vec<&str> = command
        .into_iter()
        .chain([release.as_str(), "--reason", "orders get lost"])
        .collect();
    let rollback = world.ordered(&command).await?["rollback"].clone();
    world
        .until("the rollback ends", async |world| {
            let releases = world.releases().await?;
            Ok(releases
                .iter()
                .any(|one| rollback == one.id && one.outcome.is_some()))
        })
        .await?;
    assert_eq!(world.running(STAGE).await?, [digest]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_service_without_anything_that_leads_traffic_to_it_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Headless).await
}

#[tokio::test]
async fn a_service_of_service_connect_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Connect).await
}

#[tokio::test]
async fn a_service_of_vpc_lattice_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Lattice).await
}

#[tokio::test]
async fn a_service_of_a_gateway_may_ask_people_and_one_without_traffic_may_not() -> Result<(), Error>
{
    let asking = |reached: Reached| Native {
        asks: true,
        pauses_at: vec!["PRE_PRODUCTION_TRAFFIC_SHIFT"],
        ..Native::without_balancer(reached)
    };
    let world = World::start_native(&asking(Reached::Gateway)).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running(STAGE).await?, [digest]);

    let world = World::start_native(&asking(Reached::Headless)).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("ask `before_rollout`"), "{reason}");
    assert_eq!(world.running(STAGE).await?, [world.shop.initial.as_str()]);
    Ok(())
}

#[tokio::test]
async fn a_strategy_that_the_pipeline_does_not_name_is_refused_before_anything_is_changed()
-> Result<(), Error> {
    let native = Native::blue_green();
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["engine"] = json!({ "rolling": {} });
    if let Some(stage) = pipeline["stages"][0].as_object_mut() {
        stage.remove("checks");
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("write `engine: {ecs: {}}`"), "{reason}");
    assert_eq!(deployments(&world).await?.len(), 1);
    Ok(())
}
