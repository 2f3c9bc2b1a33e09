//! What holds whatever happens: releases in a world that is unkind to them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Outcome, ScalingState};
use towpath_simulation::{Dice, Fate, Story, pipelines, simulate};

/// How many stories each property is tried on.
const CASES: u32 = 40;

/// The longest tape of a story.
const LENGTH: usize = 700;

fn run(pipeline: Pipeline, dice: Dice) -> Story {
    simulate(pipeline, dice, ScalingState::default(), None)
}

fn tape() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..LENGTH)
}

/// The seeds of histories that have failed are kept beside this file, and are tried first.
fn config() -> ProptestConfig {
    let beside = FileFailurePersistence::WithSource("proptest-regressions");
    ProptestConfig {
        cases: CASES,
        failure_persistence: Some(Box::new(beside)),
        ..ProptestConfig::default()
    }
}

/// The three engines, each with a gate that it has.
fn stages() -> [serde_json::Value; 3] {
    [
        pipelines::rolling(),
        pipelines::codedeploy(),
        pipelines::native(),
    ]
}

fn holds(pipeline: Pipeline, tape: Vec<u8>) -> Result<(), TestCaseError> {
    let violations = run(pipeline, Dice::new(tape)).violations();
    prop_assert!(violations.is_empty(), "{violations:#?}");
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_the_invariants_hold(tape in tape(), engine in 0..3_usize) {
        holds(pipelines::of(json!([stages()[engine]])), tape)?;
    }

    #[test]
    fn they_hold_behind_a_gate(tape in tape(), engine in 0..3_usize) {
        let stage = pipelines::approved(stages()[engine].clone(), "before_rollout");
        holds(pipelines::of(json!([stage])), tape)?;
    }

    #[test]
    fn they_hold_before_traffic_moves_and_while_it_bakes(tape in tape(), engine in 1..3_usize) {
        let stage = pipelines::approved(stages()[engine].clone(), "before_traffic");
        holds(pipelines::of(json!([pipelines::careful(stage)])), tape)?;
    }

    /// Whatever was suspended before is suspended afterwards, and nothing else.
    #[test]
    fn auto_scaling_is_put_back_exactly_as_it_was(
        tape in tape(),
        (dynamic_in, dynamic_out, scheduled) in any::<(bool, bool, bool)>(),
        engine in 0..3_usize,
    ) {
        let scaling = ScalingState { dynamic_in, dynamic_out, scheduled };
        let pipeline = pipelines::of(json!([pipelines::careful(stages()[engine].clone())]));
        let violations = simulate(pipeline, Dice::new(tape), scaling, None).violations();
        prop_assert!(violations.is_empty(), "{violations:#?}");
    }

    #[test]
    fn they_hold_in_order(tape in tape(), engine in 0..3_usize, reapproved in any::<bool>()) {
        let arrivals = if reapproved { "require_reapproval" } else { "queue" };
        let stage = pipelines::approved(stages()[engine].clone(), "before_rollout");
        holds(pipelines::arriving(json!([stage]), arrivals), tape)?;
    }

    #[test]
    fn people_are_told_whichever_channel_they_have(
        tape in tape(),
        engine in 0..3_usize,
        (slack, sns) in any::<(bool, bool)>(),
    ) {
        let stage = stages()[engine].clone();
        let stage = if sns {
            pipelines::approved_by_message(stage, "before_rollout")
        } else {
            stage
        };
        holds(pipelines::notifying(pipelines::of(json!([stage])), slack, sns), tape)?;
    }

    #[test]
    fn they_hold_over_three_stages_too(tape in tape()) {
        let [test, staging, production] = stages();
        let production = pipelines::approved(production, "before_traffic");
        holds(pipelines::of(json!([test, staging, production])), tape)?;
    }
}

#[test]
fn stories_end_in_every_way_that_there_is() {
    let all: BTreeSet<_> = [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::Superseded,
        Outcome::Stopped,
        Outcome::Refused,
        Outcome::Expired,
    ]
    .map(|outcome| outcome.to_string())
    .into();
    let mut seen = BTreeSet::new();
    let mut brought_back = false;
    for seed in 0..150 {
        let stage = pipelines::approved(pipelines::rolling(), "before_rollout");
        let story = run(pipelines::of(json!([stage])), Dice::seeded(seed, LENGTH));
        for ended in story.ended() {
            let outcome = ended.outcome.expect("an end");
            brought_back |= ended.is_rollback && outcome == Outcome::Succeeded;
            seen.insert(outcome.to_string());
        }
        if seen == all && brought_back {
            return;
        }
    }
    panic!("they end in {seen:?}, and what was good is brought back: {brought_back}");
}

/// The calls by which the engines change AWS. Without these fates the properties would say little.
#[test]
fn what_changes_aws_meets_every_fate() {
    let fates = [
        Fate::Done,
        Fate::NotDone,
        Fate::FailedBefore,
        Fate::AnswerLost,
        Fate::DeathBefore,
        Fate::DeathAfter,
        Fate::Refused,
    ];
    let mut met: BTreeMap<_, usize> = BTreeMap::new();
    for seed in 0..80 {
        for stage in stages() {
            let stage = if stage["name"] == "test" {
                stage
            } else {
                pipelines::approved(stage, "before_traffic")
            };
            let story = run(pipelines::of(json!([stage])), Dice::seeded(seed, LENGTH));
            for (fate, times) in story.fates() {
                *met.entry(fate).or_default() += times;
            }
        }
    }
    for calls in [
        &["ecs:RegisterTaskDefinition"][..],
        &["ecs:UpdateService", "codedeploy:CreateDeployment"],
        &["application-autoscaling:RegisterScalableTarget"],
        &["slack:chat.postMessage", "sns:Publish"],
        &["dynamodb:TransactWriteItems"],
    ] {
        for fate in fates {
            // The ledger is the deployer's own.
            let own = calls[0].starts_with("dynamodb") && fate == Fate::Refused;
            let times = calls.iter().filter_map(|call| met.get(&(*call, fate)));
            let times: usize = times.sum();
            assert!(own || times > 0, "{calls:?} never meet {fate:?}: {met:#?}");
        }
    }
    for calls in ["ecs:DescribeServices", "ecs:UpdateService"] {
        assert!(met.contains_key(&(calls, Fate::Stale)), "{met:#?}");
    }
}
