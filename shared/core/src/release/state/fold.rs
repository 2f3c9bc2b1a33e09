//! Folding: what each event does to the state it meets.

mod ending;
mod within;

use jiff::Timestamp;

use super::Release;
use crate::names::StageName;
use crate::release::outstanding::Outstanding;
use crate::release::rollout::{
    CheckTask, DeploymentStatus, NotStarted, OngoingRollback, RollbackDeployment,
};
use crate::release::successor::Instead;
use crate::release::vote::{Approval, Vote};
use crate::release::{ActionKind, Conclusion, Event, ShownCard, WhyNotRestored};

impl Release {
    /// Applies an event without keeping it as an entry: for facts that are not worth a line.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Opened { .. } | Event::ReplyRefused { .. } => {}
            Event::Superseded { tag, .. } => self.superseded_by = Some(tag.clone()),
            Event::Overtook { older } => {
                self.overtaken.insert(older.clone());
            }
            Event::Replaced {
                stage,
                tag,
                is_rollback: back,
                epoch,
                ..
            } => {
                let (tag, back) = (tag.clone(), *back);
                self.learn(
                    stage,
                    Some(Instead {
                        tag,
                        is_rollback: back,
                    }),
                    *epoch,
                    at,
                );
            }
            Event::BroughtBack { stage, epoch, .. } => self.learn(stage, None, *epoch, at),
            Event::PredecessorNotified {
                predecessor: earlier,
                service,
            } => self
                .to_tell
                .retain(|(one, successor)| one != earlier || successor.service != *service),
            Event::NextNotified { service, .. } => {
                self.let_go.remove(service);
            }
            Event::Ended { outcome, reason } => {
                if self.conclusion.is_none() {
                    self.conclusion = Some((Conclusion::new(*outcome, reason.clone()), at));
                }
            }
            Event::Intended { actions, until } => {
                let restore = actions
                    .iter()
                    .any(|action| action.kind() == ActionKind::SuspendScaling);
                let before = self.outstanding.as_ref();
                let rolls_back = actions
                    .iter()
                    .any(|action| action.kind() == ActionKind::RollBack)
                    && !before.is_some_and(|before| before.intends(ActionKind::RollBack));
                let now = Outstanding::intended(before, actions, *until, at);
                self.outstanding = Some(now);
                self.with_live(|live| {
                    if rolls_back {
                        live.rollback_intended_at = Some(at);
                    }
                    // From here on the state may have been changed, whatever is heard of it.
                    if restore {
                        let before = live.plan.scaling.map(|target| target.state);
                        live.scaling.about_to_suspend(before);
                    }
                });
            }
            Event::OutcomeUnknown { said, .. } => self.with_outstanding(|it| it.unknown(said, at)),
            Event::NotPerformed { action, .. } => {
                self.with_outstanding(|it| it.not_performed(*action, at));
            }
            Event::NotSeen { action } => self.with_outstanding(|it| it.not_seen(*action, at)),
            Event::NotificationIntended {
                channel,
                through,
                until,
            } => {
                let known = self.notified.entry(*channel).or_default();
                known.about_to_tell(*through, at, *until);
            }
            Event::CardShown {
                channel,
                message,
                shows,
            } => {
                let known = self.notified.entry(*channel).or_default();
                known.shown(ShownCard {
                    message: message.clone(),
                    shows: shows.clone(),
                });
            }
            Event::Notified { channel, through } => {
                self.notified.entry(*channel).or_default().told(*through);
            }
            Event::Planned { stage, plan } => {
                let arrived_at = self.image.arrived_at;
                let candidate = plan.service.candidate.as_ref();
                let older = candidate.filter(|candidate| {
                    candidate.release != self.id && !candidate.is_newer_than(arrived_at)
                });
                if let Some(index) = self.stage_position(stage)
                    && let Some(older) = older
                {
                    self.found_older = Some((index, older.release.clone()));
                }
                self.with_stage(stage, |rollout| rollout.planned(plan, at));
            }
            Event::ApprovalRequested {
                stage,
                approval,
                digest,
                spec,
                expires_at,
                previous,
            } => {
                let approval = Approval {
                    id: approval.clone(),
                    digest: *digest,
                    spec: spec.clone(),
                    required: self.approvals_required(stage),
                    expires_at: *expires_at,
                    previous: previous.clone(),
                    votes: Vec::new(),
                };
                self.with_stage(stage, |rollout| rollout.ask(approval));
            }
            Event::Voted {
                approval,
                by,
                decision,
                reason,
                ..
            } => {
                let vote = Vote {
                    by: by.clone(),
                    decision: *decision,
                    reason: reason.clone(),
                };
                self.with_current(|rollout| rollout.vote(approval.as_str(), vote, at));
            }
            Event::ApprovalVoided { approval, .. } => {
                self.with_current(|rollout| rollout.void(approval));
            }
            Event::Blocked { stage, by } => {
                self.with_stage(stage, |rollout| rollout.block(by));
            }
            Event::RolloutStarted { stage, epoch } => {
                self.with_stage(stage, |rollout| rollout.start(*epoch, at));
            }
            Event::Registered { revision, .. } => {
                self.settle(ActionKind::Register);
                self.with_live(|live| live.revision = Some(revision.clone()));
            }
            Event::ScalingSuspended { .. } => {
                self.settle(ActionKind::SuspendScaling);
                self.with_live(|live| live.scaling.suspended());
            }
            Event::ScalingLeft {
                target,
                desired,
                restoring: true,
            } => {
                self.settle(ActionKind::RestoreScaling);
                let why_not = WhyNotRestored::WouldChangeCount {
                    target: *target,
                    desired: *desired,
                };
                self.with_live(|live| live.scaling.not_restored(why_not));
            }
            Event::ScalingLeft {
                restoring: false, ..
            } => {
                self.settle(ActionKind::SuspendScaling);
                self.with_live(|live| live.scaling.settled());
            }
            Event::ScalingRestored { .. } => {
                self.settle(ActionKind::RestoreScaling);
                self.with_live(|live| live.scaling.settled());
            }
            Event::DeploymentStarted {
                deployment, alias, ..
            } => {
                self.settle(ActionKind::Start);
                self.with_live(|live| live.deployment_started(deployment, alias.as_ref(), at));
            }
            Event::DeploymentReported { deployment, .. } => {
                self.with_live(|live| live.deployment_reported(deployment));
            }
            Event::DeploymentObserved { deployment, status } => {
                // A replaced deployment needs no rollback: that settles the intent.
                if matches!(status, DeploymentStatus::Replaced { .. }) {
                    self.settle(ActionKind::RollBack);
                }
                self.with_live(|live| live.progress.observed(deployment, status, at));
            }
            Event::RollbackStarted {
                reason,
                deployment,
                alias,
                outcome,
                hold,
            } => {
                self.settle(ActionKind::RollBack);
                let ongoing = OngoingRollback {
                    reason: reason.clone(),
                    outcome: *outcome,
                    hold: *hold,
                    at,
                };
                let by = deployment.clone().map(|id| RollbackDeployment {
                    id,
                    alias: alias.clone(),
                });
                self.with_live(|live| live.progress.rollback_started(ongoing, by));
            }
            Event::ActionRefused { action, why } => self.action_refused(*action, why, at),
            Event::Checked {
                stage,
                at: point,
                results,
                ..
            } => {
                self.settle_tasks(results);
                let of_point = (*point, results.clone());
                self.with_live_in(stage, |live| live.checks.results.push(of_point));
            }
            Event::HookCalled {
                stage,
                deployment,
                at: point,
                execution,
            } => self.with_live_in(stage, |live| {
                live.hook_called(deployment, *point, execution.as_deref(), at);
            }),
            Event::HookAnswered {
                deployment,
                at: point,
                ..
            } => self.with_live(|live| live.hook_answered(deployment, *point, at)),
            Event::TaskStarted {
                stage, check, task, ..
            } => {
                self.settle(ActionKind::RunTask);
                self.with_live_in(stage, |live| {
                    live.checks.tasks.push(CheckTask {
                        check: check.clone(),
                        task: task.clone(),
                        since: at,
                    });
                });
            }
            Event::Watched { stage } => {
                self.with_live_in(stage, |live| live.watched(at));
            }
            Event::BaselineChanged { stage, found } => {
                self.settle(ActionKind::Start);
                let why = NotStarted::ExternalRevision(found.clone());
                self.with_live_in(stage, |live| live.progress.not_started(why));
            }
            Event::RunsAlready { stage } => {
                self.settle(ActionKind::Start);
                self.with_live_in(stage, |live| {
                    live.progress.not_started(NotStarted::RunsAlready)
                });
            }
            Event::GroupTaken { stage, by } => {
                self.settle(ActionKind::Start);
                self.with_live_in(stage, |live| live.progress.group_taken(by.clone(), at));
            }
            Event::GroupFreed { stage } => {
                self.with_live_in(stage, |live| live.progress.group_freed())
            }
            Event::TrafficAllowed { .. } => {
                self.settle(ActionKind::Continue);
                self.with_live(|live| live.traffic_let_through(at));
            }
            Event::RollbackRequested { stage, by, reason } => self.with_live_in(stage, |live| {
                live.rollback_requested
                    .get_or_insert_with(|| (by.clone(), reason.clone()));
            }),
            Event::Vetoed { by, reason } => {
                self.vetoed
                    .get_or_insert_with(|| (by.clone(), reason.clone()));
            }
            Event::Held { stage, reason } => {
                self.with_stage(stage, |rollout| rollout.hold(reason));
            }
            Event::RolloutEnded {
                stage,
                outcome,
                reason,
                revision,
            } => {
                let conclusion = Conclusion::new(*outcome, reason.clone());
                self.rollout_ended(stage, conclusion, revision.as_ref(), at);
            }
        }
    }

    /// How many have to approve before the stage is rolled out to.
    fn approvals_required(&self, stage: &StageName) -> u8 {
        let stage = self.pipeline.stage(stage);
        let approval = stage.and_then(|stage| stage.approval.as_ref());
        approval.map_or(1, |approval| approval.required)
    }
}
