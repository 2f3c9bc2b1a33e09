//! Folding: what each event does to the state it meets.

use jiff::Timestamp;

use super::{Outstanding, Release};
use crate::names::{DeploymentId, StageName};
use crate::release::rollout::{
    Back, CheckTask, Deployment, DeploymentStatus, HookCall, Live, Phase, Rollout, TakenGroup,
};
use crate::release::successor::{Aftermath, Instead};
use crate::release::vote::{Approval, Standing, Vote};
use crate::release::{
    Action, ActionKind, CheckResult, Conclusion, Event, NotRestored, Outcome, RollbackReason,
    WhyNotRestored, reason,
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
                back,
                epoch,
                ..
            } => {
                let (tag, back) = (tag.clone(), *back);
                self.learn(stage, Some(Instead { tag, back }), *epoch, at);
            }
            Event::BroughtBack { stage, epoch, .. } => self.learn(stage, None, *epoch, at),
            Event::ToldEarlier { earlier, service } => self
                .to_tell
                .retain(|(one, successor)| one != earlier || successor.service != *service),
            Event::Woke { service, .. } => {
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
                let same = self.outstanding.as_ref();
                let same = same.filter(|outstanding| outstanding.actions == *actions);
                self.outstanding = Some(Outstanding {
                    actions: actions.clone(),
                    until: *until,
                    times: same.map_or(1, |outstanding| outstanding.times + 1),
                });
                self.with_live(|live| {
                    // From here on the state may have been changed, whatever is heard of it.
                    if restore {
                        live.to_restore = live.plan.scaling.map(|target| target.state);
                    }
                });
            }
            Event::CardPosted { channel, ts, face } => {
                self.told.card = Some((channel.clone(), ts.clone(), face.clone()));
            }
            Event::CardUpdated { face } => {
                if let Some((_, _, said)) = &mut self.told.card {
                    *said = face.clone();
                }
            }
            Event::Replied { through } => self.told.replied = self.told.replied.max(*through),
            Event::Published { through } => self.told.published = self.told.published.max(*through),
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
                over,
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
                    over: over.clone(),
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
                    rollout.phase = Phase::Live(Box::new(Live::new(
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
                self.with_live(|live| live.suspended = true);
            }
            Event::ScalingLeft {
                target,
                desired,
                restoring: true,
            } => {
                self.settle(ActionKind::RestoreScaling);
                self.with_live(|live| {
                    let before = live.to_restore.take();
                    live.not_restored = before.map(|state| NotRestored {
                        why_not: WhyNotRestored::WouldChangeCount {
                            target: *target,
                            desired: *desired,
                        },
                        state,
                    });
                });
            }
            Event::ScalingLeft {
                restoring: false, ..
            } => {
                self.settle(ActionKind::SuspendScaling);
                self.with_live(|live| (live.suspended, live.to_restore) = (true, None));
            }
            Event::ScalingRestored { .. } => {
                self.settle(ActionKind::RestoreScaling);
                self.with_live(|live| live.to_restore = None);
            }
            Event::DeploymentStarted {
                deployment, also, ..
            } => {
                self.settle(ActionKind::Start);
                self.with_live(|live| {
                    live.deployment = Some(Deployment {
                        id: deployment.clone(),
                        also: also.clone(),
                        since: at,
                        status: DeploymentStatus::InProgress {
                            at: "starting".into(),
                            traffic: None,
                        },
                        observed_at: at,
                        unchanged: 0,
                        reported: false,
                    });
                });
            }
            Event::DeploymentReported { deployment, .. } => self.with_live(|live| {
                if live.tasks.iter().any(|task| task.task == *deployment) {
                    // What its check says is looked at now.
                    live.watched_at = None;
                } else if live.is_followed_as(deployment)
                    && let Some(known) = &mut live.deployment
                {
                    known.reported = true;
                }
            }),
            Event::DeploymentObserved { deployment, status } => {
                // A replaced deployment needs no rollback: that settles the intent.
                if matches!(status, DeploymentStatus::Replaced { .. }) {
                    self.settle(ActionKind::RollBack);
                }
                self.with_live(|live| see(live, deployment, status, at));
            }
            Event::RollbackStarted {
                reason,
                deployment,
                also,
                outcome,
                hold,
            } => {
                self.settle(ActionKind::RollBack);
                self.with_live(|live| {
                    live.rolling_back = Some(Back {
                        reason: reason.clone(),
                        outcome: *outcome,
                        hold: *hold,
                        at,
                    });
                    if deployment.is_some() {
                        live.rollback = deployment.clone();
                        live.rollback_also = also.clone();
                    }
                });
            }
            Event::ActionRefused { action, reason } => {
                self.settle(*action);
                let said = reason::refused(*action, reason);
                match action {
                    ActionKind::Plan => {
                        self.with_current(|rollout| rollout.unplannable = Some(reason.clone()));
                    }
                    ActionKind::Register
                    | ActionKind::SuspendScaling
                    | ActionKind::Start
                    | ActionKind::Observe
                    | ActionKind::RollBack => self.with_live(|live| live.refused = Some(said)),
                    ActionKind::RestoreScaling => self.with_live(|live| {
                        let before = live.to_restore.take();
                        live.not_restored = before.map(|state| NotRestored {
                            why_not: WhyNotRestored::Refused(said),
                            state,
                        });
                    }),
                    // What others are told is a courtesy: it is not tried for ever, and it never
                    // decides about this release.
                    ActionKind::Supersede => self.overtake_candidate(),
                    ActionKind::WakeCandidate => {
                        self.let_go.pop_first();
                    }
                    ActionKind::Continue => {
                        let said = reason.clone();
                        self.with_live(|live| {
                            live.not_let_through = Some(RollbackReason::NotLetThrough { said });
                        });
                    }
                    // What cannot be run is told as a check that failed.
                    ActionKind::RunTask
                    | ActionKind::Tell
                    | ActionKind::RunChecks
                    | ActionKind::AnswerHook => {}
                }
            }
            Event::Checked {
                stage,
                at: point,
                results,
                ..
            } => {
                self.settle_tasks(results);
                self.with_live_in(stage, |live| {
                    live.checks.push((*point, results.clone()));
                });
            }
            Event::HookCalled {
                stage,
                deployment,
                at: point,
                execution,
            } => self.with_live_in(stage, |live| {
                live.calls.push(HookCall {
                    deployment: deployment.clone(),
                    at: *point,
                    execution: execution.clone(),
                    since: at,
                    answered: false,
                });
            }),
            Event::HookAnswered {
                deployment,
                at: point,
                ..
            } => self.with_live(|live| {
                for call in &mut live.calls {
                    call.answered |= call.deployment == *deployment && call.at == *point;
                }
            }),
            Event::TaskStarted {
                stage, check, task, ..
            } => {
                self.settle(ActionKind::RunTask);
                self.with_live_in(stage, |live| {
                    live.tasks.push(CheckTask {
                        check: check.clone(),
                        task: task.clone(),
                        since: at,
                    });
                });
            }
            Event::Watched { stage } => {
                self.with_live_in(stage, |live| live.watched_at = Some(at));
            }
            Event::BaselineChanged { stage, found } => {
                self.settle(ActionKind::Start);
                self.with_live_in(stage, |live| live.foreign = Some(found.clone()));
            }
            Event::RunsAlready { stage } => {
                self.settle(ActionKind::Start);
                self.with_live_in(stage, |live| live.runs_already = true);
            }
            Event::GroupTaken { stage, by } => {
                self.settle(ActionKind::Start);
                self.with_live_in(stage, |live| {
                    let same = live.group.as_ref().filter(|known| known.by == *by);
                    live.group = Some(TakenGroup {
                        by: by.clone(),
                        at,
                        refusals: same.map_or(1, |known| known.refusals + 1),
                        freed: false,
                    });
                });
            }
            Event::GroupFreed { stage } => self.with_live_in(stage, |live| {
                if let Some(group) = &mut live.group {
                    group.freed = true;
                }
            }),
            Event::TrafficAllowed { .. } => {
                self.settle(ActionKind::Continue);
                self.with_live(|live| {
                    live.allowed = true;
                    // What was seen is over; whether it goes on is seen when it is looked at again.
                    if let Some(deployment) = &mut live.deployment {
                        deployment.status = DeploymentStatus::InProgress {
                            at: "traffic is let through".into(),
                            traffic: None,
                        };
                        deployment.observed_at = at;
                        deployment.unchanged = 0;
                        deployment.reported = false;
                    }
                });
            }
            Event::RollbackRequested { stage, by, reason } => self.with_live_in(stage, |live| {
                live.unwanted
                    .get_or_insert_with(|| (by.clone(), reason.clone()));
            }),
            Event::Vetoed { by, reason } => {
                self.vetoed
                    .get_or_insert_with(|| (by.clone(), reason.clone()));
            }
            Event::Held { stage, reason } => {
                self.with_stage(stage, |rollout| match &mut rollout.phase {
                    Phase::Planned { plan, .. } => plan.service.hold = Some(reason.clone()),
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
                if self.live().is_some() || waited {
                    self.let_go.extend(self.service_id(self.stage_index()));
                }
                let epoch = self.live().map(|live| live.epoch);
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
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.actions.retain(|action| action.kind() != kind);
            if outstanding.actions.is_empty() {
                self.outstanding = None;
            }
        }
    }

    /// A check whose task could not be run has failed, and nothing more is heard of that task.
    fn settle_tasks(&mut self, results: &[CheckResult]) {
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.actions.retain(|action| {
                !matches!(action, Action::RunTask { check, .. }
                    if results.iter().any(|result| result.check == *check))
            });
            if outstanding.actions.is_empty() {
                self.outstanding = None;
            }
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

    fn with_live_in(&mut self, stage: &StageName, change: impl FnOnce(&mut Live)) {
        self.with_stage(stage, |rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }

    fn with_live(&mut self, change: impl FnOnce(&mut Live)) {
        self.with_current(|rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }
}

/// The deployment was looked at.
fn see(live: &mut Live, deployment: &DeploymentId, status: &DeploymentStatus, at: Timestamp) {
    let Some(known) = live
        .deployment
        .as_mut()
        .filter(|known| known.id == *deployment)
    else {
        return;
    };
    known.unchanged = if known.status == *status {
        known.unchanged + 1
    } else {
        0
    };
    known.status = status.clone();
    known.observed_at = at;
    known.reported = false;
    if let DeploymentStatus::RollingBack { by: Some(by), .. } = status {
        live.rollback = Some(by.clone());
    }
    // A way back that began because its time was up came too late: it serves.
    if *status == DeploymentStatus::Succeeded && live.rollback.is_none() {
        live.rolling_back = live.rolling_back.take().filter(Back::insists);
    }
    if live.shifted_at.is_none() && has_shifted(status) {
        live.shifted_at = Some(at);
    }
}

/// Whether all of production traffic is on green.
fn has_shifted(status: &DeploymentStatus) -> bool {
    match status {
        DeploymentStatus::Shifted { .. } | DeploymentStatus::Succeeded => true,
        DeploymentStatus::InProgress { .. }
        | DeploymentStatus::Ready { .. }
        | DeploymentStatus::RollingBack { .. }
        | DeploymentStatus::Halted { .. }
        | DeploymentStatus::RolledBack { .. }
        | DeploymentStatus::Failed { .. }
        | DeploymentStatus::FailedInPlace { .. }
        | DeploymentStatus::Stopped { .. }
        | DeploymentStatus::Replaced { .. } => false,
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
            Phase::Live(live) => {
                let requests = [&mut live.asked, &mut live.granted];
                let mut of = requests.into_iter().flatten();
                if let Some(given) = of.find(|given| given.id.as_str() == approval) {
                    given.votes.push(vote);
                    if given.standing() == Standing::Granted {
                        // People took their time; the rollout gets its own.
                        live.clock_from = live.clock_from.max(at);
                    }
                }
            }
            Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            }
        }
    }
}
