//! Images that are rolled out nowhere any more.

use serde_json::json;
use towpath_e2e::{APPROVER, Error, Native, World};

#[tokio::test]
async fn a_vetoed_image_is_refused_under_any_tag_until_the_veto_is_lifted() -> Result<(), Error> {
    let world = World::start().await?;
    let same = json!({ "content": "the same image" });
    let digest = world.push_with("3f2c1ab", &same).await?;
    world.asks("3f2c1ab").await?;

    let release = world.release("3f2c1ab").await?.id;
    let vetoed = world
        .ordered(&["veto", &digest, "--reason", "it loses orders"])
        .await?;
    assert_eq!(
        (&vetoed["changed"], &vetoed["notified"]),
        (&json!(true), &json!([release]))
    );
    assert_eq!(world.ended("3f2c1ab").await?, "refused");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("vetoed the image: it loses orders"),
        "{reason}"
    );
    let card = world.card("3f2c1ab").await?.expect("its card");
    let deciding = card
        .buttons
        .iter()
        .any(|button| button == "towpath_approve");
    assert!(!deciding, "{card:?}");

    assert_eq!(world.push_with("4a5b6c7", &same).await?, digest);
    assert_eq!(world.ended("4a5b6c7").await?, "refused");
    let (code, printed) = world.towpath(&["status"]).await?;
    assert_eq!(code, 1, "a vetoed image serves: {printed}");
    assert!(printed.contains("VETOED"), "{printed}");

    world
        .ordered(&["lift-veto", &release, "--reason", "it was the database"])
        .await?;
    assert_eq!(world.push_with("5b6c7d8", &same).await?, digest);
    world.asks("5b6c7d8").await?;
    world.click("5b6c7d8", "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended("5b6c7d8").await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);

    let (code, printed) = world.towpath(&["audit", &digest]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("2 orders"), "{printed}");
    forget_the_last_order(&world, &digest).await?;
    let (code, printed) = world.towpath(&["audit", &digest]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("the row's last order is 2"), "{printed}");
    Ok(())
}

/// What nobody may do.
async fn forget_the_last_order(world: &World, digest: &str) -> Result<(), Error> {
    let key = json!({ "pk": { "S": format!("VETO#{digest}") }, "sk": { "S": "D#000000000002" } });
    let delete = json!({ "TableName": "towpath-ledger", "Key": key });
    world.lab.aws("dynamodb", "DeleteItem", &delete).await?;
    Ok(())
}

#[tokio::test]
async fn a_vetoed_image_is_not_let_through_by_towpath_where_nobody_is_asked() -> Result<(), Error> {
    let native = Native {
        asks: false,
        ..Native::asking()
    };
    let world = World::start_native(&native).await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    world
        .until("it is started", async |world| {
            let started = world.events_named("3f2c1ab", "deployment_started").await?;
            Ok(!started.is_empty())
        })
        .await?;
    world
        .ordered(&["veto", &digest, "--reason", "it loses orders"])
        .await?;
    assert_eq!(world.ended("3f2c1ab").await?, "refused");
    let reason = world.reason("3f2c1ab").await?;
    assert!(
        reason.contains("vetoed the image: it loses orders"),
        "{reason}"
    );
    assert_eq!(world.visit("production").await?, world.shop.initial);
    let answered = world
        .carried_out("ecs", "ContinueServiceDeployment")
        .await?;
    let actions: Vec<_> = answered
        .iter()
        .map(|call| &call["parameters"]["action"])
        .collect();
    assert_eq!(actions, ["ROLLBACK"], "{answered:#?}");
    Ok(())
}
