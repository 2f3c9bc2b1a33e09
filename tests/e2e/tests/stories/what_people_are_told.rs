//! What people read in Slack and by e-mail when something goes back, when somebody stops what runs,
//! when a hook stays silent, while a version is watched, and of holds and vetoes: each thing once.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Card, Error, Native, World, why};

const GOOD: &str = "3f2c1ab";
const WORSE: &str = "4a5b6c7";

/// How many of these lines say it.
fn saying(lines: &[String], what: &str) -> usize {
    lines.iter().filter(|line| line.contains(what)).count()
}

async fn thread(world: &World, tag: &str) -> Result<Vec<String>, Error> {
    let card = world.card(tag).await?.expect("its card");
    let mut lines = card.replies.clone();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), card.replies.len(), "{:#?}", card.replies);
    Ok(card.replies)
}

async fn deploy(world: &World, tag: &str) -> Result<(), Error> {
    world.push(tag, "healthy").await?;
    world.asks(tag).await?;
    world.click(tag, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(tag).await?, "succeeded");
    world.rest().await
}

/// A world whose pipeline is the example's staging alone, with a canary and other keys.
async fn staging(keys: &Value) -> Result<World, Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    let mut only = pipeline["stages"][1].clone();
    for (key, value) in keys.as_object().into_iter().flatten() {
        only[key] = value.clone();
    }
    only["engine"]["codedeploy"]["configuration"] =
        json!("CodeDeployDefault.ECSCanary10Percent5Minutes");
    pipeline["stages"] = json!([only]);
    world.shop.apply(&world.lab, &pipeline).await?;
    Ok(world)
}

#[tokio::test]
async fn a_rollout_that_is_rolled_back_is_told_once() -> Result<(), Error> {
    let world = World::start().await?;
    deploy(&world, GOOD).await?;
    let before = world
        .carried_out("codedeploy", "CreateDeployment")
        .await?
        .len();
    world.push(WORSE, "healthy").await?;
    world.asks(WORSE).await?;
    world.click(WORSE, "towpath_approve", APPROVER).await?;
    world
        .until("production is being rolled out to", async |world| {
            let created = world.carried_out("codedeploy", "CreateDeployment").await?;
            // One for staging comes first.
            Ok(created.len() >= before + 2)
        })
        .await?;
    let command = [
        "rollback",
        "shop-api",
        "production",
        "--reason",
        "orders get lost",
    ];
    world.ordered(&command).await?;
    assert_eq!(world.ended(WORSE).await?, "rolled_back");
    world.rest().await?;

    let lines = thread(&world, WORSE).await?;
    assert_eq!(saying(&lines, "orders get lost"), 1, "{lines:#?}");
    assert_eq!(saying(&lines, "stopped by a user"), 0, "{lines:#?}");
    assert_eq!(saying(&lines, "*production* is on hold"), 1, "{lines:#?}");
    let mails = world.emails().await?;
    assert_eq!(saying(&mails, "orders get lost"), 1, "{mails:#?}");
    assert_eq!(
        saying(&mails, "towpath release-hold shop-api production"),
        1
    );
    // Nowhere in the ledger did a user stop it either.
    let observed = world.events_named(WORSE, "deployment_observed").await?;
    let said = json!(observed).to_string();
    assert!(!said.contains("stopped by a user"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_failed_check_is_told_once() -> Result<(), Error> {
    let world = staging(&json!({})).await?;
    world.push(WORSE, "unhealthy-green").await?;
    assert_eq!(world.ended(WORSE).await?, "rolled_back");
    world.rest().await?;
    let lines = thread(&world, WORSE).await?;
    assert_eq!(saying(&lines, "answered 500"), 1, "{lines:#?}");
    assert_eq!(saying(&lines, "HOOK_EXECUTION_FAILURE"), 0, "{lines:#?}");
    assert_eq!(saying(&lines, "rolls it back"), 1, "{lines:#?}");
    Ok(())
}

#[tokio::test]
async fn who_stops_it_without_a_rollback_reads_what_happens() -> Result<(), Error> {
    let world = staging(&json!({ "checks": [] })).await?;
    world.push(GOOD, "healthy").await?;
    let canary = async |world: &World| {
        let seen = world.events_named(GOOD, "deployment_observed").await?;
        Ok(json!(seen).to_string().contains("\"traffic\":10"))
    };
    world.until("the canary gets traffic", canary).await?;
    let started = world.events_named(GOOD, "deployment_started").await?;
    let stop = json!({ "deploymentId": started[0]["deployment"], "autoRollbackEnabled": false });
    world.lab.aws("codedeploy", "StopDeployment", &stop).await?;
    assert_eq!(world.ended(GOOD).await?, "rolled_back");
    world.rest().await?;
    let lines = thread(&world, GOOD).await?;
    assert_eq!(saying(&lines, ": AWS rolls it back"), 0, "{lines:#?}");
    assert_eq!(saying(&lines, "stopped by a user"), 1, "{lines:#?}");
    let open = "whether AWS rolls it back is not known yet";
    assert_eq!(saying(&lines, open), 1, "{lines:#?}");
    assert_eq!(saying(&lines, "Towpath rolls it back"), 1, "{lines:#?}");
    assert_eq!(world.running("staging").await?, world.shop.first());
    Ok(())
}

/// The hook function cannot answer: its calls of the ledger end so.
async fn hooks_are_silent(world: &World, outcome: &str) -> Result<(), Error> {
    let fault =
        json!([{ "service": "dynamodb", "caller": "towpath-lifecycle-hook", "outcome": outcome }]);
    world.fail(&fault).await
}

#[tokio::test]
async fn a_silent_hook_of_codedeploys_is_named() -> Result<(), Error> {
    let world = staging(&json!({ "timeout": "10m" })).await?;
    hooks_are_silent(&world, "crash-before").await?;
    world.push(GOOD, "healthy").await?;
    assert_eq!(world.ended(GOOD).await?, "rolled_back");
    let reason = world.reason(GOOD).await?;
    let named = "it did not finish within 10m: the hook towpath-lifecycle-hook never answered at ";
    assert!(reason.contains(named), "{reason}");
    Ok(())
}

#[tokio::test]
async fn a_silent_hook_of_ecss_is_named() -> Result<(), Error> {
    let native = Native::blue_green();
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["timeout"] = json!("10m");
    world.shop.apply(&world.lab, &pipeline).await?;
    hooks_are_silent(&world, "throttled").await?;
    world.push(GOOD, "healthy").await?;
    world
        .until("the rollback has begun", async |world| {
            Ok(!world
                .events_named(GOOD, "rollback_started")
                .await?
                .is_empty())
        })
        .await?;
    let begun = world.events_named(GOOD, "rollback_started").await?;
    let reason = why(&begun[0]);
    assert!(
        reason.contains("the hook towpath-lifecycle-hook never answered at "),
        "{reason}"
    );
    Ok(())
}

#[tokio::test]
async fn a_version_that_bakes_says_so_and_until_when() -> Result<(), Error> {
    let world = staging(&json!({ "bake": "2h", "checks": [] })).await?;
    world.push(GOOD, "healthy").await?;
    world
        .until("it bakes", async |world| {
            let card = world.card(GOOD).await?;
            Ok(card.is_some_and(|card| card.text.contains("serves and bakes until")))
        })
        .await?;
    let card = world.card(GOOD).await?.expect("its card");
    assert!(
        card.text.contains("(watched: that it still serves)"),
        "{}",
        card.text
    );
    assert!(!card.text.contains("succeeded"), "{}", card.text);
    let (_, printed) = world.towpath(&["status"]).await?;
    assert!(
        printed.contains("staging: serves and bakes until 20"),
        "{printed}"
    );
    Ok(())
}

/// Whether the card of a tag offers to roll it back.
async fn offers(world: &World, tag: &str) -> Result<bool, Error> {
    let card = world.card(tag).await?.expect("its card");
    Ok(card
        .buttons
        .iter()
        .any(|button| button == "towpath_roll_back"))
}

/// Lets time pass until the card of a tag says it.
async fn until_card(world: &World, tag: &str, says: &str) -> Result<(), Error> {
    let says = async |world: &World| {
        let card = world.card(tag).await?;
        Ok(card.is_some_and(|card| card.text.contains(says)))
    };
    world.until("its card says so", says).await
}

#[tokio::test]
async fn only_the_card_of_what_serves_says_so_and_offers_to_roll_it_back() -> Result<(), Error> {
    let world = World::start().await?;
    deploy(&world, GOOD).await?;
    assert!(offers(&world, GOOD).await?);
    deploy(&world, WORSE).await?;
    until_card(&world, GOOD, "*production*: 3f2c1ab served until").await?;
    until_card(&world, GOOD, "4a5b6c7 took its place").await?;
    assert!(!offers(&world, GOOD).await? && offers(&world, WORSE).await?);

    let command = [
        "rollback",
        "shop-api",
        "production",
        "--reason",
        "orders get lost",
    ];
    world.ordered(&command).await?;
    until_card(&world, GOOD, "3f2c1ab serves again since").await?;
    until_card(&world, WORSE, "rolled back to 3f2c1ab").await?;
    assert!(!offers(&world, WORSE).await? && offers(&world, GOOD).await?);
    // In the other stages it serves still.
    until_card(&world, WORSE, "*staging*: 4a5b6c7 serves since").await?;
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

/// The messages in the channel, and the e-mails, that say it.
async fn times_notified(world: &World, what: &str) -> Result<(usize, usize), Error> {
    let cards = world.cards().await?;
    let cards = cards.iter().filter(|card: &&Card| card.text.contains(what));
    Ok((cards.count(), saying(&world.emails().await?, what)))
}

#[tokio::test]
async fn holds_and_vetoes_are_told_with_who_and_why_and_the_way_out() -> Result<(), Error> {
    let world = World::start().await?;
    let hold = |verb, why| [verb, "shop-api", "production", "--reason", why];
    world.ordered(&hold("hold", "the sale begins")).await?;
    world.ordered(&hold("hold", "the sale begins")).await?;
    world.rest().await?;
    assert_eq!(times_notified(&world, "the sale begins").await?, (1, 1));
    let lift = "towpath release-hold shop-api production --reason";
    assert_eq!(times_notified(&world, lift).await?, (1, 1));
    world
        .ordered(&hold("release-hold", "the sale is over"))
        .await?;
    world.pass(3_600).await?;
    assert_eq!(times_notified(&world, "the sale is over").await?, (1, 1));
    assert_eq!(times_notified(&world, "lifted the hold").await?, (1, 1));

    deploy(&world, GOOD).await?;
    let release = world.release(GOOD).await?.id;
    world
        .ordered(&["veto", &release, "--reason", "it loses orders"])
        .await?;
    world.rest().await?;
    assert_eq!(times_notified(&world, "it loses orders").await?, (1, 1));
    assert_eq!(
        times_notified(&world, "towpath lift-veto sha256:").await?,
        (1, 1)
    );
    world
        .ordered(&["lift-veto", &release, "--reason", "it was the database"])
        .await?;
    world.rest().await?;
    assert_eq!(times_notified(&world, "it was the database").await?, (1, 1));
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

/// The faults of `advance` at Slack.
async fn at_slack(world: &World, nth: u64, outcome: &str) -> Result<(), Error> {
    let fault = json!([{ "service": "slack", "operation": "chat.postMessage", "nth": nth, "outcome": outcome }]);
    world.fail(&fault).await
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_card() -> Result<(), Error> {
    let world = World::start().await?;
    at_slack(&world, 1, "answer-lost").await?;
    deploy(&world, GOOD).await?;
    assert_eq!(world.cards().await?.len(), 1);
    thread(&world, GOOD).await?;
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_death_between_slack_and_the_ledger_repeats_nothing() -> Result<(), Error> {
    for nth in [1, 2, 3, 5] {
        let world = World::start().await?;
        at_slack(&world, nth, "crash-after").await?;
        deploy(&world, GOOD).await?;
        assert_eq!(world.cards().await?.len(), 1, "at message {nth}");
        let lines = thread(&world, GOOD).await?;
        assert_eq!(saying(&lines, "succeeded"), 0, "{lines:#?}");
        assert!(lines.len() > 3, "{lines:#?}");
    }
    Ok(())
}

/// Without the right to read the channel there is a second card. The ledger does not know the first one,
/// which decides all the same, and asks nobody any more once somebody has clicked on it.
#[tokio::test]
async fn a_click_on_either_of_two_cards_decides() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    let production = pipeline["stages"][2].clone();
    pipeline["stages"] = json!([production]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let faults = json!([
        { "service": "slack", "operation": "chat.postMessage", "nth": 1, "outcome": "answer-lost" },
        { "service": "slack", "operation": "conversations.history", "outcome": "refused" },
    ]);
    world.fail(&faults).await?;
    world.push(GOOD, "healthy").await?;
    let twice = async |world: &World| Ok(world.cards().await?.len() == 2);
    world.until("there are two cards", twice).await?;
    world.rest().await?;
    let asks = |card: &Card| card.buttons.iter().any(|it| it == "towpath_approve");
    assert!(world.cards().await?.iter().all(asks));

    world.click(GOOD, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(GOOD).await?, "succeeded");
    world.rest().await?;
    let cards = world.cards().await?;
    assert!(cards[0].text.contains("posted twice"), "{}", cards[0].text);
    assert_eq!(cards[0].buttons, Vec::<String>::new());
    assert!(cards[1].text.contains("serves"), "{}", cards[1].text);
    Ok(())
}

#[tokio::test]
async fn a_hold_is_told_once_whatever_becomes_of_its_message() -> Result<(), Error> {
    let world = World::start().await?;
    for (outcome, why) in [
        ("answer-lost", "the sale begins"),
        ("crash-after", "the sale goes on"),
        ("crash-before", "the sale is long"),
    ] {
        at_slack(&world, 1, outcome).await?;
        let hold = |verb| [verb, "shop-api", "production", "--reason", why];
        world.ordered(&hold("hold")).await?;
        world.pass(600).await?;
        world.heal().await?;
        let (in_slack, _) = times_notified(&world, why).await?;
        assert_eq!(in_slack, 1, "{outcome}");
        world.ordered(&hold("release-hold")).await?;
        world.pass(60).await?;
        let (in_slack, _) = times_notified(&world, why).await?;
        assert_eq!(in_slack, 2, "{outcome}, and its lifting");
    }
    Ok(())
}
