//! Somebody edits the rows of the ledger that are derived from entries: nothing is deployed on their
//! word.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const GOOD: &str = "3f2c1ab";
const WORSE: &str = "4a5b6c7";
const SERVICE: &str = "SERVICE#111111111111/eu-central-1/production/shop-api";

/// Brings an image into production, and returns its digest.
async fn deploy(world: &World, tag: &str) -> Result<String, Error> {
    let digest = world.push(tag, "healthy").await?;
    world.asks(tag).await?;
    world.click(tag, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(tag).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    Ok(digest)
}

/// An attribute of production's row, read as JSON.
async fn read(world: &World, attribute: &str) -> Result<Value, Error> {
    let get = json!({
        "TableName": "towpath-ledger",
        "Key": { "pk": { "S": SERVICE }, "sk": { "S": "SERVICE" } },
    });
    let found = world.lab.aws("dynamodb", "GetItem", &get).await?;
    let text = found["Item"][attribute]["S"].as_str().unwrap_or_default();
    Ok(serde_json::from_str(text).unwrap_or_default())
}

/// What nobody may do.
async fn edit(world: &World, attribute: &str, value: &Value) -> Result<(), Error> {
    let edit = json!({
        "TableName": "towpath-ledger",
        "Key": { "pk": { "S": SERVICE }, "sk": { "S": "SERVICE" } },
        "UpdateExpression": "SET #attribute = :value",
        "ExpressionAttributeNames": { "#attribute": attribute },
        "ExpressionAttributeValues": { ":value": { "S": value.to_string() } },
    });
    world.lab.aws("dynamodb", "UpdateItem", &edit).await?;
    Ok(())
}

#[tokio::test]
async fn an_edited_way_back_does_not_choose_what_a_click_deploys() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    let worse = deploy(&world, WORSE).await?;
    let mut earlier = read(&world, "earlier").await?;
    let was = earlier[0]["revision"].clone();
    let evil = world
        .register_edited(was.as_str().unwrap_or_default(), |definition| {
            definition["containerDefinitions"][0]["image"] = "evil.example/miner:latest".into();
        })
        .await?;
    assert_ne!(evil, was);
    earlier[0]["revision"] = evil.clone();
    edit(&world, "earlier", &earlier).await?;

    world.click(WORSE, "towpath_roll_back", APPROVER).await?;
    world.pass(1_200).await?;
    let calls = [
        world.calls("ecs", "UpdateService").await?,
        world.calls("codedeploy", "CreateDeployment").await?,
        world.calls("ecs", "RegisterTaskDefinition").await?,
    ]
    .concat();
    let evil = evil.as_str().unwrap_or_default();
    assert!(
        !calls.iter().any(|call| call.to_string().contains(evil)),
        "nothing names it: {calls:#?}"
    );
    assert_ne!(good, worse);
    assert_eq!(
        world.running("production").await?,
        [good],
        "what the good release ran with by its own entries"
    );
    Ok(())
}
