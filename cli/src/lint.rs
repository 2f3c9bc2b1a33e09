//! Reads a pipeline file as an author wrote it, and says everything that is wrong with it: where,
//! what, and the way out.

mod empty;
mod json;
mod leaf;
mod not_a_pipeline;
mod rewrite;
mod suggest;
#[cfg(test)]
mod tests;
mod walk;

use std::path::Path;
use towpath_taskdef::repeated_path;

use serde::Serialize;
use towpath_core::pipeline::{MAX_TEXT, Pipeline, Problem, ReadError};

use self::not_a_pipeline::{not_a_pipeline, way_to_a_pipeline};
use crate::schema_node::{SchemaNode, Shapeless};
use crate::yaml;
use crate::yaml::document::{Node, Position, Unreadable};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// YAML 1.2, which has JSON's syntax in it.
    Yaml,
    Json,
}

impl Format {
    /// The format that a file's name tells; YAML where it tells none.
    pub(crate) fn of_path(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("json") => Self::Json,
            Some(_) | None => Self::Yaml,
        }
    }
}

/// Something that is wrong with a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct LintError {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The character in the line, from 1.
    pub(crate) column: usize,
    /// The keys that lead there: `stages.0.name`.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// What to do about it.
    pub(crate) help: String,
}

impl LintError {
    fn new(at: Position, path: &str, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            line: at.line,
            column: at.column,
            path: repeated_path(path),
            problem: problem.into(),
            help: help.into(),
        }
    }
}

impl LintError {
    /// A file with more than [`MAX_TEXT`] bytes.
    pub(crate) fn too_large() -> Self {
        Self::new(
            Position::START,
            "",
            format!("the file has more than the {MAX_TEXT} bytes that are read"),
            "no pipeline needs that: is it the right file?",
        )
    }

    /// A file that is no text; `text` is what it begins with, as far as it is.
    pub(crate) fn not_utf8(text: &[u8]) -> Self {
        let at = Position {
            line: text.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: 1,
        };
        Self::new(
            at,
            "",
            "the file is not UTF-8 from this line on",
            "save it as UTF-8",
        )
    }
}

impl From<Unreadable> for LintError {
    fn from(unreadable: Unreadable) -> Self {
        Self::new(unreadable.at, "", unreadable.problem, unreadable.help)
    }
}

/// The value in a YAML text, or why there is none.
pub(crate) fn yaml_as_json(text: &str) -> Result<serde_json::Value, LintError> {
    Ok(yaml::read(text)?.to_json())
}

/// Most problems that are told at once.
const MAX_SHOWN: usize = 100;

/// Reads pipeline files.
pub(crate) struct Linter {
    shape: SchemaNode,
}

impl Linter {
    /// A linter for the pipelines that this program knows.
    ///
    /// # Errors
    /// A defect of the program: its own schema cannot be read.
    pub(crate) fn new() -> Result<Self, Shapeless> {
        Ok(Self {
            shape: SchemaNode::of_pipeline()?,
        })
    }

    /// The pipeline in `text`, which can be stored and run as it is.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub(crate) fn lint(&self, text: &str, format: Format) -> Result<Pipeline, Vec<LintError>> {
        self.read(text, format).map_err(|mut found| {
            if let Some(kind) = not_a_pipeline(text) {
                return vec![LintError::new(
                    Position::START,
                    "",
                    format!("{}, and not a pipeline", kind.what()),
                    way_to_a_pipeline(kind),
                )];
            }
            found.sort();
            found.truncate(MAX_SHOWN);
            found
        })
    }

    fn read(&self, text: &str, format: Format) -> Result<Pipeline, Vec<LintError>> {
        if text.len() > MAX_TEXT {
            return Err(vec![LintError::too_large()]);
        }
        let mut root = match format {
            Format::Yaml => yaml::read(text),
            Format::Json => json::read(text),
        }
        .map_err(|unreadable| vec![unreadable.into()])?;
        empty::fill(&mut root, &self.shape);
        let found = walk::walk(&root, &self.shape);
        if !found.is_empty() {
            return Err(found);
        }
        let pipeline = typed(&root)?;
        let never = pipeline.never();
        if !never.is_empty() {
            return Err(located(&root, never));
        }
        match pipeline.to_stored() {
            Ok(_) => Ok(pipeline),
            Err(error) => Err(vec![LintError::new(
                root.at,
                "",
                error.to_string(),
                "shorten or split it",
            )]),
        }
    }
}

/// What was found in a pipeline as a whole, at its places.
fn located(root: &Node, found: Vec<Problem>) -> Vec<LintError> {
    let told = |one: Problem| {
        let at = root.position_of(&one.path);
        LintError::new(at, &one.path, one.problem, one.help)
    };
    found.into_iter().map(told).collect()
}

/// The tree as a checked pipeline.
fn typed(root: &Node) -> Result<Pipeline, Vec<LintError>> {
    match Pipeline::from_json(&root.to_json().to_string()) {
        Ok(pipeline) => Ok(pipeline),
        Err(ReadError::Contradictions(contradictions)) => Err(located(root, contradictions)),
        // The walk knows the rules of every key and text, so these do not come after it; if one
        // did, it would be told without its line rather than not at all.
        Err(
            error @ (ReadError::TooLarge(_)
            | ReadError::Malformed { .. }
            | ReadError::Misplaced { .. }),
        ) => Err(vec![LintError::new(
            root.at,
            "",
            error.to_string(),
            "correct it",
        )]),
    }
}
