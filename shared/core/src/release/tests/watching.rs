//! `next` for what a rollout waits for while it goes on: checks, people, and the time for which it
//! is watched.

use serde_json::{Value, json};

use super::given::{Story, deployment, given, in_progress, stage, vote};
use crate::pipeline::HookPoint;
use crate::release::{
    Action, ActionKind, CheckResult, Decision, DeploymentStatus, Event, Observe, Outcome, RollBack,
    ShiftedStep, reason,
};
use crate::sample;

pub(super) const ID: &str = "d-1";

/// One stage, by CodeDeploy, with whatever else it has.
pub(super) fn with(further: &Value) -> Story {
    let mut json = sample::shop_json();
    let mut stage = json["stages"][1].take();
    for (key, value) in further.as_object().expect("keys") {
        stage[key] = value.clone();
    }
    json["stages"] = json!([stage]);
    given(sample::silent(sample::pipeline(json))).pushed("3f2c1ab")
}

pub(super) fn deploying(story: Story) -> Story {
    story
        .planned("staging", sample::plan())
        .took("staging", 1)
        .intended()
        .registered(8)
        .suspended()
        .intended()
        .started(ID)
}

fn gate() -> Value {
    json!({ "approval": { "slack": ["U1", "U2"], "when": "before_traffic", "expires": "1h" } })
}

/// A gate needs a channel on which people are asked.
fn gated() -> Story {
    let mut json = sample::shop_json();
    let mut stage = json["stages"][1].take();
    stage["approval"] = gate()["approval"].clone();
    json["stages"] = json!([stage]);
    deploying(given(sample::pipeline(json)).pushed("3f2c1ab").muted())
}

fn ready() -> DeploymentStatus {
    DeploymentStatus::Ready { pause: None }
}

#[test]
fn green_that_waits_goes_on_where_nobody_is_asked() {
    let story = deploying(with(&json!({}))).observed(ID, ready());
    assert_eq!(story.kinds(), [ActionKind::Continue]);
}

#[test]
fn a_vetoed_image_is_not_let_through_where_nobody_is_asked() {
    let pause = Some("pause-1".parse().expect("a pause"));
    for pause in [None, pause] {
        let vetoed = || Event::Vetoed {
            by: sample::slack("U1"),
            reason: "CVE-2026-1".into(),
        };
        let story = deploying(with(&json!({})));
        let meanwhile = story.clone().happened(vetoed());
        assert!(
            matches!(meanwhile.next(), crate::release::Step::Wait(_)),
            "traffic that AWS moves by itself is not stopped half-way"
        );
        let story = story.observed(ID, DeploymentStatus::Ready { pause });
        let refused = story.clone().happened(vetoed());
        for refused in [meanwhile.observed(ID, ready()), refused] {
            let RollBack {
                outcome: Outcome::Refused,
                hold: false,
                reason,
                ..
            } = &refused.rolls_back()
            else {
                panic!("it rolls back: {:?}", refused.asks_for());
            };
            let said = reason.to_string();
            assert!(said.contains("vetoed the image: CVE-2026-1"), "{said}");
        }
        let late = story.intended().happened(vetoed());
        assert!(
            matches!(late.next(), crate::release::Step::Wait(_)),
            "it may be through already"
        );
    }
}

#[test]
fn a_vetoed_image_is_let_through_at_no_further_pause() {
    let pause = |id: &str| DeploymentStatus::Ready {
        pause: Some(id.parse().expect("a pause")),
    };
    let through = Event::TrafficAllowed {
        deployment: deployment(ID),
        pause: Some("pause-1".parse().expect("a pause")),
    };
    let story = deploying(with(&json!({}))).observed(ID, pause("pause-1"));
    let story = story.intended().happened(through).happened(Event::Vetoed {
        by: sample::slack("U1"),
        reason: "CVE-2026-1".into(),
    });
    let again = story.clone().observed(ID, pause("pause-1"));
    assert_eq!(
        again.kinds(),
        [ActionKind::Continue],
        "an answer from before"
    );
    let second = story.observed(ID, pause("pause-2"));
    let RollBack {
        outcome: Outcome::Refused,
        ..
    } = &second.rolls_back()
    else {
        panic!("it rolls back: {:?}", second.asks_for());
    };
}

#[test]
fn people_are_asked_when_green_is_ready_and_traffic_waits_for_them() {
    let story = gated();
    let at_work =
        "staging: rolling out: starting (d-1); rolled back if not through by 2026-03-02T10:00:00Z";
    assert_eq!(story.waits().0, at_work);
    let story = story.observed(ID, ready());
    let [
        asked @ Event::ApprovalRequested {
            approval,
            previous: over,
            ..
        },
    ] = &story.records()[..]
    else {
        panic!("it asks: {:?}", story.records());
    };
    assert_eq!(approval.as_str(), "staging-1");
    assert_eq!(*over, Some(sample::plan().previous));
    let story = story.happened(asked.clone());
    assert_eq!(
        story.waits().1,
        Some(sample::minute(1)),
        "it goes on looking"
    );
    let story = story.voted("staging-1", sample::slack("U1"), Decision::Approve);
    assert_eq!(story.kinds(), [ActionKind::Continue]);
    let story = story.intended().happened(Event::TrafficAllowed {
        deployment: deployment(ID),
        pause: None,
    });
    assert_eq!(
        story.waits().0,
        at_work.replace("starting", "traffic is let through")
    );
    let late = vote("staging-1", sample::slack("U2"), Decision::Reject);
    let refusal = story.accepts(late).expect_err("it is too late");
    assert!(refusal.to_string().contains("roll back"), "{refusal}");
}

#[test]
fn a_rejection_before_traffic_moves_takes_green_back_and_ends_as_refused() {
    let story = gated().observed(ID, ready());
    let asked = story.records().remove(0);
    let story = story.happened(asked);
    let rejected = story
        .clone()
        .voted("staging-1", sample::slack("U2"), Decision::Reject);
    let RollBack {
        outcome: Outcome::Refused,
        hold: false,
        ..
    } = &rejected.rolls_back()
    else {
        panic!("it rolls back: {:?}", rejected.asks_for());
    };
    let back = rejected
        .happened(Event::RollbackStarted {
            deployment: None,
            alias: None,
            reason: reason::rejected(&sample::slack("U2"), None),
            outcome: Outcome::Refused,
            hold: false,
        })
        .observed(
            ID,
            DeploymentStatus::Stopped {
                reason: sample::fault("stopped"),
            },
        )
        .restored();
    assert_eq!(
        back.gives_up(),
        (Outcome::Refused, "Slack user U2 rejected it".into())
    );
    let expired = story.at(61);
    let RollBack { outcome, .. } = &expired.rolls_back();
    assert_eq!(*outcome, Outcome::Expired);
}

#[test]
fn people_do_not_use_up_the_rollouts_time() {
    let story = gated().at(30).observed(ID, ready());
    let asked = story.records().remove(0);
    let story = story.happened(asked).at(80);
    let story = story.observed(ID, ready());
    assert!(matches!(story.next(), crate::release::Step::Wait(_)));
    let story = story
        .voted("staging-1", sample::slack("U1"), Decision::Approve)
        .happened(Event::TrafficAllowed {
            deployment: deployment(ID),
            pause: None,
        })
        .observed(ID, in_progress("AllowTraffic"));
    let (_, due) = story.waits();
    assert!(due.expect("a time") > sample::minute(80));
}

#[test]
fn an_approval_ends_with_the_time_for_which_the_deployment_waits() {
    let mut json = sample::shop_json();
    let mut at = json["stages"][1].take();
    at["approval"] = gate()["approval"].clone();
    json["stages"] = json!([at]);
    let story = given(sample::pipeline(json)).pushed("3f2c1ab").muted();
    let story = story
        .planned_but("staging", |plan| plan.ready_minutes = Some(10))
        .took("staging", 1)
        .registered(8)
        .suspended()
        .started(ID)
        .observed(ID, ready());
    let [Event::ApprovalRequested { expires_at, .. }] = &story.records()[..] else {
        panic!("it asks: {:?}", story.records());
    };
    assert_eq!(*expires_at, sample::minute(10));
}

fn alarmed() -> Value {
    json!({
        "bake": "15m",
        "checks": [{ "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } }],
    })
}

#[test]
fn what_serves_is_watched_and_scales_meanwhile() {
    let story = deploying(with(&alarmed())).observed(ID, DeploymentStatus::Succeeded);
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
    let story = story.restored();
    let [Action::RunChecks { at, decide, .. }] = &story.asks_for()[..] else {
        panic!("it looks: {:?}", story.asks_for());
    };
    assert_eq!((*at, *decide), (HookPoint::Bake, false));
    let watched = Event::Watched {
        stage: stage("staging"),
    };
    let story = story.happened(watched.clone());
    assert_eq!(story.waits().1, Some(sample::minute(1)));
    let over = story.happened(watched).at(15);
    assert_eq!(over.kinds(), [ActionKind::Observe], "it may be replaced");
    let over = over.observed(ID, DeploymentStatus::Succeeded);
    let [Action::RunChecks { decide, .. }] = &over.asks_for()[..] else {
        panic!("it decides: {:?}", over.asks_for());
    };
    assert!(decide);
    let passed = over.happened(result("errors", HookPoint::Bake, true));
    let [Event::RolloutEnded { outcome, .. }, Event::Ended { .. }] = &passed.records()[..] else {
        panic!("it ends: {:?}", passed.records());
    };
    assert_eq!(*outcome, Outcome::Succeeded);
}

#[test]
fn a_check_that_fails_while_it_bakes_brings_the_old_version_back_and_holds_the_stage() {
    let story = deploying(with(&alarmed()))
        .observed(
            ID,
            DeploymentStatus::Shifted {
                at: ShiftedStep::KeepingOldTasks,
            },
        )
        .restored()
        .happened(result("errors", HookPoint::Bake, false));
    let asked = story.rolls_back();
    let RollBack {
        outcome,
        hold: true,
        target: Some(_),
        reason,
        ..
    } = &asked
    else {
        panic!("{asked:?}");
    };
    assert_eq!(*outcome, Outcome::RolledBack);
    let said = reason.to_string();
    assert!(said.contains("check `errors` failed at bake"), "{said}");
    let story = story.happened(Event::RollbackStarted {
        deployment: Some(deployment("d-2")),
        alias: None,
        reason: reason.clone(),
        outcome: *outcome,
        hold: true,
    });
    let Observe {
        rollback: back,
        rolling_back: stopping,
        ..
    } = &story.at(9).looks();
    assert_eq!(*back, Some(deployment("d-2")));
    assert!(stopping.is_some());
}

#[test]
fn a_bake_that_is_over_has_not_succeeded_while_somebody_wants_it_back() {
    let story = deploying(with(&alarmed())).observed(ID, DeploymentStatus::Succeeded);
    let story = story.restored().at(20).happened(Event::RollbackRequested {
        stage: stage("staging"),
        by: sample::slack("U1"),
        reason: Some("it is slow".into()),
    });
    let RollBack { reason, hold, .. } = &story.rolls_back();
    assert!(hold);
    let said = reason.to_string();
    assert_eq!(said, "Slack user U1 rolled it back: it is slow");
}

pub(super) fn result(check: &str, at: HookPoint, passed: bool) -> Event {
    Event::Checked {
        stage: stage("staging"),
        deployment: Some(deployment(ID)),
        at,
        results: vec![CheckResult {
            check: check.parse().expect("a name"),
            passed,
            detail: "as it is".into(),
        }],
    }
}

#[test]
fn a_paced_service_gets_the_time_that_its_own_configuration_takes() {
    let paced = |minutes| {
        with(&json!({}))
            .planned_but("staging", |plan| plan.paced_minutes = minutes)
            .took("staging", 1)
            .registered(8)
            .suspended()
            .started(ID)
            .at(61)
            .observed(ID, in_progress("BAKE_TIME"))
    };
    assert_eq!(paced(0).kinds(), [ActionKind::RollBack]);
    assert!(paced(120).waits().1.expect("a time") > sample::minute(61));
}
