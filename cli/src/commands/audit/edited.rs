//! A derived row that says otherwise than what it is derived from.

use std::io::Write;

use serde::Serialize;
use towpath_core::release::Difference;

use crate::describe::safe;
use crate::output::{Failure, NAME, QUIET};

/// A derived row that says otherwise than what it is derived from.
#[derive(Debug, Serialize)]
pub(super) struct Edited {
    /// The row's partition key.
    pub(super) row: String,
    #[serde(flatten)]
    pub(super) difference: Difference,
}

pub(super) fn write_edited(out: &mut dyn Write, edited: &[Edited]) -> Result<(), Failure> {
    for Edited { row, difference } in edited {
        let said = safe(&difference.to_string());
        writeln!(out, "      {NAME}{row}{NAME:#}: {said}")?;
    }
    if !edited.is_empty() {
        writeln!(
            out,
            "{QUIET}      entries and orders are what was written: find who wrote to the row, and put back what they say (docs/operations.md, \"A row that was edited\"){QUIET:#}"
        )?;
    }
    Ok(())
}
