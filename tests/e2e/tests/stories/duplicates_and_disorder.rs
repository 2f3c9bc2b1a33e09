//! Events come twice, late, out of order and for others; input is malformed. Nothing happens twice,
//! and what is bad is set aside with its reason while everything beside it goes on.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";

fn ecs_reports(state: &str, deployment: &str) -> Value {
    json!({ "source": "aws.ecs", "detail-type": "ECS Deployment State Change",
        "resources": ["arn:aws:ecs:eu-central-1:111111111111:service/test/shop-api"],
        "detail": { "eventType": "INFO", "eventName": state, "deploymentId": deployment,
            "updatedAt": "2026-11-23T12:00:00Z", "reason": "as reported" } })
}

fn codedeploy_reports(state: &str, deployment: &str) -> Value {
    json!({ "source": "aws.codedeploy", "detail-type": "CodeDeploy Deployment State-change Notification",
        "detail": { "application": "shop-api", "deploymentGroup": "staging", "deploymentId": deployment,
            "state": state, "region": "eu-central-1", "instanceGroupId": "shop-api" } })
}

#[tokio::test]
async fn events_that_come_twice_early_late_or_for_others_change_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push(TAG, "healthy").await?;
    let push = world.push_event(TAG, &digest);
    let mut replication = push.clone();
    replication["detail-type"] = json!("ECR Replication Action");
    replication["detail"]["action-type"] = json!("REPLICATE");
    replication["detail"]["source-account"] = json!("222222222222");
    replication["detail"]["source-region"] = json!("us-east-1");
    for event in [&push, &push, &replication] {
        world.event(event).await?;
    }
    world
        .until("test is being deployed to", async |world| {
            Ok(!world
                .events_named(TAG, "deployment_started")
                .await?
                .is_empty())
        })
        .await?;
    assert_eq!(world.releases().await?.len(), 1);

    let started = world.events_named(TAG, "deployment_started").await?;
    let rolling = started[0]["deployment"].as_str().unwrap_or_default();
    for event in [
        ecs_reports("SERVICE_DEPLOYMENT_COMPLETED", rolling),
        ecs_reports("SERVICE_DEPLOYMENT_COMPLETED", rolling),
        ecs_reports("SERVICE_DEPLOYMENT_FAILED", "ecs-svc/1234567890123456789"),
        codedeploy_reports("FAILURE", "d-FOREIGN00"),
    ] {
        world.event(&event).await?;
    }
    world.rest().await?;
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?.len(),
        0,
        "an event that came early is no proof"
    );

    world.asks(TAG).await?;
    world.event(&push).await?;
    world
        .event(&ecs_reports("SERVICE_DEPLOYMENT_FAILED", rolling))
        .await?;
    let started = world.events_named(TAG, "deployment_started").await?;
    let staging = started[1]["deployment"].as_str().unwrap_or_default();
    world.event(&codedeploy_reports("FAILURE", staging)).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");

    world.event(&push).await?;
    world.event(&codedeploy_reports("STOP", staging)).await?;
    world.pass(900).await?;
    assert_eq!(world.releases().await?.len(), 1);
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    for (service, operation, times) in [
        ("ecs", "UpdateService", 1),
        ("codedeploy", "CreateDeployment", 2),
        ("codedeploy", "StopDeployment", 0),
    ] {
        let calls = world.calls(service, operation).await?;
        assert_eq!(calls.len(), times, "{operation}");
    }
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn pushes_that_are_nobodys_are_ignored_and_those_of_several_platforms_are_one()
-> Result<(), Error> {
    let world = World::start().await?;
    let other = json!({ "repositoryName": "nobody/configured" });
    world.lab.aws("ecr", "CreateRepository", &other).await?;
    let push = json!({ "repository": "nobody/configured", "tag": TAG });
    world.lab.post("push", &push).await?;
    let untagged = json!({ "tag": null });
    world.push_with("", &untagged).await?;
    world.rest().await?;
    assert_eq!(world.releases().await?, []);

    let platforms = json!({ "platforms": ["linux/amd64", "linux/arm64"], "attested": true });
    let index = world.push_with(TAG, &platforms).await?;
    world.asks(TAG).await?;
    let releases = world.releases().await?;
    assert_eq!(releases.len(), 1, "{releases:?}");
    assert_eq!(releases[0].digest, index);
    assert_eq!(world.running("test").await?, [index.as_str()]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn what_is_malformed_is_set_aside_with_its_reason() -> Result<(), Error> {
    let world = World::start().await?;
    let broken = json!({ "Name": "/towpath/pipelines/shop-api/broken", "Type": "String",
        "Value": json!({ "pipeline": "broken", "repository": "shop-api", "stages": [{ "nam": "test" }] }).to_string() });
    world.lab.aws("ssm", "PutParameter", &broken).await?;
    let mut nameless = world.push_event(TAG, "");
    nameless["detail"]["repository-name"] = json!(7);
    world.event(&nameless).await?;
    let mut unknown = codedeploy_reports("SUCCESS", "");
    unknown["detail"] = json!({ "state": ["what", "is", "this"] });
    world.event(&unknown).await?;

    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world
        .until("they are given up", async |world| {
            let letters = world.dead_letters().await?;
            let from = |name: &str| letters.iter().filter(|l| l.function == name).count();
            Ok(from("image-push") >= 2 && from("deployment-event") >= 1)
        })
        .await?;
    let letters = world.dead_letters().await?;
    let said = |function: &str, words: &str| {
        letters
            .iter()
            .any(|letter| letter.function == function && letter.reason.contains(words))
    };
    assert!(
        said(
            "image-push",
            "/towpath/pipelines/shop-api/broken cannot be used"
        ),
        "{letters:?}"
    );
    assert!(said("image-push", "repository-name"), "{letters:?}");
    assert!(said("deployment-event", "detail"), "{letters:?}");
    assert_eq!(
        world.releases().await?.len(),
        1,
        "the good pipeline went on"
    );
    Ok(())
}

/// Two readers of a text with two equal keys may see two things, so that no function reads it.
#[tokio::test]
async fn an_event_that_has_a_key_twice_is_read_by_no_function() -> Result<(), Error> {
    let world = World::start().await?;
    for function in [
        "image-push",
        "deployment-event",
        "lifecycle-hook",
        "advance",
        "sweeper",
    ] {
        let name = format!("towpath-{function}");
        let text = r#"{"detail": {"result": "SUCCESS", "result": "FAILURE"}}"#;
        let answer = world.lab.invoke(&name, text).await?;
        let said = answer.contains("MalformedEvent") && answer.contains("is there twice");
        assert!(said, "{function}: {answer}");
    }
    // What is sent to this one is kept nowhere, and a stranger's request is no failure.
    let request = r#"{"version": "2.0", "rawPath": "/slack/interactive", "rawPath": "/"}"#;
    let answer = world.lab.invoke("towpath-approval", request).await?;
    assert!(answer.contains("400"), "{answer}");
    let deep = format!("{{\"Records\": {}{}}}", "[".repeat(200), "]".repeat(200));
    let answer = world.lab.invoke("towpath-approval", &deep).await?;
    assert!(answer.contains("400"), "{answer}");
    Ok(())
}
