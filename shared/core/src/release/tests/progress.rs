//! The steps of a rollout that owns its service, and what leads from one to the next.

use jiff::SignedDuration;
use serde_json::json;

use super::given::{Story, deployment, given, in_progress, stage};
use crate::release::{
    ActionKind, CheckResult, Closing, DeploymentEnd, DeploymentFault, DeploymentStatus, Event,
    NotStarted, Outcome, Principal, Progress, RollbackBy, RollbackReason, ShiftedStep, Step,
};
use crate::{pipeline::HookPoint, sample};

const ID: &str = "ecs-svc/1";

fn preparing() -> Story {
    given(sample::silent_shop())
        .pushed("3f2c1ab")
        .ready_at_test()
}

fn deploying() -> Story {
    preparing().intended().started(ID)
}

fn step(story: &Story) -> &'static str {
    match &story
        .release
        .active_rollout()
        .expect("it owns the service")
        .progress
    {
        Progress::Preparing { refused_for: None } => "preparing",
        Progress::Preparing {
            refused_for: Some(_),
        } => "preparing again",
        Progress::WaitingForTurn(_) => "waiting for its turn",
        Progress::Deploying(_) => "deploying",
        Progress::Baking(_) => "baking",
        Progress::RollingBack {
            by: RollbackBy::Towpath(_),
            ..
        } => "rolling back",
        Progress::RollingBack {
            by: RollbackBy::Aws(_),
            ..
        } => "rolled back by AWS",
        Progress::Closing(Closing::NotStarted(why)) => match why {
            NotStarted::ExternalRevision(_) => "closing: something else runs",
            NotStarted::RunsAlready => "closing: it runs already",
            NotStarted::Refused(_) => "closing: refused",
        },
        Progress::Closing(Closing::Over { end, .. }) => match end {
            DeploymentEnd::RolledBack(_) => "closing: rolled back",
            DeploymentEnd::Failed(_) => "closing: failed",
            DeploymentEnd::Stopped(_) => "closing: stopped",
            DeploymentEnd::Replaced(_) => "closing: replaced",
        },
    }
}

fn group_taken(by: &str) -> Event {
    Event::GroupTaken {
        stage: stage("test"),
        by: Some(deployment(by)),
    }
}

fn group_freed() -> Event {
    Event::GroupFreed {
        stage: stage("test"),
    }
}

fn rollback(hold: bool) -> Event {
    Event::RollbackStarted {
        deployment: None,
        alias: None,
        reason: RollbackReason::LeftInPlace { fault: why() },
        outcome: Outcome::RolledBack,
        hold,
    }
}

fn why() -> DeploymentFault {
    sample::fault("because")
}

#[test]
fn nothing_is_deployed_before_it_has_started() {
    let external = Event::BaselineChanged {
        stage: stage("test"),
        found: sample::revision(9),
    };
    let runs = Event::RunsAlready {
        stage: stage("test"),
    };
    let turn = || preparing().happened(group_taken("d-9"));
    let cases = [
        (preparing(), "preparing"),
        (turn(), "waiting for its turn"),
        (turn().happened(group_freed()), "preparing again"),
        (turn().started(ID), "deploying"),
        (preparing().started(ID), "deploying"),
        (
            preparing().happened(external.clone()),
            "closing: something else runs",
        ),
        (turn().happened(external), "closing: something else runs"),
        (preparing().happened(runs), "closing: it runs already"),
        (
            preparing().refused(ActionKind::Start, "no"),
            "closing: refused",
        ),
        (
            preparing().refused(ActionKind::Register, "no"),
            "closing: refused",
        ),
    ];
    for (story, expected) in cases {
        assert_eq!(step(&story), expected);
    }
}

#[test]
fn a_deployments_step_follows_from_how_it_stands_and_who_rolls_it_back() {
    let statuses = [
        (in_progress("1 of 2"), "deploying", "rolling back"),
        (
            DeploymentStatus::Ready { pause: None },
            "deploying",
            "rolling back",
        ),
        (
            DeploymentStatus::Halted { reason: why() },
            "deploying",
            "rolling back",
        ),
        (
            DeploymentStatus::FailedInPlace { reason: why() },
            "deploying",
            "rolling back",
        ),
        (
            DeploymentStatus::Shifted {
                at: ShiftedStep::KeepingOldTasks,
            },
            "baking",
            "rolling back",
        ),
        (DeploymentStatus::Succeeded, "baking", "rolling back"),
        (
            DeploymentStatus::RollingBack {
                reason: why(),
                by: None,
            },
            "rolled back by AWS",
            "rolling back",
        ),
        (
            DeploymentStatus::RolledBack { reason: why() },
            "closing: rolled back",
            "closing: rolled back",
        ),
        (
            DeploymentStatus::Failed { reason: why() },
            "closing: failed",
            "closing: failed",
        ),
        (
            DeploymentStatus::Stopped { reason: why() },
            "closing: stopped",
            "closing: stopped",
        ),
        (
            DeploymentStatus::Replaced {
                by: sample::external(),
            },
            "closing: replaced",
            "closing: replaced",
        ),
    ];
    // Looks come out of order, so whatever was seen before makes no difference.
    let befores = [
        in_progress("0 of 2"),
        DeploymentStatus::Succeeded,
        DeploymentStatus::RollingBack {
            reason: why(),
            by: None,
        },
    ];
    for before in &befores {
        for (status, alone, taken_back) in &statuses {
            let seen = || deploying().observed(ID, before.clone());
            let by_aws = seen().observed(ID, status.clone());
            assert_eq!(step(&by_aws), *alone, "{before}, then {status}");
            let by_us = seen().happened(rollback(true)).observed(ID, status.clone());
            assert_eq!(
                step(&by_us),
                *taken_back,
                "rolled back at {before}, then {status}"
            );
        }
    }
}

#[test]
fn a_rollback_for_lack_of_time_accepts_a_success_and_no_other_does() {
    let late = deploying().happened(rollback(false));
    assert_eq!(step(&late), "rolling back");
    let serves = late.observed(ID, DeploymentStatus::Succeeded);
    assert_eq!(step(&serves), "baking");
    let asked_for = deploying().happened(rollback(true));
    let serves = asked_for.observed(ID, DeploymentStatus::Succeeded);
    assert_eq!(step(&serves), "rolling back");
}

#[test]
fn what_is_said_of_a_start_once_the_deployment_is_there_does_not_end_the_rollout() {
    let late = [
        deploying().refused(ActionKind::Start, "no"),
        deploying().happened(Event::BaselineChanged {
            stage: stage("test"),
            found: sample::revision(9),
        }),
        deploying().happened(Event::RunsAlready {
            stage: stage("test"),
        }),
        deploying().happened(group_taken("d-9")),
    ];
    for story in late {
        assert_eq!(step(&story), "deploying");
        assert_eq!(story.at(1).kinds(), [ActionKind::Observe]);
    }
    // And what was started all the same is followed.
    let started = preparing().refused(ActionKind::Start, "no").started(ID);
    assert_eq!(step(&started), "deploying");
}

#[test]
fn a_request_that_nobody_has_answered_keeps_no_rollback_from_being_given_up() {
    let mut json = sample::shop_json();
    let mut gated = json["stages"][1].take();
    gated["approval"] = json!({ "slack": ["U1"], "when": "before_traffic", "expires": "1h" });
    gated["bake"] = json!("10m");
    json["stages"] = json!([gated]);
    let story = given(sample::pipeline(json))
        .pushed("3f2c1ab")
        .muted()
        .planned("staging", sample::plan())
        .took("staging", 1)
        .intended()
        .registered(8)
        .suspended()
        .intended()
        .started(ID)
        .observed(ID, DeploymentStatus::Ready { pause: None });
    let asked = story.records();
    let mut story = story.happened(asked[0].clone());
    story = story.happened(Event::RollbackRequested {
        stage: stage("staging"),
        by: Principal::Slack("U2".parse().unwrap()),
        reason: None,
    });
    assert_eq!(story.kinds(), [ActionKind::RollBack]);
    let story = story.happened(rollback(true));
    let (stage, _) = story.release.current().unwrap();
    let timeout: SignedDuration = stage.timeout.into();
    let hours = i64::from(i32::try_from(timeout.as_mins()).unwrap());
    // Its time, as much again for the rollback, and the last look.
    let much_later = story.at(3 * hours).restored();
    let Step::Record(events) = much_later.next() else {
        panic!("it is given up: {:?}", much_later.next());
    };
    let failed = |event: &Event| matches!(event, Event::RolloutEnded { outcome, .. } if *outcome == Outcome::Failed);
    assert!(events.iter().any(failed), "{events:?}");
}

#[test]
fn checks_that_failed_are_kept_in_every_step() {
    let failed = Event::Checked {
        stage: stage("test"),
        deployment: Some(deployment(ID)),
        at: HookPoint::Bake,
        results: vec![CheckResult {
            check: "health".parse().unwrap(),
            passed: false,
            detail: "500".into(),
        }],
    };
    let baking = deploying()
        .happened(failed)
        .observed(ID, DeploymentStatus::Succeeded);
    assert_eq!(baking.kinds(), [ActionKind::RollBack]);
}
