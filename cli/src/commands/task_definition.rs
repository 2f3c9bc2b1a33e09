//! Task definitions as arguments.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use thiserror::Error;
use towpath_core::json;
use towpath_core::taskdef::{DocumentError, TaskDefinition};

/// The forms that a task definition comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// DescribeTaskDefinition's answer, or the taskDefinition in it.
    Describe,
    /// RegisterTaskDefinition's input.
    Register,
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
    #[error("cannot use {}", shown(.path))]
    Document {
        path: PathBuf,
        #[source]
        source: DocumentError,
    },
}

/// Reads a file; `-` is the standard input.
pub(super) fn read(path: &Path, format: Option<Format>) -> Result<TaskDefinition, ReadError> {
    let text = read_text(path).map_err(|source| ReadError::File {
        path: path.to_owned(),
        source,
    })?;
    let definition = match format {
        Some(Format::Register) => json::read(&text)
            .map_err(DocumentError::Json)
            .and_then(TaskDefinition::from_register),
        // The answer can be told from the definition in it, so both are taken.
        Some(Format::Describe) | None => TaskDefinition::parse(&text),
    };
    definition.map_err(|source| ReadError::Document {
        path: path.to_owned(),
        source,
    })
}

/// What a file is called, with nothing a terminal would obey.
pub(super) fn shown(path: &Path) -> String {
    if is_standard_input(path) {
        "standard input".to_owned()
    } else {
        path.to_string_lossy().escape_debug().to_string()
    }
}

pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// The file's bytes: one more than is allowed where there are too many, whatever its size.
fn read_text(path: &Path) -> io::Result<Vec<u8>> {
    let limit = json::LONGEST as u64 + 1;
    let mut text = Vec::new();
    if is_standard_input(path) {
        io::stdin().take(limit).read_to_end(&mut text)?;
    } else {
        File::open(path)?.take(limit).read_to_end(&mut text)?;
    }
    Ok(text)
}
