//! `next` for a release whose deployment runs, until the service is let go.

use super::given::{Story, deployment, given, in_progress, rolled_back};
use crate::pipeline::HookPoint;
use crate::release::{
    Action, ActionKind, CheckResult, DeploymentStatus, Event, Outcome, RollBack, ScalingState,
};
use crate::sample;

const ECS: &str = "ecs-svc/1";

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn aloud() -> Story {
    given(sample::shop()).pushed("3f2c1ab")
}

fn live() -> Story {
    pushed().planned("test", sample::plan()).took("test", 1)
}

#[test]
fn a_deployment_is_looked_at_when_something_is_reported_or_time_has_passed() {
    let story = pushed().deploying_at_test();
    assert_eq!(story.waits().1, Some(sample::minute(1)));
    let reported = story.clone().happened(Event::DeploymentReported {
        deployment: deployment(ECS),
        state: "SERVICE_DEPLOYMENT_IN_PROGRESS".into(),
    });
    assert_eq!(reported.kinds(), [ActionKind::Observe]);
    let looked = reported.observed(ECS, in_progress("1 of 2 tasks"));
    assert_eq!(looked.waits().1, Some(sample::minute(1)));
    assert_eq!(story.at(1).kinds(), [ActionKind::Observe]);
}

#[test]
fn a_deployment_is_fresh_for_five_minutes_and_until_it_is_seen_to_come_to_something() {
    let fresh = |story: &Story| story.looks().fresh;
    let reported = |story: Story| {
        story.happened(Event::DeploymentReported {
            deployment: deployment(ECS),
            state: "SERVICE_DEPLOYMENT_IN_PROGRESS".into(),
        })
    };
    let started = reported(pushed().deploying_at_test());
    assert!(fresh(&started));
    assert!(fresh(&started.clone().at(4)));
    assert!(!fresh(&started.at(5)));
    let turns = DeploymentStatus::RollingBack {
        reason: sample::fault("the circuit breaker tripped"),
        by: None,
    };
    let seen = pushed().deploying_at_test().observed(ECS, turns);
    let seen = reported(seen);
    assert!(!fresh(&seen));
    // Yet one answer that does not show it any more may be from before.
    assert!(seen.looks().young);
    assert!(!seen.at(5).looks().young);
}

#[test]
fn a_report_about_another_deployment_changes_nothing() {
    let story = pushed().deploying_at_test();
    let other = story.clone().happened(Event::DeploymentReported {
        deployment: deployment("ecs-svc/2"),
        state: "SERVICE_DEPLOYMENT_COMPLETED".into(),
    });
    assert_eq!(other.waits(), story.waits());
    let seen = story
        .clone()
        .observed("ecs-svc/2", DeploymentStatus::Succeeded);
    assert_eq!(seen.waits(), story.waits());
}

#[test]
fn pauses_between_looks_double_up_to_ten_minutes_while_nothing_changes() {
    let mut story = pushed().deploying_at_test();
    let mut pauses = Vec::new();
    for _ in 0..7 {
        story = story.observed(ECS, in_progress("waits"));
        let due = story.waits().1.expect("a time");
        pauses.push(due.duration_since(story.now).as_mins());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
    let moved = story.observed(ECS, in_progress("moves"));
    let due = moved.waits().1.expect("a time");
    assert_eq!(due.duration_since(moved.now).as_mins(), 1);
}

#[test]
fn a_deployment_whose_time_is_up_is_rolled_back_once() {
    let story = pushed().deploying_at_test().at(60);
    let asked = story.rolls_back();
    let RollBack {
        previous: to,
        deployment,
        ..
    } = &asked;
    assert_eq!((to, deployment.as_str()), (&sample::revision(7), ECS));
    let back = story.intended().happened(Event::RollbackStarted {
        deployment: None,
        alias: None,
        reason: sample::too_late(),
        outcome: Outcome::RolledBack,
        hold: false,
    });
    assert_eq!(back.kinds(), [ActionKind::Observe]);
    let seen = back.observed(ECS, rolled_back());
    assert_eq!(seen.kinds(), [ActionKind::RestoreScaling]);
    let (outcome, reason) = seen.restored().gives_up();
    assert_eq!(outcome, Outcome::RolledBack);
    assert_eq!(reason, "it did not finish within 1h");
}

fn failed_in_place() -> DeploymentStatus {
    DeploymentStatus::FailedInPlace {
        reason: sample::fault("ECS deployment circuit breaker: tasks failed to start"),
    }
}

#[test]
fn what_failed_and_is_left_in_place_is_rolled_back() {
    let story = pushed()
        .deploying_at_test()
        .at(5)
        .observed(ECS, failed_in_place());
    let asked = story.rolls_back();
    let RollBack {
        previous: to,
        over: true,
        ..
    } = &asked
    else {
        panic!("{asked:?}");
    };
    assert_eq!(to, &sample::revision(7));
    let back = story.intended().happened(Event::RollbackStarted {
        deployment: Some(deployment("ecs-svc/2")),
        alias: None,
        reason: sample::failed("ECS deployment circuit breaker: tasks failed to start"),
        outcome: Outcome::RolledBack,
        hold: false,
    });
    let seen = back.at(7).observed(ECS, rolled_back());
    assert_eq!(seen.kinds(), [ActionKind::RestoreScaling]);
    let (outcome, reason) = seen.restored().gives_up();
    assert_eq!(outcome, Outcome::RolledBack);
    assert!(reason.contains("circuit breaker"), "{reason}");
}

#[test]
fn a_rollback_that_met_a_failure_is_begun_again() {
    let begun = |deployment| {
        let story = pushed().deploying_at_test().at(60).intended();
        story.happened(Event::RollbackStarted {
            deployment,
            alias: None,
            reason: sample::too_late(),
            outcome: Outcome::RolledBack,
            hold: false,
        })
    };
    let met = begun(None).at(62).observed(ECS, failed_in_place());
    assert_eq!(met.kinds(), [ActionKind::RollBack]);
    // What has begun under an id of its own is followed, and not begun again.
    let follows = begun(Some(deployment("ecs-svc/2"))).at(62);
    let follows = follows.observed(ECS, failed_in_place()).at(64);
    assert_eq!(follows.kinds(), [ActionKind::Observe]);
}

#[test]
fn a_failure_that_cannot_be_rolled_back_holds_the_stage() {
    let failed = pushed().deploying_at_test().at(5);
    let failed = failed.observed(ECS, failed_in_place());
    let refused = failed.clone().intended();
    let refused = refused.refused(ActionKind::RollBack, "ecs:UpdateService: AccessDenied");
    let begun = failed.intended().happened(Event::RollbackStarted {
        deployment: Some(deployment("ecs-svc/2")),
        alias: None,
        reason: sample::failed("it failed"),
        outcome: Outcome::RolledBack,
        hold: false,
    });
    let given_up = begun.at(120).observed(ECS, failed_in_place());
    for story in [refused, given_up] {
        let story = story.restored();
        let records = story.records();
        let [Event::Held { reason: held, .. }, ..] = records.as_slice() else {
            panic!("it is held: {records:?}");
        };
        assert!(held.to_string().contains("look at what serves"), "{held}");
        assert_eq!(story.gives_up().0, Outcome::Failed);
    }
}

#[test]
fn a_rollback_that_leads_nowhere_holds_the_stage() {
    let failed = DeploymentStatus::Failed {
        reason: sample::fault("the rollback d-2 failed too"),
    };
    let begun = pushed().deploying_at_test().at(5);
    let begun = begun.observed(ECS, failed_in_place()).intended();
    let begun = begun.happened(Event::RollbackStarted {
        deployment: Some(deployment("d-2")),
        alias: None,
        reason: sample::failed("tasks failed to start"),
        outcome: Outcome::RolledBack,
        hold: false,
    });
    let turning = || DeploymentStatus::RollingBack {
        reason: sample::fault("d-2 brings the old version back"),
        by: None,
    };
    let held = |story: Story| match story.restored().records().first() {
        Some(Event::Held { reason, .. }) => Some(reason.to_string()),
        Some(_) | None => None,
    };
    let said = "3f2c1ab was to be rolled back: tasks failed to start; look at what serves";
    let over = begun.clone().at(7).observed(ECS, failed.clone());
    assert_eq!(held(over).as_deref(), Some(said));
    let given_up = begun.clone().at(130).observed(ECS, turning());
    assert_eq!(held(given_up).as_deref(), Some(said));
    // What came back needs nobody, and what AWS itself left is as it was.
    assert_eq!(held(begun.at(7).observed(ECS, rolled_back())), None);
    let by_aws = pushed().deploying_at_test().observed(ECS, failed);
    assert_eq!(held(by_aws), None);
}

#[test]
fn the_wait_ends_at_the_deadline() {
    let story = pushed()
        .deploying_at_test()
        .at(55)
        .observed(ECS, in_progress("waits"))
        .observed(ECS, in_progress("waits"))
        .observed(ECS, in_progress("waits"))
        .observed(ECS, in_progress("waits"));
    assert_eq!(story.waits().1, Some(sample::minute(60)));
}

#[test]
fn every_end_of_a_deployment_is_an_outcome_of_its_own() {
    let reason = || sample::fault("r");
    for (status, outcome) in [
        (rolled_back(), Outcome::RolledBack),
        (
            DeploymentStatus::Failed { reason: reason() },
            Outcome::Failed,
        ),
        (
            DeploymentStatus::Stopped { reason: reason() },
            Outcome::Stopped,
        ),
        (
            DeploymentStatus::Replaced {
                by: sample::external(),
            },
            Outcome::Superseded,
        ),
    ] {
        assert!(status.is_final());
        let story = pushed().deploying_at_test().observed(ECS, status);
        assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
        assert_eq!(story.restored().gives_up().0, outcome);
    }
}

#[test]
fn success_restores_auto_scaling_lets_the_service_go_and_goes_on() {
    let story = pushed()
        .deploying_at_test()
        .observed(ECS, DeploymentStatus::Succeeded);
    let asked = story.asks_for();
    let [Action::RestoreScaling { state, .. }] = &asked[..] else {
        panic!("it restores: {asked:?}");
    };
    assert_eq!(*state, ScalingState::default());
    let restored = story.restored();
    let records = restored.records();
    let [
        Event::RolloutEnded {
            outcome: Outcome::Succeeded,
            revision,
            ..
        },
    ] = &records[..]
    else {
        panic!("it succeeds: {records:?}");
    };
    assert_eq!(*revision, Some(sample::revision(8)));
    let gone = restored.happened(records[0].clone());
    assert_eq!(gone.kinds(), [ActionKind::NotifyNext]);
}

#[test]
fn auto_scaling_that_may_have_been_suspended_is_restored_although_nothing_was_heard_of_it() {
    let story = live().intended().refused(ActionKind::Register, "no").at(2);
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
}

#[test]
fn an_operators_own_suspension_is_what_is_put_back() {
    let own = ScalingState {
        scheduled: true,
        ..ScalingState::default()
    };
    let story = pushed()
        .planned_but("test", |plan| plan.scaling = Some(sample::scalable(own)))
        .took("test", 1)
        .intended()
        .suspended()
        .refused(ActionKind::Register, "no");
    let asked = story.asks_for();
    let [Action::RestoreScaling { state, .. }] = &asked[..] else {
        panic!("it restores: {asked:?}");
    };
    assert_eq!(*state, own);
}

#[test]
fn auto_scaling_that_cannot_be_restored_is_said_so_and_keeps_the_outcome() {
    let story = pushed()
        .deploying_at_test()
        .observed(ECS, DeploymentStatus::Succeeded)
        .intended()
        .refused(ActionKind::RestoreScaling, "no such target");
    let records = story.records();
    let [
        Event::RolloutEnded {
            outcome: Outcome::Succeeded,
            reason,
            ..
        },
    ] = &records[..]
    else {
        panic!("it succeeds: {records:?}");
    };
    let command = "`aws application-autoscaling register-scalable-target --region eu-west-1 \
                   --service-namespace ecs --scalable-dimension ecs:service:DesiredCount \
                   --resource-id service/test/api --suspended-state \
                   DynamicScalingInSuspended=false,DynamicScalingOutSuspended=false,\
                   ScheduledScalingSuspended=false`";
    let reason = reason.to_string();
    assert!(reason.contains(command), "{reason}");
    assert!(!reason.contains("once the service wants"), "{reason}");
}

#[test]
fn auto_scaling_that_would_wake_the_service_is_left_and_the_way_out_waits_for_that() {
    let target = sample::scalable(ScalingState::default());
    let left = |restoring| Event::ScalingLeft {
        target,
        desired: 0,
        restoring,
    };
    let at_its_end = pushed()
        .deploying_at_test()
        .observed(ECS, DeploymentStatus::Succeeded)
        .intended()
        .happened(left(true));
    let records = at_its_end.records();
    let [Event::RolloutEnded { reason, .. }] = &records[..] else {
        panic!("it succeeds: {records:?}");
    };
    let said = "with any call about the target; once the service wants at least 1 tasks, put auto scaling back in \
                account 111111111111 with `aws ";
    assert!(reason.to_string().contains(said), "{reason}");
    // What was not suspended is not put back, and not tried again.
    let begun = live().intended().happened(left(false)).registered(8);
    let kinds = begun.kinds();
    assert!(!kinds.contains(&ActionKind::SuspendScaling), "{kinds:?}");
    let records = begun
        .intended()
        .started(ECS)
        .observed(ECS, DeploymentStatus::Succeeded)
        .records();
    assert!(
        matches!(&records[..], [Event::RolloutEnded { .. }]),
        "{records:?}"
    );
}

#[test]
fn a_failed_check_is_the_reason_that_people_read() {
    let story = pushed()
        .deploying_at_test()
        .happened(Event::Checked {
            stage: "test".parse().unwrap(),
            deployment: Some(deployment(ECS)),
            at: HookPoint::AfterTestTraffic,
            results: vec![
                CheckResult {
                    check: "answers".parse().unwrap(),
                    passed: false,
                    detail: "answered 500, expected 200".into(),
                },
                CheckResult {
                    check: "fast".parse().unwrap(),
                    passed: true,
                    detail: "in 3 ms".into(),
                },
            ],
        })
        .observed(ECS, rolled_back())
        .restored();
    assert_eq!(
        story.gives_up(),
        (
            Outcome::RolledBack,
            "check `answers` failed at after_test_traffic: answered 500, expected 200".into()
        )
    );
}

#[test]
fn telling_people_waits_until_there_is_nothing_better_to_do() {
    assert_eq!(
        aloud()
            .planned("test", sample::plan())
            .took("test", 1)
            .kinds(),
        [ActionKind::Register, ActionKind::SuspendScaling]
    );
    let waiting = aloud().deploying_at_test();
    assert_eq!(waiting.kinds(), [ActionKind::Notify]);
}

#[test]
fn people_who_cannot_be_told_are_told_within_a_minute_of_the_next_run() {
    let story = aloud()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .at(10)
        .muted();
    assert_eq!(story.waits().1, Some(sample::minute(11)));
}

#[test]
fn that_people_cannot_be_told_does_not_fail_a_rollout() {
    let story = pushed().deploying_at_test();
    let unheard = story
        .clone()
        .refused(ActionKind::Notify, "channel_not_found");
    assert_eq!(unheard.waits(), story.waits());
    let done = unheard
        .observed(ECS, DeploymentStatus::Succeeded)
        .restored();
    assert!(matches!(
        &done.records()[..],
        [Event::RolloutEnded {
            outcome: Outcome::Succeeded,
            ..
        }]
    ));
}

#[test]
fn a_release_that_cannot_be_woken_is_not_tried_again_for_ever() {
    let story = pushed()
        .deploying_at_test()
        .ended("test", Outcome::Succeeded, Some(8))
        .refused(ActionKind::NotifyNext, "its ledger cannot be read");
    assert_eq!(story.kinds(), [ActionKind::Plan]);
}
