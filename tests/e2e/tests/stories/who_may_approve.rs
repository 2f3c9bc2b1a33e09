//! Who may approve, and what becomes of everybody else's clicks.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, CHANNEL, Error, OUTSIDER, World};

const APPROVE: &str = "towpath_approve";
const REJECT: &str = "towpath_reject";
const TAG: &str = "3f2c1ab";

/// Clicks Approve in a way that must change nothing, and returns the HTTP status.
async fn in_vain(world: &World, user: &str, changes: Value) -> Result<u64, Error> {
    let written = world.events_of(TAG).await?.len();
    let status = world.click_with(TAG, APPROVE, user, &changes).await?;
    world.rest().await?;
    assert_eq!(
        world.events_of(TAG).await?.len(),
        written,
        "{user} {changes} changed nothing"
    );
    Ok(status)
}

/// What a person was told last, by a message that only they see.
async fn replies_to(world: &World, user: &str) -> Result<String, Error> {
    let whispers = world.whispers().await?;
    let to_them = whispers.into_iter().rev().find(|(to, _)| to == user);
    Ok(to_them.map(|(_, text)| text).unwrap_or_default())
}

#[tokio::test]
async fn only_the_named_people_decide_and_each_once() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;

    assert_eq!(in_vain(&world, OUTSIDER, json!({})).await?, 200);
    let said = replies_to(&world, OUTSIDER).await?;
    assert!(said.contains("does not name them as an approver"), "{said}");

    let forged = json!({ "signature": "not-the-signing-secret" });
    assert_eq!(in_vain(&world, APPROVER, forged).await?, 401);
    let old = json!({ "timestamp_offset_seconds": -301 });
    assert_eq!(in_vain(&world, APPROVER, old).await?, 401);
    let ahead = json!({ "timestamp_offset_seconds": 301 });
    assert_eq!(in_vain(&world, APPROVER, ahead).await?, 401);
    let team = json!({ "team": "T0ELSEWHERE" });
    assert_eq!(in_vain(&world, APPROVER, team).await?, 403);
    let app = json!({ "app": "A0ELSEWHERE" });
    assert_eq!(in_vain(&world, APPROVER, app).await?, 403);
    assert_eq!(
        replies_to(&world, APPROVER).await?,
        "",
        "nobody is told of forgeries"
    );

    // The approver's id, from the other side of a shared channel.
    let stranger = json!({ "id": APPROVER, "team_id": "T0OTHERCORP", "is_stranger": true });
    world.lab.post("slack/users", &stranger).await?;
    assert_eq!(in_vain(&world, APPROVER, json!({})).await?, 200);
    let said = replies_to(&world, APPROVER).await?;
    assert!(said.contains("only members of this workspace"), "{said}");
    let member = json!({ "id": APPROVER, "team_id": "T0LAB0000" });
    world.lab.post("slack/users", &member).await?;

    // The same button in another channel.
    let copy = world.post_as_bot("C0ELSEWHERE", TAG).await?;
    let elsewhere = json!({ "channel": "C0ELSEWHERE", "ts": copy });
    assert_eq!(in_vain(&world, APPROVER, elsewhere).await?, 200);
    let said = replies_to(&world, APPROVER).await?;
    assert!(said.contains("this is not the release's card"), "{said}");

    // Two clicks at once are one vote, also where the card was posted twice. A card that is clicked on
    // and is not the release's has no buttons from then on.
    let mut copies = Vec::new();
    for _ in 0..3 {
        copies.push(json!({ "ts": world.post_as_bot(CHANNEL, TAG).await? }));
    }
    let (first, second) = tokio::join!(
        world.click_with(TAG, APPROVE, APPROVER, &copies[0]),
        world.click_with(TAG, APPROVE, APPROVER, &copies[1])
    );
    assert_eq!((first?, second?), (200, 200));
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.events_named(TAG, "voted").await?.len(), 1);

    // A click that comes after the decision.
    let late = in_vain(&world, OUTSIDER, copies[2].clone()).await?;
    assert_eq!(late, 200);
    let said = replies_to(&world, OUTSIDER).await?;
    assert!(said.contains("the release has ended (succeeded)"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_rejection_ends_the_release_and_its_buttons() -> Result<(), Error> {
    let world = World::start().await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let status = world.click_with(TAG, REJECT, APPROVER, &json!({})).await?;
    assert_eq!(status, 200);

    assert_eq!(world.ended(TAG).await?, "refused");
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains(&format!("Slack user {APPROVER} rejected it")),
        "{reason}"
    );
    let card = world.card(TAG).await?.expect("its card");
    assert!(card.buttons.is_empty(), "{card:?}");
    assert_eq!(world.running("production").await?, world.shop.first());
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?.len(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_nobody_answers_expires() -> Result<(), Error> {
    let world = World::start().await?;
    // Six hours instead of a day: the sweeper runs each minute, and the story is the same.
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][2]["approval"]["expires"] = json!("6h");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let stale = world.post_as_bot(CHANNEL, TAG).await?;
    world.pass(6 * 3_600 - 60).await?;
    assert_eq!(world.outcome(TAG).await?, None, "there is a minute left");
    world.pass(180).await?;

    assert_eq!(world.outcome(TAG).await?.as_deref(), Some("expired"));
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains("nobody decided about production"),
        "{reason}"
    );
    assert_eq!(
        in_vain(&world, APPROVER, json!({ "ts": stale })).await?,
        200
    );
    let said = replies_to(&world, APPROVER).await?;
    assert!(said.contains("the release has ended (expired)"), "{said}");
    assert_eq!(world.running("production").await?, world.shop.first());
    Ok(())
}
