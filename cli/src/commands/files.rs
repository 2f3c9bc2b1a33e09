//! Pipeline files as arguments.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use towpath_core::visible;

use serde::Serialize;
use towpath_core::pipeline::{LARGEST_TEXT, Pipeline};

use crate::lint::{Format, LintError, Linter};
use crate::output::Failure;

/// A pipeline file and what is in it.
pub(super) struct Linted {
    pub(super) path: PathBuf,
    pub(super) result: Result<Pipeline, Vec<LintError>>,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", .path.display())]
struct Unreadable {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

/// Reads and lints a file; `-` is the standard input, in YAML or JSON.
pub(super) fn lint(linter: &Linter, path: &Path) -> Result<Linted, Failure> {
    let bytes = read(path).map_err(|source| Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let text = wide_encoding(&bytes).map_or_else(|| Ok(std::str::from_utf8(&bytes)), Err);
    let result = match text {
        _ if bytes.len() > LARGEST_TEXT => Err(vec![LintError::too_large()]),
        Err(wide) => Err(vec![wide]),
        Ok(Ok(text)) => linter.lint(text, Format::of_path(path)),
        Ok(Err(error)) => Err(vec![LintError::not_utf8(&bytes[..error.valid_up_to()])]),
    };
    Ok(Linted {
        path: path.to_owned(),
        result,
    })
}

/// A file whose characters have two or four bytes each, by its mark or by its first character.
fn wide_encoding(bytes: &[u8]) -> Option<LintError> {
    let (encoding, written) = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => ("UTF-32", "UTF-32"),
        [first, 0, 0, 0, ..] if *first != 0 => ("UTF-32", "UTF-32LE"),
        [0, 0, 0, last, ..] if *last != 0 => ("UTF-32", "UTF-32BE"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16", "UTF-16"),
        [first, 0, ..] if *first != 0 => ("UTF-16", "UTF-16LE"),
        [0, second, ..] if *second != 0 => ("UTF-16", "UTF-16BE"),
        _ => return None,
    };
    Some(LintError {
        line: 1,
        column: 1,
        path: String::new(),
        problem: format!("the file is {encoding}, and is read as UTF-8"),
        way_out: format!("save it as UTF-8, as `iconv -f {written} -t UTF-8` does"),
    })
}

/// The file's bytes: one more than is allowed where there are too many, whatever its size.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = LARGEST_TEXT as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes)?;
    } else {
        fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A lint error with its file, as it is written to JSON.
#[derive(Debug, Serialize)]
pub(super) struct FileReport<'a> {
    pub(super) file: String,
    pub(super) pipeline: Option<&'a str>,
    pub(super) problems: &'a [LintError],
}

impl Linted {
    /// What programs are told of it.
    pub(super) fn report(&self) -> FileReport<'_> {
        let (pipeline, problems) = match &self.result {
            Ok(pipeline) => (Some(pipeline.pipeline.as_str()), [].as_slice()),
            Err(problems) => (None, problems.as_slice()),
        };
        FileReport {
            file: self.shown(),
            pipeline,
            problems,
        }
    }

    /// The file's name, with nothing a terminal would obey.
    pub(super) fn shown(&self) -> String {
        let name = self.path.to_string_lossy();
        visible(&name)
    }
}
