//! Each channel by itself, and none: people are told when something happens, whichever they have.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_e2e::{APPROVER, CHANNEL, Error, World};

const TAG: &str = "3f2c1ab";

/// A lab whose pipeline tells people so, and asks them so.
async fn told_by(notify: &Value, approval: &Value) -> Result<World, Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["notify"] = notify.clone();
    pipeline["stages"][2]["approval"] = approval.clone();
    if approval.is_null() {
        let production = pipeline["stages"][2].as_object_mut();
        production.expect("a stage").remove("approval");
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    world.pass(1).await?;
    Ok(world)
}

async fn now(world: &World) -> Result<Timestamp, Error> {
    let clock = world.lab.get("clock").await?;
    let now = clock["now"].as_str().and_then(|now| now.parse().ok());
    now.ok_or_else(|| Error::Story(format!("no time: {clock}")))
}

#[tokio::test]
async fn by_e_mail_alone_the_request_comes_at_once_and_can_be_answered() -> Result<(), Error> {
    let by_mail = json!({ "sns": true, "expires": "24h" });
    let world = told_by(&json!({ "sns": true }), &by_mail).await?;
    let digest = world.push(TAG, "healthy").await?;
    world
        .until("the request is out by e-mail", async |world| {
            Ok(world.answer_by_email(TAG, "approve").await.is_ok())
        })
        .await?;
    let asked = world.events_named(TAG, "approval_requested").await?;
    let until = asked[0]["expires_at"].as_str().unwrap_or_default();
    let until: Timestamp = until.parse().expect("a time");
    let left = until.duration_since(now(&world).await?);
    assert!(left > SignedDuration::from_hours(23), "{left} are left");

    let approve = world.answer_by_email(TAG, "approve").await?;
    world.reply(&approve.to_string()).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    world.rest().await?;
    let emails = world.emails().await?;
    assert_eq!(emails.len(), 2, "the request and the outcome: {emails:?}");
    assert!(emails[1].contains("succeeded"), "{}", emails[1]);
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert!(world.cards().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn by_e_mail_alone_people_hear_that_a_request_has_expired() -> Result<(), Error> {
    let by_mail = json!({ "sns": true, "expires": "6h" });
    let world = told_by(&json!({ "sns": true }), &by_mail).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "expired");
    world.rest().await?;
    let emails = world.emails().await?;
    assert_eq!(emails.len(), 2, "the request and the outcome: {emails:?}");
    assert!(emails[1].contains("nobody decided"), "{}", emails[1]);
    Ok(())
}

#[tokio::test]
async fn by_slack_alone_the_request_is_in_the_thread() -> Result<(), Error> {
    let in_slack = json!({ "slack": [APPROVER], "expires": "24h" });
    let world = told_by(&json!({ "slack": CHANNEL }), &in_slack).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.rest().await?;
    let card = world.card(TAG).await?.expect("its card");
    let told = card.replies.join("\n");
    assert!(told.contains("waits for approval"), "{told}");

    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert!(world.emails().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn where_nobody_is_told_releases_go_all_the_same() -> Result<(), Error> {
    let world = told_by(&json!({}), &Value::Null).await?;
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert!(world.cards().await?.is_empty());
    assert!(world.emails().await?.is_empty());
    Ok(())
}
