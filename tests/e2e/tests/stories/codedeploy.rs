//! What others do with CodeDeploy past Towpath: they deploy by hand, and stop what Towpath has
//! started.

use serde_json::{Value, json};
use towpath_e2e::{Error, Shop, World};

const GOOD: &str = "3f2c1ab";
const WORSE: &str = "4a5b6c7";
const STAGING: [&str; 2] = ["shop-api", "staging"];

/// A lab with staging as the only stage, which nobody guards.
async fn staging(additions: &Value) -> Result<World, Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    let mut stage = pipeline["stages"][1].clone();
    stage["checks"] = json!([]);
    for (name, value) in additions.as_object().into_iter().flatten() {
        stage[name] = value.clone();
    }
    pipeline["stages"] = json!([stage]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let resource = format!("service/staging/{}", Shop::NAME);
    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": resource,
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 6 });
    world
        .lab
        .aws("application-autoscaling", "RegisterScalableTarget", &target)
        .await?;
    Ok(world)
}

/// The revision that takes staging's traffic.
async fn serving(world: &World) -> Result<Value, Error> {
    let named = json!({ "cluster": "staging", "services": [Shop::NAME] });
    let described = world.lab.aws("ecs", "DescribeServices", &named).await?;
    let sets = described["services"][0]["taskSets"].as_array().cloned();
    let primary = sets
        .into_iter()
        .flatten()
        .find(|set| set["status"] == "PRIMARY");
    Ok(match primary {
        Some(set) => set["taskDefinition"].clone(),
        None => described["services"][0]["taskDefinition"].clone(),
    })
}

/// Somebody registers what runs in staging with more memory.
async fn edited(world: &World) -> Result<Value, Error> {
    let runs = serving(world).await?;
    let runs = runs.as_str().unwrap_or_default();
    world
        .register_edited(runs, |edited| edited["memory"] = json!("1024"))
        .await
}

/// Somebody deploys a revision to staging in CodeDeploy's console.
async fn by_hand(world: &World, revision: &Value) -> Result<String, Error> {
    let appspec = json!({ "version": 0.0, "Resources": [{ "TargetService": {
        "Type": "AWS::ECS::Service",
        "Properties": { "TaskDefinition": revision,
            "LoadBalancerInfo": { "ContainerName": "app", "ContainerPort": 8080 } } } }] });
    let create = json!({ "applicationName": Shop::NAME, "deploymentGroupName": "staging",
        "revision": { "revisionType": "AppSpecContent",
            "appSpecContent": { "content": appspec.to_string() } } });
    let created = world
        .lab
        .aws("codedeploy", "CreateDeployment", &create)
        .await?;
    Ok(created["deploymentId"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

async fn status(world: &World, deployment: &str) -> Result<Value, Error> {
    let of = json!({ "deploymentId": deployment });
    let answer = world.lab.aws("codedeploy", "GetDeployment", &of).await?;
    Ok(answer["deploymentInfo"]["status"].clone())
}

/// Lets time pass until something has happened to the release of a tag, and returns it.
async fn event(world: &World, tag: &str, kind: &str) -> Result<Value, Error> {
    world
        .until(&format!("{kind} of {tag}"), async |world| {
            Ok(!world.events_named(tag, kind).await?.is_empty())
        })
        .await?;
    Ok(world.events_named(tag, kind).await?[0].clone())
}

/// A release that has met a deployment by hand, which is under way.
async fn deploy_behind(world: &World, revision: &Value) -> Result<String, Error> {
    let other = by_hand(world, revision).await?;
    world.push(GOOD, "healthy").await?;
    let taken = event(world, GOOD, "group_taken").await?;
    assert_eq!(taken["by"], other);
    Ok(other)
}

#[tokio::test]
async fn a_release_waits_for_a_deployment_by_hand_and_goes_when_it_is_over() -> Result<(), Error> {
    let world = staging(&json!({})).await?;
    let revision = serving(&world).await?;
    let other = deploy_behind(&world, &revision).await?;
    assert_eq!(world.ended(GOOD).await?, "succeeded");
    assert_eq!(status(&world, &other).await?, "Succeeded");
    for (kind, most) in [("group_taken", 2), ("group_freed", 2), ("intended", 7)] {
        let written = world.events_named(GOOD, kind).await?.len();
        assert!((1..=most).contains(&written), "{kind}: {written}");
    }
    let created = world.carried_out("codedeploy", "CreateDeployment").await?;
    assert_eq!(created.len(), 2, "the other one and ours: {created:#?}");
    Ok(())
}

#[tokio::test]
async fn what_a_deployment_by_hand_left_is_not_overwritten_by_who_waited_for_it()
-> Result<(), Error> {
    let world = staging(&json!({})).await?;
    let revision = edited(&world).await?;
    deploy_behind(&world, &revision).await?;
    assert_eq!(world.ended(GOOD).await?, "superseded");
    let held = world.events_named(GOOD, "held").await?;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(serving(&world).await?, revision);
    Ok(())
}

#[tokio::test]
async fn a_release_that_waits_for_a_deployment_by_hand_is_rolled_back_at_once() -> Result<(), Error>
{
    let world = staging(&json!({})).await?;
    let before = world.suspended("staging").await?;
    let revision = serving(&world).await?;
    let other = deploy_behind(&world, &revision).await?;
    assert_ne!(world.suspended("staging").await?, before);
    world
        .ordered(&[&["rollback"], &STAGING[..]].concat())
        .await?;
    world.rest().await?;
    assert_eq!(world.outcome(GOOD).await?.as_deref(), Some("stopped"));
    assert_eq!(world.suspended("staging").await?, before);
    let left = status(&world, &other).await?;
    assert!(left == "Created" || left == "InProgress", "{left}");
    Ok(())
}

/// A release that still bakes when what somebody deployed by hand serves already: with the revision
/// and the id of that deployment.
async fn replaced_while_it_bakes() -> Result<(World, Value, String), Error> {
    let world = staging(&json!({ "bake": "30m" })).await?;
    world.push(GOOD, "healthy").await?;
    world
        .until("it serves and the group is free", async |world| {
            let seen = world.events_named(GOOD, "deployment_observed").await?;
            Ok(seen.iter().any(|seen| seen["status"]["is"] == "succeeded"))
        })
        .await?;
    let revision = edited(&world).await?;
    let other = by_hand(&world, &revision).await?;
    world
        .until("what was deployed by hand serves", async |world| {
            Ok(serving(world).await? == revision)
        })
        .await?;
    assert_eq!(world.outcome(GOOD).await?, None, "it still bakes");
    Ok((world, revision, other))
}

#[tokio::test]
async fn what_somebody_deploys_while_it_bakes_is_not_rolled_back_over() -> Result<(), Error> {
    let (world, revision, other) = replaced_while_it_bakes().await?;
    world
        .ordered(&[&["rollback"], &STAGING[..]].concat())
        .await?;
    assert_eq!(world.ended(GOOD).await?, "superseded");
    world.pass(600).await?;
    assert_eq!(serving(&world).await?, revision);
    assert_eq!(status(&world, &other).await?, "Succeeded");
    Ok(())
}

#[tokio::test]
async fn a_release_that_was_replaced_while_it_baked_has_not_succeeded() -> Result<(), Error> {
    let (world, revision, _) = replaced_while_it_bakes().await?;
    assert_eq!(world.ended(GOOD).await?, "superseded");
    let reason = world.reason(GOOD).await?;
    assert!(reason.contains("started outside of Towpath"), "{reason}");
    assert_eq!(serving(&world).await?, revision);
    assert_eq!(world.events_named(GOOD, "held").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_codedeploy_takes_back_to_another_revision_is_no_rollback_of_ours() -> Result<(), Error>
{
    let world = staging(&json!({})).await?;
    for tag in [GOOD, WORSE] {
        world.push(tag, "healthy").await?;
        assert_eq!(world.ended(tag).await?, "succeeded");
        world.pass(600).await?;
    }
    let worse = serving(&world).await?;
    let other = by_hand(&world, &edited(&world).await?).await?;
    world.pass(30).await?;
    let stop = json!({ "deploymentId": other, "autoRollbackEnabled": true });
    world.lab.aws("codedeploy", "StopDeployment", &stop).await?;
    assert_eq!(serving(&world).await?, worse);
    let asked = world
        .ordered(&[&["rollback"], &STAGING[..]].concat())
        .await?;
    let rollback = asked["rollback"].as_str().unwrap_or_default().to_owned();
    world
        .until("the rollback has a deployment of its own", async |world| {
            let created = world.carried_out("codedeploy", "CreateDeployment").await?;
            Ok(created
                .iter()
                .any(|call| call.to_string().contains(&rollback)))
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn traffic_that_stays_with_a_stopped_deployment_is_told() -> Result<(), Error> {
    let canary = json!({ "engine": { "codedeploy": { "application": Shop::NAME, "group": "staging",
        "configuration": "CodeDeployDefault.ECSCanary10Percent5Minutes" } } });
    let world = staging(&canary).await?;
    world.push(GOOD, "healthy").await?;
    let started = event(&world, GOOD, "deployment_started").await?;
    world
        .until("a tenth of the traffic has moved", async |world| {
            let of = json!({ "deploymentId": started["deployment"],
                "targetId": format!("staging:{}", Shop::NAME) });
            let target = world
                .lab
                .aws("codedeploy", "GetDeploymentTarget", &of)
                .await;
            Ok(target.is_ok_and(|target| {
                let sets = target["deploymentTarget"]["ecsTarget"]["taskSetsInfo"].clone();
                let sets = sets.as_array().cloned().unwrap_or_default();
                sets.iter()
                    .any(|set| set["taskSetLabel"] == "Green" && set["trafficWeight"] == 10.0)
            }))
        })
        .await?;
    world
        .fail(
            &json!([{ "caller": "towpath-advance", "service": "codedeploy",
            "operation": "GetDeploymentTarget", "outcome": "throttled" }]),
        )
        .await?;
    let stop = json!({ "deploymentId": started["deployment"], "autoRollbackEnabled": false });
    world.lab.aws("codedeploy", "StopDeployment", &stop).await?;
    world.pass(120).await?;
    assert_eq!(
        world.outcome(GOOD).await?,
        None,
        "how far it came is not known"
    );
    world.heal().await?;
    assert_eq!(world.ended(GOOD).await?, "rolled_back");
    let reason = world.reason(GOOD).await?;
    assert!(
        reason.contains("10% of traffic goes to the new version"),
        "{reason}"
    );
    Ok(())
}

#[tokio::test]
async fn a_hook_that_starts_before_its_event_is_shown_looks_again() -> Result<(), Error> {
    let world = World::start().await?;
    world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    let answered = world
        .carried_out("codedeploy", "PutLifecycleEventHookExecutionStatus")
        .await?;
    let by_hook = |call: &&Value| call["caller"] == "towpath-lifecycle-hook";
    let answered: Vec<_> = answered.iter().filter(by_hook).collect();
    assert_eq!(answered.len(), 1, "{answered:#?}");
    assert_eq!(answered[0]["parameters"]["status"], "Succeeded");
    let looks = world.calls("codedeploy", "GetDeploymentTarget").await?;
    let looks = looks.iter().filter(by_hook).count();
    assert_eq!(looks, 2, "the first look shows it pending");
    Ok(())
}

#[tokio::test]
async fn a_deployment_that_is_not_shown_yet_has_not_failed() -> Result<(), Error> {
    let world = staging(&json!({})).await?;
    let fault = json!([{ "service": "codedeploy", "operation": "GetDeployment",
        "caller": "towpath-advance", "first": 1, "outcome": "stale" }]);
    world.fail(&fault).await?;
    world.push(GOOD, "healthy").await?;
    let ended = world.ended(GOOD).await?;
    assert_eq!(ended, "succeeded", "{}", world.reason(GOOD).await?);
    let looks = world.events_named(GOOD, "deployment_observed").await?;
    let not_shown = json!({ "is": "not_shown", "by": "codedeploy" });
    assert_eq!(looks[0]["status"]["at"], not_shown);
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_shown_as_before_the_end_was_not_taken_elsewhere() -> Result<(), Error> {
    let world = staging(&json!({ "bake": "3m" })).await?;
    let digest = world.push(GOOD, "healthy").await?;
    world
        .until("the deployment is started", async |world| {
            let started = world.events_named(GOOD, "deployment_started").await?;
            Ok(!started.is_empty())
        })
        .await?;
    let fault = json!([{ "service": "ecs", "operation": "DescribeServices",
        "caller": "towpath-advance", "first": 1, "outcome": "stale" }]);
    world.fail(&fault).await?;
    let ended = world.ended(GOOD).await?;
    assert_eq!(ended, "succeeded", "{}", world.reason(GOOD).await?);
    assert_eq!(world.visit("staging").await?, digest);
    let looks = world.events_named(GOOD, "deployment_observed").await?;
    let not_shown = json!({ "is": "not_shown", "by": "ecs" });
    let stale = |look: &Value| look["status"]["at"] == not_shown;
    assert!(looks.iter().any(stale), "{looks:#?}");
    Ok(())
}

#[tokio::test]
async fn a_hook_of_a_deployment_that_is_not_shown_yet_is_not_refused() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][1].clone()]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let fault = json!([{ "service": "codedeploy", "operation": "GetDeployment",
        "caller": "towpath-lifecycle-hook", "first": 1, "outcome": "stale" }]);
    world.fail(&fault).await?;
    world.push(GOOD, "healthy").await?;
    let ended = world.ended(GOOD).await?;
    assert_eq!(ended, "succeeded", "{}", world.reason(GOOD).await?);
    let looks = world.calls("codedeploy", "GetDeployment").await?;
    let mut stale = looks.iter().filter(|call| call["fault"] == "stale");
    assert_eq!(
        stale.next().map(|call| &call["outcome"]),
        Some(&json!("DeploymentDoesNotExistException"))
    );
    Ok(())
}

#[tokio::test]
async fn an_answer_that_its_hook_function_never_gives_is_given_by_advance() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"] = json!([pipeline["stages"][1].clone()]);
    world.shop.apply(&world.lab, &pipeline).await?;
    let answer = "PutLifecycleEventHookExecutionStatus";
    let fault = json!([
        { "service": "codedeploy", "operation": answer,
            "caller": "towpath-lifecycle-hook", "outcome": "crash-before" },
        { "service": "codedeploy", "operation": answer,
            "caller": "towpath-advance", "first": 2, "outcome": "throttled" },
    ]);
    world.fail(&fault).await?;
    let digest = world.push(GOOD, "healthy").await?;
    let ended = world.ended(GOOD).await?;
    assert_eq!(ended, "succeeded", "{}", world.reason(GOOD).await?);
    assert_eq!(world.visit("staging").await?, digest);
    let answers = world.carried_out("codedeploy", answer).await?;
    let callers: Vec<_> = answers.iter().map(|call| &call["caller"]).collect();
    assert_eq!(callers, ["towpath-advance"], "{answers:#?}");
    assert_eq!(world.events_named(GOOD, "hook_answered").await?.len(), 1);
    Ok(())
}
