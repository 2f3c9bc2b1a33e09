//! Other releases that have come to the stage: a newer one takes this one's place, an older one is told
//! that this one takes its, and where releases wait in order, each has its turn.

use super::{Context, QUEUE_POLL, Verdict};
use crate::release::next::Step;
use crate::release::next::{perform, place};
use crate::release::{Action, BlockedBy, Place};

pub(super) fn is_newest(context: &Context<'_>) -> Verdict {
    let candidate = context.plan.service.candidate.as_ref();
    let arrived_at = context.release.image().arrived_at;
    match candidate.filter(|candidate| candidate.is_newer_than(arrived_at)) {
        Some(newer) => Verdict::First(Step::Record(vec![newer.clone().superseded()])),
        None => Verdict::Open,
    }
}

pub(super) fn older_are_told(context: &Context<'_>) -> Verdict {
    let release = context.release;
    let Some(candidate) = &context.plan.service.candidate else {
        return Verdict::Open;
    };
    let older = &candidate.release;
    let in_order = release.pipeline().arrivals.is_in_order();
    if in_order || older == release.id() || release.overtaken(older) {
        return Verdict::Open;
    }
    let Some(Place { service, .. }) = place(release, context.stage) else {
        return Verdict::Open;
    };
    let older = older.clone();
    Verdict::First(perform(release, vec![Action::Supersede { older, service }]))
}

/// It is the turn of the first that waits, where releases wait in order.
pub(super) fn is_its_turn(context: &Context<'_>) -> Verdict {
    let release = context.release;
    if !release.pipeline().arrivals.is_in_order() {
        return Verdict::Open;
    }
    let Some(first) = context.plan.service.waiting.first() else {
        return Verdict::Open;
    };
    let newer = first.is_newer_than(release.image().arrived_at);
    if first.release == *release.id() || newer {
        return Verdict::Open;
    }
    Verdict::Blocked {
        by: BlockedBy::Turn {
            release: first.release.clone(),
        },
        pause: QUEUE_POLL,
    }
}
