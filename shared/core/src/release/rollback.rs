//! Bringing an earlier release back to a stage: a release of its own, which no gate keeps.
//!
//! What is brought back is what the good release's own entries say that it ran with. The service's
//! row only tells which release that is: whoever edits the row must not choose what is deployed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Tag;

use super::{
    DeploymentStatus, Event, Good, Image, Outcome, Principal, Release, Revision, ServiceId,
    ServiceRow,
};
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
    /// The release that ran with it.
    pub good: ReleaseId,
    /// Whether it is not what that release ran with, but what ran before it: something that no
    /// release had brought. Then the rollback's image is that release's too, for want of a known one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before: bool,
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
    /// Why the stage is held after it, by how and why it ended.
    #[must_use]
    pub fn hold_reason(&self, outcome: Outcome, ended: &str) -> String {
        let why = match &self.reason {
            Some(reason) => format!(": {reason}"),
            None => String::new(),
        };
        let to = match self.before {
            false => self.good.to_string(),
            true => {
                let revision = self.revision.short();
                format!("{revision}, which ran before {}", self.good)
            }
        };
        let by = &self.by;
        match outcome {
            Outcome::Succeeded => format!("{by} rolled it back to {to}{why}"),
            Outcome::Failed
            | Outcome::RolledBack
            | Outcome::Superseded
            | Outcome::Stopped
            | Outcome::Refused
            | Outcome::Expired
            | Outcome::NotTrusted => format!(
                "it was to be rolled back to {to}, as {by} asked{why}; that did not come through: {ended}; look at what serves"
            ),
        }
    }

    /// What people call what is brought back, in one word: the tag of its image, which is `tag`, or
    /// its revision where no release had brought it.
    #[must_use]
    pub fn name(&self, tag: &Tag) -> String {
        match self.before {
            false => tag.to_string(),
            true => self.revision.short().to_string(),
        }
    }

    /// What people call what is brought back; `tag` is that of its image.
    #[must_use]
    pub fn called(&self, tag: &Tag) -> String {
        let name = self.name(tag);
        match self.before {
            false => name,
            true => format!("{name}, which ran before {tag}"),
        }
    }
}

/// How often the same rollback can be asked for in vain before the service has changed hands.
pub const MOST_ATTEMPTS: u32 = 20;

/// A rollback that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRollback {
    /// The stage.
    pub stage: StageName,
    /// The release that is to be taken back, where it is known.
    pub from: Option<ReleaseId>,
    /// Whether what ran before the good release is wanted, and not that release.
    pub before: bool,
    /// Who wants it.
    pub by: Principal,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// What opens the rollback that brings `good` back to the stage: its id, and its first events. What
/// is brought back is what `good` ran with there, or what ran before it, by its own entries. `rules` is a release of
/// the same pipeline whose configuration counts; `epoch` is that of the service's row, so that
/// asking twice for the same is the same rollback, and asking again after the service has changed
/// hands is another. `attempt` is how many rollbacks that were asked for in just this way have
/// ended, without having had the service: fewer than [`MOST_ATTEMPTS`].
///
/// # Errors
/// When the pipeline has no such stage, or the release never served in its service.
pub fn open_rollback(
    rules: &Release,
    good: &Release,
    wanted: WantedRollback,
    epoch: u64,
    attempt: u32,
) -> Result<(ReleaseId, Vec<Event>), NoWayBack> {
    let no_stage = || NoWayBack::NoSuchStage(wanted.stage.clone());
    let index = rules.stage_position(&wanted.stage).ok_or_else(no_stage)?;
    let service = rules.service_id(index).ok_or_else(no_stage)?;
    let stage = rules.pipeline().stage(&wanted.stage).ok_or_else(no_stage)?;
    let (revision, _) =
        ran(good, &service, wanted.before).ok_or_else(|| NoWayBack::NeverServed {
            release: good.id().clone(),
            stage: wanted.stage.clone(),
        })?;
    let rollback = Rollback {
        stage: wanted.stage,
        revision: revision.clone(),
        good: good.id().clone(),
        before: wanted.before,
        from: wanted.from,
        by: wanted.by,
        reason: wanted.reason,
    };
    let pipeline = without_gates(&Pipeline {
        stages: vec![stage.clone()],
        ..rules.pipeline().clone()
    });
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

/// What serves in a service, as far as it is known, when somebody wants back what served before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// What a release has left that is not driven any more.
    NotDriven,
    /// A deployment that failed and was left in place, and its revision, where that is known.
    Failed(Option<Revision>),
    /// This revision.
    Runs(Revision),
    /// That could not be read.
    NotKnown,
}

/// What is brought back to a service where nobody names it: what served before what serves now. That
/// is what was good last where something else serves than what Towpath left: a deployment that
/// failed, what a release has left that is not driven, what somebody has put there by hand. Else it
/// is what was good before that. Where nothing but the ledger can be read, the ledger alone decides.
///
/// # Errors
/// When nothing is known that served in the stage before.
pub fn served_before<'r>(
    row: &'r ServiceRow,
    serving: &Serving,
    stage: &StageName,
) -> Result<&'r Good, NoWayBack> {
    let Some(last) = &row.good else {
        return Err(NoWayBack::NothingYet(stage.clone()));
    };
    let is_something_else = match serving {
        Serving::NotDriven => true,
        Serving::Failed(failed) => failed.as_ref() != Some(last.left()),
        Serving::Runs(running) => running != last.left(),
        Serving::NotKnown => false,
    };
    let before = if is_something_else {
        Some(last)
    } else {
        row.way_back()
    };
    before.ok_or_else(|| NoWayBack::NothingBefore(stage.clone()))
}

/// Why nothing can be brought back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWayBack {
    /// There is no such stage.
    #[error("the pipeline has no stage `{0}`")]
    NoSuchStage(StageName),
    /// Nothing is known to have served there before what runs now.
    #[error(
        "nothing is known that served in {0} before what runs now: `towpath history` shows what there was; name one with --to"
    )]
    NothingBefore(StageName),
    /// No release has succeeded there yet.
    #[error(
        "no release has succeeded in {0} yet, so that there is none to bring back: push an image; what ran there before a release is named with --to FAMILY:REVISION"
    )]
    NothingYet(StageName),
    /// The release did not serve there.
    #[error("{release} never served in {stage}")]
    NeverServed {
        /// The release.
        release: ReleaseId,
        /// The stage.
        stage: StageName,
    },
}

/// The revision that a release stands for in a service, and since when: the one that it served with,
/// or the one that ran `before` it. A rollback stands for none: another release's own entries say
/// what it has brought.
#[must_use]
pub fn ran<'a>(
    release: &'a Release,
    service: &ServiceId,
    before: bool,
) -> Option<(&'a Revision, Timestamp)> {
    if release.rollback().is_some() {
        None
    } else if before {
        ran_before(release, service)
    } else {
        served_with(release, service)
    }
}

/// What a release served with: all of production traffic was on it, or it succeeded. How its
/// rollout ended is another matter.
fn served_with<'a>(release: &'a Release, service: &ServiceId) -> Option<(&'a Revision, Timestamp)> {
    let (mut here, mut registered, mut found) = (false, None, None);
    for entry in release.trusted_entries() {
        if let Event::RolloutStarted { stage, .. } = &entry.event {
            here = is_at(release, stage, service);
            registered = None;
        }
        if let Event::Registered { revision, .. } = &entry.event {
            registered = Some(revision).filter(|_| here);
        }
        if let Event::DeploymentObserved {
            status: DeploymentStatus::Shifted { .. } | DeploymentStatus::Succeeded,
            ..
        } = &entry.event
        {
            found = registered.map(|revision| (revision, entry.at)).or(found);
        }
        if let Event::RolloutEnded {
            stage,
            outcome: Outcome::Succeeded,
            revision: Some(revision),
            ..
        } = &entry.event
            && is_at(release, stage, service)
        {
            found = Some((revision, entry.at));
        }
    }
    found
}

/// What ran in a service when a release took it, as its plan has it.
fn ran_before<'a>(release: &'a Release, service: &ServiceId) -> Option<(&'a Revision, Timestamp)> {
    let mut planned = None;
    for entry in release.trusted_entries() {
        if let Event::Planned { stage, plan } = &entry.event
            && is_at(release, stage, service)
        {
            planned = Some((&plan.current, entry.at));
        }
        if let Event::RolloutStarted { stage, .. } = &entry.event
            && is_at(release, stage, service)
        {
            return planned;
        }
    }
    None
}

fn is_at(release: &Release, stage: &StageName, service: &ServiceId) -> bool {
    let index = release.stage_position(stage);
    index.and_then(|index| release.service_id(index)).as_ref() == Some(service)
}

/// Why a rollback is not carried out: the release that it is to bring back says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfounded {
    /// There is no such release.
    #[error("nothing is brought back: the ledger has no release {0}")]
    NoSuchRelease(ReleaseId),
    /// It did not serve there.
    #[error("nothing is brought back: by its own entries {release} never served in {service}")]
    NeverServed {
        /// The release.
        release: ReleaseId,
        /// The service.
        service: ServiceId,
    },
    /// Something else ran.
    #[error(
        "nothing is brought back: by the entries of {release} that is {own}, and the rollback names {named}"
    )]
    Otherwise {
        /// The release.
        release: ReleaseId,
        /// What it is by those.
        own: String,
        /// What the rollback is to bring.
        named: String,
    },
}

/// Checks a rollback against the entries of the release that it is to bring back, just before it
/// begins: its own first entry is not taken at its word.
///
/// # Errors
/// When that release never ran in the service what the rollback is to bring there.
pub fn verify_rollback(
    rollback: &Rollback,
    image: &Image,
    service: &ServiceId,
    good: Option<&Release>,
) -> Result<(), Unfounded> {
    let release = || rollback.good.clone();
    let good = good.ok_or_else(|| Unfounded::NoSuchRelease(release()))?;
    let Some((revision, _)) = ran(good, service, rollback.before) else {
        return Err(Unfounded::NeverServed {
            release: release(),
            service: service.clone(),
        });
    };
    let otherwise = |own: String, named: String| Unfounded::Otherwise {
        release: release(),
        own,
        named,
    };
    if *revision != rollback.revision {
        let named = rollback.revision.to_string();
        return Err(otherwise(revision.to_string(), named));
    }
    let own = good.image();
    let names = |image: &Image| format!("{}/{}@{}", image.registry, image.repository, image.digest);
    if names(own) != names(image) {
        return Err(otherwise(names(own), names(image)));
    }
    Ok(())
}

/// The pipeline as a rollback passes it: nobody is asked, nothing is checked, nothing is changed but
/// the revision, and traffic moves at once.
pub(super) fn without_gates(pipeline: &Pipeline) -> Pipeline {
    Pipeline {
        stages: pipeline.stages.iter().map(ungated).collect(),
        ..pipeline.clone()
    }
}

fn ungated(stage: &Stage) -> Stage {
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
