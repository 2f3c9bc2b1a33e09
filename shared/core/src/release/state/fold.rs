//! Folding: what each event does to the state it meets.

use jiff::Timestamp;

use super::{Outstanding, Release};
use crate::names::StageName;
use crate::release::rollout::{Deployment, DeploymentStatus, Live, Phase, Rollout};
use crate::release::vote::{Approval, Standing, Vote};
use crate::release::{ActionKind, Conclusion, Event};

impl Release {
    /// Applies an event without keeping it as an entry: for facts that are not worth a line.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Opened { .. } => {}
            Event::Superseded { by } => self.superseded_by = Some(by.clone()),
            Event::Overtook { older } => {
                self.overtaken.insert(older.clone());
            }
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
                self.outstanding = Some(Outstanding {
                    actions: actions.clone(),
                    until: *until,
                });
                self.with_live(|live| {
                    // From here on the state may have been changed, whatever is heard of it.
                    if restore {
                        live.to_restore = live.plan.scaling;
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
                let (granted, queued) = match &rollout.phase {
                    Phase::Planned {
                        granted, queued, ..
                    } => (granted.clone(), queued.clone()),
                    Phase::Pending => (None, None),
                    Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. } => return,
                };
                rollout.phase = Phase::Planned {
                    plan: plan.clone(),
                    read_at: at,
                    granted,
                    queued,
                };
            }),
            Event::ApprovalRequested {
                stage,
                approval,
                digest,
                spec,
                expires_at,
            } => {
                let required = self
                    .pipeline
                    .stage(stage)
                    .and_then(|s| s.approval.as_ref())
                    .map_or(1, |a| a.required);
                self.with_stage(stage, |rollout| {
                    if let Phase::Planned { plan, .. } = &rollout.phase {
                        rollout.approvals += 1;
                        rollout.phase = Phase::Asking {
                            plan: plan.clone(),
                            approval: Approval {
                                id: approval.clone(),
                                digest: *digest,
                                spec: spec.clone(),
                                required,
                                expires_at: *expires_at,
                                votes: Vec::new(),
                            },
                        };
                    }
                });
            }
            Event::Voted {
                approval,
                by,
                decision,
                reason,
            } => {
                let vote = Vote {
                    by: by.clone(),
                    decision: *decision,
                    reason: reason.clone(),
                };
                self.with_current(|rollout| rollout.vote(approval.as_str(), vote));
            }
            Event::ApprovalVoided { approval, .. } => self.with_current(|rollout| {
                if let Phase::Planned { granted, .. } = &mut rollout.phase
                    && granted.as_ref().is_some_and(|given| given.id == *approval)
                {
                    *granted = None;
                }
            }),
            Event::Queued { stage, behind } => self.with_stage(stage, |rollout| {
                if let Phase::Planned { queued, .. } = &mut rollout.phase {
                    *queued = Some(behind.clone());
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
            Event::ScalingRestored { .. } => {
                self.settle(ActionKind::RestoreScaling);
                self.with_live(|live| live.to_restore = None);
            }
            Event::DeploymentStarted { deployment, .. } => {
                self.settle(ActionKind::Start);
                self.with_live(|live| {
                    live.deployment = Some(Deployment {
                        id: deployment.clone(),
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
                let ours = live.is_followed_as(deployment);
                if let Some(known) = live.deployment.as_mut().filter(|_| ours) {
                    known.reported = true;
                }
            }),
            Event::DeploymentObserved { deployment, status } => self.with_live(|live| {
                if let Some(known) = &mut live.deployment
                    && known.id == *deployment
                {
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
                }
            }),
            Event::RollbackStarted { reason, deployment } => {
                self.settle(ActionKind::RollBack);
                self.with_live(|live| {
                    live.rolling_back = Some(reason.clone());
                    if deployment.is_some() {
                        live.rollback = deployment.clone();
                    }
                });
            }
            Event::ActionRefused { action, reason } => {
                self.settle(*action);
                let said = format!("AWS refused to {action}: {reason}");
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
                        live.to_restore = None;
                        live.not_restored = Some(said);
                    }),
                    // What others are told is a courtesy: it is not tried for ever, and it never
                    // decides about this release.
                    ActionKind::Supersede => self.overtake_candidate(),
                    ActionKind::WakeCandidate => {
                        self.let_go.pop_first();
                    }
                    ActionKind::Tell => {}
                }
            }
            Event::Checked {
                stage,
                at: point,
                results,
                ..
            } => self.with_stage(stage, |rollout| {
                if let Phase::Live(live) = &mut rollout.phase {
                    live.checks.push((*point, results.clone()));
                }
            }),
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
                if self.live().is_some() {
                    self.let_go.extend(self.service_id(self.stage_index()));
                }
                self.with_stage(stage, |rollout| {
                    rollout.phase = Phase::Ended {
                        conclusion: Conclusion::new(*outcome, reason.clone()),
                        revision: revision.clone(),
                        at,
                    };
                });
            }
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

    fn with_live(&mut self, change: impl FnOnce(&mut Live)) {
        self.with_current(|rollout| {
            if let Phase::Live(live) = &mut rollout.phase {
                change(live);
            }
        });
    }
}

impl Rollout {
    fn vote(&mut self, approval: &str, vote: Vote) {
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
                        queued: None,
                    };
                }
            }
            Phase::Planned {
                granted: Some(given),
                ..
            } if given.id.as_str() == approval => given.votes.push(vote),
            Phase::Live(live) => {
                if let Some(given) = live
                    .granted
                    .as_mut()
                    .filter(|given| given.id.as_str() == approval)
                {
                    given.votes.push(vote);
                }
            }
            Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            }
        }
    }
}
