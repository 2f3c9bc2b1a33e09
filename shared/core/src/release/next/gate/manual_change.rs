//! What runs was not deployed by Towpath: the stage is held, and whoever lifts the hold accepts it.

use super::{Context, Verdict};
use crate::release::next::Step;
use crate::release::{Drift, Event, HoldReason, Plan};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    // What another release is about to replace is that one's to find, and what is held is held.
    if crate::planted!(ManualChangeOverwritten) {
        return Verdict::Open;
    }
    if context.another_owner().is_some() || context.plan.service.hold.is_some() {
        return Verdict::Open;
    }
    match unexplained(context.plan) {
        Some(reason) => Verdict::First(Step::Record(vec![Event::Held {
            stage: context.stage.name.clone(),
            reason,
        }])),
        None => Verdict::Open,
    }
}

/// Why the stage is to be held, if what runs there is not what Towpath left.
fn unexplained(plan: &Plan) -> Option<HoldReason> {
    let left = match plan.service.drift(&plan.previous) {
        Drift::Changed(left) => left,
        Drift::Untouched | Drift::AsLeft(_) | Drift::NotKnown(_) => return None,
    };
    Some(HoldReason::ManualChange {
        runs: plan.previous.clone(),
        left: left.clone(),
        difference: plan.drift.clone(),
    })
}
