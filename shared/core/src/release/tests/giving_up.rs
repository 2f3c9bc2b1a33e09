//! `next` for a rollout that comes to no end: when it is given up, and what that leaves behind.

use super::given::{Story, given, in_progress, rolled_back};
use crate::release::{ActionKind, DeploymentStatus, Event, HoldReason, Outcome};
use crate::sample;

const ECS: &str = "ecs-svc/1";

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

/// Why the stage is held at the end, if it is.
fn hold(story: &Story) -> Option<HoldReason> {
    story.records().into_iter().find_map(|event| {
        if let Event::Held { reason, .. } = event {
            Some(reason)
        } else {
            None
        }
    })
}

#[test]
fn what_never_ends_is_given_up_after_twice_its_time() {
    let back = pushed()
        .deploying_at_test()
        .at(60)
        .intended()
        .happened(Event::RollbackStarted {
            deployment: None,
            alias: None,
            reason: sample::failed("too slow"),
            outcome: Outcome::RolledBack,
            hold: false,
        })
        .observed(ECS, in_progress("waits"));
    assert_eq!(back.clone().at(119).kinds(), [ActionKind::Observe]);
    let last_look = back.clone().at(120);
    assert_eq!(last_look.kinds(), [ActionKind::Observe]);
    let unchanged = last_look.clone().observed(ECS, in_progress("waits"));
    // Where it cannot be looked at, it is given up a little later all the same.
    for given_up in [unchanged, back.at(130)] {
        assert_eq!(given_up.kinds(), [ActionKind::RestoreScaling]);
        let (outcome, reason) = given_up.restored().gives_up();
        assert_eq!(outcome, Outcome::Failed);
        assert!(reason.contains(ECS), "{reason}");
    }
    let rolled_back = last_look.observed(ECS, rolled_back());
    assert_eq!(rolled_back.restored().gives_up().0, Outcome::RolledBack);
}

/// It was started late, or nobody came to look: as long as it is under way, nobody else may begin.
#[test]
fn what_nobody_has_looked_at_in_time_is_rolled_back_before_it_is_given_up() {
    let late = pushed().deploying_at_test().at(300);
    assert_eq!(late.kinds(), [ActionKind::RollBack]);
    let seen = late.observed(ECS, in_progress("waits"));
    assert_eq!(seen.kinds(), [ActionKind::RollBack]);
    // Nobody knows what came of that: it is tried again, for as long as the rollout might have taken.
    let unknown = Event::OutcomeUnknown {
        actions: vec![ActionKind::RollBack],
        said: "Rate exceeded".into(),
    };
    let tried = seen.intended().happened(unknown).at(301);
    assert_eq!(tried.kinds(), [ActionKind::RollBack]);
    let again = tried.intended().at(370);
    assert_eq!(again.kinds(), [ActionKind::RestoreScaling]);
    let held = hold(&again.restored());
    assert!(
        matches!(held, Some(HoldReason::NotRolledBack { .. })),
        "{held:?}"
    );
}

/// Whatever it is at when it is given up, whoever comes next must not begin beside it.
#[test]
fn what_is_given_up_while_it_is_under_way_holds_its_stage() {
    for status in [
        in_progress("waits"),
        DeploymentStatus::RollingBack {
            reason: sample::fault("r"),
            by: None,
        },
        DeploymentStatus::Halted {
            reason: sample::fault("r"),
        },
    ] {
        let given_up = pushed()
            .deploying_at_test()
            .observed(ECS, status.clone())
            .at(300);
        let given_up = if given_up.kinds() == [ActionKind::RollBack] {
            given_up.intended().at(370)
        } else {
            given_up
        };
        assert_eq!(given_up.kinds(), [ActionKind::RestoreScaling], "{status:?}");
        assert!(hold(&given_up.restored()).is_some(), "{status:?}");
    }
}
