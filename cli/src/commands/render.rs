//! `towpath render`: a task definition with other images, variables, labels and tags.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use thiserror::Error;
use towpath_taskdef::image::ImageRef;
use towpath_taskdef::repeated_key;
use towpath_taskdef::{
    self as taskdef, AllowedRegistry, Changes, Rendered, Rules, Severity, TaskDefinition,
};

use super::task_definition::{self, Format, Input};
use crate::describe::counted;
use crate::output::{Answer, BAD, Failure, Output, QUIET, write_json};

/// Print a task definition ready to be registered, with the listed changes and no others.
///
/// Every field is kept, even one that is newer than this tool; only what DescribeTaskDefinition
/// adds is removed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath render --task-definition taskdef.json --image \
    app=111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api@sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45\n  \
    aws ecs describe-task-definition --task-definition shop-api --include TAGS \\\n    \
      | towpath render --task-definition - --env app:COMMIT=3f2c1ab --check > taskdef.json\n\n\
    Exits with 0 if it was rendered, 1 if --check found errors, 2 if it failed.")]
pub(super) struct Arguments {
    /// A file with a task definition or DescribeTaskDefinition's answer; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    task_definition: PathBuf,
    /// Set a container's image
    #[arg(long, value_name = "CONTAINER=REF", value_parser = image)]
    image: Vec<(String, ImageRef)>,
    /// Set an environment variable of a container
    #[arg(long, value_name = "CONTAINER:NAME=VALUE")]
    env: Vec<String>,
    /// Set a Docker label of a container
    #[arg(long, value_name = "CONTAINER:NAME=VALUE")]
    docker_label: Vec<String>,
    /// Set a tag of the task definition
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
    /// Input format
    #[arg(long, value_enum, default_value_t)]
    input: Input,
    /// The form of the input; detected if left out
    #[arg(long, value_enum)]
    base_format: Option<Format>,
    /// Print nothing but errors if ECS would refuse it, or if an image has no digest
    #[arg(long)]
    check: bool,
    /// With --check, where images may come from; anywhere if left out
    #[arg(long, value_name = "HOST[/REPOSITORY]", requires = "check")]
    allow_registry: Vec<AllowedRegistry>,
}

/// A value of something named in a container.
struct OfContainer<'a> {
    container: &'a str,
    name: &'a str,
    value: &'a str,
}

/// Arguments that make no changes.
#[derive(Debug, Error)]
enum ArgumentError {
    #[error("{what} is given twice; leave one")]
    Twice { what: String },
    #[error(
        "cannot use {start:?} of {option}; write CONTAINER:NAME=VALUE, where the value may be empty"
    )]
    Form {
        option: &'static str,
        /// What stands before the value, which may be a secret and is not shown.
        start: String,
    },
}

pub(super) fn run(
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let base = task_definition::read(
        &arguments.task_definition,
        arguments.input,
        arguments.base_format,
    )?;
    let rendered = taskdef::render(&base, &changes(arguments)?)?;
    let mut notes = anstream::stderr();
    warn_of_unusual(&base, &rendered, &mut notes)?;
    if arguments.check {
        let findings = check(arguments, &rendered.definition);
        for finding in &findings {
            match finding.severity {
                Severity::Error => writeln!(notes, "{BAD}{finding}{BAD:#}")?,
                Severity::Warning => writeln!(notes, "{finding}")?,
            }
        }
        if findings.iter().any(|one| one.severity == Severity::Error) {
            if output == Output::Json {
                let error = "the task definition is refused: each error of the findings says why";
                write_json(
                    out,
                    &serde_json::json!({ "error": error, "findings": findings }),
                )?;
            }
            return Ok(Answer::No);
        }
    }
    let document = rendered.definition.document();
    match output {
        Output::Text => write!(out, "{}", taskdef::pretty(document))?,
        // The same JSON, in one line.
        Output::Json => {
            let line = taskdef::ordered(document).to_string();
            writeln!(out, "{}", taskdef::printable(&line))?;
        }
    }
    Ok(Answer::Yes)
}

fn changes(arguments: &Arguments) -> Result<Changes, ArgumentError> {
    let mut changes = Changes::default();
    for (container, image) in &arguments.image {
        let what = || format!("the image of container {container:?}");
        insert(&mut changes.images, container, image.clone(), what)?;
    }
    for (option, texts, map) in [
        ("--env", &arguments.env, &mut changes.environment),
        (
            "--docker-label",
            &arguments.docker_label,
            &mut changes.docker_labels,
        ),
    ] {
        for text in texts {
            let of = of_container(option, text)?;
            let values = map.entry(of.container.to_owned()).or_default();
            let what = || format!("{option} {}:{}", of.container, of.name);
            insert(values, of.name, of.value.to_owned(), what)?;
        }
    }
    for (key, value) in &arguments.tag {
        let what = || format!("tag {key:?}");
        insert(&mut changes.tags, key, value.clone(), what)?;
    }
    Ok(changes)
}

fn insert<T>(
    map: &mut BTreeMap<String, T>,
    name: &str,
    value: T,
    what: impl Fn() -> String,
) -> Result<(), ArgumentError> {
    match map.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(ArgumentError::Twice { what: what() }),
    }
}

/// How many fields that are null are named.
const MAX_NULLS: usize = 5;

/// Says what is worth knowing and no reason to stop.
fn warn_of_unusual(
    base: &TaskDefinition,
    rendered: &Rendered,
    notes: &mut dyn Write,
) -> Result<(), Failure> {
    for field in &rendered.unknown_fields {
        writeln!(
            notes,
            "{QUIET}note:{QUIET:#} unknown field {field:?} is kept"
        )?;
    }
    for key in &rendered.reserved_tags {
        writeln!(
            notes,
            "{QUIET}note:{QUIET:#} tag \"{}\" is AWS's own and is left out",
            repeated_key(key)
        )?;
    }
    let nulls = base.nulls();
    for place in nulls.iter().take(MAX_NULLS) {
        writeln!(
            notes,
            "{QUIET}note:{QUIET:#} {place:?} is null and is left out"
        )?;
    }
    let more = nulls.len().saturating_sub(MAX_NULLS);
    if more > 0 {
        writeln!(
            notes,
            "{QUIET}note:{QUIET:#} so are {}",
            counted(more as u64, "other")
        )?;
    }
    for name in base.beside() {
        writeln!(
            notes,
            "{QUIET}note:{QUIET:#} {:?} stands beside the task definition and is left out",
            repeated_key(name)
        )?;
    }
    Ok(())
}

fn check(arguments: &Arguments, definition: &TaskDefinition) -> Vec<taskdef::Finding> {
    let rules = Rules {
        registries: arguments.allow_registry.clone(),
        ..Rules::default()
    };
    taskdef::validate(definition, &rules)
}

/// `KEY=VALUE`; the value may be empty and have any characters.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write NAME=VALUE; the value may be empty".to_owned()),
    }
}

fn image(text: &str) -> Result<(String, ImageRef), String> {
    let (container, reference) = pair(text).map_err(|_| "write CONTAINER=REF".to_owned())?;
    let image = reference.parse().map_err(|error| format!("{error}"))?;
    Ok((container, image))
}

/// Reads `CONTAINER:NAME=VALUE`. A container's name has no colon, but a label's may have.
fn of_container<'a>(option: &'static str, text: &'a str) -> Result<OfContainer<'a>, ArgumentError> {
    let start = text.split('=').next().unwrap_or_default();
    let parts = text
        .split_once(':')
        .and_then(|(container, rest)| Some((container, rest.split_once('=')?)));
    match parts {
        Some((container, (name, value))) if !container.is_empty() && !name.is_empty() => {
            Ok(OfContainer {
                container,
                name,
                value,
            })
        }
        Some(_) | None => Err(ArgumentError::Form {
            option,
            start: start.to_owned(),
        }),
    }
}
