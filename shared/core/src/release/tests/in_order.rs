//! Releases that are rolled out in the order in which they came.

use super::given::{Story, given, other, stage};
use crate::release::{
    ActionKind, BlockedBy, Decision, Event, Outcome, ServiceWrite, service_change,
};
use crate::sample;

fn in_order(policy: &str) -> Story {
    let mut json = sample::shop_json();
    json["arrivals"] = policy.into();
    let stage = json["stages"][2].take();
    json["stages"] = serde_json::json!([stage]);
    given(sample::pipeline(json)).pushed("3f2c1ab").muted()
}

#[test]
fn releases_in_order_wait_for_older_ones_and_take_nobodys_place() {
    let older = other(
        "older00",
        sample::dawn() - jiff::SignedDuration::from_hours(1),
    );
    let row = |plan: &mut crate::release::Plan| {
        plan.service.candidate = Some(older.clone());
        plan.service.waiting = vec![older.clone()];
    };
    let story = in_order("queue").planned_but("production", row);
    let change = service_change(
        &story.release,
        &[story.release.entries()[1].event.clone()],
        story.now,
    );
    assert_eq!(change.expect("it waits").write, ServiceWrite::Enqueue);
    let story = story
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve)
        .planned_but("production", row);
    let [Event::Blocked { by, .. }] = &story.records()[..] else {
        panic!("it waits: {:?}", story.records());
    };
    assert_eq!(
        *by,
        BlockedBy::Turn {
            release: older.release.clone()
        }
    );
    let gone = story.planned_but("production", |plan| {
        plan.service.candidate = Some(older.clone());
    });
    assert!(matches!(
        &gone.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

#[test]
fn an_approval_counts_for_what_ran_when_people_were_asked_where_the_pipeline_wants_that() {
    for (policy, is_void) in [("queue", false), ("require_reapproval", true)] {
        let story = in_order(policy)
            .planned("production", sample::plan())
            .asked("production", 1)
            .voted("production-1", sample::slack("U1"), Decision::Approve)
            .planned_but("production", |plan| plan.previous = sample::revision(9));
        let voided = matches!(&story.records()[..], [Event::ApprovalVoided { .. }]);
        assert_eq!(voided, is_void, "{policy}: {:?}", story.records());
    }
}

#[test]
fn who_waits_in_order_leaves_room_when_it_ends() {
    let story = in_order("queue").planned("production", sample::plan());
    let ended = [Event::RolloutEnded {
        stage: stage("production"),
        outcome: Outcome::Expired,
        reason: sample::reason("r"),
        revision: None,
    }];
    let change = service_change(&story.release, &ended, story.now);
    assert_eq!(change.expect("it leaves").write, ServiceWrite::Leave);
    let story = story.happened(ended[0].clone());
    assert_eq!(story.kinds(), [ActionKind::NotifyNext]);
}
