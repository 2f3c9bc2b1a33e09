//! The state of a release: the fold of its events.
//!
//! Folding is total: an event that does not fit the state it meets (a report that came late, a
//! line from a newer version's order) changes nothing. What may be written is decided by
//! [`accept`](super::accept()) and [`next`](super::next()), never here.

mod fold;
mod untrusted;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::{Platform, Registry, Tag};

pub use self::untrusted::Untrusted;
use super::outstanding::Outstanding;
use super::rollback::without_gates;
use super::rollout::{ActiveRollout, Phase, Rollout};
use super::{
    Action, ActionKind, Conclusion, EndReason, Entry, Event, Image, Notified, Principal, Rollback,
    ServiceId, Successor, Tried,
};
use crate::names::{AccountId, DeploymentId, Region, ReleaseId, StageName};
use crate::pipeline::{Channel, Pipeline, Stage};

/// The deployer's own account and region, where a stage is that names no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    pub account: AccountId,
    pub region: Region,
}

impl Home {
    /// The registry of the deployer's own account and region.
    #[must_use]
    pub fn registry(&self) -> Registry {
        Registry::ecr(&self.account, &self.region)
    }

    /// The service of a stage: at home, where the stage names no other account or region.
    #[must_use]
    pub fn service_of(&self, stage: &Stage) -> ServiceId {
        ServiceId {
            account: stage
                .account
                .clone()
                .unwrap_or_else(|| self.account.clone()),
            region: stage.region.clone().unwrap_or_else(|| self.region.clone()),
            cluster: stage.cluster.clone(),
            service: stage.service.clone(),
        }
    }

    /// The stage of a pipeline that is rolled out to a service, whatever it is called.
    #[must_use]
    pub fn stage_at<'a>(&self, pipeline: &'a Pipeline, service: &ServiceId) -> Option<&'a Stage> {
        let mut stages = pipeline.stages.iter();
        stages.find(|stage| self.service_of(stage) == *service)
    }

    /// The one registry whose images a pipeline takes: this one, where it names none.
    #[must_use]
    pub fn registry_of(&self, pipeline: &Pipeline) -> Registry {
        match &pipeline.registry {
            Some(registry) => registry.clone(),
            None => self.registry(),
        }
    }
}

/// A release as its events so far have made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    id: ReleaseId,
    pipeline: Pipeline,
    version: i64,
    home: Home,
    image: Image,
    rollback: Option<Rollback>,
    vetoed: Option<(Principal, String)>,
    rollouts: Vec<Rollout>,
    conclusion: Option<(Conclusion<EndReason>, Timestamp)>,
    untrusted: Option<Untrusted>,
    superseded_by: Option<Tag>,
    /// The older release that was found at a stage when this one arrived there, and that stage.
    found_older: Option<(usize, ReleaseId)>,
    /// The older releases that were told at the stage where this one stands.
    overtaken: BTreeSet<ReleaseId>,
    let_go: BTreeSet<ServiceId>,
    /// The releases that are to learn that this one serves where they did, or that they do again.
    to_tell: BTreeSet<(ReleaseId, Successor)>,
    outstanding: Option<Outstanding>,
    notified: BTreeMap<Channel, Notified>,
    entries: Vec<Entry>,
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
                        rollback,
                    },
                ..
            }) => Self {
                rollback: rollback.as_deref().cloned(),
                ..Self::opened(
                    id,
                    match rollback {
                        None => (**pipeline).clone(),
                        // Whoever wrote it: a rollback changes nothing but the revision.
                        Some(_) => without_gates(pipeline),
                    },
                    *version,
                    home.clone(),
                    image.clone(),
                )
            },
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
                aftermath: None,
            })
            .collect();
        Self {
            id,
            pipeline,
            version,
            home,
            image,
            rollback: None,
            vetoed: None,
            rollouts,
            conclusion: None,
            untrusted: None,
            superseded_by: None,
            found_older: None,
            overtaken: BTreeSet::new(),
            let_go: BTreeSet::new(),
            to_tell: BTreeSet::new(),
            outstanding: None,
            notified: BTreeMap::new(),
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

    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The deployer's own account and region.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// What people call the version that it deploys: the tag of its image, or the revision where a
    /// rollback brings back what ran before the first release.
    #[must_use]
    pub fn name(&self) -> String {
        let tag = &self.image().tag;
        match self.rollback() {
            None => tag.to_string(),
            Some(rollback) => rollback.name(tag),
        }
    }

    /// What the release brings back, if it is a rollback.
    #[must_use]
    pub fn rollback(&self) -> Option<&Rollback> {
        self.rollback.as_ref()
    }

    /// Who vetoed the image while the release was on its way, and why, if somebody did.
    #[must_use]
    pub fn vetoed(&self) -> Option<(&Principal, &str)> {
        let (by, reason) = self.vetoed.as_ref()?;
        Some((by, reason))
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
    pub fn conclusion(&self) -> Option<&Conclusion<EndReason>> {
        self.conclusion.as_ref().map(|(conclusion, _)| conclusion)
    }

    /// When the release ended, if it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.conclusion.as_ref().map(|(_, at)| *at)
    }

    /// The tag of the newer release that took this one's place, if one did.
    #[must_use]
    pub fn superseded_by(&self) -> Option<&Tag> {
        self.superseded_by.as_ref()
    }

    /// What the people of a channel know.
    #[must_use]
    pub fn notified(&self, channel: Channel) -> Notified {
        self.notified.get(&channel).cloned().unwrap_or_default()
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
    pub fn active_rollout(&self) -> Option<&ActiveRollout> {
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
        Some(self.home.service_of(stage))
    }

    /// The service to which the release has made that deployment, if it has.
    #[must_use]
    pub fn service_of(&self, deployment: &DeploymentId) -> Option<ServiceId> {
        let mut at = None;
        for entry in &self.entries {
            if let Event::RolloutStarted { stage, .. } = &entry.event {
                at = self.stage_position(stage);
            }
            if entry.event.new_deployments().any(|id| id == deployment) {
                return self.service_id(at?);
            }
        }
        None
    }

    /// What the image is for, if a plan has read it already.
    pub(super) fn platforms(&self) -> BTreeSet<Platform> {
        let mut platforms = BTreeSet::new();
        for entry in &self.entries {
            if let Event::Planned { plan, .. } = &entry.event
                && !plan.platforms.is_empty()
            {
                platforms.clone_from(&plan.platforms);
            }
        }
        platforms
    }

    pub(super) fn overtaken(&self, older: &ReleaseId) -> bool {
        self.overtaken.contains(older)
    }

    /// The older release that this one found where it stands. Whoever arrives is the candidate there
    /// from then on, so that later plans do not show it any more.
    pub(super) fn found_older(&self) -> Option<&ReleaseId> {
        let here = self.stage_index();
        let (stage, older) = self.found_older.as_ref()?;
        (*stage == here).then_some(older)
    }

    /// A service that was let go and whose next release was not told yet.
    pub(super) fn let_go(&self) -> Option<&ServiceId> {
        self.let_go.first()
    }

    /// The releases that were not told yet what this one's success makes of them.
    pub(super) fn predecessors_to_notify(&self) -> impl Iterator<Item = &(ReleaseId, Successor)> {
        self.to_tell.iter()
    }

    pub(super) fn outstanding(&self) -> Option<&Outstanding> {
        self.outstanding.as_ref()
    }

    /// What is known of whether an earlier run has performed an action of that kind.
    pub(super) fn tried(&self, kind: ActionKind) -> Tried {
        let outstanding = self.outstanding.as_ref();
        outstanding.map_or(Tried::Never, |outstanding| outstanding.tried(kind))
    }

    /// Whether an action of that kind is intended, and nobody knows yet what came of it.
    #[must_use]
    pub fn intends(&self, kind: ActionKind) -> bool {
        let outstanding = self.outstanding.as_ref();
        outstanding.is_some_and(|outstanding| outstanding.intends(kind))
    }

    /// Whether it is intended, and two looks, one some time after the other, saw nothing of it.
    pub(super) fn is_absent(&self, kind: ActionKind) -> bool {
        let outstanding = self.outstanding.as_ref();
        outstanding.is_some_and(|outstanding| outstanding.is_absent(kind))
    }

    /// Whether it was written often that just these actions are about to be performed, and nobody
    /// knows yet what came of it.
    pub(super) fn has_often_intended(&self, actions: &[Action]) -> bool {
        let outstanding = self.outstanding.as_ref();
        outstanding.is_some_and(|outstanding| outstanding.has_often_intended(actions))
    }

    /// How often such a thing has happened since the release came to the stage at which it stands.
    pub(super) fn count_here(&self, such: impl Fn(&Event) -> bool) -> usize {
        let ended = |entry: &&Entry| matches!(entry.event, Event::RolloutEnded { .. });
        let here = self.entries.iter().rev().take_while(|entry| !ended(entry));
        here.filter(|entry| such(&entry.event)).count()
    }
}
