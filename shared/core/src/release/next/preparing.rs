//! Preparing: its revision, the checks that come before anything is changed, auto scaling, and then
//! the deployment.
//!
//! | and | then |
//! |---|---|
//! | somebody took their approval back, wants no rollout, or vetoed the image | close, as refused or stopped |
//! | a check failed, its time is up, or others had the deployment group again and again | close, as failed |
//! | one of these, while the deployment may have been started | look for it, and start none |
//! | the same, and it cannot be looked for even after twice its time | hold the stage, and close |
//! | the revision is missing, auto scaling is on | register it, suspend it, at once |
//! | checks come before anything is changed | run them |
//! | | start the deployment |
//!
//! Once the start is intended the deployment may exist: only looking for it can tell. It is not there
//! once two looks, one some time after the other, have seen nothing of it.

use jiff::Timestamp;

use super::changes::{changes, correlation_tag};
use super::context::RolloutContext;
use super::{Step, Task, checks, finish, perform, rejection, tasks, veto};
use crate::pipeline::{EngineSettings as Engine, HookPoint};
use crate::release::Tried;
use crate::release::outstanding::Outstanding;
use crate::release::rollout::TakenGroup;
use crate::release::vote::{Approval, Standing};
use crate::release::{
    Action, ActionKind, Conclusion, Event, HoldReason, Outcome, Reason, Revision, ScalingState,
    Start, reason,
};

/// How often a deployment is refused because its group is taken before the rollout ends.
pub(crate) const MAX_REFUSALS: usize = 60;

pub(super) fn next(own: RolloutContext<'_>) -> Step {
    ends(own, None).unwrap_or_else(|| prepare(own))
}

/// What ends a rollout that starts no deployment any more, if something does. `group` is what has its
/// deployment group. What may have been started is looked for, until it is found or certainly not there.
pub(super) fn ends(own: RolloutContext<'_>, group: Option<&TakenGroup>) -> Option<Step> {
    let RolloutContext {
        release,
        stage,
        live,
        ..
    } = own;
    let conclusion = conclusion(own, group)?;
    let may_be_there = release.intends(ActionKind::Start) && !release.is_absent(ActionKind::Start);
    let Some(revision) = live.revision.clone().filter(|_| may_be_there) else {
        return Some(finish::finish(own, conclusion));
    };
    let outstanding = release.outstanding();
    let failed_at = outstanding.and_then(Outstanding::unknown_at);
    if failed_at.is_none_or(|at| at < live.given_up_at(stage)) {
        return Some(Step::Perform(vec![Task {
            action: start(own, revision),
            tried: Tried::Perhaps,
        }]));
    }
    if live.held.is_some() {
        return Some(finish::finish(own, conclusion));
    }
    // Written before anything else is intended, which takes the place of the start.
    let said = outstanding.and_then(Outstanding::said);
    Some(Step::Record(vec![Event::Held {
        stage: stage.name.clone(),
        reason: HoldReason::StartUnknown {
            tag: release.image().tag.clone(),
            said: said.map(ToOwned::to_owned),
        },
    }]))
}

fn conclusion(own: RolloutContext<'_>, group: Option<&TakenGroup>) -> Option<Conclusion> {
    let RolloutContext {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    if let Some(Standing::Rejected(vote)) = live.granted.as_ref().map(Approval::standing) {
        return Some(Conclusion::new(Outcome::Refused, rejection(vote)));
    }
    if let Some((by, reason)) = &live.rollback_requested {
        return Some(Conclusion::new(
            Outcome::Stopped,
            reason::rolled_back(by, reason.as_deref()),
        ));
    }
    if let Some(reason) = veto(release) {
        return Some(Conclusion::new(Outcome::Refused, reason));
    }
    if let Some(checks) = reason::failed_checks(live) {
        return Some(Conclusion::new(Outcome::Failed, checks));
    }
    let taken = |event: &Event| matches!(event, Event::GroupTaken { .. });
    let times = release.count_here(taken);
    if times >= MAX_REFUSALS {
        let reason = Reason::GroupTaken { times };
        return Some(Conclusion::new(Outcome::Failed, reason));
    }
    (now >= live.deadline(stage)).then(|| {
        let within = stage.timeout;
        let said = release.outstanding().and_then(Outstanding::said);
        let reason = if let Some(HoldReason::StartUnknown { said, .. }) = &live.held {
            let said = said.clone();
            Reason::StartUnknown { within, said }
        } else {
            Reason::NotStarted {
                within,
                group_taken_by: group.and_then(|group| group.by.clone()),
                said: said.map(ToOwned::to_owned),
            }
        };
        Conclusion::new(Outcome::Failed, reason)
    })
}

pub(super) fn prepare(own: RolloutContext<'_>) -> Step {
    let RolloutContext {
        release,
        stage,
        live,
        place,
        now,
        ..
    } = own;
    if let (Engine::CodeDeploy(_), None) = (&stage.engine, &live.plan.target) {
        let reason = Reason::NoLoadBalancer;
        return finish::finish(own, Conclusion::new(Outcome::Failed, reason));
    }
    let suspend = (live.plan.suspends().is_some()
        && live.scaling.is_untouched()
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
        return make(own, std::iter::once(register).chain(suspend).collect());
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
    make(own, vec![start(own, revision)])
}

/// Makes something, but not too soon when it was often in vain.
fn make(own: RolloutContext<'_>, actions: Vec<Action>) -> Step {
    let tasks = tasks(own.release, actions);
    let again = own.release.outstanding().map(Outstanding::again_at);
    if let Some(again) = again.filter(|again| own.now < *again)
        && tasks
            .iter()
            .any(|task| task.action.kind().makes_anew() && !task.only_looks())
    {
        return Step::Wait(Some(again.min(own.live.deadline(own.stage))));
    }
    Step::Perform(tasks)
}

fn start(own: RolloutContext<'_>, revision: Revision) -> Action {
    let plan = &own.live.plan;
    let is_rollback = own.release.rollback().is_some();
    let shown_before = plan.service.shown_before(own.now).filter(|_| !is_rollback);
    Action::Start(Box::new(Start {
        place: own.place.clone(),
        stage: own.stage.name.clone(),
        engine: own.stage.engine.clone(),
        revision,
        previous: plan.previous.clone(),
        shown_before: shown_before.cloned(),
        since: first_meant_at(own),
        target: plan.target.clone(),
        correlation_tag: correlation_tag(own.release, own.stage),
        is_rollback,
    }))
}

/// When the start was first meant, if its outcome is not known yet; else now.
fn first_meant_at(own: RolloutContext<'_>) -> Timestamp {
    let outstanding = own.release.outstanding().into_iter();
    let mut actions = outstanding.flat_map(|outstanding| &outstanding.actions);
    let first = actions.find_map(Action::as_start);
    first.map_or(own.now, |start| start.since)
}
