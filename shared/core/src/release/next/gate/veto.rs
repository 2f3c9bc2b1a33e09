//! An image that was vetoed is rolled out nowhere.

use super::{Context, Verdict};
use crate::release::Outcome;
use crate::release::next::give_up_here;

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match &context.plan.veto {
        Some(reason) => Verdict::First(give_up_here(
            context.stage,
            Outcome::Refused,
            reason.clone(),
        )),
        None => Verdict::Open,
    }
}
