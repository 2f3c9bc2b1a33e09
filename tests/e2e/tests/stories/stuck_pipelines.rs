//! A pipeline of which nothing can be deployed: people are told once what is wrong, the sweep goes on
//! with the others, and nothing becomes a dead letter each time.

use serde_json::{Value, json};
use towpath_e2e::{CHANNEL, Error, Shop, World, store};

/// How often pushes are looked for, and some time to tell.
const A_SWEEP: u64 = 1_000;

/// The messages in the channel about pipelines that are stuck.
async fn bulletins(world: &World) -> Result<Vec<String>, Error> {
    let messages = world.lab.get("slack/messages").await?;
    let messages = messages["messages"].as_array().cloned().unwrap_or_default();
    let texts = messages.iter().filter(|one| one["channel"] == CHANNEL);
    let texts = texts.filter_map(|one| one["text"].as_str());
    let stuck = texts.filter(|text| text.contains("nothing of it is deployed"));
    Ok(stuck.map(str::to_owned).collect())
}

/// The example's pipeline under another name, for another repository.
fn pipeline(world: &World, name: &str, repository: &str) -> Value {
    let mut pipeline = world.shop.pipeline();
    pipeline["pipeline"] = json!(name);
    pipeline["repository"] = json!(repository);
    pipeline
}

#[tokio::test]
async fn a_missing_repository_is_told_once_and_again_when_it_goes_again() -> Result<(), Error> {
    let world = World::start().await?;
    store(&world.lab, &pipeline(&world, "ghost", "gone")).await?;
    world.pass(A_SWEEP).await?;
    world
        .until("people are told", async |world| {
            Ok(!bulletins(world).await?.is_empty())
        })
        .await?;
    for _ in 0..3 {
        world.pass(A_SWEEP).await?;
    }
    let said = bulletins(&world).await?;
    assert_eq!(said.len(), 1, "{said:?}");
    let repository = "there is no repository `gone` in 111111111111.dkr.ecr.eu-central-1.amazonaws.com; create it, or correct";
    assert!(
        said[0].contains("*ghost*") && said[0].contains(repository),
        "{said:?}"
    );

    // Beside it a push whose event was lost is found.
    let lost = json!({ "suppress_event": true });
    world.push_with("3f2c1ab", &lost).await?;
    world.asks("3f2c1ab").await?;

    // Mended, and gone again: that is news.
    let named = json!({ "repositoryName": "gone" });
    world.lab.aws("ecr", "CreateRepository", &named).await?;
    world.pass(A_SWEEP).await?;
    let gone = json!({ "repositoryName": "gone", "force": true });
    world.lab.aws("ecr", "DeleteRepository", &gone).await?;
    world
        .until("people are told again", async |world| {
            world.pass(A_SWEEP).await?;
            Ok(bulletins(world).await?.len() == 2)
        })
        .await?;
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_else_keeps_a_pipeline_is_told_and_kept_apart() -> Result<(), Error> {
    let world = World::start().await?;
    let mut foreign = pipeline(&world, "foreign", Shop::NAME);
    foreign["registry"] = json!("999999999999.dkr.ecr.eu-central-1.amazonaws.com");
    store(&world.lab, &foreign).await?;
    let mut broken = pipeline(&world, "broken", Shop::NAME);
    broken["stages"][0]["nam"] = json!("test");
    store(&world.lab, &broken).await?;
    // A role that nobody may assume concerns its stage alone, and its release says so.
    let mut refused = pipeline(&world, "refused", Shop::NAME);
    refused["stages"][0]["account"] = json!("222222222222");
    refused["stages"][0]["role"] = json!({ "arn": "arn:aws:iam::222222222222:role/nobody" });
    store(&world.lab, &refused).await?;
    world.pass(A_SWEEP).await?;
    world
        .until("people are told of both", async |world| {
            Ok(bulletins(world).await?.len() >= 2)
        })
        .await?;
    for _ in 0..2 {
        world.pass(A_SWEEP).await?;
    }
    let mut said = bulletins(&world).await?;
    said.sort();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("*broken*") && said[0].contains("cannot be used"),
        "{said:?}"
    );
    assert!(
        said[1].contains("*foreign*") && said[1].contains("`registries`"),
        "{said:?}"
    );
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}
