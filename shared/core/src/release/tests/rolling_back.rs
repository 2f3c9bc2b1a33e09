//! Rollbacks of a rollout that is under way.

use super::bringing_back::somebody;
use super::given::{Story, given, kept, stage};
use crate::release::{
    Accepted, DeploymentStatus, Event, Incoming, Outcome, Principal, RollBack, ServiceWrite,
    service_change,
};
use crate::sample;

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn wanted(by: Principal) -> Incoming {
    Incoming::RollBack {
        stage: stage("test"),
        by,
        reason: Some("it is slow".into()),
        stored: kept(),
    }
}

#[test]
fn a_rollout_is_rolled_back_when_somebody_wants_it_and_the_stage_is_held() {
    let story = pushed().deploying_at_test();
    let Ok(Accepted::Add(events)) = story.accepts(wanted(somebody())) else {
        panic!("it is taken");
    };
    let story = story.happened(events[0].clone());
    assert_eq!(story.accepts(wanted(somebody())), Ok(Accepted::Known));
    let RollBack { hold: true, .. } = &story.rolls_back() else {
        panic!("it rolls back: {:?}", story.asks_for());
    };
    let story = story
        .intended()
        .happened(Event::RollbackStarted {
            deployment: None,
            alias: None,
            reason: sample::failed("ada rolled it back"),
            outcome: Outcome::RolledBack,
            hold: true,
        })
        .observed(
            "ecs-svc/1",
            DeploymentStatus::RolledBack {
                reason: sample::fault("r"),
            },
        )
        .restored();
    let records = story.records();
    let [Event::Held { reason, .. }, Event::RolloutEnded { .. }, ..] = &records[..] else {
        panic!("it is held: {records:?}");
    };
    let reason = reason.to_string();
    assert_eq!(reason, "3f2c1ab was rolled back: ada rolled it back");
    let change = service_change(&story.release, &records, story.now).expect("a change");
    let ServiceWrite::LetGo {
        hold: Some(held),
        baseline,
        good: None,
        ..
    } = change.write
    else {
        panic!("it frees and holds: {:?}", change.write);
    };
    assert_eq!(held.to_string(), reason);
    assert_eq!(baseline, Some(sample::plan().previous));
}

#[test]
fn a_rollout_that_has_changed_nothing_is_only_stopped() {
    let story = pushed().planned("test", sample::plan()).took("test", 1);
    let story = story.happened(Event::RollbackRequested {
        stage: stage("test"),
        by: somebody(),
        reason: None,
    });
    let (outcome, reason) = story.gives_up();
    assert_eq!(outcome, Outcome::Stopped);
    assert!(reason.ends_with("user/ada rolled it back"), "{reason}");
}

#[test]
fn strangers_take_nothing_back_and_there_must_be_something() {
    let story = pushed().deploying_at_test();
    for by in [sample::slack("U9"), Principal::TokenHolder] {
        let refusal = story.accepts(wanted(by)).expect_err("no operator");
        assert!(refusal.to_string().contains("operator"), "{refusal}");
    }
    let refusal = pushed().accepts(wanted(somebody())).expect_err("nothing");
    assert!(refusal.to_string().contains("nothing to roll back"));
}
