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
async fn an_edited_rollback_does_not_choose_what_a_click_deploys() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    let worse = deploy(&world, WORSE).await?;
    let mut earlier = read(&world, "history").await?;
    let was = earlier[0]["revision"].clone();
    let evil = world
        .register_edited(was.as_str().unwrap_or_default(), |definition| {
            definition["containerDefinitions"][0]["image"] = "evil.example/miner:latest".into();
        })
        .await?;
    assert_ne!(evil, was);
    earlier[0]["revision"] = evil.clone();
    edit(&world, "history", &earlier).await?;

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

/// An item of the ledger.
async fn item(world: &World, pk: &str, sk: &str) -> Result<Value, Error> {
    let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
    let get = json!({ "TableName": "towpath-ledger", "Key": key });
    let found = world.lab.aws("dynamodb", "GetItem", &get).await?;
    Ok(found["Item"].clone())
}

/// Writes an item over what is there.
async fn put(world: &World, item: &Value) -> Result<(), Error> {
    let put = json!({ "TableName": "towpath-ledger", "Item": item });
    world.lab.aws("dynamodb", "PutItem", &put).await?;
    Ok(())
}

async fn delete(world: &World, pk: &str, sk: &str) -> Result<(), Error> {
    let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
    let delete = json!({ "TableName": "towpath-ledger", "Key": key });
    world.lab.aws("dynamodb", "DeleteItem", &delete).await?;
    Ok(())
}

/// How often something was deployed or registered.
async fn deeds(world: &World) -> Result<usize, Error> {
    let mut deeds = 0;
    for (service, operation) in [
        ("ecs", "UpdateService"),
        ("codedeploy", "CreateDeployment"),
        ("ecs", "RegisterTaskDefinition"),
    ] {
        deeds += world.calls(service, operation).await?.len();
    }
    Ok(deeds)
}

#[tokio::test]
async fn audit_finds_each_row_that_was_edited_and_says_what_it_should_be() -> Result<(), Error> {
    let world = World::start().await?;
    deploy(&world, GOOD).await?;
    deploy(&world, WORSE).await?;
    let worse = world.release(WORSE).await?.id;
    let (code, printed) = world.towpath(&["audit"]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("2 releases (all that there are)"),
        "{printed}"
    );
    let started = world.events_named(WORSE, "deployment_started").await?;
    let deployment = started[0]["deployment"].as_str().unwrap_or_default();
    let deployment = format!("DEPLOYMENT#{deployment}");
    let summary = format!("RELEASE#{worse}");
    let text = |text: &str| Some(json!({ "S": text }));
    let evil = format!("sha256:{}", "e".repeat(64));
    let good = read(&world, "last_good").await?;
    let mut other = good.clone();
    other["digest"] = evil.clone().into();
    let elsewhere = "arn:aws:ecs:eu-central-1:111111111111:task-definition/evil:1";
    let edits = [
        (SERVICE, "SERVICE", "last_good", text(&other.to_string())),
        (SERVICE, "SERVICE", "history", text("[]")),
        (SERVICE, "SERVICE", "baseline", text(elsewhere)),
        (SERVICE, "SERVICE", "owner", text(&worse)),
        (
            SERVICE,
            "SERVICE",
            "taken_by",
            text(&world.release(GOOD).await?.id),
        ),
        (SERVICE, "SERVICE", "epoch", Some(json!({ "N": "1" }))),
        (
            SERVICE,
            "SERVICE",
            "hold",
            text(r#"{"from":"order","by":"deployer","order":"hold","reason":"nobody said so"}"#),
        ),
        (
            SERVICE,
            "SERVICE",
            "candidate",
            text("shop-api-ffffffffffffffff"),
        ),
        (&summary, "SUMMARY", "outcome", text("failed")),
        (&summary, "SUMMARY", "digest", text(&evil)),
        (&summary, "SUMMARY", "tag", text("0000000")),
        (&summary, "SUMMARY", "state", text("\"no_stages\"")),
        (
            &deployment,
            "DEPLOYMENT",
            "release",
            text("shop-api-ffffffffffffffff"),
        ),
    ];
    for (pk, sk, attribute, value) in edits {
        let before = item(&world, pk, sk).await?;
        let mut edited = before.clone();
        edited[attribute] = value.unwrap_or_default();
        put(&world, &edited).await?;
        let (code, printed) = world.towpath(&["audit"]).await?;
        assert_eq!(code, 1, "{attribute} of {pk}: {printed}");
        assert!(
            printed.contains(pk) && printed.contains(&format!("`{attribute}` is")),
            "{attribute} of {pk}: {printed}"
        );
        put(&world, &before).await?;
    }
    let (code, printed) = world
        .towpath(&["audit", "shop-api/production", &worse])
        .await?;
    assert_eq!(code, 0, "put back, all is as it was: {printed}");
    Ok(())
}

#[tokio::test]
async fn a_hold_that_somebody_takes_out_of_the_row_still_keeps_the_service() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    world
        .ordered(&[
            "hold",
            "shop-api",
            "production",
            "--reason",
            "the sale begins",
        ])
        .await?;
    let mut row = item(&world, SERVICE, "SERVICE").await?;
    if let Some(row) = row.as_object_mut() {
        row.remove("hold");
    }
    put(&world, &row).await?;
    world.push(WORSE, "healthy").await?;
    assert_eq!(world.ended(WORSE).await?, "failed");
    let reason = world.reason(WORSE).await?;
    assert!(
        reason.contains("was edited") && reason.contains("`hold` is null"),
        "{reason}"
    );
    assert_eq!(world.running("production").await?, [good]);
    let (code, printed) = world.towpath(&["audit", "shop-api/production"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("the sale begins"), "{printed}");
    Ok(())
}

#[tokio::test]
async fn an_owner_and_a_baseline_are_not_taken_from_an_edited_row() -> Result<(), Error> {
    for (attribute, value) in [
        (
            "baseline",
            "arn:aws:ecs:eu-central-1:111111111111:task-definition/shop-api:99",
        ),
        ("owner", "shop-api-ffffffffffffffff"),
    ] {
        let world = World::start().await?;
        let good = deploy(&world, GOOD).await?;
        let mut row = item(&world, SERVICE, "SERVICE").await?;
        row[attribute] = json!({ "S": value });
        put(&world, &row).await?;
        world.push(WORSE, "healthy").await?;
        assert_eq!(world.ended(WORSE).await?, "failed", "{attribute}");
        let reason = world.reason(WORSE).await?;
        assert!(reason.contains(&format!("`{attribute}` is")), "{reason}");
        assert_eq!(world.running("production").await?, [good]);
    }
    Ok(())
}

#[tokio::test]
async fn an_owner_that_there_is_not_keeps_no_rollback() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    deploy(&world, WORSE).await?;
    let nobody = "shop-api-ffffffffffffffff";
    for attribute in ["owner", "taken_by"] {
        let mut row = item(&world, SERVICE, "SERVICE").await?;
        row[attribute] = json!({ "S": nobody });
        put(&world, &row).await?;
    }
    let (code, printed) = world
        .towpath(&[
            "rollback",
            "shop-api",
            "production",
            "--to",
            &world.release(GOOD).await?.id,
        ])
        .await?;
    assert_eq!(code, 0, "{printed}");
    let warning = format!("{nobody} has production and is not driven: the ledger has no release");
    assert!(printed.contains(&warning), "{printed}");
    world
        .until("what was good serves", async |world| {
            Ok(world.running("production").await? == [good.as_str()])
        })
        .await
}

/// What another version of Towpath has written, or somebody has made of it, keeps no rollback.
#[tokio::test]
async fn an_order_that_cannot_be_read_keeps_a_release_and_no_rollback() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    let worse = deploy(&world, WORSE).await?;
    for order in [
        &["hold", "shop-api", "production", "--reason", "a sale"][..],
        &["release-hold", "shop-api", "production", "--reason", "over"],
    ] {
        world.ordered(order).await?;
    }
    let order = "D#000000000001";
    let mut row = item(&world, SERVICE, order).await?;
    let said = r#"{"by":{"okta":"ada"},"order":"freeze","until":"2030-01-01T00:00:00Z"}"#;
    row["said"] = json!({ "S": said });
    put(&world, &row).await?;
    let (code, printed) = world.towpath(&["audit", "shop-api/production"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("order 1 was edited"), "{printed}");
    assert!(printed.contains("freeze"), "{printed}");

    if let Some(row) = row.as_object_mut() {
        row.remove("said");
    }
    put(&world, &row).await?;
    let (code, printed) = world.towpath(&["audit"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("order 1 cannot be read"), "{printed}");
    assert!(!printed.contains("was removed"), "{printed}");

    world.push("d00dad1", "healthy").await?;
    assert_eq!(world.ended("d00dad1").await?, "failed");
    let reason = world.reason("d00dad1").await?;
    assert!(reason.contains("order 1 cannot be read"), "{reason}");
    assert_eq!(world.running("production").await?, [worse]);

    let to = world.release(GOOD).await?.id;
    let (code, printed) = world
        .towpath(&["rollback", "shop-api", "production", "--to", &to])
        .await?;
    assert_eq!(code, 0, "{printed}");
    world
        .until("what was good serves", async |world| {
            Ok(world.running("production").await? == [good.as_str()])
        })
        .await?;
    // People give orders as before.
    for order in [
        &["hold", "shop-api", "production", "--reason", "we look"][..],
        &["release-hold", "shop-api", "production", "--reason", "over"],
    ] {
        world.ordered(order).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_veto_counts_while_its_orders_say_so_and_is_missed_when_all_is_gone() -> Result<(), Error>
{
    let world = World::start().await?;
    let same = json!({ "content": "the same image" });
    let digest = world.push_with(GOOD, &same).await?;
    world.asks(GOOD).await?;
    world
        .ordered(&["veto", &digest, "--reason", "it loses orders"])
        .await?;
    assert_eq!(world.ended(GOOD).await?, "refused");
    let veto = format!("VETO#{digest}");
    let mut row = item(&world, &veto, "VETO").await?;
    if let Some(row) = row.as_object_mut() {
        row.remove("active");
    }
    put(&world, &row).await?;
    let before = deeds(&world).await?;
    world.push_with(WORSE, &same).await?;
    assert_eq!(world.ended(WORSE).await?, "refused");
    assert!(world.reason(WORSE).await?.contains("it loses orders"));
    assert_eq!(deeds(&world).await?, before, "nothing is deployed");
    let (code, printed) = world.towpath(&["audit", &digest]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("`active` is null"), "{printed}");

    for sk in ["VETO", "D#000000000001"] {
        delete(&world, &veto, sk).await?;
    }
    let (code, printed) = world.towpath(&["audit"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains(&format!("order 1 of all was order 1 about {digest}")),
        "{printed}"
    );
    Ok(())
}
