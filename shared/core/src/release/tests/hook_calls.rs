//! `next` for what a deployment asks at its hooks: who answers, with what, and when nobody has.

use serde_json::{Value, json};

use super::given::{Story, deployment, in_progress, stage};
use super::watching::{ID, deploying, result, with};
use crate::pipeline::HookPoint;
use crate::release::{
    Accepted, Action, ActionKind, CheckResult, Event, Incoming, Outcome, RollBack, WaitsOn, reason,
};
use crate::sample;

fn tasked(at: &str) -> Value {
    json!({
        "checks": [{
            "name": "smoke", "at": at,
            "task": { "container": "api", "command": ["./smoke"] },
        }],
    })
}

fn asks(at: HookPoint) -> Incoming {
    Incoming::Checked {
        stage: stage("staging"),
        deployment: deployment(ID),
        at,
        results: Vec::new(),
        execution: Some("execution".into()),
    }
}

#[test]
fn a_hook_whose_check_is_a_task_is_answered_when_the_task_has_ended() {
    let story = deploying(with(&tasked("after_test_traffic")));
    let call = asks(HookPoint::AfterTestTraffic);
    let Ok(Accepted::Add(events)) = story.accepts(call.clone()) else {
        panic!("it is written down");
    };
    let story = story.happened(events[0].clone());
    assert_eq!(story.accepts(call), Ok(Accepted::Known), "asked twice");
    let [Action::RunTask { started_by, .. }] = &story.asks_for()[..] else {
        panic!("it runs the task: {:?}", story.asks_for());
    };
    assert!(started_by.len() <= 128);
    let story = story.intended().happened(Event::TaskStarted {
        stage: stage("staging"),
        check: "smoke".parse().unwrap(),
        task: deployment("task-1"),
        found: false,
    });
    assert_eq!(story.kinds(), [ActionKind::RunChecks]);
    let story = story.happened(Event::Watched {
        stage: stage("staging"),
    });
    assert_eq!(story.waits().1, Some(sample::minute(1)));
    let stopped = story.clone().happened(Event::DeploymentReported {
        deployment: deployment("task-1"),
        state: "STOPPED".into(),
    });
    assert_eq!(stopped.kinds(), [ActionKind::RunChecks]);
    for passed in [true, false] {
        let decided =
            stopped
                .clone()
                .happened(result("smoke", HookPoint::AfterTestTraffic, passed));
        let [Action::AnswerHook { passed: told, .. }] = &decided.asks_for()[..] else {
            panic!("it answers: {:?}", decided.asks_for());
        };
        assert_eq!(*told, passed);
        let answered = decided.happened(Event::HookAnswered {
            deployment: deployment(ID),
            at: HookPoint::AfterTestTraffic,
            passed,
        });
        assert!(
            matches!(
                answered.release.waiting().map(|waiting| waiting.on),
                Some(WaitsOn::Deployment { .. })
            ),
            "{:?}",
            answered.waits()
        );
    }
}

#[test]
fn a_task_before_the_rollout_comes_before_anything_is_changed() {
    let story = with(&tasked("before_install"))
        .planned("staging", sample::plan())
        .took("staging", 1);
    assert_eq!(
        story.kinds(),
        [ActionKind::Register],
        "auto scaling stays on"
    );
    let story = story.intended().registered(8);
    assert_eq!(story.kinds(), [ActionKind::RunTask]);
    let story = story.happened(Event::TaskStarted {
        stage: stage("staging"),
        check: "smoke".parse().unwrap(),
        task: deployment("task-1"),
        found: false,
    });
    let checked = |passed| Event::Checked {
        stage: stage("staging"),
        deployment: None,
        at: HookPoint::BeforeInstall,
        results: vec![CheckResult {
            check: "smoke".parse().unwrap(),
            passed,
            detail: "exit code 3".into(),
        }],
    };
    let passed = story.clone().happened(checked(true));
    assert_eq!(passed.kinds(), [ActionKind::SuspendScaling]);
    assert_eq!(passed.suspended().kinds(), [ActionKind::Start]);
    assert_eq!(
        story.happened(checked(false)).gives_up(),
        (
            Outcome::Failed,
            "check `smoke` failed at before_install: exit code 3".into()
        )
    );
}

/// A deployment with an HTTP check that asks, five minutes after it has begun; the hook function reports.
fn reported(passed: bool) -> Story {
    let check = json!({ "checks": [{ "name": "answers", "at": "after_test_traffic",
        "http": { "url": "http://staging.internal/health" } }] });
    let story = deploying(with(&check))
        .at(4)
        .observed(ID, in_progress("AllowTestTraffic"))
        .at(5);
    let report = Incoming::Checked {
        stage: stage("staging"),
        deployment: deployment(ID),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: "answers".parse().expect("a name"),
            passed,
            detail: "as it is".into(),
        }],
        execution: Some("execution".into()),
    };
    let Ok(Accepted::Add(events)) = story.accepts(report.clone()) else {
        panic!("it is written down");
    };
    let story = events.into_iter().fold(story, Story::happened);
    assert_eq!(story.accepts(report), Ok(Accepted::Known), "reported twice");
    story
}

#[test]
fn an_answer_is_left_to_the_hook_function_for_a_minute_and_given_if_the_deployment_still_asks() {
    for passed in [true, false] {
        let story = reported(passed);
        let asks = |story: Story| story.observed(ID, in_progress("AfterAllowTestTraffic"));
        let early = asks(story.clone());
        assert_eq!(early.waits().1, Some(sample::minute(6)), "it looks again");
        assert_eq!(early.at(6).kinds(), [ActionKind::Observe]);
        let story = asks(story.at(6));
        let [
            Action::AnswerHook {
                passed: told,
                execution,
                ..
            },
        ] = &story.asks_for()[..]
        else {
            panic!("it answers: {:?}", story.asks_for());
        };
        assert_eq!((*told, execution.as_str()), (passed, "execution"));
        let answered = story.happened(Event::HookAnswered {
            deployment: deployment(ID),
            at: HookPoint::AfterTestTraffic,
            passed,
        });
        assert_eq!(answered.waits().1, Some(sample::minute(7)));
    }
}

#[test]
fn an_answer_that_was_heard_is_not_looked_for() {
    let gone_on = reported(true).observed(ID, in_progress("AllowTraffic"));
    assert_eq!(gone_on.waits().1, Some(sample::minute(6)));
    let story = gone_on.at(6).observed(ID, in_progress("AllowTraffic"));
    assert_eq!(
        story.waits().1,
        Some(sample::minute(8)),
        "it is not in a hurry"
    );
}

#[test]
fn what_is_being_rolled_back_is_told_no() {
    let story = reported(true).happened(Event::RollbackStarted {
        deployment: None,
        alias: None,
        reason: reason::rolled_back(&sample::slack("U1"), None),
        outcome: Outcome::RolledBack,
        hold: true,
    });
    let story = story
        .at(6)
        .observed(ID, in_progress("AfterAllowTestTraffic"));
    let [Action::AnswerHook { passed, .. }] = &story.asks_for()[..] else {
        panic!("it answers: {:?}", story.asks_for());
    };
    assert!(!passed);
}

#[test]
fn a_deployment_at_a_hook_of_which_nothing_is_heard_is_rolled_back_after_twenty_minutes() {
    let check = json!({ "checks": [{ "name": "answers", "at": "after_test_traffic",
        "http": { "url": "http://staging.internal/health" } }] });
    let asks = |story: Story| story.observed(ID, in_progress("AfterAllowTestTraffic"));
    let story = asks(deploying(with(&check)).at(2));
    let story = asks(asks(asks(asks(story.at(3)).at(5)).at(9)).at(17));
    assert_eq!(story.waits().1, Some(sample::minute(22)), "a look in time");
    assert_eq!(story.clone().at(22).kinds(), [ActionKind::Observe]);
    let silent = asks(story.at(22));
    let RollBack {
        outcome,
        hold: false,
        reason,
        ..
    } = &silent.rolls_back()
    else {
        panic!("it rolls back: {:?}", silent.asks_for());
    };
    assert_eq!(*outcome, Outcome::RolledBack);
    let said = reason.to_string();
    assert!(
        said.ends_with("never answered at AfterAllowTestTraffic within 20m"),
        "{said}"
    );
}

#[test]
fn checks_of_a_hook_may_take_longer_than_a_silent_one() {
    let story = deploying(with(&tasked("after_test_traffic")));
    let Ok(Accepted::Add(events)) = story.accepts(asks(HookPoint::AfterTestTraffic)) else {
        panic!("it is written down");
    };
    let story = events.into_iter().fold(story, Story::happened);
    let story = story
        .intended()
        .happened(Event::TaskStarted {
            stage: stage("staging"),
            check: "smoke".parse().unwrap(),
            task: deployment("task-1"),
            found: false,
        })
        .at(1)
        .observed(ID, in_progress("AfterAllowTestTraffic"))
        .at(40)
        .observed(ID, in_progress("AfterAllowTestTraffic"));
    assert_eq!(story.kinds(), [ActionKind::RunChecks]);
    let story = story
        .happened(result("smoke", HookPoint::AfterTestTraffic, true))
        .happened(Event::HookAnswered {
            deployment: deployment(ID),
            at: HookPoint::AfterTestTraffic,
            passed: true,
        });
    let (_, due) = story.waits();
    assert!(due.expect("a time") > sample::minute(40), "it goes on");
}
