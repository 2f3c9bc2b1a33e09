//! Approval by whoever reads e-mail: the request carries a token for each decision, and publishing
//! it to the reply topic decides.

use serde_json::{Value, json};
use towpath_e2e::{Error, World};

/// Publishes a message that must be refused, and returns why it was.
async fn refused(world: &World, message: &str) -> Result<String, Error> {
    let before = world.dead_letters().await?.len();
    let written = world.events_of("3f2c1ab").await?.len();
    world.reply(message).await?;
    world
        .until("the message is given up", async |world| {
            Ok(world.dead_letters().await?.len() > before)
        })
        .await?;
    let letters = world.dead_letters().await?;
    assert_eq!(letters.len(), before + 1, "{letters:?}");
    assert_eq!(letters[before].function, "approval");
    assert_eq!(
        world.events_of("3f2c1ab").await?.len(),
        written,
        "{message} changed nothing"
    );
    Ok(letters[before].reason.clone())
}

#[tokio::test]
async fn the_token_of_the_request_approves_once_and_nothing_else_does() -> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    let approve = world.answer_by_email("3f2c1ab", "approve").await?;
    let reject = world.answer_by_email("3f2c1ab", "reject").await?;

    let malformed = refused(&world, "yes, please").await?;
    assert!(malformed.contains("it is not {\"approval\""), "{malformed}");
    let forged = token(&approve).replace('a', "b");
    let forged = refused(&world, &answer(&forged, "approve")).await?;
    assert!(
        forged.contains("the token does not allow this decision") || forged.contains("no release"),
        "{forged}"
    );
    let swapped = refused(&world, &answer(token(&reject), "approve")).await?;
    assert!(
        swapped.contains("the token does not allow this decision"),
        "{swapped}"
    );
    assert_eq!(world.outcome("3f2c1ab").await?, None, "it still waits");

    let mut with_reason = approve.clone();
    with_reason["reason"] = json!("seen in staging");
    world.reply(&with_reason.to_string()).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest]);
    let votes = world.events_named("3f2c1ab", "voted").await?;
    assert_eq!(votes.len(), 1, "{votes:?}");
    assert_eq!(votes[0]["reason"], "seen in staging");
    assert_eq!(votes[0]["by"], "token_holder");

    // Delivered once more the decision is known; the opposite comes too late.
    let written = world.events_of("3f2c1ab").await?.len();
    world.reply(&with_reason.to_string()).await?;
    world.rest().await?;
    assert_eq!(world.events_of("3f2c1ab").await?.len(), written);
    let late = refused(&world, &reject.to_string()).await?;
    assert!(late.contains("the release has ended (succeeded)"), "{late}");
    let reasons: Vec<_> = world.dead_letters().await?;
    assert!(
        reasons
            .iter()
            .all(|letter| !letter.reason.contains(token(&reject))),
        "a token is in a reason: {reasons:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_other_token_rejects_with_its_reason() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    let mut reject = world.answer_by_email("3f2c1ab", "reject").await?;
    reject["reason"] = json!("the fair is on until Monday");
    world.reply(&reject.to_string()).await?;

    assert_eq!(world.ended("3f2c1ab").await?, "refused");
    let reason = world.reason("3f2c1ab").await?;
    assert!(reason.contains("the fair is on until Monday"), "{reason}");
    assert_eq!(world.running("production").await?, world.shop.first());
    let emails = world.emails().await?;
    let last = emails.last().expect("an outcome by e-mail");
    assert!(last.contains("the fair is on until Monday"), "{last}");
    Ok(())
}

fn token(answer: &Value) -> &str {
    answer["approval"].as_str().unwrap_or_default()
}

fn answer(token: &str, decision: &str) -> String {
    json!({ "approval": token, "decision": decision }).to_string()
}
