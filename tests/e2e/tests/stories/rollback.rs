//! Bringing back what ran before, by command and by button, while nothing and while something is
//! being rolled out; and what a stage on hold and a changed one do.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, CHANNEL, Error, OUTSIDER, Shop, World};

const GOOD: &str = "3f2c1ab";
const WORSE: &str = "4a5b6c7";
const NEXT: &str = "5b6c7d8";
const ROLL_BACK: &str = "towpath_roll_back";
const PRODUCTION: [&str; 2] = ["shop-api", "production"];

/// Brings an image into production, and returns its digest.
pub(crate) async fn deploy(world: &World, tag: &str) -> Result<String, Error> {
    let digest = world.push(tag, "healthy").await?;
    world.asks(tag).await?;
    world.click(tag, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(tag).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    Ok(digest)
}

/// Brings a good image into production, and a worse one after it.
async fn good_then_worse(world: &World) -> Result<(String, String), Error> {
    let good = deploy(world, GOOD).await?;
    let worse = deploy(world, WORSE).await?;
    Ok((good, worse))
}

async fn serves(world: &World, digest: &str) -> Result<(), Error> {
    world
        .until("production runs it", async |world| {
            Ok(world.running("production").await? == [digest])
        })
        .await
}

/// How the release of an id has ended, once it has.
async fn end_of(world: &World, id: &str) -> Result<String, Error> {
    let outcome = async |world: &World| {
        let mut releases = world.releases().await?.into_iter();
        Ok::<_, Error>(
            releases
                .find(|one| one.id == id)
                .and_then(|one| one.outcome),
        )
    };
    world
        .until(&format!("{id} ends"), async |world| {
            Ok(outcome(world).await?.is_some())
        })
        .await?;
    Ok(outcome(world).await?.unwrap_or_default())
}

/// A rollback to what ran before the first release takes that release away: nothing that is said of
/// the rollback may name it as what serves, and its image is not the rollback's.
async fn nobody_is_told_that_it_serves(
    world: &World,
    first: &str,
    rollback: &str,
) -> Result<(), Error> {
    let mut said = world.emails().await?;
    said.retain(|mail| mail.contains(rollback));
    assert!(!said.is_empty(), "a mail");
    let cards = world.cards().await?.into_iter();
    let cards: Vec<_> = cards.filter(|card| card.text.contains(rollback)).collect();
    assert_eq!(cards.len(), 1, "one card: {cards:#?}");
    assert!(!cards[0].text.contains("sha256:"), "{}", cards[0].text);
    for card in cards {
        assert!(
            card.replies
                .iter()
                .any(|line| line.contains("shop-api-production:1 serves")),
            "{:#?}",
            card.replies
        );
        said.push(card.text);
        said.extend(card.replies);
    }
    let (_, history) = world.towpath(&["history", rollback]).await?;
    let second = history.lines().nth(1).unwrap_or_default();
    assert!(!second.starts_with("sha256:"), "{history}");
    said.push(history);
    for text in said {
        assert!(!text.contains(&format!("{first} serves")), "{text}");
        assert!(!text.contains(&format!("shop-api {first}")), "{text}");
    }
    let (_, listed) = world
        .towpath(&["history", "shop-api", "--output", "json"])
        .await?;
    let listed: Value =
        serde_json::from_str(&listed).map_err(|error| Error::Story(error.to_string()))?;
    let line = listed["releases"]
        .as_array()
        .and_then(|lines| lines.iter().find(|line| line["release"] == rollback))
        .expect("it is listed");
    assert_eq!(line["back_to"], "shop-api-production:1");
    assert!(line["tag"].is_null() && line["digest"].is_null(), "{line}");
    Ok(())
}

/// Why production is on hold, as `towpath status` shows it.
async fn hold(world: &World) -> Result<Option<String>, Error> {
    let (_, printed) = world
        .towpath(&["status", "shop-api", "--output", "json"])
        .await?;
    let status: Value = serde_json::from_str(&printed).unwrap_or_default();
    let stages = status.pointer("/pipelines/0/stages").cloned();
    let stages = stages.unwrap_or_default();
    let stage = stages
        .as_array()
        .and_then(|stages| stages.iter().find(|stage| stage["stage"] == "production"));
    Ok(stage.and_then(|stage| stage["hold"].as_str().map(str::to_owned)))
}

/// Lets time pass until the release of a tag waits behind a hold.
pub(crate) async fn waits_behind_a_hold(world: &World, tag: &str) -> Result<Value, Error> {
    let blocked = async |world: &World| {
        let blocked = world.events_named(tag, "blocked").await?.pop();
        Ok::<_, Error>(blocked.filter(|event| event["by"]["by"] == "hold"))
    };
    world
        .until(&format!("{tag} waits behind a hold"), async |world| {
            Ok(blocked(world).await?.is_some())
        })
        .await?;
    Ok(blocked(world).await?.unwrap_or_default())
}

/// What a person was told last, by a message that only they see.
async fn replies_to(world: &World, user: &str) -> Result<String, Error> {
    let whispers = world.whispers().await?;
    let to_them = whispers.into_iter().rev().find(|(to, _)| to == user);
    Ok(to_them.map(|(_, text)| text).unwrap_or_default())
}

async fn rollbacks(world: &World) -> Result<usize, Error> {
    let cards = world.cards().await?;
    let back = |text: &str| text.contains("shop-api: production back to");
    Ok(cards.iter().filter(|card| back(&card.text)).count())
}

#[tokio::test]
async fn a_command_brings_back_what_ran_before_and_the_next_push_waits() -> Result<(), Error> {
    let world = World::start().await?;
    let (good, _) = good_then_worse(&world).await?;
    // The old tasks are gone, so that a deployment of its own has to bring them back.
    world.pass(600).await?;
    let command = [
        &["rollback"],
        &PRODUCTION[..],
        &["--reason", "orders get lost"],
    ]
    .concat();
    let asked = world.ordered(&command).await?;
    assert_eq!(
        (&asked["new"], &asked["to"]["tag"]),
        (&json!(true), &json!(GOOD))
    );
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    let again = world.ordered(&command).await?;
    assert_eq!(again["rollback"], asked["rollback"], "{again}");
    assert_eq!(again["new"], false, "asking twice is one rollback");

    serves(&world, &good).await?;
    assert_eq!(end_of(&world, &rollback).await?, "succeeded");
    let created = world.carried_out("codedeploy", "CreateDeployment").await?;
    let back = created
        .iter()
        .find(|call| call.to_string().contains(&rollback));
    let at_once = "CodeDeployDefault.ECSAllAtOnce";
    assert!(
        back.is_some_and(|call| call["parameters"]["deploymentConfigName"] == at_once),
        "all traffic at once: {created:#?}"
    );
    let why = hold(&world).await?.unwrap_or_default();
    assert!(why.contains("orders get lost"), "{why}");
    let (code, printed) = world.towpath(&["status"]).await?;
    assert_eq!(code, 1, "{printed}");

    let next = world.push(NEXT, "healthy").await?;
    waits_behind_a_hold(&world, NEXT).await?;
    world.pass(3_600).await?;
    assert_eq!(world.running("production").await?, [good.as_str()]);
    let card = world.card(NEXT).await?.expect("its card");
    let said = card.replies.join("\n");
    assert!(
        said.contains("on hold: ") && said.contains("orders get lost"),
        "{said}"
    );

    let lift = [
        &["release-hold"],
        &PRODUCTION[..],
        &["--reason", "5b6c7d8 mends it"],
    ]
    .concat();
    let lifted = world.ordered(&lift).await?;
    let waiting = world.release(NEXT).await?.id;
    assert_eq!(
        (&lifted["changed"], &lifted["woken"]),
        (&json!(true), &json!(waiting))
    );
    // Nobody was asked about what could not begin.
    world.asks(NEXT).await?;
    world.click(NEXT, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    assert_eq!(world.running("production").await?, [next.as_str()]);

    let (code, printed) = world.towpath(&["audit", "shop-api/production"]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("lifted the hold: 5b6c7d8 mends it"),
        "{printed}"
    );
    Ok(())
}

#[tokio::test]
async fn an_approver_rolls_back_by_a_button_and_a_stranger_does_not() -> Result<(), Error> {
    let world = World::start().await?;
    let (good, worse) = good_then_worse(&world).await?;
    // Cards that were posted twice: who clicks on one takes its buttons away.
    let mut copies = Vec::new();
    for _ in 0..3 {
        copies.push(json!({ "ts": world.post_as_bot(CHANNEL, WORSE).await? }));
    }
    world
        .click_with(WORSE, ROLL_BACK, OUTSIDER, &json!({}))
        .await?;
    world.pass(600).await?;
    let said = replies_to(&world, OUTSIDER).await?;
    assert!(said.contains("may not roll production back"), "{said}");
    assert_eq!(world.running("production").await?, [worse.as_str()]);
    assert_eq!(rollbacks(&world).await?, 0);

    let (first, second) = tokio::join!(
        world.click_with(WORSE, ROLL_BACK, APPROVER, &copies[0]),
        world.click_with(WORSE, ROLL_BACK, APPROVER, &copies[1])
    );
    assert_eq!((first?, second?), (200, 200));
    serves(&world, &good).await?;
    world.pass(600).await?;
    assert_eq!(rollbacks(&world).await?, 1, "two clicks are one rollback");
    let why = hold(&world).await?.unwrap_or_default();
    assert!(why.contains(APPROVER), "{why}");

    // What does not serve any more is not rolled back once more.
    world
        .click_with(WORSE, ROLL_BACK, APPROVER, &copies[2])
        .await?;
    world.rest().await?;
    let said = replies_to(&world, APPROVER).await?;
    assert!(said.contains("serves in production now"), "{said}");
    assert_eq!(rollbacks(&world).await?, 1);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_is_being_rolled_out_is_rolled_back() -> Result<(), Error> {
    let world = World::start().await?;
    let good = deploy(&world, GOOD).await?;
    let before = world.calls("codedeploy", "CreateDeployment").await?.len();
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
        &["rollback"],
        &PRODUCTION[..],
        &["--reason", "it is the wrong one"],
    ]
    .concat();
    let asked = world.ordered(&command).await?;
    let release = world.release(WORSE).await?.id;
    assert_eq!(
        (&asked["rolled_back"], &asked["rollback"]),
        (&json!(release), &json!(null))
    );
    assert_eq!(world.ended(WORSE).await?, "rolled_back");
    let reason = world.reason(WORSE).await?;
    assert!(reason.contains("it is the wrong one"), "{reason}");
    serves(&world, &good).await?;
    let why = hold(&world).await?.unwrap_or_default();
    assert!(why.contains("it is the wrong one"), "{why}");
    Ok(())
}

#[tokio::test]
async fn tasks_that_are_still_kept_take_the_traffic_back_at_once() -> Result<(), Error> {
    let world = World::start().await?;
    let keep = json!({
        "applicationName": "shop-api", "currentDeploymentGroupName": "production",
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": { "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0 },
            "terminateBlueInstancesOnDeploymentSuccess": { "action": "TERMINATE", "terminationWaitTimeInMinutes": 60 },
        },
    });
    world
        .lab
        .aws("codedeploy", "UpdateDeploymentGroup", &keep)
        .await?;
    let (good, worse) = good_then_worse(&world).await?;
    world.pass(300).await?;
    assert_eq!(world.running("production").await?, [worse.as_str()]);
    let created = world.carried_out("codedeploy", "CreateDeployment").await?;

    let asked = world
        .ordered(&[&["rollback"], &PRODUCTION[..]].concat())
        .await?;
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(end_of(&world, &rollback).await?, "succeeded");
    serves(&world, &good).await?;
    let stopped = world.carried_out("codedeploy", "StopDeployment").await?;
    assert_eq!(stopped.len(), 1, "{stopped:#?}");
    assert_eq!(
        world.carried_out("codedeploy", "CreateDeployment").await?,
        created,
        "the group had no room for another deployment, and none was needed"
    );
    Ok(())
}

/// Has the deployment group of production deploy to the service in that cluster.
async fn target(world: &World, cluster: &str) -> Result<(), Error> {
    let group = json!({
        "applicationName": "shop-api", "currentDeploymentGroupName": "production",
        "ecsServices": [{ "clusterName": cluster, "serviceName": "shop-api" }],
    });
    world
        .lab
        .aws("codedeploy", "UpdateDeploymentGroup", &group)
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_rollback_that_could_not_begin_is_asked_for_again_and_changes_nothing_else()
-> Result<(), Error> {
    let world = World::start().await?;
    let (good, _) = good_then_worse(&world).await?;
    target(&world, "staging").await?;
    let command = [&["rollback"], &PRODUCTION[..]].concat();
    let asked = world.ordered(&command).await?;
    let first = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(end_of(&world, &first).await?, "failed");

    target(&world, "production").await?;
    let registered = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    let asked = world.ordered(&command).await?;
    let second = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(asked["new"], true);
    assert_ne!(second, first);
    assert_eq!(end_of(&world, &second).await?, "succeeded");
    serves(&world, &good).await?;
    assert_eq!(
        world.calls("ecs", "RegisterTaskDefinition").await?.len(),
        registered,
        "the very revision that was good comes back"
    );
    Ok(())
}

#[tokio::test]
async fn a_rollback_that_waits_is_woken_when_the_service_is_free() -> Result<(), Error> {
    let world = World::start().await?;
    let (good, _) = good_then_worse(&world).await?;
    let before = world.calls("codedeploy", "CreateDeployment").await?.len();
    world.push(NEXT, "healthy").await?;
    world.asks(NEXT).await?;
    world.click(NEXT, "towpath_approve", APPROVER).await?;
    world
        .until("production is being rolled out to", async |world| {
            let created = world.carried_out("codedeploy", "CreateDeployment").await?;
            Ok(created.len() >= before + 2)
        })
        .await?;
    let to = world.release(GOOD).await?.id;
    let asked = world
        .ordered(&[&["rollback"], &PRODUCTION[..], &["--to", &to]].concat())
        .await?;
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(end_of(&world, &rollback).await?, "succeeded");
    serves(&world, &good).await?;
    let woke = world.events_named(NEXT, "next_notified").await?;
    assert!(
        woke.iter().any(|it| it["next"] == rollback.as_str()),
        "{woke:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn neither_a_hold_nor_a_veto_nor_an_approval_keeps_an_older_release() -> Result<(), Error> {
    let world = World::start().await?;
    let (good, _) = good_then_worse(&world).await?;
    deploy(&world, NEXT).await?;
    let release = world.release(GOOD).await?.id;
    let why = ["--reason", "the sale begins"];
    world
        .ordered(&[&["hold"], &PRODUCTION[..], &why].concat())
        .await?;
    world
        .ordered(&["veto", &release, "--reason", "an old one"])
        .await?;
    // Nor does a registry that answers nobody.
    let silent = json!([{ "service": "ecr", "caller": "towpath-advance", "outcome": "throttled" }]);
    world.fail(&silent).await?;

    let asked = world
        .ordered(&[&["rollback"], &PRODUCTION[..], &["--to", &release]].concat())
        .await?;
    assert_eq!(asked["to"]["release"], release.as_str());
    let vetoed = asked["to"]["vetoed"].as_str().unwrap_or_default();
    assert!(vetoed.ends_with("vetoed the image: an old one"), "{asked}");
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(end_of(&world, &rollback).await?, "succeeded");
    serves(&world, &good).await?;

    // One further back is what ran before the first release.
    let asked = world
        .ordered(&[&["rollback"], &PRODUCTION[..]].concat())
        .await?;
    assert_eq!(asked["to"]["before_release"], true, "{asked}");
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    assert_eq!(end_of(&world, &rollback).await?, "succeeded");
    assert_eq!(world.running("production").await?, world.shop.first());
    nobody_is_told_that_it_serves(&world, GOOD, &rollback).await?;

    // Nothing is left before it, and the way out is said.
    let (code, printed) = world
        .towpath(&[&["rollback"], &PRODUCTION[..]].concat())
        .await?;
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("name one with --to"), "{printed}");
    Ok(())
}

#[tokio::test]
async fn a_service_that_was_changed_by_hand_is_held_until_that_is_accepted() -> Result<(), Error> {
    let world = World::start().await?;
    deploy(&world, GOOD).await?;
    let edited = world
        .register_edited("shop-api-test", |edited| edited["memory"] = json!("1024"))
        .await?;
    let by_hand = json!({ "cluster": "test", "service": Shop::NAME,
        "taskDefinition": edited });
    world.lab.aws("ecs", "UpdateService", &by_hand).await?;
    world.pass(600).await?;
    let (code, told) = world.towpath(&["status"]).await?;
    assert_eq!(code, 1, "{told}");
    for said in [
        "Towpath does not know since when",
        "somebody else has changed it",
        "the next release does not overwrite it",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }

    world.push(NEXT, "healthy").await?;
    let blocked = waits_behind_a_hold(&world, NEXT).await?;
    assert_eq!(blocked["stage"], "test");
    assert_eq!(blocked["by"]["hold"]["is"], "manual_change", "{blocked}");
    let card = world.card(NEXT).await?.expect("its card");
    let said = card.replies.join("\n");
    for part in [
        "did not deploy",
        "memory",
        "`towpath release-hold shop-api test --reason …` lifts it",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    world
        .ordered(&[
            "release-hold",
            "shop-api",
            "test",
            "--reason",
            "it needs the memory",
        ])
        .await?;
    world.asks(NEXT).await?;
    Ok(())
}
