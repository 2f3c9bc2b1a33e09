//! What came of an order that sets or lifts something: a stage's hold, an image's veto.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::PipelineName;
use towpath_core::release::{Directive, Order};
use towpath_deployer::ports::Issued;

use crate::describe::safe;
use crate::output::{BAD, Failure, GOOD, WARN};

/// What an order did.
#[derive(Serialize)]
pub(super) struct Ordered<'a> {
    order: Order,
    /// Whether it was not so before. Nothing is written otherwise.
    changed: bool,
    directive: Option<&'a Directive>,
    /// Why it is set now, if it is. The reports name it for what it is.
    #[serde(skip)]
    why: Option<String>,
    /// What whoever ordered it should know: whose people are not told, what could not be looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The most pipelines that one warning names.
const MAX_NAMED: usize = 10;

/// How people call what is set.
pub(super) struct Words {
    /// The thing: `hold`.
    pub(super) thing: &'static str,
    /// What whatever has it is: `on hold`.
    pub(super) set: &'static str,
}

impl<'a> Ordered<'a> {
    /// What came of it; `warnings` is what was not known when people were to be told of it.
    pub(super) fn new(order: Order, issued: &'a Issued, mut warnings: Vec<String>) -> Self {
        let (directive, why) = match issued {
            Issued::Written {
                directive,
                not_notified: untold,
            } => {
                warnings.extend(left_out(untold));
                (Some(&**directive), order.sets().then(|| directive.block()))
            }
            // Nobody is told of what was so before.
            Issued::AlreadySo(why) => {
                warnings.clear();
                (None, why.clone())
            }
        };
        let why = why.map(|why| why.to_string());
        Self {
            order,
            changed: directive.is_some(),
            directive,
            why,
            warnings,
        }
    }

    /// Whether it was not so before.
    pub(super) fn changed(&self) -> bool {
        self.changed
    }

    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// One line: what `name` is now, and whether it was so before; and one for each warning.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        name: &str,
        words: &Words,
    ) -> Result<(), Failure> {
        let Words { thing, set } = words;
        match (self.why().map(safe), self.changed) {
            (Some(why), true) => writeln!(out, "{name} is {BAD}{set}{BAD:#}: {why}")?,
            (Some(why), false) => writeln!(
                out,
                "{name} was {BAD}{set}{BAD:#} already, which stays as it is: {why}"
            )?,
            (None, true) => writeln!(out, "{name}: the {thing} is {GOOD}lifted{GOOD:#}")?,
            (None, false) => writeln!(out, "{name} is not {set}: nothing was lifted")?,
        }
        for warning in &self.warnings {
            writeln!(out, "{WARN}warning:{WARN:#} {}", safe(warning))?;
        }
        Ok(())
    }
}

/// That the people of these pipelines are not told.
fn left_out(untold: &[PipelineName]) -> Option<String> {
    let named: Vec<_> = untold
        .iter()
        .take(MAX_NAMED)
        .map(PipelineName::as_str)
        .collect();
    let more = match untold.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!named.is_empty()).then(|| {
        format!(
            "the people of {}{more} are not told of it: one order is told in 90 channels at most",
            named.join(", ")
        )
    })
}
