//! What came of an order that sets or lifts something: a stage's hold, an image's veto.

use std::io::Write;

use serde::Serialize;
use towpath_aws::ports::Issued;
use towpath_core::release::{Directive, Order};

use crate::output::{BAD, Failure, GOOD};
use crate::telling::safe;

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
}

/// How people call what is set.
pub(super) struct Words {
    /// The thing: `hold`.
    pub(super) thing: &'static str,
    /// What whatever has it is: `on hold`.
    pub(super) set: &'static str,
}

impl<'a> Ordered<'a> {
    pub(super) fn new(order: Order, issued: &'a Issued) -> Self {
        let (directive, why) = match issued {
            Issued::Written(directive) => {
                (Some(&**directive), order.sets().then(|| directive.words()))
            }
            Issued::AlreadySo(why) => (None, why.clone()),
        };
        Self {
            order,
            changed: directive.is_some(),
            directive,
            why,
        }
    }

    pub(super) fn why(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// One line: what `name` is now, and whether it was so before.
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
        Ok(())
    }
}
