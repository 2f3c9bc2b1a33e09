//! Taking a rollout back: who wants it, until when it may go on by itself, and how it is done.

use jiff::{SignedDuration, Timestamp};

use super::changes::mark;
use super::conclude::known_cause;
use super::live::Own;
use super::{Step, later, perform, rejection, veto};
use crate::names::StageName;
use crate::pipeline::{ApprovalPoint, HookPoint, Rollout};
use crate::release::rollout::{Deployment, DeploymentStatus};
use crate::release::vote::{Approval, Standing};
use crate::release::{
    Action, ActionKind, Back, Event, Outcome, RollbackReason, UnansweredHook, reason,
};

/// How often a rollout is taken back: that it is begun again and again leads nowhere.
pub(crate) const MOST_WAYS_BACK: usize = 12;

/// When a rollout that is being taken back is left as it is: that may take as long as the rollout.
pub(super) fn given_up(own: Own<'_>) -> Timestamp {
    let began = own.live.rolling_back.as_ref().map(|back| back.at);
    let from = began
        .unwrap_or(Timestamp::MIN)
        .max(own.live.deadline(own.stage));
    later(later(from, own.stage.timeout.into()), own.live.pace())
}

/// The way back that was begun and has led nowhere: the deployment was over before it could be
/// stopped, and it has been looked at since.
pub(super) fn missed(own: Own<'_>, deployment: &Deployment) -> Option<Back> {
    let back = own.live.rolling_back.as_ref()?;
    let unwanted = match &deployment.status {
        DeploymentStatus::Succeeded => back.insists(),
        DeploymentStatus::FailedInPlace { .. } => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::Shifted { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    };
    let looked = deployment.observed_at > back.at;
    let again = unwanted && looked && own.live.rollback.is_none() && !is_given_up(own);
    again.then(|| back.clone())
}

/// Whether it was begun so often to take the rollout back that it is not begun again.
fn is_given_up(own: Own<'_>) -> bool {
    let begun = |event: &Event| matches!(event, Event::RollbackStarted { .. });
    own.release.count_here(begun) >= MOST_WAYS_BACK
}

/// Why the rollout is to be taken back, if it is and that has not begun.
pub(super) fn wanted(own: Own<'_>, deployment: &Deployment) -> Option<Back> {
    let Own { live, now, .. } = own;
    let (before_shift, stands, failed) = match &deployment.status {
        DeploymentStatus::InProgress { .. } | DeploymentStatus::Ready { .. } => (true, false, None),
        DeploymentStatus::Shifted { .. } | DeploymentStatus::Succeeded => (false, true, None),
        DeploymentStatus::FailedInPlace { reason } => (false, true, Some(reason)),
        DeploymentStatus::RollingBack { .. } | DeploymentStatus::Halted { .. } => {
            (false, false, None)
        }
        DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => return None,
    };
    if live.rolling_back.is_some() {
        return None;
    }
    let back = |outcome, hold, reason| {
        Some(Back {
            reason,
            outcome,
            hold,
            at: now,
        })
    };
    if (before_shift || stands)
        && let Some((by, reason)) = &live.unwanted
    {
        return back(
            Outcome::RolledBack,
            true,
            reason::rolled_back(by, reason.as_deref()),
        );
    }
    if before_shift && let Some((outcome, reason)) = not_let_through(own) {
        return back(outcome, false, reason);
    }
    let fails_its_checks = live.failed_checks().any(|(at, _)| at == HookPoint::Bake);
    if stands && fails_its_checks {
        return back(Outcome::RolledBack, true, known_cause(live)?);
    }
    if is_given_up(own) {
        return None;
    }
    if let Some(said) = failed {
        let said = said.clone();
        let reason = known_cause(live).unwrap_or(RollbackReason::LeftInPlace { said });
        return back(Outcome::RolledBack, false, reason);
    }
    if is_stuck(own, deployment) {
        return back(Outcome::RolledBack, false, not_finished(own, deployment));
    }
    None
}

/// How and why production traffic is not let through to green, if that is so.
fn not_let_through(own: Own<'_>) -> Option<(Outcome, RollbackReason)> {
    let Own {
        release,
        stage,
        live,
        now,
        ..
    } = own;
    if let Some(refused) = &live.not_let_through {
        return Some((Outcome::Failed, refused.clone()));
    }
    let gate = stage.approval.as_ref()?;
    let undecided = gate.when == ApprovalPoint::BeforeTraffic
        && !live.allowed
        && !release.intends(ActionKind::Continue);
    if !undecided {
        return None;
    }
    if let Some(reason) = veto(release) {
        return Some((Outcome::Refused, reason));
    }
    let asked = live.asked.as_ref()?;
    match asked.standing() {
        Standing::Rejected(vote) => Some((Outcome::Refused, rejection(vote))),
        Standing::Open if now >= asked.expires_at => {
            Some((Outcome::Expired, nobody_decided(&stage.name, asked)))
        }
        Standing::Open | Standing::Granted => None,
    }
}

/// For how long after its start a deployment may not be shown by AWS, which says that whoever has
/// changed something should wait "up to about five minutes" for its answers to show that:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>.
const APPEARS: SignedDuration = SignedDuration::from_mins(5);

/// Whether AWS may not show yet what is looked at: the deployment, as long as it was not seen to
/// come to anything, or the one by which it is being taken back.
pub(super) fn is_fresh(own: Own<'_>, deployment: &Deployment) -> bool {
    let since = match (&own.live.rolling_back, &deployment.status) {
        (Some(back), _) => back.at,
        (None, DeploymentStatus::InProgress { .. }) => deployment.since,
        (
            None,
            DeploymentStatus::Ready { .. }
            | DeploymentStatus::Shifted { .. }
            | DeploymentStatus::Succeeded
            | DeploymentStatus::RollingBack { .. }
            | DeploymentStatus::Halted { .. }
            | DeploymentStatus::RolledBack { .. }
            | DeploymentStatus::Failed { .. }
            | DeploymentStatus::FailedInPlace { .. }
            | DeploymentStatus::Stopped { .. }
            | DeploymentStatus::Replaced { .. },
        ) => return false,
    };
    own.now < later(since, APPEARS)
}

/// Whether its time is up and it has not come through.
fn is_stuck(own: Own<'_>, deployment: &Deployment) -> bool {
    match &deployment.status {
        DeploymentStatus::InProgress { .. } | DeploymentStatus::Ready { .. } => {
            own.now >= own.live.deadline(own.stage)
        }
        DeploymentStatus::Shifted { .. }
        | DeploymentStatus::Succeeded
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
    }
}

/// Why a rollout is taken back whose time is up: what has kept it, where that is a hook.
fn not_finished(own: Own<'_>, deployment: &Deployment) -> RollbackReason {
    RollbackReason::NotFinished {
        within: own.stage.timeout,
        hook: waits_for_hook(own, deployment),
        causes: Vec::new(),
    }
}

/// The hook at which a deployment of CodeDeploy's stands, if it does: a lifecycle event of that name
/// is under way as long as its function has not answered. Of ECS's hooks ECS says more itself.
fn waits_for_hook(own: Own<'_>, deployment: &Deployment) -> Option<UnansweredHook> {
    let (Rollout::CodeDeploy(settings), DeploymentStatus::InProgress { at, .. }) =
        (&own.stage.rollout, &deployment.status)
    else {
        return None;
    };
    HookPoint::of_lifecycle_event(at)?;
    let function = settings.hook.as_ref()?;
    Some(UnansweredHook {
        function: function.clone(),
        at: at.clone(),
    })
}

/// Why a request has expired.
pub(super) fn nobody_decided(stage: &StageName, asked: &Approval) -> RollbackReason {
    RollbackReason::NobodyDecided {
        stage: stage.clone(),
        until: asked.expires_at,
    }
}

pub(super) fn roll_back(own: Own<'_>, deployment: &Deployment, back: Back) -> Step {
    let insists = back.insists();
    let over = matches!(deployment.status, DeploymentStatus::FailedInPlace { .. });
    let Back {
        reason,
        outcome,
        hold,
        at: _,
    } = back;
    let action = Action::RollBack {
        place: own.place.clone(),
        rollout: own.stage.rollout.clone(),
        deployment: deployment.id.clone(),
        tasks: deployment.also.clone(),
        stuck: is_stuck(own, deployment),
        over,
        fresh: is_fresh(own, deployment),
        revision: own.live.revision.clone(),
        to: own.live.plan.current.clone(),
        target: own.live.plan.target.clone().filter(|_| insists || over),
        mark: mark(own.release, own.stage),
        reason,
        outcome,
        hold,
    };
    perform(own.release, vec![action])
}
