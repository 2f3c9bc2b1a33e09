//! The state of a release: the fold of its events.
//!
//! Folding is total: an event that does not fit the state it meets (a report that came late, a
//! line from a newer version's order) changes nothing. What may be written is decided by
//! [`accept`](super::accept()) and [`next`](super::next()), never here.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rollout::{Deployment, DeploymentStatus, Live, Phase, Rollout};
use super::vote::{Approval, Standing, Vote};
use super::{Action, ActionKind, Conclusion, Entry, Event, Image, ServiceId};
use crate::names::{AccountId, Fingerprint, Region, ReleaseId, StageName};
use crate::pipeline::{Pipeline, Stage};

/// The deployer's own account and region, where a stage is that names no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

/// A release as its events so far have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    id: ReleaseId,
    pipeline: Pipeline,
    version: i64,
    home: Home,
    image: Image,
    rollouts: Vec<Rollout>,
    conclusion: Option<(Conclusion, Timestamp)>,
    superseded_by: Option<ReleaseId>,
    /// The older releases that were told at the stage where this one stands.
    overtaken: BTreeSet<ReleaseId>,
    let_go: BTreeSet<ServiceId>,
    outstanding: Option<Outstanding>,
    told: Told,
    entries: Vec<Entry>,
}

/// Actions whose intent is in the ledger and whose outcome is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outstanding {
    pub(super) actions: Vec<Action>,
    pub(super) until: Timestamp,
}

/// What people were told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The card: its channel, its message id and what it says.
    pub card: Option<(String, String, Fingerprint)>,
    /// The last entry that was told in the thread.
    pub replied: u64,
    /// The last entry that was published to SNS.
    pub published: u64,
}

/// A ledger that no release can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotARelease {
    /// There is nothing.
    #[error("it has no entries")]
    Empty,
    /// The first entry does not open it.
    #[error("its first entry does not open it")]
    NotOpened,
}

impl Release {
    /// The release that these entries tell of, in their order.
    ///
    /// # Errors
    /// When the first entry is missing or opens no release.
    pub fn fold(id: ReleaseId, entries: Vec<Entry>) -> Result<Self, NotARelease> {
        let mut release = match entries.first() {
            None => return Err(NotARelease::Empty),
            Some(Entry {
                event:
                    Event::Opened {
                        pipeline,
                        version,
                        home,
                        image,
                    },
                ..
            }) => Self::opened(
                id,
                (**pipeline).clone(),
                *version,
                home.clone(),
                image.clone(),
            ),
            Some(_) => return Err(NotARelease::NotOpened),
        };
        for entry in entries {
            release.push(entry);
        }
        Ok(release)
    }

    fn opened(id: ReleaseId, pipeline: Pipeline, version: i64, home: Home, image: Image) -> Self {
        let rollouts = pipeline
            .stages
            .iter()
            .map(|stage| Rollout {
                stage: stage.name.clone(),
                phase: Phase::Pending,
                approvals: 0,
                unplannable: None,
            })
            .collect();
        Self {
            id,
            pipeline,
            version,
            home,
            image,
            rollouts,
            conclusion: None,
            superseded_by: None,
            overtaken: BTreeSet::new(),
            let_go: BTreeSet::new(),
            outstanding: None,
            told: Told::default(),
            entries: Vec::new(),
        }
    }

    /// Adds an entry that was written.
    pub fn push(&mut self, entry: Entry) {
        self.apply(&entry.event, entry.at);
        self.entries.push(entry);
    }

    /// The release's id.
    #[must_use]
    pub fn id(&self) -> &ReleaseId {
        &self.id
    }

    /// The pipeline as it was when the release was opened.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// The version of the pipeline's parameter.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The image.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The rollouts, in the order of the stages.
    #[must_use]
    pub fn rollouts(&self) -> &[Rollout] {
        &self.rollouts
    }

    /// The entries, in their order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How and why the release ended, if it has.
    #[must_use]
    pub fn conclusion(&self) -> Option<&Conclusion> {
        self.conclusion.as_ref().map(|(conclusion, _)| conclusion)
    }

    /// When the release ended, if it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.conclusion.as_ref().map(|(_, at)| *at)
    }

    /// The newer release that took this one's place, if one did.
    #[must_use]
    pub fn superseded_by(&self) -> Option<&ReleaseId> {
        self.superseded_by.as_ref()
    }

    /// What people were told.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The index of the stage at which the release stands: the first that has not ended, or the
    /// last.
    #[must_use]
    pub fn stage_index(&self) -> usize {
        let open = self
            .rollouts
            .iter()
            .position(|r| !matches!(r.phase, Phase::Ended { .. }));
        open.unwrap_or(self.rollouts.len().saturating_sub(1))
    }

    /// The stage at which the release stands, with its rollout.
    #[must_use]
    pub fn current(&self) -> Option<(&Stage, &Rollout)> {
        let index = self.stage_index();
        Some((self.pipeline.stages.get(index)?, self.rollouts.get(index)?))
    }

    /// The rollout that owns its service, if one does.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        match &self.current()?.1.phase {
            Phase::Live(live) => Some(live),
            Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
                None
            }
        }
    }

    /// The index of the stage of that name.
    #[must_use]
    pub fn stage_position(&self, name: &StageName) -> Option<usize> {
        self.rollouts
            .iter()
            .position(|rollout| rollout.stage == *name)
    }

    /// The service of the stage at that index.
    #[must_use]
    pub fn service_id(&self, index: usize) -> Option<ServiceId> {
        let stage = self.pipeline.stages.get(index)?;
        Some(ServiceId {
            account: stage
                .account
                .clone()
                .unwrap_or_else(|| self.home.account.clone()),
            region: stage
                .region
                .clone()
                .unwrap_or_else(|| self.home.region.clone()),
            cluster: stage.cluster.clone(),
            service: stage.service.clone(),
        })
    }

    pub(super) fn overtaken(&self, older: &ReleaseId) -> bool {
        self.overtaken.contains(older)
    }

    /// A service that was let go and whose next release was not told yet.
    pub(super) fn let_go(&self) -> Option<&ServiceId> {
        self.let_go.first()
    }

    pub(super) fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

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
