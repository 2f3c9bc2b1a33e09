//! Task definitions as arguments.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use towpath_taskdef::visible;

use clap::ValueEnum;
use thiserror::Error;
use towpath_taskdef::json;
use towpath_taskdef::{self as taskdef, DocumentError, Kind, TaskDefinition};

use crate::lint::yaml_as_json;

/// The forms that a task definition comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// DescribeTaskDefinition's answer, or the taskDefinition in it.
    Describe,
    /// RegisterTaskDefinition's input.
    Register,
}

/// How a file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Input {
    /// JSON, as ECS takes it.
    #[default]
    Json,
    /// YAML 1.2, as `aws … --output yaml` prints it.
    Yaml,
}

/// Why a file gives no task definition.
#[derive(Debug, Error)]
pub(super) enum ReadError {
    #[error("cannot read {}", shown(.path))]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot use {}: {problem}", shown(.path))]
    Document { path: PathBuf, problem: String },
}

/// Reads a file; `-` is the standard input.
pub(super) fn read(
    path: &Path,
    input: Input,
    format: Option<Format>,
) -> Result<TaskDefinition, ReadError> {
    let text = read_text(path).map_err(|source| ReadError::File {
        path: path.to_owned(),
        source,
    })?;
    definition(&text, input, format).map_err(|problem| ReadError::Document {
        path: path.to_owned(),
        problem,
    })
}

fn definition(text: &[u8], input: Input, format: Option<Format>) -> Result<TaskDefinition, String> {
    let value = match input {
        Input::Json => taskdef::read_text(text).map_err(|error| describe_error(&error))?,
        Input::Yaml => yaml(text)?,
    };
    let definition = match format {
        Some(Format::Register) => TaskDefinition::from_register(value),
        // The answer can be told from the definition in it, so both are taken.
        Some(Format::Describe) | None => TaskDefinition::from_value(value),
    };
    definition.map_err(|error| describe_error(&error))
}

fn yaml(text: &[u8]) -> Result<serde_json::Value, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8: save it as UTF-8")?;
    yaml_as_json(text)
        .map_err(|error| format!("line {}: {}: {}", error.line, error.problem, error.help))
}

fn describe_error(error: &DocumentError) -> String {
    match error {
        DocumentError::OtherFormat(foreign) if foreign.kind == Kind::Yaml => {
            format!("{foreign}, or have it read with `--input yaml`")
        }
        DocumentError::OtherFormat(_)
        | DocumentError::Json(_)
        | DocumentError::Shape { .. }
        | DocumentError::TagsTwice => error.to_string(),
    }
}

/// What a file is called, with nothing a terminal would obey.
pub(super) fn shown(path: &Path) -> String {
    if is_standard_input(path) {
        "standard input".to_owned()
    } else {
        visible(&path.to_string_lossy())
    }
}

pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The file's bytes: one more than is allowed where there are too many, whatever its size.
fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let limit = json::MAX_LEN as u64 + 1;
    let mut text = Vec::new();
    if is_standard_input(path) {
        io::stdin().take(limit).read_to_end(&mut text)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut text)?;
    }
    Ok(text)
}
