//! What the main road costs and leaves behind: how many calls, which rights were used, and that no
//! secret is anywhere.

use serde_json::json;
use towpath_e2e::rights::{self, BY_HOOK, LOST, Unused, unused_by_deployer};
use towpath_e2e::{APPROVER, Error, OUTSIDER, TOOLS, World};

const TAG: &str = "3f2c1ab";

/// What the functions may do and did not on the main road, beside what `advance` did not.
const UNUSED: [Unused; 9] = [
    (
        "advance",
        "ssm:GetParameter",
        "templates of task definitions, and keys of seals that were changed",
    ),
    ("advance", "sts:AssumeRole", "stages in other accounts"),
    ("advance", "dynamodb:GetItem", LOST),
    ("approval", "dynamodb:GetItem", LOST),
    ("deployment-event", "dynamodb:GetItem", LOST),
    ("image-push", "dynamodb:GetItem", LOST),
    ("sweeper", "dynamodb:GetItem", LOST),
    (
        "sweeper",
        "dynamodb:PutItem",
        "pushes whose event never came",
    ),
    (
        "sweeper",
        "ssm:GetParameter",
        "sealing what such pushes open",
    ),
];

#[tokio::test]
async fn it_is_frugal_keeps_its_secrets_and_has_no_right_too_many() -> Result<(), Error> {
    let world = World::start().await?;
    world.rest().await?;
    let since = world.lab.get("journal").await?["last"].clone();
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", OUTSIDER).await?;
    let forged = json!({ "signature": "not-the-signing-secret" });
    world
        .click_with(TAG, "towpath_approve", APPROVER, &forged)
        .await?;
    world.reply("not a decision").await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    world.pass(1_000).await?;

    calls_are_few(&world, &since.to_string()).await?;
    world.push("latest", "healthy").await?;
    world.rest().await?;
    secrets_are_kept(&world).await?;
    rights::are_needed(
        &world,
        TOOLS.account,
        unused_by_deployer("advance").chain(BY_HOOK).chain(UNUSED),
    )
    .await
}

/// Calls of AWS from when a stage's turn comes until its deployment has started, without the
/// ledger's own.
async fn calls_are_few(world: &World, since: &str) -> Result<(), Error> {
    let journal = world.lab.get(&format!("journal?since={since}")).await?;
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let mut stages: Vec<Vec<String>> = vec![Vec::new()];
    for entry in &entries {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let (caller, service, operation) = (text("caller"), text("service"), text("operation"));
        if !["towpath-image-push", "towpath-advance"].contains(&caller)
            || ["dynamodb", "slack"].contains(&service)
        {
            continue;
        }
        let stage = stages.last_mut().expect("one at least");
        if operation == "Publish" {
            // People were asked. What is deployed is read anew when they have agreed, so the way
            // to the start begins again with their decision.
            stage.clear();
            continue;
        }
        stage.push(format!("{service}:{operation}"));
        if ["UpdateService", "CreateDeployment"].contains(&operation) {
            stages.push(Vec::new());
        }
    }
    assert_eq!(stages.len(), 4, "{stages:#?}");
    for (stage, most) in stages.iter().zip([8, 8, 11]) {
        // A stage's turn begins with reading its service and, where auto scaling is suspended, its
        // scalable target, side by side: either may come first. Both are read again just before
        // scaling is suspended: that would wake a service that was stopped meanwhile. What comes
        // before the turn is the push, and watching the stage before it.
        let (service, scaling) = (
            "ecs:DescribeServices",
            "application-autoscaling:DescribeScalableTargets",
        );
        let position = |of: &str| stage.iter().position(|call| call == of);
        let turn = match position(scaling) {
            Some(at) if stage.get(at + 1).is_some_and(|call| call == service) => at,
            Some(at) => at.saturating_sub(1),
            None => position(service).expect("the service is read"),
        };
        let calls = &stage[turn..];
        assert!(calls.len() <= most, "{} calls: {stage:#?}", calls.len());
    }
    Ok(())
}

async fn secrets_are_kept(world: &World) -> Result<(), Error> {
    let scan = json!({ "TableName": "towpath-ledger" });
    let ledger = world.lab.aws("dynamodb", "Scan", &scan).await?;
    let slack = world.lab.get("slack/messages").await?;
    let sns = world.lab.get("sns/messages").await?;
    let letters = world.lab.get("dead-letters").await?;
    let places = [
        ("the functions' logs", world.function_logs()?),
        ("the ledger", ledger.to_string()),
        ("Slack", slack.to_string()),
        ("SNS", sns.to_string()),
        ("dead letters", letters.to_string()),
    ];
    for name in [
        "slack/bot-token",
        "slack/signing-secret",
        "link-key",
        "seals/advance",
        "seals/approval",
        "seals/deployment-event",
        "seals/image-push",
    ] {
        let secret = world.secret(name).await?;
        assert!(secret.len() >= 16, "{name} is a secret");
        for (place, text) in &places {
            assert!(!text.is_empty());
            assert!(!text.contains(&secret), "{name} is in {place}");
        }
    }
    let token = world.answer_by_email(TAG, "approve").await?;
    let token = token["approval"].as_str().unwrap_or_default();
    for (place, text) in places.iter().filter(|(place, _)| *place != "SNS") {
        assert!(!text.contains(token), "the e-mailed token is in {place}");
    }
    Ok(())
}
