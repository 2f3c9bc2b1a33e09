//! `next` for a release that has ended, or that comes to a stage: plans, and who is newer.

use super::given::{Story, given, other, stage};
use crate::pipeline::HookPoint;
use crate::release::{Accepted, Checkpoints, Incoming, PlanRequest};
use crate::release::{Action, ActionKind, Candidate, Decision, Event, Outcome, Plan, Step};
use crate::sample::{self, notified};

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

/// A release newer than the story's.
fn newer() -> Candidate {
    other("fffffff", sample::minute(60))
}

#[test]
fn ended_wakes_whoever_waits_for_the_service_before_anything_else() {
    let story = given(sample::shop())
        .pushed("3f2c1ab")
        .deploying_at_test()
        .ended("test", Outcome::Failed, None)
        .happened(Event::Ended {
            outcome: Outcome::Failed,
            reason: sample::end("test"),
        });
    let service = story.service(0);
    assert_eq!(story.asks_for(), [Action::NotifyNext { service }]);
}

#[test]
fn a_service_that_was_let_go_between_stages_is_offered_on_too() {
    let story = pushed()
        .deploying_at_test()
        .ended("test", Outcome::Succeeded, Some(8));
    assert_eq!(story.kinds(), [ActionKind::NotifyNext]);
    assert_eq!(story.woke().kinds(), [ActionKind::Plan]);
}

#[test]
fn a_service_that_was_never_taken_is_not_offered_on() {
    let story = pushed()
        .planned("test", sample::plan())
        .ended("test", Outcome::Succeeded, None);
    assert_eq!(story.kinds(), [ActionKind::Plan]);
}

#[test]
fn ended_tells_people_and_then_is_done() {
    let untold = given(sample::shop())
        .pushed("3f2c1ab")
        .happened(Event::Ended {
            outcome: Outcome::Refused,
            reason: sample::end("no"),
        });
    assert_eq!(untold.kinds(), [ActionKind::Notify, ActionKind::Notify]);
    let ended = untold.clone().muted();
    assert_eq!(
        ended.next(),
        Step::Wait(Some(ended.now + jiff::SignedDuration::from_secs(60)))
    );
    let told = notify_everybody(untold);
    assert_eq!(told.next(), Step::Done);
}

/// The story after everything that `next` wants to tell has been told.
fn notify_everybody(mut story: Story) -> Story {
    for _ in 0..3 {
        for action in story.pending_notifications() {
            let notified = notified(&story.release, &action).expect("it notifies");
            story = story.happened(notified);
        }
    }
    story
}

#[test]
fn a_release_that_was_overtaken_ends_as_superseded_wherever_it_stands_before_live() {
    let overtaken = |story: Story| story.happened(newer().superseded()).gives_up();
    let asking = pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1);
    for story in [
        pushed(),
        pushed().planned("test", sample::plan()),
        asking,
        approved(),
    ] {
        let (outcome, reason) = overtaken(story);
        assert_eq!(outcome, Outcome::Superseded);
        assert_eq!(reason, "fffffff, which is newer, took its place");
    }
}

#[test]
fn a_live_release_that_was_overtaken_goes_on() {
    let story = pushed().ready_at_test().happened(newer().superseded());
    assert_eq!(story.kinds(), [ActionKind::Start]);
}

#[test]
fn pending_reads_the_plan_of_its_own_stage() {
    let story = pushed();
    let PlanRequest {
        stage: at,
        place,
        changes,
        scaling: true,
        ..
    } = &story.plans()
    else {
        panic!("it plans: {:?}", story.asks_for());
    };
    assert_eq!((at, &place.service), (&stage("test"), &story.service(0)));
    let image = story.release.image();
    let reference = format!("{}/shop/api@{}", image.registry, image.digest);
    assert_eq!(
        changes.images.values().collect::<Vec<_>>(),
        [&reference],
        "what is deployed is named by its digest"
    );
    let set: Vec<_> = changes.environment.values().flatten().collect();
    assert_eq!(
        set,
        [
            (&"RELEASE".to_owned(), &story.id().to_string()),
            (&"STAGE".to_owned(), &"test".to_owned())
        ]
    );
}

#[test]
fn a_plan_goes_to_the_account_that_the_stage_names() {
    let story = pushed().stands_at_production();
    let PlanRequest {
        place, checkpoints, ..
    } = &story.plans();
    assert_eq!(
        *checkpoints,
        Checkpoints::default(),
        "production has no checks"
    );
    assert_eq!(place.service.account.as_str(), "222222222222");
    assert_eq!(place.service.region.as_str(), "eu-central-1");
    let role = place.role.as_ref().expect("a role");
    assert_eq!(role.external_id.as_deref(), Some("towpath-shop"));
}

#[test]
fn codedeploy_is_to_call_the_hook_function_where_the_stage_has_checks() {
    let story = pushed()
        .planned("test", sample::plan())
        .ended("test", Outcome::Succeeded, None);
    let asked = story.plans();
    let PlanRequest { checkpoints, .. } = &asked;
    assert_eq!(checkpoints.hooks[..], [HookPoint::AfterTestTraffic]);
}

#[test]
fn a_plan_of_an_earlier_run_is_read_again() {
    let planned = pushed().planned("test", sample::plan());
    assert!(matches!(
        &planned.records()[..],
        [Event::RolloutStarted { .. }]
    ));
    assert_eq!(planned.at(1).kinds(), [ActionKind::Plan]);
}

#[test]
fn a_plan_that_was_refused_ends_the_release_as_failed() {
    let story = pushed().refused(ActionKind::Plan, "there is no such service");
    let (outcome, reason) = story.gives_up();
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(reason, "aws:Call: Refused: there is no such service");
}

#[test]
fn a_newer_candidate_supersedes_the_release() {
    let story = pushed().planned_but("test", |plan| plan.service.candidate = Some(newer()));
    assert_eq!(story.records(), [newer().superseded()]);
}

#[test]
fn of_two_that_arrived_at_once_neither_overtakes_the_other() {
    for (tag, there) in [("3f2c1ab", "fffffff"), ("fffffff", "3f2c1ab")] {
        let there = other(there, sample::dawn());
        let story = given(sample::shop())
            .pushed(tag)
            .planned_but("test", |plan| {
                plan.service.candidate = Some(there.clone());
            });
        assert_eq!(story.kinds(), [ActionKind::Supersede]);
        let newer = Incoming::Superseded {
            by: there,
            service: story.service(0),
        };
        assert_eq!(story.accepts(newer), Ok(Accepted::Known));
    }
}

#[test]
fn an_older_candidate_is_told_that_it_is_superseded_once() {
    let story = pushed().planned_but("test", |plan| plan.service.candidate = Some(older()));
    assert_eq!(
        story.asks_for(),
        [Action::Supersede {
            older: older().release,
            service: story.service(0),
        }]
    );
    let told = story.happened(Event::Overtook {
        older: older().release,
    });
    assert!(matches!(
        &told.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

/// Whoever arrives is the candidate from then on: the next plan does not show the older one.
#[test]
fn an_older_candidate_is_told_though_the_plan_is_made_anew_before_it_was() {
    let found = pushed().planned_but("test", |plan| plan.service.candidate = Some(older()));
    let own = Candidate::of(&found.release);
    let again = found.planned_but("test", |plan| plan.service.candidate = Some(own.clone()));
    assert_eq!(again.kinds(), [ActionKind::Supersede]);
    for told in [
        again.clone().happened(Event::Overtook {
            older: older().release,
        }),
        again
            .clone()
            .refused(ActionKind::Supersede, "it is unreadable"),
    ] {
        assert_ne!(told.next(), again.next());
        assert!(matches!(
            &told.records()[..],
            [Event::RolloutStarted { .. }]
        ));
    }
    // Nor is it looked for at the next stage.
    let next = again
        .happened(Event::Overtook {
            older: older().release,
        })
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .woke()
        .planned_but("staging", |plan| plan.service.candidate = Some(own));
    assert!(matches!(
        &next.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

#[test]
fn its_own_candidacy_stands_in_nobodys_way() {
    let story = pushed();
    let own = Candidate::of(&story.release);
    let story = story.planned_but("test", |plan| plan.service.candidate = Some(own));
    assert!(matches!(
        &story.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}

#[test]
fn an_older_release_is_told_at_every_stage_where_it_waits() {
    let waits = |plan: &mut Plan| plan.service.candidate = Some(older());
    let story = pushed()
        .planned_but("test", waits)
        .happened(Event::Overtook {
            older: older().release,
        })
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .woke()
        .planned_but("staging", waits);
    assert_eq!(story.kinds(), [ActionKind::Supersede]);
}

#[test]
fn an_older_release_that_cannot_be_told_holds_nobody_up() {
    let story = pushed()
        .planned_but("test", |plan| plan.service.candidate = Some(older()))
        .refused(ActionKind::Supersede, "its ledger cannot be read");
    assert!(matches!(
        &story.records()[..],
        [Event::RolloutStarted { .. }]
    ));
}
