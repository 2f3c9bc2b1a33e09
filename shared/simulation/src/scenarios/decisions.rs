//! People decide: they approve and reject, take back, veto and hold.

use jiff::SignedDuration;
use serde_json::{Value, json};
use towpath_core::release::Outcome::{Expired, Refused, RolledBack, Succeeded, Superseded};
use towpath_lab_world::Behaviour::Healthy;

use super::engines::pushed;
use super::{CREATE, LOOK, UPDATE, pipeline};
use crate::pipelines;
use crate::scenario::{Act, Scenario, Sign};

/// How long people take to think.
const A_MINUTE: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn all() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (name, stage, when) in gates() {
        let asked = |what: &str| asked(&format!("{name}_{what}"), &stage, when);
        all.extend([
            asked("approved")
                .then(Act::Approve("U1"))
                .ends(&[Succeeded]),
            asked("rejected").then(Act::Reject("U1")).ends(&[Refused]),
            expired(&format!("{name}_expired"), &stage, when),
            asked("two_deciders")
                .then(Act::Approve("U1"))
                .then(Act::Reject("U2"))
                .ends(&[Refused])
                // Who rejects it came when it had been started.
                .or(&[Succeeded]),
            asked("vetoed_while_asking")
                .then(Act::Veto("aaaaaaa"))
                .ends(&[Refused]),
        ]);
    }
    all.extend([
        by_message(),
        rolled_back_during("rolling_rolled_back_during", &pipelines::rolling(), UPDATE),
        rolled_back_during(
            "codedeploy_rolled_back_during",
            &pipelines::codedeploy(),
            CREATE,
        ),
        rolled_back_after("rolling_rolled_back_after", &pipelines::rolling()),
        pushed("vetoed_while_planned", &pipelines::rolling(), Healthy)
            .when(Sign::Called(LOOK, 1), Act::Veto("aaaaaaa"))
            .ends(&[Refused])
            // The veto was written after the start.
            .or(&[Succeeded]),
        pushed("vetoed_once_started", &pipelines::rolling(), Healthy)
            .when(Sign::Called(UPDATE, 1), Act::Veto("aaaaaaa"))
            .ends(&[Succeeded]),
        Scenario::of("held_and_let_go", pipeline(&pipelines::rolling()))
            .then(Act::Hold)
            .when(Sign::After(A_MINUTE), Act::Push("aaaaaaa", Healthy))
            .when(Sign::Quiet, Act::LiftHold)
            .ends(&[Succeeded]),
    ]);
    all
}

/// Where people are asked.
fn gates() -> [(&'static str, Value, &'static str); 3] {
    [
        ("rolling", pipelines::rolling(), "before_rollout"),
        ("codedeploy", pipelines::codedeploy(), "before_traffic"),
        ("native", pipelines::native(), "before_traffic"),
    ]
}

/// An image is pushed, and people are asked and think.
fn asked(name: &str, stage: &Value, when: &str) -> Scenario {
    let stage = pipelines::approved(stage.clone(), when);
    pushed(name, &stage, Healthy)
        .when(Sign::Asked(1), Act::Wait)
        .when(Sign::After(A_MINUTE), Act::Wait)
}

/// Nobody decides in time.
fn expired(name: &str, stage: &Value, when: &str) -> Scenario {
    let mut stage = pipelines::approved(stage.clone(), when);
    stage["approval"]["expires"] = json!("20m");
    pushed(name, &stage, Healthy).ends(&[Expired])
}

fn by_message() -> Scenario {
    let stage = pipelines::approved_by_message(pipelines::rolling(), "before_rollout");
    let pipeline = pipelines::notifying(pipelines::of(json!([stage])), false, true);
    Scenario::of("rolling_approved_by_message", pipeline)
        .then(Act::Push("aaaaaaa", Healthy))
        .when(Sign::Asked(1), Act::Wait)
        .when(Sign::After(A_MINUTE), Act::ApproveByMessage)
        .ends(&[Succeeded])
}

fn rolled_back_during(name: &str, stage: &Value, start: &'static str) -> Scenario {
    pushed(name, stage, Healthy)
        .when(Sign::Called(start, 1), Act::Wait)
        .when(
            Sign::After(SignedDuration::from_secs(30)),
            Act::RollBack("U1"),
        )
        .ends(&[RolledBack])
        // There is no button before there is a card, which may come late: when it serves.
        .or(&[Succeeded, Succeeded])
}

fn rolled_back_after(name: &str, stage: &Value) -> Scenario {
    pushed(name, stage, Healthy)
        .when(Sign::Quiet, Act::Push("bbbbbbb", Healthy))
        .when(Sign::Quiet, Act::RollBack("U1"))
        .ends(&[Succeeded, Succeeded, Succeeded])
        // The second one's card came late, and on the first one's it cannot be rolled back.
        .or(&[Succeeded, Succeeded])
        // Of neither was heard before both were there.
        .or(&[Superseded, Succeeded, Succeeded])
}
