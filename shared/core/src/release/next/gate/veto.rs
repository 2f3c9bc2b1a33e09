//! An image that was vetoed is rolled out nowhere.

use super::{Context, Verdict};
use crate::release::next::give_up_here;
use crate::release::{Outcome, Reason};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match &context.plan.veto {
        Some(veto) => Verdict::First(give_up_here(
            context.stage,
            Outcome::Refused,
            Reason::VetoedBefore { veto: veto.clone() },
        )),
        None => Verdict::Open,
    }
}
