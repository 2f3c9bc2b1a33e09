//! Applying a pipeline deploys nothing: it takes what is pushed afterwards, and what was there before
//! only on purpose.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const VERSION: &str = "v1.4.0";
const LATE: &str = "v1.4.1";
const LOST: &str = "v1.5.0";

/// A lab with an image whose tag the pipeline does not take, and a file with the rule that does.
async fn unwanted() -> Result<(World, String, String), Error> {
    let world = World::start().await?;
    let digest = world.push(VERSION, "healthy").await?;
    world.pass(60).await?;
    assert_eq!(world.releases().await?, []);
    let mut pipeline = world.shop.pipeline();
    pipeline["tags"] = json!({ "semver": ">=1.4, <2" });
    let file = world.lab.logs().join("shop-api.json");
    let written = std::fs::write(&file, pipeline.to_string());
    written.map_err(|error| Error::Story(error.to_string()))?;
    Ok((world, digest, file.display().to_string()))
}

#[tokio::test]
async fn a_change_of_the_rule_deploys_nothing_and_what_is_newest_only_on_purpose()
-> Result<(), Error> {
    let (world, digest, file) = unwanted().await?;
    let (code, printed) = world.towpath(&["apply", &file]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains(&format!("the newest that it takes is {VERSION}"))
            && printed.contains("--deploy-newest"),
        "{printed}"
    );
    world.pass(7_200).await?;
    assert_eq!(world.releases().await?, [], "nobody has asked for it");

    let applied = world.ordered(&["apply", &file, "--deploy-newest"]).await?;
    let applied = &applied["pipelines"][0];
    assert_eq!(
        (&applied["change"], &applied["deployed"]),
        (&json!("unchanged"), &json!(true))
    );
    world.asks(VERSION).await?;
    world.click(VERSION, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(VERSION).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let release = world.release(VERSION).await?.id;
    let (code, printed) = world.towpath(&["audit", &release]).await?;
    assert_eq!(code, 0, "{printed}");
    Ok(())
}

#[tokio::test]
async fn what_is_pushed_after_the_change_and_lost_is_found_and_nothing_from_before()
-> Result<(), Error> {
    let (world, _, file) = unwanted().await?;
    let (code, printed) = world.towpath(&["apply", &file]).await?;
    assert_eq!(code, 0, "{printed}");
    let lost = json!({ "suppress_event": true });
    world.pass(60).await?;
    let digest = world.push_with(LOST, &lost).await?;
    let found = async |world: &World| Ok::<_, Error>(!world.releases().await?.is_empty());
    world.until("the lost push is found", found).await?;
    world.asks(LOST).await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    let tags: Vec<_> = world
        .releases()
        .await?
        .into_iter()
        .map(|one| one.tag)
        .collect();
    assert_eq!(tags, [LOST]);
    Ok(())
}

#[tokio::test]
async fn a_push_during_the_change_is_taken_by_the_rule_that_its_event_finds() -> Result<(), Error> {
    let (world, _, file) = unwanted().await?;
    let lost = json!({ "suppress_event": true });
    let digest = world.push_with(LATE, &lost).await?;
    let mut event: Value = world.push_event(LATE, &digest);
    event["time"] = json!(world.now().await?);
    world.pass(1).await?;
    let (code, printed) = world.towpath(&["apply", &file]).await?;
    assert_eq!(code, 0, "{printed}");
    world.pass(600).await?;
    assert_eq!(world.releases().await?, []);
    world.event(&event).await?;
    world.asks(LATE).await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    Ok(())
}
