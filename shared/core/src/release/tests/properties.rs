//! What holds whatever happens: releases in a world that is unkind to them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::pipeline::{Notify, Pipeline};
use crate::release::{Outcome, ScalingState};
use crate::simulation::{Dice, Flaw, World, sample};

/// One of the shop's stages alone, so that short stories come far.
fn only(stage: usize) -> Pipeline {
    let mut json = sample::shop_json();
    let stage = json["stages"][stage].take();
    json["stages"] = serde_json::json!([stage]);
    sample::silent(sample::pipeline(json))
}

/// The one stage, with whatever else it has.
fn only_with(stage: usize, further: serde_json::Value, arrivals: &str) -> Pipeline {
    let mut json = sample::shop_json();
    let mut stage = json["stages"][stage].take();
    for (key, value) in further.as_object().expect("keys") {
        stage[key] = value.clone();
    }
    json["arrivals"] = arrivals.into();
    json["stages"] = serde_json::json!([stage]);
    sample::silent(sample::pipeline(json))
}

/// People are asked when green is ready, a task comes before the rollout, and what serves is
/// watched.
fn careful(arrivals: &str) -> Pipeline {
    let further = serde_json::json!({
        "approval": { "slack": ["U1", "U2"], "sns": true, "when": "before_traffic" },
        "bake": "10m",
        "checks": [
            { "name": "migrate", "at": "before_install",
              "task": { "container": "api", "command": ["./migrate"] } },
            { "name": "errors", "at": "bake", "alarm": { "names": ["shop-5xx"] } },
        ],
    });
    only_with(2, further, arrivals)
}

/// The pipeline, of which people are told in these ways.
fn told(pipeline: Pipeline, slack: bool, sns: bool) -> Pipeline {
    let notify = Notify {
        slack: slack.then(|| "C0DEPLOYS".parse().expect("a channel")),
        sns,
    };
    Pipeline { notify, ..pipeline }
}

fn lived(pipeline: Pipeline, dice: Dice, flaw: Option<Flaw>) -> World {
    let mut world = World::new(pipeline, dice, flaw);
    world.live_through();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold(tape in prop::collection::vec(any::<u8>(), 0..400)) {
        let world = lived(only(0), Dice::new(tape), None);
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }

    #[test]
    fn they_hold_behind_a_gate(tape in prop::collection::vec(any::<u8>(), 0..400)) {
        let world = lived(only(2), Dice::new(tape), None);
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }

    /// Whatever was suspended before is suspended afterwards, and nothing else.
    #[test]
    fn auto_scaling_is_put_back_exactly_as_it_was(
        tape in prop::collection::vec(any::<u8>(), 0..300),
        (dynamic_in, dynamic_out, scheduled) in any::<(bool, bool, bool)>(),
        careful in any::<bool>(),
    ) {
        let pipeline = if careful { self::careful("newest_wins") } else { only(2) };
        let mut world = World::new(pipeline, Dice::new(tape), None);
        world.aws.scaling = Some(ScalingState { dynamic_in, dynamic_out, scheduled });
        world.live_through();
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }

    #[test]
    fn they_hold_before_traffic_moves_and_while_it_bakes(tape in prop::collection::vec(any::<u8>(), 0..400)) {
        let world = lived(careful("newest_wins"), Dice::new(tape), None);
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }

    #[test]
    fn they_hold_in_order(tape in prop::collection::vec(any::<u8>(), 0..400)) {
        for policy in ["queue", "require_reapproval"] {
            let world = lived(only_with(2, serde_json::json!({}), policy), Dice::new(tape.clone()), None);
            prop_assert!(world.violations.is_empty(), "{policy}: {:#?}", world.violations);
        }
    }

    #[test]
    fn people_are_told_whichever_channel_they_have(
        tape in prop::collection::vec(any::<u8>(), 0..300),
        early in any::<bool>(),
        (slack, sns) in any::<(bool, bool)>(),
    ) {
        let pipeline = if early { only(2) } else { careful("newest_wins") };
        let world = lived(told(pipeline, slack, sns), Dice::new(tape), None);
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }

    #[test]
    fn they_hold_over_three_stages_too(tape in prop::collection::vec(any::<u8>(), 0..600)) {
        let world = lived(sample::shop(), Dice::new(tape), None);
        prop_assert!(world.violations.is_empty(), "{:#?}", world.violations);
    }
}

#[test]
fn where_nothing_goes_wrong_a_push_reaches_production() {
    let mut world = lived(sample::shop(), Dice::new(Vec::new()), None);
    assert_eq!(world.violations, Vec::<String>::new());
    let id = world.ledger.ids().remove(0);
    let release = world.ledger.load(&id);
    assert_eq!(release.conclusion().unwrap().outcome, Outcome::Succeeded);
    for index in 0..3 {
        let at = release.service_id(index).unwrap();
        let service = world.aws.service(&at);
        assert_eq!(service.deployments.len(), 1);
        assert_eq!(service.current, service.deployments[0].revision);
        assert_eq!(world.ledger.row(&at).good.unwrap().release, id);
    }
}

#[test]
fn stories_end_in_every_way_that_the_world_has() {
    let mut seen = BTreeSet::new();
    for seed in 0..120 {
        let world = lived(only(2), Dice::seeded(seed, 300), None);
        for id in world.ledger.ids() {
            let release = world.ledger.load(&id);
            seen.insert(release.conclusion().expect("an end").outcome.to_string());
        }
    }
    let all = [
        Outcome::Succeeded,
        Outcome::Failed,
        Outcome::RolledBack,
        Outcome::Superseded,
        Outcome::Stopped,
        Outcome::Refused,
        Outcome::Expired,
    ];
    assert_eq!(seen, all.map(|outcome| outcome.to_string()).into());
}

#[test]
fn a_deployer_that_does_not_look_for_evidence_is_caught() {
    assert!(is_caught(Flaw::NoLookForEvidence, "I3"));
}

#[test]
fn a_ledger_that_does_not_fence_is_caught() {
    assert!(is_caught(Flaw::NoFence, "I2"));
    assert!(is_caught(Flaw::NoFence, "I5"));
}

#[test]
fn a_deployer_that_does_not_look_at_what_runs_is_caught() {
    assert!(is_caught(Flaw::NoBaseline, "I9"));
}

fn is_caught(flaw: Flaw, invariant: &str) -> bool {
    (0..2_000).any(|seed| {
        let world = lived(only(0), Dice::seeded(seed, 300), Some(flaw));
        let mut violations = world.violations.iter();
        violations.any(|violation| violation.starts_with(invariant))
    })
}
