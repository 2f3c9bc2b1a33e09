//! Approval by whoever reads e-mail: the request carries a token for each decision, and publishing
//! it to the reply topic decides.

use serde_json::{Value, json};
use towpath_e2e::{Error, World};

/// Publishes a message that must be refused, and returns why it was.
async fn refused(world: &World, message: &str) -> Result<String, Error> {
    let before = world.refused_replies().await?.len();
    world.reply(message).await?;
    world
        .until("the message is refused", async |world| {
            Ok(world.refused_replies().await?.len() > before)
        })
        .await?;
    world.rest().await?;
    let reasons = world.refused_replies().await?;
    assert_eq!(reasons.len(), before + 1, "once: {reasons:?}");
    assert_eq!(world.dead_letters().await?, [], "{message} is kept");
    Ok(reasons[before].clone())
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

    // People are told of the one that named their request, once, in every channel.
    let again = refused(&world, &answer(token(&reject), "approve")).await?;
    assert_eq!(again, swapped);
    let told = world.events_named("3f2c1ab", "reply_refused").await?;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["approval"], "production-1");
    let card = world.card("3f2c1ab").await?.expect("its card");
    let lines = card
        .replies
        .iter()
        .filter(|line| line.contains("was refused"));
    assert_eq!(lines.count(), 1, "{:?}", card.replies);
    let emails = world.emails().await?;
    let mails: Vec<_> = emails
        .iter()
        .filter(|mail| mail.contains("was refused"))
        .collect();
    assert_eq!(mails.len(), 1, "{emails:?}");
    assert!(
        mails[0].contains("the token does not allow this decision"),
        "{mails:?}"
    );
    for secret in [token(&approve), token(&reject)] {
        assert!(!mails[0].contains(secret), "{mails:?}");
    }

    let mut with_reason = approve.clone();
    with_reason["reason"] = json!("seen in staging");
    world.reply(&with_reason.to_string()).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest]);
    let votes = world.events_named("3f2c1ab", "voted").await?;
    assert_eq!(votes.len(), 1, "{votes:?}");
    assert_eq!(votes[0]["reason"], "seen in staging");
    assert_eq!(votes[0]["by"], "token_holder");
    let message = votes[0]["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty(), "the message is named: {votes:?}");

    // Delivered once more the decision is known; the opposite comes too late.
    let written = world.events_of("3f2c1ab").await?.len();
    world.reply(&with_reason.to_string()).await?;
    world.rest().await?;
    assert_eq!(world.events_of("3f2c1ab").await?.len(), written);
    let late = refused(&world, &reject.to_string()).await?;
    assert!(late.contains("the release has ended (succeeded)"), "{late}");
    let reasons = world.refused_replies().await?;
    for secret in [token(&approve), token(&reject)] {
        let shown = reasons.iter().any(|reason| reason.contains(secret));
        assert!(!shown, "a token is in a reason: {reasons:?}");
    }
    assert_eq!(
        world.events_of("3f2c1ab").await?.len(),
        written,
        "too late to be told"
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

/// What the function cannot deal with, whatever the reason, is tried again and then given up: a queue
/// would hold a token that still decides.
#[tokio::test]
async fn a_reply_that_cannot_be_written_down_is_kept_in_no_queue() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    let approve = world.answer_by_email("3f2c1ab", "approve").await?;
    world
        .fail(&json!([{ "service": "ssm", "operation": "GetParameter", "outcome": "throttled" }]))
        .await?;
    world.reply(&approve.to_string()).await?;
    world.pass(600).await?;
    let letters = world.dead_letters().await?;
    let queues: Vec<_> = letters
        .iter()
        .filter_map(|letter| letter.queue.as_ref())
        .collect();
    assert_eq!(queues, Vec::<&String>::new(), "{letters:?}");
    assert_eq!(
        world.outcome("3f2c1ab").await?,
        None,
        "people are still asked"
    );
    world.heal().await?;
    world.reply(&approve.to_string()).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    Ok(())
}
