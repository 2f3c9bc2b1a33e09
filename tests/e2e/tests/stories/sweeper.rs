//! What gets lost is found: pushes and reports whose events never come, and people who could not be
//! told.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";

#[tokio::test]
async fn a_push_whose_event_never_came_is_found_and_deployed() -> Result<(), Error> {
    let world = World::start().await?;
    let lost = json!({ "suppress_event": true });
    let digest = world.push_with(TAG, &lost).await?;
    world.rest().await?;
    assert_eq!(world.releases().await?, []);

    world.asks(TAG).await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    world.pass(1_800).await?;
    assert_eq!(world.releases().await?.len(), 1, "found once");
    Ok(())
}

#[tokio::test]
async fn deployments_whose_events_never_came_are_followed_by_asking() -> Result<(), Error> {
    let world = World::start().await?;
    let deaf = json!([{ "caller": "towpath-deployment-event", "outcome": "failed-before" }]);
    world.fail(&deaf).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let reported = world.events_named(TAG, "deployment_reported").await?;
    assert_eq!(reported, Vec::<Value>::new(), "nothing was ever reported");
    assert_eq!(
        world.suspended("production").await?["ScheduledScalingSuspended"],
        false
    );
    Ok(())
}

#[tokio::test]
async fn slack_that_is_down_holds_nothing_up_and_people_are_told_afterwards() -> Result<(), Error> {
    let world = World::start().await?;
    let down = json!([{ "service": "slack", "outcome": "failed-before" }]);
    world.fail(&down).await?;
    let digest = world.push(TAG, "healthy").await?;
    world
        .until("the request is out by e-mail", async |world| {
            Ok(world.answer_by_email(TAG, "approve").await.is_ok())
        })
        .await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    let approve = world.answer_by_email(TAG, "approve").await?;
    world.reply(&approve.to_string()).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert!(world.card(TAG).await?.is_none(), "nobody could be told");

    world.heal().await?;
    world
        .until("the story is told in Slack", async |world| {
            let card = world.card(TAG).await?;
            Ok(card.is_some_and(|card| !card.replies.is_empty()))
        })
        .await?;
    let cards = world.cards().await?;
    assert_eq!(cards.len(), 1, "{cards:?}");
    assert_eq!(cards[0].buttons, ["towpath_roll_back"], "{:?}", cards[0]);
    let told = cards[0].replies.join("\n");
    assert!(told.contains("*production*"), "{told}");
    let emails = world.emails().await?;
    assert_eq!(emails.len(), 2, "each e-mail once: {emails:?}");
    Ok(())
}

#[tokio::test]
async fn a_run_that_dies_is_nobodys_business() -> Result<(), Error> {
    let world = World::start().await?;
    let deadly = json!([{ "service": "dynamodb", "operation": "Query",
        "caller": "towpath-sweeper", "first": 3, "outcome": "crash-before" }]);
    world.fail(&deadly).await?;
    let lost = json!({ "suppress_event": true });
    let digest = world.push_with(TAG, &lost).await?;
    world.asks(TAG).await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    let looks = world.calls("dynamodb", "Query").await?;
    let died = looks.iter().filter(|call| call["fault"] == "crash-before");
    assert_eq!(died.count(), 3);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn the_oldest_open_release_is_measured() -> Result<(), Error> {
    let world = World::start().await?;
    world.pass(120).await?;
    assert_eq!(measured(&world)?, (0, 0), "nothing is open");

    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.pass(7_200).await?;
    assert_eq!(measured(&world)?, (1, 0), "people may take their time");

    let deaf = json!([
        { "service": "lambda", "operation": "Invoke", "caller": "stream", "outcome": "failed-before" }
    ]);
    world.fail(&deaf).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.pass(7_200).await?;
    let (open, age) = measured(&world)?;
    assert_eq!(open, 1);
    assert!((7_000..=7_200).contains(&age), "{age} s since the vote");

    world.heal().await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    world.pass(180).await?;
    assert_eq!(measured(&world)?, (0, 0));
    Ok(())
}

/// What the sweeper's log says last: how many releases are open, and how old the oldest is.
fn measured(world: &World) -> Result<(u64, u64), Error> {
    let log = world.lab.logs().join("towpath-sweeper.log");
    let log = std::fs::read_to_string(log).map_err(|error| Error::Story(error.to_string()))?;
    let lines = log.lines().rev();
    let mut metrics = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        line.get("_aws")?;
        Some((line["open"].as_u64()?, line["OldestOpenRelease"].as_u64()?))
    });
    metrics
        .next()
        .ok_or_else(|| Error::Story("the sweeper measured nothing".into()))
}
