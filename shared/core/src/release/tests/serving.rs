//! What serves and is to be rolled back: it is, however late, or people are told that it is not.

use serde_json::json;

use super::given::{Story, deployment, given, stage};
use crate::pipeline::HookPoint;
use crate::release::{
    ActionKind, Arrival, Block, BlockedBy, CheckResult, DeploymentStatus, Event, Observe, Outcome,
    RollBack, ServiceWrite, service_change,
};
use crate::sample;

const ID: &str = "d-1";

/// A release that serves in its only stage, and is watched there for four hours.
fn serving() -> Story {
    started()
        .observed(ID, DeploymentStatus::Succeeded)
        .restored()
}

/// The same while it is rolled out.
fn started() -> Story {
    let mut json = sample::shop_json();
    let mut only = json["stages"][1].take();
    only["timeout"] = json!("1h");
    only["bake"] = json!("4h");
    only["checks"] =
        json!([{ "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } }]);
    json["stages"] = json!([only]);
    given(sample::silent(sample::pipeline(json)))
        .pushed("3f2c1ab")
        .planned("staging", sample::plan())
        .took("staging", 1)
        .intended()
        .registered(8)
        .suspended()
        .intended()
        .started(ID)
}

fn unwanted() -> Event {
    Event::RollbackRequested {
        stage: stage("staging"),
        by: sample::slack("U1"),
        reason: Some("it is slow".into()),
    }
}

fn alarm() -> Event {
    Event::Checked {
        stage: stage("staging"),
        deployment: Some(deployment(ID)),
        at: HookPoint::Bake,
        results: vec![CheckResult {
            check: "errors".parse().expect("a check"),
            passed: false,
            detail: "shop-5xx is in ALARM".into(),
        }],
    }
}

fn begun(hold: bool) -> Event {
    Event::RollbackStarted {
        deployment: None,
        alias: None,
        reason: sample::too_late(),
        outcome: Outcome::RolledBack,
        hold,
    }
}

/// Why the stage is held, as the release ends.
fn held(story: &Story) -> (Outcome, String, String) {
    let records = story.records();
    let [
        Event::Held { reason: hold, .. },
        Event::RolloutEnded {
            outcome, reason, ..
        },
        ..,
    ] = &records[..]
    else {
        panic!("it ends and is held: {records:?}");
    };
    (*outcome, reason.to_string(), hold.to_string())
}

#[test]
fn it_is_rolled_back_late_in_a_long_bake_too() {
    for event in [unwanted(), alarm()] {
        let story = serving().at(150).happened(event);
        let RollBack { hold: true, .. } = &story.rolls_back() else {
            panic!("it rolls back: {:?}", story.records());
        };
    }
}

#[test]
fn a_rollback_that_aws_refuses_is_asked_for_once_and_holds_the_stage() {
    let story = serving().happened(alarm());
    assert_eq!(story.kinds(), [ActionKind::RollBack]);
    let story = story.intended();
    let story = story.refused(ActionKind::RollBack, "TaskDefinition is inactive");
    let (outcome, reason, hold) = held(&story);
    assert_eq!(outcome, Outcome::Failed);
    for said in [&reason, &hold] {
        assert!(
            said.contains("TaskDefinition is inactive") || said.contains("errors"),
            "{said}"
        );
    }
    assert!(reason.contains("it still serves: look at d-1"), "{reason}");
    assert!(hold.contains("look at what serves"), "{hold}");
}

#[test]
fn a_rollback_that_leads_nowhere_is_given_up_and_holds_the_stage() {
    let back = Event::RollbackStarted {
        deployment: Some(deployment("d-2")),
        alias: None,
        reason: sample::failed("it is slow"),
        outcome: Outcome::RolledBack,
        hold: true,
    };
    let story = serving().at(150).happened(unwanted()).intended();
    let story = story
        .happened(back)
        .observed(ID, DeploymentStatus::Succeeded);
    let late = story.at(150 + 61);
    let (outcome, reason, hold) = held(&late);
    assert_eq!(outcome, Outcome::Failed);
    assert!(reason.contains("it still serves"), "{reason}");
    assert!(hold.contains("was to be rolled back"), "{hold}");
}

#[test]
fn who_joins_a_rollback_that_began_by_itself_gets_it_whatever_has_come_meanwhile() {
    // It had succeeded in the moment in which its time was up.
    let story = serving().happened(begun(false)).happened(unwanted());
    let story = story.at(1).observed(ID, DeploymentStatus::Succeeded);
    let RollBack {
        hold: true, reason, ..
    } = &story.rolls_back()
    else {
        panic!("it rolls back: {:?}", story.records());
    };
    assert!(reason.to_string().contains("it is slow"), "{reason}");
    // Nobody has joined: the success is taken as it comes.
    let alone = serving().happened(begun(false)).at(1);
    let alone = alone.observed(ID, DeploymentStatus::Succeeded);
    assert_eq!(alone.kinds(), [ActionKind::RunChecks]);
}

#[test]
fn a_rollback_that_somebody_asked_for_holds_the_stage_whoever_began_it() {
    let story = serving().happened(begun(false)).happened(unwanted());
    let story = story.observed(
        ID,
        DeploymentStatus::RolledBack {
            reason: sample::fault("r"),
        },
    );
    let (outcome, _, hold) = held(&story);
    assert_eq!(outcome, Outcome::RolledBack);
    assert!(hold.contains("it is slow"), "{hold}");
}

#[test]
fn whoever_finds_that_it_was_replaced_takes_nothing_back() {
    let story = serving().happened(unwanted()).intended();
    let replaced = DeploymentStatus::Replaced {
        by: sample::external(),
    };
    let (outcome, _, hold) = held(&story.observed(ID, replaced));
    assert_eq!(outcome, Outcome::Superseded);
    assert!(
        hold.contains("a deployment of shop:9 was started outside of Towpath"),
        "{hold}"
    );
}

#[test]
fn what_was_seen_to_serve_is_looked_at_as_such() {
    let reported = |story: Story| {
        let event = Event::DeploymentReported {
            deployment: deployment(ID),
            state: "SUCCESS".into(),
        };
        let asked = story.happened(event).looks();
        let Observe { shifted, .. } = &asked;
        *shifted
    };
    assert!(reported(serving()));
    assert!(!reported(started()));
}

#[test]
fn a_release_that_holds_its_stage_as_it_arrives_arrives_all_the_same() {
    for (policy, arrival) in [
        ("newest_wins", Arrival::Candidate),
        ("queue", Arrival::InOrder),
    ] {
        let mut json = sample::shop_json();
        json["arrivals"] = json!(policy);
        let story = given(sample::silent(sample::pipeline(json))).pushed("3f2c1ab");
        let events = [
            Event::Planned {
                stage: stage("test"),
                plan: Box::new(sample::plan()),
            },
            Event::Held {
                stage: stage("test"),
                reason: sample::hold(),
            },
            Event::Blocked {
                stage: stage("test"),
                by: BlockedBy::Hold {
                    hold: Block::Release(sample::hold()),
                },
            },
        ];
        let change = service_change(&story.release, &events, story.now);
        assert_eq!(
            change.expect("a change").write,
            ServiceWrite::Hold {
                epoch: 0,
                reason: sample::hold(),
                arrival: Some(arrival),
            }
        );
    }
}
