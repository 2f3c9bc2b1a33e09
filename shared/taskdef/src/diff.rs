//! What differs between two task definitions, for people and for programs.
//!
//! Canonical forms are compared, so that what makes no difference to ECS is no difference here:
//! there are no changes exactly if the two have the same [`spec_hash`](super::spec_hash()). Secrets
//! are hidden before anything is compared or printed, in a way that still shows whether they differ.

mod mask;
mod tree;

use crate::visible;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::document::TaskDefinition;
use super::hash::{self, SpecHash};
use super::{canonical, print};

/// Lines of context around a change in the unified form.
const CONTEXT: usize = 3;

/// The differences between two task definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    before: Side,
    after: Side,
    changes: Vec<Change>,
}

/// One of the two definitions, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Side {
    name: String,
    spec_hash: SpecHash,
    text: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where, such as `containerDefinitions[app].environment[LOG_LEVEL].value`.
    pub path: String,
    /// What happened there.
    pub kind: ChangeKind,
    /// The value before, if there was one; secrets are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The value after, if there is one; secrets are replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// How a place differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is only in the second.
    Added,
    /// It is only in the first.
    Removed,
    /// It is in both, with different values.
    Changed,
}

/// Compares two definitions.
///
/// `towpath:` tags are left out, as in the hash: they are notes about a registration.
pub fn diff(before: &TaskDefinition, after: &TaskDefinition) -> Diff {
    let mut first = canonical::document(before.document(), &hash::is_bookkeeping);
    let mut second = canonical::document(after.document(), &hash::is_bookkeeping);
    mask::hide_secrets(&mut first, &mut second);
    Diff {
        changes: tree::changes(&first, &second),
        before: side(before, &first),
        after: side(after, &second),
    }
}

fn side(definition: &TaskDefinition, shown: &Map<String, Value>) -> Side {
    let family = definition.family();
    Side {
        name: definition
            .described()
            .map_or_else(|| family.to_owned(), |d| format!("{family}:{}", d.revision)),
        spec_hash: hash::spec_hash(definition),
        text: print::pretty(shown),
    }
}

impl Diff {
    /// Whether ECS runs the same for both.
    pub fn is_same(&self) -> bool {
        self.before.spec_hash == self.after.spec_hash
    }

    /// Every difference, in the order of the document's fields by name.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The unified form, between `--- ` and `+++ ` lines with the two names; empty if there are no
    /// differences. Colours are for terminals.
    pub fn unified(&self, before: &str, after: &str, is_coloured: bool) -> String {
        if self.is_same() {
            return String::new();
        }
        let lines = similar::TextDiff::from_lines(&self.before.text, &self.after.text);
        let unified = lines
            .unified_diff()
            .context_radius(CONTEXT)
            .header(&printable(before), &printable(after))
            .to_string();
        if is_coloured {
            coloured(&unified)
        } else {
            unified
        }
    }

    /// The form for programs.
    pub fn to_json(&self) -> Value {
        serde_json::json!({
            "same": self.is_same(),
            "before": {"name": self.before.name, "specHash": self.before.spec_hash},
            "after": {"name": self.after.name, "specHash": self.after.spec_hash},
            "changes": self.changes,
        })
    }

    /// What the two definitions call themselves: `family:revision`, or the family alone.
    pub fn names(&self) -> (&str, &str) {
        (&self.before.name, &self.after.name)
    }
}

/// A name for the header, which must stay one line and must not steer a terminal.
fn printable(name: &str) -> String {
    visible(name)
}

/// Removed lines red, added ones green, places blue; the ANSI codes that every terminal knows.
fn coloured(unified: &str) -> String {
    let mut text = String::with_capacity(unified.len() * 5 / 4);
    for line in unified.lines() {
        let code = match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
            [b'-', ..] => "31",
            [b'+', ..] => "32",
            [b'@', ..] => "34",
            _ => "0",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\x1b[{code}m{line}\x1b[0m");
    }
    text
}
