//! Pipelines in which releases wait for each other instead of taking each other's place.

use serde_json::json;
use towpath_e2e::{APPROVER, Error, World, why};

const FIRST: &str = "3f2c1ab";
const SECOND: &str = "4a5b6c7";
const AGAIN: &str = "5b6c7d8";

/// A lab whose pipeline has that policy for arrivals, with two releases that ask for production, and
/// the digests of their images.
async fn two_that_ask(policy: &str) -> Result<(World, String, String), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["arrivals"] = json!(policy);
    world.shop.apply(&world.lab, &pipeline).await?;
    let first = world.push(FIRST, "healthy").await?;
    world.asks(FIRST).await?;
    world.pass(1).await?;
    let second = world.push(SECOND, "healthy").await?;
    world.asks(SECOND).await?;
    assert_eq!(world.outcome(FIRST).await?, None, "it keeps its place");
    Ok((world, first, second))
}

/// The second one is approved, and waits for the first one all the same.
async fn approve_the_second(world: &World) -> Result<(), Error> {
    world.click(SECOND, "towpath_approve", APPROVER).await?;
    let waits = async |world: &World| {
        let blocked = world.events_named(SECOND, "blocked").await?;
        let older = world.release(FIRST).await?.id;
        Ok::<_, Error>(
            blocked
                .iter()
                .any(|it| it["stage"] == "production" && it["by"]["release"] == older.as_str()),
        )
    };
    world
        .until("the second one waits for the first", waits)
        .await?;
    assert_eq!(world.running("production").await?, world.shop.first());
    Ok(())
}

#[tokio::test]
async fn releases_in_a_queue_go_one_after_the_other() -> Result<(), Error> {
    let (world, first, second) = two_that_ask("queue").await?;
    approve_the_second(&world).await?;

    world.click(FIRST, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(FIRST).await?, "succeeded");
    assert_eq!(world.running("production").await?, [first.as_str()]);
    // Nobody is asked a second time.
    assert_eq!(world.ended(SECOND).await?, "succeeded");
    assert_eq!(world.running("production").await?, [second.as_str()]);
    let woke = world.events_named(FIRST, "next_notified").await?;
    let next = world.release(SECOND).await?.id;
    assert_eq!(
        woke.last().map(|event| &event["next"]),
        Some(&json!(next)),
        "whoever lets the service go wakes the next"
    );
    Ok(())
}

#[tokio::test]
async fn whoever_is_refused_holds_up_nobody_behind_it() -> Result<(), Error> {
    let (world, _, second) = two_that_ask("queue").await?;
    approve_the_second(&world).await?;
    world.click(FIRST, "towpath_reject", APPROVER).await?;
    assert_eq!(world.ended(FIRST).await?, "refused");
    assert_eq!(world.ended(SECOND).await?, "succeeded");
    assert_eq!(world.running("production").await?, [second.as_str()]);
    Ok(())
}

#[tokio::test]
async fn an_approval_is_asked_for_again_when_something_else_was_rolled_out() -> Result<(), Error> {
    let (world, first, second) = two_that_ask("require_reapproval").await?;
    approve_the_second(&world).await?;
    world.click(FIRST, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(FIRST).await?, "succeeded");

    let asked_twice = async |world: &World| {
        let asked = world.events_named(SECOND, "approval_requested").await?;
        Ok(asked.len() == 2)
    };
    world.until("people are asked again", asked_twice).await?;
    let voided = world.events_named(SECOND, "approval_voided").await?;
    let why = why(&voided[0]);
    assert!(why.contains("another release was rolled out"), "{why}");
    assert_eq!(world.running("production").await?, [first.as_str()]);

    world.asks(SECOND).await?;
    world.click(SECOND, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(SECOND).await?, "succeeded");
    assert_eq!(world.running("production").await?, [second.as_str()]);
    Ok(())
}

#[tokio::test]
async fn an_image_that_gets_a_second_tag_has_its_turn_again() -> Result<(), Error> {
    let (world, first, second) = two_that_ask("queue").await?;
    world.click(FIRST, "towpath_approve", APPROVER).await?;
    world.click(SECOND, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(SECOND).await?, "succeeded");
    assert_eq!(world.running("production").await?, [second.as_str()]);

    assert_eq!(world.retag(FIRST, AGAIN).await?, first);
    world.asks(AGAIN).await?;
    world.click(AGAIN, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(AGAIN).await?, "succeeded");
    assert_eq!(world.running("production").await?, [first.as_str()]);
    Ok(())
}
