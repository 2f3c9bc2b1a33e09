//! What a rollback brings back where nobody names it.

use jiff::Timestamp;

use super::given::stage;
use crate::names::ReleaseId;
use crate::release::{
    Drift, GoodRelease, Revision, RollbackRefused, ServiceRow, Serving, served_before,
};

fn revision(number: u8) -> Revision {
    format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/api:{number}")
        .parse()
        .unwrap()
}

fn good(number: u8) -> GoodRelease {
    let release: ReleaseId = format!("shop-api-{number:016x}").parse().unwrap();
    GoodRelease {
        release,
        digest: None,
        revision: revision(number),
        anew: None,
        at: Timestamp::UNIX_EPOCH,
        is_from_before: false,
    }
}

/// A service in which one release succeeded after another one.
fn served() -> ServiceRow {
    ServiceRow {
        last_good: Some(good(5)),
        history: vec![good(4)],
        baseline: Some(revision(5)),
        taken_by: Some(good(5).release),
        ..ServiceRow::default()
    }
}

#[test]
fn what_was_left_last_comes_back_where_something_else_serves() {
    let accepted = ServiceRow {
        baseline: None,
        ..served()
    };
    // What was brought back may have had to be registered anew: it is as Towpath left it.
    let anew = ServiceRow {
        last_good: Some(GoodRelease {
            anew: Some(revision(8)),
            ..good(5)
        }),
        baseline: Some(revision(8)),
        ..served()
    };
    let anew_and_lifted = ServiceRow {
        baseline: None,
        ..anew.clone()
    };
    // A release that failed has left what somebody had put there, and which was accepted.
    let left = ServiceRow {
        baseline: Some(revision(6)),
        ..served()
    };
    for (row, serving, back) in [
        (served(), Serving::Runs(revision(5)), 4),
        (served(), Serving::Runs(revision(6)), 5),
        (accepted.clone(), Serving::Runs(revision(5)), 4),
        (accepted, Serving::Runs(revision(6)), 5),
        (anew.clone(), Serving::Runs(revision(8)), 4),
        (anew, Serving::Runs(revision(6)), 5),
        (anew_and_lifted.clone(), Serving::Runs(revision(8)), 4),
        (anew_and_lifted, Serving::Runs(revision(6)), 5),
        (left.clone(), Serving::Runs(revision(6)), 5),
        (left, Serving::Runs(revision(5)), 4),
        (served(), Serving::NotDriven, 5),
        (served(), Serving::Failed(Some(revision(5))), 4),
        (served(), Serving::Failed(Some(revision(6))), 5),
        (served(), Serving::Failed(None), 5),
        (served(), Serving::NotKnown, 4),
    ] {
        let found = served_before(&row, &serving, &stage("test"));
        let found = found.map(|found| &found.release);
        assert_eq!(found, Ok(&good(back).release), "{serving:?} in {row:?}");
    }
}

#[test]
fn nothing_comes_back_where_nothing_is_known_to_have_served() {
    let first = ServiceRow {
        history: Vec::new(),
        ..served()
    };
    assert_eq!(
        served_before(&first, &Serving::Runs(revision(5)), &stage("test")),
        Err(RollbackRefused::NothingBefore(stage("test")))
    );
    let nothing_yet = Err(RollbackRefused::NothingYet(stage("test")));
    for serving in [
        Serving::Runs(revision(1)),
        Serving::Failed(Some(revision(1))),
        Serving::NotDriven,
        Serving::NotKnown,
    ] {
        let row = ServiceRow::default();
        assert_eq!(served_before(&row, &serving, &stage("test")), nothing_yet);
    }
}

#[test]
fn a_service_that_no_release_has_touched_has_not_drifted() {
    let new = ServiceRow::default();
    assert_eq!(new.drift(&revision(1)), Drift::Untouched);
    assert!(new.is_new());
    assert!(!served().is_new());
    let failed = ServiceRow {
        taken_by: Some(good(1).release),
        ..ServiceRow::default()
    };
    assert!(!failed.is_new(), "a release was there");
}
