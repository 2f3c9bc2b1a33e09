//! `towpath lint`: says everything that is wrong with pipeline files.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use towpath_core::pipeline::{Pipeline, Tier};

use super::files::{self, FileReport, Linted};
use crate::lint::LintError;
use crate::output::{Answer, BAD, Failure, GOOD, Output, QUIET, write_json};

/// Check pipeline files, and show each mistake with its line and how to fix it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath lint deploy/shop-api.yaml\n  \
    towpath lint deploy/*.yaml --output json\n\n\
    Exits with 1 if a file has a mistake, and with 2 if one cannot be read; the others are \
    checked all the same.")]
pub(super) struct Arguments {
    /// The files, in YAML or, if named .json, in JSON; `-` reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    files: Vec<FileReport<'a>>,
    /// Why some could not be read, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

pub(super) fn run(
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let linted = files::lint(&arguments.files)?;
    let unreadable = files::unreadable(&linted);
    let ok = linted.iter().all(|file| file.result.is_ok());
    match output {
        Output::Json => {
            let files = linted.iter().map(Linted::report).collect();
            let error = unreadable.as_deref();
            write_json(out, &Report { ok, files, error })?;
        }
        Output::Text => {
            for file in &linted {
                match &file.result {
                    Ok(pipeline) => write_good(out, &file.shown(), pipeline)?,
                    Err(_) => write_problems(out, &file.shown(), file.problems())?,
                }
            }
        }
    }
    if let Some(why) = unreadable {
        return Err(why.into());
    }
    Ok(Answer::yes_if(ok))
}

fn write_good(out: &mut dyn Write, file: &str, pipeline: &Pipeline) -> Result<(), Failure> {
    let stages: Vec<_> = pipeline
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    writeln!(
        out,
        "{GOOD}ok{GOOD:#} {file}: pipeline {} from {} through {}",
        pipeline.pipeline,
        pipeline.repository,
        stages.join(" → ")
    )?;
    let stored = pipeline.to_stored()?;
    match stored.tier {
        Tier::Standard => {}
        Tier::Advanced => writeln!(
            out,
            "   {QUIET}its {} bytes need an advanced SSM parameter, which is charged for{QUIET:#}",
            stored.value.len()
        )?,
    }
    Ok(())
}

/// Writes what is wrong with a file, each problem as `file:line:column`, which editors understand.
pub(super) fn write_problems(
    out: &mut dyn Write,
    file: &str,
    problems: &[LintError],
) -> Result<(), Failure> {
    for one in problems {
        let path = if one.path.is_empty() {
            String::new()
        } else {
            format!("{}: ", one.path)
        };
        writeln!(
            out,
            "{BAD}{file}:{}:{}{BAD:#} {path}{}\n   {QUIET}→ {}{QUIET:#}",
            one.line, one.column, one.problem, one.help
        )?;
    }
    Ok(())
}
