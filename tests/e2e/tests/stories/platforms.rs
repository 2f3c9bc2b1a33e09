//! Images for another platform than the service's, and load balancers that the configuration does
//! not fit: nothing is registered, and nothing started.

use serde_json::{Value, json};
use towpath_e2e::{Error, World, remarks};

const TAG: &str = "3f2c1ab";
const NEXT: &str = "4a5b6c7";

/// How often `advance` made a call of ECR.
async fn asked(world: &World, operation: &str) -> Result<usize, Error> {
    Ok(world.calls("ecr", operation).await?.len())
}

/// The push fails before anything is changed, for a reason that says all of this.
async fn is_refused(world: &World, tag: &str, said: &[&str]) -> Result<(), Error> {
    let before = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    assert_eq!(world.ended(tag).await?, "failed");
    let reason = world.reason(tag).await?;
    for said in said {
        assert!(reason.contains(said), "`{said}` is not said: {reason}");
    }
    let after = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    assert_eq!(after, before, "nothing is registered");
    Ok(())
}

#[tokio::test]
async fn an_image_for_another_architecture_is_refused_before_anything_is_changed()
-> Result<(), Error> {
    let world = World::start().await?;
    let arm = json!({ "platforms": ["linux/arm64"] });
    world.push_with(TAG, &arm).await?;
    let said = [
        "the image is for linux/arm64",
        "run on linux/amd64",
        "build it for linux/amd64",
    ];
    is_refused(&world, TAG, &said).await?;
    // An index without the service's platform is no better, with an attestation in it or without.
    world.pass(1).await?;
    let arm = json!({ "platforms": ["linux/arm64", "windows/amd64"], "attested": true });
    world.push_with(NEXT, &arm).await?;
    is_refused(&world, NEXT, &["linux/arm64 and windows/amd64"]).await?;
    assert_eq!(
        world.calls("ecs", "UpdateService").await?,
        Vec::<Value>::new()
    );
    assert_eq!(world.running("test").await?, world.shop.first());
    Ok(())
}

#[tokio::test]
async fn what_an_image_is_for_is_asked_once_for_all_stages() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][0], pipeline["stages"][1]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let digest = world
        .push_with(TAG, &json!({ "platforms": ["linux/amd64"] }))
        .await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(asked(&world, "BatchGetImage").await?, 1);
    assert_eq!(asked(&world, "GetDownloadUrlForLayer").await?, 1);
    // An index says it by itself.
    world.pass(1).await?;
    let both = json!({ "platforms": ["linux/amd64", "linux/arm64"], "attested": true });
    let digest = world.push_with(NEXT, &both).await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(asked(&world, "BatchGetImage").await?, 2);
    assert_eq!(asked(&world, "GetDownloadUrlForLayer").await?, 1);
    Ok(())
}

/// Whoever may not look deploys all the same.
#[tokio::test]
async fn what_cannot_be_looked_at_keeps_nobody() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][0]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let no = json!([{ "service": "ecr", "operation": "BatchGetImage", "outcome": "answer-lost" }]);
    world.lab.post("faults", &no).await?;
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("test").await?, [digest.as_str()]);
    let planned = world.events_named(TAG, "planned").await?;
    let remarks = remarks(&planned[0]);
    assert!(
        remarks.contains("what the image is for cannot be read"),
        "{remarks}"
    );
    Ok(())
}

#[tokio::test]
async fn a_canary_behind_a_network_load_balancer_is_refused_before_anything_is_changed()
-> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][1]]);
    let codedeploy = &mut pipeline["stages"][0]["engine"]["codedeploy"];
    codedeploy["configuration"] = json!("CodeDeployDefault.ECSCanary10Percent5Minutes");
    world.shop.apply(&world.lab, &pipeline).await?;
    let group = json!({ "applicationName": "shop-api", "currentDeploymentGroupName": "staging",
        "loadBalancerInfo": { "targetGroupPairInfoList": [{
            "targetGroups": [{ "name": "staging-blue" }, { "name": "staging-green" }],
            "prodTrafficRoute": { "listenerArns": [
                "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener/net/shop/1/2"] } }] } });
    world
        .lab
        .aws("codedeploy", "UpdateDeploymentGroup", &group)
        .await?;
    world.push(TAG, "healthy").await?;
    let said = [
        "ECSCanary10Percent5Minutes",
        "listener/net/shop/1/2 is a listener of a Network Load Balancer",
        "CodeDeployDefault.ECSAllAtOnce only",
    ];
    is_refused(&world, TAG, &said).await?;
    assert_eq!(
        world.calls("codedeploy", "CreateDeployment").await?,
        Vec::<Value>::new()
    );
    Ok(())
}
