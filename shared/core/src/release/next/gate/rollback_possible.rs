//! What runs now must be possible to bring back, unless the stage does without.

use super::{Context, Verdict};
use crate::pipeline::RollbackPolicy;
use crate::release::next::give_up_here;
use crate::release::{Outcome, Reason};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match (&context.plan.cannot_roll_back, context.stage.rollback) {
        (Some(problem), RollbackPolicy::Required) => Verdict::First(give_up_here(
            context.stage,
            Outcome::Failed,
            Reason::CannotRollBack {
                problem: problem.clone(),
            },
        )),
        (Some(_), RollbackPolicy::Optional) | (None, _) => Verdict::Open,
    }
}
