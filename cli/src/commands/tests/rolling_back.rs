//! `towpath rollback`.

use towpath_core::pipeline::Pipeline;
use towpath_core::release::{EndReason, Outcome};

use super::shop::*;
use super::*;
use crate::deployer::memory::Replies;

#[test]
fn a_rollback_brings_back_the_release_before() {
    let (deployer, good, worse) = shop();
    let rest = ["--reason", "orders get lost", "--output", "json"];
    let report = json(&ordered(&deployer, "rollback", &rest));
    assert_eq!(report["to"]["release"], good.as_str());
    assert_eq!(
        (&report["new"], &report["rolled_back"]),
        (&true.into(), &().into())
    );
    let again = json(&ordered(&deployer, "rollback", &rest));
    assert_eq!(
        (&again["new"], &again["rollback"]),
        (&false.into(), &report["rollback"])
    );

    let ordered = deployer.ordered.borrow();
    let [(id, events)] = ordered.opened.as_slice() else {
        panic!("one rollback: {:?}", ordered.opened);
    };
    assert_eq!(report["rollback"], id.as_str());
    let [
        Event::Opened {
            rollback: Some(rollback),
            image,
            ..
        },
    ] = events.as_slice()
    else {
        panic!("a rollback is opened: {events:?}");
    };
    assert_eq!(
        (&rollback.good_release, &rollback.from),
        (&good, &Some(worse))
    );
    assert_eq!(image.tag.as_str(), "0000001");
    assert_eq!(rollback.reason.as_deref(), Some("orders get lost"));
}

#[test]
fn a_rollback_names_any_release_that_succeeded_there() {
    let (deployer, good, _) = shop();
    let text = ordered(&deployer, "rollback", &["--to", good.as_str()]);
    assert!(
        text.contains("production of shop-api goes back to 0000001"),
        "{text}"
    );
    let ordered = deployer.ordered.borrow();
    let Event::Opened {
        rollback: Some(rollback),
        ..
    } = &ordered.opened[0].1[0]
    else {
        panic!("a rollback is opened");
    };
    assert_eq!(rollback.revision, revision(6), "with which it succeeded");
}

#[test]
fn a_rollback_takes_its_revision_from_the_good_releases_own_entries() {
    let (mut deployer, _, _) = shop();
    row(&mut deployer).history[0].revision = revision(66);
    ordered(&deployer, "rollback", &[]);
    let ordered = deployer.ordered.borrow();
    let Event::Opened {
        rollback: Some(rollback),
        ..
    } = &ordered.opened[0].1[0]
    else {
        panic!("a rollback is opened");
    };
    assert_eq!(rollback.revision, revision(6), "whatever the row says");
}

#[test]
fn a_rollback_is_refused_with_the_way_out() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    let failed = deployer.release(&pipeline, "0000003", &[]);
    let error = refused(&deployer, "rollback", &["--to", failed.as_str()]);
    assert!(error.contains("never served in production"), "{error}");
    let error = refused(
        &deployer,
        "rollback",
        &["--to", "shop-api-0123456789abcdef"],
    );
    assert!(error.contains("`towpath history` shows"), "{error}");
    deployer.services.clear();
    let error = refused(&deployer, "rollback", &[]);
    assert!(error.contains("named with --to"), "{error}");
    let (answer, _) = towpath(&deployer, &["rollback", "shop-api", "nowhere"]);
    let error = answer.unwrap_err();
    assert!(
        error.contains("it has test, staging, production"),
        "{error}"
    );
    let (answer, _) = towpath(&deployer, &["rollback", "other", "production"]);
    assert!(answer.unwrap_err().contains("there is no pipeline `other`"));
}

#[test]
fn what_failed_and_is_left_in_place_is_told_and_makes_way_for_what_is_good() {
    let (mut deployer, _, serving) = shop();
    let primary = serde_json::json!({ "id": "ecs-svc/7", "status": "PRIMARY", "rolloutState": "FAILED",
        "rolloutStateReason": "ECS deployment circuit breaker: tasks failed to start.",
        "taskDefinition": revision(9), "desiredCount": 2, "runningCount": 1, "failedTasks": 3 });
    deployer.answers = Replies::default()
        .say_about(
            "ecs:DescribeServices",
            "shop-test",
            serde_json::json!({ "services": [{ "status": "ACTIVE", "deployments": [primary] }] }),
        )
        .say_about("ecs:DescribeServices", "shop-staging", serde_json::json!({ "services": [] }))
        .say(
            "ecs:DescribeServices",
            serde_json::json!({ "services": [{ "status": "ACTIVE",
                "taskSets": [{ "id": "ecs-svc/9", "taskDefinition": revision(9) }] }] }),
        )
        .say(
            "codedeploy:GetDeploymentGroup",
            serde_json::json!({ "deploymentGroupInfo": { "lastAttemptedDeployment": {
                "deploymentId": "d-1", "status": "Failed" } } }),
        )
        .say(
            "codedeploy:GetDeploymentTarget",
            serde_json::json!({ "deploymentTarget": { "ecsTarget": { "taskSetsInfo": [
                { "identifer": "ecs-svc/9", "taskSetLabel": "Green", "trafficWeight": 100.0 }] } } }),
        );
    let text = no(&deployer, &["status"]);
    for said in [
        "know that ecs-svc/7 of api:9 failed and was left in place (1 of 2 tasks run, 3 failed): ECS deployment circuit breaker",
        "FAILED: there is no active service 111111111111/eu-west-1/shop-staging/api",
        "FAILED: CodeDeploy's deployment d-1 failed and was left in place: 100% of traffic goes to api:9",
        "`towpath rollback shop-api production` returns to what served before",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let report = json(&ordered(&deployer, "rollback", &["--output", "json"]));
    assert_eq!(
        report["to"]["release"],
        serving.as_str(),
        "the last that was good"
    );

    // Who may not ask ECS is told, and the ledger decides.
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let text = yes(&deployer, &["status"]);
    assert!(
        text.contains("could not be asked: ecs:DescribeServices"),
        "{text}"
    );
}

#[test]
fn what_is_being_rolled_out_is_rolled_back() {
    let (mut deployer, good, _) = shop();
    let pipeline = deployer.keep(SHOP);
    let live = live(&mut deployer, &pipeline);
    let text = ordered(&deployer, "rollback", &["--reason", "the wrong one"]);
    assert!(
        text.contains(&format!("{live} is being rolled back")),
        "{text}"
    );
    {
        let ordered = deployer.ordered.borrow();
        assert_eq!(ordered.recorded.len(), 1);
        assert_eq!(ordered.recorded[0].0, live);
        assert!(
            ordered.opened.is_empty(),
            "what ran before serves again by itself"
        );
    }
    // With --to, the rollback to it waits behind what is rolled back.
    let rest = ["--to", good.as_str(), "--output", "json"];
    let report = json(&ordered(&deployer, "rollback", &rest));
    assert_eq!(report["rolled_back"], live.as_str());
    assert_eq!(report["to"]["release"], good.as_str());
}

#[test]
fn what_cannot_be_brought_back_is_found_out_before_anything_is_rolled_back() {
    let (mut deployer, _, _) = shop();
    let pipeline = deployer.keep(SHOP);
    live(&mut deployer, &pipeline);
    let never = deployer.release(&pipeline, "0000005", &[]);
    for to in [never.as_str(), "shop-api-0123456789abcdef", "api:99"] {
        let error = refused(&deployer, "rollback", &["--to", to]);
        assert!(error.contains("`towpath history` shows"), "{error}");
    }
    let ordered = deployer.ordered.borrow();
    assert!(ordered.recorded.is_empty() && ordered.opened.is_empty());
}

#[test]
fn a_rollback_that_has_ended_in_vain_is_asked_for_anew() {
    let (mut deployer, _, _) = shop();
    let rest = ["--output", "json"];
    let first = json(&ordered(&deployer, "rollback", &rest));
    let (id, events) = deployer.ordered.borrow().opened[0].clone();
    let ended = Event::Ended {
        outcome: Outcome::Failed,
        reason: EndReason::NoService,
    };
    deployer.write(&id, &[&events[..], &[ended]].concat());
    let again = json(&ordered(&deployer, "rollback", &rest));
    assert_eq!((&first["new"], &again["new"]), (&true.into(), &true.into()));
    assert_ne!(first["rollback"], again["rollback"]);
    assert_eq!(first["to"], again["to"]);
}

#[test]
fn a_service_that_changes_hands_each_time_is_not_rolled_back() {
    let (mut deployer, _, last) = shop();
    // By its own entries it has let the service go.
    row(&mut deployer).owner = Some(last);
    let error = refused(&deployer, "rollback", &[]);
    assert!(
        error.contains("production changes hands again and again"),
        "{error}"
    );
    assert!(deployer.ordered.borrow().opened.is_empty());
}

#[test]
fn a_stage_that_was_renamed_is_rolled_back_under_its_new_name() {
    let (mut deployer, good, _) = shop();
    let renamed = SHOP.replace("name: production", "name: live");
    let rollback = ["rollback", "shop-api", "live", "--output", "json"];
    let called = |events: &[Event]| match events {
        [
            Event::Opened {
                rollback: Some(rollback),
                pipeline,
                ..
            },
        ] => (
            rollback.stage.to_string(),
            pipeline.stages[0].name.to_string(),
        ),
        other => panic!("a rollback is opened: {other:?}"),
    };
    deployer.keep(&renamed);
    let report = json(&yes(&deployer, &rollback));
    assert_eq!(report["to"]["release"], good.as_str());
    let of_the_release = || "production".to_owned();
    assert_eq!(
        called(&deployer.ordered.borrow().opened[0].1),
        (of_the_release(), of_the_release())
    );
    // So is what is being rolled out to it.
    let pipeline = deployer.keep(SHOP);
    let live = live(&mut deployer, &pipeline);
    deployer.keep(&renamed);
    let report = json(&yes(&deployer, &rollback));
    assert_eq!(report["rolled_back"], live.as_str());
    let ordered = deployer.ordered.borrow();
    let [(id, events)] = ordered.recorded.as_slice() else {
        panic!("it is rolled back: {:?}", ordered.recorded);
    };
    let [Event::RollbackRequested { stage, .. }] = events.as_slice() else {
        panic!("it is rolled back: {events:?}");
    };
    assert_eq!((id, stage.as_str()), (&live, "production"));
}

/// A release that is being rolled out to production.
fn live(deployer: &mut Memory, pipeline: &Pipeline) -> ReleaseId {
    let events = rolled_out_on(deployer.services.get(&service()));
    let live = deployer.release(pipeline, "0000004", &events);
    left_by(deployer, &live);
    live
}
