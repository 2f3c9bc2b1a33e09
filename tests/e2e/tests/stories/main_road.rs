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
        "nothing is left to decide, and it can be rolled back"
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
async fn a_tag_that_no_pipeline_takes_is_told_once_a_day_and_opens_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    let told = async |what: &str| -> Result<(usize, usize), Error> {
        let cards = world.cards().await?;
        let mails = world.emails().await?;
        Ok((
            cards.iter().filter(|card| card.text.contains(what)).count(),
            mails.iter().filter(|mail| mail.contains(what)).count(),
        ))
    };
    for _ in 0..3 {
        world.push("latest", "healthy").await?;
    }
    world.push("feature-x", "healthy").await?;
    world.rest().await?;
    assert_eq!(told("push the commit hash as the tag").await?, (1, 1));
    assert_eq!(world.releases().await?, []);
    assert_eq!(world.running("test").await?, world.shop.first());

    world.pass(86_400).await?;
    assert_eq!(told("push the commit hash as the tag").await?, (1, 1));
    world.push("latest", "healthy").await?;
    world.rest().await?;
    assert_eq!(told("push the commit hash as the tag").await?, (2, 2));
    assert_eq!(world.releases().await?, []);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn ci_that_pushes_the_commit_and_latest_is_told_nothing_of_latest() -> Result<(), Error> {
    let world = World::start().await?;
    let same = json!({ "content": "the image of this build" });
    world.push_with("3f2c1ab", &same).await?;
    world.push_with("latest", &same).await?;
    world.asks("3f2c1ab").await?;
    assert_eq!(world.releases().await?.len(), 1);
    let cards = world.cards().await?;
    assert_eq!(cards.len(), 1, "{cards:?}");
    Ok(())
}

#[tokio::test]
async fn a_tag_that_is_not_taken_is_told_by_mail_while_slack_is_down() -> Result<(), Error> {
    let world = World::start().await?;
    let down = json!([{ "service": "slack", "outcome": "failed-before" }]);
    world.fail(&down).await?;
    world.push("latest", "healthy").await?;
    world.pass(600).await?;
    assert_eq!(world.emails().await?.len(), 1);
    assert_eq!(world.cards().await?.len(), 0);
    world.heal().await?;
    world.pass(180).await?;
    assert_eq!(world.emails().await?.len(), 1, "once");
    assert_eq!(world.cards().await?.len(), 1);
    Ok(())
}
