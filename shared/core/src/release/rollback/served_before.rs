//! What comes back where nobody names it.

use super::RollbackRefused;
use crate::names::StageName;
use crate::release::{GoodRelease, Revision, ServiceRow};

/// What serves in a service, as far as it is known, when somebody wants back what served before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// What a release has left that is not driven any more.
    NotDriven,
    /// A deployment that failed and was left in place, and its revision, where that is known.
    Failed(Option<Revision>),
    Runs(Revision),
    /// That could not be read.
    NotKnown,
}

/// What is brought back to a service where nobody names it: what served before what serves now. That
/// is what was good last where something else serves than what Towpath left: a deployment that
/// failed, what a release has left that is not driven, what somebody has put there by hand. Else it
/// is what was good before that. Where nothing but the ledger can be read, the ledger alone decides.
///
/// # Errors
/// When nothing is known that served in the stage before.
pub fn served_before<'r>(
    row: &'r ServiceRow,
    serving: &Serving,
    stage: &StageName,
) -> Result<&'r GoodRelease, RollbackRefused> {
    let Some(last) = &row.last_good else {
        return Err(RollbackRefused::NothingYet(stage.clone()));
    };
    let is_something_else = match serving {
        Serving::NotDriven => true,
        Serving::Failed(failed) => failed.as_ref() != Some(last.left_running()),
        Serving::Runs(running) => running != last.left_running(),
        Serving::NotKnown => false,
    };
    let before = if is_something_else {
        Some(last)
    } else {
        row.previous_good()
    };
    before.ok_or_else(|| RollbackRefused::NothingBefore(stage.clone()))
}
