//! Nothing is started that could not be rolled back, unless the stage allows it.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";
const NEXT: &str = "4a5b6c7";

/// The push fails for that reason, and changes nothing; where the stage allows it, the next one goes
/// through.
async fn is_refused_unless_allowed(world: &World, because: &str) -> Result<(), Error> {
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    for said in ["it could not be rolled back", because, "rollback: optional"] {
        assert!(reason.contains(said), "{reason}");
    }
    assert_eq!(
        world.calls("ecs", "UpdateService").await?,
        Vec::<Value>::new()
    );
    assert_eq!(world.running("test").await?, world.shop.first());

    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][0]["rollback"] = json!("optional");
    pipeline["stages"] = json!([pipeline["stages"][0]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    world.pass(1).await?;
    let digest = world.push(NEXT, "healthy").await?;
    assert_eq!(world.ended(NEXT).await?, "succeeded");
    assert_eq!(world.running("test").await?, [digest.as_str()]);
    Ok(())
}

#[tokio::test]
async fn the_image_that_runs_is_gone_from_its_registry() -> Result<(), Error> {
    let world = World::start().await?;
    let gone = json!({ "repositoryName": "shop-api", "imageIds": [{ "imageDigest": world.shop.initial }] });
    world.lab.aws("ecr", "BatchDeleteImage", &gone).await?;
    is_refused_unless_allowed(&world, "is gone from its registry").await
}

/// Moves an image to another storage class.
async fn keep_in(world: &World, class: &str, digest: &str) -> Result<(), Error> {
    let image = json!({ "repositoryName": "shop-api", "imageId": { "imageDigest": digest },
        "targetStorageClass": class });
    world
        .lab
        .aws("ecr", "UpdateImageStorageClass", &image)
        .await?;
    Ok(())
}

#[tokio::test]
async fn the_image_that_runs_is_archived() -> Result<(), Error> {
    let world = World::start().await?;
    keep_in(&world, "ARCHIVE", &world.shop.initial).await?;
    is_refused_unless_allowed(&world, "is archived and cannot be pulled").await
}

#[tokio::test]
async fn the_image_that_runs_is_still_being_restored() -> Result<(), Error> {
    let world = World::start().await?;
    keep_in(&world, "ARCHIVE", &world.shop.initial).await?;
    keep_in(&world, "STANDARD", &world.shop.initial).await?;
    is_refused_unless_allowed(&world, "cannot be pulled yet").await
}

/// While people are asked, the image itself is archived: nothing of it is registered.
#[tokio::test]
async fn the_image_is_archived_while_it_waits() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][2]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let before = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    keep_in(&world, "ARCHIVE", &digest).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains("is archived and cannot be pulled"),
        "{reason}"
    );
    assert!(
        reason.contains("--target-storage-class STANDARD"),
        "{reason}"
    );
    let after = world.calls("ecs", "RegisterTaskDefinition").await?.len();
    assert_eq!(after, before, "nothing is registered");
    Ok(())
}

#[tokio::test]
async fn the_revision_that_runs_was_deregistered() -> Result<(), Error> {
    let world = World::start().await?;
    let service = json!({ "cluster": "test", "services": ["shop-api"] });
    let service = world.lab.aws("ecs", "DescribeServices", &service).await?;
    let runs = service["services"][0]["taskDefinition"].clone();
    let runs = json!({ "taskDefinition": runs });
    world
        .lab
        .aws("ecs", "DeregisterTaskDefinition", &runs)
        .await?;
    is_refused_unless_allowed(&world, "which runs now, is INACTIVE").await
}
