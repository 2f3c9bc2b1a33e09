//! What opens a rollback: a release of its own, whose one stage has no gates.

use super::{Rollback, RollbackRefused, ran};
use crate::names::{Fingerprint, ReleaseId, StageName};
use crate::pipeline::{EngineSettings, Pipeline, RollbackPolicy, Stage};
use crate::release::{Event, Image, Principal, Release};

/// The configuration that moves all of CodeDeploy's traffic at once:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-ecs>.
pub const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// How often the same rollback can be asked for in vain before the service has changed hands.
pub const MAX_ATTEMPTS: u32 = 20;

/// A rollback that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRollback {
    pub stage: StageName,
    /// The release that is rolled back, where it is known.
    pub from: Option<ReleaseId>,
    /// Whether what ran before the good release is wanted, and not that release.
    pub before: bool,
    /// Who wants it.
    pub by: Principal,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// A rollback that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRollback<'r> {
    rules: &'r Release,
    good: &'r Release,
    pipeline: Pipeline,
    epoch: u64,
    rollback: Rollback,
}

impl<'r> NewRollback<'r> {
    /// The rollback that brings `good` back to the stage: what it ran with there, or what ran before
    /// it, by its own entries. `rules` is a release of the same pipeline whose configuration counts;
    /// `epoch` is that of the service's row, so that asking twice for the same is the same rollback,
    /// and asking again after the service has changed hands is another.
    ///
    /// # Errors
    /// When the pipeline has no such stage, or the release never served in its service.
    pub fn new(
        rules: &'r Release,
        good: &'r Release,
        wanted: WantedRollback,
        epoch: u64,
    ) -> Result<Self, RollbackRefused> {
        let no_stage = || RollbackRefused::NoSuchStage(wanted.stage.clone());
        let index = rules.stage_position(&wanted.stage).ok_or_else(no_stage)?;
        let service = rules.service_id(index).ok_or_else(no_stage)?;
        let stage = rules.pipeline().stage(&wanted.stage).ok_or_else(no_stage)?;
        let (revision, _) =
            ran(good, &service, wanted.before).ok_or_else(|| RollbackRefused::NeverServed {
                release: good.id().clone(),
                stage: wanted.stage.clone(),
            })?;
        let rollback = Rollback {
            stage: wanted.stage,
            revision: revision.clone(),
            good_release: good.id().clone(),
            is_from_before: wanted.before,
            from: wanted.from,
            by: wanted.by,
            reason: wanted.reason,
        };
        let pipeline = without_gates(&Pipeline {
            stages: vec![stage.clone()],
            ..rules.pipeline().clone()
        });
        Ok(Self {
            rules,
            good,
            pipeline,
            epoch,
            rollback,
        })
    }

    /// What it brings back.
    #[must_use]
    pub fn rollback(&self) -> &Rollback {
        &self.rollback
    }

    /// The image of the release that it brings back.
    #[must_use]
    pub fn image(&self) -> &'r Image {
        self.good.image()
    }

    /// What opens it: its id, and its first events. `attempt` is how many rollbacks that were asked
    /// for in just this way have ended without having had the service: fewer than [`MAX_ATTEMPTS`].
    #[must_use]
    pub fn opened(&self, attempt: u32) -> (ReleaseId, Vec<Event>) {
        let Self {
            pipeline, rollback, ..
        } = self;
        let again = match attempt {
            0 => String::new(),
            _ => format!("\n{attempt}"),
        };
        let hash = Fingerprint::of(format!(
            "rollback\n{}\n{}\n{}\n{}\n{}{again}",
            pipeline.pipeline, rollback.stage, rollback.good_release, rollback.revision, self.epoch
        ));
        let id = format!("{}-{}", pipeline.pipeline, &hash.as_str()[..16]);
        let id = id
            .parse()
            .expect("a pipeline name and 16 hexadecimal digits are a release id");
        let opened = Event::Opened {
            pipeline: Box::new(pipeline.clone()),
            version: self.rules.version(),
            home: self.rules.home().clone(),
            image: self.good.image().clone(),
            rollback: Some(Box::new(rollback.clone())),
        };
        (id, vec![opened])
    }
}

/// The pipeline as a rollback passes it: nobody is asked, nothing is checked, nothing is changed but
/// the revision, and traffic moves at once.
///
/// Each key is named, of the pipeline and of its stages, so that whoever adds one says whether a
/// rollback goes by it.
pub(in crate::release) fn without_gates(pipeline: &Pipeline) -> Pipeline {
    Pipeline {
        pipeline: pipeline.pipeline.clone(),
        repository: pipeline.repository.clone(),
        registry: pipeline.registry.clone(),
        tags: pipeline.tags.clone(),
        notify: pipeline.notify.clone(),
        arrivals: pipeline.arrivals,
        operators: pipeline.operators.clone(),
        stages: pipeline.stages.iter().map(ungated).collect(),
    }
}

fn ungated(stage: &Stage) -> Stage {
    let mut stage = Stage {
        name: stage.name.clone(),
        account: stage.account.clone(),
        region: stage.region.clone(),
        role: stage.role.clone(),
        cluster: stage.cluster.clone(),
        service: stage.service.clone(),
        base: stage.base.clone(),
        engine: stage.engine.clone(),
        auto_scaling: stage.auto_scaling,
        timeout: stage.timeout,
        // The revision comes back exactly as it was, whatever the pipeline replaces today.
        containers: Vec::new(),
        approval: None,
        checks: Vec::new(),
        bake: None,
        rollback: RollbackPolicy::Optional,
        environment: Default::default(),
        docker_labels: Default::default(),
        tags: Default::default(),
    };
    if let EngineSettings::CodeDeploy(settings) = &mut stage.engine {
        settings.configuration = ALL_AT_ONCE.parse().ok();
    }
    stage
}
