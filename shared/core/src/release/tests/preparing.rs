//! `next` for a release that owns a service, until its deployment has started.

use serde_json::json;

use super::given::{Story, deployment, given, stage};
use crate::pipeline::{Pipeline, Stage};
use crate::release::{
    Action, ActionKind, CorrelationTag, Decision, Event, Outcome, ScalableTarget, ScalingState,
};
use crate::sample;

fn pushed() -> Story {
    given(sample::silent_shop()).pushed("3f2c1ab")
}

fn live() -> Story {
    pushed().planned("test", sample::plan()).took("test", 1)
}

fn live_at_production() -> Story {
    pushed()
        .stands_at_production()
        .planned("production", sample::plan())
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve)
        .planned("production", sample::plan())
        .took("production", 1)
}

fn from_staging() -> Pipeline {
    let mut json = sample::shop_json();
    json["stages"].as_array_mut().expect("stages").remove(0);
    sample::silent(sample::pipeline(json))
}

#[test]
fn what_another_run_means_to_do_is_waited_for() {
    let story = live().intended();
    assert_eq!(
        story.waits(),
        (
            "test: preparing; fails if not through by 2026-03-02T10:00:00Z".into(),
            Some(sample::minute(1))
        )
    );
    assert_eq!(
        story.at(1).kinds(),
        [ActionKind::Register, ActionKind::SuspendScaling]
    );
}

#[test]
fn the_revision_is_registered_and_auto_scaling_suspended_at_once() {
    let story = live();
    let [
        Action::Register { spec, base, .. },
        Action::SuspendScaling {
            state: ScalingState::SUSPENDED,
            ..
        },
    ] = &story.asks_for()[..]
    else {
        panic!("it prepares: {:?}", story.asks_for());
    };
    assert_eq!((spec, base), (&sample::plan().spec, &sample::plan().base));
}

#[test]
fn what_needs_no_preparation_starts_at_once() {
    let suspended = Some(sample::scalable(ScalingState::SUSPENDED));
    for scaling in [None, suspended] {
        let story = pushed()
            .planned_but("test", |plan| {
                plan.reuse = Some(sample::revision(6));
                plan.scaling = scaling;
            })
            .took("test", 1);
        let asked = story.asks_for();
        let [Action::Start(start)] = &asked[..] else {
            panic!("it starts: {asked:?}");
        };
        assert_eq!(start.revision, sample::revision(6));
    }
}

/// AWS brings the number of tasks into the bounds of the target with each call about it.
#[test]
fn what_a_call_would_scale_is_left_alone() {
    for (desired, least, is_suspended) in [
        (0, 2, false),
        (1, 2, false),
        (2, 2, true),
        (0, 0, true),
        (4, 0, true),
        (5, 2, false),
    ] {
        let story = pushed().planned_but("test", |plan| {
            plan.desired_count = desired;
            let target = sample::scalable(ScalingState::default());
            plan.scaling = Some(ScalableTarget { least, ..target });
        });
        let asked = story.took("test", 1).kinds();
        let suspended = asked.contains(&ActionKind::SuspendScaling);
        assert_eq!(
            suspended, is_suspended,
            "{desired} of {least} to 4: {asked:?}"
        );
    }
}

/// By default where AWS says that scaling fails a deployment.
#[test]
fn each_engine_has_its_default_and_the_stage_the_last_word() {
    let rolling = json!({ "rolling": {} });
    let ecs = json!({ "ecs": {} });
    let codedeploy = json!({ "codedeploy": { "application": "shop", "group": "api" } });
    for (rollout, said, suspends) in [
        (&rolling, None, false),
        (&ecs, None, false),
        (&codedeploy, None, true),
        (&rolling, Some("suspend"), true),
        (&ecs, Some("suspend"), true),
        (&codedeploy, Some("leave"), false),
    ] {
        let mut stage = sample::shop_json()["stages"][0].clone();
        stage["engine"] = rollout.clone();
        stage.as_object_mut().expect("keys").remove("auto_scaling");
        if let Some(said) = said {
            stage["auto_scaling"] = said.into();
        }
        let stage: Stage = serde_json::from_value(stage).expect("a stage");
        assert_eq!(
            stage.suspends_auto_scaling(),
            suspends,
            "{rollout} {said:?}"
        );
    }
}

#[test]
fn auto_scaling_is_left_alone_where_the_stage_says_so() {
    let mut json = sample::shop_json();
    json["stages"][0]["auto_scaling"] = "leave".into();
    let story = given(sample::silent(sample::pipeline(json)))
        .pushed("3f2c1ab")
        .planned("test", sample::plan())
        .took("test", 1);
    assert_eq!(story.kinds(), [ActionKind::Register]);
    assert_eq!(story.registered(8).kinds(), [ActionKind::Start]);
}

#[test]
fn a_rolling_update_starts_with_the_registered_revision() {
    let asked = pushed().ready_at_test().asks_for();
    let [Action::Start(start)] = &asked[..] else {
        panic!("it starts: {asked:?}");
    };
    assert_eq!(start.previous, sample::plan().previous);
    assert_eq!(start.revision, sample::revision(8));
    assert_eq!(start.place.service, pushed().service(0));
}

#[test]
fn codedeploy_starts_with_its_target_and_its_mark() {
    let story = pushed()
        .planned("test", sample::plan())
        .took("test", 1)
        .ended("test", Outcome::Succeeded, Some(8))
        .woke()
        .planned("staging", sample::plan())
        .took("staging", 1)
        .registered(9)
        .suspended();
    let asked = story.asks_for();
    let [Action::Start(start)] = &asked[..] else {
        panic!("it starts: {asked:?}");
    };
    assert_eq!(start.revision, sample::revision(9));
    assert_eq!(start.target, sample::plan().target);
    assert_eq!(start.engine, story.release.pipeline().stages[1].engine);
    let mark: CorrelationTag = start.correlation_tag.parse().expect("a mark");
    assert_eq!(
        (&mark.release, mark.stage.as_str()),
        (story.id(), "staging")
    );
}

#[test]
fn a_service_that_codedeploy_cannot_shift_fails_the_release() {
    let story = given(from_staging())
        .pushed("3f2c1ab")
        .planned_but("staging", |plan| {
            plan.target = None;
            plan.scaling = None;
            plan.reuse = Some(sample::revision(6));
        })
        .took("staging", 1);
    assert_eq!(story.gives_up().0, Outcome::Failed);
}

#[test]
fn a_rejection_before_the_start_is_meant_stops_it() {
    let story = live_at_production()
        .intended()
        .registered(9)
        .suspended()
        .voted("production-1", sample::slack("U2"), Decision::Reject);
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
    let (outcome, reason) = story.restored().gives_up();
    assert_eq!(outcome, Outcome::Refused);
    assert_eq!(reason, "Slack user U2 rejected it");
}

#[test]
fn a_refused_preparation_fails_the_release_after_auto_scaling_is_back() {
    let story = live()
        .intended()
        .suspended()
        .refused(ActionKind::Register, "too many containers");
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
    let (outcome, reason) = story.restored().gives_up();
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(
        reason,
        "could not register the task definition: aws:Call: Refused: too many containers"
    );
}

#[test]
fn what_could_not_be_started_in_time_fails() {
    let story = live().at(59);
    assert_eq!(
        story.kinds(),
        [ActionKind::Register, ActionKind::SuspendScaling]
    );
    assert_eq!(story.at(60).gives_up().0, Outcome::Failed);
}

#[test]
fn a_service_that_codedeploy_cannot_shift_is_left_as_it_was() {
    let nowhere = |plan: &mut crate::release::Plan| plan.target = None;
    let story = given(from_staging())
        .pushed("3f2c1ab")
        .planned_but("staging", nowhere)
        .took("staging", 1);
    assert_eq!(story.gives_up().0, Outcome::Failed);
    // As an older version of the deployer may have left it.
    let touched = story
        .happened(Event::Intended {
            actions: vec![suspend()],
            until: sample::dawn(),
        })
        .registered(9)
        .suspended();
    assert_eq!(touched.kinds(), [ActionKind::RestoreScaling]);
    assert_eq!(touched.restored().gives_up().0, Outcome::Failed);
}

fn suspend() -> Action {
    let [_, suspend] = &live().asks_for()[..] else {
        panic!("it prepares two things");
    };
    suspend.clone()
}

/// At staging, where another deployment has CodeDeploy's group.
fn behind(by: Option<&str>) -> Story {
    given(from_staging())
        .pushed("3f2c1ab")
        .planned("staging", sample::plan())
        .took("staging", 1)
        .intended()
        .registered(8)
        .suspended()
        .intended()
        .happened(Event::GroupTaken {
            stage: stage("staging"),
            by: by.map(deployment),
        })
}

#[test]
fn another_deployment_of_the_group_is_looked_at_until_it_makes_room() {
    let story = behind(Some("d-other"));
    let (what, due) = story.waits();
    assert_eq!(
        what,
        "staging: waits for d-other, which has its deployment group; fails if that lasts until 2026-03-02T10:00:00Z"
    );
    assert_eq!(due, Some(sample::minute(1)));
    let story = story.at(1);
    let [
        Action::PollGroup {
            termination_skipped: false,
            ..
        },
    ] = &story.asks_for()[..]
    else {
        panic!("it looks: {:?}", story.asks_for());
    };
    let still = story.clone().happened(Event::Watched {
        stage: stage("staging"),
    });
    assert_eq!(still.waits().1, Some(sample::minute(2)));
    let free = story.happened(Event::GroupFreed {
        stage: stage("staging"),
    });
    assert_eq!(free.kinds(), [ActionKind::Start]);
    let again = free.intended().happened(Event::GroupTaken {
        stage: stage("staging"),
        by: Some(deployment("d-other")),
    });
    let [
        Action::PollGroup {
            termination_skipped: true,
            ..
        },
    ] = &again.at(2).asks_for()[..]
    else {
        panic!("it has to be over now");
    };
}

#[test]
fn where_nothing_is_known_of_what_has_the_group_the_start_is_tried_again() {
    let taken = |story: Story| {
        story.intended().happened(Event::GroupTaken {
            stage: stage("staging"),
            by: None,
        })
    };
    // The list may just not have shown it: after a minute, twice. Then only trying tells.
    let story = behind(None);
    assert_eq!(story.waits().1, Some(sample::minute(1)));
    assert_eq!(story.clone().at(1).kinds(), [ActionKind::Start]);
    let story = taken(story.at(1));
    assert_eq!(story.waits().1, Some(sample::minute(2)));
    let story = taken(story.at(2));
    assert_eq!(story.waits().1, Some(sample::minute(12)));
    assert_eq!(story.at(12).kinds(), [ActionKind::Start]);
}

#[test]
fn a_release_that_waits_for_the_group_can_be_rolled_back_and_has_no_longer_than_any_other() {
    let wanted = behind(Some("d-other")).happened(Event::RollbackRequested {
        stage: stage("staging"),
        by: sample::slack("U1"),
        reason: None,
    });
    let vetoed = behind(Some("d-other")).happened(Event::Vetoed {
        by: sample::slack("U1"),
        reason: "it is leaked".into(),
    });
    let late = behind(Some("d-other")).at(180);
    for (story, outcome) in [
        (wanted, Outcome::Stopped),
        (vetoed, Outcome::Refused),
        (late, Outcome::Failed),
    ] {
        assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
        assert_eq!(story.restored().gives_up().0, outcome);
    }
}

/// A release whose first stage is one of ECS's own blue/green.
fn native() -> Story {
    let mut json = sample::shop_json();
    json["stages"][0]["engine"] = serde_json::json!({ "ecs": {} });
    given(sample::silent(sample::pipeline(json))).pushed("3f2c1ab")
}

#[test]
fn a_start_that_is_looked_for_again_was_meant_when_it_was_meant_first() {
    let meant = |story: &Story| match &story.asks_for()[..] {
        [Action::Start(start)] => start.since,
        other => panic!("it starts: {other:?}"),
    };
    let first = native().at(3).ready_at_test();
    assert_eq!(meant(&first), sample::minute(3));
    let again = first.intended().at(5);
    assert_eq!(meant(&again), sample::minute(3));
    let once_more = again.intended().at(9);
    assert_eq!(meant(&once_more), sample::minute(3));
}

#[test]
fn what_runs_already_has_succeeded_without_a_deployment() {
    let story = native()
        .ready_at_test()
        .intended()
        .happened(Event::RunsAlready {
            stage: stage("test"),
        });
    assert_eq!(story.kinds(), [ActionKind::RestoreScaling]);
    let records = story.restored().records();
    let [
        Event::RolloutEnded {
            outcome: Outcome::Succeeded,
            reason,
            ..
        },
    ] = &records[..]
    else {
        panic!("it has succeeded: {records:?}");
    };
    assert_eq!(reason.to_string(), "3f2c1ab serves");
}
