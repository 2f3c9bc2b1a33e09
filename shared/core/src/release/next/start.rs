//! Starting a rollout: its revision, the checks that come before anything is changed, auto scaling,
//! and then the deployment.

use jiff::{SignedDuration, Timestamp};

use super::changes::{changes, mark};
use super::live::{Own, SLOWEST_POLL};
use super::{Step, checks, finish, later, perform};
use crate::pipeline::{HookPoint, Rollout as Engine};
use crate::release::{Action, Conclusion, Outcome, Reason, Revision, ScalingState, Start};

pub(super) fn next_start(own: Own<'_>) -> Step {
    let Own {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    if let (Engine::CodeDeploy(_), None) = (&stage.rollout, &live.plan.target) {
        let reason = Reason::NoLoadBalancer;
        return finish::finish(own, Conclusion::new(Outcome::Failed, reason));
    }
    let suspend = (live.plan.suspends().is_some()
        && !live.suspended
        && stage.suspends_auto_scaling())
    .then(|| Action::SuspendScaling {
        place: place.clone(),
        state: ScalingState::SUSPENDED,
    });
    let undecided = checks::undecided(own, HookPoint::BeforeInstall);
    let Some(revision) = live.revision.clone() else {
        let register = Action::Register {
            place: place.clone(),
            base: live.plan.base.clone(),
            changes: changes(release, stage),
            spec: live.plan.spec.clone(),
            release: release.id().clone(),
            image: Box::new(release.image().clone()),
        };
        // While checks take their time, the service scales as it does.
        let suspend = suspend.filter(|_| undecided.is_empty());
        return perform(release, std::iter::once(register).chain(suspend).collect());
    };
    if !undecided.is_empty() {
        let since = live.started_at;
        let due = checks::due(own);
        return checks::run(own, HookPoint::BeforeInstall, None, since, undecided, false)
            .unwrap_or(Step::Wait(due.map(|due| due.max(now))));
    }
    if let Some(suspend) = suspend {
        return perform(release, vec![suspend]);
    }
    wait_for_the_group(own).unwrap_or_else(|| perform(release, vec![start(own, revision)]))
}

/// The pause before a deployment that has the group is looked at again.
const GROUP_POLL: SignedDuration = SignedDuration::from_secs(60);

/// What is done while another deployment has the group that ours needs. The rollout's time goes on.
fn wait_for_the_group(own: Own<'_>) -> Option<Step> {
    let Own { live, now, .. } = own;
    let group = live.group.as_ref().filter(|group| !group.freed)?;
    let looked_at = live.watched_at.unwrap_or(group.at).max(group.at);
    let pause = match &group.by {
        Some(_) => GROUP_POLL,
        // There is none to look at, so that trying is all that tells.
        None => SLOWEST_POLL,
    };
    let due = later(looked_at, pause);
    if now < due {
        return Some(Step::Wait(Some(due.min(live.deadline(own.stage)))));
    }
    let deployment = group.by.clone()?;
    let look = Action::LookAtGroup {
        place: own.place.clone(),
        stage: own.stage.name.clone(),
        deployment,
        told: group.refusals > 1,
    };
    Some(perform(own.release, vec![look]))
}

fn start(own: Own<'_>, revision: Revision) -> Action {
    let plan = &own.live.plan;
    Action::Start(Box::new(Start {
        place: own.place.clone(),
        stage: own.stage.name.clone(),
        rollout: own.stage.rollout.clone(),
        revision,
        before: plan.current.clone(),
        since: first_meant_at(own),
        target: plan.target.clone(),
        mark: mark(own.release, own.stage),
        is_rollback: own.release.rollback().is_some(),
    }))
}

/// When the start was first meant, if its outcome is not known yet; else now.
fn first_meant_at(own: Own<'_>) -> Timestamp {
    let outstanding = own.release.outstanding().into_iter();
    let mut actions = outstanding.flat_map(|outstanding| &outstanding.actions);
    let first = actions.find_map(Action::as_start);
    first.map_or(own.now, |start| start.since)
}
