//! `next` at a stage's gates: vetoes, manual changes, what runs already, approvals, holds, other owners, and
//! taking the service.

use super::bringing_back::somebody;
use super::given::{Story, given, other, stage};
use crate::names::Fingerprint;
use crate::release::{
    ActionKind, Block, BlockedBy, Candidate, Decision, DifferentPlaces, Event, Outcome,
    ServiceWrite, Step, service_change,
};
use crate::sample;

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn approved() -> Story {
    pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve)
        .planned("production", sample::plan())
}

/// A release older than the story's.
fn older() -> Candidate {
    other("0000001", sample::minute(-60))
}

#[test]
fn what_runs_already_has_succeeded() {
    let story = pushed().planned_but("test", |plan| plan.reuse = Some(plan.previous.clone()));
    let [
        Event::RolloutEnded {
            outcome: Outcome::Succeeded,
            revision,
            ..
        },
    ] = &story.records()[..]
    else {
        panic!("it succeeds: {:?}", story.records());
    };
    assert_eq!(revision, &Some(sample::revision(7)));
}

#[test]
fn success_at_the_last_stage_ends_the_release() {
    let story = pushed()
        .stands_at_production()
        .planned_but("production", |plan| {
            plan.reuse = Some(plan.previous.clone())
        });
    let ended: Vec<_> = story
        .records()
        .into_iter()
        .filter(|event| {
            matches!(
                event,
                Event::Ended {
                    outcome: Outcome::Succeeded,
                    ..
                }
            )
        })
        .collect();
    assert_eq!(ended.len(), 1);
}

#[test]
fn a_gate_asks_about_this_digest_and_this_definition() {
    let story = pushed()
        .stands_at_production()
        .planned("production", sample::plan());
    assert_eq!(
        story.records(),
        [Event::ApprovalRequested {
            stage: stage("production"),
            approval: "production-1".parse().unwrap(),
            digest: story.release.image().digest,
            spec: sample::plan().spec,
            expires_at: story.now + jiff::SignedDuration::from_hours(24),
            previous: Some(sample::plan().previous),
        }]
    );
}

#[test]
fn an_approval_of_something_else_is_void_and_people_are_asked_again() {
    let story = approved().planned_but("production", |plan| plan.spec = Fingerprint::of("other"));
    let records = story.records();
    let [Event::ApprovalVoided { approval, .. }] = &records[..] else {
        panic!("it voids: {records:?}");
    };
    assert_eq!(approval.as_str(), "production-1");
    let voided = story.happened(records[0].clone());
    assert!(matches!(
        &voided.records()[..],
        [Event::ApprovalRequested { approval, .. }] if approval.as_str() == "production-2"
    ));
}

#[test]
fn a_rejection_after_the_grant_still_stops_what_has_not_begun() {
    let story = approved().voted("production-1", sample::slack("U2"), Decision::Reject);
    assert_eq!(story.gives_up().0, Outcome::Refused);
}

fn ordered_hold() -> Block {
    Block::hold(sample::slack("U1"), "look first")
}

#[test]
fn another_owner_or_a_hold_makes_the_release_queue_and_then_wait() {
    let owned = pushed().planned_but("test", |plan| plan.service.owner = Some(older().release));
    let held = pushed().planned_but("test", |plan| plan.service.hold = Some(ordered_hold()));
    for (story, expected) in [
        (
            owned,
            BlockedBy::Owner {
                release: older().release,
            },
        ),
        (
            held,
            BlockedBy::Hold {
                hold: ordered_hold(),
            },
        ),
    ] {
        let blocked = Event::Blocked {
            stage: stage("test"),
            by: expected.clone(),
        };
        assert_eq!(story.records(), std::slice::from_ref(&blocked));
        let waiting = story.clone().happened(blocked);
        let (_, due) = waiting.waits();
        assert_eq!(waiting.release.blocked_by(), Some(expected));
        assert_eq!(due, Some(story.now + jiff::SignedDuration::from_secs(300)));
    }
}

#[test]
fn a_free_service_is_taken_with_the_epoch_after_the_one_that_was_read() {
    let story = pushed().planned_but("test", |plan| plan.service.epoch = 41);
    assert_eq!(
        story.records(),
        [Event::RolloutStarted {
            stage: stage("test"),
            epoch: 42,
        }]
    );
    assert!(matches!(
        &approved().records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

#[test]
fn a_plan_from_before_the_approval_is_read_again() {
    let story = pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve);
    assert_eq!(story.kinds(), [ActionKind::Plan]);
}

#[test]
fn asking_waits_for_votes_until_the_request_ends() {
    let story = pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1);
    assert_eq!(
        story.waits(),
        (
            "production: waits for approval by U1, U2 (0 of 1); expires if not approved by 2026-03-03T09:00:00Z; \
             shop:7 runs now"
                .into(),
            Some(sample::minute(1440))
        )
    );
    assert_eq!(story.clone().at(1439).waits().1, Some(sample::minute(1440)));
    assert_eq!(story.clone().at(1440).gives_up().0, Outcome::Expired);
    let rejected = story.voted("production-1", sample::slack("U2"), Decision::Reject);
    let (outcome, reason) = rejected.gives_up();
    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(reason, "Slack user U2 rejected it");
}

#[test]
fn one_of_two_needed_approvals_is_not_enough() {
    let mut json = sample::shop_json();
    json["stages"][2]["approval"]["required"] = 2.into();
    let story = given(sample::silent(sample::pipeline(json)))
        .pushed("3f2c1ab")
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve)
        .voted("production-1", sample::slack("U1"), Decision::Approve);
    assert_eq!(
        story.waits().0,
        "production: waits for approval by U1, U2 (1 of 2); expires if not approved by 2026-03-03T09:00:00Z; shop:7 runs now",
        "one person counts once"
    );
    let granted = story.voted("production-1", sample::slack("U2"), Decision::Approve);
    assert_eq!(granted.kinds(), [ActionKind::Plan]);
}

#[test]
fn a_pipeline_without_stages_ends_as_refused() {
    let mut pipeline = sample::shop();
    pipeline.stages.clear();
    let story = given(pipeline).pushed("3f2c1ab");
    assert!(matches!(
        &story.records()[..],
        [Event::Ended {
            outcome: Outcome::Refused,
            ..
        }]
    ));
}

#[test]
fn what_runs_now_is_not_taken_for_a_success_while_another_release_is_replacing_it() {
    let story = pushed().planned_but("test", |plan| {
        plan.reuse = Some(plan.previous.clone());
        plan.service.owner = Some(older().release);
    });
    assert_eq!(
        story.records(),
        [Event::Blocked {
            stage: stage("test"),
            by: BlockedBy::Owner {
                release: older().release,
            },
        }]
    );
}

#[test]
fn a_service_row_that_no_epoch_can_follow_is_no_panic() {
    let story = pushed().planned_but("test", |plan| plan.service.epoch = u64::MAX);
    assert!(matches!(
        &story.records()[..],
        [Event::RolloutStarted {
            epoch: u64::MAX,
            ..
        }]
    ));
}

#[test]
fn a_veto_ends_what_has_not_begun_and_what_comes_later() {
    let veto = || Event::Vetoed {
        by: somebody(),
        reason: "CVE-2026-1".into(),
    };
    for story in [
        pushed(),
        pushed().planned("test", sample::plan()),
        pushed().stands_at_production(),
        pushed().ready_at_test().restored(),
    ] {
        let (outcome, reason) = story.happened(veto()).gives_up();
        assert_eq!(outcome, Outcome::Refused);
        assert!(reason.contains("vetoed the image: CVE-2026-1"), "{reason}");
    }
    let begun = pushed().deploying_at_test().happened(veto());
    assert!(matches!(begun.next(), Step::Wait(_)), "it is finished");
    let known = pushed().planned_but("test", |plan| {
        plan.veto = Some(Block::veto(sample::slack("U1"), "it is bad"))
    });
    assert_eq!(
        known.gives_up(),
        (
            Outcome::Refused,
            "Slack user U1 vetoed the image: it is bad".into()
        )
    );
}

#[test]
fn what_towpath_did_not_leave_is_not_overwritten() {
    let story = pushed().planned_but("test", |plan| {
        plan.service.baseline = Some(sample::revision(6));
        plan.drift = Some(DifferentPlaces {
            places: vec!["cpu".into()],
            more: 0,
        });
    });
    let [held @ Event::Held { reason, .. }] = &story.records()[..] else {
        panic!("it holds: {:?}", story.records());
    };
    let reason = reason.to_string();
    assert!(reason.starts_with("shop:7 runs"), "{reason}");
    assert!(
        reason.contains("it left shop:6 (it differs in cpu)"),
        "{reason}"
    );
    let change = service_change(&story.release, std::slice::from_ref(held), story.now);
    assert!(matches!(
        change.expect("a change").write,
        ServiceWrite::Hold { .. }
    ));
    let story = story.happened(held.clone());
    assert!(matches!(&story.records()[..], [Event::Blocked { .. }]));
    let explained = pushed().planned_but("test", |plan| {
        plan.service.baseline = Some(plan.previous.clone());
    });
    assert!(matches!(
        &explained.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

#[test]
fn a_baseline_that_changed_in_the_last_moment_ends_the_rollout_and_holds_the_stage() {
    let story = pushed()
        .ready_at_test()
        .intended()
        .happened(Event::BaselineChanged {
            stage: stage("test"),
            found: sample::revision(12),
        });
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
    let story = story.restored();
    let records = story.records();
    let [
        Event::Held { .. },
        Event::RolloutEnded {
            outcome: Outcome::Superseded,
            ..
        },
        ..,
    ] = &records[..]
    else {
        panic!("it is held: {records:?}");
    };
    let change = service_change(&story.release, &records, story.now).expect("a change");
    assert!(matches!(
        change.write,
        ServiceWrite::LetGo {
            baseline: None,
            hold: Some(_),
            ..
        }
    ));
}

#[test]
fn nothing_starts_that_could_not_be_rolled_back_unless_the_stage_allows_it() {
    let gone = |story: Story| {
        story.planned_but("test", |plan| {
            plan.cannot_roll_back = Some(sample::cannot_roll_back());
        })
    };
    let (outcome, reason) = gone(pushed()).gives_up();
    assert_eq!(outcome, Outcome::Failed);
    assert!(reason.contains("rollback: optional"), "{reason}");
    let mut json = sample::shop_json();
    json["stages"][0]["rollback"] = "optional".into();
    let allowed = given(sample::silent(sample::pipeline(json))).pushed("3f2c1ab");
    assert!(matches!(
        &gone(allowed).records()[..],
        [Event::RolloutStarted { .. }]
    ));
}
