//! Whoever runs services does things beside Towpath: edits by hand, settings, rights, pipelines.

use jiff::SignedDuration;
use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::Outcome::{Expired, Failed, Succeeded, Superseded};
use towpath_core::release::ScalingState;
use towpath_lab_world::Behaviour::Healthy;

use super::engines::pushed;
use super::{LOOK, UPDATE, patient, pipeline};
use crate::pipelines;
use crate::scenario::{Act, Scenario, Sign};

const REGISTER: &str = "ecs:RegisterTaskDefinition";

const A_MINUTE: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn all() -> Vec<Scenario> {
    let rolling = pipelines::rolling();
    let mut all = vec![
        pushed("edited_by_hand_before", &rolling, Healthy)
            .when(Sign::Called(LOOK, 1), Act::EditByHand)
            .ends(&[Superseded])
            // What somebody has put there before the plan is what runs.
            .or(&[Succeeded]),
        pushed("edited_by_hand_during", &rolling, Healthy)
            .when(Sign::Called(UPDATE, 1), Act::EditByHand)
            .ends(&[Superseded]),
        pushed("busy_group", &pipelines::codedeploy(), Healthy)
            .when(Sign::Called(LOOK, 1), Act::TakeGroup)
            .ends(&[Succeeded]),
        asked("pipeline_edited", &[edited()]).ends(&[Succeeded]),
        // Nobody may approve any more.
        asked("pipeline_removed", &[]).ends(&[Expired]),
        refused(),
        poison(),
    ];
    all.extend(priors());
    all
}

/// The pipeline, after somebody has edited it.
fn edited() -> Pipeline {
    let stage = pipelines::approved(pipelines::rolling(), "before_rollout");
    pipeline(&pipelines::with(stage, &json!({ "bake": "5m" })))
}

/// Pipelines are applied while people are asked.
fn asked(name: &str, pipelines: &[Pipeline]) -> Scenario {
    let stage = crate::pipelines::approved(crate::pipelines::rolling(), "before_rollout");
    pushed(name, &stage, Healthy)
        .when(Sign::Asked(1), Act::Apply(pipelines.to_vec()))
        .when(Sign::After(A_MINUTE), Act::Approve("U1"))
}

/// A right is missing at first, and granted; then the next release goes through.
fn refused() -> Scenario {
    Scenario::of("role_refused_and_granted", pipeline(&pipelines::rolling()))
        .then(Act::Refuse(REGISTER))
        .then(Act::Push("aaaaaaa", Healthy))
        .when(Sign::Quiet, Act::Grant(REGISTER))
        .then(Act::Push("bbbbbbb", Healthy))
        .ends(&[Failed, Succeeded])
        // The right was granted, and the next one pushed, before the first one got so far.
        .or(&[Superseded, Succeeded])
        .or(&[Succeeded, Succeeded])
}

/// One pipeline can never be deployed, and the other takes no notice.
fn poison() -> Scenario {
    let mut stage = pipelines::native();
    stage["containers"] = json!(["nothing"]);
    stage["environment"] = json!({});
    let mut poison = pipelines::of(json!([patient(stage)]));
    poison.pipeline = "shop-poison".parse().expect("the name of a pipeline");
    let mut scenario =
        pushed("poison_beside_healthy", &pipelines::rolling(), Healthy).ends(&[Succeeded, Failed]);
    scenario.pipelines.push(poison);
    scenario
}

/// What an operator has suspended before is suspended afterwards, and nothing else.
fn priors() -> impl Iterator<Item = Scenario> {
    (0..8_u8).map(|bits| {
        let scaling = ScalingState {
            dynamic_in: bits & 1 > 0,
            dynamic_out: bits & 2 > 0,
            scheduled: bits & 4 > 0,
        };
        let name = format!("scaling_was_{bits:03b}");
        let scenario = pushed(&name, &pipelines::rolling(), Healthy).ends(&[Succeeded]);
        Scenario {
            scaling,
            ..scenario
        }
    })
}
