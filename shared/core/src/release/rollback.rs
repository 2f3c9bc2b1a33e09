//! Bringing an earlier release back to a stage: a release of its own, which no gate keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Event, Principal, Release, Revision};
use crate::names::{Fingerprint, ReleaseId, StageName};
use crate::pipeline::{Pipeline, Rollout, Stage, WayBack};

/// The configuration that moves all of CodeDeploy's traffic at once:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs>.
pub const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// What a rollback brings back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// The stage.
    pub stage: StageName,
    /// The revision that is brought back, exactly as it was.
    pub revision: Revision,
    /// The release that succeeded with it.
    pub good: ReleaseId,
    /// The release that is taken back, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ReleaseId>,
    /// Who asked for it.
    pub by: Principal,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Rollback {
    /// Why the stage is held after it.
    #[must_use]
    pub fn hold_reason(&self) -> String {
        let why = match &self.reason {
            Some(reason) => format!(": {reason}"),
            None => String::new(),
        };
        format!("{} rolled it back to {}{why}", self.by, self.good)
    }
}

/// How often the same rollback can be asked for in vain before the service has changed hands.
pub const MOST_ATTEMPTS: u32 = 20;

/// What opens the rollback that brings `good`'s rollout back to the stage: its id, and its first
/// events. `rules` is a release of the same pipeline whose configuration counts; `epoch` is that of
/// the service's row, so that asking twice for the same is the same rollback, and asking again
/// after the service has changed hands is another. `attempt` is how many rollbacks that were asked
/// for in just this way have ended, without having had the service: fewer than [`MOST_ATTEMPTS`].
///
/// # Errors
/// When the pipeline has no such stage, or the release never succeeded there.
pub fn open_rollback(
    rules: &Release,
    good: &Release,
    rollback: Rollback,
    epoch: u64,
    attempt: u32,
) -> Result<(ReleaseId, Vec<Event>), NoWayBack> {
    let stage = rules
        .pipeline()
        .stage(&rollback.stage)
        .ok_or_else(|| NoWayBack::NoSuchStage(rollback.stage.clone()))?;
    let pipeline = Pipeline {
        stages: vec![without_gates(stage)],
        ..rules.pipeline().clone()
    };
    let again = match attempt {
        0 => String::new(),
        _ => format!("\n{attempt}"),
    };
    let hash = Fingerprint::of(format!(
        "rollback\n{}\n{}\n{}\n{}\n{epoch}{again}",
        pipeline.pipeline, rollback.stage, rollback.good, rollback.revision
    ));
    let id = format!("{}-{}", pipeline.pipeline, &hash.as_str()[..16]);
    let id = id
        .parse()
        .expect("a pipeline name and 16 hexadecimal digits are a release id");
    let opened = Event::Opened {
        pipeline: Box::new(pipeline),
        version: rules.version(),
        home: rules.home().clone(),
        image: good.image().clone(),
        rollback: Some(Box::new(rollback)),
    };
    Ok((id, vec![opened]))
}

/// Why nothing can be brought back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// There is no such stage.
    #[error("the pipeline has no stage `{0}`")]
    NoSuchStage(StageName),
    /// Nothing has succeeded there before what runs now.
    #[error("no release has succeeded in {0} before the one that runs now; name one with --to")]
    NothingBefore(StageName),
    /// The release did not succeed there.
    #[error("{release} did not succeed in {stage}")]
    NeverSucceeded {
        /// The release.
        release: ReleaseId,
        /// The stage.
        stage: StageName,
    },
}

/// The revision with which a release succeeded in a stage, and when.
#[must_use]
pub fn succeeded_with<'a>(
    release: &'a Release,
    stage: &StageName,
) -> Option<(&'a Revision, Timestamp)> {
    release.entries().iter().rev().find_map(|entry| {
        let Event::RolloutEnded {
            stage: at,
            outcome: super::Outcome::Succeeded,
            revision: Some(revision),
            ..
        } = &entry.event
        else {
            return None;
        };
        (at == stage).then_some((revision, entry.at))
    })
}

/// The stage as a rollback passes it: nobody is asked, nothing is checked, nothing is changed but
/// the revision, and traffic moves at once.
fn without_gates(stage: &Stage) -> Stage {
    let mut stage = Stage {
        // The revision comes back exactly as it was, whatever the pipeline replaces today.
        containers: Vec::new(),
        approval: None,
        checks: Vec::new(),
        bake: None,
        way_back: WayBack::Optional,
        environment: Default::default(),
        docker_labels: Default::default(),
        tags: Default::default(),
        ..stage.clone()
    };
    if let Rollout::CodeDeploy(settings) = &mut stage.rollout {
        settings.configuration = ALL_AT_ONCE.parse().ok();
    }
    stage
}
