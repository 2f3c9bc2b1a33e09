//! Images and stages that cannot work: the old version keeps serving, and the reason is named.

use serde_json::{Value, json};
use towpath_e2e::{Error, World};

#[tokio::test]
async fn a_crash_loop_is_rolled_back_and_names_the_exit_code() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("c0ffee1", "crash-loop").await?;
    let outcome = world.ended("c0ffee1").await?;
    let reason = world.reason("c0ffee1").await?;
    assert_eq!(outcome, "rolled_back", "{reason}");
    assert!(reason.starts_with("test: "), "{reason}");
    assert!(reason.contains("exited with code 1"), "{reason}");
    let card = world.card("c0ffee1").await?.expect("its card");
    assert!(card.text.contains("exited with code 1"), "{}", card.text);
    for stage in ["test", "staging", "production"] {
        assert_eq!(world.running(stage).await?, world.shop.first(), "{stage}");
    }
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?.len(),
        0
    );
    Ok(())
}

#[tokio::test]
async fn reports_about_the_deployment_that_ecs_goes_back_to_reach_who_has_the_service()
-> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    if let Some(stages) = pipeline["stages"].as_array_mut() {
        stages.truncate(1);
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    let started = world.events_named("3f2c1ab", "deployment_started").await?;
    let good = &started[0]["deployment"];
    // The old task stops before the new one starts, so that going back takes its time.
    let one_by_one = json!({ "cluster": "test", "service": "shop-api", "deploymentConfiguration": {
        "minimumHealthyPercent": 0, "maximumPercent": 100 } });
    world.lab.aws("ecs", "UpdateService", &one_by_one).await?;

    world.push("c0ffee1", "crash-loop").await?;
    assert_eq!(world.ended("c0ffee1").await?, "rolled_back");
    let reports = world.events_named("c0ffee1", "deployment_reported").await?;
    assert!(
        reports.iter().any(|report| report["deployment"] == *good),
        "{reports:#?}"
    );
    Ok(())
}

/// A service that is being deleted is described as long as its tasks stop, and its cluster for ever.
#[tokio::test]
async fn what_was_deleted_is_said_to_be_before_anything_is_changed() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][0]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let before = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    let service = json!({ "cluster": "test", "service": "shop-api", "force": true });
    world.lab.aws("ecs", "DeleteService", &service).await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "failed");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("service `shop-api` in cluster `test` is DRAINING: it was deleted"),
        "{reason}"
    );

    world.pass(60).await?;
    let cluster = json!({ "cluster": "test" });
    world.lab.aws("ecs", "DeleteCluster", &cluster).await?;
    world.push("4a5b6c7", "healthy").await?;
    assert_eq!(world.ended("4a5b6c7").await?, "failed");
    let reason = world.reason("4a5b6c7").await?;
    assert!(
        reason.contains("cluster `test` does not exist, or was deleted"),
        "{reason}"
    );
    assert!(reason.contains("correct the stage"), "{reason}");
    let after = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    assert_eq!(after, before, "nothing is registered");
    Ok(())
}

#[tokio::test]
async fn a_missing_service_fails_with_the_way_out_before_anything_is_changed() -> Result<(), Error>
{
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][0]["service"] = json!("shop-apu");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push("3f2c1ab", "healthy").await?;
    assert_eq!(world.ended("3f2c1ab").await?, "failed");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("service `shop-apu` does not exist in cluster `test`")
            && reason.contains("create it, or correct the stage"),
        "{reason}"
    );
    let registered = world.calls("ecs", "RegisterTaskDefinition").await?;
    let by_advance = |call: &&Value| call["caller"] != "root";
    assert_eq!(registered.iter().filter(by_advance).count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_rollout_that_takes_too_long_is_rolled_back() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    let staging = &mut pipeline["stages"][1];
    staging["timeout"] = json!("2m");
    staging["engine"]["codedeploy"]["configuration"] =
        json!("CodeDeployDefault.ECSCanary10Percent5Minutes");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push("3f2c1ab", "healthy").await?;
    let outcome = world.ended("3f2c1ab").await?;
    let reason = world.reason("3f2c1ab").await?;
    assert_eq!(outcome, "rolled_back", "{reason}");
    assert!(
        reason.contains("staging: it did not finish within 2m"),
        "{reason}"
    );
    assert_eq!(world.calls("codedeploy", "StopDeployment").await?.len(), 1);
    assert_eq!(world.running("staging").await?, world.shop.first());
    assert_eq!(world.visit("staging").await?, world.shop.initial);
    Ok(())
}

#[tokio::test]
async fn a_rolling_rollout_that_takes_too_long_is_rolled_back() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][0]["timeout"] = json!("1m");
    world.shop.apply(&world.lab, &pipeline).await?;
    // With its circuit breaker ECS would give up by itself before anybody looks.
    let patient = json!({ "cluster": "test", "service": "shop-api",
        "deploymentConfiguration": { "deploymentCircuitBreaker": { "enable": false, "rollback": false } } });
    world.lab.aws("ecs", "UpdateService", &patient).await?;
    world.push("c0ffee1", "crash-loop").await?;
    let outcome = world.ended("c0ffee1").await?;
    let reason = world.reason("c0ffee1").await?;
    assert_eq!(outcome, "rolled_back", "{reason}");
    assert!(reason.contains("it did not finish within 1m"), "{reason}");
    assert_eq!(world.running("test").await?, world.shop.first());
    let updates = world.calls("ecs", "UpdateService").await?;
    let by_advance = updates
        .iter()
        .filter(|call| call["caller"] == "towpath-advance");
    assert_eq!(by_advance.count(), 2, "there and back");
    Ok(())
}
