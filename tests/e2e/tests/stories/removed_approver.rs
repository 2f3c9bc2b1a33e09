//! Somebody is taken out of the pipeline while a release that names them is on its way: who may
//! decide is whom the release names, and the pipeline as it is stored now.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, CHANNEL, Error, World};

const APPROVE: &str = "towpath_approve";
const REJECT: &str = "towpath_reject";
const ROLL_BACK: &str = "towpath_roll_back";
const TAG: &str = "3f2c1ab";
const COLLEAGUE: &str = "U0COLLEAGUE";

/// Stores the example's pipeline with these approvers of production.
async fn approvers(world: &World, people: &[&str]) -> Result<(), Error> {
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][2]["approval"]["slack"] = json!(people);
    world.shop.apply(&world.lab, &pipeline).await
}

/// Clicks in a way that must change nothing, and returns what the person is told.
async fn in_vain(world: &World, action: &str, changes: &Value) -> Result<String, Error> {
    let written = world.events_of(TAG).await?.len();
    let status = world.click_with(TAG, action, APPROVER, changes).await?;
    assert_eq!(status, 200);
    world.rest().await?;
    assert_eq!(world.events_of(TAG).await?.len(), written, "{action}");
    let whispers = world.whispers().await?;
    let to_them = whispers.into_iter().rev().find(|(to, _)| to == APPROVER);
    Ok(to_them.map(|(_, text)| text).unwrap_or_default())
}

#[tokio::test]
async fn a_removed_approver_neither_decides_nor_rolls_back() -> Result<(), Error> {
    let world = World::start().await?;
    approvers(&world, &[APPROVER, COLLEAGUE]).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let card = json!({ "ts": world.post_as_bot(CHANNEL, TAG).await? });

    approvers(&world, &[COLLEAGUE]).await?;
    for action in [APPROVE, REJECT] {
        let said = in_vain(&world, action, &card).await?;
        assert!(said.contains("any more"), "{said}");
        assert!(said.contains("as it is stored now"), "{said}");
    }
    // The colleague, whom both name, decides.
    world.click(TAG, APPROVE, COLLEAGUE).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let said = in_vain(&world, ROLL_BACK, &json!({})).await?;
    assert!(
        said.contains("may not roll production back any more"),
        "{said}"
    );
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_is_stored_cannot_be_read_and_is_no_yes() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let card = json!({ "ts": world.post_as_bot(CHANNEL, TAG).await? });
    let name = "/towpath/pipelines/shop-api/shop-api";
    let stored = json!({ "Name": name });
    let stored = world.lab.aws("ssm", "GetParameter", &stored).await?;

    let broken = json!({ "Name": name, "Value": "{", "Type": "String", "Overwrite": true });
    world.lab.aws("ssm", "PutParameter", &broken).await?;
    let said = in_vain(&world, APPROVE, &card).await?;
    assert!(said.contains("Try again in a moment"), "{said}");

    world
        .lab
        .aws("ssm", "DeleteParameter", &json!({ "Name": name }))
        .await?;
    let said = in_vain(&world, APPROVE, &card).await?;
    assert!(said.contains("the pipeline shop-api was removed"), "{said}");

    let again = json!({ "Name": name, "Value": stored["Parameter"]["Value"], "Type": "String" });
    world.lab.aws("ssm", "PutParameter", &again).await?;
    world.click(TAG, APPROVE, APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    Ok(())
}

#[tokio::test]
async fn the_e_mailed_token_counts_while_the_pipeline_takes_replies() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let approve = world.answer_by_email(TAG, "approve").await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][2]["approval"] = json!({ "slack": [APPROVER] });
    world.shop.apply(&world.lab, &pipeline).await?;
    world.reply(&approve.to_string()).await?;
    world.rest().await?;
    assert!(world.events_named(TAG, "voted").await?.is_empty());
    assert_eq!(world.outcome(TAG).await?, None);

    world.shop.apply(&world.lab, &world.shop.pipeline()).await?;
    world.reply(&approve.to_string()).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    Ok(())
}
