//! A stage that is on hold takes no new release.

use super::{Context, QUEUE_POLL, Verdict};
use crate::release::BlockedBy;

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match &context.plan.service.hold {
        Some(hold) => Verdict::Blocked {
            by: BlockedBy::Hold { hold: hold.clone() },
            pause: QUEUE_POLL,
        },
        None => Verdict::Open,
    }
}
