//! The time in which a new version is watched after it has got all of the traffic.

use jiff::Timestamp;

use super::live::{Own, SLOWEST_POLL, observe};
use super::{Step, checks, later, perform};
use crate::pipeline::HookPoint;
use crate::release::Action;
use crate::release::rollout::Deployment;

/// Whether the stage's bake time is over, and everything that was watched in it is decided. What
/// served when it began may have been replaced in it, so it is looked at once more; where that is
/// not possible, what was seen last counts, a little later.
pub(super) fn is_over(own: Own<'_>, deployment: &Deployment) -> bool {
    own.live.watched_until(own.stage).is_none_or(|until| {
        own.now >= until && !is_to_be_looked_at(deployment, until)
            || own.now >= later(until, SLOWEST_POLL)
    }) && checks::undecided(own, HookPoint::Bake).is_empty()
}

fn is_to_be_looked_at(deployment: &Deployment, until: Timestamp) -> bool {
    deployment.reported || deployment.observed_at < until
}

pub(super) fn next_bake(own: Own<'_>, deployment: &Deployment) -> Step {
    let Own {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    // It serves: from here on it has to scale.
    if let Some(state) = live.to_restore {
        let place = place.clone();
        return perform(release, vec![Action::RestoreScaling { place, state }]);
    }
    if deployment.reported {
        return perform(release, vec![observe(own, deployment)]);
    }
    let until = live.watched_until(stage).unwrap_or(now);
    if now >= until && is_to_be_looked_at(deployment, until) && now < later(until, SLOWEST_POLL) {
        return perform(release, vec![observe(own, deployment)]);
    }
    let undecided = checks::undecided(own, HookPoint::Bake);
    let watched = !undecided.is_empty();
    if watched {
        let since = live.shifted_at.unwrap_or(now);
        let over = now >= until;
        let step = checks::run(
            own,
            HookPoint::Bake,
            Some(&deployment.id),
            since,
            undecided,
            over,
        );
        if let Some(step) = step {
            return step;
        }
    }
    let again = checks::due(own).filter(|_| watched);
    Step::Wait(Some(again.map_or(until, |again| again.min(until))))
}
