//! Several pushes at once: the newest wins, nothing is overtaken by what is older, and what is being
//! rolled out is finished first.

use serde_json::json;
use towpath_e2e::{APPROVER, CHANNEL, Error, Shop, World};

const OLDER: &str = "3f2c1ab";
const NEWER: &str = "4a5b6c7";
const AGAIN: &str = "5b6c7d8";
const LAST: &str = "6c7d8e9";

#[tokio::test]
async fn a_newer_push_takes_the_place_of_one_that_waits_for_approval() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(OLDER, "healthy").await?;
    world.asks(OLDER).await?;
    let stale = world.post_as_bot(CHANNEL, OLDER).await?;
    let token = world.answer_by_email(OLDER, "approve").await?;

    let digest = world.push(NEWER, "healthy").await?;
    assert_eq!(world.ended(OLDER).await?, "superseded");
    let reason = world.reason(OLDER).await?;
    assert!(reason.contains(NEWER), "{reason}");
    world.asks(NEWER).await?;
    let card = world.card(OLDER).await?.expect("its card");
    assert!(card.buttons.is_empty(), "{card:?}");

    let on_the_copy = json!({ "ts": stale });
    let status = world
        .click_with(OLDER, "towpath_approve", APPROVER, &on_the_copy)
        .await?;
    assert_eq!(status, 200);
    world.reply(&token.to_string()).await?;
    world
        .until("the e-mailed approval is refused", async |world| {
            Ok(!world.refused_replies().await?.is_empty())
        })
        .await?;
    let whispers = world.whispers().await?;
    let refused = world.refused_replies().await?;
    for said in [&whispers[0].1, &refused[0]] {
        assert!(
            said.contains("the release has ended (superseded)"),
            "{said}"
        );
    }
    for kind in ["voted", "reply_refused"] {
        let none = Vec::<serde_json::Value>::new();
        assert_eq!(world.events_named(OLDER, kind).await?, none);
    }
    assert_eq!(world.dead_letters().await?, []);
    assert_eq!(world.running("production").await?, world.shop.first());

    world.click(NEWER, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(NEWER).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    Ok(())
}

#[tokio::test]
async fn a_push_during_a_rollout_waits_for_its_end_and_then_goes() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(OLDER, "healthy").await?;
    world
        .until("the older one rolls out to test", async |world| {
            Ok(!world.calls("ecs", "UpdateService").await?.is_empty())
        })
        .await?;
    // Pushed at one and the same instant, neither would be the newer one.
    world.pass(1).await?;
    let digest = world.push(NEWER, "healthy").await?;
    world.rest().await?;
    let blocked = world.events_named(NEWER, "blocked").await?;
    let older = world.release(OLDER).await?.id;
    assert_eq!(blocked.len(), 1, "{blocked:?}");
    assert_eq!(
        (&blocked[0]["stage"], &blocked[0]["by"]["release"]),
        (&json!("test"), &json!(older))
    );
    assert_eq!(world.calls("ecs", "UpdateService").await?.len(), 1);

    world.asks(NEWER).await?;
    let ended = world.events_named(OLDER, "rollout_ended").await?;
    assert_eq!(
        (&ended[0]["stage"], &ended[0]["outcome"]),
        (&json!("test"), &json!("succeeded")),
        "what was being rolled out was finished"
    );
    assert_eq!(world.calls("ecs", "UpdateService").await?.len(), 2);
    assert_eq!(world.running("test").await?, [digest.as_str()]);
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(world.ended(OLDER).await?, "superseded");
    Ok(())
}

#[tokio::test]
async fn an_older_push_whose_event_comes_late_overtakes_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    let lost = json!({ "suppress_event": true });
    let older = world.push_with(OLDER, &lost).await?;
    let mut late = world.push_event(OLDER, &older);
    late["time"] = json!(world.now().await?);
    world.pass(1).await?;
    let newer = world.push(NEWER, "healthy").await?;
    world.asks(NEWER).await?;
    world.event(&late).await?;
    assert_eq!(world.ended(OLDER).await?, "superseded");

    let events = world.events_of(OLDER).await?;
    assert!(
        !events
            .iter()
            .any(|event| event["type"] == "rollout_started"),
        "{events:?}"
    );
    assert_eq!(world.running("test").await?, [newer.as_str()]);
    assert_eq!(
        world.outcome(NEWER).await?,
        None,
        "the newer one still waits"
    );
    world.click(NEWER, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(NEWER).await?, "succeeded");
    assert_eq!(world.running("production").await?, [newer.as_str()]);
    Ok(())
}

/// Brings a release that was pushed into production.
async fn deploy(world: &World, tag: &str, digest: &str) -> Result<(), Error> {
    world.asks(tag).await?;
    world.click(tag, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(tag).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest]);
    Ok(())
}

#[tokio::test]
async fn an_image_that_gets_a_second_tag_is_deployed_again() -> Result<(), Error> {
    let world = World::start().await?;
    let older = world.push(OLDER, "healthy").await?;
    deploy(&world, OLDER, &older).await?;
    let newer = world.push(NEWER, "healthy").await?;
    deploy(&world, NEWER, &newer).await?;
    // A revert whose build gives the very same image, or a promotion by tag.
    assert_eq!(world.retag(OLDER, AGAIN).await?, older);
    deploy(&world, AGAIN, &older).await?;

    // What ran before it is what was newer then.
    let asked = world
        .ordered(&["rollback", "shop-api", "production"])
        .await?;
    assert_eq!(asked["to"]["tag"], NEWER, "{asked}");
    world
        .until("production runs it", async |world| {
            Ok(world.running("production").await? == [newer.as_str()])
        })
        .await
}

#[tokio::test]
async fn a_second_tag_whose_event_comes_late_overtakes_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    let same = json!({ "content": "the same build" });
    let older = world.push_with(OLDER, &same).await?;
    deploy(&world, OLDER, &older).await?;
    let newer = world.push(NEWER, "healthy").await?;
    deploy(&world, NEWER, &newer).await?;

    let lost = json!({ "content": "the same build", "suppress_event": true });
    assert_eq!(world.push_with(AGAIN, &lost).await?, older);
    let mut late = world.push_event(AGAIN, &older);
    late["time"] = json!(world.now().await?);
    world.pass(60).await?;
    let last = world.push(LAST, "healthy").await?;
    world.asks(LAST).await?;
    world.event(&late).await?;
    assert_eq!(world.ended(AGAIN).await?, "superseded");
    let reason = world.reason(AGAIN).await?;
    let newer = format!("{LAST}, which is newer, took its place");
    assert!(reason.ends_with(&newer), "{reason}");
    deploy(&world, LAST, &last).await
}

#[tokio::test]
async fn an_event_of_an_image_that_has_lost_its_tag_opens_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    let mutable = json!({ "repositoryName": Shop::NAME, "imageTagMutability": "MUTABLE" });
    let change = world.lab.aws("ecr", "PutImageTagMutability", &mutable);
    change.await?;
    let lost = json!({ "suppress_event": true });
    let moved = world.push_with(OLDER, &lost).await?;
    let late = world.push_event(OLDER, &moved);
    world.pass(1).await?;
    let digest = world.push(OLDER, "healthy").await?;
    world.event(&late).await?;
    world.asks(OLDER).await?;
    let releases = world.releases().await?;
    let digests: Vec<_> = releases.iter().map(|one| one.digest.as_str()).collect();
    assert_eq!(digests, [digest.as_str()]);
    Ok(())
}
