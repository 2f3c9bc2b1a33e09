//! How a release stands, stage by stage: all that its card shows, as values.

use jiff::Timestamp;
use serde::Serialize;
use towpath_taskdef::image::Tag;

use super::rollout::{Phase, Rollout};
use super::{Conclusion, EndReason, Image, Outcome, Release, Rollback, Waiting};
use crate::names::{ApprovalId, Fingerprint, PipelineName, ReleaseId, StageName};
use crate::pipeline::Stage;

/// How a release stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    pub release: ReleaseId,
    pub pipeline: PipelineName,
    pub image: Image,
    /// What people call the version that it deploys: see [`Release::name`].
    pub name: String,
    /// What it brings back, if it is a rollback.
    pub rollback: Option<Rollback>,
    /// The stages, in their order.
    pub stages: Vec<StageOverview>,
    /// The stage at which it stands, by its place among them.
    pub current: usize,
    pub conclusion: Option<Conclusion<EndReason>>,
    /// The request that people can answer now, if there is one.
    pub request: Option<Request>,
    /// The stage that somebody could roll back: where the release is being rolled out, or the last one
    /// that it has come to, while it serves there.
    pub can_roll_back: Option<StageName>,
}

/// A request that people can answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    pub stage: StageName,
    /// The request.
    pub approval: ApprovalId,
    /// Whether green is ready, and its production traffic is asked about.
    pub of_traffic: bool,
}

/// How a release stands in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageOverview {
    pub stage: StageName,
    pub standing: StageStanding,
}

/// How a release stands in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStanding {
    /// It has not come there yet.
    NotReachedYet,
    /// It ended before it came there.
    NotReached,
    /// It was being rolled out there when an entry of it was found not to be trusted.
    NotFollowed,
    /// It stands there.
    Current {
        /// How far it is.
        step: StageStep,
        waiting: Waiting,
    },
    /// Its rollout there has ended.
    Ended {
        conclusion: Conclusion,
        at: Timestamp,
        /// What serves since.
        since: Since,
    },
}

/// How far a release is in the stage where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStep {
    /// Nothing is known yet of what would be done.
    Arrived,
    /// It is known what would be done.
    Planned,
    /// People were asked to decide.
    Asking,
    /// It is being rolled out.
    RollingOut,
}

/// What serves in a stage since a rollout to it has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The release, as far as it is known.
    Serves,
    /// The release has brought nothing there: it did not succeed, or what it brings ran already, and
    /// nobody says when that changes.
    BroughtNothing,
    /// The release, again.
    ServesAgain {
        /// Since when.
        at: Timestamp,
    },
    /// Another release.
    Replaced {
        /// Its tag; none for what ran before the first release.
        by: Option<Tag>,
        /// Whether a rollback has brought it back.
        back: bool,
        /// Since when.
        at: Timestamp,
    },
}

impl Overview {
    /// The fingerprint of all of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let text = serde_json::to_string(self).expect("plain values are JSON");
        Fingerprint::of(text)
    }
}

impl Release {
    /// How the release stands, stage by stage.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let waiting = self.waiting();
        let stages = self.rollouts().iter();
        Overview {
            release: self.id().clone(),
            pipeline: self.pipeline().pipeline.clone(),
            image: self.image().clone(),
            name: self.name(),
            rollback: self.rollback().cloned(),
            stages: stages
                .map(|rollout| StageOverview {
                    stage: rollout.stage.clone(),
                    standing: stage_standing(self, rollout, waiting.as_ref()),
                })
                .collect(),
            current: self.stage_index(),
            conclusion: self.conclusion().cloned(),
            request: request(self),
            can_roll_back: can_roll_back(self).map(|stage| stage.name.clone()),
        }
    }
}

fn stage_standing(
    release: &Release,
    rollout: &Rollout,
    waiting: Option<&Waiting>,
) -> StageStanding {
    let step = match &rollout.phase {
        Phase::Pending => StageStep::Arrived,
        Phase::Planned { .. } => StageStep::Planned,
        Phase::Asking { .. } => StageStep::Asking,
        Phase::Live(_) if release.untrusted().is_some() => return StageStanding::NotFollowed,
        Phase::Live(_) => StageStep::RollingOut,
        Phase::Ended { conclusion, at, .. } => {
            return StageStanding::Ended {
                conclusion: conclusion.clone(),
                at: *at,
                since: since(rollout),
            };
        }
    };
    match waiting.filter(|waiting| waiting.stage == rollout.stage) {
        _ if release.conclusion().is_some() => StageStanding::NotReached,
        Some(waiting) => StageStanding::Current {
            step,
            waiting: waiting.clone(),
        },
        None => StageStanding::NotReachedYet,
    }
}

fn since(rollout: &Rollout) -> Since {
    match &rollout.aftermath {
        None if rollout.serves() => Since::Serves,
        None => Since::BroughtNothing,
        Some(after) => match &after.instead {
            None => Since::ServesAgain { at: after.at },
            Some(instead) => Since::Replaced {
                by: instead.tag.clone(),
                back: instead.is_rollback,
                at: after.at,
            },
        },
    }
}

fn request(release: &Release) -> Option<Request> {
    if release.conclusion().is_some() {
        return None;
    }
    let (stage, rollout) = release.current()?;
    let (approval, of_traffic) = match &rollout.phase {
        Phase::Asking { approval, .. } => (approval, false),
        Phase::Live(live) => (live.open_request()?, true),
        Phase::Pending | Phase::Planned { .. } | Phase::Ended { .. } => return None,
    };
    Some(Request {
        stage: stage.name.clone(),
        approval: approval.id.clone(),
        of_traffic,
    })
}

/// What was brought back is not rolled back from here.
fn can_roll_back(release: &Release) -> Option<&Stage> {
    if release.rollback().is_some() {
        return None;
    }
    let mut rollouts = release.rollouts().iter().rev();
    let furthest = rollouts.find(|rollout| match &rollout.phase {
        Phase::Live(live) => {
            live.progress.rollback().is_none() && live.rollback_requested.is_none()
        }
        Phase::Ended { conclusion, .. } => conclusion.outcome == Outcome::Succeeded,
        Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } => false,
    })?;
    if !matches!(furthest.phase, Phase::Live(_)) && !furthest.serves() {
        return None;
    }
    let stage = release.pipeline().stage(&furthest.stage)?;
    let approvers = stage.approval.iter().flat_map(|gate| &gate.slack);
    let somebody = release.pipeline().operators.iter().chain(approvers).next();
    somebody.map(|_| stage)
}
