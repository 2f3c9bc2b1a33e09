//! Other releases that have come to the stage: a newer one takes this one's place, an older one is told
//! that this one takes its, and where releases wait in order, each has its turn.

use super::{Context, QUEUE_POLL, Verdict};
use crate::names::ReleaseId;
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
    let candidate = context.plan.service.candidate.as_ref();
    let older = candidate.map(|candidate| &candidate.release).into_iter();
    let to_tell = |older: &&ReleaseId| *older != release.id() && !release.overtaken(older);
    let Some(older) = older.chain(release.found_older()).find(to_tell) else {
        return Verdict::Open;
    };
    if release.pipeline().arrivals.is_in_order() {
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
