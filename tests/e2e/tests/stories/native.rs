//! Services whose traffic ECS itself moves: blue/green and canary, with checks, pauses and alarms.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, Native, Reached, World};

const TAG: &str = "3f2c1ab";
const STAGE: &str = "production";

/// Nothing of the release is left but what it says it left.
async fn ended_as(world: &World, outcome: &str, serves: &str) -> Result<(), Error> {
    let reason = world.reason(TAG).await?;
    let ended = world.outcome(TAG).await?;
    assert_eq!(ended.as_deref(), Some(outcome), "{reason}");
    assert_eq!(world.running(STAGE).await?, [serves]);
    assert_eq!(world.visit(STAGE).await?, serves);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

/// The service deployments that ECS knows, the first one of the service among them.
async fn deployments(world: &World) -> Result<Vec<Value>, Error> {
    let input = json!({ "cluster": STAGE, "service": "shop-api" });
    let listed = world.lab.aws("ecs", "ListServiceDeployments", &input);
    let listed = listed.await?;
    Ok(listed["serviceDeployments"]
        .as_array()
        .cloned()
        .unwrap_or_default())
}

/// Lets time pass until visitors get this image.
async fn until_it_serves(world: &World, digest: &str) -> Result<(), Error> {
    world
        .until("visitors get the new image", async |world| {
            Ok(world.visit(STAGE).await? == digest)
        })
        .await
}

#[tokio::test]
async fn a_healthy_image_is_checked_behind_the_test_listener_and_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let checked = world.events_named(TAG, "checked").await?;
    assert_eq!(checked.len(), 1, "{checked:#?}");
    assert_eq!(checked[0]["results"][0]["passed"], true);
    assert_eq!(deployments(&world).await?.len(), 2);
    assert_eq!(world.calls("ecs", "StopServiceDeployment").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn an_image_that_fails_its_check_never_gets_production_traffic() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    world.push(TAG, "unhealthy-green").await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("check `health` failed"), "{reason}");
    assert!(reason.contains("answered 500"), "{reason}");
    assert_eq!(
        deployments(&world).await?[0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    Ok(())
}

#[tokio::test]
async fn traffic_waits_for_an_approval() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.pass(3600).await?;
    assert_eq!(world.visit(STAGE).await?, world.shop.initial);
    assert_eq!(
        world.calls("ecs", "ContinueServiceDeployment").await?.len(),
        0
    );
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_rejection_takes_green_away_and_the_old_version_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_reject", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "refused", &world.shop.initial).await?;
    let answered = world.carried_out("ecs", "ContinueServiceDeployment");
    let answered = answered.await?;
    assert_eq!(answered.len(), 1, "{answered:#?}");
    assert_eq!(answered[0]["parameters"]["action"], "ROLLBACK");
    assert_eq!(world.calls("ecs", "StopServiceDeployment").await?.len(), 0);
    assert_eq!(
        deployments(&world).await?[0]["status"],
        "ROLLBACK_SUCCESSFUL"
    );
    Ok(())
}

#[tokio::test]
async fn a_request_that_nobody_answers_expires_and_the_old_version_serves() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.ended(TAG).await?;
    ended_as(&world, "expired", &world.shop.initial).await
}

#[tokio::test]
async fn a_canary_passes_its_steps_and_each_pause_once() -> Result<(), Error> {
    let mut native = Native::asking();
    native.configuration = json!({ "strategy": "CANARY", "bakeTimeInMinutes": 5,
        "canaryConfiguration": { "canaryPercent": 10.0, "canaryBakeTimeInMinutes": 30 } });
    let world = World::start_native(&native).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    let observed = world.events_named(TAG, "deployment_observed").await?;
    let canary = observed
        .iter()
        .any(|event| event["status"].to_string().contains("\"traffic\":10"));
    assert!(canary, "{observed:#?}");
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), 2, "one per step");
    let asked = world.events_named(TAG, "approval_requested").await?;
    assert_eq!(asked.len(), 1, "people are asked once");
    Ok(())
}

/// A service that pauses where its owner, and not Towpath, asks people.
fn pausing() -> Native {
    Native {
        pauses_at: vec!["PRE_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"],
        ..Native::blue_green()
    }
}

/// Answers the pause by hand at which the newest deployment waits, if it does.
async fn continue_by_hand(world: &World) -> Result<(), Error> {
    let newest = deployments(world).await?[0]["serviceDeploymentArn"].clone();
    let asked = json!({ "serviceDeploymentArns": [newest] });
    let described = world.lab.aws("ecs", "DescribeServiceDeployments", &asked);
    let hooks = described.await?["serviceDeployments"][0]["lifecycleHookDetails"].take();
    let waits = |hook: &&Value| hook["status"] == "AWAITING_ACTION";
    if let Some(hook) = hooks.as_array().and_then(|hooks| hooks.iter().find(waits)) {
        let go_on = json!({ "serviceDeploymentArn": newest, "hookId": hook["hookId"], "action": "CONTINUE" });
        world
            .lab
            .aws("ecs", "ContinueServiceDeployment", &go_on)
            .await?;
    }
    Ok(())
}

#[tokio::test]
async fn somebody_elses_pause_is_theirs_and_keeps_no_rollback() -> Result<(), Error> {
    let world = World::start_native(&pausing()).await?;
    let good = world.push(TAG, "healthy").await?;
    let by_hand = async |world: &World, tag: &str| {
        world
            .until("somebody answers its pauses", async |world| {
                continue_by_hand(world).await?;
                Ok(world.outcome(tag).await?.is_some())
            })
            .await
    };
    by_hand(&world, TAG).await?;
    ended_as(&world, "succeeded", &good).await?;
    world.pass(1).await?;
    let worse = world.push("4a5b6c7", "healthy").await?;
    by_hand(&world, "4a5b6c7").await?;
    assert_eq!(world.running(STAGE).await?, [worse]);
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    let answered_by_hand = continued.await?.len();
    assert_eq!(answered_by_hand, 4);

    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    let rollback = world.ordered(&command).await?["rollback"].clone();
    let outcome = async |world: &World| {
        let releases = world.releases().await?;
        let back = releases.into_iter().find(|one| rollback == one.id);
        Ok::<_, Error>(back.and_then(|one| one.outcome))
    };
    world
        .until("the rollback ends", async |world| {
            Ok(outcome(world).await?.is_some())
        })
        .await?;
    assert_eq!(outcome(&world).await?.as_deref(), Some("succeeded"));
    assert_eq!(world.running(STAGE).await?, [good.as_str()]);
    assert_eq!(world.visit(STAGE).await?, good);
    let continued = world.carried_out("ecs", "ContinueServiceDeployment");
    assert_eq!(continued.await?.len(), answered_by_hand + 2);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_pause_that_nobody_answers_is_the_reason() -> Result<(), Error> {
    let world = World::start_native(&pausing()).await?;
    world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(
        reason.contains("a pause at PRE_SCALE_UP waited for an action, and nobody gave one"),
        "{reason}"
    );
    Ok(())
}

/// How somebody's own change of the service ends.
async fn changed_by_hand(world: &World, change: &Value) -> Result<Value, Error> {
    let mut input = json!({ "cluster": STAGE, "service": "shop-api" });
    for (member, value) in change.as_object().into_iter().flatten() {
        input[member] = value.clone();
    }
    world.lab.aws("ecs", "UpdateService", &input).await?;
    let ended = async |world: &World| {
        let newest = deployments(world).await?;
        Ok(["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"]
            .iter()
            .any(|status| newest[0]["status"] == *status))
    };
    world
        .until("the change has come through or not", ended)
        .await?;
    Ok(deployments(world).await?[0]["status"].clone())
}

/// The task definition with which the service was created.
async fn first_definition(world: &World) -> Result<Value, Error> {
    let deployments = deployments(world).await?;
    let first = deployments
        .last()
        .map(|it| it["targetServiceRevisionArn"].clone());
    let first = json!({ "serviceRevisionArns": [first] });
    let first = world.lab.aws("ecs", "DescribeServiceRevisions", &first);
    Ok(first.await?["serviceRevisions"][0]["taskDefinition"].take())
}

#[tokio::test]
async fn infrastructure_may_be_changed_and_what_runs_may_not() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    // Before the first release, too.
    let around = json!({ "healthCheckGracePeriodSeconds": 30, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");

    let around = json!({ "healthCheckGracePeriodSeconds": 60, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    assert_eq!(world.visit(STAGE).await?, digest);
    let hooks = world.carried_out("ecs", "DescribeServiceRevisions").await?;
    let asked = hooks
        .iter()
        .any(|call| call["caller"] == "towpath-lifecycle-hook");
    assert!(asked, "{hooks:#?}");

    let past_every_gate = json!({ "taskDefinition": first_definition(&world).await? });
    assert_eq!(
        changed_by_hand(&world, &past_every_gate).await?,
        "ROLLBACK_SUCCESSFUL"
    );
    assert_eq!(world.visit(STAGE).await?, digest);
    Ok(())
}

#[tokio::test]
async fn infrastructure_may_be_changed_where_nobody_knows_what_was_left() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let digest = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    // Whoever lifts a hold takes what runs for good, and it is not known what that is.
    for order in ["hold", "release-hold"] {
        let command = [order, "shop-api", STAGE, "--reason", "looked at it"];
        world.ordered(&command).await?;
    }

    let around = json!({ "healthCheckGracePeriodSeconds": 60, "forceNewDeployment": true });
    assert_eq!(changed_by_hand(&world, &around).await?, "SUCCESSFUL");
    let past_every_gate = json!({ "taskDefinition": first_definition(&world).await? });
    assert_eq!(
        changed_by_hand(&world, &past_every_gate).await?,
        "ROLLBACK_SUCCESSFUL"
    );
    assert_eq!(world.visit(STAGE).await?, digest);
    Ok(())
}

#[tokio::test]
async fn a_way_back_that_comes_late_is_let_through() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["bakeTimeInMinutes"] = json!(0);
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["bake"] = json!("2h");
    pipeline["stages"][0]["timeout"] = json!("4m");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world
        .until("ECS is done, and the release bakes", async |world| {
            Ok(deployments(world).await?[0]["status"] == "SUCCESSFUL"
                && !world
                    .events_named(TAG, "deployment_started")
                    .await?
                    .is_empty())
        })
        .await?;
    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    world.ordered(&command).await?;
    world
        .until("the way back has begun", async |world| {
            Ok(!world
                .events_named(TAG, "rollback_started")
                .await?
                .is_empty())
        })
        .await?;

    // The hook function cannot decide for longer than the release waits.
    let fault = json!([{ "service": "dynamodb", "caller": "towpath-lifecycle-hook", "outcome": "throttled" }]);
    world.fail(&fault).await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    assert_eq!(deployments(&world).await?[0]["status"], "IN_PROGRESS");
    world.heal().await?;
    world
        .until("the old version serves again", async |world| {
            Ok(deployments(world).await?[0]["status"] != "IN_PROGRESS")
        })
        .await?;
    assert_eq!(deployments(&world).await?[0]["status"], "SUCCESSFUL");
    assert_eq!(world.running(STAGE).await?, [world.shop.initial.as_str()]);
    Ok(())
}

#[tokio::test]
async fn somebody_stops_it_in_the_console() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    let stop = json!({ "serviceDeploymentArn": deployments(&world).await?[0]["serviceDeploymentArn"],
        "stopType": "ROLLBACK" });
    world.lab.aws("ecs", "StopServiceDeployment", &stop).await?;
    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("stopped by a user"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn an_alarm_after_the_shift_brings_the_old_version_back() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["alarms"] =
        json!({ "alarmNames": ["shop-errors"], "enable": true, "rollback": true });
    let world = World::start_native(&native).await?;
    let digest = world.push(TAG, "healthy").await?;

    until_it_serves(&world, &digest).await?;
    assert_eq!(world.outcome(TAG).await?, None, "it bakes");
    let alarm = json!({ "name": "shop-errors", "state": "ALARM" });
    world.lab.post("alarms", &alarm).await?;
    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("shop-errors"), "{reason}");
    Ok(())
}

#[tokio::test]
async fn somebody_deploys_something_else_meanwhile_and_it_is_left_alone() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    let other = json!({ "taskDefinition": "shop-api-production:1" });
    let mut definition = world
        .lab
        .aws("ecs", "DescribeTaskDefinition", &other)
        .await?["taskDefinition"]
        .take();
    let by_hand = json!({ "family": "by-hand", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "executionRoleArn": definition["executionRoleArn"],
        "containerDefinitions": definition["containerDefinitions"].take() });
    world
        .lab
        .aws("ecs", "RegisterTaskDefinition", &by_hand)
        .await?;
    let update = json!({ "cluster": STAGE, "service": "shop-api", "taskDefinition": "by-hand" });
    world.lab.aws("ecs", "UpdateService", &update).await?;
    world.ended(TAG).await?;
    let outcome = world.outcome(TAG).await?;
    assert_eq!(outcome.as_deref(), Some("superseded"));
    let stopped = world.carried_out("ecs", "StopServiceDeployment").await?;
    assert_eq!(stopped.len(), 0, "what somebody else does is theirs");
    Ok(())
}

#[tokio::test]
async fn a_service_that_would_not_wait_is_not_deployed_to() -> Result<(), Error> {
    let mut native = Native::asking();
    native.pauses_at.clear();
    let world = World::start_native(&native).await?;
    world.push(TAG, "healthy").await?;

    world.ended(TAG).await?;
    ended_as(&world, "failed", &world.shop.initial).await?;
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("does not pause"), "{reason}");
    assert_eq!(deployments(&world).await?.len(), 1);
    Ok(())
}

/// Whatever happens at a call, there is one deployment, and it succeeds.
async fn goes_wrong(service: &str, operation: &str, outcome: &str) -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let fault = json!([{ "service": service, "operation": operation, "caller": "towpath-advance",
        "nth": 1, "outcome": outcome }]);
    world.fail(&fault).await?;
    let digest = world.push(TAG, "healthy").await?;

    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await?;
    assert_eq!(deployments(&world).await?.len(), 2, "{operation} {outcome}");
    let met = world.calls(service, operation).await?;
    assert!(met.iter().any(|call| call["fault"] == outcome));
    Ok(())
}

#[tokio::test]
async fn it_dies_after_it_has_started_the_deployment() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "crash-after").await
}

#[tokio::test]
async fn the_answer_to_the_start_is_lost() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "answer-lost").await
}

#[tokio::test]
async fn the_answer_to_the_start_names_the_deployment_from_before() -> Result<(), Error> {
    goes_wrong("ecs", "UpdateService", "stale").await
}

/// The release to which the ledger says that a deployment belongs.
async fn owner(world: &World, deployment: &Value) -> Result<Value, Error> {
    let key = format!("DEPLOYMENT#{}", deployment.as_str().unwrap_or_default());
    let input = json!({ "TableName": "towpath-ledger",
        "Key": { "pk": { "S": key }, "sk": { "S": "DEPLOYMENT" } } });
    let row = world.lab.aws("dynamodb", "GetItem", &input).await?;
    Ok(row["Item"]["release"]["S"].clone())
}

#[tokio::test]
async fn what_cannot_be_told_yet_is_no_success_and_takes_nobodys_deployment() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let serve = async |tag: &str| {
        world.asks(tag).await?;
        world.click(tag, "towpath_approve", APPROVER).await?;
        world.ended(tag).await
    };
    let first = world.push(TAG, "healthy").await?;
    serve(TAG).await?;
    ended_as(&world, "succeeded", &first).await?;
    let firsts = deployments(&world).await?[0]["serviceDeploymentArn"].clone();

    // Answers and lists are from before the start for a while.
    let second = "4a5b6c7";
    let faults = json!([
        { "service": "ecs", "operation": "UpdateService", "caller": "towpath-advance",
          "members": ["currentServiceDeployment"], "outcome": "stale" },
        { "service": "ecs", "operation": "ListServiceDeployments", "caller": "towpath-advance",
          "first": 4, "outcome": "stale" },
    ]);
    world.fail(&faults).await?;
    let digest = world.push(second, "healthy").await?;
    world
        .until("the service is updated", async |world| {
            Ok(deployments(world).await?.len() == 3)
        })
        .await?;
    world.rest().await?;
    let started = world.events_named(second, "deployment_started").await?;
    assert_eq!(started, [] as [Value; 0], "it is not known which it is");
    assert_eq!(world.outcome(second).await?, None);
    assert_eq!(world.visit(STAGE).await?, first, "no traffic has moved");

    serve(second).await?;
    assert_eq!(world.outcome(second).await?.as_deref(), Some("succeeded"));
    assert_eq!(world.visit(STAGE).await?, digest);
    assert_eq!(deployments(&world).await?.len(), 3, "it is updated once");
    let release = async |tag: &str| Ok::<_, Error>(world.ledger().release(tag).await?.id);
    assert_eq!(owner(&world, &firsts).await?, release(TAG).await?);
    let seconds = &deployments(&world).await?[0]["serviceDeploymentArn"];
    assert_eq!(owner(&world, seconds).await?, release(second).await?);
    Ok(())
}

#[tokio::test]
async fn a_way_back_is_not_over_because_the_answer_names_what_is_taken_back() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["bakeTimeInMinutes"] = json!(0);
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["bake"] = json!("2h");
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    world
        .until("ECS is done, and the release bakes", async |world| {
            let started = world.events_named(TAG, "deployment_started").await?;
            Ok(deployments(world).await?[0]["status"] == "SUCCESSFUL" && !started.is_empty())
        })
        .await?;
    let fault = json!([{ "service": "ecs", "operation": "UpdateService",
        "caller": "towpath-advance", "outcome": "stale" }]);
    world.fail(&fault).await?;
    let command = ["rollback", "shop-api", STAGE, "--reason", "orders get lost"];
    world.ordered(&command).await?;

    world.ended(TAG).await?;
    ended_as(&world, "rolled_back", &world.shop.initial).await?;
    let known = deployments(&world).await?;
    assert_eq!(known.len(), 3, "{known:#?}");
    let begun = world.events_named(TAG, "rollback_started").await?;
    assert_eq!(begun[0]["deployment"], known[0]["serviceDeploymentArn"]);
    Ok(())
}

#[tokio::test]
async fn what_runs_already_is_brought_back_by_nothing() -> Result<(), Error> {
    let mut native = Native::blue_green();
    native.configuration["alarms"] =
        json!({ "alarmNames": ["shop-errors"], "enable": true, "rollback": true });
    let world = World::start_native(&native).await?;
    let good = world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    let bad = world.push("4a5b6c7", "healthy").await?;
    until_it_serves(&world, &bad).await?;
    let alarm = json!({ "name": "shop-errors", "state": "ALARM" });
    world.lab.post("alarms", &alarm).await?;
    assert_eq!(world.ended("4a5b6c7").await?, "rolled_back");

    let good_release = world.ledger().release(TAG).await?.id;
    let command = [
        "rollback",
        "shop-api",
        STAGE,
        "--to",
        &good_release,
        "--reason",
        "make sure",
    ];
    let rollback = world.ordered(&command).await?["rollback"].clone();
    world
        .until("the rollback ends", async |world| {
            let releases = world.releases().await?;
            Ok(releases
                .iter()
                .any(|one| rollback == one.id && one.outcome.is_some()))
        })
        .await?;
    let releases = world.releases().await?;
    let back = releases.iter().find(|one| rollback == one.id);
    assert_eq!(
        back.and_then(|one| one.outcome.as_deref()),
        Some("succeeded")
    );
    assert_eq!(world.visit(STAGE).await?, good);
    assert_eq!(deployments(&world).await?.len(), 3, "nothing was started");
    Ok(())
}

#[tokio::test]
async fn it_dies_after_it_has_let_traffic_through() -> Result<(), Error> {
    goes_wrong("ecs", "ContinueServiceDeployment", "crash-after").await
}

#[tokio::test]
async fn a_hook_that_cannot_reach_the_ledger_is_asked_again() -> Result<(), Error> {
    let world = World::start_native(&Native::blue_green()).await?;
    let fault = json!([{ "service": "dynamodb", "caller": "towpath-lifecycle-hook", "outcome": "throttled" }]);
    world.fail(&fault).await?;
    let digest = world.push(TAG, "healthy").await?;

    world
        .until("the hook is called in vain", async |world| {
            let calls = world.lab.get("journal").await?;
            let entries = calls["entries"].as_array().cloned().unwrap_or_default();
            Ok(entries
                .iter()
                .any(|call| call["caller"] == "towpath-lifecycle-hook"))
        })
        .await?;
    world.pass(120).await?;
    world.heal().await?;
    world.ended(TAG).await?;
    ended_as(&world, "succeeded", &digest).await
}

/// A service that no load balancer leads to is rolled out, and taken back, as any other.
async fn reached_otherwise(reached: Reached) -> Result<(), Error> {
    let world = World::start_native(&Native::without_balancer(reached)).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.ended(TAG).await?;
    let reason = world.reason(TAG).await?;
    assert_eq!(
        world.outcome(TAG).await?.as_deref(),
        Some("succeeded"),
        "{reason}"
    );
    assert_eq!(world.running(STAGE).await?, [digest.as_str()]);
    assert_eq!(deployments(&world).await?.len(), 2);

    let command = ["rollback", "shop-api", STAGE, "--to"];
    let release = world.ledger().release(TAG).await?.id;
    let bad = world.push("4a5b6c7", "healthy").await?;
    assert_eq!(world.ended("4a5b6c7").await?, "succeeded");
    assert_eq!(world.running(STAGE).await?, [bad]);
    let command: Vec<&str> = command
        .into_iter()
        .chain([release.as_str(), "--reason", "orders get lost"])
        .collect();
    let rollback = world.ordered(&command).await?["rollback"].clone();
    world
        .until("the rollback ends", async |world| {
            let releases = world.releases().await?;
            Ok(releases
                .iter()
                .any(|one| rollback == one.id && one.outcome.is_some()))
        })
        .await?;
    assert_eq!(world.running(STAGE).await?, [digest]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_service_without_anything_that_leads_traffic_to_it_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Headless).await
}

#[tokio::test]
async fn a_service_of_service_connect_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Connect).await
}

#[tokio::test]
async fn a_service_of_vpc_lattice_is_rolled_out() -> Result<(), Error> {
    reached_otherwise(Reached::Lattice).await
}

#[tokio::test]
async fn a_service_of_a_gateway_may_ask_people_and_one_without_traffic_may_not() -> Result<(), Error>
{
    let asking = |reached: Reached| Native {
        asks: true,
        pauses_at: vec!["PRE_PRODUCTION_TRAFFIC_SHIFT"],
        ..Native::without_balancer(reached)
    };
    let world = World::start_native(&asking(Reached::Gateway)).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running(STAGE).await?, [digest]);

    let world = World::start_native(&asking(Reached::Headless)).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("ask `before_rollout`"), "{reason}");
    assert_eq!(world.running(STAGE).await?, [world.shop.initial.as_str()]);
    Ok(())
}

#[tokio::test]
async fn a_strategy_that_the_pipeline_does_not_name_is_refused_before_anything_is_changed()
-> Result<(), Error> {
    let native = Native::blue_green();
    let world = World::start_native(&native).await?;
    let mut pipeline = native.pipeline(&world.shop.stages[0]);
    pipeline["stages"][0]["rollout"] = json!({ "rolling": {} });
    if let Some(stage) = pipeline["stages"][0].as_object_mut() {
        stage.remove("checks");
    }
    world.shop.apply(&world.lab, &pipeline).await?;
    world.push(TAG, "healthy").await?;
    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("write `rollout: {ecs: {}}`"), "{reason}");
    assert_eq!(deployments(&world).await?.len(), 1);
    Ok(())
}
