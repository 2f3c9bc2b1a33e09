//! Baking: the new version has all of the traffic, and is watched for the stage's bake time.
//!
//! | and | then |
//! |---|---|
//! | somebody wants it rolled back, or a check failed | roll back, and hold the stage; close as failed where AWS refuses that |
//! | its time is over, and everything that was watched is decided | close, as succeeded |
//! | it asks, and checks take their time | run them, then answer |
//! | auto scaling is suspended | restore it |
//! | something was reported, or its time is over | look at the deployment |
//! | checks are to be run | run them |
//! | | wait |

use jiff::Timestamp;

use super::closing::succeeded;
use super::context::{MAX_POLL_INTERVAL, RolloutContext};
use super::follow::observe;
use super::rollback::{failed_while_baking, requested, roll_back, still_serves};
use super::{Step, calls, checks, finish, later, perform};
use crate::pipeline::HookPoint;
use crate::release::Action;
use crate::release::rollout::{Deployment, watched_until};

pub(super) fn next(own: RolloutContext<'_>, deployment: &Deployment) -> Step {
    let rollback = requested(own).or_else(|| failed_while_baking(own));
    if let Some(rollback) = rollback {
        return match still_serves(own, deployment) {
            Some(conclusion) => finish::finish(own, conclusion),
            None => roll_back(own, deployment, rollback),
        };
    }
    if is_over(own, deployment) {
        return finish::finish(own, succeeded(own.release));
    }
    calls::next_call(own, deployment).unwrap_or_else(|| watch(own, deployment))
}

/// Whether the stage's bake time is over, and everything that was watched in it is decided. What
/// served when it began may have been replaced in it, so it is looked at once more; where that is
/// not possible, what was seen last counts, a little later.
pub(super) fn is_over(own: RolloutContext<'_>, deployment: &Deployment) -> bool {
    watched_until(deployment, own.stage).is_none_or(|until| {
        own.now >= until && !is_to_be_looked_at(deployment, until)
            || own.now >= later(until, MAX_POLL_INTERVAL)
    }) && checks::undecided(own, HookPoint::Bake).is_empty()
}

fn is_to_be_looked_at(deployment: &Deployment, until: Timestamp) -> bool {
    deployment.reported || deployment.observed_at < until
}

fn watch(own: RolloutContext<'_>, deployment: &Deployment) -> Step {
    let RolloutContext {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    // It serves: from here on it has to scale.
    if let Some(state) = live.scaling.to_restore() {
        let place = place.clone();
        return perform(release, vec![Action::RestoreScaling { place, state }]);
    }
    if deployment.reported {
        return perform(release, vec![observe(own, deployment)]);
    }
    let until = watched_until(deployment, stage).unwrap_or(now);
    if now >= until
        && is_to_be_looked_at(deployment, until)
        && now < later(until, MAX_POLL_INTERVAL)
    {
        return perform(release, vec![observe(own, deployment)]);
    }
    let undecided = checks::undecided(own, HookPoint::Bake);
    let watched = !undecided.is_empty();
    if watched {
        let since = deployment.shifted_at.unwrap_or(now);
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
