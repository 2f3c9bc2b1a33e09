//! What would be deployed runs already. A rollback makes sure of it all the same: what runs is good
//! afterwards, and the stage held.

use super::{Context, QUEUE_POLL, Verdict};
use crate::release::next::{Step, succeed};
use crate::release::{BlockedBy, Reason};

pub(super) fn ask(context: &Context<'_>) -> Verdict {
    if !context.plan.runs_already() {
        return Verdict::Open;
    }
    // What runs while another release replaces it will not run for long.
    if let Some(another) = context.another_owner()
        && !crate::planted!(RunsAlreadyWhileOwned)
    {
        return Verdict::Blocked {
            by: BlockedBy::Owner {
                release: another.clone(),
            },
            pause: QUEUE_POLL,
        };
    }
    Verdict::First(Step::Record(succeed(
        context.release,
        context.stage,
        Reason::RunsAlready {
            tag: context.release.image().tag.clone(),
        },
        context.plan.reuse.clone(),
    )))
}
