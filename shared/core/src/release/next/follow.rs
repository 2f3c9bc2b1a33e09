//! Looking at a deployment: when something was reported, or it is time.

use jiff::{SignedDuration, Timestamp};

use super::context::{MAX_POLL_INTERVAL, RolloutContext};
use super::rollback::{is_fresh, is_young};
use super::{Step, calls, later, perform};
use crate::release::rollout::Deployment;
use crate::release::{Action, Observe};

/// The first pause before a deployment is looked at without having reported anything; it doubles
/// up to [`MAX_POLL_INTERVAL`] while nothing changes.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(60);

/// Looks at the deployment when something was reported or it is time, else waits: for it, or until
/// `until` if that comes first.
pub(super) fn follow(
    own: RolloutContext<'_>,
    deployment: &Deployment,
    until: Option<Timestamp>,
) -> Step {
    let RolloutContext {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    let deadline = live.deadline(stage);
    let pause = (0..deployment.unchanged.min(8))
        .fold(FIRST_POLL, |pause, _| (pause * 2).min(MAX_POLL_INTERVAL));
    let due = later(deployment.observed_at, pause);
    let due = calls::look_due(own, deployment).map_or(due, |look| due.min(look));
    let last_look = own.live.given_up_at(own.stage);
    let due = if deployment.observed_at < last_look {
        due.min(last_look)
    } else {
        due
    };
    if deployment.reported || now >= due {
        return perform(release, vec![observe(own, deployment)]);
    }
    // A deployment that AWS rolls back by itself is followed past the deadline.
    let due = if live.progress.rollback().is_none() && now < deadline {
        due.min(deadline)
    } else {
        due
    };
    let watch = calls::due(own, deployment);
    let due = [until, watch]
        .into_iter()
        .flatten()
        .fold(due, Timestamp::min);
    Step::Wait(Some(due))
}

pub(super) fn observe(own: RolloutContext<'_>, deployment: &Deployment) -> Action {
    let live = own.live;
    let previous = live.plan.previous.clone();
    let rollback = live.progress.rollback();
    Action::Observe(Box::new(Observe {
        place: own.place.clone(),
        engine: own.stage.engine.clone(),
        deployment: deployment.id.clone(),
        revision: live.revision.clone().unwrap_or_else(|| previous.clone()),
        previous,
        rollback: deployment
            .rollback
            .as_ref()
            .filter(|_| rollback.is_some())
            .map(|by| by.id.clone()),
        rolling_back: rollback.map(|rollback| rollback.reason.clone()),
        tasks: deployment.alias.clone(),
        skip_pauses: own.release.rollback().is_some(),
        fresh: is_fresh(own, deployment),
        young: is_young(own, deployment),
        shifted: deployment.shifted_at.is_some(),
    }))
}
