//! What becomes of a service's auto scaling when somebody changes it while a release is on its way.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World, remarks, why};

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

/// A pipeline with the test stage alone, which suspends auto scaling, and a target for its service.
async fn suspending(world: &World) -> Result<(), Error> {
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][0]]);
    pipeline["stages"][0]["auto_scaling"] = json!("suspend");
    world.shop.apply(&world.lab, &pipeline).await?;
    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/test/shop-api",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": 4,
        "SuspendedState": { "ScheduledScalingSuspended": true } });
    let register = "RegisterScalableTarget";
    world
        .lab
        .aws("application-autoscaling", register, &target)
        .await?;
    Ok(())
}

async fn scale_to_nothing(world: &World) -> Result<(), Error> {
    let none = json!({ "cluster": "test", "service": "shop-api", "desiredCount": 0 });
    world.lab.aws("ecs", "UpdateService", &none).await?;
    Ok(())
}

/// How many tasks the service wants, and what is suspended of its target.
async fn stands(world: &World) -> Result<(Value, Value), Error> {
    let named = json!({ "cluster": "test", "services": ["shop-api"] });
    let service = world.lab.aws("ecs", "DescribeServices", &named).await?;
    let named = json!({ "ServiceNamespace": "ecs", "ResourceIds": ["service/test/shop-api"] });
    let describe = "DescribeScalableTargets";
    let target = world
        .lab
        .aws("application-autoscaling", describe, &named)
        .await?;
    let suspended = &target["ScalableTargets"][0]["SuspendedState"];
    Ok((
        service["services"][0]["desiredCount"].clone(),
        suspended.clone(),
    ))
}

/// Every call about a target brings the number of tasks into its bounds, so that none is made.
#[tokio::test]
async fn a_service_that_somebody_put_to_sleep_is_not_woken() -> Result<(), Error> {
    let world = World::start().await?;
    suspending(&world).await?;
    scale_to_nothing(&world).await?;
    let before = stands(&world).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(stands(&world).await?, before);
    assert_eq!(before.0, 0);
    let planned = world.events_named(TAG, "planned").await?;
    let remarks = remarks(&planned[0]);
    assert!(
        remarks.contains("auto scaling is not suspended"),
        "{remarks}"
    );
    Ok(())
}

/// Somebody puts it to sleep while auto scaling is suspended: resuming would wake it.
#[tokio::test]
async fn a_service_that_was_put_to_sleep_meanwhile_is_not_woken_either() -> Result<(), Error> {
    let world = World::start().await?;
    suspending(&world).await?;
    world.push(TAG, "healthy").await?;
    world
        .until("auto scaling is suspended", async |world| {
            let (_, suspended) = stands(world).await?;
            Ok(suspended["DynamicScalingOutSuspended"] == true)
        })
        .await?;
    scale_to_nothing(&world).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    let (desired, suspended) = stands(&world).await?;
    assert_eq!(desired, 0);
    assert_eq!(suspended["DynamicScalingOutSuspended"], true);
    let ended = world.events_named(TAG, "rollout_ended").await?;
    let reason = why(&ended[0]);
    for said in [
        "the service wants 0 tasks, its scalable target is for 1 to 4",
        "once the service wants at least 1 tasks, put auto scaling back",
    ] {
        assert!(reason.contains(said), "{reason}");
    }
    // Nobody has put it back, which whoever comes next is told.
    world.push("4a5b6c7", "healthy").await?;
    assert_eq!(world.ended("4a5b6c7").await?, "succeeded");
    let planned = world.events_named("4a5b6c7", "planned").await?;
    let remarks = remarks(&planned[0]);
    for said in [
        "auto scaling was found suspended altogether",
        "once the service wants at least 1 tasks, run `aws application-autoscaling",
    ] {
        assert!(remarks.contains(said), "{remarks}");
    }
    Ok(())
}

/// Somebody puts it to sleep between the plan and the call that would suspend auto scaling.
#[tokio::test]
async fn a_service_that_is_put_to_sleep_before_auto_scaling_is_suspended_sleeps_on()
-> Result<(), Error> {
    let world = World::start().await?;
    suspending(&world).await?;
    let (_, before) = stands(&world).await?;
    let register = "RegisterScalableTarget";
    world
        .fail(
            &json!([{ "caller": "towpath-advance", "service": "application-autoscaling",
            "operation": register, "outcome": "throttled" }]),
        )
        .await?;
    world.push(TAG, "healthy").await?;
    world
        .until("auto scaling is to be suspended", async |world| {
            let calls = world.calls("application-autoscaling", register).await?;
            Ok(calls.iter().any(|call| call["caller"] == "towpath-advance"))
        })
        .await?;
    scale_to_nothing(&world).await?;
    world.heal().await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(stands(&world).await?, (json!(0), before));
    assert_eq!(world.events_named(TAG, "scaling_left").await?.len(), 1);
    Ok(())
}
