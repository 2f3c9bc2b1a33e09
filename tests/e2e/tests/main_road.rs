//! The main road: a pushed image reaches production, and what must not does not.

use serde_json::json;
use towpath_e2e::{APPROVER, Error, World};

#[tokio::test]
async fn a_pushed_image_reaches_production_behind_an_approval() -> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push("3f2c1ab", "healthy").await?;

    world.asks("3f2c1ab").await?;
    assert_eq!(world.running("test").await?, [digest.as_str()]);
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(
        world.running("production").await?,
        world.shop.first(),
        "nobody has approved yet"
    );

    let before = world.suspended("production").await?;
    let answer = world.click("3f2c1ab", "towpath_approve", APPROVER).await?;
    assert_eq!(answer["status"], 200);
    world
        .until("auto scaling is suspended meanwhile", async |world| {
            Ok(world.suspended("production").await?["DynamicScalingOutSuspended"] == true)
        })
        .await?;

    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert_eq!(world.visit("production").await?, digest);
    assert_eq!(
        world.suspended("production").await?,
        before,
        "auto scaling is as it was"
    );
    let input = json!({ "taskDefinition": "shop-api-production", "include": ["TAGS"] });
    let described = world
        .lab
        .aws("ecs", "DescribeTaskDefinition", &input)
        .await?;
    let app = &described["taskDefinition"]["containerDefinitions"][0];
    assert_eq!(app["dockerLabels"]["com.example.commit"], "3f2c1ab");
    assert_eq!(
        app["environment"][1],
        json!({ "name": "EMPTY", "value": "" }),
        "kept as it was"
    );
    assert!(described["tags"].to_string().contains("towpath:release"));
    let card = world.card("3f2c1ab").await?.expect("its card");
    assert_eq!(
        card.buttons,
        ["towpath_roll_back"],
        "nothing is left to decide, and it can be taken back"
    );
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?.len(),
        2
    );
    assert_eq!(
        world.lab.get("dead-letters").await?["dead_letters"],
        json!([])
    );
    Ok(())
}

#[tokio::test]
async fn a_bad_image_is_stopped_at_staging_and_production_never_hears_of_it() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("badbad1", "unhealthy-green").await?;

    assert_eq!(world.ended("badbad1").await?, "rolled_back");
    assert_eq!(world.running("staging").await?, world.shop.first());
    assert_eq!(world.visit("staging").await?, world.shop.initial);
    assert_eq!(world.running("production").await?, world.shop.first());
    let card = world.card("badbad1").await?.expect("its card");
    let said = card.replies.join("\n");
    assert!(said.contains("check `health` failed"), "{said}");
    assert!(said.contains("answered 500"), "{said}");
    let created = world.calls("codedeploy", "CreateDeployment").await?;
    assert_eq!(created.len(), 1, "production was never deployed to");
    Ok(())
}

#[tokio::test]
async fn latest_is_refused_with_the_reason() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("latest", "healthy").await?;

    assert_eq!(world.ended("latest").await?, "refused");
    let card = world.card("latest").await?.expect("its card");
    assert!(
        card.text.contains("push the commit hash as the tag"),
        "{}",
        card.text
    );
    assert_eq!(world.running("test").await?, world.shop.first());
    Ok(())
}
