//! What runs now must be possible to bring back, unless the stage does without.

use super::{Context, Verdict};
use crate::pipeline::WayBack;
use crate::release::next::give_up_here;
use crate::release::{Outcome, Reason};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match (&context.plan.no_way_back, context.stage.way_back) {
        (Some(problem), WayBack::Required) => Verdict::First(give_up_here(
            context.stage,
            Outcome::Failed,
            Reason::NoWayBack {
                problem: problem.clone(),
            },
        )),
        (Some(_), WayBack::Optional) | (None, _) => Verdict::Open,
    }
}
