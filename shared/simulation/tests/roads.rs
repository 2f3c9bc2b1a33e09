//! The main road with each engine and gate, without faults: how far a story comes at all.

use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Outcome, ScalingState};
use towpath_simulation::{Dice, pipelines, simulate};

fn reaches_the_end(pipeline: Pipeline) {
    let story = simulate(
        pipeline,
        Dice::new(Vec::new()),
        ScalingState::default(),
        None,
    );
    let ended = story.ended();
    assert_eq!(story.violations(), Vec::<String>::new(), "{ended:#?}");
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0].outcome, Some(Outcome::Succeeded), "{ended:#?}");
}

fn of(stages: Value) -> Pipeline {
    pipelines::of(stages)
}

#[test]
fn a_push_is_rolled_out() {
    reaches_the_end(of(json!([pipelines::rolling()])));
}

#[test]
fn a_push_is_rolled_out_once_it_is_approved() {
    let stage = pipelines::approved(pipelines::rolling(), "before_rollout");
    reaches_the_end(of(json!([stage])));
}

#[test]
fn a_push_is_rolled_out_once_it_is_approved_by_message() {
    let stage = pipelines::approved_by_message(pipelines::rolling(), "before_rollout");
    reaches_the_end(pipelines::notifying(of(json!([stage])), false, true));
}

#[test]
fn codedeploy_moves_traffic() {
    reaches_the_end(of(json!([pipelines::codedeploy()])));
}

#[test]
fn codedeploy_waits_for_people_before_it_moves_traffic() {
    let stage = pipelines::approved(pipelines::codedeploy(), "before_traffic");
    reaches_the_end(of(json!([stage])));
}

#[test]
fn ecs_moves_traffic() {
    reaches_the_end(of(json!([pipelines::native()])));
}

#[test]
fn ecs_waits_for_people_before_it_moves_traffic() {
    let stage = pipelines::approved(pipelines::native(), "before_traffic");
    reaches_the_end(of(json!([stage])));
}

#[test]
fn a_task_comes_first_and_what_serves_is_watched() {
    for stage in [
        pipelines::rolling(),
        pipelines::codedeploy(),
        pipelines::native(),
    ] {
        reaches_the_end(of(json!([pipelines::careful(stage)])));
    }
}

#[test]
fn a_push_goes_through_three_stages() {
    let last = pipelines::approved(pipelines::native(), "before_rollout");
    let stages = json!([pipelines::rolling(), pipelines::codedeploy(), last]);
    reaches_the_end(of(stages));
}
