//! Rolling back the first release of a service that was there before Towpath.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, Native, World};

const FIRST: &str = "3f2c1ab";
const BEFORE: &str = "which ran before";

/// What a stage runs, as `towpath status` has it.
async fn runs(world: &World, stage: &str) -> Result<Value, Error> {
    let (_, printed) = world
        .towpath(&["status", "shop-api", "--output", "json"])
        .await?;
    let status: Value = serde_json::from_str(&printed).unwrap_or_default();
    let stages = status["pipelines"][0]["stages"].as_array();
    let found = stages.and_then(|stages| stages.iter().find(|one| one["stage"] == stage));
    Ok(found.map(|found| found["runs"].clone()).unwrap_or_default())
}

/// Rolls a stage back with one more argument or two, until what ran before Towpath serves there.
async fn goes_back(world: &World, stage: &str, more: &[&str]) -> Result<(), Error> {
    let command = [&["rollback", "shop-api", stage], more].concat();
    let asked = world.ordered(&command).await?;
    assert_eq!(
        (&asked["to"]["before_release"], &asked["to"]["tag"]),
        (&json!(true), &Value::Null),
        "{asked}"
    );
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    let ended = async |world: &World| {
        let releases = world.releases().await?.into_iter();
        let mut ended = releases.filter(|one| one.id == rollback && one.outcome.is_some());
        Ok::<_, Error>(ended.next().and_then(|one| one.outcome))
    };
    world
        .until("the rollback ends", async |world| {
            Ok(ended(world).await?.is_some())
        })
        .await?;
    assert_eq!(ended(world).await?.as_deref(), Some("succeeded"), "{stage}");
    assert_eq!(world.running(stage).await?, world.shop.first(), "{stage}");
    let runs = runs(world, stage).await?;
    assert_eq!(runs["before_release"], true, "{runs}");
    let cards = world.cards().await?;
    let said = |text: &str| text.contains(&format!("{stage} back to")) && text.contains(BEFORE);
    assert!(cards.iter().any(|card| said(&card.text)), "{cards:?}");
    Ok(())
}

#[tokio::test]
async fn what_ran_before_the_first_release_comes_back_by_rolling_and_by_codedeploy()
-> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push(FIRST, "healthy").await?;
    world.asks(FIRST).await?;
    world.click(FIRST, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(FIRST).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    world.pass(600).await?;
    // Rollbacks have a tag of what they bring back or undo, so the release is noted before them.
    let release = world.release(FIRST).await?.id;
    goes_back(&world, "test", &[]).await?;
    goes_back(&world, "production", &[]).await?;
    let (code, printed) = world.towpath(&["status", "shop-api"]).await?;
    assert!(code == 1 && printed.contains(BEFORE), "{printed}");
    let (code, printed) = world.towpath(&["audit", "shop-api/production"]).await?;
    assert_eq!(code, 0, "{printed}");

    // There is nothing before it, and forth again goes the release.
    let (code, printed) = world.towpath(&["rollback", "shop-api", "test"]).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("nothing is known that served in test before what runs now"),
        "{printed}"
    );
    let forth = ["rollback", "shop-api", "test", "--to", &release];
    assert_eq!(world.ordered(&forth).await?["to"]["tag"], FIRST);
    world
        .until("the release serves again", async |world| {
            Ok(world.running("test").await? == [digest.as_str()])
        })
        .await
}

#[tokio::test]
async fn what_ran_before_the_first_release_comes_back_by_ecs_and_by_its_name() -> Result<(), Error>
{
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(FIRST, "healthy").await?;
    assert_eq!(world.ended(FIRST).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let unknown = ["rollback", "shop-api", "production", "--to", "shop-api:999"];
    let (code, printed) = world.towpath(&unknown).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("a rollback returns only to what did"),
        "{printed}"
    );

    let planned = world.events_named(FIRST, "planned").await?;
    let current = planned[0]["plan"]["previous"].as_str().unwrap_or_default();
    let name = current.rsplit('/').next().unwrap_or_default();
    goes_back(&world, "production", &["--to", name]).await
}

#[tokio::test]
async fn an_approver_takes_the_first_release_back_by_its_button() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(FIRST, "healthy").await?;
    world.asks(FIRST).await?;
    world.click(FIRST, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(FIRST).await?, "succeeded");
    world.pass(600).await?;
    world.click(FIRST, "towpath_roll_back", APPROVER).await?;
    world
        .until("what ran before it serves", async |world| {
            Ok(world.running("production").await? == world.shop.first())
        })
        .await
}
