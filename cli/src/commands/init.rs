//! `towpath init`: a first pipeline file, from what is there.

use std::fs;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use towpath_taskdef::visible;

use towpath_core::names::{
    AccountId, ContainerName, PipelineName, Region, SlackChannel, SlackUser, StageName,
};
use towpath_core::pipeline::Role;
use towpath_taskdef::image::{Registry, RepositoryName};

use super::doctor::account_profile;
use super::explain::asked::Asked;
use crate::deployer::Deployer;
use crate::deployer::reads::Reads;
use crate::init::ask::Person;
use crate::init::survey::survey;
use crate::init::write::file;
use crate::init::{StageWish, Wish, of_stage, parsed, region, role, stage};
use crate::lint::{Format, Linter};
use crate::output::{Answer, Failure, GOOD, NAME, Output, QUIET, write_json};

/// Write a pipeline file for existing services: engine, containers and deployment group are read
/// from AWS.
///
/// On a terminal it asks for whatever the flags leave out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath init\n  \
    towpath init --repository shop/api --stage test=shop-test/api --stage production=shop/api \
    --slack C0123456789 --approver U0123456789\n  \
    towpath init --repository shop/api --stage production=shop/api \
    --role production=arn:aws:iam::222222222222:role/towpath-target,EXTERNAL_ID \
    --in 222222222222=production\n\n\
    It changes nothing in AWS, and overwrites no file without --force.")]
pub(super) struct Arguments {
    /// The ECR repository, with or without its registry's host.
    #[arg(long, value_name = "NAME", value_parser = repository)]
    repository: Option<(Option<Registry>, RepositoryName)>,
    /// A stage and its service (repeatable, in the order in which releases pass them).
    #[arg(long = "stage", value_name = "NAME=CLUSTER/SERVICE", value_parser = stage)]
    stages: Vec<StageWish>,
    /// The role that the deployer assumes for a stage in another account (repeatable).
    #[arg(long = "role", value_name = "STAGE=ARN[,EXTERNAL_ID]", value_parser = |text: &str| of_stage(role)(text))]
    roles: Vec<(StageName, Role)>,
    /// The region of a stage, if it is not the deployer's (repeatable).
    #[arg(long = "region-of", value_name = "STAGE=REGION", value_parser = |text: &str| of_stage(region)(text))]
    regions: Vec<(StageName, Region)>,
    /// A container to update, if it cannot be inferred from its image (repeatable).
    #[arg(long = "container", value_name = "STAGE=NAME", value_parser = |text: &str| of_stage(parsed::<ContainerName>)(text))]
    containers: Vec<(StageName, ContainerName)>,
    /// The pipeline's name; by default derived from the repository's.
    #[arg(long, value_name = "NAME")]
    pipeline: Option<PipelineName>,
    /// The Slack channel to notify; e-mail if left out.
    #[arg(long, value_name = "CHANNEL")]
    slack: Option<SlackChannel>,
    /// A Slack user who may approve the last stage (repeatable).
    #[arg(long = "approver", value_name = "USER")]
    approvers: Vec<SlackUser>,
    /// The file to write, `-` for standard output; by default `<pipeline>.yaml`.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Overwrite the file if it exists.
    #[arg(long)]
    force: bool,
    /// AWS profile for reading another account (repeatable).
    #[arg(long = "in", value_name = "ACCOUNT=PROFILE", value_parser = account_profile)]
    pub(super) elsewhere: Vec<(AccountId, String)>,
}

/// What is wished for: what the flags say, and what somebody at a terminal answers.
///
/// # Errors
/// What is missing where there is nobody to ask, and what makes no sense.
pub(super) fn options(arguments: &Arguments, output: Output) -> Result<Wish, Failure> {
    let is_asked = io::stdin().is_terminal() && output == Output::Text;
    let missing: Vec<&str> = [
        ("--repository", arguments.repository.is_none()),
        ("--stage", arguments.stages.is_empty()),
    ]
    .into_iter()
    .filter(|(_, missing)| *missing)
    .map(|(flag, _)| flag)
    .collect();
    if !missing.is_empty() && !is_asked {
        return Err(format!(
            "{} missing, and nobody is asked without a terminal or with --output json: see towpath \
             init --help",
            match missing.as_slice() {
                [one] => format!("{one} is"),
                many => format!("{} are", many.join(" and ")),
            }
        )
        .into());
    }
    let mut input = io::stdin().lock();
    let mut questions = anstream::AutoStream::auto(io::stderr()).lock();
    let mut person = Person {
        input: &mut input,
        output: &mut questions,
    };
    let (registry, repository) = match &arguments.repository {
        Some(named) => named.clone(),
        None => person.need(
            "Repository",
            "in ECR, such as shop/api",
            "--repository",
            repository,
        )?,
    };
    let pipeline = match (&arguments.pipeline, name_from(&repository)) {
        (Some(pipeline), _) => pipeline.clone(),
        (None, Ok(pipeline)) => pipeline,
        (None, Err(_)) if is_asked => person.need(
            "Pipeline's name",
            "the repository's does not do",
            "--pipeline",
            parsed,
        )?,
        (None, Err(failure)) => return Err(failure),
    };
    // Before anybody has answered everything.
    refuse_to_replace(&path(arguments, &pipeline), arguments)?;
    let (mut stages, mut slack, mut approvers) = (
        arguments.stages.clone(),
        arguments.slack.clone(),
        arguments.approvers.clone(),
    );
    let was_asked = stages.is_empty();
    if was_asked {
        stages = person.stages()?;
        if stages.is_empty() {
            return Err("a pipeline needs a stage: see --stage".into());
        }
        if slack.is_none() {
            slack = person.ask("Slack channel", "its id; empty for e-mail", parsed)?;
        }
        if slack.is_some() && approvers.is_empty() {
            let hint = "id of the Slack user who approves the last stage; empty for e-mail";
            approvers.extend(person.ask("Approver", hint, parsed)?);
        }
    }
    apply(&mut stages, &arguments.roles, "--role", |stage, role| {
        stage.role = Some(role);
    })?;
    apply(
        &mut stages,
        &arguments.regions,
        "--region-of",
        |stage, region| {
            stage.region = Some(region);
        },
    )?;
    apply(
        &mut stages,
        &arguments.containers,
        "--container",
        |stage, name| {
            stage.containers.push(name);
        },
    )?;
    let wish = Wish {
        pipeline,
        registry,
        repository,
        slack,
        approvers,
        stages,
    };
    if was_asked {
        // Whoever mistyped a name need not answer everything again.
        writeln!(
            questions,
            "{QUIET}your answers as flags: {}{QUIET:#}",
            wish.flags().join(" ")
        )?;
    }
    Ok(wish)
}

fn apply<T: Clone>(
    stages: &mut [StageWish],
    given: &[(StageName, T)],
    flag: &str,
    set: impl Fn(&mut StageWish, T),
) -> Result<(), Failure> {
    for (name, value) in given {
        let stage = stages.iter_mut().find(|stage| stage.name == *name);
        let stage = stage.ok_or_else(|| format!("{flag} names `{name}`, which is no --stage"))?;
        set(stage, value.clone());
    }
    Ok(())
}

/// A repository as it is named in a pipeline, or with its host as AWS shows it.
fn repository(text: &str) -> Result<(Option<Registry>, RepositoryName), String> {
    let (registry, repository) = parsed::<Asked>(text)?.alone()?;
    if let Some(ecr) = registry.as_ref().and_then(|registry| registry.as_ecr()) {
        region(ecr.region)?;
    }
    Ok((registry, repository))
}

/// `shop-api` for the repository `shop/api`.
fn name_from(repository: &RepositoryName) -> Result<PipelineName, Failure> {
    let name = repository.as_str().replace(['/', '_', '.'], "-");
    name.parse().map_err(|error| {
        format!("no pipeline can be named after the repository ({error}): name it with --pipeline")
            .into()
    })
}

/// The file that is written.
fn path(arguments: &Arguments, pipeline: &PipelineName) -> PathBuf {
    match &arguments.file {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{pipeline}.yaml")),
    }
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn refuse_to_replace(path: &Path, arguments: &Arguments) -> Result<(), Failure> {
    if is_stdout(path) || arguments.force || !path.exists() {
        return Ok(());
    }
    let shown = path.display().to_string();
    Err(format!(
        "{} is there already: name another file with --file, or replace it with --force",
        visible(&shown)
    )
    .into())
}

pub(super) async fn run<D: Deployer + Reads>(
    deployer: &D,
    wish: &Wish,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let path = path(arguments, &wish.pipeline);
    let to_stdout = is_stdout(&path);
    let shown = path.display().to_string();
    refuse_to_replace(&path, arguments)?;
    let found = survey(deployer, deployer.prefix(), wish).await?;
    let text = file(wish, &found)?;
    // A file that this program refuses is of no use to anybody.
    if let Err(problems) = Linter::new()?.lint(&text, Format::Yaml) {
        let told: Vec<_> = problems
            .iter()
            .map(|one| format!("{}: {}; {}", one.path, one.problem, one.help))
            .collect();
        return Err(format!("what was found makes no pipeline: {}", told.join("; ")).into());
    }
    if !to_stdout {
        fs::write(&path, &text).map_err(|error| format!("cannot write {shown}: {error}"))?;
    }
    match output {
        Output::Json => write_json(
            out,
            &serde_json::json!({
                "ok": true,
                "pipeline": wish.pipeline,
                "file": (!to_stdout).then_some(&shown),
                "text": text,
            }),
        )?,
        Output::Text if to_stdout => out.write_all(text.as_bytes())?,
        Output::Text => {
            writeln!(out, "{GOOD}wrote{GOOD:#} {NAME}{}{NAME:#}", visible(&shown))?;
            writeln!(
                out,
                "{QUIET}read it, then: towpath apply {shown} && towpath doctor {}{QUIET:#}",
                wish.pipeline
            )?;
        }
    }
    Ok(Answer::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_taken_as_aws_shows_it() {
        let ecr = "111111111111.dkr.ecr.eu-central-1.amazonaws.com";
        let (registry, name) = repository(&format!("{ecr}/shop-api")).unwrap();
        assert_eq!(registry.unwrap().to_string(), ecr);
        assert_eq!(name_from(&name).unwrap().as_str(), "shop-api");
        assert_eq!(repository("shop/api").unwrap().0, None);
        for (written, said) in [
            ("shop/api:3f2c1ab", "write `shop/api`"),
            ("ghcr.io/shop/api", "is no private registry of ECR"),
            (
                "111111111111.dkr.ecr.eu-cental-1.amazonaws.com/shop-api",
                "no region `eu-cental-1`",
            ),
        ] {
            let problem = repository(written).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
