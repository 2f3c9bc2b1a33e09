//! `towpath apply`: stores pipelines where the deployer reads them.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use towpath_core::names::ParameterName;
use towpath_core::pipeline::{Pipeline, Stored};
use towpath_core::release::Home;
use towpath_taskdef::json;

use super::files;
use super::lint::write_problems;
use super::newest::{self, Newest};
use crate::deployer::orders::Orders;
use crate::deployer::reads::Reads;
use crate::deployer::{Deployer, StoredPipeline, all_pipelines, service_of};
use crate::doctor::{Finding, Severity, registries};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, QUIET, chain, write_json};
use crate::yaml;

/// Check pipeline files, show what changes, and store them for the deployer.
///
/// Releases in progress keep the version that they began with.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath apply deploy/shop-api.yaml\n  \
    towpath apply deploy/*.yaml --dry-run\n  \
    towpath apply deploy/shop-api.yaml --deploy-newest\n\n\
    A pipeline takes images that are pushed after it was applied or changed. Nothing is stored \
    unless every file is valid. With --dry-run it exits with 1 if something would change; with \
    --deploy-newest, if the newest image is not deployed because its release has already \
    ended.")]
pub(super) struct Arguments {
    /// The files, in YAML or, if named .json, in JSON; `-` reads standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Only show what would change.
    #[arg(long)]
    dry_run: bool,
    /// Also deploy the newest image that the pipeline takes, although it was pushed earlier.
    #[arg(long, conflicts_with = "dry_run")]
    deploy_newest: bool,
}

/// What is done, or would be done, with one file.
#[derive(Serialize)]
struct Applied {
    file: String,
    pipeline: String,
    parameter: ParameterName,
    tier: &'static str,
    change: Change,
    /// The parameter's version before; none where it is new.
    version_before: Option<i64>,
    /// The parameter's version now.
    version: Option<i64>,
    /// The lines that change, as a unified diff.
    diff: String,
    /// What would keep the pipeline from working.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Finding>,
    /// What was pushed last of what the pipeline takes.
    newest: Option<Newest>,
    /// Why that is not known, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest_unknown: Option<String>,
    /// Whether it is deployed now, on purpose.
    deployed: bool,
}

impl Applied {
    /// Whether the newest image's release has ended without deploying it.
    fn leaves_newest(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.is_some_and(|newest| newest.way_on.is_some())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Created,
    Changed,
    Unchanged,
}

/// A file that is ready to be stored.
struct Ready {
    file: String,
    pipeline: Pipeline,
    name: ParameterName,
    stored: Stored,
}

pub(super) async fn run<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let Some(ready) = read(deployer, arguments, output, out)? else {
        return Ok(Answer::No);
    };
    let kept = all_pipelines(deployer).await?;
    let conflicts = conflicts(deployer, &ready, &kept).await?;
    if !conflicts.is_empty() {
        match output {
            Output::Json => {
                write_json(
                    out,
                    &serde_json::json!({ "ok": false, "conflicts": conflicts }),
                )?;
            }
            Output::Text => {
                for conflict in &conflicts {
                    writeln!(out, "{BAD}refused{BAD:#} {conflict}")?;
                }
            }
        }
        return Ok(Answer::No);
    }
    let mut applied = Vec::new();
    let stored = store(deployer, arguments, output, ready, &kept, &mut applied, out).await;
    let changes = applied.iter().any(|one| one.change != Change::Unchanged);
    let undone = arguments.deploy_newest && applied.iter().any(Applied::leaves_newest);
    if output == Output::Json {
        let mut report = serde_json::json!({
            "ok": stored.is_ok(), "dry_run": arguments.dry_run, "changes": changes, "pipelines": applied
        });
        if let Err(failure) = &stored {
            report["error"] = chain(failure.as_ref()).into();
        }
        write_json(out, &report)?;
    }
    stored?;
    let would_change = arguments.dry_run && changes;
    Ok(Answer::yes_if(!would_change && !undone))
}

/// Stores the pipelines, one after the other. What was done until one fails stays done, and is in
/// `applied`.
async fn store<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    ready: Vec<Ready>,
    kept: &[StoredPipeline],
    applied: &mut Vec<Applied>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let home = deployer.home().await?;
    for one in ready {
        let told = registries::check(deployer, deployer.prefix(), &one.pipeline, &home).await;
        let problem = told.filter(|found| found.severity != Severity::Ok);
        let pipeline = one.pipeline.clone();
        let mut one = apply(deployer, arguments.dry_run, one, problem, kept).await?;
        let looked = find_newest(deployer, arguments, &pipeline, &home, &mut one).await;
        if output == Output::Text {
            write_text(out, arguments, &one)?;
        }
        applied.push(one);
        looked?;
    }
    Ok(())
}

/// Looks at what is newest in the pipeline's repository, and deploys it where that is asked for.
async fn find_newest<D: Orders>(
    deployer: &D,
    arguments: &Arguments,
    pipeline: &Pipeline,
    home: &Home,
    one: &mut Applied,
) -> Result<(), Failure> {
    match newest::find(deployer, pipeline, home).await {
        Ok(found) => one.newest = found,
        Err(error) if arguments.deploy_newest => return Err(error),
        Err(error) => one.newest_unknown = Some(error.to_string()),
    }
    if arguments.deploy_newest
        && let (Some(newest), Some(version)) = (&one.newest, one.version)
        && newest.state.is_none()
    {
        newest::deploy(deployer, pipeline, version, home, newest).await?;
        one.deployed = true;
    }
    Ok(())
}

/// The files as pipelines; none when one of them is not good, which is then told.
fn read<D: Deployer>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Option<Vec<Ready>>, Failure> {
    let linted = files::lint(&arguments.files)?;
    if linted.iter().any(|file| file.result.is_err()) {
        let unreadable = files::unreadable(&linted);
        match output {
            Output::Json => {
                let files: Vec<_> = linted.iter().map(files::Linted::report).collect();
                let mut report = serde_json::json!({ "ok": false, "files": files });
                if let Some(why) = &unreadable {
                    report["error"] = why.as_str().into();
                }
                write_json(out, &report)?;
            }
            Output::Text => {
                for file in &linted {
                    write_problems(out, &file.shown(), file.problems())?;
                }
                writeln!(out, "nothing is stored")?;
            }
        }
        return match unreadable {
            Some(why) => Err(why.into()),
            None => Ok(None),
        };
    }
    let mut ready = Vec::new();
    for file in linted {
        let shown = file.shown();
        if let Ok(pipeline) = file.result {
            ready.push(Ready {
                file: shown,
                name: pipeline.parameter_name(deployer.pipelines_path())?,
                stored: pipeline.to_stored()?,
                pipeline,
            });
        }
    }
    Ok(Some(ready))
}

/// What the deployer cannot read, and what other pipelines have already: names are unique in a deployer,
/// and a service belongs to one stage. None of it can be seen in one file alone.
async fn conflicts<D: Deployer>(
    deployer: &D,
    ready: &[Ready],
    kept: &[StoredPipeline],
) -> Result<Vec<String>, Failure> {
    let replaced = |kept: &&StoredPipeline| ready.iter().all(|one| one.name != kept.parameter.name);
    let beside = kept
        .iter()
        .filter(replaced)
        .filter_map(|kept| Some((kept.parameter.name.as_str(), kept.pipeline.as_ref().ok()?)));
    let mut others: Vec<_> = beside.collect();
    let home = deployer.home().await?;
    let mut found = Vec::new();
    for one in ready {
        for (stage, template, own) in one.pipeline.foreign_templates(deployer.pipelines_path()) {
            found.push(format!(
                "{}: the deployer may not read {template}, the template of stage `{stage}`: store it below {own}",
                one.file
            ));
        }
        for (place, other) in &others {
            if other.pipeline == one.pipeline.pipeline {
                found.push(format!(
                    "{}: pipeline `{}` is also in {place}: give it another name, or remove that one first (docs/operations.md, \"Removing or renaming a pipeline\")",
                    one.file, other.pipeline
                ));
            }
            for stage in &one.pipeline.stages {
                let service = service_of(stage, &home);
                let taken = other
                    .stages
                    .iter()
                    .find(|its| service_of(its, &home) == service);
                if let Some(taken) = taken {
                    found.push(format!(
                        "{}: the service of stage `{}`, {service}, is that of stage `{}` in {place}: a service belongs to one stage",
                        one.file, stage.name, taken.name
                    ));
                }
            }
        }
        others.push((one.file.as_str(), &one.pipeline));
    }
    Ok(found)
}

async fn apply<D: Deployer>(
    deployer: &D,
    dry_run: bool,
    one: Ready,
    problem: Option<Finding>,
    kept: &[StoredPipeline],
) -> Result<Applied, Failure> {
    let before = kept.iter().find(|kept| kept.parameter.name == one.name);
    let old = before.map(as_stored_now);
    let diff = diff(old.as_deref().unwrap_or_default(), &one.stored.value);
    let change = match old {
        None => Change::Created,
        // Defaults that are written out and the order of keys are no change.
        Some(_) if before.is_some_and(|kept| kept.pipeline.as_ref() == Ok(&one.pipeline)) => {
            Change::Unchanged
        }
        Some(_) => Change::Changed,
    };
    let version_before = before.map(|kept| kept.parameter.version);
    let version = if dry_run || change == Change::Unchanged {
        version_before
    } else {
        let description = format!("Towpath pipeline {}", one.pipeline.pipeline);
        let put = deployer.put(&one.name, &one.stored.value, &description);
        Some(put.await?)
    };
    Ok(Applied {
        file: one.file,
        pipeline: one.pipeline.pipeline.to_string(),
        parameter: one.name,
        tier: one.stored.tier.as_str(),
        change,
        version_before,
        version,
        diff: if change == Change::Unchanged {
            String::new()
        } else {
            diff
        },
        problem,
        newest: None,
        newest_unknown: None,
        deployed: false,
    })
}

/// What is stored, as it would be stored now, so that defaults and other ways to write the same do not
/// look like changes. What cannot be read, or would be too large with its defaults, stays as it stands.
fn as_stored_now(kept: &StoredPipeline) -> String {
    let read = kept.pipeline.as_ref().ok();
    let anew = read.and_then(|pipeline| pipeline.to_stored().ok());
    anew.map_or_else(|| kept.parameter.value.clone(), |stored| stored.value)
}

/// The lines that change, with three around them, of two pipelines in JSON: as YAML, since that is
/// what people have written.
fn diff(old: &str, new: &str) -> String {
    let lines = |text: &str| match json::parse(text.as_bytes()) {
        Ok(value) => yaml::document(&value),
        Err(_) => text.to_owned(),
    };
    let (old, new) = (lines(old), lines(new));
    let diff = similar::TextDiff::from_lines(&old, &new);
    diff.unified_diff().context_radius(3).to_string()
}

fn write_text(out: &mut dyn Write, arguments: &Arguments, one: &Applied) -> Result<(), Failure> {
    for line in one.diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => QUIET,
            Some(_) | None => anstyle::Style::new(),
        };
        writeln!(out, "{style}{}{style:#}", crate::describe::safe(line))?;
    }
    let done = match (one.change, arguments.dry_run) {
        (Change::Unchanged, _) => "is unchanged",
        (Change::Created, false) => "is stored, new",
        (Change::Changed, false) => "is stored",
        (Change::Created, true) => "would be created",
        (Change::Changed, true) => "would change",
    };
    let version = one
        .version
        .map_or_else(String::new, |version| format!(", version {version}"));
    writeln!(
        out,
        "{NAME}{}{NAME:#} {done} {QUIET}in {}{version}{QUIET:#}",
        one.pipeline, one.parameter
    )?;
    if let Some(problem) = &one.problem {
        writeln!(
            out,
            "{BAD}but{BAD:#} {}",
            crate::describe::safe(&problem.cause)
        )?;
        if let Some(help) = &problem.help {
            writeln!(out, "    {help}")?;
        }
    }
    write_newest(out, arguments, one)
}

/// What is newest in the repository, and what becomes of it.
fn write_newest(out: &mut dyn Write, arguments: &Arguments, one: &Applied) -> Result<(), Failure> {
    if let Some(problem) = &one.newest_unknown {
        let problem = crate::describe::safe(problem);
        writeln!(
            out,
            "    what is newest in its repository is not known: {problem}"
        )?;
    }
    let Some(newest) = &one.newest else {
        return Ok(());
    };
    let (tag, release) = (&newest.tag, &newest.release);
    let pushed = crate::describe::time(newest.pushed_at);
    match (&newest.state, one.deployed) {
        (_, true) => writeln!(
            out,
            "    {GOOD}{tag}{GOOD:#}, pushed at {pushed}, is deployed: `towpath history {release}` tells how it goes"
        )?,
        (Some(state), false) => {
            let state = crate::describe::safe(state);
            writeln!(
                out,
                "    {QUIET}the newest that it takes is {tag}, pushed at {pushed}, and released before: {release} ({state}){QUIET:#}"
            )?;
            if let (Some(way_on), true) = (&newest.way_on, arguments.deploy_newest) {
                writeln!(out, "    {BAD}it is not deployed{BAD:#}: {way_on}")?;
            }
        }
        (None, false) => {
            let file = if arguments.dry_run {
                "FILE"
            } else {
                one.file.as_str()
            };
            writeln!(
                out,
                "    the newest that it takes is {NAME}{tag}{NAME:#}, pushed at {pushed}, before the pipeline was applied: it is not deployed unless you say so, with `towpath apply {} --deploy-newest`",
                crate::describe::safe(file)
            )?;
        }
    }
    Ok(())
}
