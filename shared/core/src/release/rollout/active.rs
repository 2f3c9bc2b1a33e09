//! A rollout that owns its service: the facts that hold in every step, and what each event does to
//! them.

use jiff::{SignedDuration, Timestamp};

use super::checks::{Checks, HookCall};
use super::deployment::{Deployment, Traffic};
use super::later;
use super::progress::{NotStarted, Progress};
use super::scaling::Scaling;
use crate::names::DeploymentId;
use crate::pipeline::{HookPoint, Stage};
use crate::release::vote::{Approval, Standing, Vote};
use crate::release::{
    ActionKind, HoldReason, Plan, Principal, RefusedAction, Revision, WhyNotRestored,
};

/// A rollout that owns its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveRollout {
    /// What is being done.
    pub plan: Plan,
    /// How far it is.
    pub progress: Progress,
    /// The approval that was given, if the stage asks for one.
    pub granted: Option<Approval>,
    /// The request to let traffic through, where people are asked before it moves.
    pub asked: Option<Approval>,
    /// The owner's epoch.
    pub epoch: u64,
    /// Since when.
    pub started_at: Timestamp,
    /// Since when the rollout's time runs: from its start, or from the approval of its traffic.
    pub clock_from: Timestamp,
    /// The revision to deploy, once it is there.
    pub revision: Option<Revision>,
    /// What was done to the service's auto scaling.
    pub scaling: Scaling,
    /// What checks have come to.
    pub checks: Checks,
    /// Who wants the rollout rolled back, and why, if somebody does.
    pub rollback_requested: Option<(Principal, Option<String>)>,
    /// When it was last begun to try to roll it back.
    pub rollback_intended_at: Option<Timestamp>,
    /// Why the stage is held when the rollout ends, once that is written.
    pub held: Option<HoldReason>,
}

impl ActiveRollout {
    pub(in crate::release) fn new(
        plan: Plan,
        granted: Option<Approval>,
        epoch: u64,
        started_at: Timestamp,
    ) -> Self {
        let revision = plan.reuse.clone();
        Self {
            plan,
            progress: Progress::Preparing { refused_for: None },
            granted,
            asked: None,
            epoch,
            started_at,
            clock_from: started_at,
            revision,
            scaling: Scaling::AsItWas,
            checks: Checks::default(),
            rollback_requested: None,
            rollback_intended_at: None,
            held: None,
        }
    }

    /// The deployment, once it has started.
    #[must_use]
    pub fn deployment(&self) -> Option<&Deployment> {
        self.progress.deployment()
    }

    /// The request to let traffic through that people can still decide about: traffic was not let
    /// through, and nothing rolls the deployment back.
    #[must_use]
    pub fn open_request(&self) -> Option<&Approval> {
        match &self.progress {
            Progress::Deploying(deployment) if deployment.traffic == Traffic::Held => {
                self.asked.as_ref()
            }
            Progress::Deploying(_)
            | Progress::Preparing { .. }
            | Progress::WaitingForTurn(_)
            | Progress::Baking(_)
            | Progress::RollingBack { .. }
            | Progress::Closing(_) => None,
        }
    }

    /// Until when the rollout may go on by itself. People may take their time.
    #[must_use]
    pub fn deadline(&self, stage: &Stage) -> Timestamp {
        let asking = self
            .open_request()
            .is_some_and(|asked| asked.standing() == Standing::Open);
        if asking {
            return Timestamp::MAX;
        }
        later(later(self.clock_from, stage.timeout.into()), self.pace())
    }

    /// When a rollout that is being rolled back is left as it is: that may take as long as the rollout,
    /// from when it was first tried.
    #[must_use]
    pub fn given_up_at(&self, stage: &Stage) -> Timestamp {
        let began = self.progress.rollback().map(|rollback| rollback.at);
        let deadline = self.deadline(stage);
        let from = began.max(self.rollback_intended_at);
        let from = from.map_or(deadline, |from| from.max(deadline));
        later(later(from, stage.timeout.into()), self.pace())
    }

    /// What shifting and baking take by the service's own configuration.
    pub(in crate::release) fn pace(&self) -> SignedDuration {
        SignedDuration::from_mins(self.plan.paced_minutes.into())
    }

    /// Whether AWS reports about this rollout under that id.
    #[must_use]
    pub fn is_followed_as(&self, id: &DeploymentId) -> bool {
        let deployment = self.deployment();
        deployment.is_some_and(|it| it.is_followed_as(id)) || self.checks.is_task(id)
    }

    /// The request that was granted or is open: before the rollout, or before its traffic.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        self.asked.as_ref().or(self.granted.as_ref())
    }

    /// Until when the new version is watched, which has all of the traffic, where the stage asks for
    /// that and nothing rolls it back.
    #[must_use]
    pub fn bakes_until(&self, stage: &Stage) -> Option<Timestamp> {
        match &self.progress {
            Progress::Baking(deployment) => watched_until(deployment, stage),
            Progress::Preparing { .. }
            | Progress::WaitingForTurn(_)
            | Progress::Deploying(_)
            | Progress::RollingBack { .. }
            | Progress::Closing(_) => None,
        }
    }

    /// When what is waited for, checks or another deployment, was last looked at without a decision.
    #[must_use]
    pub fn watched_at(&self) -> Option<Timestamp> {
        match &self.progress {
            Progress::WaitingForTurn(group) => group.looked_at,
            Progress::Preparing { .. }
            | Progress::Deploying(_)
            | Progress::Baking(_)
            | Progress::RollingBack { .. }
            | Progress::Closing(_) => self.checks.watched_at,
        }
    }

    pub(in crate::release) fn watched(&mut self, at: Timestamp) {
        match &mut self.progress {
            Progress::WaitingForTurn(group) => group.looked_at = Some(at),
            Progress::Preparing { .. }
            | Progress::Deploying(_)
            | Progress::Baking(_)
            | Progress::RollingBack { .. }
            | Progress::Closing(_) => self.checks.watched_at = Some(at),
        }
    }

    pub(in crate::release) fn deployment_started(
        &mut self,
        id: &DeploymentId,
        alias: Option<&DeploymentId>,
        at: Timestamp,
    ) {
        let deployment = Deployment::started(id.clone(), alias.cloned(), at);
        self.progress.started(deployment);
    }

    pub(in crate::release) fn deployment_reported(&mut self, id: &DeploymentId) {
        if self.checks.is_task(id) {
            // What its check says is looked at now.
            self.checks.watched_at = None;
        } else {
            self.progress.with_deployment(|deployment| {
                deployment.reported |= deployment.is_followed_as(id);
            });
        }
    }

    pub(in crate::release) fn traffic_let_through(&mut self, at: Timestamp) {
        self.progress
            .with_deployment(|deployment| deployment.let_through(at));
    }

    /// AWS refused an action that the rollout needs.
    pub(in crate::release) fn refused(
        &mut self,
        action: ActionKind,
        refused: RefusedAction,
        at: Timestamp,
    ) {
        match action {
            ActionKind::Register | ActionKind::SuspendScaling | ActionKind::Start => {
                self.progress.not_started(NotStarted::Refused(refused));
            }
            ActionKind::Observe | ActionKind::RollBack => self
                .progress
                .with_deployment(|deployment| deployment.refused = Some(refused)),
            ActionKind::Continue => self
                .progress
                .with_deployment(|deployment| deployment.traffic = Traffic::Refused(refused.why)),
            ActionKind::RestoreScaling => {
                self.scaling.not_restored(WhyNotRestored::Refused(refused));
            }
            // It is not tried again. Its hook function may have the right that is missing here.
            ActionKind::AnswerHook => {
                // One hook asks after the other, and the one before may have been answered by its
                // function, of which nothing is written.
                let mut calls = self.checks.calls.iter_mut().rev();
                if let Some(call) = calls.find(|call| call.answered_at.is_none()) {
                    call.answered_at = Some(at);
                }
            }
            // What cannot be run is told as a check that failed, and what others are told is a
            // courtesy: it never decides about this release.
            ActionKind::Plan
            | ActionKind::Supersede
            | ActionKind::NotifyNext
            | ActionKind::RunTask
            | ActionKind::Notify
            | ActionKind::RunChecks => {}
        }
    }

    pub(in crate::release) fn hook_called(
        &mut self,
        deployment: &DeploymentId,
        point: HookPoint,
        execution: Option<&str>,
        at: Timestamp,
    ) {
        self.checks.calls.push(HookCall {
            deployment: deployment.clone(),
            at: point,
            execution: execution.map(ToOwned::to_owned),
            since: at,
            answered_at: None,
        });
    }

    pub(in crate::release) fn hook_answered(
        &mut self,
        deployment: &DeploymentId,
        point: HookPoint,
        at: Timestamp,
    ) {
        for call in &mut self.checks.calls {
            if call.deployment == *deployment && call.at == point {
                call.answered_at = Some(at);
            }
        }
    }

    pub(in crate::release) fn voted(&mut self, approval: &str, vote: Vote, at: Timestamp) {
        let requests = [&mut self.asked, &mut self.granted];
        let mut of = requests.into_iter().flatten();
        if let Some(given) = of.find(|given| given.id.as_str() == approval) {
            given.votes.push(vote);
            if given.standing() == Standing::Granted {
                // People took their time; the rollout gets its own.
                self.clock_from = self.clock_from.max(at);
            }
        }
    }
}

/// Until when a version is watched that has got all of the traffic, whatever has become of it.
pub(in crate::release) fn watched_until(
    deployment: &Deployment,
    stage: &Stage,
) -> Option<Timestamp> {
    let bake: SignedDuration = stage.bake?.into();
    Some(later(deployment.shifted_at?, bake))
}
