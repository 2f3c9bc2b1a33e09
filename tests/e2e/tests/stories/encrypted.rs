//! Every connection is encrypted and goes through a proxy, as in AWS behind a company's: good
//! certificates, bad ones, and connections that are closed while nobody uses them.

use std::collections::BTreeSet;

use serde_json::json;
use towpath_e2e::encrypted::{AWS_HOST, Certificate, Front, SLACK_HOST, TARGETS};
use towpath_e2e::terminal::towpath_with;
use towpath_e2e::{APPROVER, Error, World};

/// The example behind a proxy and TLS, its checks' targets too.
async fn encrypted() -> Result<(World, Front), Error> {
    let mut front = Front::start().await?;
    let world = World::start_behind(&front).await?;
    let mut pipeline = world.shop.pipeline();
    for stage in [1, 2] {
        let name = pipeline["stages"][stage]["name"].clone();
        let plain = world.shop.stage(name.as_str().unwrap_or_default());
        let url = front
            .encrypt(plain.test_url.as_deref().unwrap_or_default())
            .await?;
        pipeline["stages"][stage]["checks"][0]["http"]["url"] = json!(format!("{url}/healthz"));
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    Ok((world, front))
}

#[tokio::test]
async fn a_check_whose_target_shows_a_bad_certificate_has_failed_and_says_so() -> Result<(), Error>
{
    let (world, front) = encrypted().await?;
    for (tag, shown, why) in [
        ("bad0001", Certificate::Expired, "certificate expired"),
        ("bad0002", Certificate::OfAnotherHost, "not valid for name"),
    ] {
        front.show(TARGETS, shown);
        world.push(tag, "healthy").await?;
        assert_eq!(world.ended(tag).await?, "rolled_back");
        let reason = world.reason(tag).await?;
        assert!(
            reason.contains("check `health` failed") && reason.contains(why),
            "{reason}"
        );
        assert_eq!(world.running("staging").await?, world.shop.first());
        let lifted = ["release-hold", "shop-api", "staging", "--reason", "seen"];
        world.ordered(&lifted).await?;
    }
    Ok(())
}

#[tokio::test]
async fn bad_certificates_of_aws_and_slack_lose_nothing_and_are_named_in_the_logs()
-> Result<(), Error> {
    let (world, front) = encrypted().await?;
    front.show(AWS_HOST, Certificate::Expired);
    world.push("3f2c1ab", "healthy").await?;
    world.pass(60).await?;
    assert_eq!(world.outcome("3f2c1ab").await.ok().flatten(), None);
    let logs = world.function_logs()?;
    assert!(logs.contains("certificate expired"), "{logs}");

    front.show(AWS_HOST, Certificate::Good);
    front.show(SLACK_HOST, Certificate::OfAnotherHost);
    world
        .until(
            "production waits for approval, told or not",
            async |world| {
                let asked = world.events_named("3f2c1ab", "approval_requested").await;
                Ok(asked.is_ok_and(|asked| !asked.is_empty()))
            },
        )
        .await?;
    assert_eq!(world.cards().await?.len(), 0);
    let logs = world.function_logs()?;
    assert!(logs.contains("not valid for name"), "{logs}");

    front.show(SLACK_HOST, Certificate::Good);
    world.asks("3f2c1ab").await?;
    world.click("3f2c1ab", "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    Ok(())
}

#[tokio::test]
async fn connections_that_are_closed_while_idle_cost_no_release_and_leave_nothing_unknown()
-> Result<(), Error> {
    let (world, front) = encrypted().await?;
    front.hang_up(AWS_HOST);
    front.hang_up(SLACK_HOST);
    let digest = world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    world.click("3f2c1ab", "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");
    assert_eq!(world.visit("production").await?, digest);
    for host in [AWS_HOST, SLACK_HOST, TARGETS] {
        assert!(front.connections(host) > 0, "nobody came to {host}");
    }
    // Reads are sent again; what is sent once meets no connection that was idle.
    let hung_up = front.hung_up(AWS_HOST);
    assert!(hung_up.len() > 10, "{hung_up:?}");
    assert_eq!(front.hung_up(SLACK_HOST), BTreeSet::new());
    let logs = world.function_logs()?;
    assert!(!logs.contains("is unknown"), "{logs}");
    for (service, operation, times) in [
        ("ecs", "RegisterTaskDefinition", 3),
        ("ecs", "UpdateService", 1),
        ("codedeploy", "CreateDeployment", 2),
    ] {
        let mut calls = world.carried_out(service, operation).await?;
        calls.retain(|call| call["caller"] == "towpath-advance");
        assert_eq!(calls.len(), times, "{service}:{operation} {calls:#?}");
    }
    assert_eq!(world.dead_letters().await?, []);

    let seen = front.connections(AWS_HOST);
    let through = front.environment();
    let through: Vec<_> = through.iter().map(|(a, b)| (&**a, &**b)).collect();
    let (code, printed) = towpath_with(&world, &through, &["status", "shop-api"]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("3f2c1ab"), "{printed}");
    assert!(front.connections(AWS_HOST) > seen, "{printed}");
    Ok(())
}
