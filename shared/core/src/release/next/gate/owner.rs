//! A service belongs to one release at a time.

use super::{Context, QUEUE_POLL, URGENT_POLL, Verdict};
use crate::release::BlockedBy;

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    match context.another_owner() {
        Some(another) => Verdict::Blocked {
            by: BlockedBy::Owner {
                release: another.clone(),
            },
            // Whoever has the service was told to let go of it: what is brought back is urgent.
            pause: if context.is_rollback() {
                URGENT_POLL
            } else {
                QUEUE_POLL
            },
        },
        None => Verdict::Open,
    }
}
