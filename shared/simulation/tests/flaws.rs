//! Defects that are planted in what the ports say or do: each is caught through the real loop.

use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::ScalingState;
use towpath_simulation::{Dice, Flaw, Story, pipelines, simulate};

/// How many stories are told at most until one catches the defect.
const STORIES: u64 = 300;

/// How long the tape of each is.
const LENGTH: usize = 700;

fn rolling() -> Pipeline {
    pipelines::of(json!([pipelines::rolling()]))
}

fn codedeploy() -> Pipeline {
    pipelines::of(json!([pipelines::codedeploy()]))
}

fn native() -> Pipeline {
    pipelines::of(json!([pipelines::native()]))
}

fn careful() -> Pipeline {
    pipelines::of(json!([pipelines::careful(pipelines::codedeploy())]))
}

fn approved() -> Pipeline {
    let stage = pipelines::approved(pipelines::rolling(), "before_rollout");
    pipelines::of(json!([stage]))
}

fn run(pipeline: &Pipeline, seed: u64, flaw: Flaw) -> Story {
    let scaling = ScalingState {
        dynamic_in: true,
        ..ScalingState::default()
    };
    let dice = Dice::seeded(seed, LENGTH);
    simulate(pipeline.clone(), dice, scaling, Some(flaw))
}

/// A story finds what is wrong with these words.
fn is_caught(pipeline: &Pipeline, flaw: Flaw, words: &str) {
    is_caught_from(0, pipeline, flaw, words);
}

/// The same, where the search begins with a story that is known to.
fn is_caught_from(first: u64, pipeline: &Pipeline, flaw: Flaw, words: &str) {
    let caught = (first..first + STORIES).find(|seed| {
        let violations = run(pipeline, *seed, flaw).violations();
        violations.iter().any(|violation| violation.contains(words))
    });
    println!("{flaw:?} ({words}): {caught:?}");
    assert!(caught.is_some(), "{flaw:?} is not caught by {words}");
}

#[test]
fn doing_again_without_looking_for_what_was_done() {
    is_caught(&rolling(), Flaw::NoAdoption, "registers the same");
}

#[test]
fn doing_again_without_looking_for_the_deployment() {
    is_caught_from(1378, &rolling(), Flaw::NoAdoption, "has a deployment of");
    is_caught(&codedeploy(), Flaw::NoAdoption, "has a deployment of");
    is_caught(&native(), Flaw::NoAdoption, "has a deployment of");
}

#[test]
fn writing_whoever_owns_the_service() {
    is_caught_from(278, &rolling(), Flaw::NoFence, "I2");
    is_caught_from(278, &rolling(), Flaw::NoFence, "I5");
    is_caught_from(3174, &careful(), Flaw::NoFence, ": stops ");
}

#[test]
fn forgetting_that_auto_scaling_was_suspended_before() {
    is_caught(&rolling(), Flaw::ForgottenScaling, "I8");
}

#[test]
fn taking_the_success_of_a_rollback_for_the_releases() {
    is_caught(&rolling(), Flaw::RollbackTakenForSuccess, "does not serve");
}

/// CodeDeploy's word alone is not enough: the service says what serves.
#[test]
fn a_rollback_that_codedeploy_calls_a_success_is_none() {
    let mut lies = 0;
    for seed in 0..40 {
        let story = run(&codedeploy(), seed, Flaw::RollbackTakenForSuccess);
        let violations = story.violations();
        let lied = violations.iter().find(|it| it.contains("does not serve"));
        assert_eq!(lied, None);
        lies += story.lies();
    }
    assert!(lies > 0, "no rollback was ever looked at");
}

#[test]
fn taking_an_approval_that_comes_too_late() {
    is_caught(&approved(), Flaw::LateApproval, "I4");
}

#[test]
fn losing_a_notice() {
    is_caught(&rolling(), Flaw::LostNotice, "I6");
}

#[test]
fn acting_on_a_plan_that_is_no_longer_so() {
    is_caught(&rolling(), Flaw::StalePlan, "I9");
}

#[test]
fn approving_by_tag() {
    is_caught(
        &approved(),
        Flaw::ApprovedByTag,
        "something else was approved",
    );
}
