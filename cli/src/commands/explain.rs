//! `towpath explain`: which pipelines take an image, by which rule, or why not.

pub(super) mod asked;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use futures_util::future::{join, try_join_all};
use serde::Serialize;
use towpath_core::pipeline::{Pipeline, TagVerdict};
use towpath_taskdef::image::{Registry, RepositoryName, Tag};

use self::asked::Asked;
use super::{files, lint};
use crate::deployer::orders::Orders;
use crate::deployer::reads::Reads;
use crate::deployer::{all_pipelines, pipelines_of};
use crate::describe::safe;
use crate::doctor::{Finding, Severity, registries};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, QUIET, write_json};
use crate::typo::hint;

/// Explain which pipelines take an image, by which rule, or why not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath explain shop/api 3f2c1ab\n  \
    towpath explain 111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api:3f2c1ab\n  \
    towpath explain shop/api v1.9.0 v1.10.0 --file deploy/*.yaml --output json\n\n\
    Exits with 1 if no pipeline takes any of the tags, if every image that one takes is \
    vetoed, or if the deployer gets no push events from that registry.")]
pub(super) struct Arguments {
    /// The ECR repository, or an image of it: `shop/api:3f2c1ab`, with or without the registry.
    #[arg(value_name = "REPOSITORY")]
    image: Asked,
    /// Further tags to judge.
    #[arg(value_name = "TAG")]
    tags: Vec<Tag>,
    /// Pipeline files to judge by, instead of the deployer's pipelines.
    #[arg(long = "file", num_args = 1.., value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Where the pipelines come from.
pub(super) enum Source<'a> {
    Files(&'a [PathBuf]),
    Deployer,
}

/// What is to be explained.
struct Question<'a> {
    asked: &'a Asked,
    tags: Vec<Tag>,
}

impl Arguments {
    /// What is to be explained.
    ///
    /// # Errors
    /// What to write where no tag is named.
    fn question(&self) -> Result<Question<'_>, Failure> {
        Ok(Question {
            asked: &self.image,
            tags: self.image.tags(&self.tags)?,
        })
    }

    /// Where the pipelines come from.
    pub(super) fn source(&self) -> Source<'_> {
        if self.files.is_empty() {
            Source::Deployer
        } else {
            Source::Files(&self.files)
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    repository: &'a RepositoryName,
    taken: bool,
    pipelines: Vec<Explained<'a>>,
    /// Parameters of the repository that hold no pipeline that can be used, with the reason.
    unusable: BTreeMap<String, String>,
    /// What may be meant, where no pipeline takes images from the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// What one pipeline makes of the image.
#[derive(Serialize)]
struct Explained<'a> {
    pipeline: &'a str,
    repository: &'a RepositoryName,
    /// The registry that the repository is in; none where that is the deployer's own.
    registry: Option<&'a Registry>,
    /// Whether the image's repository is the pipeline's.
    same_repository: bool,
    /// The registry that the pipeline takes images of, where the image is in another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    takes_of: Option<Registry>,
    /// Why the deployer hears of no push there, or that this is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Finding>,
    stages: Vec<&'a str>,
    /// The verdict on each tag; none where the repository is another.
    tags: Vec<Judged<'a>>,
    /// The tags that are taken, from the earliest to the latest by name, where the rule gives names
    /// an order.
    by_name: Option<Vec<&'a Tag>>,
}

#[derive(Serialize)]
struct Judged<'a> {
    tag: &'a Tag,
    #[serde(flatten)]
    verdict: TagVerdict,
    /// Why a release of it would be refused all the same, if its image is vetoed.
    #[serde(skip_serializing_if = "Option::is_none")]
    veto: Option<String>,
    /// Why it is not known whether its image is vetoed, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_looked_up: Option<String>,
}

/// Explains by pipeline files.
///
/// # Errors
/// When a file cannot be read or is not valid: what takes nothing explains nothing.
pub(super) fn among_files(
    arguments: &Arguments,
    files: &[PathBuf],
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let question = arguments.question()?;
    let linted = files::lint(files)?;
    if linted.iter().any(|file| file.result.is_err()) {
        let error = files::unreadable(&linted).unwrap_or_else(|| {
            "a pipeline that is not valid takes nothing: correct what is listed".to_owned()
        });
        for file in &linted {
            lint::write_problems(&mut anstream::stderr(), &file.shown(), file.problems())?;
        }
        if output == Output::Json {
            let files: Vec<_> = linted.iter().map(files::Linted::report).collect();
            write_json(out, &serde_json::json!({ "error": error, "files": files }))?;
        }
        return Err(error.into());
    }
    let pipelines: Vec<_> = linted
        .into_iter()
        .filter_map(|one| one.result.ok())
        .collect();
    // Which registry is the deployer's own, no file says.
    let explained = pipelines
        .iter()
        .map(|one| explain(one, &question, one.registry.clone()));
    write(
        &question,
        explained.collect(),
        BTreeMap::new(),
        None,
        output,
        out,
    )
}

/// Explains by the pipelines that the deployer keeps for the repository: those that a push asks.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn among_stored<D: Orders + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let question = arguments.question()?;
    let mut pipelines = Vec::new();
    let mut unusable = BTreeMap::new();
    for kept in pipelines_of(deployer, &question.asked.repository).await? {
        match kept.pipeline {
            Ok(pipeline) => pipelines.push(pipeline),
            Err(error) => {
                unusable.insert(kept.parameter.name.to_string(), error.to_string());
            }
        }
    }
    let home = deployer.home().await?;
    let explained = try_join_all(pipelines.iter().map(|pipeline| async {
        let mut one = explain(pipeline, &question, Some(home.registry_of(pipeline)));
        let (vetoes, told) = join(
            find_vetoes(deployer, pipeline, &mut one),
            registries::check(deployer, deployer.prefix(), pipeline, &home),
        )
        .await;
        vetoes?;
        one.problem = told.filter(|found| found.severity != Severity::Ok);
        Ok::<_, Failure>(one)
    }))
    .await?;
    let hint = if explained.is_empty() && unusable.is_empty() {
        repositories(deployer, &question.asked.repository).await?
    } else {
        None
    };
    write(&question, explained, unusable, hint, output, out)
}

/// What may be meant by a repository of which no pipeline takes anything.
async fn repositories<D: Orders>(
    deployer: &D,
    asked: &RepositoryName,
) -> Result<Option<String>, Failure> {
    let kept = all_pipelines(deployer).await?;
    let pipelines: Vec<_> = kept
        .into_iter()
        .filter_map(|one| one.pipeline.ok())
        .collect();
    let named = |one: &&Pipeline| one.pipeline.as_str() == asked.as_str();
    if let Some(pipeline) = pipelines.iter().find(named) {
        let (name, repository) = (&pipeline.pipeline, &pipeline.repository);
        return Ok(Some(format!(
            "`{name}` is a pipeline: it takes images from {repository}"
        )));
    }
    let mut known: Vec<_> = pipelines
        .iter()
        .map(|one| one.repository.as_str())
        .collect();
    known.sort_unstable();
    known.dedup();
    Ok(
        hint(asked.as_str(), &known).map(|hint| match hint.ends_with('?') {
            true => hint,
            false => format!("of repositories with pipelines {hint}"),
        }),
    )
}

/// Looks whether the images that are taken are vetoed. What a tag names is asked of the registry; a
/// tag that is not there yet names nothing that could be.
async fn find_vetoes<D: Orders>(
    deployer: &D,
    pipeline: &Pipeline,
    explained: &mut Explained<'_>,
) -> Result<(), Failure> {
    for judged in explained.tags.iter_mut().filter(|one| one.is_taken()) {
        let registry = deployer.home().await?.registry_of(pipeline);
        let image = deployer.image(&registry, &pipeline.repository, judged.tag);
        match image.await {
            Ok(Some(image)) => {
                judged.veto = deployer
                    .veto(&image.digest)
                    .await?
                    .map(|veto| veto.to_string())
            }
            Ok(None) => {}
            Err(error) => judged.not_looked_up = Some(error.to_string()),
        }
    }
    Ok(())
}

fn write(
    question: &Question<'_>,
    explained: Vec<Explained<'_>>,
    unusable: BTreeMap<String, String>,
    hint: Option<String>,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let report = Report {
        repository: &question.asked.repository,
        taken: explained.iter().any(Explained::takes_any),
        pipelines: explained,
        unusable,
        hint,
    };
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => {
            for one in &report.pipelines {
                write_text(out, one)?;
            }
            for (parameter, problem) in &report.unusable {
                writeln!(out, "{BAD}unusable{BAD:#} {parameter}: {}", safe(problem))?;
            }
            if report.pipelines.is_empty() && report.unusable.is_empty() {
                writeln!(out, "no pipeline is stored for {}", report.repository)?;
                if let Some(hint) = &report.hint {
                    writeln!(out, "{QUIET}{hint}{QUIET:#}")?;
                }
            }
        }
    }
    Ok(Answer::yes_if(report.taken))
}

/// What one pipeline, which takes images of this registry, makes of the image.
fn explain<'a>(
    pipeline: &'a Pipeline,
    question: &'a Question<'_>,
    of: Option<Registry>,
) -> Explained<'a> {
    let same_repository = pipeline.repository == question.asked.repository;
    let takes_of = match (&question.asked.registry, of) {
        (Some(asked), Some(of)) if !of.same_as(asked) => Some(of),
        (Some(_) | None, _) => None,
    };
    let tags: Vec<_> = question
        .tags
        .iter()
        .filter(|_| same_repository && takes_of.is_none())
        .map(|tag| Judged {
            tag,
            verdict: pipeline.tags.judge(tag),
            veto: None,
            not_looked_up: None,
        })
        .collect();
    let mut taken: Vec<_> = tags
        .iter()
        .filter(|one| one.is_taken())
        .map(|one| one.tag)
        .collect();
    let ordered = taken.len() > 1 && pipeline.tags.compare(taken[0], taken[1]).is_some();
    taken.sort_by(|left, right| {
        pipeline
            .tags
            .compare(left, right)
            .unwrap_or(Ordering::Equal)
    });
    Explained {
        pipeline: pipeline.pipeline.as_str(),
        repository: &pipeline.repository,
        registry: pipeline.registry.as_ref(),
        same_repository,
        takes_of,
        problem: None,
        stages: pipeline
            .stages
            .iter()
            .map(|stage| stage.name.as_str())
            .collect(),
        tags,
        by_name: ordered.then_some(taken),
    }
}

impl Judged<'_> {
    fn is_taken(&self) -> bool {
        match self.verdict {
            TagVerdict::Taken(_) => true,
            TagVerdict::Ignored(_) | TagVerdict::Refused(_) => false,
        }
    }
}

impl Explained<'_> {
    fn takes_any(&self) -> bool {
        let is_error = |found: &Finding| found.severity == Severity::Error;
        if self.problem.as_ref().is_some_and(is_error) {
            return false;
        }
        let mut tags = self.tags.iter();
        tags.any(|one| one.is_taken() && one.veto.is_none())
    }
}

fn write_text(out: &mut dyn Write, one: &Explained<'_>) -> Result<(), Failure> {
    let name = one.pipeline;
    let of = one
        .registry
        .map_or_else(String::new, |registry| format!(" of {registry}"));
    if !one.same_repository {
        writeln!(
            out,
            "{NAME}{name}{NAME:#} {QUIET}is not asked: it takes images from {}{QUIET:#}",
            one.repository
        )?;
    } else if let Some(registry) = &one.takes_of {
        writeln!(
            out,
            "{NAME}{name}{NAME:#} {QUIET}is not asked: it takes images of {registry}{QUIET:#}"
        )?;
    }
    for judged in &one.tags {
        let tag = judged.tag;
        match &judged.verdict {
            TagVerdict::Taken(reason) => writeln!(
                out,
                "{NAME}{name}{NAME:#} {GOOD}takes{GOOD:#} {tag}{of}: {reason}; it goes through {}",
                one.stages.join(" → ")
            )?,
            TagVerdict::Ignored(reason) => {
                writeln!(out, "{NAME}{name}{NAME:#} ignores {tag}: {reason}")?;
            }
            TagVerdict::Refused(reason) => {
                writeln!(
                    out,
                    "{NAME}{name}{NAME:#} {BAD}refuses{BAD:#} {tag}: {reason}"
                )?;
            }
        }
        if let Some(veto) = &judged.veto {
            writeln!(
                out,
                "{BAD}VETOED{BAD:#} {tag}: {}; its release would be refused",
                safe(veto)
            )?;
        }
        if let Some(problem) = &judged.not_looked_up {
            writeln!(
                out,
                "{QUIET}it is not known whether {tag} is vetoed: {}{QUIET:#}",
                safe(problem)
            )?;
        }
    }
    if let Some(problem) = one.problem.as_ref().filter(|_| !one.tags.is_empty()) {
        writeln!(out, "{BAD}but{BAD:#} {}", safe(&problem.cause))?;
        if let Some(help) = &problem.help {
            writeln!(out, "    {help}")?;
        }
    }
    if let Some(tags) = &one.by_name {
        let tags: Vec<_> = tags.iter().map(|tag| tag.as_str()).collect();
        writeln!(
            out,
            "{NAME}{name}{NAME:#} {QUIET}reads {} by name; releases are ordered by push time all the same{QUIET:#}",
            tags.join(" < ")
        )?;
    }
    Ok(())
}
