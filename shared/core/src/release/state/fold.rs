//! Folding: what each event does to the state it meets.

use jiff::Timestamp;

use super::Release;
use crate::names::StageName;
use crate::release::outstanding::Outstanding;
use crate::release::rollout::{
    ActiveRollout, CheckTask, DeploymentStatus, NotStarted, OngoingRollback, Phase,
    RollbackDeployment, Rollout,
};
use crate::release::successor::{Aftermath, Instead};
use crate::release::vote::{Approval, Standing, Vote};
use crate::release::{
    Action, ActionKind, Block, CheckResult, Conclusion, Event, Outcome, ShownCard, WhyNotRestored,
    reason,
};

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
                let now = Outstanding::intended(before, actions, *until, at);
                self.outstanding = Some(now);
                self.with_live(|live| {
                    // From here on the state may have been changed, whatever is heard of it.
                    if restore {
                        let before = live.plan.scaling.map(|target| target.state);
                        live.scaling.about_to_suspend(before);
                    }
                });
            }
            Event::OutcomeUnknown { .. } => self.with_outstanding(|it| it.left(at)),
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
            Event::Planned { stage, plan } => self.with_stage(stage, |rollout| {
                let (granted, blocked_by) = match &rollout.phase {
                    Phase::Planned {
                        granted,
                        blocked_by,
                        ..
                    } => (granted.clone(), blocked_by.clone()),
                    Phase::Pending => (None, None),
                    Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. } => return,
                };
                rollout.phase = Phase::Planned {
                    plan: plan.clone(),
                    read_at: at,
                    granted,
                    blocked_by,
                };
            }),
            Event::ApprovalRequested {
                stage,
                approval,
                digest,
                spec,
                expires_at,
                previous: over,
            } => {
                let required = self
                    .pipeline
                    .stage(stage)
                    .and_then(|s| s.approval.as_ref())
                    .map_or(1, |a| a.required);
                let approval = Approval {
                    id: approval.clone(),
                    digest: *digest,
                    spec: spec.clone(),
                    required,
                    expires_at: *expires_at,
                    previous: over.clone(),
                    votes: Vec::new(),
                };
                self.with_stage(stage, |rollout| match &mut rollout.phase {
                    Phase::Planned { plan, .. } => {
                        rollout.approvals += 1;
                        rollout.phase = Phase::Asking {
                            plan: plan.clone(),
                            approval,
                        };
                    }
                    Phase::Live(live) => {
                        rollout.approvals += 1;
                        live.asked = Some(approval);
                    }
                    Phase::Pending | Phase::Asking { .. } | Phase::Ended { .. } => {}
                });
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
            Event::ApprovalVoided { approval, .. } => self.with_current(|rollout| {
                if let Phase::Planned { granted, .. } = &mut rollout.phase
                    && granted.as_ref().is_some_and(|given| given.id == *approval)
                {
                    *granted = None;
                }
            }),
            Event::Blocked { stage, by } => self.with_stage(stage, |rollout| {
                if let Phase::Planned { blocked_by, .. } = &mut rollout.phase {
                    *blocked_by = Some(by.clone());
                }
            }),
            Event::RolloutStarted { stage, epoch } => self.with_stage(stage, |rollout| {
                if let Phase::Planned { plan, granted, .. } = &rollout.phase {
                    rollout.phase = Phase::Live(Box::new(ActiveRollout::new(
                        (**plan).clone(),
                        granted.clone(),
                        *epoch,
                        at,
                    )));
                }
            }),
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
                deployment,
                alias: also,
                ..
            } => {
                self.settle(ActionKind::Start);
                self.with_live(|live| live.deployment_started(deployment, also.as_ref(), at));
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
                alias: also,
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
                    alias: also.clone(),
                });
                self.with_live(|live| live.progress.rollback_started(ongoing, by));
            }
            Event::ActionRefused { action, said } => {
                self.settle(*action);
                match action {
                    ActionKind::Plan => {
                        self.with_current(|rollout| rollout.unplannable = Some(said.clone()));
                    }
                    // What others are told is a courtesy: it is not tried for ever.
                    ActionKind::Supersede => self.overtake_candidate(),
                    ActionKind::NotifyNext => {
                        self.let_go.pop_first();
                    }
                    ActionKind::Register
                    | ActionKind::SuspendScaling
                    | ActionKind::Start
                    | ActionKind::RunTask
                    | ActionKind::RunChecks
                    | ActionKind::AnswerHook
                    | ActionKind::Continue
                    | ActionKind::Observe
                    | ActionKind::RollBack
                    | ActionKind::RestoreScaling
                    | ActionKind::Notify => {
                        let refused = reason::refused(*action, said);
                        self.with_live(|live| live.refused(*action, refused, at));
                    }
                }
            }
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
                self.with_stage(stage, |rollout| match &mut rollout.phase {
                    Phase::Planned { plan, .. } => {
                        plan.service.hold = Some(Block::Release(reason.clone()));
                    }
                    Phase::Live(live) => live.held = Some(reason.clone()),
                    Phase::Pending | Phase::Asking { .. } | Phase::Ended { .. } => {}
                });
            }
            Event::RolloutEnded {
                stage,
                outcome,
                reason,
                revision,
            } => {
                let open = self.current().is_some_and(|(at, rollout)| {
                    at.name == *stage && !matches!(rollout.phase, Phase::Ended { .. })
                });
                if !open {
                    return;
                }
                self.outstanding = None;
                self.overtaken.clear();
                if *outcome == Outcome::Succeeded {
                    self.to_tell.extend(self.concerned_by_success());
                }
                // Who waits in order makes room for the next one, too, and so does a rollback, which
                // may have been woken in the place of another.
                let waited = self.pipeline.arrivals.is_in_order() || self.rollback.is_some();
                if self.active_rollout().is_some() || waited {
                    self.let_go.extend(self.service_id(self.stage_index()));
                }
                let epoch = self.active_rollout().map(|live| live.epoch);
                self.with_stage(stage, |rollout| {
                    rollout.phase = Phase::Ended {
                        conclusion: Conclusion::new(*outcome, reason.clone()),
                        revision: revision.clone(),
                        epoch,
                        at,
                    };
                });
            }
        }
    }

    /// What has become of the release where it has served.
    fn learn(&mut self, stage: &StageName, instead: Option<Instead>, epoch: u64, at: Timestamp) {
        let mut rollouts = self.rollouts.iter_mut();
        if let Some(rollout) = rollouts.find(|rollout| rollout.stage == *stage) {
            rollout.aftermath = Some(Aftermath { instead, at, epoch });
        }
    }

    /// The older release that waits at the stage counts as told.
    fn overtake_candidate(&mut self) {
        let candidate = match self.current().map(|(_, rollout)| &rollout.phase) {
            Some(Phase::Planned { plan, .. }) => plan.service.candidate.clone(),
            Some(Phase::Pending | Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. })
            | None => None,
        };
        self.overtaken
            .extend(candidate.map(|candidate| candidate.release));
    }

    fn settle(&mut self, kind: ActionKind) {
        self.settle_all(|action| action.kind() == kind);
    }

    /// A check whose task could not be run has failed, and nothing more is heard of that task.
    fn settle_tasks(&mut self, results: &[CheckResult]) {
        self.settle_all(|action| {
            matches!(action, Action::RunTask { check, .. }
                if results.iter().any(|result| result.check == *check))
        });
    }

    fn settle_all(&mut self, is_known: impl Fn(&Action) -> bool) {
        let outstanding = self.outstanding.take();
        self.outstanding = outstanding.and_then(|mut it| it.settle(is_known).then_some(it));
    }

    fn with_outstanding(&mut self, change: impl FnOnce(&mut Outstanding)) {
        if let Some(outstanding) = &mut self.outstanding {
            change(outstanding);
        }
    }

    /// Changes the rollout to that stage, if the release stands there.
    fn with_stage(&mut self, stage: &StageName, change: impl FnOnce(&mut Rollout)) {
        self.with_current(|rollout| {
            if rollout.stage == *stage {
                change(rollout);
            }
        });
    }

    fn with_current(&mut self, change: impl FnOnce(&mut Rollout)) {
        let index = self.stage_index();
        if let Some(rollout) = self.rollouts.get_mut(index) {
            change(rollout);
        }
    }

    fn with_live_in(&mut self, stage: &StageName, change: impl FnOnce(&mut ActiveRollout)) {
        self.with_stage(stage, |rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }

    fn with_live(&mut self, change: impl FnOnce(&mut ActiveRollout)) {
        self.with_current(|rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }
}

impl Rollout {
    fn vote(&mut self, approval: &str, vote: Vote, at: Timestamp) {
        match &mut self.phase {
            Phase::Asking {
                plan,
                approval: open,
            } if open.id.as_str() == approval => {
                open.votes.push(vote);
                if open.standing() == Standing::Granted {
                    // The plan is from before the request: it is read again before it is acted on.
                    self.phase = Phase::Planned {
                        plan: plan.clone(),
                        read_at: Timestamp::MIN,
                        granted: Some(open.clone()),
                        blocked_by: None,
                    };
                }
            }
            Phase::Planned {
                granted: Some(given),
                ..
            } if given.id.as_str() == approval => given.votes.push(vote),
            Phase::Live(live) => live.voted(approval, vote, at),
            Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            }
        }
    }
}
