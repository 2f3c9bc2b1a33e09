//! `towpath pipelines`: which pipelines the deployer keeps, and where each deploys to.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use towpath_core::pipeline::Pipeline;

use crate::deployer::{Deployer, all_pipelines};
use crate::describe::safe;
use crate::output::{Answer, BAD, Failure, NAME, Output, QUIET, write_json};

/// List the stored pipelines, with their repository and stages.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath pipelines\n  \
    towpath pipelines --output json\n\n\
    Exits with 1 if one of them cannot be used.")]
pub(super) struct Arguments {}

#[derive(Serialize)]
struct Report<'a> {
    pipelines: Vec<Line<'a>>,
    /// Parameters that hold no pipeline that can be used, with the reason.
    unusable: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct Line<'a> {
    pipeline: &'a str,
    repository: &'a str,
    parameter: &'a str,
    /// The version of its parameter.
    version: i64,
    stages: Vec<&'a str>,
}

pub(super) async fn run<D: Deployer>(
    deployer: &D,
    _: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let kept = all_pipelines(deployer).await?;
    let mut report = Report {
        pipelines: Vec::new(),
        unusable: BTreeMap::new(),
    };
    for one in &kept {
        let parameter = one.parameter.name.as_str();
        match &one.pipeline {
            Ok(pipeline) => report
                .pipelines
                .push(line(pipeline, parameter, one.parameter.version)),
            Err(error) => {
                report.unusable.insert(parameter, error.to_string());
            }
        }
    }
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => write_text(out, &report)?,
    }
    Ok(Answer::yes_if(report.unusable.is_empty()))
}

fn line<'a>(pipeline: &'a Pipeline, parameter: &'a str, version: i64) -> Line<'a> {
    Line {
        pipeline: pipeline.pipeline.as_str(),
        repository: pipeline.repository.as_str(),
        parameter,
        version,
        stages: pipeline
            .stages
            .iter()
            .map(|one| one.name.as_str())
            .collect(),
    }
}

fn write_text(out: &mut dyn Write, report: &Report<'_>) -> Result<(), Failure> {
    if report.pipelines.is_empty() && report.unusable.is_empty() {
        writeln!(
            out,
            "{QUIET}no pipelines yet: `towpath apply FILE` stores one{QUIET:#}"
        )?;
    }
    let names = report.pipelines.iter().map(|one| one.pipeline.len());
    let width = names.max().unwrap_or_default();
    for one in &report.pipelines {
        writeln!(
            out,
            "{NAME}{:width$}{NAME:#}  {}  {QUIET}from {}, version {}{QUIET:#}",
            one.pipeline,
            one.stages.join(" → "),
            one.repository,
            one.version
        )?;
    }
    for (parameter, problem) in &report.unusable {
        writeln!(out, "{BAD}unusable{BAD:#} {parameter}: {}", safe(problem))?;
    }
    Ok(())
}
