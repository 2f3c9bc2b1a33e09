//! The stage that an order is about, and the reason that is given for it.

use towpath_core::names::{PipelineName, StageName};
use towpath_core::pipeline::{Pipeline, Stage};
use towpath_core::release::{Home, ServiceId, ServiceRow};

use crate::deployer::{Deployer, NoSuchPipeline, StoredPipeline, all_pipelines, service_of};
use crate::output::Failure;
use crate::typo::closest;

/// Longest reason in characters: what is shown of one everywhere.
const MAX_REASON_LEN: usize = 400;

/// A stage of a pipeline that the deployer keeps.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct StageArguments {
    /// The pipeline.
    pub(super) pipeline: PipelineName,
    /// Its stage.
    pub(super) stage: StageName,
}

/// A stage that there is, as its pipeline is stored now.
pub(super) struct Found {
    pub(super) pipeline: Pipeline,
    pub(super) stage: Stage,
    pub(super) home: Home,
    pub(super) service: ServiceId,
    /// Every pipeline that can be used.
    pub(super) pipelines: Vec<Pipeline>,
    /// Whose people cannot be told of anything: the pipelines that cannot be used, and why.
    pub(super) unusable: Vec<String>,
}

/// Why there is no such stage.
#[derive(Debug, thiserror::Error)]
enum NoSuchStage {
    #[error("pipeline `{pipeline}` has no stage `{stage}`{meant}; it has {stages}")]
    Stage {
        pipeline: PipelineName,
        stage: StageName,
        /// Which one is meant, as a question in brackets, if that is plain.
        meant: String,
        stages: String,
    },
    #[error(
        "the pipeline in {parameter} cannot be used: {problem}; `towpath apply FILE` stores it anew"
    )]
    Unusable { parameter: String, problem: String },
}

/// The stage, as its pipeline is stored now.
pub(super) async fn find<D: Deployer>(
    deployer: &D,
    wanted: &StageArguments,
) -> Result<Found, Failure> {
    let kept = all_pipelines(deployer).await?;
    let pipeline = pipeline(deployer, &kept, &wanted.pipeline)?;
    let stage = named(&pipeline, &wanted.stage)?.clone();
    let home = deployer.home().await?;
    let (pipelines, unusable) = usable(kept);
    Ok(Found {
        service: service_of(&stage, &home),
        pipeline,
        stage,
        home,
        pipelines,
        unusable,
    })
}

/// The pipeline's stage of that name.
pub(super) fn named<'a>(pipeline: &'a Pipeline, name: &StageName) -> Result<&'a Stage, Failure> {
    if let Some(stage) = pipeline.stage(name) {
        return Ok(stage);
    }
    let stages: Vec<_> = pipeline
        .stages
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    Err(NoSuchStage::Stage {
        pipeline: pipeline.pipeline.clone(),
        stage: name.clone(),
        meant: closest(name.as_str(), &stages)
            .map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)")),
        stages: stages.join(", "),
    }
    .into())
}

/// The row of a service, as it is now.
pub(super) async fn row<D: Deployer>(
    deployer: &D,
    service: &ServiceId,
) -> Result<ServiceRow, Failure> {
    let rows = deployer.services(std::slice::from_ref(service)).await?;
    Ok(rows.into_iter().next().unwrap_or_default())
}

/// The pipelines that can be used, and a warning for each that cannot: nobody knows whom it tells.
pub(super) fn usable(kept: Vec<StoredPipeline>) -> (Vec<Pipeline>, Vec<String>) {
    let (mut pipelines, mut unusable) = (Vec::new(), Vec::new());
    for StoredPipeline {
        parameter,
        pipeline,
    } in kept
    {
        match pipeline {
            Ok(pipeline) => pipelines.push(pipeline),
            Err(error) => unusable.push(format!(
                "the people of the pipeline in {} are not told of it, because it cannot be used: {error}",
                parameter.name
            )),
        }
    }
    (pipelines, unusable)
}

fn pipeline<D: Deployer>(
    deployer: &D,
    kept: &[StoredPipeline],
    name: &PipelineName,
) -> Result<Pipeline, Failure> {
    let found = NoSuchPipeline::unless_kept(deployer, name, kept)?;
    match &found.pipeline {
        Ok(pipeline) => Ok(pipeline.clone()),
        Err(error) => Err(NoSuchStage::Unusable {
            parameter: found.parameter.name.to_string(),
            problem: error.to_string(),
        }
        .into()),
    }
}

/// Reads a reason: some words on one line.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("say why in a few words: people read it later".into());
    }
    if text.chars().count() > MAX_REASON_LEN {
        return Err(format!("at most {MAX_REASON_LEN} characters"));
    }
    if text.contains(char::is_control) {
        return Err("on one line, without control characters".into());
    }
    Ok(text.to_owned())
}
