//! What becomes of a service's auto scaling when somebody changes it while a release is on its way.

use serde_json::json;
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";

/// The scalable target goes while production is rolled out: there is nothing to be resumed.
#[tokio::test]
async fn a_target_that_was_deregistered_has_nothing_to_be_resumed() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][2]]);
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world
        .until("auto scaling is suspended", async |world| {
            Ok(!world
                .events_named(TAG, "scaling_suspended")
                .await?
                .is_empty())
        })
        .await?;
    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/production/shop-api",
        "ScalableDimension": "ecs:service:DesiredCount" });
    world
        .lab
        .aws(
            "application-autoscaling",
            "DeregisterScalableTarget",
            &target,
        )
        .await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    let reason = world.reason(TAG).await?;
    assert!(!reason.contains("by hand"), "{reason}");
    assert_eq!(world.events_named(TAG, "scaling_restored").await?.len(), 1);
    Ok(())
}
