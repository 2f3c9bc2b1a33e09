//! What `towpath status` and `towpath rollback` make of a service that somebody has changed by hand, or
//! that no release has come to yet.

use serde_json::json as value;
use towpath_core::release::Rollback;

use super::shop::*;
use super::*;
use crate::deployer::memory::Replies;

/// Every service runs that revision, and nothing that failed is left in it.
fn running(number: u8) -> Replies {
    Replies::default()
        .say(
            "ecs:DescribeServices",
            value!({ "services": [{ "status": "ACTIVE", "taskDefinition": revision(number) }] }),
        )
        .say(
            "codedeploy:GetDeploymentGroup",
            value!({ "deploymentGroupInfo": {} }),
        )
}

/// A shop in whose production Towpath has left `api:7`, and which runs another revision.
fn changed_by_hand() -> (Memory, ReleaseId, ReleaseId) {
    let (mut deployer, good, last) = shop();
    row(&mut deployer).baseline = Some(revision(7));
    deployer.answers = running(8);
    (deployer, good, last)
}

fn production(deployer: &Memory) -> serde_json::Value {
    let (_, printed) = towpath(deployer, &["status", "--output", "json"]);
    json(&printed)["pipelines"][0]["stages"][2].clone()
}

/// The rollback that was opened.
fn opened(deployer: &Memory) -> Rollback {
    let ordered = deployer.ordered.borrow();
    match ordered.opened.last().map(|(_, events)| events.as_slice()) {
        Some(
            [
                Event::Opened {
                    rollback: Some(rollback),
                    ..
                },
            ],
        ) => (**rollback).clone(),
        other => panic!("a rollback is opened: {other:?}"),
    }
}

#[test]
fn status_says_what_runs_where_towpath_has_not_deployed_it() {
    let (mut deployer, _, last) = changed_by_hand();
    let text = no(&deployer, &["status"]);
    let line = text.lines().find(|line| line.contains("production"));
    let line = line.unwrap_or_default();
    for said in [
        "api:8, Towpath does not know since when",
        "the service runs api:8, but Towpath left api:7: somebody else has changed it",
        "the next release does not overwrite it but puts the stage on hold: \
         `towpath release-hold shop-api production --reason …` accepts what runs then",
        "Towpath's last there was 0000002 since",
    ] {
        assert!(line.contains(said), "{said}: {line}");
    }
    let stage = production(&deployer);
    assert!(stage["runs"].is_null(), "{stage}");
    assert_eq!(stage["runs_instead"]["revision"], revision(8).as_str());
    assert_eq!(stage["runs_instead"]["holds"], true);
    assert_eq!(stage["last_left"]["release"], last.as_str());

    // What was accepted keeps no release, and is not Towpath's all the same.
    row(&mut deployer).baseline = None;
    let text = yes(&deployer, &["status"]);
    assert!(
        text.contains("which was not deployed by Towpath and was accepted"),
        "{text}"
    );
    assert_eq!(production(&deployer)["runs_instead"]["holds"], false);

    deployer.answers = running(7);
    yes(&deployer, &["status"]);
    assert_eq!(production(&deployer)["runs"]["release"], last.as_str());
}

#[test]
fn status_says_what_it_has_not_looked_at() {
    let (mut deployer, _, last) = changed_by_hand();
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let (answer, _) = towpath(&deployer, &["status"]);
    assert_eq!(answer, Ok(Answer::Yes));
    let stage = production(&deployer);
    assert_eq!(stage["runs"]["release"], last.as_str());
    assert_eq!(
        stage["not_looked_at"],
        "ecs:DescribeServices: AccessDeniedException: refused"
    );
    // Who may not ask CodeDeploy sees what runs all the same.
    deployer.answers = running(8).refuse("codedeploy:GetDeploymentGroup", "AccessDeniedException");
    let stage = production(&deployer);
    assert_eq!(stage["runs_instead"]["revision"], revision(8).as_str());
    assert!(
        stage["not_looked_at"]
            .to_string()
            .contains("codedeploy:GetDeploymentGroup")
    );
}

#[test]
fn a_rollback_of_what_somebody_has_put_there_brings_back_what_towpath_left_last() {
    let (mut deployer, good, last) = changed_by_hand();
    let text = ordered(&deployer, "rollback", &[]);
    assert!(
        text.contains("the service runs api:8, but Towpath left api:7: somebody else has changed it. What Towpath deployed last comes back"),
        "{text}"
    );
    assert!(text.contains("goes back to 0000002"), "{text}");
    let rollback = opened(&deployer);
    assert_eq!((&rollback.good_release, &rollback.from), (&last, &None));
    assert_eq!(rollback.revision, revision(7));

    // One that is named is brought back, whatever runs.
    ordered(&deployer, "rollback", &["--to", good.as_str()]);
    assert_eq!(opened(&deployer).good_release, good);

    // Where it runs what Towpath left, the one before comes back.
    deployer.ordered.take();
    deployer.answers = running(7);
    let report = json(&ordered(&deployer, "rollback", &["--output", "json"]));
    assert!(report["runs_instead"].is_null(), "{report}");
    assert_eq!(opened(&deployer).good_release, good);

    // Where it may not be looked at, the ledger alone decides, which is said.
    deployer.ordered.take();
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let text = ordered(&deployer, "rollback", &[]);
    assert!(
        text.contains("could not be read") && text.contains("ecs:DescribeServices"),
        "{text}"
    );
    assert_eq!(opened(&deployer).good_release, good);
}

#[test]
fn before_the_first_release_the_way_out_is_a_push() {
    let mut deployer = Memory::new();
    deployer.keep(SHOP);
    let primary = value!({ "id": "ecs-svc/7", "status": "PRIMARY", "rolloutState": "FAILED",
        "rolloutStateReason": "tasks failed to start.", "taskDefinition": revision(1) });
    deployer.answers = running(1).first(
        "ecs:DescribeServices",
        value!({ "services": [{ "status": "ACTIVE", "deployments": [primary],
            "taskDefinition": revision(1) }] }),
    );
    let text = yes(&deployer, &["status"]);
    assert!(
        text.contains("no release deployed yet; know that ecs-svc/7 of api:1 failed")
            && text.contains("push the first image"),
        "{text}"
    );
    assert!(!text.contains("towpath rollback"), "{text}");
    let error = refused(&deployer, "rollback", &[]);
    assert!(
        error.contains("no release has succeeded in production yet")
            && error.contains("push an image"),
        "{error}"
    );
}
