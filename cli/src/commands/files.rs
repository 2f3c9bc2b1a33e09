//! Pipeline files as arguments.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use towpath_taskdef::visible;

use serde::Serialize;
use towpath_core::pipeline::{MAX_TEXT, Pipeline};

use crate::lint::{Format, LintError, Linter};
use crate::output::Failure;

/// A pipeline file and what is in it.
pub(super) struct Linted {
    path: PathBuf,
    pub(super) result: Result<Pipeline, NotGood>,
}

/// Why a file gives no pipeline.
pub(super) enum NotGood {
    /// What is wrong in it.
    Problems(Vec<LintError>),
    /// Why it cannot be read, which is no verdict on what is in it.
    Unreadable(String),
}

/// Reads and lints files; `-` is the standard input, in YAML or JSON. One that cannot be read keeps
/// nothing of the others back.
pub(super) fn lint(paths: &[PathBuf]) -> Result<Vec<Linted>, Failure> {
    let linter = Linter::new()?;
    Ok(paths.iter().map(|path| lint_one(&linter, path)).collect())
}

/// Why some of the files could not be read, if so: the work could not be done.
pub(super) fn unreadable(linted: &[Linted]) -> Option<String> {
    let why: Vec<_> = linted.iter().filter_map(Linted::unreadable).collect();
    (!why.is_empty()).then(|| why.join("; "))
}

fn lint_one(linter: &Linter, path: &Path) -> Linted {
    let result = match read(path) {
        Ok(bytes) => lint_bytes(linter, path, &bytes).map_err(NotGood::Problems),
        Err(error) => {
            let shown = visible(&path.to_string_lossy());
            Err(NotGood::Unreadable(format!("cannot read {shown}: {error}")))
        }
    };
    Linted {
        path: path.to_owned(),
        result,
    }
}

fn lint_bytes(linter: &Linter, path: &Path, bytes: &[u8]) -> Result<Pipeline, Vec<LintError>> {
    let text = wide_encoding(bytes).map_or_else(|| Ok(std::str::from_utf8(bytes)), Err);
    match text {
        _ if bytes.len() > MAX_TEXT => Err(vec![LintError::too_large()]),
        Err(wide) => Err(vec![wide]),
        Ok(Ok(text)) => linter.lint(text, Format::of_path(path)),
        Ok(Err(error)) => Err(vec![LintError::not_utf8(&bytes[..error.valid_up_to()])]),
    }
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
        help: format!("save it as UTF-8, as `iconv -f {written} -t UTF-8` does"),
    })
}

/// The file's bytes: one more than is allowed where there are too many, whatever its size.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let limit = MAX_TEXT as u64 + 1;
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
    /// Why the file could not be read, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Linted {
    /// What programs are told of it.
    pub(super) fn report(&self) -> FileReport<'_> {
        let pipeline = self.result.as_ref().ok();
        FileReport {
            file: self.shown(),
            pipeline: pipeline.map(|pipeline| pipeline.pipeline.as_str()),
            problems: self.problems(),
            error: self.unreadable(),
        }
    }

    /// What is wrong in the file.
    pub(super) fn problems(&self) -> &[LintError] {
        match &self.result {
            Ok(_) | Err(NotGood::Unreadable(_)) => &[],
            Err(NotGood::Problems(problems)) => problems,
        }
    }

    /// Why it could not be read, if so.
    fn unreadable(&self) -> Option<&str> {
        match &self.result {
            Ok(_) | Err(NotGood::Problems(_)) => None,
            Err(NotGood::Unreadable(why)) => Some(why),
        }
    }

    /// The file's name, with nothing a terminal would obey.
    pub(super) fn shown(&self) -> String {
        let name = self.path.to_string_lossy();
        visible(&name)
    }
}
