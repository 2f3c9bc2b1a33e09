//! Why a release puts its stage on hold.

use std::fmt;

use super::because;
use crate::release::{HoldReason, reason};

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ManualChange {
                runs,
                left,
                difference,
            } => {
                let (runs, left) = (runs.short(), left.short());
                write!(
                    f,
                    "{runs} runs, which Towpath did not deploy: it left {left}"
                )?;
                if let Some(difference) = difference {
                    write!(f, " ({difference})")?;
                }
                f.write_str(". Lifting the hold accepts what runs")
            }
            Self::StartedElsewhere {
                found,
                tag,
                was_deploying,
            } => {
                let was = if *was_deploying {
                    "being"
                } else {
                    "about to be"
                };
                let found = reason::started_elsewhere(found);
                write!(f, "{found}; {tag} was {was} rolled out")
            }
            Self::LeftInPlace { tag, said } => write!(
                f,
                "{tag} failed and was not rolled back: {said}; look at what serves"
            ),
            Self::RolledBack { tag, because } => write!(f, "{tag} was rolled back: {because}"),
            Self::NotRolledBack { tag, because } => write!(
                f,
                "{tag} was to be rolled back: {because}; look at what serves"
            ),
            Self::Refused { tag, refused } => write!(
                f,
                "{tag} could not be rolled back: {refused}; look at what serves"
            ),
            Self::Rollback {
                by,
                reason,
                good_release,
                before,
                failed,
            } => {
                let to = match before {
                    None => good_release.to_string(),
                    Some(revision) => {
                        format!("{}, which ran before {good_release}", revision.short())
                    }
                };
                match failed {
                    None => {
                        write!(f, "{by} rolled it back to {to}")?;
                        because(f, reason.as_ref())
                    }
                    Some(ended) => {
                        write!(f, "it was to be rolled back to {to}, as {by} asked")?;
                        because(f, reason.as_ref())?;
                        write!(
                            f,
                            "; that did not come through: {ended}; look at what serves"
                        )
                    }
                }
            }
        }
    }
}
