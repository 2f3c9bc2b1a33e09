//! A rollout that owns its service: what is done until it lets go of it.

use jiff::{SignedDuration, Timestamp};

use super::back::{self, given_up, is_fresh};
use super::changes::place;
use super::conclude::conclude;
use super::{Moment, Step, bake, calls, end, finish, later, perform, start, traffic};
use crate::pipeline::Stage;
use crate::release::rollout::{Deployment, DeploymentStatus, Live};
use crate::release::{Action, EndReason, Outcome, Place, Release};

/// The first pause before a deployment is looked at without having reported anything; it doubles
/// up to [`SLOWEST_POLL`] while nothing changes.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(60);
pub(super) const SLOWEST_POLL: SignedDuration = SignedDuration::from_secs(600);

/// A rollout that owns its service, where it is, and when.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) release: &'a Release,
    pub(super) stage: &'a Stage,
    pub(super) live: &'a Live,
    /// How often people were asked here.
    pub(super) approvals: u32,
    pub(super) place: &'a Place,
    pub(super) now: Timestamp,
}

pub(super) fn next_live(
    release: &Release,
    stage: &Stage,
    live: &Live,
    approvals: u32,
    moment: Moment,
) -> Step {
    if let Some(outstanding) = release.outstanding()
        && moment.now < outstanding.until
    {
        return Step::Wait(Some(outstanding.until));
    }
    let Some(place) = place(release, stage) else {
        return end(Outcome::Refused, EndReason::NoService);
    };
    let own = Own {
        release,
        stage,
        live,
        approvals,
        place: &place,
        now: moment.now,
    };
    if let Some(conclusion) = conclude(own) {
        return finish::finish(own, conclusion);
    }
    match &live.deployment {
        None => start::next_start(own),
        Some(deployment) => under_way(own, deployment),
    }
}

fn under_way(own: Own<'_>, deployment: &Deployment) -> Step {
    if let Some(back) = back::wanted(own, deployment).or_else(|| back::missed(own, deployment)) {
        return back::roll_back(own, deployment, back);
    }
    if let Some(step) = calls::next_call(own, deployment) {
        return step;
    }
    match &deployment.status {
        DeploymentStatus::Ready { pause } if own.live.rolling_back.is_none() => {
            traffic::next_ready(own, deployment, pause.as_ref())
        }
        DeploymentStatus::Succeeded | DeploymentStatus::Shifted { .. }
            if own.live.rolling_back.is_none() =>
        {
            bake::next_bake(own, deployment)
        }
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => follow(own, deployment, None),
    }
}

/// Looks at the deployment when something was reported or it is time, else waits: for it, or until
/// `until` if that comes first.
pub(super) fn follow(own: Own<'_>, deployment: &Deployment, until: Option<Timestamp>) -> Step {
    let Own {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    let deadline = live.deadline(stage);
    let pause =
        (0..deployment.unchanged.min(8)).fold(FIRST_POLL, |pause, _| (pause * 2).min(SLOWEST_POLL));
    let due = later(deployment.observed_at, pause);
    let last_look = given_up(own);
    let due = if deployment.observed_at < last_look {
        due.min(last_look)
    } else {
        due
    };
    if deployment.reported || now >= due {
        return perform(release, vec![observe(own, deployment)]);
    }
    // A deployment that AWS takes back by itself is followed past the deadline.
    let due = if live.rolling_back.is_none() && now < deadline {
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

pub(super) fn observe(own: Own<'_>, deployment: &Deployment) -> Action {
    let live = own.live;
    let before = live.plan.current.clone();
    Action::Observe {
        place: own.place.clone(),
        rollout: own.stage.rollout.clone(),
        deployment: deployment.id.clone(),
        revision: live.revision.clone().unwrap_or_else(|| before.clone()),
        before,
        back: live
            .rollback
            .clone()
            .filter(|_| live.rolling_back.is_some()),
        stopping: live.rolling_back.as_ref().map(|back| back.reason.clone()),
        tasks: deployment.also.clone(),
        unasked: own.release.rollback().is_some(),
        fresh: is_fresh(own, deployment),
        shifted: live.shifted_at.is_some(),
    }
}
