//! Somebody has a session of a function and the key that it seals with: what they write as that
//! function's they may have done, and what they write as another's is not acted on.

use serde_json::{Value, json};
use towpath_core::names::{Fingerprint, ReleaseId};
use towpath_core::release::{Actor, Entry, Event, SealKey, Writer};
use towpath_e2e::terminal::towpath;
use towpath_e2e::{APPROVER, Error, Stolen, TOOLS, World};

const GOOD: &str = "3f2c1ab";
const WORSE: &str = "4a5b6c7";
const NEXT: &str = "5b6c7d8";
const TABLE: &str = "towpath-ledger";
const SERVICE: &str = "SERVICE#111111111111/eu-central-1/production/shop-api";

async fn stolen<'a>(world: &'a World, function: &str) -> Result<Stolen<'a>, Error> {
    let role = format!("arn:aws:iam::{}:role/towpath-{function}", TOOLS.account);
    Stolen::of(&world.lab, &role).await
}

/// Adds an entry to a release as `approval` would, with its session and its key, and wakes
/// `advance`.
async fn forge(world: &World, tag: &str, event: &Value) -> Result<(), Error> {
    let approval = stolen(world, "approval").await?;
    let parameter = json!({ "Name": "/towpath/seals/approval", "WithDecryption": true });
    let parameter = approval.aws("ssm", "GetParameter", &parameter).await?;
    let parameter = &parameter["Parameter"];
    let key = SealKey::new(
        parameter["Version"].as_u64().expect("a version"),
        parameter["Value"].as_str().expect("a value").as_bytes(),
    )
    .expect("a key");

    let release: ReleaseId = world.release(tag).await?.id.parse().expect("an id");
    let partition = json!({ "S": format!("RELEASE#{release}") });
    let query = json!({ "TableName": TABLE, "ConsistentRead": true,
        "KeyConditionExpression": "pk = :p AND begins_with(sk, :e)",
        "ExpressionAttributeValues": { ":p": partition, ":e": { "S": "E#" } } });
    let entries = approval.aws("dynamodb", "Query", &query).await?;
    let last = entries["Items"].as_array().and_then(|items| items.last());
    let last = last.expect("an entry");
    let sequence = last["sk"]["S"].as_str().expect("a key")[2..].parse();
    let fingerprint: Fingerprint = last["fingerprint"]["S"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a fingerprint");
    let event: Event = serde_json::from_value(event.clone()).expect("an event");
    let actor = Actor::Function("advance".into());
    let now = "2026-11-29T12:00:00Z".parse().expect("a time");
    let previous = Some((sequence.expect("a place"), &fingerprint));
    let entry = Entry::after(previous, &release, now, actor, event);
    let mut stored = entry.into_stored();
    stored.seal = Some(key.seal(Writer::Approval, &release, &stored));

    let kind = serde_json::to_value(&stored.entry.event).expect("JSON");
    let put = json!({ "TableName": TABLE, "Item": {
        "pk": partition, "sk": { "S": format!("E#{:012}", stored.entry.sequence) },
        "at": { "S": stored.text.at }, "actor": { "S": stored.text.actor },
        "type": { "S": kind["type"] }, "event": { "S": stored.text.event },
        "previous": { "S": fingerprint.as_str() },
        "fingerprint": { "S": stored.entry.fingerprint.as_str() },
        "seal": { "S": stored.seal.expect("a seal").to_string() }, "writer": { "S": "nobody" },
    } });
    approval.aws("dynamodb", "PutItem", &put).await?;
    let summary = json!({ "TableName": TABLE, "ConsistentRead": true,
        "Key": { "pk": partition, "sk": { "S": "SUMMARY" } } });
    let mut summary = approval.aws("dynamodb", "GetItem", &summary).await?["Item"].clone();
    summary["head"] = json!({ "N": stored.entry.sequence.to_string() });
    summary["head_fingerprint"] = json!({ "S": stored.entry.fingerprint.as_str() });
    summary["wake"] = json!({ "S": "forged" });
    let put = json!({ "TableName": TABLE, "Item": summary });
    approval.aws("dynamodb", "PutItem", &put).await.map(drop)
}

/// Waits until people are told in the channel.
async fn is_told(world: &World, words: &str) -> Result<(), Error> {
    world
        .until("people are told", async |world| {
            let messages = world.lab.get("slack/messages").await?;
            Ok(messages.to_string().contains(words))
        })
        .await
}

#[tokio::test]
async fn an_entry_forged_with_the_key_of_another_kind_is_not_acted_on() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(WORSE, "healthy").await?;
    world.asks(WORSE).await?;
    let approval = stolen(&world, "approval").await?;
    for others in ["advance", "operator", "image-push"] {
        let name = format!("/towpath/seals/{others}");
        let get = json!({ "Name": name, "WithDecryption": true });
        let refused = approval.aws("ssm", "GetParameter", &get).await;
        let refused = refused.expect_err("each reads its own").to_string();
        assert!(refused.contains("AccessDenied"), "{refused}");
    }

    let before = world.calls("codedeploy", "CreateDeployment").await?.len();
    let started = json!({ "type": "rollout_started", "stage": "production", "epoch": 1 });
    forge(&world, WORSE, &started).await?;
    is_told(
        &world,
        "is sealed by approval, which does not write such entries",
    )
    .await?;
    assert_eq!(world.ended(WORSE).await?, "not_trusted");
    let card = world.card(WORSE).await?.expect("a card");
    assert!(card.text.contains("*not trusted*"), "{}", card.text);
    assert_eq!(card.buttons, [""; 0], "nobody is asked any more");
    assert!(world.function_logs()?.contains("DistrustedReleases"));
    let looks = || Ok::<_, Error>(world.function_logs()?.matches("DistrustedReleases").count());
    let looked = looks()?;
    world.pass(600).await?;
    assert_eq!(looks()?, looked, "it is looked at no more");
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?.len(),
        before
    );
    assert_eq!(world.running("production").await?, world.shop.first());
    let entries = world.events_of(WORSE).await?;
    assert_eq!(entries.last(), Some(&started), "it stays what it is");
    let (code, printed) = world.towpath(&["status", "shop-api"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("not trusted: entry"), "{printed}");
    let told = world.cards().await?.into_iter();
    let told = told.filter(|card| card.text.contains("does not go on with"));
    assert_eq!(told.count(), 1, "told once");

    // Everything beside it goes on.
    let digest = world.push(NEXT, "healthy").await?;
    world.asks(NEXT).await?;
    world.click(NEXT, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

/// Brings an image into production, and begins to roll out a worse one after it. The digest of what
/// was good.
async fn worse_takes_production(world: &World) -> Result<String, Error> {
    let good = world.push(GOOD, "healthy").await?;
    world.asks(GOOD).await?;
    world.click(GOOD, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(GOOD).await?, "succeeded");
    world.push(WORSE, "healthy").await?;
    world.asks(WORSE).await?;
    world.click(WORSE, "towpath_approve", APPROVER).await?;
    world
        .until("production is being rolled out", async |world| {
            let started = world.events_named(WORSE, "deployment_started").await?;
            Ok(started.len() == 3)
        })
        .await?;
    Ok(good)
}

#[tokio::test]
async fn a_release_that_is_not_trusted_keeps_nobody_from_rolling_back() -> Result<(), Error> {
    let world = World::start().await?;
    let good = worse_takes_production(&world).await?;
    let ended = json!({ "type": "rollout_ended", "stage": "production",
        "outcome": "succeeded", "reason": { "is": "serves", "name": "forged" } });
    forge(&world, WORSE, &ended).await?;
    let get = json!({ "TableName": TABLE, "ConsistentRead": true,
        "Key": { "pk": { "S": SERVICE }, "sk": { "S": "SERVICE" } } });
    world
        .until("the service is let go", async |world| {
            let row = world.lab.aws("dynamodb", "GetItem", &get).await?;
            let hold = row["Item"]["hold"]["S"].as_str().unwrap_or_default();
            Ok(row["Item"]["owner"].is_null() && hold.contains("is not trusted"))
        })
        .await?;

    // What it has left was never good: nobody has to say what is to serve.
    let release = world.release(GOOD).await?.id;
    let order = ["rollback", "shop-api", "production"];
    let (code, printed) = towpath(&world, &order).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains(&release), "{printed}");
    world
        .until("what was good serves", async |world| {
            Ok(world.running("production").await? == [good.as_str()])
        })
        .await?;
    assert_eq!(world.ended(WORSE).await?, "not_trusted");
    world
        .until("the rollback ends", async |world| {
            let mut releases = world.releases().await?.into_iter();
            Ok(
                releases
                    .any(|one| one.id != release && one.outcome.as_deref() == Some("succeeded")),
            )
        })
        .await?;

    // What became of the service is known by the order that let it go.
    let audit = ["audit", "shop-api/production", "--output", "json"];
    let (code, printed) = world.towpath(&audit).await?;
    assert_eq!(code, 1, "the release is not intact: {printed}");
    let report: Value = serde_json::from_str(&printed).expect("a report");
    assert_eq!(report["services"][0]["intact"], true, "{printed}");
    assert_eq!(report["orders"][0]["intact"], true, "{printed}");
    assert_eq!(report["orders"][0]["orders"][0]["order"], "let_go");
    let lift = ["release-hold", "shop-api", "production", "--reason", "seen"];
    world.ordered(&lift).await?;
    world.push(NEXT, "healthy").await?;
    world.asks(NEXT).await?;
    world.click(NEXT, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    Ok(())
}

#[tokio::test]
async fn one_that_waits_in_order_keeps_nobody_behind_it() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["arrivals"] = json!("queue");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(WORSE, "healthy").await?;
    world.asks(WORSE).await?;
    world.pass(1).await?;
    let next = world.push(NEXT, "healthy").await?;
    world.asks(NEXT).await?;
    world.click(NEXT, "towpath_approve", APPROVER).await?;
    world
        .until("the next one waits for its turn", async |world| {
            let blocked = world.events_named(NEXT, "blocked").await?;
            Ok(blocked.iter().any(|it| it["stage"] == "production"))
        })
        .await?;
    let started = json!({ "type": "rollout_started", "stage": "production", "epoch": 1 });
    forge(&world, WORSE, &started).await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    assert_eq!(world.running("production").await?, [next.as_str()]);
    assert_eq!(world.ended(WORSE).await?, "not_trusted");
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn an_owner_that_cannot_be_read_loses_its_service_to_a_rollback() -> Result<(), Error> {
    let world = World::start().await?;
    let good = worse_takes_production(&world).await?;
    let owner = world.release(WORSE).await?.id;
    let edit = json!({ "TableName": TABLE,
        "Key": { "pk": { "S": format!("RELEASE#{owner}") }, "sk": { "S": "E#000000000002" } },
        "UpdateExpression": "SET #at = :at",
        "ExpressionAttributeNames": { "#at": "at" },
        "ExpressionAttributeValues": { ":at": { "S": "2026-11-29T12:00:00Z" } } });
    world.lab.aws("dynamodb", "UpdateItem", &edit).await?;

    let order = ["rollback", "shop-api", "production"];
    let (code, printed) = towpath(&world, &order).await?;
    assert_eq!(code, 0, "{printed}");
    let warning = format!("{owner} has production and is not driven");
    assert!(printed.contains(&warning), "{printed}");
    world
        .until("what was good serves", async |world| {
            Ok(world.running("production").await? == [good.as_str()])
        })
        .await?;
    Ok(())
}
